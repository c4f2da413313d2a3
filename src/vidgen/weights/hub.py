"""Models from a hub: what a pull would take, pulling it (resumed, checked by SHA-256), and what is here."""

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

WANTED = ("*.safetensors", "*.json", "*.txt", "*.model", "*.spm", "*.jinja")
_PARTS = 2
"""Weights in the top folder are single-file doubles of those in the components' folders; only the latter are taken."""
_RECORD = ".vidgen.json"
_PLAIN = re.compile(r"(?:model|diffusion_pytorch_model)(?:-\d+-of-\d+)?\.safetensors(?:\.index\.json)?")
"""Names of weights as pipelines load them; others beside them are doubles in other number formats."""


@dataclass(frozen=True)
class Pulled:
    """A model that is here: its folder, the commit that it is of, its files with size and SHA-256 (None: not told)."""

    repo: str
    path: Path
    revision: str
    files: dict[str, tuple[int, str | None]]


@dataclass(frozen=True)
class Offer:
    """What the hub has: the commit, and the files that would be taken with size and SHA-256.

    ``place``: what its folder is called, where that is not the repository's name. ``sources``: repository, commit and name
    there of files that come from elsewhere. ``written``: texts of files that come from nowhere.
    """

    repo: str
    revision: str
    files: dict[str, tuple[int, str | None]]
    place: str = ""
    sources: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """Size of the download."""
        return sum(size for size, _ in self.files.values())


def folder_of(repo: str) -> Path:
    """Where a model of the hub is kept under ``VIDGEN_HOME``."""
    return vidgen_home() / "models" / "hub" / repo.replace("/", "--")


def pulled(repo: str) -> Pulled | None:
    """The model as it is on this machine; None where it is not, or not whole."""
    path = folder_of(repo)
    try:
        told = json.loads((path / _RECORD).read_text(encoding="utf-8"))
        files = {name: (int(size), digest) for name, (size, digest) in told["files"].items()}
        whole = all((path / name).stat().st_size == size for name, (size, _) in files.items())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Pulled(repo, path, str(told["revision"]), files) if whole else None


def problems(found: Pulled) -> list[str]:
    """What is wrong with a pulled model, one line a file; reads every file."""
    wrong = []
    for name, (_, digest) in found.files.items():
        if digest and (now := sha256_file(found.path / name)) != digest:
            wrong.append(f"{name} has SHA-256 {now} instead of {digest}")
    return wrong


def offer(repo: str, revision: str = "main", only: str = "") -> Offer:
    """Ask the hub what a pull would take. ``only``: one file of the repository, which gets a folder of its own.

    Raises MissingError: ``models.offline``, ``models.missing`` (not there, gated, not reachable), ``engine.not_ready`` where
    the package is not installed.
    """
    api = _api(repo)
    from huggingface_hub.errors import HfHubHTTPError

    try:
        info = api.model_info(repo, revision=revision, files_metadata=True)
    except (HfHubHTTPError, OSError) as error:
        raise _refused(repo, error) from error
    there = {file.rfilename: (int(file.size or 0), file.lfs.sha256 if file.lfs else None) for file in info.siblings or ()}
    names = {only} & set(there) if only else _wanted(there)
    if not any(name.endswith(".safetensors") for name in names):
        raise MissingError("models.missing", f"{repo} has no {only or 'safetensors weights'}", where=repo)
    return Offer(repo, str(info.sha), {name: there[name] for name in names}, place_of(repo, only))


def place_of(repo: str, only: str = "") -> str:
    """What the folder of a model, or of one file of a repository, goes by."""
    return f"{repo}/{only}" if only else repo


def assembled(
    whole: Offer, index: Mapping[str, Any], parts: Mapping[str, Offer], files: Mapping[str, Mapping[str, Any]]
) -> Offer:
    """A pipeline that is put together: the folders of ``whole`` that ``index`` names, ``parts`` whose files lie at the top of
    their repositories, and JSON ``files``.
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


def pull(wanted: Offer, *, on_bytes: Callable[[int, int], None] | None = None) -> Pulled:
    """Download what was offered, going on where an earlier pull stopped; nothing gets its place before it is checked.

    ``on_bytes(done, in_all)`` is called after each file. Raises MissingError ``models.missing`` or ``models.checksum``,
    ``home.not_writable`` where there is no room.
    """
    place = wanted.place or wanted.repo
    final = folder_of(place)
    if (here := pulled(place)) and here.revision == wanted.revision and set(wanted.files) <= set(here.files):
        return here
    part = final.with_name(f".{final.name}.part")
    _check_room(part, wanted)
    done = 0
    for name, (size, digest) in sorted(wanted.files.items()):
        _fetch(wanted, name, part)
        found = (part / name).stat().st_size
        if found != size or (digest and sha256_file(part / name) != digest):
            (part / name).unlink()
            raise MissingError(
                "models.checksum",
                f"{wanted.repo}: {name} is not what the hub says it is; it was not kept",
                hint="pull it again",
            )
        done += size
        if on_bytes:
            on_bytes(done, wanted.bytes)
    for rests in [*part.rglob(".cache")]:
        shutil.rmtree(rests, ignore_errors=True)
    record = {
        "repo": wanted.repo,
        "revision": wanted.revision,
        "files": {name: list(pin) for name, pin in wanted.files.items()},
    }
    write_text(part / _RECORD, json.dumps(record, indent=1))
    if final.exists():
        shutil.rmtree(final)
    part.rename(final)
    return Pulled(wanted.repo, final, wanted.revision, dict(wanted.files))


def _fetch(wanted: Offer, name: str, part: Path) -> None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    if name in wanted.written:
        write_text(part / name, wanted.written[name])
        return
    repo, revision, source = wanted.sources.get(name, (wanted.repo, wanted.revision, name))
    try:
        hf_hub_download(repo, source, revision=revision, local_dir=part / name.removesuffix(source), endpoint=_endpoint())
    except (HfHubHTTPError, OSError) as error:
        raise _refused(repo, error) from error


def _wanted(names: Iterable[str]) -> set[str]:
    """The files that a pipeline loads, each weight once; of a LoRA or a part, which have no folders, the same."""
    known = [name for name in names if ".." not in Path(name).parts]
    whole = "model_index.json" in known
    found = {name for name in known if _is_wanted(name, whole)}
    plain = {Path(name).parent for name in found if _PLAIN.fullmatch(Path(name).name)}
    return {
        name
        for name in found
        if Path(name).parent not in plain or ".safetensors" not in name or _PLAIN.fullmatch(Path(name).name)
    }


def _is_wanted(name: str, pipeline: bool) -> bool:
    """Whether a file is part of a pipeline, or of a LoRA, which has no folders."""
    if pipeline and name.endswith(".safetensors") and len(Path(name).parts) < _PARTS:
        return False
    return len(Path(name).parts) <= _PARTS and any(fnmatch.fnmatch(name, pattern) for pattern in WANTED)


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
            "run it again to go on",
        )
    return MissingError("models.missing", f"{repo} {text}", hint=hint, where=repo)


def _check_room(part: Path, wanted: Offer) -> None:
    part.mkdir(parents=True, exist_ok=True)
    here = sum(file.stat().st_size for file in part.rglob("*") if file.is_file())
    free = shutil.disk_usage(part).free
    if free < wanted.bytes - here:
        raise MissingError(
            "home.not_writable",
            f"{wanted.repo} needs {(wanted.bytes - here) / 1e9:.1f} GB and {free / 1e9:.1f} GB are free",
            hint="make room, or set VIDGEN_HOME to another disk",
        )
