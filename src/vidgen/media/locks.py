"""Locks between processes: the kernel's, which a killed process leaves to nobody, or where the file system has none, a file
that names its holder.
"""

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
"""Ending of the files that stand for locks, and the whole name of one in a folder."""

_NONE_HERE = frozenset(
    {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.EBADF, errno.EPERM, errno.EACCES}
)
"""What file systems without locks answer; NFS answers EBADF for folders."""

_LONGEST_S = 60.0
"""Nobody holds a lock that others wait for longer than this; and a lock file without a holder is this old at most."""

_PAUSE_S = 0.02


class Held(Exception):
    """Somebody else has the lock: ``holder``, ``process 123 on HOST`` or ``another process``. ``file`` says so."""

    def __init__(self, holder: str | None, file: Path) -> None:
        self.holder, self.file = f"process {holder}" if holder else "another process", file
        super().__init__(f"{file} is held by {self.holder}")


@contextmanager
def held(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold a file, which is made where it is missing and then says by whom, or a folder that exists.

    Raises Held where another has it: at once, or with ``wait`` only where that is a process of another machine, of which
    nobody here can know whether it lives, after a minute. OSError where the place cannot be written.
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
            with _by_name(path / HELD if folder else path.with_name(path.name + HELD), wait):
                yield
    finally:
        os.close(handle)


def has_record_locks(folder: Path) -> bool:
    """Whether the file system has the locks that SQLite needs. Where nothing can be written, it is taken to."""
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
    """Take the kernel's lock; False where there is none to take."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise Held(_holder(path), path) from None
    except OSError as error:
        if error.errno not in _NONE_HERE:
            raise
        return False
    return True


@contextmanager
def _by_name(file: Path, wait: bool) -> Iterator[None]:
    """Hold a lock by a file that nobody else can make while it is there."""
    until = time.monotonic() + _LONGEST_S
    while not _made(file):
        if _left_behind(file):
            _clear(file)
        elif not wait or (time.monotonic() > until and _process(file) is None):
            raise Held(_holder(file), file)
        else:
            time.sleep(_PAUSE_S)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _made(file: Path) -> bool:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except FileExistsError:
        return False
    try:
        os.write(handle, _name().encode())
    finally:
        os.close(handle)
    return True


def _left_behind(file: Path) -> bool:
    """Whether the process that made the file is gone. Of another machine's nobody here can know."""
    if _holder(file) is None:
        try:
            return time.time() - file.stat().st_mtime > _LONGEST_S
        except OSError:
            return False
    pid = _process(file)
    return pid is not None and not alive(pid)


def _process(file: Path) -> int | None:
    """The process of this machine that made the file; None where it was one of another machine."""
    pid, _, host = (_holder(file) or "").partition(" on ")
    return int(pid) if pid.isdigit() and host == os.uname().nodename else None


def _clear(file: Path) -> None:
    """Remove a file that was left behind. One process at a time, so that none removes what another has just made."""
    turn = file.with_name(file.name + ".turn")
    if not _made(turn):
        if _left_behind(turn):
            turn.unlink(missing_ok=True)
        time.sleep(_PAUSE_S)
        return
    try:
        if _left_behind(file):
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
