"""Standard streams that never raise, even if they are closed, full, without a reader or not UTF-8.

At the end it is known whether stdout accepted everything.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

READER_LEFT = 128 + 13
"""Exit code if the reader of stdout has gone: as if SIGPIPE had ended the command."""


class _Raw(io.RawIOBase):
    """Writes to the underlying stream. The first error is kept in ``lost``; after it all output is discarded."""

    def __init__(self, under: Any) -> None:
        self._under = under
        self.lost: OSError | None = None

    def writable(self) -> bool:
        """Always."""
        return True

    def fileno(self) -> int:
        """The file descriptor underneath."""
        return int(self._under.fileno())

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return bool(self._under.isatty())

    def write(self, data: Any) -> int:
        """Write data. Never raises; returns the number of bytes."""
        while self.lost is None:
            try:
                written = self._under.write(data)
            except OSError as error:
                self.lost = error
            except ValueError:  # closed by other code
                self.lost = OSError(errno.EBADF, os.strerror(errno.EBADF))
            else:
                if written is not None:
                    return int(written)
                select.select([], [self._under], [])  # another process made it non-blocking
        return len(data)


@dataclass(frozen=True)
class Streams:
    """The state of stdout."""

    out: _Raw | None

    def lost(self) -> OSError | None:
        """The error because of which stdout did not accept everything; None if it did."""
        return self.out.lost if self.out else None


@contextmanager
def guarded() -> Iterator[Streams]:
    """A context in which ``sys.stdin``, ``sys.stdout`` and ``sys.stderr`` exist and never raise.

    Characters that an encoding lacks are replaced. Closed streams are opened on the null device, so that no other file gets
    their descriptors.
    """
    _fill_closed()
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = sys.stdin or open(0, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    sys.stdout, out = _safe(sys.stdout, 1, "replace")
    sys.stderr, _ = _safe(sys.stderr, 2, "backslashreplace")
    mine = sys.stdout, sys.stderr
    try:
        yield Streams(out)
    finally:
        for stream in mine:
            stream.flush()
        sys.stdin, sys.stdout, sys.stderr = before


def is_utf8(stream: TextIO) -> bool:
    """Whether a stream is UTF-8."""
    try:
        return codecs.lookup(stream.encoding or "utf-8").name == "utf-8"
    except LookupError:
        return False


def _safe(stream: TextIO | None, number: int, errors: str) -> tuple[TextIO, _Raw | None]:
    if stream is None:  # it was closed when the process started
        under: Any = open(number, "rb" if number == 1 else "wb", buffering=0, closefd=False)  # noqa: SIM115
        stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    elif not hasattr(stream, "buffer"):  # replaced by other code
        return stream, None
    else:
        stream.flush()
        under = getattr(stream.buffer, "raw", stream.buffer)
    raw = _Raw(under)
    text = io.TextIOWrapper(io.BufferedWriter(raw), encoding=stream.encoding, errors=errors, line_buffering=True)
    return text, raw


def _fill_closed() -> None:
    """Open the null device for each closed standard stream. Writing to stdout still fails."""
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, mode), True)  # the lowest free number is this one
