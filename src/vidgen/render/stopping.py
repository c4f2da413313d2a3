"""Stopping a run in good order."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from vidgen.errors import Cancelled

_ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stop:
    """Whether the user wants to end the run: ``event`` is set by the first signal."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self._signal = int(signal.SIGINT)

    def check(self) -> None:
        """Raise Cancelled, with the signal, once the user wants to stop."""
        if self.event.is_set():
            raise Cancelled(self._signal)

    @contextmanager
    def listening(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """The first Ctrl-C, SIGTERM or SIGHUP stops the run in good order; a second Ctrl-C stops it at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in _ENDING}
        before = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}  # nohup, &

        def stop(number: int) -> None:
            self._signal = number
            self.event.set()
            loop.remove_signal_handler(signal.SIGINT)

        for number in before:
            loop.add_signal_handler(number, stop, int(number))
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)
