"""Signal handling: SIGTERM and SIGHUP end a command cleanly, Ctrl-Z suspends child processes too and frees the terminal, and
SIGCONT restores the display.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that end a command like Ctrl-C, with their own exit codes."""


_last_signal = int(signal.SIGINT)


class Ended(KeyboardInterrupt):
    """A signal of ``ENDING`` was received. Like KeyboardInterrupt it is not an ``Exception``, so it is not taken for a
    failure.
    """


def exit_code() -> int:
    """The exit code of an interrupted command, by the signal, as ``Ended`` may have been replaced by another interrupt."""
    return 128 + _last_signal


@contextmanager
def handle_signals() -> Iterator[None]:
    """A context in which signals that end the command raise ``Ended`` in the main thread.

    Signals that the parent process ignores (nohup) stay ignored.
    """
    global _last_signal
    _last_signal = int(signal.SIGINT)
    handlers: dict[int, Any] = dict.fromkeys(ENDING, _end)
    if hasattr(signal, "SIGTSTP"):
        handlers |= {signal.SIGTSTP: _suspend, signal.SIGCONT: _resume}
    before = {number: signal.getsignal(number) for number in handlers}
    before = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, handlers[number])
    hook, sys.unraisablehook = sys.unraisablehook, _raise_again
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, handler)


def _end(number: int, _frame: object) -> None:
    global _last_signal
    _last_signal = number
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # shells send it twice, which must not disturb the cleanup
    raise Ended


def _suspend(_number: int, _frame: object) -> None:
    """Ctrl-Z: suspend ffmpeg processes too, and leave the terminal clean."""
    from vidgen.cli.screen import screen

    media = sys.modules.get("vidgen.media.ffmpeg")
    with screen().away():
        if media:
            media.suspend_all(True)
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # this process is suspended here
        signal.signal(signal.SIGTSTP, _suspend)
        if media:
            media.suspend_all(False)


def _resume(_number: int, _frame: object) -> None:
    """Restore the display after ``fg`` or ``bg``."""
    from vidgen.cli.screen import screen

    screen().back()


def _raise_again(dropped: sys.UnraisableHookArgs) -> None:
    """Send a signal again that arrived in a callback, where Python discards exceptions."""
    if not isinstance(dropped.exc_value, KeyboardInterrupt):
        from vidgen.settings import debugging

        if debugging():
            sys.__unraisablehook__(dropped)
        return
    number = _last_signal
    if number in ENDING:
        signal.signal(number, _end)
    again = threading.Timer(0.05, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()
