"""Files that are whole or absent: temporary name in the same folder, check, fsync, rename."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def sha256_json(value: Any) -> str:
    """SHA-256 of a value's canonical JSON (sorted keys, no spaces, UTF-8). The one way keys are made."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def part_name(final: Path) -> Path:
    """The temporary name for ``final``: same folder, same suffix, hidden, with the thread's and the process's id. Threads that
    write the same file each write their own, and the last one stays.
    """
    return final.with_name(f".{final.stem}.{threading.get_native_id()}.{os.getpid()}.part{final.suffix}")


def commit_file(part: Path, final: Path) -> None:
    """Give a finished temporary file its final name: fsync the file, rename, fsync the folder."""
    with part.open("rb") as handle:
        os.fsync(handle.fileno())
    part.replace(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def atomic(final: Path) -> Iterator[Path]:
    """Yield a temporary path; on a clean exit it becomes ``final``, on any error it is removed.

    The body writes *and checks* the file before it leaves the block.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    part = part_name(final)
    try:
        yield part
        commit_file(part, final)
    finally:
        part.unlink(missing_ok=True)


def write_text(final: Path, text: str) -> None:
    """Write a small text file atomically, UTF-8 with newlines as given."""
    with atomic(final) as part:
        part.write_text(text, encoding="utf-8", newline="")
