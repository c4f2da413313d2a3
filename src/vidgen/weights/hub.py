"""Models of the Hugging Face hub: what a pull would download, the pull itself (resumed, checked), and what is here."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vidgen.errors import InputError, MissingError
from vidgen.media.files import sha256_file, write_text
from vidgen.media.home import vidgen_home
from vidgen.settings import settings

PATTERNS = ("*.safetensors", "*.json", "*.txt", "*.model", "*.spm", "*.jinja")
_PARTS = 2
"""Depth of a component's file. Weights in the top folder duplicate those of the components and are not downloaded."""
_RECORD = ".vidgen.json"
_PLAIN = re.compile(r"(?:model|diffusion_pytorch_model)(?:-\d+-of-\d+)?\.safetensors(?:\.index\.json)?")
"""Default names of weights; other weights beside them are duplicates in other number formats."""


@dataclass(frozen=True)
class Pulled:
    """A downloaded model: its folder, its commit, and its files with size and SHA-256 (None: unknown)."""

    repo: str
    path: Path
    revision: str
    files: dict[str, tuple[int, str | None]]


@dataclass(frozen=True)
class Offer:
    """What a pull would download: the commit, and the files with size and SHA-256.

    Attributes:
        place: name of the local folder; empty: the repository's name.
        sources: (repository, commit, name) of files from other repositories.
        written: text of files that are written locally.
    """

    repo: str
    revision: str
    files: dict[str, tuple[int, str | None]]
    place: str = ""
    sources: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """Size of the download in bytes."""
        return sum(size for size, _ in self.files.values())


def folder_of(repo: str) -> Path:
    """The folder of a hub model under ``VIDGEN_HOME``."""
    return vidgen_home() / "models" / "hub" / repo.replace("/", "--")


def pulled(repo: str) -> Pulled | None:
    """The model on this machine; None if it is missing or incomplete."""
    path = folder_of(repo)
    try:
        record = json.loads((path / _RECORD).read_text(encoding="utf-8"))
        files = {name: (int(size), digest) for name, (size, digest) in record["files"].items()}
        whole = all((path / name).stat().st_size == size for name, (size, _) in files.items())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Pulled(repo, path, str(record["revision"]), files) if whole else None


def problems(found: Pulled) -> list[str]:
    """Files of a pulled model with a wrong checksum, one line each. Reads all files."""
    wrong = []
    for name, (_, digest) in found.files.items():
        if digest and (now := sha256_file(found.path / name)) != digest:
            wrong.append(f"{name} has SHA-256 {now} instead of {digest}")
    return wrong


def offer(repo: str, revision: str = "main", only: str = "") -> Offer:
    """Query the hub for what a pull would download. ``only``: a single file of the repository, with a folder of its own.

    Raises MissingError ``models.offline``, ``models.missing`` (unknown, gated or not reachable), or ``engine.not_ready`` if
    huggingface-hub is not installed.
    """
    api = _api(repo)
    from huggingface_hub.errors import HfHubHTTPError

    try:
        info = api.model_info(repo, revision=revision, files_metadata=True)
    except (HfHubHTTPError, OSError) as error:
        raise _refused(repo, error) from error
    there = {file.rfilename: (int(file.size or 0), file.lfs.sha256 if file.lfs else None) for file in info.siblings or ()}
    names = {only} & set(there) if only else _pipeline_files(there)
    if not any(name.endswith(".safetensors") for name in names):
        raise MissingError("models.missing", f"{repo} has no {only or 'safetensors weights'}", where=repo)
    return Offer(repo, str(info.sha), {name: there[name] for name in names}, place_of(repo, only))


def place_of(repo: str, only: str = "") -> str:
    """The name of the folder of a model, or of a single file of a repository."""
    return f"{repo}/{only}" if only else repo


def assembled(
    whole: Offer, index: Mapping[str, Any], parts: Mapping[str, Offer], files: Mapping[str, Mapping[str, Any]]
) -> Offer:
    """The offer of a pipeline assembled from several repositories.

    Args:
        whole: the repository with most folders; those in ``index`` are used.
        index: the ``model_index.json`` to write.
        parts: offers by folder; the files are at the top of their repositories.
        files: further JSON files to write.
    """
    taken = {name: pin for name, pin in whole.files.items() if name.partition("/")[0] in set(index) - set(parts)}
    sources: dict[str, tuple[str, str, str]] = {}
    for folder, part in parts.items():
        for name, pin in part.files.items():
            if "/" not in name:
                taken[f"{folder}/{name}"] = pin
                sources[f"{folder}/{name}"] = (part.repo, part.revision, name)
    written = {name: json.dumps(content, indent=1) for name, content in {"model_index.json": index, **files}.items()}
    for name, text in written.items():
        taken[name] = (len(text.encode()), hashlib.sha256(text.encode()).hexdigest())
    revision = "+".join([whole.revision, *(part.revision[:12] for part in parts.values())])
    sources = {**{name: (whole.repo, whole.revision, name) for name in taken if name not in {*sources, *written}}, **sources}
    return replace(whole, revision=revision, files=taken, sources=sources, written=written)


