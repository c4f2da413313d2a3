"""A sheet of paper in the world: painters draw on it in world units; it becomes an 8-bit picture with transparency."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import cv2
import numpy as np

from vidgen.engines.previz.noise import Array, random_for

_SHIFT = 4
_HALF = 1 << _SHIFT - 1
_FAR = 30000.0 * (1 << _SHIFT)
_BAND = 1 << 14
_FEW = 24
"""Points that are reckoned sooner one by one than together."""
Points = Sequence[Sequence[float]] | Array
Box = tuple[float, float, float, float]
"""left, top, right, bottom in world units."""


class Sheet:
    """``rgba`` [H, W, 4] uint8, colours already multiplied by alpha; pixel (0, 0) lies at world (``u0``, ``v0``)."""

    def __init__(self, box: Box, density: float, seed: int = 0) -> None:
        self.u0, self.v0 = box[0], box[1]
        self.density = density
        self.width = max(2, int(np.ceil((box[2] - box[0]) * density)))
        self.height = max(2, int(np.ceil((box[3] - box[1]) * density)))
        self.rgba: Array = np.zeros((self.height, self.width, 4), np.uint8)
        self._noise = random_for(seed, "dither")

    @property
    def u(self) -> Array:
        """[W] float32: world u of the pixel columns."""
        return (self.u0 + (np.arange(self.width, dtype=np.float32) + 0.5) / self.density).astype(np.float32)

    @property
    def v(self) -> Array:
        """[H] float32: world v of the pixel rows."""
        return (self.v0 + (np.arange(self.height, dtype=np.float32) + 0.5) / self.density).astype(np.float32)

    @property
    def box(self) -> Box:
        """What the sheet covers, in world units."""
        return self.u0, self.v0, self.u0 + self.width / self.density, self.v0 + self.height / self.density

    def pixels(self, points: Points) -> Array:
        """World points [N, 2] as OpenCV's fixed-point pixels."""
        if not isinstance(points, np.ndarray) and len(points) < _FEW:
            return np.array([self._pixel(u, v) for u, v in points], np.int32)
        at = (np.asarray(points, np.float64) - (self.u0, self.v0)) * self.density - 0.5
        return np.round(np.clip(at, -30000, 30000) * (1 << _SHIFT)).astype(np.int32)

    def _pixel(self, u: float, v: float) -> tuple[int, int]:
        """One point, as ``pixels`` gives it; a tree has thousands of leaves."""
        one = 1 << _SHIFT
        x, y = ((u - self.u0) * self.density - 0.5) * one, ((v - self.v0) * self.density - 0.5) * one
        return round(min(max(x, -_FAR), _FAR)), round(min(max(y, -_FAR), _FAR))

    def poly(self, points: Points, colour: Any) -> None:
        """Fill a polygon with an opaque colour ([3], 0-1), edges smooth."""
        cv2.fillPoly(self.rgba, [self.pixels(points)], _paint(colour), cv2.LINE_AA, _SHIFT)

    def polys(self, many: Iterable[Points], colour: Any) -> None:
        """Fill several polygons as one shape (overlaps of an even number are holes)."""
        cv2.fillPoly(self.rgba, [self.pixels(points) for points in many], _paint(colour), cv2.LINE_AA, _SHIFT)

    def line(self, points: Points, colour: Any, width: float) -> None:
        """A line through points; ``width`` in world units."""
        thick = max(1, round(width * self.density))
        cv2.polylines(self.rgba, [self.pixels(points)], False, _paint(colour), thick, cv2.LINE_AA, _SHIFT)

    def dot(self, u: float, v: float, radius: float, colour: Any) -> None:
        """A filled circle."""
        size = max(1, round(radius * self.density * (1 << _SHIFT)))
        cv2.circle(self.rgba, self._pixel(u, v), size, _paint(colour), -1, cv2.LINE_AA, _SHIFT)

    def leaf(self, u: float, v: float, size: tuple[float, float], angle: float, colour: Any) -> None:
        """A filled ellipse; ``size`` half axes in world units, ``angle`` in degrees."""
        one = self.density * (1 << _SHIFT)
        axes = max(4, round(size[0] * one)), max(4, round(size[1] * one))
        at = round((u - self.u0) * one) - _HALF, round((v - self.v0) * one) - _HALF
        if abs(at[0]) > _FAR or abs(at[1]) > _FAR:
            at = self._pixel(u, v)
        cv2.ellipse(self.rgba, at, axes, angle, 0, 360, _paint(colour), -1, cv2.LINE_AA, _SHIFT)

    def mask(self, many: Iterable[Points]) -> Array:
        """[H, W] float32 coverage 0-1 of polygons."""
        out = np.zeros((self.height, self.width), np.uint8)
        cv2.fillPoly(out, [self.pixels(points) for points in many], 255, cv2.LINE_AA, _SHIFT)
        return out.astype(np.float32) / 255

    def window(self, box: Box) -> tuple[slice, slice]:
        """Rows and columns of the pixels inside a world box, clipped to the sheet."""
        left, top, right, bottom = ((np.array(box) - (self.u0, self.v0, self.u0, self.v0)) * self.density).tolist()
        rows = slice(max(0, int(top)), max(0, min(self.height, int(np.ceil(bottom)))))
        return rows, slice(max(0, int(left)), max(0, min(self.width, int(np.ceil(right)))))

    def blend(self, colour: Array, alpha: Any, rows: slice = slice(None), columns: slice = slice(None)) -> None:
        """Lay colour ([3] or [h, w, 3], 0-1) over a window with coverage ``alpha`` (number or [h, w], 0-1)."""
        target = self.rgba[rows, columns]
        if not target.size:
            return
        cover = np.broadcast_to(np.asarray(alpha, np.float32), target.shape[:2])[..., None]
        paint = np.broadcast_to(colour, (*target.shape[:2], 3))
        for band in _bands(target):
            share = np.ascontiguousarray(cover[band, :, 0])
            parts = [share * part for part in cv2.split(np.ascontiguousarray(paint[band], np.float32))]
            new = cv2.merge([*parts, share])
            out = cv2.multiply(target[band], cv2.merge([1 - share] * 4), dtype=cv2.CV_32F)
            target[band] = self._dithered(cv2.scaleAdd(new, 255, out))

    def tint(self, colour: Array, amount: Any, rows: slice = slice(None), columns: slice = slice(None)) -> None:
        """Mix what is painted with a colour, leaving the coverage as it is: air, shadow, glow on a silhouette."""
        target = self.rgba[rows, columns]
        if not target.size:
            return
        share = np.broadcast_to(np.asarray(amount, np.float32), target.shape[:2])
        paint = np.broadcast_to(colour, (*target.shape[:2], 3))
        for band in _bands(target):
            *levels, cover = cv2.split(target[band].astype(np.float32))
            parts = cv2.split(np.ascontiguousarray(paint[band], np.float32))
            mixed = [level + (part * cover - level) * share[band] for level, part in zip(levels, parts, strict=True)]
            target[band] = self._dithered(cv2.merge([*mixed, cover]))

    def light(self, factor: Any) -> None:
        """Multiply what is painted by a factor ([3] or [H, W] or [H, W, 3])."""
        by = np.asarray(factor, np.float32)
        by = np.broadcast_to(by[..., None] if by.ndim == 2 else by, (self.height, self.width, 3))
        for band in _bands(self.rgba):
            out = self.rgba[band].astype(np.float32)
            out[..., :3] = np.minimum(out[..., :3] * by[band], out[..., 3:])
            self.rgba[band] = self._dithered(out)

    def erase(self, keep: Array) -> None:
        """Multiply coverage by ``keep`` ([H, W] or [H, 1], 0-1)."""
        share = np.broadcast_to(np.asarray(keep, np.float32), (self.height, self.width))[..., None]
        for band in _bands(self.rgba):
            self.rgba[band] = self._dithered(self.rgba[band].astype(np.float32) * share[band])

    def blur(self, radius: float) -> None:
        """Soften everything; ``radius`` (sigma) in world units."""
        sigma = radius * self.density
        if sigma > 0.4:
            self.rgba = cv2.GaussianBlur(self.rgba, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)

    def _dithered(self, picture: Array) -> Array:
        """To 8 bit with noise of one step, so that slow gradients show no bands."""
        grain = self._noise.random(picture.shape[:2], np.float32)
        picture = cv2.add(picture, cv2.merge([grain, grain, grain, np.full_like(grain, 0.5)]), picture)
        levels = np.clip(picture, 0, 255, out=picture).astype(np.uint8)
        return cv2.min(levels, cv2.merge([cv2.extractChannel(levels, 3)] * 4))


def _bands(picture: Array) -> Iterator[slice]:
    """The rows of a picture in pieces that stay in the processor's cache."""
    rows = max(1, _BAND // max(1, picture.shape[1]))
    return (slice(top, top + rows) for top in range(0, picture.shape[0], rows))


def _paint(colour: Any) -> tuple[float, float, float, float]:
    red, green, blue = colour.tolist() if isinstance(colour, np.ndarray) else colour
    return red * 255, green * 255, blue * 255, 255.0  # OpenCV cuts off what is below 0 or above 255
