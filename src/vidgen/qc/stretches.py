"""Stretches of black, of stillness, and frames that repeat the one before, from one frame after the other."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction

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

MOVED_CHANGE = 3
"""A cell has moved if its code value differs by so much from the frame before."""
MOVING_CELLS = 200
"""A frame moves if one of so many cells has moved."""
REPEAT_RATIO = 20
"""A repeated frame has so many times fewer moved cells than its neighbours."""
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
    """Frames that repeat the one before although the picture moves: at least two frames before them and two after them do.

    Pictures that change less often than frames by intent (drawings on twos and threes) are not counted.

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
        if self._before is not None:
            moved = int(np.count_nonzero(cv2.absdiff(self._before, luma) >= MOVED_CHANGE))
            self._recent.append((at, moved))
            self._look(luma.size)
        self._before = luma

    def _look(self, cells: int) -> None:
        """Count the repeats that the last two frames end."""
        if len(self._recent) < 5:
            return
        *earlier, one, two = self._recent
        after = min(one[1], two[1])
        run: list[tuple[int, int]] = []
        while earlier and earlier[-1][1] * REPEAT_RATIO <= after:
            run.append(earlier.pop())
        if not run or len(earlier) < 2 or (one[0] - run[-1][0]) * self._tick > REPEATS_S:
            return
        before = min(moved for _, moved in earlier[-2:])
        if min(before, after) * MOVING_CELLS >= cells and all(moved * REPEAT_RATIO <= before for _, moved in run):
            self.at = self.at if self.count else run[-1][0]
            self.count += len(run)
