"""Lines at the bottom of a terminal that are drawn anew a few times a second, below all that is printed.

Between two drawings the cursor stands in the first row, which is empty: what a person types (``^C``, Enter) spoils nothing. A
window that changes its size may cut lines or wrap them anew, but the cursor stays with its line: from there on everything is
erased, however many rows it has become.
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

from vidgen.cli.words import shown

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

REDRAWN_HZ = 8
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_CUT, _WRAP = "\x1b[?7l", "\x1b[?7h"
"""What is longer than a row is cut off, or goes on in the next row."""
_ERASE_ROW, _ERASE_BELOW = "\x1b[K", "\x1b[J"
CLEARED = f"\r{_ERASE_BELOW}{_SHOW_CURSOR}"
"""Takes a drawing away, with the cursor where the drawing began."""


class Drawing:
    """Draws ``parts`` on the console's terminal from ``begin`` to ``end``. All methods are called with ``lock`` held.

    A process in the background draws nothing: the terminal is another's then. What it says comes as plain lines.
    """

    def __init__(self, console: Console, lock: threading.RLock, parts: Sequence[RenderableType]) -> None:
        self._console, self._lock, self._parts = console, lock, parts
        self._over = threading.Event()
        self._size: tuple[int, int] | None = None
        """Columns and rows that the drawing on the terminal was made for; None where nothing is drawn."""
        self._above: deque[str] = deque(maxlen=200)
        self._before: TextIO | None = None

    def begin(self) -> None:
        """Draw from now on. What others write to ``sys.stderr`` comes above."""
        self._before, sys.stderr = sys.stderr, Above(self, sys.stderr)
        self.draw()
        threading.Thread(target=self._go_on, name="drawing", daemon=True).start()

    def end(self) -> None:
        """Take the drawing away, for good."""
        self._over.set()
        above = sys.stderr
        if self._before is not None and isinstance(above, Above):
            sys.stderr = self._before
            if rest := above.rest():
                self.say(rest)
        self._send(self._cleared())

    def draw(self) -> None:
        """Draw the present state over the last one."""
        if in_foreground():
            self._send(self._frame(self._grown()))

    def say(self, line: str) -> None:
        """A line that stays, above the drawing. It must be safe to show."""
        begin = self._grown()
        self._above.append(line)
        cleared = self._cleared()
        frame = self._frame() if not self._over.is_set() and in_foreground() else ""
        self._send(f"{begin}{cleared}{line}\n{frame}")

    def away(self) -> None:
        """Take the drawing away at once, past everything that may hold words back: a signal handler calls it."""
        if self._size is not None:
            self._size = None
            os.write(2, CLEARED.encode())

    def _go_on(self) -> None:
        while not self._over.wait(1 / REDRAWN_HZ):
            with self._lock:
                if not self._over.is_set():
                    self.draw()

    def _frame(self, begin: str = "") -> str:
        from rich.console import Group

        columns, rows = self._console.size
        with self._console.capture() as held:
            self._console.print(Group(*self._parts))
        encoding = self._console.encoding  # where it has no ellipsis, what stands for one must be a single letter
        drawn = held.get().encode(encoding, "replace").decode(encoding, "replace")
        lines = ["", *drawn.splitlines()][: max(1, rows - 1)]
        hide = "" if self._size else _HIDE_CURSOR
        self._size = columns, rows
        body = "\r\n".join(line + _ERASE_ROW for line in lines)
        back = f"\x1b[{len(lines) - 1}A" if len(lines) > 1 else ""
        return f"{hide}{begin}\r{_CUT}{body}{_ERASE_BELOW}{_WRAP}{back}\r"

    def _grown(self) -> str:
        """Where the window lost rows, some terminals cut them off at its top and leave the cursor in its row, which is too low
        then: the last lines above are said again from higher up.
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

    def _send(self, words: str) -> None:
        if words:
            self._console.file.write(words)
            self._console.file.flush()


class Above(io.TextIOBase):
    """``sys.stderr`` while something is drawn: whole lines of others come above it, as text."""

    def __init__(self, drawing: Drawing, under: TextIO) -> None:
        self._drawing, self._held = drawing, ""
        self.rich_proxied_file = under
        """Where Rich's console writes."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)

    def fileno(self) -> int:
        """The file descriptor underneath."""
        return self.rich_proxied_file.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self.rich_proxied_file.isatty()

    def write(self, words: str) -> int:
        """Keep words until their line is whole."""
        with self._drawing._lock:
            *lines, self._held = (self._held + words).split("\n")
            for line in lines:
                self._drawing.say(_last_state(line))
        return len(words)

    def rest(self) -> str:
        """The line that was not ended; empty where there is none."""
        held, self._held = self._held, ""
        return _last_state(held)


def _last_state(line: str) -> str:
    """A line as a terminal would have left it in the end (others' bars go back to its start), without colours."""
    from rich.text import Text

    return shown(Text.from_ansi(line.rstrip("\r").rpartition("\r")[2]).plain)


def in_foreground() -> bool:
    """Whether the terminal of stderr is this process's now, and not the shell's (after Ctrl-Z and ``bg``, or ``&``)."""
    try:
        return os.tcgetpgrp(2) == os.getpgrp()
    except (OSError, AttributeError):  # not the terminal that this process was started from, or a system without jobs
        return True
