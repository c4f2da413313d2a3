"""A terminal with a person in front of it: a program runs in it, what stands on its screen can be read, keys can be pressed."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

CTRL_C, CTRL_D, CTRL_Z, ENTER = "\x03", "\x04", "\x1a", "\r"
PATIENCE_S = 60.0


class Terminal:
    """``vidgen ARGUMENTS``, or another command, in a terminal of so many columns and rows. Use as a context manager."""

    def __init__(
        self,
        arguments: Sequence[object],
        *,
        columns: int = 80,
        rows: int = 24,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        program: Sequence[str] = (sys.executable, "-m", "vidgen"),
    ) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=2000)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self._master, slave = pty.openpty()
        self._size(columns, rows)
        inherited = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.process = subprocess.Popen(
            [*program, *map(str, arguments)],
            env={**inherited, "TERM": "xterm-256color", **(environment or {})},
            cwd=cwd,
            preexec_fn=lambda: os.login_tty(slave),
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._master, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Make the window of another size; the program is told by SIGWINCH."""
        while select.select([self._master], [], [], 0)[0] and self._read():
            pass  # what was drawn for the old size is drawn in it
        self._size(columns, rows)
        self.screen.resize(rows, columns)
        self.screen.cursor.y = min(self.screen.cursor.y, rows - 1)  # pyte leaves it outside

    def lines(self) -> list[str]:
        """What stands on the screen, without blanks at the ends."""
        return [line.rstrip() for line in self.screen.display]

    def text(self) -> str:
        """The same, as one text with single blanks: words that the terminal wrapped are found."""
        return " ".join(" ".join(self.lines()).split())

    def history(self) -> list[str]:
        """Lines that have left the screen at the top."""
        found = []
        for line in self.screen.history.top:
            found.append("".join(line[column].data for column in range(self.screen.columns)).rstrip())
        return found

    def wait_for(self, *words: str) -> str:
        """Look until all words are on the screen; returns its text."""
        self._look_until(lambda: all(word in self.text() for word in words), f"{words} not seen")
        return self.text()

    def look(self, seconds: float) -> None:
        """Watch for so long, and until what is being drawn is drawn."""
        until = time.monotonic() + seconds
        while self._read() and (time.monotonic() < until or select.select([self._master], [], [], 0.03)[0]):
            pass

    def end(self) -> int:
        """Wait for the program to end; returns its exit code."""
        self._look_until(lambda: self.process.poll() is not None, "the program does not end")
        while self._read():
            pass
        return self.process.wait()

    def _look_until(self, seen: Callable[[], bool], complaint: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while not seen():
            self._read()
            shown = "\n".join(self.lines())
            assert time.monotonic() < until, f"{complaint}:\n{shown}"

    def _read(self) -> bool:
        """Take what the program wrote, if anything comes within a moment; False when nothing can come any more."""
        if not select.select([self._master], [], [], 0.05)[0]:
            return self.process.poll() is None
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the program's side is closed
            return False
        self.raw += data
        self._stream.feed(data)
        return True

    def _size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
