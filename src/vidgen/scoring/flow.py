"""Motion between two pictures: dense flow, and what it leaves unexplained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

GRID = (24, 14)
"""Columns and rows of the coarse flow field."""
CELLS = (12, 7)
"""Columns and rows of the patches whose brightness is followed."""
STRUCTURE = 0.6
"""Least structure of a cell whose motion can be told: squared levels a pixel in its weaker direction. Encoded flat areas have
less than a tenth of it."""
LEAST_CELLS = 16

Gray = npt.NDArray[Any]
"""[height, width] uint8 luma."""
Flow = npt.NDArray[Any]


@dataclass(frozen=True)
class Picture:
    """A picture and what is used of it twice, at every second pixel: ``slopes``, its brightness gradient (x, y) in levels a
    pixel, and ``steep``, the length of it. ``fine``: its detail below about 6 pixels, at every pixel.
    """

    gray: Gray
    slopes: tuple[Flow, Flow]
    steep: Flow
    fine: Flow
    firm: Flow
    """[14, 24]: structure of each cell in its weaker direction."""

    @classmethod
    def of(cls, gray: Gray) -> Picture:
        """From its luma."""
        across, down = _derived(gray, 1, 0), _derived(gray, 0, 1)
        xx, yy, xy = (_shrunk(product) for product in (across * across, down * down, across * down))
        weaker = (xx + yy) / 2 - np.sqrt((xx - yy) ** 2 / 4 + xy**2)
        levels = gray.astype(np.float32)
        fine = levels - np.asarray(cv2.GaussianBlur(levels, (0, 0), 2.0))
        return cls(gray, (across, down), cv2.magnitude(across, down), fine, weaker)


@dataclass(frozen=True)
class Pair:
    """What happened between two pictures of one size.

    ``residual``: mean absolute luma difference (levels of 255) left after motion, where motion is certain. ``speed``: mean
    flow in pixels. ``forward`` and ``back``: flow at every second pixel, [h / 2, w / 2, 2] pixels; ``certain``: where the two
    agree. ``grid``: flow on the coarse grid, [14, 24, 2] pixels; ``firm``: where it can be told. ``gains``: [7, 12] change of
    brightness of each patch along its motion, in percent.
    """

    residual: float
    speed: float
    forward: Flow
    back: Flow
    certain: npt.NDArray[np.bool_]
    grid: Flow
    firm: npt.NDArray[np.bool_]
    gains: Flow


class FlowMeter:
    """Measures pairs of pictures. Deterministic: same pictures, same numbers."""

    def __init__(self) -> None:
        self._dis: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._at: tuple[Flow, Flow] | None = None

    def pair(self, before: Picture, after: Picture) -> Pair:
        """Motion from ``before`` to ``after``."""
        forward, backward = self._between(before, after), self._between(after, before)
        grid, firm = _coarse(forward, before)
        forward, back = np.ascontiguousarray(forward[::2, ::2]), np.ascontiguousarray(backward[::2, ::2])
        residual, certain, gains = self._left(before.gray, after.gray, forward, backward)
        speed = float(cv2.magnitude(np.ascontiguousarray(back[..., 0]), np.ascontiguousarray(back[..., 1])).mean())
        return Pair(residual, speed, forward, back, certain, grid, firm, gains)

    def _between(self, before: Picture, after: Picture) -> Flow:
        """Dense flow in pixels, [h, w, 2]; very narrow pictures have none, and OpenCV says NaN of them."""
        return np.asarray(np.nan_to_num(self._dis.calc(before.gray, after.gray, None), copy=False))

    def _left(self, before: Gray, after: Gray, forward: Flow, backward: Flow) -> tuple[float, npt.NDArray[np.bool_], Flow]:
        """Mean |after moved back - before| where forward and backward flow agree (Ruder et al. 2016), else over all; where they
        do; and the gain of each patch. Looked at in every second pixel.
        """
        height, width = before.shape
        x, y = self._places(height, width)
        to_x, to_y = x + forward[..., 0], y + forward[..., 1]
        moved = cv2.remap(after, to_x, to_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        back = cv2.remap(backward, to_x, to_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        gap, length = forward + back, np.square(forward).sum(axis=2) + np.square(back).sum(axis=2)
        certain = np.square(gap).sum(axis=2) < 0.01 * length + 0.5
        certain &= (to_x >= 0) & (to_x < width) & (to_y >= 0) & (to_y < height)
        was = np.ascontiguousarray(before[::2, ::2])
        difference = cv2.absdiff(moved, was)
        level, level_was = (cv2.resize(part.astype(np.float32), CELLS, interpolation=cv2.INTER_AREA) for part in (moved, was))
        gains = 100.0 * np.log((level + 8.0) / (level_was + 8.0))
        return float(difference[certain].mean() if certain.mean() > 0.1 else difference.mean()), certain, gains

    def _places(self, height: int, width: int) -> tuple[Flow, Flow]:
        if self._at is None:
            x, y = np.meshgrid(np.arange(0, width, 2, dtype=np.float32), np.arange(0, height, 2, dtype=np.float32))
            self._at = (x, y)
        return self._at


def _coarse(flow: Flow, picture: Picture) -> tuple[Flow, npt.NDArray[np.bool_]]:
    """Flow on the coarse grid: in each cell the mean over its pixels, those with an edge counting more."""
    across, down = picture.slopes
    weight = np.minimum(across * across + down * down, 400.0) + 0.01
    part = flow[::2, ::2]
    total = _shrunk(weight)
    grid = np.dstack([_shrunk(part[..., axis] * weight) / total for axis in (0, 1)])
    return grid, picture.firm > STRUCTURE


def _derived(gray: Gray, x: int, y: int) -> Flow:
    return np.asarray(np.ascontiguousarray(cv2.Sobel(gray, cv2.CV_16S, x, y)[::2, ::2]).astype(np.float32) / 8.0)


def _shrunk(values: Flow) -> Flow:
    return np.asarray(cv2.resize(values, GRID, interpolation=cv2.INTER_AREA), np.float32)
