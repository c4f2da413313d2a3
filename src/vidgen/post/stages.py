"""The interface of engines that interpolate and enlarge. An engine is one of two kinds.

A *filter* engine is a step of the ffmpeg graph. A *picture* engine is Python: it is given RGB frames and gives RGB frames;
timing, cuts, duplicates, exact counts and exact sizes are kept for it, so that it holds nothing but its model.

Pictures are [height, width, 3] RGB, full range: uint8 (0-255), or uint16 (0-65535) where the film has more than 8 bits. An
engine gives what it was given: uint16 in, uint16 out. It may be called from several threads, and takes them in turn where its
network needs that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from vidgen.media.probe import MediaInfo

    Picture = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
else:
    Picture = Any  # choosing an engine does not load numpy


@dataclass(frozen=True)
class Form:
    """Size in pixels and frames per second of a stream."""

    width: int
    height: int
    rate: Fraction

    @property
    def even_size(self) -> tuple[int, int]:
        """Width and height as they are encoded: 4:2:0 colour needs even sides, so an odd one gets one pixel more."""
        return self.width + self.width % 2, self.height + self.height % 2


def upright_form(info: MediaInfo) -> Form:
    """The form in which a clip is decoded: as it is displayed, or the part of that which is used."""
    width, height = (max(2, side) for side in info.crop or info.display_size)
    return Form(width, height, info.rate)


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


@dataclass(frozen=True)
class Pair:
    """Two neighbours of one size, never from two sides of a cut, never equal; and the moments that are wanted between them:
    ``times``, ascending, each above 0 and below 1, the share of the way to ``after``.
    """

    before: Picture
    after: Picture
    times: tuple[float, ...]


class PairInterpolator(Engine):
    """Makes pictures between two pictures in Python."""

    batch: int = 1
    """How many pairs it is best given at once: more than one only where that is faster."""

    @abstractmethod
    def between(self, pairs: Sequence[Pair]) -> list[list[Picture]]:
        """For each pair one picture for each of its times. At most ``batch`` pairs, all of one size and depth."""


class FilterUpscaler(Engine):
    """Enlarges within ffmpeg."""

    @abstractmethod
    def filter(self, width: int, height: int) -> str:
        """A filter without labels: yuv pictures in, the same of the given size out."""


class FrameUpscaler(Engine):
    """Enlarges in Python, by ``factor`` along each side."""

    factor: int
    batch: int = 1
    """How many pictures it is best given at once."""

    @abstractmethod
    def enlarge(self, pictures: Sequence[Picture]) -> list[Picture]:
        """The pictures enlarged: [h, w, 3] to [factor*h, factor*w, 3]. At most ``batch``, all of one size and depth. The exact
        size that is wanted is then made of them by resampling.
        """


Interpolator = FilterInterpolator | PairInterpolator
Upscaler = FilterUpscaler | FrameUpscaler
