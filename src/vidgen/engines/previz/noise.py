"""Seeded randomness that belongs to places in the world, not to pixels: the same spot looks the same in any picture size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from vidgen.engines.previz.seeds import seed_for

Array: TypeAlias = npt.NDArray[Any]
"""Any numpy array; docstrings give shapes and ranges."""

_PERIOD = 256
_CHUNK = 1 << 14


def random_for(seed: int, *names: object) -> np.random.Generator:
    """A generator for a named part of a world; the same names give the same numbers on every machine."""
    return np.random.Generator(np.random.PCG64(seed_for(seed, *names)))


def cells(seed: int, name: str, start: float, stop: float, step: float) -> Iterator[tuple[float, np.random.Generator]]:
    """Left edge and generator of every cell of width ``step`` that touches [start, stop]: things stand still when it grows."""
    for index in range(int(np.floor(start / step)), int(np.ceil(stop / step)) + 1):
        yield index * step, random_for(seed, name, index)


class Field:
    """Smooth value noise over the whole plane, -1 to 1, repeating only after 256 cells."""

    def __init__(self, seed: int, *names: object) -> None:
        rng = random_for(seed, "field", *names)
        self._lattice = (rng.random((_PERIOD, _PERIOD), np.float32) * 2 - 1).astype(np.float32)
        self._line = (rng.random(_PERIOD, np.float32) * 2 - 1).astype(np.float32)
        self._shift: list[float] = (rng.random(64) * _PERIOD).tolist()

    def line(self, x: Array, frequency: float, octaves: int = 5, gain: float = 0.5, ridged: bool = False) -> Array:
        """Fractal noise along a line: same shape as ``x`` (world units), about -1 to 1; ``ridged`` makes sharp crests."""
        total, weight, norm = np.zeros(x.shape, np.float32), 1.0, 0.0
        for octave in range(octaves):
            at = np.asarray(x, np.float64) * frequency * 2.03**octave + self._shift[octave]
            cell = np.floor(at).astype(np.int64)
            blend = _smooth((at - cell).astype(np.float32))
            low, high = self._line[cell % _PERIOD], self._line[(cell + 1) % _PERIOD]
            value = low + (high - low) * blend
            total += weight * ((1 - 2 * np.abs(value)) if ridged else value)
            norm += weight
            weight *= gain
        return total / norm

    def grid(self, u: Array, v: Array, frequency: float, octaves: int = 4, gain: float = 0.5, stretch: float = 1.0) -> Array:
        """Fractal noise on the grid of ``u`` [W] and ``v`` [H] (world units): [H, W] float32; ``stretch`` widens features."""
        total, weight, norm = np.zeros((len(v), len(u)), np.float32), 1.0, 0.0
        for octave in range(octaves):
            scale = frequency * 2.03**octave
            total += weight * self._octave(u * (scale / stretch) + self._shift[octave], v * scale + self._shift[octave + 32])
            norm += weight
            weight *= gain
        return total / norm

    def _octave(self, x: Array, y: Array) -> Array:
        xi, yi = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
        fx, fy = _smooth((x - xi).astype(np.float32)), _smooth((y - yi).astype(np.float32))[:, None]
        columns = np.arange(xi.min(), xi.max() + 2)
        rows = np.take(self._lattice, columns % _PERIOD, axis=1)
        top, bottom = rows[yi % _PERIOD], rows[(yi + 1) % _PERIOD]
        strip = top + (bottom - top) * fy
        left, right = strip[:, xi - columns[0]], strip[:, xi - columns[0] + 1]
        return np.asarray(left + (right - left) * fx, np.float32)

    def at(self, x: Array, y: Array, octaves: int = 4, gain: float = 0.5) -> Array:
        """Fractal noise at any points ``x``, ``y`` (in cells): their shape, float32, about -1 to 1."""
        if x.size > 2 * _CHUNK and x.ndim == 2 and x.shape == y.shape:  # in pieces that stay in the processor's cache
            rows = max(1, _CHUNK // x.shape[1])
            out = np.empty(x.shape, np.float32)
            for top in range(0, x.shape[0], rows):
                out[top : top + rows] = self.at(x[top : top + rows], y[top : top + rows], octaves, gain)
            return out
        total, weight, norm = np.zeros(x.shape, np.float32), 1.0, 0.0
        for octave in range(octaves):
            total += weight * self._point(x * 2.03**octave + self._shift[octave], y * 2.03**octave + self._shift[octave + 32])
            norm += weight
            weight *= gain
        return total / norm

    def _point(self, x: Array, y: Array) -> Array:
        low_x, low_y = np.floor(x), np.floor(y)
        fx, fy = _smooth((x - low_x).astype(np.float32)), _smooth((y - low_y).astype(np.float32))
        xi, yi = low_x.astype(np.int32), low_y.astype(np.int32)
        x0, x1 = xi & (_PERIOD - 1), (xi + 1) & (_PERIOD - 1)
        y0, y1 = (yi & (_PERIOD - 1)) * _PERIOD, ((yi + 1) & (_PERIOD - 1)) * _PERIOD
        flat = self._lattice.ravel()
        top = flat.take(y0 + x0) * (1 - fx) + flat.take(y0 + x1) * fx
        bottom = flat.take(y1 + x0) * (1 - fx) + flat.take(y1 + x1) * fx
        return np.asarray(top + (bottom - top) * fy, np.float32)


def _smooth(share: Array) -> Array:
    return np.asarray(share * share * share * (share * (share * 6 - 15) + 10))


def tile(seed: int, name: str, size: int, cells_across: int, octaves: int = 4) -> Array:
    """Noise that repeats seamlessly: [size, size] float32, about -1 to 1."""
    rng, total, weight, norm = random_for(seed, "tile", name), np.zeros((size, size), np.float32), 1.0, 0.0
    for octave in range(octaves):
        count = cells_across * 2**octave
        if count > size // 2:
            break
        lattice = rng.random((count, count), np.float32) * 2 - 1
        at = np.arange(size, dtype=np.float32) * (count / size)
        low = np.floor(at).astype(int)
        part = _smooth(at - low)
        rows = lattice[low % count] * (1 - part)[:, None] + lattice[(low + 1) % count] * part[:, None]
        total += weight * (rows[:, low % count] * (1 - part) + rows[:, (low + 1) % count] * part)
        norm += weight
        weight *= 0.55
    return total / norm
