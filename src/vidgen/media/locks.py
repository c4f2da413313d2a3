"""Locks between processes: ``flock``, or on file systems without it a file that names its holder."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vidgen.media.sweep import alive

HELD = ".held"
"""Suffix of lock files, and their whole name inside a folder that is locked."""

_UNSUPPORTED = frozenset(
    {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.EBADF, errno.EPERM, errno.EACCES}
)
"""Errors of file systems without locks; NFS returns EBADF for folders."""

_LONGEST_S = 60.0
"""Longest time in seconds that a lock with waiters is held, and the age at which a lock file without a holder is stale."""

_PAUSE_S = 0.02


class Held(Exception):
    """Another process has the lock. ``holder``: ``process 123 on HOST`` or ``another process``. ``file``: the lock file."""

    def __init__(self, holder: str | None, file: Path) -> None:
        self.holder, self.file = f"process {holder}" if holder else "another process", file
        super().__init__(f"{file} is held by {self.holder}")


@contextmanager
def held(path: Path, *, wait: bool) -> Iterator[None]:
    """Lock a file, which is created and names the holder, or an existing folder.

    Raises Held if another process has the lock: at once, or with ``wait`` after a minute and only if the holder is on another
    machine, where it cannot be known whether it still runs. Raises OSError if the path cannot be written.
    """
    folder = path.is_dir()
    handle = os.open(path, os.O_CLOEXEC | (os.O_RDONLY if folder else os.O_RDWR | os.O_CREAT), 0o644)
    try:
        if _flocked(handle, path, wait):
            if not folder:
                os.ftruncate(handle, 0)
                os.write(handle, _name().encode())
            yield
        else:
            with _lock_file(path / HELD if folder else path.with_name(path.name + HELD), wait):
                yield
    finally:
        os.close(handle)


def has_record_locks(folder: Path) -> bool:
    """Whether the file system has the record locks that SQLite needs. True also if nothing can be written there."""
    file = folder / f".locks.{os.getpid()}.part"
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        return True
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
        file.unlink(missing_ok=True)
    return True


def _flocked(handle: int, path: Path, wait: bool) -> bool:
    """Take the ``flock``; False if the file system has none. Raises Held."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise Held(_holder(path), path) from None
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        return False
    return True


@contextmanager
def _lock_file(file: Path, wait: bool) -> Iterator[None]:
    """Hold a lock by an exclusively created file."""
    until = time.monotonic() + _LONGEST_S
    while not _create(file):
        if _stale(file):
            _remove_stale(file)
        elif not wait or (time.monotonic() > until and _process(file) is None):
            raise Held(_holder(file), file)
        else:
            time.sleep(_PAUSE_S)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _create(file: Path) -> bool:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except FileExistsError:
        return False
    try:
        os.write(handle, _name().encode())
    finally:
        os.close(handle)
    return True


def _stale(file: Path) -> bool:
    """Whether the process that created the file has ended. Always false for a process of another machine."""
    if _holder(file) is None:
        try:
            return time.time() - file.stat().st_mtime > _LONGEST_S
        except OSError:
            return False
    pid = _process(file)
    return pid is not None and not alive(pid)


def _process(file: Path) -> int | None:
    """Id of the process that created the file; None if it was on another machine."""
    pid, _, host = (_holder(file) or "").partition(" on ")
    return int(pid) if pid.isdigit() and host == os.uname().nodename else None


def _remove_stale(file: Path) -> None:
    """Remove a stale lock file. One process at a time, so that none removes a file that another has just created."""
    turn = file.with_name(file.name + ".turn")
    if not _create(turn):
        if _stale(turn):
            turn.unlink(missing_ok=True)
        time.sleep(_PAUSE_S)
        return
    try:
        if _stale(file):
            file.unlink(missing_ok=True)
    finally:
        turn.unlink(missing_ok=True)


def _name() -> str:
    return f"{os.getpid()} on {os.uname().nodename}\n"


def _holder(path: Path) -> str | None:
    try:
        return path.read_bytes()[:300].decode("utf-8", "replace").strip() or None
    except OSError:
        return None
