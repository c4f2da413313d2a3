"""Signals as a command hears them: SIGTERM and SIGHUP end it in good order, Ctrl-Z gives the machine and the terminal away, and
SIGCONT brings back what stood on the terminal.
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
"""Signals that end a command like Ctrl-C, with an exit code of their own."""


_heard_number = int(signal.SIGINT)


class Ended(KeyboardInterrupt):
    """One of ``ENDING`` came. Like Ctrl-C it is no ``Exception``, so nobody takes it for a failure of what was going on."""


def exit_code() -> int:
    """The exit code of a command that was interrupted. What was raised may have become another interrupt on its way."""
    return 128 + _heard_number


@contextmanager
def heard() -> Iterator[None]:
    """Within it a signal that ends the command raises ``Ended`` in the main thread. What the parent ignores (nohup) stays
    ignored.
    """
    global _heard_number
    _heard_number = int(signal.SIGINT)
    handlers: dict[int, Any] = dict.fromkeys(ENDING, _end)
    if hasattr(signal, "SIGTSTP"):
        handlers |= {signal.SIGTSTP: _step_aside, signal.SIGCONT: _go_on}
    before = {number: signal.getsignal(number) for number in handlers}
    before = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, handlers[number])
    hook, sys.unraisablehook = sys.unraisablehook, _heard_again
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, handler)


def _end(number: int, _frame: object) -> None:
    global _heard_number
    _heard_number = number
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # shells send it twice, which must not disturb the tidying up
    raise Ended


def _step_aside(_number: int, _frame: object) -> None:
    """Ctrl-Z: children stop too, and the terminal is left in order."""
    from vidgen.cli.screen import screen

    media = sys.modules.get("vidgen.media.ffmpeg")
    with screen().away():
        if media:
            media.suspend_all(True)
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # stands still here
        signal.signal(signal.SIGTSTP, _step_aside)
        if media:
            media.suspend_all(False)


def _go_on(_number: int, _frame: object) -> None:
    """After ``fg`` or ``bg``, whatever it was that stopped the process."""
    from vidgen.cli.screen import screen

    screen().back()


def _heard_again(dropped: sys.UnraisableHookArgs) -> None:
    """A signal that came in a callback, where Python drops what is raised, comes once more, when the callback is over."""
    if not isinstance(dropped.exc_value, KeyboardInterrupt):
        from vidgen.settings import debugging

        if debugging():
            sys.__unraisablehook__(dropped)
        return
    number = _heard_number
    if number in ENDING:
        signal.signal(number, _end)
    again = threading.Timer(0.05, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()
