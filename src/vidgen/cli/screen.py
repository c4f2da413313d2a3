"""The terminal: printed lines, live bars below them, and questions, without mixing them.

Everything printed with Rich is created here as plain text: no markup, emoji codes or escape sequences are interpreted.
"""

from __future__ import annotations

import functools
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vidgen.cli.escaping import shown

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from vidgen.cli.drawing import Drawing

PIPE_WIDTH = 1_000_000
"""Width of a pipe in columns, so that no line is wrapped, unless ``COLUMNS`` is set."""


def console(*, stderr: bool = False) -> Console:
    """A Rich console for plain text, as wide as the terminal, or as ``COLUMNS``; unlimited in a pipe."""
    from rich.console import Console

    from vidgen.settings import variable

    class Plain(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(shown(text), **options)

    as_found = (sys.stderr if stderr else sys.stdout).isatty() or variable("COLUMNS").isdigit()
    return Plain(stderr=stderr, width=None if as_found else PIPE_WIDTH, markup=False, emoji=False, highlight=False)


def text(value: object, style: str = "", **options: Any) -> Text:
    """Plain text with a style. Unsafe characters are escaped, so the text may come from anywhere."""
    from rich.text import Text

    return Text(shown(str(value)), style=style, **options)


class Screen:
    """The terminal on stderr. Thread-safe; while a question is open all other output waits."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._parts: list[RenderableType] = []
        self._drawing: Drawing | None = None
        self._asking: Callable[[], None] | None = None
        """Prints the open question again; None if there is none."""

    @functools.cached_property
    def console(self) -> Console:
        """The console on stderr."""
        return console(stderr=True)

    @property
    def animated(self) -> bool:
        """Whether live bars can be drawn."""
        return sys.stderr.isatty() and self.console.is_interactive and not self.console.legacy_windows

    def note(self, line: str) -> None:
        """Print one line, above the bars if there are any."""
        with self._lock:
            if self._drawing:
                self._drawing.say(shown(line))
            else:
                print(shown(line), file=sys.stderr, flush=True)

    def result(self, line: str) -> None:
        """Print one line on stdout, which may be the same terminal. Unsafe characters must be escaped already."""
        with self._lock, self.without_bars():
            print(line, flush=True)

    def show(self, part: RenderableType) -> None:
        """Add a part to the live area, below the others."""
        with self._lock:
            self._parts.append(part)
            self._start()

    def hide(self, part: RenderableType, *, keep: bool = False) -> None:
        """Remove a part from the live area. ``keep``: print its last state."""
        with self._lock:
            if part not in self._parts:
                return
            self._stop()
            self._parts.remove(part)
            if keep:
                self.console.print(part)
            self._start()

    @contextmanager
    def without_bars(self) -> Iterator[None]:
        """A context in which the live area is erased."""
        with self._lock:
            drawn = self._drawing is not None
            self._stop()
            try:
                yield
            finally:
                if drawn:
                    self._start()

    def can_ask(self) -> bool:
        """Whether stdin and stderr are a terminal."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def ask(self, lines: Sequence[str], question: str) -> bool:
        """Ask a yes/no question, with ``lines`` above it. Keys typed before the question are ignored; end of input is a no.

        Raises KeyboardInterrupt on Ctrl-C.
        """
        with self._lock, self.without_bars():
            _discard_typed()
            before: Sequence[str] = lines
            while True:
                answer = self._answer(before, question)
                word = unicodedata.normalize("NFKC", answer.decode("utf-8", "replace")).strip().casefold()
                if word in ("y", "yes"):
                    return True
                if not answer or word in ("", "n", "no"):
                    return False
                before = ("y is yes, n or Enter is no",)

    def _answer(self, lines: Sequence[str], question: str) -> bytes:
        """The typed line with its newline; empty at the end of input."""

        def show() -> None:
            for line in lines:
                self.console.print(text(line))
            self.console.print(text(f"{question} [y/N] "), end="")
            sys.stderr.flush()

        show()
        self._asking = show
        try:
            answer = sys.stdin.buffer.readline()
        except BaseException:
            print(file=sys.stderr)  # the next output starts a new line
            raise
        finally:
            self._asking = None
        if not answer.endswith(b"\n"):
            print(file=sys.stderr)
        return answer

    @contextmanager
    def away(self) -> Iterator[None]:
        """A context in which the terminal belongs to others (Ctrl-Z). Called by a signal handler, possibly during drawing."""
        mine = self._lock.acquire(timeout=0.5)  # another thread may be drawing, or waiting for an answer
        try:
            if self._drawing:
                self._drawing.away()
            yield
        finally:
            if mine:
                self._lock.release()

    def back(self) -> None:
        """Print an open question again after the process was resumed in the foreground. Called by a signal handler.

        Bars are redrawn by their own thread.
        """
        from vidgen.cli.drawing import in_foreground

        if self._asking and in_foreground():
            _discard_typed()
            print(file=sys.stderr)
            self._asking()

    def _start(self) -> None:
        if self._drawing is None and self._parts:
            from vidgen.cli.drawing import Drawing

            self._drawing = Drawing(self.console, self._lock, self._parts)
            self._drawing.begin()

    def _stop(self) -> None:
        if self._drawing is not None:
            drawing, self._drawing = self._drawing, None
            drawing.end()


@functools.cache
def screen() -> Screen:
    """The screen of this process."""
    return Screen()


def _discard_typed() -> None:
    """Discard keys that were typed before a question."""
    try:
        import termios
    except ImportError:  # Windows
        import msvcrt

        while msvcrt.kbhit():  # type: ignore[attr-defined]
            msvcrt.getwch()  # type: ignore[attr-defined]
        return
    try:
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    except (termios.error, OSError):
        pass
