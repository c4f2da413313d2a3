"""Reads one clip, once, streamed, into the numbers that everything else is made from.

All of it is at most 384 pixels wide; noise and block edges, which scaling would hide, are read from a crop at full size.
Nothing here knows what was asked for, so that readings can be kept by the clip's checksum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from vidgen.media.frames import Frame, read_frames
from vidgen.media.probe import probe
from vidgen.scoring.flow import FlowMeter, Gray, Pair
from vidgen.scoring.rules import RULES

WIDTH = 384
CROP = 384
SMALLEST = 16
CROP_EVERY = 4
"""Every n-th picture is read for noise and blocks."""
COLOUR_SIZE = (96, 54)
BINS = 8
"""Bins of each colour channel."""


@dataclass(frozen=True)
class Reading:
    """A clip's numbers. ``values`` are comparable between takes of one shot; ``move`` is camera motion in a second
    (x, y, zoom, roll of the content) with ``inliers``; ``freeze`` and ``blank`` are (start, length) in frames;
    ``scene_change`` is the frame with which another scene begins.
    """

    frames: int
    fps: str
    width: int
    height: int
    values: dict[str, float]
    move: tuple[float, float, float, float]
    inliers: float
    freeze: tuple[int, int]
    blank: tuple[int, int]
    blank_luma: float
    scene_change: int | None

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Reading:
        """From ``as_json``. Raises TypeError or KeyError where it is something else."""
        for name in ("move", "freeze", "blank"):
            data[name] = tuple(data[name])
        return cls(**data)


class _Tally:
    """What is kept of the pictures as they stream by: a few numbers for each, and the last picture."""

    def __init__(self) -> None:
        self.luma: list[float] = []
        self.spread: list[float] = []
        self.sharp: list[float] = []
        self.change: list[float] = []
        self.distance: list[float] = []
        self.pairs: list[Pair] = []
        self.noise: list[float] = []
        self.blocks: list[float] = []
        self._flow = FlowMeter()
        self._last: tuple[Gray, npt.NDArray[np.float64]] | None = None

    def add(self, frame: Frame) -> None:
        small = _small(frame)
        gray: Gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        histogram = _histogram(small)
        if len(self.luma) % CROP_EVERY == 0:
            crop = cv2.cvtColor(_crop(frame), cv2.COLOR_RGB2GRAY).astype(np.float32)
            self.noise.append(_noise(crop))
            self.blocks.append(_blocks(crop))
        self.luma.append(float(gray.mean()))
        self.spread.append(float(gray.std()))
        self.sharp.append(_sharpness(gray))
        if self._last is not None:
            self._add_pair(self._last[0], gray, float(np.abs(histogram - self._last[1]).sum() / 2))
        self._last = (gray, histogram)

    def _add_pair(self, before: Gray, after: Gray, distance: float) -> None:
        pair = self._flow.pair(before, after)
        self.change.append(float(cv2.absdiff(before, after).mean()))
        self.distance.append(distance)
        self.pairs.append(pair)


def read_clip(path: Path, window: tuple[int, int] | None = None) -> Reading:
    """Read a clip, or of it ``window``: the number of the first frame and how many. Raises InputError where it cannot be
    decoded.
    """
    info = probe(path)
    first, count = window or (0, None)
    tally = _Tally()
    for frame in islice(read_frames(path), first, None if count is None else first + count):
        tally.add(frame)
    still = _still(tally.change)
    seconds = max(len(tally.pairs), 1) / float(info.rate)
    total = np.sum([pair.move for pair in tally.pairs], axis=0) if tally.pairs else np.zeros(4)
    blank = _longest([spread < RULES.vetoes["blank_std"] for spread in tally.spread])
    return Reading(
        frames=len(tally.luma),
        fps=str(Fraction(info.rate)),
        width=info.display_size[0],
        height=info.display_size[1],
        values=_values(tally, still),
        move=tuple(round(float(value) / seconds, 5) for value in total),  # type: ignore[arg-type]
        inliers=_round(np.mean([pair.inliers for pair in tally.pairs]) if tally.pairs else 0.0),
        freeze=_longest(still),
        blank=blank,
        blank_luma=_round(np.mean(tally.luma[blank[0] : blank[0] + blank[1]]) if blank[1] else 0.0),
        scene_change=_scene_change(tally),
    )


def _values(tally: _Tally, still: Sequence[bool]) -> dict[str, float]:
    moving = [pair for pair, frozen in zip(tally.pairs, still, strict=True) if not frozen] or tally.pairs
    texture = float(np.mean(tally.sharp)) + 1.0
    values = {
        "warp": np.mean([pair.residual for pair in moving]) / texture if moving else 0.0,
        "flicker": _rms(np.diff(tally.luma, n=2)),
        "jerk": _jerk(tally.pairs, still),
        "reversals": _reversals(tally.pairs),
        "duplicates": np.mean(still) if still else 0.0,
        "sharpness": np.mean(tally.sharp),
        "noise": np.mean(tally.noise),
        "blocks": np.mean(tally.blocks),
        "trails": _trails(tally.pairs),
        "speed": np.mean([pair.speed for pair in tally.pairs]) if tally.pairs else 0.0,
    }
    return {name: _round(value) for name, value in values.items()}


def _still(change: Sequence[float]) -> list[bool]:
    """Which pictures repeat the one before."""
    if not change:
        return []
    usual, lively = float(np.median(change)), float(np.percentile(change, 90))
    limit = max(RULES.vetoes["still_share"] * usual, RULES.vetoes["still_lively"] * lively, RULES.vetoes["still_floor"])
    return [value < limit for value in change]


def _longest(flags: Sequence[bool]) -> tuple[int, int]:
    """Start and length of the longest run of True."""
    best, start = (0, 0), 0
    for index, flag in enumerate([*flags, False]):
        if flag:
            continue
        if index - start > best[1]:
            best = (start, index - start)
        start = index + 1
    return best


def _jerk(pairs: Sequence[Pair], still: Sequence[bool]) -> float:
    """Mean change of the motion from picture to picture, relative to the motion. Inside a standstill there is none to judge."""
    changes = [
        float(np.linalg.norm(after.grid - before.grid, axis=2).mean()) / ((after.speed + before.speed) / 2 + 0.3)
        for before, after, frozen in zip(pairs, pairs[1:], zip(still, still[1:], strict=False), strict=False)
        if not all(frozen)
    ]
    return float(np.mean(changes)) if changes else 0.0


def _reversals(pairs: Sequence[Pair]) -> float:
    """Share of pictures at which the picture as a whole turns back."""
    moves = np.array([pair.move[:2] for pair in pairs]) * WIDTH
    if len(moves) < 2:
        return 0.0
    against = (moves[1:] * moves[:-1]).sum(axis=1) < 0
    clear = np.minimum(np.linalg.norm(moves[1:], axis=1), np.linalg.norm(moves[:-1], axis=1)) > 0.25
    return float((against & clear).mean())


def _trails(pairs: Sequence[Pair]) -> float:
    """Detail across the motion over detail along it: near 1, and higher where earlier pictures trail behind."""
    along, across = np.sum([pair.detail for pair in pairs], axis=0) if pairs else (0.0, 0.0)
    return float(np.sqrt((across + 1.0) / (along + 1.0)))


def _scene_change(tally: _Tally) -> int | None:
    """The picture at which another scene begins: colours and content change at once, far beyond the clip's habit."""
    if len(tally.pairs) < 6:
        return None
    distance = np.array(tally.distance)
    residual = np.array([pair.residual for pair in tally.pairs])
    least, ratio = RULES.vetoes["scene_change_distance"], RULES.vetoes["scene_change_ratio"]
    jump = distance > np.maximum(least, ratio * np.median(distance))
    jump &= residual > ratio * (np.median(residual) + 0.3)
    return int(np.argmax(jump)) + 1 if jump.any() else None


