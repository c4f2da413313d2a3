"""A live area at the bottom of the terminal that is redrawn a few times a second, below all printed lines.

Between redraws the cursor is in the first row, which is empty, so that typed characters (``^C``, Enter) do no harm. A resized
window may cut or rewrap lines, but the cursor stays with its line, and all below it is erased.
"""

from __future__ import annotations

import io
import os
import sys
import threading
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from rich.cells import cell_len

from vidgen.cli.escaping import shown

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

REDRAWN_HZ = 8
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_CUT, _WRAP = "\x1b[?7l", "\x1b[?7h"
"""Long lines are cut off, or wrapped."""
_ERASE_ROW, _ERASE_BELOW = "\x1b[K", "\x1b[J"
CLEARED = f"\r{_ERASE_BELOW}{_SHOW_CURSOR}"
"""Erases the live area, with the cursor at its start."""


class Drawing:
    """Draws ``parts`` in the live area from ``begin`` to ``end``. Call all methods with ``lock`` held.

    A background process draws nothing, because the terminal belongs to another one; it prints plain lines.
    """

    def __init__(self, console: Console, lock: threading.RLock, parts: Sequence[RenderableType]) -> None:
        self._console, self._lock, self._parts = console, lock, parts
        self._over = threading.Event()
        self._size: tuple[int, int] | None = None
        """Terminal size (columns, rows) of the current drawing; None if nothing is drawn."""
        self._above: deque[str] = deque(maxlen=200)
        self._before: TextIO | None = None

    def begin(self) -> None:
        """Start drawing. Output of others to ``sys.stderr`` is printed above."""
        self._before, sys.stderr = sys.stderr, Above(self, sys.stderr)
        self.draw()
        threading.Thread(target=self._redraw_loop, name="drawing", daemon=True).start()

    def end(self) -> None:
        """Erase the live area and stop drawing."""
        self._over.set()
        above = sys.stderr
        if self._before is not None and isinstance(above, Above):
            sys.stderr = self._before
            if rest := above.rest():
                self.say(rest)
        self._send(self._cleared())

    def draw(self) -> None:
        """Redraw the current state."""
        if in_foreground():
            self._send(self._frame(self._grown()))

    def say(self, line: str) -> None:
        """Print a permanent line above the live area. Unsafe characters must be escaped already."""
        begin = self._grown()
        self._above.append(line)
        cleared = self._cleared()
        frame = self._frame() if not self._over.is_set() and in_foreground() else ""
        self._send(f"{begin}{cleared}{line}\n{frame}")

    def away(self) -> None:
        """Erase the live area at once, bypassing buffers. For signal handlers."""
        if self._size is not None:
            self._size = None
            os.write(2, CLEARED.encode())

    def _redraw_loop(self) -> None:
        while not self._over.wait(1 / REDRAWN_HZ):
            with self._lock:
                if not self._over.is_set():
                    self.draw()

    def _frame(self, begin: str = "") -> str:
        from rich.console import Group

        columns, rows = self._console.size
        with self._console.capture() as held:
            self._console.print(Group(*self._parts))
        encoding = self._console.encoding  # an ellipsis that it lacks must be replaced by a single character
        drawn = held.get().encode(encoding, "replace").decode(encoding, "replace")
        lines = ["", *drawn.splitlines()][: max(1, rows - 1)]
        hide = "" if self._size else _HIDE_CURSOR
        self._size = columns, rows
        body = "\r\n".join(line + _ERASE_ROW for line in lines)
        back = f"\x1b[{len(lines) - 1}A" if len(lines) > 1 else ""
        return f"{hide}{begin}\r{_CUT}{body}{_ERASE_BELOW}{_WRAP}{back}\r"

    def _grown(self) -> str:
        """The correction for a window that lost rows: some terminals cut them off at the top and leave the cursor too low, so
        the last lines above are printed again from higher up.
        """
        columns, rows = self._console.size
        lost = self._size[1] - rows if self._size else 0
        again: list[str] = []
        used = 0
        for line in reversed(self._above):
            if used >= lost:
                break
            again.insert(0, line)
            used += sum(max(1, -(-cell_len(part) // max(1, columns))) for part in line.split("\n"))
        return "".join([f"\x1b[{used}A\r{_ERASE_BELOW}", *(f"{line}\r\n" for line in again)]) if again else ""

    def _cleared(self) -> str:
        drawn, self._size = self._size is not None, None
        return CLEARED if drawn else ""

    def _send(self, text: str) -> None:
        if text:
            self._console.file.write(text)
            self._console.file.flush()


class Above(io.TextIOBase):
    """``sys.stderr`` while something is drawn: complete lines of others are printed above it."""

    def __init__(self, drawing: Drawing, under: TextIO) -> None:
        self._drawing, self._held = drawing, ""
        self.rich_proxied_file = under
        """The stream that Rich's console writes to."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)

    def fileno(self) -> int:
        """The file descriptor underneath."""
        return self.rich_proxied_file.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self.rich_proxied_file.isatty()

    def write(self, text: str) -> int:
        """Buffer text until its line is complete."""
        with self._drawing._lock:
            *lines, self._held = (self._held + text).split("\n")
            for line in lines:
                self._drawing.say(_last_state(line))
        return len(text)

    def rest(self) -> str:
        """The incomplete last line; may be empty."""
        held, self._held = self._held, ""
        return _last_state(held)


def _last_state(line: str) -> str:
    """The visible text of a line after carriage returns (as of other progress bars), without colours."""
    from rich.text import Text

    return shown(Text.from_ansi(line.rstrip("\r").rpartition("\r")[2]).plain)


def in_foreground() -> bool:
    """Whether this process is in the foreground of the terminal of stderr."""
    try:
        return os.tcgetpgrp(2) == os.getpgrp()
    except (OSError, AttributeError):  # another terminal, or a system without job control
        return True
