"""The measured camera path against the asked move: direction, strength, steadiness; "unsure" where too little moves as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vidgen.scoring.reading import Leap, Reading
from vidgen.scoring.rules import RULES

AXES = ("x", "y", "zoom", "roll")
NAMES = (
    ("panning left", "panning right"),
    ("tilting up", "tilting down"),
    ("moving in", "moving out"),
    ("rolling left", "rolling right"),
)
COVER = (0.05, 0.1)
"""Shares of the picture that a motion holds for: up to the first it is chance, from the second on it counts in full."""
KNOWN = 0.2
ALONG_SIDE = 0.12
"""... and of three of its sides: a subject before something flat reaches fewer, and its motion is its own."""
RUN_S = 0.5
"""A wrong direction is told from where it has lasted so long."""


@dataclass(frozen=True)
class Path:
    """The camera's way through a part of a clip: ``move``, the content's motion in a second (x, y, zoom, roll); ``inliers``,
    the share of the picture that moves so; ``steps``: the same piece by piece, [n, 4] in a second, and the second at which each
    begins.
    """

    move: tuple[float, float, float, float]
    inliers: float
    steps: npt.NDArray[np.float64]
    starts: tuple[float, ...]


@dataclass(frozen=True)
class CameraVerdict:
    """``error``: 0 (as requested) to 1 (the opposite), None where it is not known, and ``why``.

    ``along``: motion in the requested direction, in units of the smallest clear move; negative is the opposite way. ``at_s``:
    from when on it goes the opposite way, in seconds; None where it does not.
    """

    error: float | None
    along: float = 0.0
    why: str = ""
    at_s: float | None = None


def path_of(reading: Reading, start: int = 0, frames: int | None = None) -> Path:
    """The camera's way through ``frames`` frames from ``start`` on."""
    end = reading.frames if frames is None else start + frames
    leaps = [leap for leap in reading.leaps if leap.start + leap.frames > start and leap.start < end - 1]
    if not leaps:
        return Path((0.0, 0.0, 0.0, 0.0), 0.0, np.zeros((0, 4)), ())
    moves, lengths = np.array([leap.move for leap in leaps]), np.array([leap.frames for leap in leaps])
    seconds = lengths * reading.seconds_each
    sure = np.array([leap.lead * float(np.interp(leap.cover, COVER, (0.0, 1.0))) for leap in leaps]) * lengths / lengths.sum()
    total = sure @ moves / max(float(sure @ seconds), 1e-6)
    known = float(sure.sum())
    lead, side = (float(sure @ np.array(part)) / max(known, 1e-6) for part in ([leap.lead for leap in leaps], [leap.side for leap in leaps]))
    inliers = lead * min(1.0, known / KNOWN, side / ALONG_SIDE)
    starts = tuple(_second(leap, start, reading) for leap in leaps)
    rounded = tuple(float(f"{part:.5f}") for part in total)
    return Path(rounded, round(inliers, 4), moves / seconds[:, None], starts)  # type: ignore[arg-type]


def _second(leap: Leap, start: int, reading: Reading) -> float:
    return round(max(0, leap.start - start) * reading.seconds_each, 3)


def judge_camera(requested: str | None, path: Path) -> CameraVerdict:
    """Compare a canonical camera move, or None, with what was measured."""
    if requested is None:
        return CameraVerdict(None, why="no camera move was asked for")
    expected = RULES.content.get(requested)
    if expected is None:
        return CameraVerdict(None, why=f"{requested} has no one direction that could be measured")
    if path.inliers < RULES.vetoes["unsure"]:
        return CameraVerdict(None, why="unsure: too little of the picture moves as one to tell the camera's motion")
    units = np.array([value / RULES.clear[axis] for axis, value in zip(AXES, path.move, strict=True)])
    largest = float(np.abs(units).max())
    if expected == "still":
        return CameraVerdict(min(1.0, largest / 2))
    axis = AXES.index(expected.lstrip("+-"))
    sign = -1.0 if expected[0] == "-" else 1.0
    along = abs(units[axis]) if not expected.startswith(("+", "-")) else units[axis] * sign
    purity = abs(along) / largest if largest > 1 else 1.0
    agreement = max(-1.0, min(1.0, float(along))) * purity
    at_s = _turned_at(path, path.steps[:, axis] / RULES.clear[AXES[axis]] * sign) if along < 0 else None
    return CameraVerdict((1 - agreement) / 2, along=round(float(along), 3), at_s=at_s)


def _turned_at(path: Path, along: npt.NDArray[np.float64]) -> float:
    """The second from which on the camera clearly goes the opposite way for ``RUN_S``, else where it first does."""
    against = along < RULES.vetoes["opposite"]
    ends = (*path.starts[1:], float("inf"))
    begun: float | None = None
    for start, end, wrong in zip(path.starts, ends, against, strict=True):
        begun = (start if begun is None else begun) if wrong else None
        if begun is not None and end - begun >= RUN_S:
            return begun
    return path.starts[int(np.argmax(against))] if against.any() else 0.0


def found_move(move: Sequence[float]) -> str:
    """The measured motion as text, from the camera's point of view: ``panning right and zooming in``; ``still``."""
    found = [
        pair[0] if value > 0 else pair[1]
        for axis, value, pair in zip(AXES, move, NAMES, strict=True)
        if abs(value) > RULES.clear[axis]
    ]
    return " and ".join(found) or "still"
