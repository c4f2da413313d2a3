"""Turn errors of the operating system into messages with a remedy, where no other code knows more about them."""

from __future__ import annotations

import errno
import os

from vidgen.errors import InputError, InternalError, ProcessingError, VidgenError

_FREE_SPACE = "free some space, then run the same command again; what is done is kept"
_PERMISSIONS = "check the permissions there, or name another folder"
_DISK = "check the disk or network drive, then run the same command again; what is done is kept"
_RAISE_LIMIT = "end other programs or raise the limit (ulimit -a), then run the same command again"

_ROWS: tuple[tuple[type[VidgenError], str, str, tuple[str, ...]], ...] = (
    (ProcessingError, "file.disk_full", _FREE_SPACE, ("ENOSPC", "EDQUOT", "EFBIG")),
    (InputError, "file.not_allowed", _PERMISSIONS, ("EACCES", "EPERM", "EROFS", "ETXTBSY")),
    (InputError, "file.bad_name", "give it another name", ("ENAMETOOLONG", "EILSEQ", "ELOOP")),
    (InputError, "file.wrong_place", "check the path", ("ENOENT", "ENOTDIR", "EISDIR", "EEXIST", "ENOTEMPTY", "EXDEV")),
    (ProcessingError, "file.failed", _DISK, ("EIO", "ESTALE", "ENXIO", "ENODEV", "EREMOTEIO", "EBUSY", "ENOLCK", "ETIMEDOUT")),
    (ProcessingError, "system.limit", _RAISE_LIMIT, ("EMFILE", "ENFILE", "EAGAIN", "ENOMEM", "E2BIG")),
)
"""Class (and so exit code), error code, remedy, and the system's own names for the causes."""

_BY_NUMBER = {getattr(errno, name): row[:3] for row in _ROWS for name in row[3] if hasattr(errno, name)}


def explained(error: BaseException) -> VidgenError | None:
    """The VidgenError for an error of the operating system; None for any other error.

    Causes that are not in the table have the code ``file.failed``.
    """
    if isinstance(error, MemoryError):
        return ProcessingError("system.limit", "there is not enough memory", hint=_RAISE_LIMIT)
    if not isinstance(error, OSError) or error.errno is None:
        return None
    kind, code, hint = _BY_NUMBER.get(error.errno, (ProcessingError, "file.failed", "run the same command again"))
    where = _path(error.filename) or _path(error.filename2)
    message = error.strerror or os.strerror(error.errno)
    return kind(code, f"{where}: {message}" if where else message, hint=hint, where=where)


def fault_of(what: str, error: BaseException, *, where: str = "") -> VidgenError:
    """The VidgenError for an unexpected error during ``what``: the system's message if it is one of its errors, else
    InternalError.
    """
    if known := explained(error):
        return type(known)(known.code, f"{what}: {known.message}", hint=known.hint, where=where or known.where)
    return InternalError(what, error, where=where)


def _path(name: object) -> str:
    return os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else ""
