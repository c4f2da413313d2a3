"""Cuts pictures that are too large for a network into tiles, and puts the enlarged tiles together without seams.

A tile is given to the network with ``overlap`` pixels of its surroundings. Where that covers the network's receptive field,
the result is the untiled one; where that would cost too much, neighbours are blended over ``feather`` pixels on both sides
of their seam. A tile that ends at the picture's edge ends there for the network too.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from vidgen.errors import ProcessingError
from vidgen.post.stages import Picture

FLOOR = 32
"""Sides of tiles are not halved below this many pixels."""

Run = Callable[[Sequence[Picture]], list[Picture]]


class ShortOfMemory(Exception):
    """An engine ran out of memory; nothing of the picture was made."""


@dataclass(frozen=True)
class Span:
    """Pixels ``start`` to ``end`` of one side of the picture, and what the network is given of it: ``low`` to ``high``."""

    start: int
    end: int
    low: int
    high: int


def spans(length: int, tile: int, overlap: int) -> list[Span]:
    """``length`` pixels in equal parts of at most ``tile``, each with ``overlap`` around it within the picture."""
    count = math.ceil(length / tile)
    edges = [length * index // count for index in range(count + 1)]
    return [Span(a, b, max(0, a - overlap), min(length, b + overlap)) for a, b in zip(edges, edges[1:], strict=False)]


class Tiler:
    """Enlarges pictures of any size with a network that takes only so many pixels at once.

    Args:
        run: the network: pictures of one size and depth in, the same ``factor`` times larger out; raises ShortOfMemory.
        overlap, feather: see the module, in pixels of the source.
        tile: the longest side of a tile without its overlap; None: as large as ``pixels`` allows.
        pixels: how many pixels, overlap and all pictures of a call together, the network is given at most.
        workers: how many threads call ``run``, each with one picture or tile; 1: the caller's, with all pictures at once.
    """

    def __init__(
        self, run: Run, factor: int, overlap: int, feather: int = 0, *, tile: int | None, pixels: int, workers: int = 1
    ) -> None:
        self.run, self.factor, self.overlap, self.feather = run, factor, overlap, feather
        self.tile, self.pixels = tile, pixels
        self._pool = ThreadPoolExecutor(workers, "enlarge") if workers > 1 else None

    def enlarge(self, pictures: Sequence[Picture]) -> list[Picture]:
        """[h, w, 3] to [factor*h, factor*w, 3] each. Raises ProcessingError where even small tiles need too much memory."""
        while True:
            tile = self._side(pictures)
            try:
                return self._tiled(pictures, tile)
            except ShortOfMemory as error:
                reason = str(error)
            self._smaller(pictures, tile, reason)

    def _side(self, pictures: Sequence[Picture]) -> int:
        height, width = _size(pictures[0])
        if self.tile:
            return max(self.tile, 1)
        together = 1 if self._pool else len(pictures)
        if height * width * together <= self.pixels:
            return max(height, width)
        return max(FLOOR, math.isqrt(self.pixels // together) - 2 * self.overlap)

    def _smaller(self, pictures: Sequence[Picture], tile: int, reason: str) -> None:
        """Halve the tiles, for this picture and all that follow."""
        used = min(tile, max(pictures[0].shape[:2]))
        if used <= FLOOR:
            raise ProcessingError(
                "post.out_of_memory",
                f"enlarging ran out of memory even with tiles of {used} pixels: {reason}",
                hint="close other programs, take realesr-animevideov3, or run on the CPU with --engine ncnn",
            )
        self.tile = max(FLOOR, used // 2)

    def _tiled(self, pictures: Sequence[Picture], tile: int) -> list[Picture]:
        height, width = pictures[0].shape[:2]
        rows, columns = spans(height, tile, self.overlap), spans(width, tile, self.overlap)
        places = [(row, column) for row in rows for column in columns]
        sheets = [_Sheet(picture, self.factor, self._band(rows, columns)) for picture in pictures]
        groups = [[index] for index in range(len(pictures))] if self._pool else [list(range(len(pictures)))]
        jobs = [(place, group) for place in places for group in groups]

        def work(job: tuple[tuple[Span, Span], list[int]]) -> None:
            (row, column), group = job
            crops: list[Picture] = [pictures[i][row.low : row.high, column.low : column.high] for i in group]
            for index, large in zip(group, self.run(crops), strict=True):
                sheets[index].lay(large, row, column)

        for _ in (self._pool.map if self._pool else map)(work, jobs):
            pass
        return [sheet.picture() for sheet in sheets]

    def _band(self, rows: list[Span], columns: list[Span]) -> int:
        """How far to both sides of a seam tiles are blended: never past the middle of a tile."""
        cut = [span for side in (rows, columns) if len(side) > 1 for span in side]
        return min([self.feather, self.overlap, *((span.end - span.start) // 2 for span in cut)])


class _Sheet:
    """One enlarged picture while its tiles come in; ``band`` is 0 where tiles are cut and not blended."""

    def __init__(self, source: Picture, factor: int, band: int) -> None:
        self.height, self.width = source.shape[:2]
        self.factor, self.band, self.kind = factor, band, source.dtype
        shape = (self.height * factor, self.width * factor, 3)
        self.sums = np.zeros(shape, np.float32) if band else None
        self.whole: Picture | None = None
        self.turn = threading.Lock()

    def lay(self, large: Picture, row: Span, column: Span) -> None:
        """Put one tile in its place."""
        (top, rows, down), (left, columns, right) = self._reach(row, self.height), self._reach(column, self.width)
        part = large[rows, columns]
        if self.sums is None:
            self._cut(part, top, down, left, right)
            return
        weights = self._ramp(row, self.height)[:, None, None] * self._ramp(column, self.width)[None, :, None]
        with self.turn:
            self.sums[top:down, left:right] += part * weights

    def _cut(self, part: Picture, top: int, down: int, left: int, right: int) -> None:
        shape = (self.height * self.factor, self.width * self.factor, 3)
        if part.shape == shape:
            self.whole = part
            return
        with self.turn:
            if self.whole is None:
                self.whole = cast("Picture", np.empty(shape, self.kind))
        self.whole[top:down, left:right] = part

    def picture(self) -> Picture:
        """All tiles together."""
        if self.sums is None:
            assert self.whole is not None
            return self.whole
        return cast("Picture", np.rint(self.sums).astype(self.kind))

    def _reach(self, span: Span, length: int) -> tuple[int, slice, int]:
        """From where to where a tile counts in the result, and which part of the tile that is."""
        low, high = max(0, span.start - self.band), min(length, span.end + self.band)
        scale = self.factor
        return low * scale, slice((low - span.low) * scale, (high - span.low) * scale), high * scale

    def _ramp(self, span: Span, length: int) -> npt.NDArray[np.float32]:
        """A tile's weights along one side: neighbours' add up to 1."""
        low, high = max(0, span.start - self.band), min(length, span.end + self.band)
        at = np.arange(low * self.factor, high * self.factor, dtype=np.float32) + 0.5
        weights = np.ones_like(at)
        if span.start > 0:
            weights *= _rise(at, span.start * self.factor, self.band * self.factor)
        if span.end < length:
            weights *= 1 - _rise(at, span.end * self.factor, self.band * self.factor)
        return weights


def _size(picture: Picture) -> tuple[int, int]:
    return int(picture.shape[0]), int(picture.shape[1])


def _rise(at: npt.NDArray[np.float32], edge: int, band: int) -> npt.NDArray[np.float32]:
    return np.clip((at - (edge - band)) / (2 * band), 0, 1)


def planes(picture: Picture) -> Iterator[npt.NDArray[np.float32]]:
    """A picture's red, green and blue as 0 to 1."""
    top = np.float32(np.iinfo(picture.dtype).max)
    for channel in range(3):
        yield picture[..., channel].astype(np.float32) / top


def from_planes(floats: npt.NDArray[np.float32], like: Picture) -> Picture:
    """[3, h, w] of 0 to 1, cut to that, as a picture of the depth of ``like``."""
    import cv2

    top, depth = float(np.iinfo(like.dtype).max), cv2.CV_8U if like.dtype == np.uint8 else cv2.CV_16U
    whole: Any = cv2.merge([cv2.multiply(plane, top, dtype=depth) for plane in floats])  # type: ignore[call-overload]
    return cast("Picture", whole)
