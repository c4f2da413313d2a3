"""Files that are whole or absent: temporary name in the same folder, check, fsync, rename."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LONGEST_NAME = 255
"""Bytes of the longest file name that usual file systems take."""

_SHORT = 64
"""Bytes of the part of a temporary name that tells what it is for: some file systems (eCryptfs) take 143 bytes in all."""

_LOST = frozenset({errno.EIO, errno.ENOSPC, errno.EDQUOT})
"""Errors of fsync that mean lost data. All others mean that the file system knows no fsync, of folders above all."""


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def sha256_json(value: Any) -> str:
    """SHA-256 of a value's canonical JSON (sorted keys, no spaces, UTF-8). The one way keys are made."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def shortened(stem: str, most: int) -> str:
    """A name of at most ``most`` bytes: the stem itself where it fits, else its beginning and a checksum of the whole."""
    raw = os.fsencode(stem)
    if len(raw) <= most:
        return stem
    return f"{raw[: most - 9].decode('utf-8', 'ignore')}~{hashlib.sha256(raw).hexdigest()[:8]}"


def beside(path: Path, ending: str) -> Path:
    """The file that goes with ``path`` and stands beside it: ``film.lock.yaml`` for ``film.yaml`` and ``.lock.yaml``.

    A stem that leaves no room for the ending is shortened, always to the same name.
    """
    return path.with_name(shortened(path.stem, LONGEST_NAME - len(os.fsencode(ending))) + ending)


def part_name(final: Path) -> Path:
    """The temporary name for ``final``: same folder, same suffix, hidden, with the thread's and the process's id, and short
    whatever the length of the final name. Threads that write the same file each write their own, and the last one stays.
    """
    suffix = final.suffix if len(os.fsencode(final.suffix)) <= 16 else ""
    return final.with_name(f".{shortened(final.stem, _SHORT)}.{threading.get_native_id()}.{os.getpid()}.part{suffix}")


def file_url(path: Path) -> str:
    """A path as PyAV and ffmpeg open it: as a file whatever its name; ``12:30.mp4`` alone would be of a protocol ``12``."""
    return f"file:{path}"


def commit_file(part: Path, final: Path) -> None:
    """Give a finished temporary file its final name: fsync the file, rename, fsync the folder."""
    _fsync(part)
    try:
        part.replace(final)
    except FileExistsError:  # a file system that cannot rename over another file
        final.unlink()
        part.rename(final)
    _fsync(final.parent)


def _fsync(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:  # a folder that may be written, not listed
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno in _LOST:
            raise
    finally:
        os.close(handle)


@contextmanager
def atomic(final: Path) -> Iterator[Path]:
    """Yield a temporary path; on a clean exit it becomes ``final``, on any error it is removed.

    The body writes *and checks* the file before it leaves the block. Where ``final`` is a link, what it points to is written,
    in a folder that has to be there; else its folder is made.
    """
    if final.is_symlink():
        final = Path(os.path.realpath(final))
    else:
        final.parent.mkdir(parents=True, exist_ok=True)
    part = part_name(final)
    try:
        yield part
        commit_file(part, final)
    except OSError as error:
        if error.errno and error.filename in (None, os.fspath(part)):
            error.filename = os.fspath(final)  # writing to an open file tells no name, and nobody knows that of the part
        raise
    finally:
        part.unlink(missing_ok=True)


def write_text(final: Path, text: str) -> None:
    """Write a small text file atomically, UTF-8 with newlines as given.

    A byte of a file name that is not UTF-8 is written as ``\\udcff``, which JSON reads back as it was.
    """
    with atomic(final) as part:
        part.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
