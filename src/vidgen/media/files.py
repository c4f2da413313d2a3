"""Atomic file writes (temporary name in the same folder, check, fsync, rename), hashes and file names."""

from __future__ import annotations

import codecs
import errno
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LONGEST_NAME = 255
"""Longest file name in bytes on common file systems."""

_SHORT = 64
"""Bytes of the final name that a temporary name repeats: some file systems (eCryptfs) allow 143 bytes in all."""

_LOST = frozenset({errno.EIO, errno.ENOSPC, errno.EDQUOT})
"""fsync errors that mean lost data. Others mean that the file system does not support fsync, often for folders."""


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def sha256_json(value: Any) -> str:
    """SHA-256 of a value's canonical JSON (sorted keys, no spaces, UTF-8), in hexadecimal. All content keys use it."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def shortened(stem: str, most: int) -> str:
    """A name of at most ``most`` bytes: the stem if it fits, else its beginning and a checksum of all of it."""
    raw = os.fsencode(stem)
    if len(raw) <= most:
        return stem
    return f"{raw[: most - 9].decode('utf-8', 'ignore')}~{hashlib.sha256(raw).hexdigest()[:8]}"


def beside(path: Path, ending: str) -> Path:
    """The companion file of ``path`` in the same folder: ``film.lock.yaml`` for ``film.yaml`` and ``.lock.yaml``.

    A stem that is too long for the ending is shortened, always to the same name.
    """
    return path.with_name(shortened(path.stem, LONGEST_NAME - len(os.fsencode(ending))) + ending)


def part_name(final: Path) -> Path:
    """A temporary name for ``final``: hidden, short, in the same folder, with the same suffix and the thread and process ids.

    Threads that write the same file each have their own; the last rename wins.
    """
    suffix = final.suffix if len(os.fsencode(final.suffix)) <= 16 else ""
    return final.with_name(f".{shortened(final.stem, _SHORT)}.{threading.get_native_id()}.{os.getpid()}.part{suffix}")


def file_url(path: Path) -> str:
    """A path as a ``file:`` URL for PyAV and ffmpeg: they would read ``12:30.mp4`` as an address of a protocol ``12``."""
    return f"file:{path}"


def commit_file(part: Path, final: Path) -> None:
    """Rename a finished temporary file to its final name: fsync the file, rename, fsync the folder."""
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
    """Yield a temporary path. It is renamed to ``final`` when the block ends, and removed on any error.

    Write *and check* the file inside the block. The folder of ``final`` is created. If ``final`` is a link, its target is
    written, whose folder must exist.
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
            error.filename = os.fspath(final)  # users know the final name, not the temporary one
        raise
    finally:
        part.unlink(missing_ok=True)


def write_text(final: Path, text: str) -> None:
    """Write a small text file atomically, as UTF-8 with newlines unchanged.

    A byte of a file name that is not UTF-8 is written as ``\\udcff``, which JSON reads back unchanged.
    """
    with atomic(final) as part:
        part.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")


def replace_text(final: Path, text: str) -> None:
    """``write_text`` over a file that is there: it keeps its permissions, and its byte order mark."""
    with final.open("rb") as stream:
        mark = stream.read(3) == codecs.BOM_UTF8
    with atomic(final) as part:
        part.write_text("\ufeff" * mark + text, encoding="utf-8", errors="backslashreplace", newline="")
        shutil.copymode(final, part)