def _small(frame: Frame) -> Frame:
    height, width = frame.shape[:2]
    if min(height, width) < SMALLEST:  # motion is not found in a few pixels; their edge goes on
        frame = np.pad(frame, ((0, max(0, SMALLEST - height)), (0, max(0, SMALLEST - width)), (0, 0)), "edge")
        height, width = frame.shape[:2]
    if width <= WIDTH:
        return frame
    size = (WIDTH, max(SMALLEST, round(height * WIDTH / width)))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


def _crop(frame: Frame) -> Frame:
    """The middle of the picture, on its 8-pixel grid."""
    height, width = frame.shape[:2]
    left, top = max(0, (width - CROP) // 16 * 8), max(0, (height - CROP) // 16 * 8)
    return frame[top : top + CROP, left : left + CROP]


def _histogram(small: Frame) -> npt.NDArray[np.float64]:
    """Shares of colours, [512]. A pixel counts for the 8 bins around it by its distance to each, so that no level of grey lies
    on a border where a rounding of one step would move it to another bin.
    """
    levels = cv2.resize(small, COLOUR_SIZE, interpolation=cv2.INTER_AREA).reshape(-1, 3) * ((BINS - 1) / 255.0)
    lower = np.minimum(levels.astype(np.int64), BINS - 2)
    upper_share = levels - lower
    counts = np.zeros(BINS**3)
    for corner in np.ndindex(2, 2, 2):
        shares = np.where(corner, upper_share, 1.0 - upper_share).prod(axis=1)
        bins = (lower + corner) @ np.array([BINS * BINS, BINS, 1])
        counts += np.bincount(bins, shares, BINS**3)
    return counts / len(levels)


def _sharpness(gray: Gray) -> float:
    """Strength of fine detail: spread of the Laplacian, less what noise (variance 20 times its own) adds to it."""
    levels = gray.astype(np.float32)
    variance = float(cv2.Laplacian(levels, cv2.CV_32F).var()) - 20.0 * _noise(levels) ** 2
    return float(np.sqrt(max(0.0, variance)))


def _noise(gray: npt.NDArray[np.float32]) -> float:
    """Standard deviation of noise in levels (Immerkaer 1996), from the calmest tenth of 16-pixel blocks."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough = np.abs(cv2.filter2D(gray, cv2.CV_32F, kernel))
    blocks = cv2.resize(rough, (max(1, gray.shape[1] // 16), max(1, gray.shape[0] // 16)), interpolation=cv2.INTER_AREA)
    return float(np.percentile(blocks, 10)) * float(np.sqrt(np.pi / 2)) / 6.0


def _blocks(gray: npt.NDArray[np.float32]) -> float:
    """How much stronger edges are on an 8-pixel grid than off it: 0 is none. Strong edges are the subject's, and limited."""
    worst = 0.0
    for axis in (0, 1):
        steps = np.abs(np.diff(gray, axis=axis))
        if not steps.size:  # one pixel a side has no edges
            continue
        step = np.minimum(steps, 2.0 * np.median(steps) + 0.5).mean(axis=1 - axis)
        phases = np.array([step[phase::8].mean() for phase in range(min(8, len(step)))])
        worst = max(worst, float(phases.max() / (np.median(phases) + 0.1)) - 1.0)
    return max(0.0, worst)


def _rms(values: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else 0.0


def _round(value: float | np.floating[Any]) -> float:
    """Six figures: the last bits differ between processors and mean nothing."""
    return float(f"{float(value):.6g}")
