"""The terminal as one person sees it: lines, bars that are drawn anew below them, and questions. Only one of these has it.

Everything that is printed with Rich is made here as text: nothing is read as markup, as emoji codes or as escape sequences.
"""

from __future__ import annotations

import functools
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vidgen.cli.words import shown

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from vidgen.cli.drawing import Drawing

PIPE_WIDTH = 1_000_000
"""Columns of a pipe: nothing is broken there. ``COLUMNS`` says otherwise."""


def console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal; endless in a pipe; ``COLUMNS`` wide where that is set. What it is given is text and
    nothing else.
    """
    from rich.console import Console

    from vidgen.settings import variable

    class Plain(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(shown(text), **options)

    as_found = (sys.stderr if stderr else sys.stdout).isatty() or variable("COLUMNS").isdigit()
    return Plain(stderr=stderr, width=None if as_found else PIPE_WIDTH, markup=False, emoji=False, highlight=False)


def text(value: object, style: str = "", **options: Any) -> Text:
    """Words with a style: those of others too, since they are shown as they are."""
    from rich.text import Text

    return Text(shown(str(value)), style=style, **options)


class Screen:
    """stderr. Safe to use from several threads; a question waits for the person, and everything else waits for the question."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._parts: list[RenderableType] = []
        self._drawing: Drawing | None = None
        self._asking: Callable[[], None] | None = None
        """Shows the question that is not answered yet."""

    @functools.cached_property
    def console(self) -> Console:
        """The one console on stderr."""
        return console(stderr=True)

    @property
    def animated(self) -> bool:
        """Whether bars can be drawn: a terminal that can move its cursor."""
        return sys.stderr.isatty() and self.console.is_interactive and not self.console.legacy_windows

    def note(self, line: str) -> None:
        """One line, above the bars if there are any."""
        with self._lock:
            if self._drawing:
                self._drawing.say(shown(line))
            else:
                print(shown(line), file=sys.stderr, flush=True)

    def result(self, line: str) -> None:
        """One line on stdout, which may be the same terminal. It must be safe to show."""
        with self._lock, self.without_bars():
            print(line, flush=True)

    def show(self, part: RenderableType) -> None:
        """Begin to draw something below all lines, below what is drawn there already."""
        with self._lock:
            self._parts.append(part)
            self._start()

    def hide(self, part: RenderableType, *, keep: bool = False) -> None:
        """Draw it no more; nothing where it was not drawn. ``keep``: its last state becomes lines."""
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
        """The bars are gone within the block, and their place is clear."""
        with self._lock:
            drawn = self._drawing is not None
            self._stop()
            try:
                yield
            finally:
                if drawn:
                    self._start()

    def can_ask(self) -> bool:
        """Whether a person is there who sees a question and can answer it."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def ask(self, lines: Sequence[str], question: str) -> bool:
        """Ask, with ``lines`` above the question. Only a yes that is typed after the question is one; the end of input is a no.

        Raises KeyboardInterrupt on Ctrl-C.
        """
        with self._lock, self.without_bars():
            _forget_typed()
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
        """What is typed, with its line end; nothing at the end of input."""

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
            print(file=sys.stderr)  # what follows begins a line
            raise
        finally:
            self._asking = None
        if not answer.endswith(b"\n"):
            print(file=sys.stderr)
        return answer

    @contextmanager
    def away(self) -> Iterator[None]:
        """The terminal belongs to others within the block (Ctrl-Z). A signal handler calls it, maybe while it draws."""
        mine = self._lock.acquire(timeout=0.5)  # another thread may be drawing, or waiting for an answer
        try:
            if self._drawing:
                self._drawing.away()
            yield
        finally:
            if mine:
                self._lock.release()

    def back(self) -> None:
        """The process goes on after it stood still: a person who has it in front of them is asked again. Bars come by
        themselves. A signal handler calls it.
        """
        from vidgen.cli.drawing import in_foreground

        if self._asking and in_foreground():
            _forget_typed()
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
    """The one screen of this process."""
    return Screen()


def _forget_typed() -> None:
    """Keys that were pressed before a question are no answer to it."""
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