def pull(offered: Offer, *, on_bytes: Callable[[int, int], None] | None = None) -> Pulled:
    """Download an offer, resuming an earlier pull. Files are moved to their final folder after all were checked.

    ``on_bytes(done, total)`` is called after each file. Raises MissingError ``models.missing``, ``models.checksum``, or
    ``home.not_writable`` if there is not enough disk space.
    """
    folder = offered.place or offered.repo
    final = folder_of(folder)
    if (here := pulled(folder)) and here.revision == offered.revision and set(offered.files) <= set(here.files):
        return here
    part = final.with_name(f".{final.name}.part")
    _check_space(part, offered)
    done = 0
    for name, (size, digest) in sorted(offered.files.items()):
        _fetch(offered, name, part)
        found = (part / name).stat().st_size
        if found != size or (digest and sha256_file(part / name) != digest):
            (part / name).unlink()
            raise MissingError(
                "models.checksum",
                f"{offered.repo}: {name} does not match the hub's size or checksum; it was not kept",
                hint="pull it again",
            )
        done += size
        if on_bytes:
            on_bytes(done, offered.bytes)
    for cache in [*part.rglob(".cache")]:
        shutil.rmtree(cache, ignore_errors=True)
    record = {
        "repo": offered.repo,
        "revision": offered.revision,
        "files": {name: list(pin) for name, pin in offered.files.items()},
    }
    write_text(part / _RECORD, json.dumps(record, indent=1))
    if final.exists():
        shutil.rmtree(final)
    part.rename(final)
    return Pulled(offered.repo, final, offered.revision, dict(offered.files))


def _fetch(offered: Offer, name: str, part: Path) -> None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    if name in offered.written:
        write_text(part / name, offered.written[name])
        return
    repo, revision, source = offered.sources.get(name, (offered.repo, offered.revision, name))
    try:
        hf_hub_download(repo, source, revision=revision, local_dir=part / name.removesuffix(source), endpoint=_endpoint())
    except (HfHubHTTPError, OSError) as error:
        raise _refused(repo, error) from error


def _pipeline_files(names: Iterable[str]) -> set[str]:
    """The files that a pipeline, LoRA or component loads, without duplicate weights."""
    known = [name for name in names if ".." not in Path(name).parts]
    whole = "model_index.json" in known
    found = {name for name in known if _belongs(name, whole)}
    plain = {Path(name).parent for name in found if _PLAIN.fullmatch(Path(name).name)}
    return {
        name
        for name in found
        if Path(name).parent not in plain or ".safetensors" not in name or _PLAIN.fullmatch(Path(name).name)
    }


def _belongs(name: str, pipeline: bool) -> bool:
    """Whether a file belongs to a pipeline, or to a LoRA, which has no folders."""
    if pipeline and name.endswith(".safetensors") and len(Path(name).parts) < _PARTS:
        return False
    return len(Path(name).parts) <= _PARTS and any(fnmatch.fnmatch(name, pattern) for pattern in PATTERNS)


def _endpoint() -> str | None:
    address = settings().hub_address
    if address:
        parts = urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")):
            raise InputError("provider.bad_address", f"HF_ENDPOINT {address} is not https", hint="use an https address")
    return address or None


def _api(repo: str) -> Any:
    if settings().offline:
        raise MissingError(
            "models.offline", f"{repo} is not here and VIDGEN_OFFLINE forbids downloads", hint=f"vidgen models pull {repo}"
        )
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise MissingError(
            "engine.not_ready", "huggingface-hub is not installed", hint="pip install 'vidgen[local]'"
        ) from error
    return HfApi(endpoint=_endpoint())


def _refused(repo: str, error: Exception) -> MissingError:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        text, hint = "is gated or private", "accept its licence on its page, then set HF_TOKEN"
    elif status == 404:
        text, hint = "is not on the hub", "check the name; vidgen models list"
    else:
        text, hint = (
            f"could not be fetched: {str(error).splitlines()[0][:200] or type(error).__name__}",
            "run it again to resume",
        )
    return MissingError("models.missing", f"{repo} {text}", hint=hint, where=repo)


def _check_space(part: Path, offered: Offer) -> None:
    part.mkdir(parents=True, exist_ok=True)
    here = sum(file.stat().st_size for file in part.rglob("*") if file.is_file())
    free = shutil.disk_usage(part).free
    if free < offered.bytes - here:
        raise MissingError(
            "home.not_writable",
            f"{offered.repo} needs {(offered.bytes - here) / 1e9:.1f} GB; {free / 1e9:.1f} GB are free",
            hint="free some disk space, or set VIDGEN_HOME to another disk",
        )
