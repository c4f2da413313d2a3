"""How long something was waited for, as it was lived through here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Patience:
    """Seconds since the last sign of life, for whoever looks at least once a second. Threads may share it.

    Each look counts as a second at most: while this process is suspended (Ctrl-Z, a laptop that sleeps) nobody waits, and what
    it waits for may be suspended too.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self.renew()

    def renew(self) -> None:
        """There was a sign of life."""
        with self._lock:
            self._waited, self._looked = 0.0, self._clock()

    def waited(self) -> float:
        """Seconds until now."""
        with self._lock:
            now = self._clock()
            self._waited += min(now - self._looked, 1.0)
            self._looked = now
            return self._waited
