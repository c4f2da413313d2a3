"""Motion between two pictures: dense flow, what it leaves unexplained, and the camera's part in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

GRID = (24, 14)
"""Columns and rows of the coarse flow field."""

Gray = npt.NDArray[Any]
"""[height, width] uint8 luma."""
Flow = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Pair:
    """What happened between two pictures of one size.

    ``residual``: mean absolute luma difference (levels of 255) left after motion, where motion is certain. ``speed``: mean
    flow in pixels. ``grid``: flow on the coarse grid, [14, 24, 2] pixels. ``move``: x, y (shares of width and height),
    zoom (natural logarithm) and roll (radians, clockwise) of the picture as a whole; ``inliers``: share that moves so.
    ``detail``: gradient energy (along, across) the direction of motion, summed over what moves.
    """

    residual: float
    speed: float
    grid: npt.NDArray[Any]
    move: tuple[float, float, float, float]
    inliers: float
    detail: tuple[float, float]


class FlowMeter:
    """Measures pairs of pictures. Deterministic: same pictures, same numbers."""

    def __init__(self) -> None:
        self._dis: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def pair(self, before: Gray, after: Gray) -> Pair:
        """Motion from ``before`` to ``after``, [height, width] uint8 each."""
        forward: Flow = self._dis.calc(before, after, None)
        backward: Flow = self._dis.calc(after, before, None)
        grid: npt.NDArray[Any] = cv2.resize(forward, GRID, interpolation=cv2.INTER_AREA)
        move, inliers = _similarity(grid, before.shape[1], before.shape[0])
        speed = float(np.hypot(forward[..., 0], forward[..., 1]).mean())
        residual = _residual(before, after, forward, backward)
        return Pair(residual, speed, grid, move, inliers, _detail(after, backward))


def _residual(before: Gray, after: Gray, forward: Flow, backward: Flow) -> float:
    """Mean |after moved back - before| where forward and backward flow agree (Ruder et al. 2016); else over all."""
    height, width = before.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    to_x, to_y = x + forward[..., 0], y + forward[..., 1]
    moved = cv2.remap(after, to_x, to_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    back = cv2.remap(backward, to_x, to_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    gap = ((forward + back) ** 2).sum(axis=2)
    certain = gap < 0.01 * ((forward**2).sum(axis=2) + (back**2).sum(axis=2)) + 0.5
    certain &= (to_x >= 0) & (to_x < width) & (to_y >= 0) & (to_y < height)
    difference = cv2.absdiff(moved, before)
    return float(difference[certain].mean() if certain.mean() > 0.1 else difference.mean())


def _detail(picture: Gray, flow: Flow) -> tuple[float, float]:
    """Gradient energy along and across the motion where it is above half a pixel. Trails of earlier pictures wipe out detail
    along the motion and leave what lies across it.
    """
    x, y = cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1)
    speed = np.hypot(flow[..., 0], flow[..., 1])
    moving = speed > 0.5
    to_x, to_y = flow[..., 0][moving] / speed[moving], flow[..., 1][moving] / speed[moving]
    along, across = x[moving] * to_x + y[moving] * to_y, x[moving] * to_y - y[moving] * to_x
    return float(np.square(along, dtype=np.float64).sum()), float(np.square(across, dtype=np.float64).sum())


def _similarity(grid: npt.NDArray[Any], width: int, height: int) -> tuple[tuple[float, float, float, float], float]:
    """The shift, zoom and roll that most of the grid shares, about the picture's centre, and how much of the grid does."""
    columns, rows = GRID
    x, y = np.meshgrid((np.arange(columns) + 0.5) / columns * width, (np.arange(rows) + 0.5) / rows * height)
    start = np.stack([x - width / 2, y - height / 2], axis=2).reshape(-1, 2).astype(np.float32)
    end = start + grid.reshape(-1, 2)
    limit = max(0.3, 0.002 * width)
    matrix, mask = cv2.estimateAffinePartial2D(
        start, end, method=cv2.RANSAC, ransacReprojThreshold=limit, maxIters=500, confidence=0.99
    )
    if matrix is None:
        return (0.0, 0.0, 0.0, 0.0), 0.0
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    roll = float(np.arctan2(matrix[1, 0], matrix[0, 0]))
    zoom = float(np.log(scale)) if scale > 0 else 0.0
    return (float(matrix[0, 2]) / width, float(matrix[1, 2]) / height, zoom, roll), float(mask.mean())
