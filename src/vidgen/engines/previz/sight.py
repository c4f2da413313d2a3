"""What can be seen of each layer in a frame: not where its sheet is empty, and not where something opaque stands before it.

The frame is looked at in tiles, for a few frames together. A layer says for each tile whether it draws there in any of them and
whether it hides all behind it in all of them; going from front to back tells what is left to draw. Nothing changes in the
picture, only what would be painted over is left out.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from vidgen.engines.previz.noise import Array

_ROWS = 24
"""Tiles from top to bottom of a frame: what a tile saves is worth more than looking at it costs."""
_WORTH = 16
"""A rectangle may hold this many tiles that need not be drawn before it is better cut in two."""
_BLOCK = 16
"""Pixels a side of the blocks in which a sheet's coverage is kept."""


@dataclass(frozen=True)
class Part:
    """A rectangle of the frame in pixels; ``opaque`` where the layer hides all that is behind it."""

    top: int
    left: int
    bottom: int
    right: int
    opaque: bool = False


@dataclass(frozen=True)
class Grid:
    """The tiles of a frame: ``edges_y`` [R + 1] and ``edges_x`` [C + 1] in pixels."""

    edges_y: Array
    edges_x: Array

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.edges_y) - 1, len(self.edges_x) - 1

    @functools.cached_property
    def corners(self) -> Array:
        """[3, (R + 1) * (C + 1)] float64: the tiles' corners, between pixels."""
        x, y = np.meshgrid(self.edges_x - 0.5, self.edges_y - 0.5)
        return np.stack([x.ravel(), y.ravel(), np.ones(x.size)])


