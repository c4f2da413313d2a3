"""Credits that roll: how fast, and where each line is. The text comes up from below the picture and leaves above it.

Letters that move by whole pixels a frame keep their shape; by fractions they shimmer. So lines are set closer or wider until
the speed is whole, as titling programs do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from vidgen.cut.layout import Block

CLOSEST, WIDEST = 0.85, 1.4
"""How far lines may be set closer or wider for a whole speed."""
MOST_BLANK = 0.12
"""Share of the time for which the picture may be left empty at the end for a whole speed."""


@dataclass(frozen=True)
class Roll:
    """``speed``: pixels a frame; ``spacing``: how much wider than usual the lines are set; ``height``: of the picture."""

    speed: float
    spacing: float
    height: int

    def top(self, offset: float, frame: int) -> float:
        """Where a line is in a frame. ``offset``: its place in the text, from ``offsets``."""
        return self.height + offset - self.speed * frame

    def offsets(self, block: Block) -> Iterator[float]:
        """The place of each line in the text, from the top."""
        at = 0.0
        for height in block.heights:
            yield at
            at += height * self.spacing


def roll_of(block: Block, frames: int, height: int) -> Roll:
    """The roll of a text through a picture of ``height`` lines: below it in the first frame, above it in the last."""
    steps = max(1, frames - 1)
    tall = sum(block.heights)
    exact = (height + tall) / steps
    for speed in dict.fromkeys((round(exact), math.floor(exact), math.ceil(exact))):
        spacing = (speed * steps - height) / tall
        if speed and CLOSEST <= spacing <= WIDEST:
            return Roll(speed, spacing, height)
    faster = math.ceil(exact)
    if (height + tall) / faster >= (1 - MOST_BLANK) * steps:
        return Roll(faster, 1.0, height)
    return Roll(exact, 1.0, height)
