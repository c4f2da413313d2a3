"""Flat shapes with an ink line, drawn straight into a picture. All are hulls of circles: a limb, a skull, a rounded box."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from vidgen.engines.previz.noise import Array

Circle = tuple[float, float, float]
"""x (right), y (up) and radius, in a drawing's own units."""
Paint = tuple[float, float, float, float]
"""RGB and alpha, 0-255; a picture without alpha takes the first three."""

_FINE, _SHIFT, _FAR = 16, 4, 20000.0
_LINE_FROM, _SHADE_FROM = 40.0, 70.0
"""Pixels of a drawing's unit from which on it has an ink line, and a lit side."""
_BOLDEST = 0.0055
"""The boldest ink line, as a share of the picture's height."""
_LIT, _AWAY = 0.80, 0.34
"""The lit side of a circle: its radius, and how far it lies off the middle, as shares of the circle's radius."""


class Part(NamedTuple):
    """Shapes of one tone that hold together. ``depth``: the larger, the nearer. Without an ink ``line`` they are flat: nothing
    of them is in shade."""

    tone: str
    hulls: Sequence[Sequence[Circle]]
    depth: float = 0.0
    line: bool = True


@dataclass(frozen=True)
class Style:
    """The colours of a drawing. ``tones``: the lit and the shaded paint of each tone; ``line``: the width of the ink line in
    units of the drawing; ``light``: +1 where the light comes from the right, -1 from the left."""

    tones: Mapping[str, tuple[Paint, Paint]]
    ink: Paint
    line: float = 0.006
    light: float = 1.0

    def turned(self) -> Style:
        """The same for a drawing that is mirrored."""
        return Style(self.tones, self.ink, self.line, -self.light)


def placed(matrix: Array, u: float, foot: float, size: float, mirrored: bool = False) -> Array:
    """[2, 3]: from a drawing's units to pixels. It stands at (u, foot) of the base picture, ``size`` frame heights a unit;
    ``matrix`` [3, 3] leads from the base picture to pixels."""
    way = -size if mirrored else size
    return np.asarray((matrix @ np.array([[way, 0, u], [0, -size, foot], [0, 0, 1]]))[:2])


def draw(picture: Array, parts: Iterable[Part], affine: Array, style: Style) -> None:
    """Draw parts from far to near into [H, W, 3 or 4] uint8."""
    ordered = sorted(parts, key=lambda part: part.depth)
    circles = np.array([circle for part in ordered for hull in part.hulls for circle in hull], np.float64).reshape(-1, 3)
    if not len(circles):
        return
    scale = math.sqrt(abs(affine[0, 0] * affine[1, 1] - affine[0, 1] * affine[1, 0]))
    at, radius = circles[:, :2] @ affine[:, :2].T + affine[:, 2], circles[:, 2] * scale
    height, width = picture.shape[:2]
    reach = radius.max() + 4
    if (at.max(axis=0) < -reach).any() or at[:, 0].min() > width + reach or at[:, 1].min() > height + reach:
        return
    rim = _rim(48 if reach > 34 else 12 if scale < 150 else 20 if scale < 600 else 36)
    line = min(max(style.line * scale, 0.6), _BOLDEST * height) if style.line and scale >= _LINE_FROM else 0.0
    fills = _points(at, np.maximum(radius, 0.35), rim)
    inked = _points(at, radius + line, rim) if line else fills
    away = np.array([style.light, -0.7]) * _AWAY / math.hypot(1, 0.7)
    lit = _points(at + radius[:, None] * away, radius * _LIT, rim) if scale >= _SHADE_FROM else None
    begin = 0
    for part in ordered:
        spans = []
        for hull in part.hulls:
            spans.append(slice(begin, begin + len(hull)))
            begin += len(hull)
        light, shade = style.tones[part.tone]
        if line and part.line:
            _fill(picture, inked, spans, style.ink)
        flat = lit is None or not part.line or light == shade
        _fill(picture, fills, spans, light if flat else shade)
        if lit is not None and not flat:
            _fill(picture, lit, spans, light)


def _fill(picture: Array, points: Array, spans: Iterable[slice], paint: Paint) -> None:
    for span in spans:
        hull = cv2.convexHull(points[span].reshape(-1, 1, 2))
        cv2.fillConvexPoly(picture, hull, paint, cv2.LINE_AA, _SHIFT)


def _points(at: Array, radius: Array, rim: Array) -> Array:
    """[N, points, 2] int32, in 16ths of a pixel: the rims of circles."""
    points = at[:, None, :] + radius[:, None, None] * rim[None]
    return np.asarray(np.round(np.clip(points, -_FAR, _FAR) * _FINE), np.int32)


@functools.cache
def _rim(points: int) -> Array:
    turn = np.arange(points) * (2 * math.pi / points)
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)
