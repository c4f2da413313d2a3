"""How fast frames come, and how long the rest will take: from the frames of this run alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

MEASURED_S, MEASURED_SHARE, LONG_ENOUGH_S = 3.0, 0.02, 30.0
"""How long, and how much of the work, is watched before the time that is left is told; after ``LONG_ENOUGH_S``
any share will do.
"""


@dataclass(frozen=True)
class Speed:
    """Frames a second, None until two frames were seen, and seconds that are left, None until they can be told."""

    frames_per_s: float | None
    remaining_s: float | None

    def text(self) -> str:
        """``3.2 frames/s, 2 min left``; empty where nothing is known yet."""
        if self.frames_per_s is None:
            return ""
        left = left_text(self.remaining_s)
        return f"{self.frames_per_s:.3g} frames/s{', ' + left if left else ''}"

    def as_dict(self) -> dict[str, float | None]:
        """The keys of a progress event."""
        rate, left = self.frames_per_s, self.remaining_s
        return {
            "frames_per_s": None if rate is None else round(rate, 3),
            "remaining_s": None if left is None else round(left, 1),
        }


class Throughput:
    """Told after each frame (or other part of the work) how many are done, it says how fast they come.

    A job that goes on begins with many frames done; time spent on loading an engine is not a frame's. So only what comes after
    the first call counts, and all of it: the mean is calm where single frames are not.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: tuple[float, float] | None = None
        self._latest: tuple[float, float, float] | None = None

    def speed(self, done: float, total: float) -> Speed:
        """After ``done`` frames of ``total``. What was done by an earlier run is done at the first call."""
        now = self._clock()
        if self._first is None or done < self._first[0]:
            self._first = done, now
        if self._latest is None or (done, total) != self._latest[:2]:
            self._latest = done, total, now
        frames, seconds = done - self._first[0], now - self._first[1]
        if frames <= 0 or seconds <= 0:
            return Speed(None, None)
        return Speed(frames / seconds, self.left_s())

    def left_s(self) -> float | None:
        """Seconds that are left now, at the speed up to the latest frame; None where that is not known (yet). Never negative: a
        frame that takes longer than the others leaves the time of those after it.
        """
        if self._first is None or self._latest is None:
            return None
        (begun, since), (done, total, latest) = self._first, self._latest
        frames, seconds = done - begun, latest - since
        watched = seconds >= LONG_ENOUGH_S or (seconds >= MEASURED_S and frames >= MEASURED_SHARE * (total - begun))
        if frames <= 0 or not watched:
            return None
        each = seconds / frames
        left = max(0.0, total - done)
        return max(left * each - (self._clock() - latest), (left - 1) * each, 0.0)


def left_text(seconds: float | None) -> str:
    """``25 s left``, ``12 min left``; in steps of five seconds, so that it is calm, and empty where it would say nothing."""
    if seconds is None or seconds < 1:
        return ""
    return f"{time_text(seconds if seconds >= 90 else max(5, 5 * round(seconds / 5)))} left"


def time_text(seconds: float) -> str:
    """``40 s``, ``12 min`` or ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
