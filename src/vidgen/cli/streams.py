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
    """Writes to the underlying stream. The first error is kept in ``lost``; after it all output is discarded.

    A signal may interrupt a write when the data is written and the buffer above has not heard so. The buffer then comes with
    the same data again, and is told.
    """

    def __init__(self, under: Any) -> None:
        self._under = under
        self._data, self._written = b"", list[int | None]()
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
        """Write data. Raises nothing but interrupts; returns the number of bytes."""
        size, new = len(data), bytes(data)
        if not any(self._written) or not new.startswith(self._data[: self._written[0]]):
            self._write(new)
        told, self._written = self._written, []  # from here on nothing is called, so that no signal comes between
        return size if not told or told[0] is None else told[0]

    def _write(self, data: bytes) -> None:
        self._data, self._written = data, []
        while self.lost is None and not self._written:
            try:
                self._written.extend(map(self._under.write, (data,)))  # written and noted in one step
            except OSError as error:
                self.lost = error
            except ValueError:  # closed by other code
                self.lost = OSError(errno.EBADF, os.strerror(errno.EBADF))
            else:
                if self._written == [None]:
                    self._written = []
                    select.select([], [self._under], [])  # another process made it non-blocking


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
