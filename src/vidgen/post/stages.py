"""The interface of engines that interpolate and enlarge. An engine is one of two kinds.

A *filter* engine is a step of the ffmpeg graph. A *picture* engine is Python: it is given RGB frames and gives RGB frames;
timing, scene changes, duplicates, exact counts and exact sizes are kept for it, so that it holds nothing but its model.

Pictures are [height, width, 3] RGB, full range: uint8 (0-255), or uint16 (0-65535) where the film has more than 8 bits. An
engine gives what it was given, uint16 for uint16, in arrays of its own that it does not change later, and leaves its input
as it is. Built-in engines may be called from several threads; those of other packages are called from one at a time.
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


class PostEngine(ABC):
    """Base of all. Importing its module loads nothing heavy; ``load``, or making one, may."""

    name: str
    """As in ``--engine NAME``: the name of its entry point."""

    model: str | None = None
    """Name of the model, where the engine has several."""

    version: str = ""
    """Changes whenever the same pictures would come out different. What was made with another version is made again."""

    seconds_per_megapixel: float | None = None
    """About how long a million pixels that go in take on the CPU; None: as long as with the slowest engine of vidgen's own."""

    @classmethod
    def available(cls) -> str | None:
        """None where the engine can run here; else one line that says what is missing. Quick, no network."""
        return None


class FilterInterpolator(PostEngine):
    """Interpolates within ffmpeg."""

    @abstractmethod
    def filter(self, rate: Fraction) -> str:
        """A filter without labels: frames at their own times in, frames at every multiple of 1/rate out.

        It is given a piece of film without a scene change, with its last frame repeated at the end.
        """


@dataclass(frozen=True)
class Pair:
    """Two neighbours of one size, never from two sides of a scene change, never equal, and the moments between them for which
    a picture is needed: ``times``, ascending, each above 0 and below 1, the share of the way to ``after``.
    """

    before: Picture
    after: Picture
    times: tuple[float, ...]


class PairInterpolator(PostEngine):
    """Makes pictures between two pictures in Python."""

    batch: int = 1
    """How many pairs it is best given at once: more than one only where that is faster."""

    @classmethod
    def load(cls) -> PairInterpolator:
        """The engine, ready to work; what it needs to be read or downloaded is read here."""
        return cls()

    @abstractmethod
    def between(self, pairs: Sequence[Pair]) -> list[list[Picture]]:
        """For each pair one picture for each of its times. At most ``batch`` pairs, all of one size and depth."""


class FilterUpscaler(PostEngine):
    """Enlarges within ffmpeg."""

    @abstractmethod
    def filter(self, width: int, height: int) -> str:
        """A filter without labels: yuv pictures in, the same of the given size out."""


class FrameUpscaler(PostEngine):
    """Enlarges in Python, by ``factor`` along each side."""

    factor: int
    """How many times wider and higher its pictures are. Where the film needs another size, they are resampled to it."""

    batch: int = 1
    """How many pictures it is best given at once."""

    @classmethod
    def load(cls, factor: int, tile: int | None = None) -> FrameUpscaler:
        """The engine, ready to work.

        Args:
            factor: 2, 3 or 4: how many times larger the picture has to become at least. The engine may have another.
            tile: longest side of a tile in pixels of the source, where the user asks for one; None: as fits.
        """
        return cls()

    @abstractmethod
    def enlarge(self, pictures: Sequence[Picture]) -> list[Picture]:
        """The pictures enlarged: [h, w, 3] to [factor*h, factor*w, 3]. At most ``batch``, all of one size and depth. They
        are then resampled to the exact size of the film.
        """


Interpolator = FilterInterpolator | PairInterpolator
Upscaler = FilterUpscaler | FrameUpscaler
