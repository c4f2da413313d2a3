"""What earlier pictures leave in what moves: detail that is wiped out, doubled or softened along the motion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from vidgen.scoring.flow import GRID, Flow, Picture

SLOW, QUICK = 0.3, 0.7
"""Pixels a frame from which a cell counts as moving, and from which it counts fully."""
ECHO = 2.0
"""Trails are looked for so many pictures behind."""
STEEPEST, FASTEST = 0.02, 0.30
"""Shares of the pixels."""


@dataclass(frozen=True)
class Traces:
    """Of one picture.

    ``trail``: median over the moving cells of the logarithm of detail across the motion over detail along it, and half of the
    median by which fine detail repeats itself more ``ECHO`` steps along the motion than across it (correlation, -2 to 2).
    ``moving``: how many cells move, 0 to 336. ``crisp``: how steep the steepest fiftieth of the fastest third is, levels a
    pixel.
    """

    trail: float
    moving: float
    crisp: float


def traces(picture: Picture, back: Flow) -> Traces:
    """``back``: [h / 2, w / 2, 2] flow to the picture before, in pixels of the whole picture."""
    speed = cv2.magnitude(*_parts(back))
    fast = speed >= np.partition(speed, int(speed.size * (1 - FASTEST)), axis=None)[int(speed.size * (1 - FASTEST))]
    crisp = steepest(picture.steep[fast], STEEPEST)
    smooth = np.asarray(cv2.GaussianBlur(back, (0, 0), 4.0), np.float32)
    speed = cv2.magnitude(*_parts(smooth))
    u, v = smooth[..., 0] / np.maximum(speed, 0.05), smooth[..., 1] / np.maximum(speed, 0.05)
    x, y = picture.slopes
    along, across = _shrunk((x * u + y * v) ** 2), _shrunk((x * v - y * u) ** 2)
    wiped = np.log((across + 2.0) / (along + 2.0)) / 2
    weight = np.clip((_shrunk(speed) - SLOW) / (QUICK - SLOW), 0.0, 1.0)
    trail = _middle(wiped, weight) + _middle(_repeated(picture.fine, smooth), weight) / 2
    return Traces(trail, float(weight.sum()), crisp)


def steepest(steep: npt.NDArray[Any], share: float) -> float:
    """Mean of the largest ``share`` of some values."""
    count = max(1, int(steep.size * share))
    return float(np.partition(steep, steep.size - count, axis=None)[steep.size - count :].mean())


def _repeated(fine: Flow, flow: Flow) -> Flow:
    """[14, 24] How much more alike fine detail is to itself along the motion than across it, at the same distance."""
    y, x = np.mgrid[0 : fine.shape[0] : 2, 0 : fine.shape[1] : 2].astype(np.float32)
    u, v = (ECHO * part for part in _parts(flow))
    here = np.ascontiguousarray(fine[::2, ::2])
    along, across = (
        _shrunk(here * cv2.remap(fine, x + right, y + down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))
        for right, down in ((u, v), (-v, u))
    )
    return (along - across) / (_shrunk(here * here) + 1.0)


def _middle(values: Flow, weight: Flow) -> float:
    """Weighted median; 0 where nothing counts."""
    order = np.argsort(values, axis=None)
    summed = np.cumsum(weight.ravel()[order])
    if summed[-1] < 0.5:
        return 0.0
    return float(values.ravel()[order[np.searchsorted(summed, summed[-1] / 2)]])


def _parts(flow: Flow) -> tuple[Flow, Flow]:
    return np.ascontiguousarray(flow[..., 0]), np.ascontiguousarray(flow[..., 1])


def _shrunk(values: Flow) -> Flow:
    return np.asarray(cv2.resize(values, GRID, interpolation=cv2.INTER_AREA), np.float32)
