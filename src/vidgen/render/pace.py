"""How fast frames come, and how long the rest will take: from the frames of this run alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Speed:
    """Frames a second and seconds that are left; None until two frames were seen."""

    frames_per_s: float | None
    remaining_s: float | None

    def text(self) -> str:
        """``3.2 frames/s, 2 min left``; empty where nothing is known yet."""
        if self.frames_per_s is None or self.remaining_s is None:
            return ""
        return f"{self.frames_per_s:.3g} frames/s, {time_text(self.remaining_s)} left"

    def as_dict(self) -> dict[str, float | None]:
        """The keys of a progress event."""
        rate, left = self.frames_per_s, self.remaining_s
        return {
            "frames_per_s": None if rate is None else round(rate, 3),
            "remaining_s": None if left is None else round(left, 1),
        }


class Pace:
    """Told after each frame how many are done, it says how fast they come.

    A job that goes on begins with many frames done; time spent on loading an engine is not a frame's. So only what comes after
    the first call counts.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: tuple[int, float] | None = None

    def speed(self, done: int, total: int) -> Speed:
        """After ``done`` frames of ``total``."""
        now = self._clock()
        if self._first is None:
            self._first = done, now
        frames, seconds = done - self._first[0], now - self._first[1]
        if frames <= 0 or seconds <= 0:
            return Speed(None, None)
        return Speed(frames / seconds, (total - done) * seconds / frames)


def time_text(seconds: float) -> str:
    """``40 s``, ``12 min`` or ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
