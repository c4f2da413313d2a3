"""Sources of files: an installed package, a wheel that pip downloads, an address, or a user's own copy.

A source returns untrusted streams; ``store`` checks them against the registry.
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

from vidgen.media.patience import Patience
from vidgen.programs import log_program, start_program
from vidgen.settings import for_children, settings
from vidgen.weights.registry import Pin, Source
from vidgen.weights.transfer import OnBytes, TransferError, fetch

LOG = logging.getLogger(__name__)
DOWNLOAD_SECONDS = 1800
WATCH_S = 0.2
ARCHIVE_LIMIT = 1 << 30
"""Largest archive that is downloaded, in bytes."""

Open = Callable[[Pin], IO[bytes]]
"""Opens a file of the source."""


class Unavailable(Exception):
    """The source does not have the files; the next one is tried."""


class Offline(Unavailable):
    """The source needs the network, which the user forbids."""


class Refused(Unavailable):
    """The source returned a file that does not match the registry."""


@contextmanager
def opened(source: Source, scratch: Path, on_bytes: OnBytes | None, *, download: bool = True) -> Iterator[Open]:
    """A context with a function that opens the files of a source.

    ``scratch``: an empty folder for downloads; the caller removes it. Raises Unavailable if the source does not have the
    files, Offline if it needs the network and ``VIDGEN_OFFLINE`` is set.
    """
    if source.kind == "package":
        yield _package(source)
        return
    if not download:
        raise Unavailable("downloads are not used here")
    if settings().offline:
        raise Offline(f"VIDGEN_OFFLINE forbids downloading {source.label}")
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
    target = scratch / source.url.rpartition("/")[2]
    _fetch(source.url, target, source.bytes or ARCHIVE_LIMIT, on_bytes)
    return target


def _address(source: Source, pin: Pin, scratch: Path, on_bytes: OnBytes | None) -> IO[bytes]:
    target = scratch / pin.name
    _fetch(source.url.replace("{file}", pin.name), target, pin.bytes, on_bytes)
    return target.open("rb")


def _fetch(url: str, target: Path, limit: int, on_bytes: OnBytes | None) -> None:
    try:
        fetch(url, target, limit=limit, on_bytes=on_bytes)
    except TransferError as error:
        raise Unavailable(str(error)) from None


def _wheel(source: Source, scratch: Path, on_bytes: OnBytes | None) -> Path:
    """Download a wheel with this Python's pip, which honours the user's index, mirrors, proxy and certificates."""
    argv = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet", "--no-deps"]
    argv += ["--only-binary", ":all:", "--dest", str(scratch), f"{source.name}=={source.version}"]
    stderr_file = scratch / "pip.txt"
    with stderr_file.open("wb") as stderr:
        # pip downloads to its temporary folder first; inside ours it can be watched and is removed afterwards
        began = time.monotonic()
        pip = start_program(
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
        lines = [line for line in stderr_file.read_text(errors="replace").splitlines() if line.strip()]
        message = lines[-1] if lines else "no message"
        raise Unavailable(f"pip download {source.name}=={source.version} failed: {message}")
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
    """Size in bytes of the largest file below a folder, while another process writes to it."""
    largest = 0
    for file in folder.rglob("*"):
        try:
            largest = max(largest, file.stat().st_size if file.is_file() else 0)
        except OSError:  # gone meanwhile
            continue
    return largest


@contextmanager
def own_copy(path: Path) -> Iterator[Callable[[Pin], list[Callable[[], IO[bytes]]]]]:
    """A context with a function that finds the files of a pin's size in a user's file, folder, wheel or zip archive."""
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
