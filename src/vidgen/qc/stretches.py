"""Stretches of black, of stillness, and frames that repeat the one before, from one frame after the other."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Luma = npt.NDArray[np.uint8]

BLACK_SHARE = 98
"""Percent of the picture that must be dark for the frame to be black."""

STILL_MEAN = Fraction(1, 2)
"""Greatest mean difference of a still frame from the first of its stretch, in code values of 8 bits: what key frames of a coded
still differ by."""
STILL_CELLS = 2000
"""... and no more than one of so many cells differs by ``STILL_CHANGE``."""
STILL_CHANGE = 12

UNSEEN_CHANGE = 2
_UNSEEN: Any = (UNSEEN_CHANGE,) * 4
"""What a cell differs by through coding alone, in code values. Only what is beyond it counts as motion."""
MOVING = Fraction(1, 10)
"""A frame moves if that is so much in the mean of all cells."""
REPEAT_RATIO = 10
"""A repeated frame moves so many times less than its neighbours."""
FLAT = 12
"""A picture whose code values differ by less is flat."""
REPEATS_S = Fraction(1, 5)
"""More repeats in a row than in so many seconds are a held picture."""


@dataclass
class Longest:
    """The longest stretch in which something holds, in ticks."""

    begun: int | None = None
    length: int = 0
    at: int = 0

    def add(self, at: int, holds: bool) -> None:
        """The next frame: whether it holds. The stretch ends where the frame that does not begins."""
        if self.begun is not None and at - self.begun > self.length:
            self.length, self.at = at - self.begun, self.begun
        if not holds:
            self.begun = None
        elif self.begun is None:
            self.begun = at


class BlackMeter:
    """The longest stretch of frames that are dark nearly everywhere. ``black``: highest code value of a dark cell."""

    def __init__(self, black: int) -> None:
        self._black = black
        self.longest = Longest()

    def add(self, at: int, luma: Luma) -> bool:
        """The next frame; whether it is black."""
        dark = int(np.count_nonzero(luma <= self._black))
        holds = 100 * dark >= BLACK_SHARE * luma.size
        self.longest.add(at, holds)
        return holds


class StillMeter:
    """The longest stretch of frames that do not differ from its first. Black is no still."""

    def __init__(self) -> None:
        self.longest = Longest()
        self._first: Luma | None = None

    def add(self, at: int, luma: Luma, black: bool) -> None:
        """The next frame."""
        if black:
            self._first = None
            self.longest.add(at, False)
            return
        if self._first is None or not _still(self._first, luma):
            self.longest.add(at, False)
            self._first = luma
        self.longest.add(at, True)


def _still(first: Luma, luma: Luma) -> bool:
    difference = cv2.absdiff(first, luma)
    changed = int(np.count_nonzero(difference >= STILL_CHANGE))
    return int(np.sum(difference, dtype=np.int64)) <= STILL_MEAN * luma.size and changed * STILL_CELLS <= luma.size


class RepeatMeter:
    """Frames that repeat the one before although the picture moves: right before them at least two frames do, and the next one
    does.

    Not counted: pictures that change less often than frames by intent (drawings on twos and threes), and flat ones, as between
    two fades.

    Attributes:
        count: repeated frames. at: ticks of the first.
    """

    def __init__(self, tick: Fraction) -> None:
        self.count, self.at = 0, 0
        self._tick = tick
        self._before: Luma | None = None
        self._recent: deque[tuple[int, int]] = deque(maxlen=64)

    def add(self, at: int, luma: Luma) -> None:
        """The next frame."""
        if int(luma.max()) - int(luma.min()) < FLAT:
            self._recent.clear()
        elif self._before is not None:
            changes = cv2.subtract(cv2.absdiff(self._before, luma), _UNSEEN)
            moved = int(np.sum(changes, dtype=np.int64))
            self._count_until(at, moved, luma.size)
            self._recent.append((at, moved))
        self._before = luma

    def _count_until(self, at: int, after: int, cells: int) -> None:
        """Count the repeats that a frame ends which moves by ``after``."""
        earlier = list(self._recent)
        run: list[tuple[int, int]] = []
        while earlier and earlier[-1][1] * REPEAT_RATIO <= after:
            run.append(earlier.pop())
        if not run or len(earlier) < 2 or (at - run[-1][0]) * self._tick > REPEATS_S:
            return
        before = min(moved for _, moved in earlier[-2:])
        if min(before, after) >= MOVING * cells and all(moved * REPEAT_RATIO <= before for _, moved in run):
            self.at = self.at if self.count else run[-1][0]
            self.count += len(run)
