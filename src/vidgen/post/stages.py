"""The interface of engines that interpolate and enlarge. An engine is one of two kinds.

A *filter* engine is a step of the ffmpeg graph. A *picture* engine is Python: it is given RGB frames and gives RGB frames;
timing, cuts, duplicates, exact counts and exact sizes are kept for it, so that it holds nothing but its model.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from vidgen.media.frames import Frame


@dataclass(frozen=True)
class Form:
    """Size in pixels and frames per second of a stream."""

    width: int
    height: int
    rate: Fraction


class Engine(ABC):
    """Base of all: ``name`` as on the command line, ``model`` where it has several."""

    name: str
    model: str | None = None


class FilterInterpolator(Engine):
    """Interpolates within ffmpeg."""

    @abstractmethod
    def filter(self, rate: Fraction) -> str:
        """A filter without labels: frames at their own times in, frames at every multiple of 1/rate out.

        It is given one uncut piece of film, with its last frame repeated at the end, and need not look for cuts.
        """


class PairInterpolator(Engine):
    """Makes pictures between two pictures in Python."""

    @abstractmethod
    def between(self, before: Frame, after: Frame, times: Sequence[float]) -> list[Frame]:
        """One picture for each of ``times`` (ascending, each above 0 and below 1: the share of the way to ``after``).

        Both frames are [height, width, 3] uint8 RGB of one size, never from two sides of a cut, never equal.
        """


class FilterUpscaler(Engine):
    """Enlarges within ffmpeg."""

    @abstractmethod
    def filter(self, width: int, height: int) -> str:
        """A filter without labels: yuv pictures in, the same of the given size out."""


class FrameUpscaler(Engine):
    """Enlarges in Python, by ``factor`` along each side."""

    factor: int

    @abstractmethod
    def enlarge(self, frame: Frame) -> Frame:
        """The picture enlarged: [h, w, 3] to [factor*h, factor*w, 3], uint8 RGB. The exact size that is wanted is then made
        of it by resampling.
        """


Interpolator = FilterInterpolator | PairInterpolator
Upscaler = FilterUpscaler | FrameUpscaler