@functools.lru_cache(maxsize=16)
def grid_for(width: int, height: int) -> Grid:
    """The tiles of frames of this size."""
    step = -(-height // _ROWS)
    return Grid(np.array([*range(0, height, step), height]), np.array([*range(0, width, step), width]))


@dataclass(frozen=True)
class Sight:
    """For each tile ([R, C] bool): whether a layer ``draws`` there, whether it ``hides`` all behind it, and whether it
    ``reads`` what is behind it there for use elsewhere (a reflection)."""

    draws: Array
    hides: Array
    reads: Array | None = None


class Extent:
    """Where a sheet ([H, W, 4] uint8) holds anything, and where it is opaque; asked about boxes of pixels."""

    def __init__(self, pictures: Sequence[Array]) -> None:
        covers = [cv2.extractChannel(picture, 3) for picture in pictures]
        self.height, self.width = covers[0].shape
        some = functools.reduce(np.logical_or, (_blocks(cover, np.maximum) > 0 for cover in covers))
        full = functools.reduce(np.logical_and, (_blocks(cover, np.minimum) == 255 for cover in covers))
        self._rows, self._columns = some.shape
        self._some, self._full = (cv2.integral(blocks.astype(np.uint8)) for blocks in (some, full))

    def under(self, backs: Array, grid: Grid) -> tuple[Array, Array]:
        """For each tile whether anything of the sheet is ever there, and whether it is always opaque all over it.

        ``backs`` [N, 3, 3] lead from the frame's pixels to the sheet's, one matrix for each of N moments.
        """
        upright = max(np.abs(backs[:, 0, 1]).max() * grid.edges_y[-1], np.abs(backs[:, 1, 0]).max() * grid.edges_x[-1]) < _BLOCK
        if upright and not backs[:, 2, :2].any():
            return self._under_upright(backs, grid)
        at = (backs @ grid.corners).reshape(len(backs), 3, len(grid.edges_y), -1)
        behind = at[:, 2] <= 1e-6
        low, high = _reach(at[:, :2] / np.where(behind, 1e-6, at[:, 2])[:, None])
        low, high = low.min(axis=0), high.max(axis=0)
        partly, seen = _any_corner(behind.any(axis=0)), _any_corner(~behind.all(axis=0))
        inside = (low[0] >= 0) & (high[0] <= self.width - 1) & (low[1] >= 0) & (high[1] <= self.height - 1)
        (a, b), (c, d) = _blocks_between(low[0], high[0], self._columns), _blocks_between(low[1], high[1], self._rows)
        held, solid = (table[d, b] - table[c, b] - table[d, a] + table[c, a] for table in (self._some, self._full))
        some, full = held > 0, inside & (solid == (b - a) * (d - c))
        # A tile that reaches behind the camera may hold anything, one that lies there holds nothing.
        return (some | partly) & seen, full & ~partly

    def _under_upright(self, backs: Array, grid: Grid) -> tuple[Array, Array]:
        """The same where a column of tiles is, to a few pixels, a column of the sheet: edges are found once for all rows."""
        (ax, bx, cx), (ay, by, cy) = backs[:, :2].transpose(1, 2, 0)[..., None]
        lean, tilt = bx * (grid.edges_y[-1] - 0.5), ay * (grid.edges_x[-1] - 0.5)
        x, y = grid.edges_x * ax + (cx - 0.5 * ax), grid.edges_y * by + (cy - 0.5 * by)
        left = (x[:, :-1] + np.minimum(lean, 0)).min(axis=0) - 2
        right = (x[:, 1:] + np.maximum(lean, 0)).max(axis=0) + 2
        top = (y[:, :-1] + np.minimum(tilt, 0)).min(axis=0) - 2
        bottom = (y[:, 1:] + np.maximum(tilt, 0)).max(axis=0) + 2
        (a, b), (c, d) = _blocks_between(left, right, self._columns), _blocks_between(top, bottom, self._rows)
        held, solid = (
            rows.take(b, 1) - rows.take(a, 1)
            for rows in (table.take(d, 0) - table.take(c, 0) for table in (self._some, self._full))
        )
        across, down = (left >= 0) & (right <= self.width - 1), (top >= 0) & (bottom <= self.height - 1)
        return held > 0, (solid == (d - c)[:, None] * (b - a)) & across & down[:, None]


def _any_corner(of: Any) -> Array:
    """[R, C]: whether any corner ([R + 1, C + 1] bool) of a tile is one of these."""
    return np.asarray(of[1:, 1:] | of[1:, :-1] | of[:-1, 1:] | of[:-1, :-1])


def _blocks_between(low: Array, high: Array, count: int) -> tuple[Array, Array]:
    """The first block that these pixels touch and the one after the last, of ``count`` blocks."""
    first, after = (np.minimum(np.maximum(edge * (1 / _BLOCK), 0), count).astype(np.intp) for edge in (low, high + _BLOCK))
    return first, after


def _blocks(cover: Array, of: np.ufunc) -> Array:
    """The greatest or smallest value of every block: [ceil(H / block), ceil(W / block)]."""
    h, w = cover.shape
    even = cv2.copyMakeBorder(cover, 0, -h % _BLOCK, 0, -w % _BLOCK, cv2.BORDER_REPLICATE)
    rows = of.reduce(even.reshape(-1, _BLOCK, even.shape[1]), axis=1)
    return np.asarray(of.reduce(rows.reshape(rows.shape[0], -1, _BLOCK), axis=2))


def _reach(at: Array) -> tuple[Array, Array]:
    """The least and the greatest of each tile's four corners ([..., R + 1, C + 1]), and what a smooth enlargement takes from
    beside them: [..., R, C] each."""
    low, high = np.minimum(at[..., 1:, :], at[..., :-1, :]), np.maximum(at[..., 1:, :], at[..., :-1, :])
    return np.minimum(low[..., 1:], low[..., :-1]) - 1.5, np.maximum(high[..., 1:], high[..., :-1]) + 1.5


def plan(sights: Sequence[Sight | None], grid: Grid) -> list[list[Part] | None]:
    """What each layer has to draw, for layers from back to front; None: it is not known, let it draw."""
    hidden = np.zeros(grid.shape, bool)
    out: list[list[Part] | None] = []
    for sight in reversed(sights):
        if sight is None:
            out.append(None)
            continue
        seen = sight.draws & ~hidden
        out.append(list(_parts(seen, sight.hides | hidden, grid)))
        hidden = hidden | sight.hides
        if sight.reads is not None:
            hidden &= ~sight.reads
    return out[::-1]


def _parts(seen: Array, opaque: Array, grid: Grid) -> Iterator[Part]:
    """Few rectangles that hold all tiles that are ``seen``: strips of neighbouring columns, cut where they turn opaque."""
    for left, right, top, bottom in _strips(seen):
        solid = np.asarray(opaque[top:bottom, left:right].all(axis=1)).tolist()
        begin, x0, x1 = 0, int(grid.edges_x[left]), int(grid.edges_x[right])
        for row in range(1, bottom - top + 1):
            if row == bottom - top or solid[row] != solid[begin]:
                yield Part(int(grid.edges_y[top + begin]), x0, int(grid.edges_y[top + row]), x1, solid[begin])
                begin = row


def _strips(seen: Array) -> Iterator[tuple[int, int, int, int]]:
    """Left, right, top, bottom in tiles; neighbouring columns stay together while that wastes little."""
    columns = np.flatnonzero(seen.any(axis=0))
    tops, bottoms = seen.argmax(axis=0).tolist(), (seen.shape[0] - seen[::-1].argmax(axis=0)).tolist()
    strip: tuple[int, int, int, int] | None = None
    tiles = 0
    for at in columns.tolist():
        top, bottom = tops[at], bottoms[at]
        if strip and strip[1] == at:
            wider = strip[0], at + 1, min(strip[2], top), max(strip[3], bottom)
            if (wider[1] - wider[0]) * (wider[3] - wider[2]) - tiles - (bottom - top) <= _WORTH:
                strip, tiles = wider, tiles + bottom - top
                continue
        if strip:
            yield strip
        strip, tiles = (at, at + 1, top, bottom), bottom - top
    if strip:
        yield strip
