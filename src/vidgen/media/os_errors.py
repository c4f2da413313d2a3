"""What the operating system refused, in plain words: for errors that no other place knows more about."""

from __future__ import annotations

import errno
import os

from vidgen.errors import InputError, InternalError, ProcessingError, VidgenError

_ROOM = "free some space, then run the same command again; what is done is kept"
_MAY = "check who may read and write there, or name another place"
_DISK = "check the disk or network drive, then run the same command again; what is done is kept"
_LESS = "end other programs or raise the limit (ulimit -a), then run the same command again"

_ROWS: tuple[tuple[type[VidgenError], str, str, tuple[str, ...]], ...] = (
    (ProcessingError, "file.disk_full", _ROOM, ("ENOSPC", "EDQUOT", "EFBIG")),
    (InputError, "file.not_allowed", _MAY, ("EACCES", "EPERM", "EROFS", "ETXTBSY")),
    (InputError, "file.bad_name", "give it another name", ("ENAMETOOLONG", "EILSEQ", "ELOOP")),
    (InputError, "file.wrong_place", "check the path", ("ENOENT", "ENOTDIR", "EISDIR", "EEXIST", "ENOTEMPTY", "EXDEV")),
    (ProcessingError, "file.failed", _DISK, ("EIO", "ESTALE", "ENXIO", "ENODEV", "EREMOTEIO", "EBUSY", "ENOLCK", "ETIMEDOUT")),
    (ProcessingError, "system.limit", _LESS, ("EMFILE", "ENFILE", "EAGAIN", "ENOMEM", "E2BIG")),
)
"""Class (and so exit code), error code, remedy, and the system's own names for the causes."""

_BY_NUMBER = {getattr(errno, name): row[:3] for row in _ROWS for name in row[3] if hasattr(errno, name)}


def explained(error: BaseException) -> VidgenError | None:
    """The error that a person is shown for one of the operating system's; None for every other error.

    Causes that are not in the table are failures of what was asked of the system (``file.failed``).
    """
    if isinstance(error, MemoryError):
        return ProcessingError("system.limit", "there is not enough memory", hint=_LESS)
    if not isinstance(error, OSError) or error.errno is None:
        return None
    kind, code, hint = _BY_NUMBER.get(error.errno, (ProcessingError, "file.failed", "run the same command again"))
    where = _path(error.filename) or _path(error.filename2)
    words = error.strerror or os.strerror(error.errno)
    return kind(code, f"{where}: {words}" if where else words, hint=hint, where=where)


def fault_of(what: str, error: BaseException, *, where: str = "") -> VidgenError:
    """The error for what nobody expected while ``what`` was done: the system's refusal in its words, else a fault of vidgen."""
    if told := explained(error):
        return type(told)(told.code, f"{what}: {told.message}", hint=told.hint, where=where or told.where)
    return InternalError(what, error, where=where)


def _path(name: object) -> str:
    return os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else ""
