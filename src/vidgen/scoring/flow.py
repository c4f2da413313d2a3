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
    pixel, and ``bends``, its second derivatives (xx, yy, xy).
    """

    gray: Gray
    slopes: tuple[Flow, Flow]
    bends: tuple[Flow, Flow, Flow]
    firm: Flow
    """[14, 24]: structure of each cell in its weaker direction."""

    @classmethod
    def of(cls, gray: Gray) -> Picture:
        """From its luma."""
        across, down = _derived(gray, 1, 0, 8.0), _derived(gray, 0, 1, 8.0)
        bends = (_derived(gray, 2, 0, 4.0), _derived(gray, 0, 2, 4.0), _derived(gray, 1, 1, 4.0))
        xx, yy, xy = (_shrunk(product) for product in (across * across, down * down, across * down))
        weaker = (xx + yy) / 2 - np.sqrt((xx - yy) ** 2 / 4 + xy**2)
        return cls(gray, (across, down), bends, weaker)

    @property
    def contour(self) -> float:
        """How steep the steepest tenth of the picture is: levels a pixel."""
        across, down = self.slopes
        lengths = np.sort(cv2.magnitude(across, down), axis=None)
        return float(lengths[len(lengths) * 9 // 10 :].mean())


@dataclass(frozen=True)
class Pair:
    """What happened between two pictures of one size.

    ``residual``: mean absolute luma difference (levels of 255) left after motion, where motion is certain. ``speed``: mean
    flow in pixels. ``grid``: flow on the coarse grid, [14, 24, 2] pixels; ``firm``: where it can be told. ``gains``: [7, 12]
    change of brightness of each patch along its motion, in percent. ``detail``: energy of the gradient (along, across) the
    direction of motion, and that of the second derivative, summed over what moves.
    """

    residual: float
    speed: float
    grid: Flow
    firm: npt.NDArray[np.bool_]
    gains: Flow
    detail: tuple[float, float, float, float]


class FlowMeter:
    """Measures pairs of pictures. Deterministic: same pictures, same numbers."""

    def __init__(self) -> None:
        self._dis: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._at: tuple[Flow, Flow] | None = None

    def pair(self, before: Picture, after: Picture) -> Pair:
        """Motion from ``before`` to ``after``."""
        forward: Flow = self._dis.calc(before.gray, after.gray, None)
        backward: Flow = self._dis.calc(after.gray, before.gray, None)
        grid, firm = _coarse(forward, before)
        residual, gains = self._left(before.gray, after.gray, forward[::2, ::2], backward)
        flow = backward[::2, ::2]
        speed = cv2.magnitude(np.ascontiguousarray(flow[..., 0]), np.ascontiguousarray(flow[..., 1]))
        return Pair(residual, float(speed.mean()), grid, firm, gains, _detail(after, flow, speed))

    def _left(self, before: Gray, after: Gray, forward: Flow, backward: Flow) -> tuple[float, Flow]:
        """Mean |after moved back - before| where forward and backward flow agree (Ruder et al. 2016), else over all; and the
        gain of each patch. Looked at in every second pixel.
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
        return float(difference[certain].mean() if certain.mean() > 0.1 else difference.mean()), gains

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


def _derived(gray: Gray, x: int, y: int, gain: float) -> Flow:
    return np.asarray(np.ascontiguousarray(cv2.Sobel(gray, cv2.CV_16S, x, y)[::2, ::2]).astype(np.float32) / gain)


def _shrunk(values: Flow) -> Flow:
    return np.asarray(cv2.resize(values, GRID, interpolation=cv2.INTER_AREA), np.float32)


def _detail(picture: Picture, flow: Flow, speed: Flow) -> tuple[float, float, float, float]:
    """Energy of detail along and across the motion where it is above half a pixel. Trails of earlier pictures wipe out detail
    along the motion and leave what lies across it.
    """
    moving = np.where(speed > 0.5, 1.0 / np.maximum(speed, 0.5), 0.0).astype(np.float32)
    u, v = flow[..., 0] * moving, flow[..., 1] * moving
    (x, y), (xx, yy, xy) = picture.slopes, picture.bends
    both = 2.0 * xy * u * v
    found = (x * u + y * v, x * v - y * u, xx * u * u + both + yy * v * v, xx * v * v - both + yy * u * u)
    return tuple(float(np.dot(part.ravel(), part.ravel())) for part in found)  # type: ignore[return-value]
