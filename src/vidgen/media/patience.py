"""Measure how long a process has waited, not counting the time in which it was suspended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Patience:
    """Seconds since the last sign of progress. Thread-safe.

    Call ``waited`` at least once a second: each call adds a second at most. So time in which this process is suspended
    (Ctrl-Z, a sleeping laptop) does not count; what it waits for may be suspended too.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self.renew()

    def renew(self) -> None:
        """Start again from 0: there was progress."""
        with self._lock:
            self._waited, self._looked = 0.0, self._clock()

    def waited(self) -> float:
        """Seconds waited so far."""
        with self._lock:
            now = self._clock()
            self._waited += min(now - self._looked, 1.0)
            self._looked = now
            return self._waited
