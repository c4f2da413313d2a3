"""Sizes of the test clips, and what is read back from films of them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from vidgen.cut.timeline import Timeline, TimelineShot
from vidgen.media.frames import read_frames

WIDTH, HEIGHT, RATE = 96, 64, Fraction(24)
STEP = 3
"""Grey levels from one frame of a clip to the next."""

MakeShot = Callable[..., TimelineShot]


def level(base: int, frame: int) -> int:
    """The grey level of a frame of a clip."""
    return base + STEP * frame


def film_of(*shots: TimelineShot, rate: Fraction = RATE, **other: object) -> Timeline:
    return Timeline(rate, WIDTH, HEIGHT, shots, **other)


def levels(path: Path) -> list[float]:
    """The mean grey level of every frame of a film."""
    return [float(frame.mean()) for frame in read_frames(path)]
