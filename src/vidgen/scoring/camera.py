"""Compares the measured camera motion with the move that the shot asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vidgen.scoring.rules import RULES

AXES = ("x", "y", "zoom", "roll")
NAMES = (
    ("panning left", "panning right"),
    ("tilting up", "tilting down"),
    ("moving in", "moving out"),
    ("rolling left", "rolling right"),
)


@dataclass(frozen=True)
class CameraVerdict:
    """``error``: 0 (as requested) to 1 (the opposite), None where it is not known, and ``why``.

    ``along``: motion in the requested direction, in units of the smallest clear move; negative is the opposite way.
    """

    error: float | None
    along: float = 0.0
    why: str = ""


def judge_camera(requested: str | None, move: Sequence[float], inliers: float) -> CameraVerdict:
    """Compare.

    Args:
        requested: canonical camera move, or None.
        move: motion of the content in a second: x, y, zoom, roll as in ``Reading.move``.
        inliers: share of the picture that moves so.
    """
    if requested is None:
        return CameraVerdict(None, why="no camera move was asked for")
    expected = RULES.content.get(requested)
    if expected is None:
        return CameraVerdict(None, why=f"{requested} has no one direction that could be measured")
    if inliers < RULES.vetoes["unsure"]:
        return CameraVerdict(None, why="too little of the picture moves as one to tell the camera's motion")
    units = {axis: value / RULES.clear[axis] for axis, value in zip(AXES, move, strict=True)}
    largest = max(abs(value) for value in units.values())
    if expected == "still":
        return CameraVerdict(min(1.0, largest / 2))
    axis = expected.lstrip("+-")
    along = abs(units[axis]) if expected == axis else units[axis] * (-1 if expected[0] == "-" else 1)
    purity = abs(along) / largest if largest > 1 else 1.0
    agreement = max(-1.0, min(1.0, along)) * purity
    return CameraVerdict((1 - agreement) / 2, along=round(along, 3))


def found_move(move: Sequence[float]) -> str:
    """The measured motion as text, from the camera's point of view: ``panning right and zooming in``; ``still``."""
    found = [
        pair[0] if value > 0 else pair[1]
        for axis, value, pair in zip(AXES, move, NAMES, strict=True)
        if abs(value) > RULES.clear[axis]
    ]
    return " and ".join(found) or "still"
