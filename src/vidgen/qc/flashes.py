"""Flashes that may harm people with photosensitive epilepsy.

The rules are those of ITU-R BT.1702-3, of Ofcom's Guidance Note on Flashing Images and Regular Patterns in Television, and of
WCAG 2.2, success criterion 2.3.1:

- A luminance flash is a pair of opposing changes of 20 cd/m2 or more where the darker image is below 160 cd/m2 (WCAG: 10 % of
  the greatest relative luminance, and 0.80).
- A red flash is a pair of opposing changes to or from a saturated red: R / (R + G + B) >= 0.8 in linear light, where
  (R - G - B) x 320 changes by more than 20 (Harding and Binnie 2002).
- They must not be more than three in any one second where they take more than a quarter of the picture.

A change is between a peak and the valley next to it, over however many frames. Small patterns average out in the cells that
the picture is measured on, as WCAG excepts fine patterns. Not measured: regular patterns (stripes), and flashing at the allowed
rate that lasts more than 5 s. This is no certified test.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction

import cv2
import numpy as np
import numpy.typing as npt

from vidgen.qc.light import SDR_WHITE, UNIT, Light

MOST = 3
"""Flashes in any one second that are allowed."""

LUMINANCE_CHANGE, DARK = 20 * UNIT, 160 * UNIT
RED_CHANGE = int(SDR_WHITE * UNIT) * 20 // 320 + 1

Cells = npt.NDArray[np.int32]
Marks = npt.NDArray[np.bool_]


class Swings:
    """The changes of each cell between its peaks and valleys.

    A change counts once, in the frame in which it reaches ``least``, if the cell is marked at either end of it. Before the
    first frame the screen is black. ``black``: whether black is marked.
    """

    def __init__(self, least: int, black: bool) -> None:
        self._least, self._black = least, black
        self._began = False
        self._none: Marks | None = None

    def add(self, level: Cells, mark: Marks) -> tuple[Marks, Marks]:
        """The next frame: which cells have just risen, and which have just fallen."""
        if not self._began and int(level.max()) < self._least:
            if self._none is None:
                self._none = np.zeros(level.shape, np.bool_)
            return self._none, self._none  # nothing that differs enough from black yet: most films have no strong red
        if not self._began:
            self._began = True
            self._low, self._high = np.zeros_like(level), np.zeros_like(level)
            self._low_mark, self._high_mark = np.full_like(mark, self._black), np.full_like(mark, self._black)
            self._way = np.zeros(level.shape, np.int8)
        for ends, marks, further in (
            (self._low, self._low_mark, level < self._low),
            (self._high, self._high_mark, level > self._high),
        ):
            np.copyto(ends, level, where=further)
            np.copyto(marks, mark, where=further)
        rose = (level - self._low >= self._least) & (self._way <= 0) & (self._low_mark | mark)
        fell = (self._high - level >= self._least) & (self._way >= 0) & (self._high_mark | mark) & ~rose
        self._turn(rose, 1, self._high, self._high_mark, level, mark)
        self._turn(fell, -1, self._low, self._low_mark, level, mark)
        return rose, fell

    def _turn(self, turned: Marks, way: int, ends: Cells, marks: Marks, level: Cells, mark: Marks) -> None:
        """Cells that changed look for the other end from here on."""
        self._way[turned] = way
        np.copyto(ends, level, where=turned)
        np.copyto(marks, mark, where=turned)


class FlashCounter:
    """Counts flashes of one kind over the film, by the changes of cells.

    It counts in two ways, and the greater number holds: how often more than a quarter of the cells flash, each for itself; and
    how often more than a quarter of them changes in one frame, wherever in the picture.

    Attributes:
        most: greatest number of flashes in any one second.
        at: ticks at which a second with more than ``MOST`` of them begins first, else that of ``most``.
    """

    def __init__(self, least: int, tick: Fraction, *, black: bool) -> None:
        self.most, self.at = 0, 0
        self._swings, self._tick = Swings(least, black), tick
        self._changes: deque[tuple[int, Marks]] = deque()
        self._counts: npt.NDArray[np.int16] | None = None
        self._wide: deque[int] = deque()
        self._way = 0

    def add(self, at: int, level: Cells, mark: Marks) -> None:
        """The next frame, at this time in ticks."""
        rose, fell = self._swings.add(level, mark)
        changed = rose | fell
        if self._counts is None:
            self._counts = np.zeros(level.shape, np.int16)
        while self._changes and self._gone(self._changes[0][0], at):
            self._counts -= self._changes.popleft()[1]
        while self._wide and self._gone(self._wide[0], at):
            self._wide.popleft()
        if not changed.any():
            return
        self._counts += changed
        self._changes.append((at, changed))
        self._count_wide(at, rose, fell)
        flashes = self.most
        while large(self._counts >= 2 * (flashes + 1)):
            flashes += 1
        flashes = max(flashes, len(self._wide) // 2)
        if flashes > self.most:
            if self.most <= MOST:
                self.at = self._changes[0][0]
            self.most = flashes

    def _gone(self, then: int, now: int) -> bool:
        return (now - then) * self._tick > 1

    def _count_wide(self, at: int, rose: Marks, fell: Marks) -> None:
        """Where much of the picture changed in one frame: a change, if the last such one was the other way."""
        for way, cells in ((1, rose), (-1, fell)):
            if way != self._way and large(cells):
                self._way = way
                self._wide.append(at)
                return


def large(cells: Marks) -> bool:
    """Whether more than a quarter of the picture is marked."""
    return 4 * int(np.count_nonzero(cells)) > cells.size


class FlashMeter:
    """Luminance flashes and red flashes of a film."""

    def __init__(self, light: Light, tick: Fraction) -> None:
        self._light = light
        self.luminance = FlashCounter(LUMINANCE_CHANGE, tick, black=True)
        self.red = FlashCounter(RED_CHANGE, tick, black=False)

    def add(self, at: int, light: Cells) -> None:
        """The next frame: light of R, G and B, [rows, columns, 3], in hundredths of a cd/m2."""
        luminance = self._light.luminance(light)
        self.luminance.add(at, luminance, luminance < DARK)
        red, green, blue = cv2.split(light)
        others = green + blue
        saturated = (red >= 4 * others) & (red > 0)
        self.red.add(at, np.maximum(red - others, 0), saturated)
