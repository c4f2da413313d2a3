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
SIDES = 0.12
"""... and so much of the sides: a subject before something flat reaches fewer of them, and its motion is its own."""
KNOWN = 0.2
"""It is enough to know the camera's motion for so much of the time."""
RUN_S = 0.5
"""A wrong direction is told from where it has lasted so long."""
TREMOR_S = 0.5
"""What is quicker than this is tremor."""

UNKNOWN = (0.0, 0.0, 0.0, 0.0)
Layers = tuple[float | None, float | None, float | None]


@dataclass(frozen=True)
class Path:
    """The camera's way through a part of a clip: ``move``, the content's motion in a second (x, y, zoom, roll); ``inliers``,
    0 to 1, how surely the picture as a whole moves so (half is a tie); ``steps``: the same piece by piece, [n, 4] in a second,
    and the second at which each begins. ``layers``: how far what is far, in the middle and near goes sideways in a second,
    shares of the width. ``tremor``: how far the picture usually is from where its motion, averaged over ``TREMOR_S``, has it:
    share of the width. ``near``: as ``move``, of the lower third of the picture.
    """

    move: tuple[float, float, float, float]
    inliers: float
    steps: npt.NDArray[np.float64]
    starts: tuple[float, ...]
    layers: Layers = (None, None, None)
    tremor: float = 0.0
    near: tuple[float, float, float, float] | None = None


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
    """The camera's way through ``frames`` frames from ``start`` on. What is sure counts more than what is not."""
    end = reading.frames if frames is None else start + frames
    leaps = [leap for leap in reading.leaps if leap.start + leap.frames > start and leap.start < end - 1]
    if not leaps:
        return Path(UNKNOWN, 0.0, np.zeros((0, 4)), ())
    moves, lengths = np.array([leap.move for leap in leaps]), np.array([leap.frames for leap in leaps])
    each = np.array([leap.lead * float(np.interp(leap.cover, COVER, (0.0, 1.0))) for leap in leaps])
    sure, seconds = each * lengths / lengths.sum(), lengths * reading.seconds_each
    known = float(sure.sum())
    lead, side = (float(sure @ part) / max(known, 1e-6) for part in np.array([(leap.lead, leap.side) for leap in leaps]).T)
    move = _a_second([leap.move for leap in leaps], sure, seconds) or UNKNOWN
    layers = (_a_second([(leap.layers[index],) for leap in leaps], sure, seconds) for index in range(3))
    far, middle, near = (layer[0] if layer else None for layer in layers)
    return Path(
        move,  # type: ignore[arg-type]
        round(lead * min(1.0, known / KNOWN, side / SIDES), 4),
        np.where((each > RULES.vetoes["unsure"])[:, None], moves / seconds[:, None], move),
        tuple(_second(leap, start, reading) for leap in leaps),
        (far, middle, near),
        _tremor(reading, start, end),
        _a_second([leap.near or (None,) for leap in leaps], sure, seconds),  # type: ignore[arg-type]
    )


def _a_second(
    found: Sequence[Sequence[float | None]], sure: npt.NDArray[np.float64], seconds: npt.NDArray[np.float64]
) -> tuple[float, ...] | None:
    """The mean of what was found, in a second; None where less than half of what is sure is known."""
    there = np.array([parts[0] is not None for parts in found])
    total = float((sure * seconds)[there].sum())
    if total <= 0.5 * float(sure @ seconds):
        return None
    known = np.array([parts for parts in found if parts[0] is not None], np.float64)
    return tuple(round(float(part), 5) for part in sure[there] @ known / total)


def _tremor(reading: Reading, start: int, end: int) -> float:
    width = max(3, round(TREMOR_S / reading.seconds_each) // 2 * 2 + 1)
    steps = np.array([reading.curves.get(name, [])[start : end - 1] for name in ("move_x", "move_y")])
    if steps.shape[1] < 2 * width:
        return 0.0
    way = np.cumsum(steps, axis=1) * np.array([[1.0], [reading.height / reading.width]])
    smooth = np.array([np.convolve(part, np.ones(width) / width, "valid") for part in way])
    left = way[:, width // 2 : -(width // 2)] - smooth
    return float(f"{np.median(np.hypot(*left)):.6f}")


def _second(leap: Leap, start: int, reading: Reading) -> float:
    return round(max(0, leap.start - start) * reading.seconds_each, 3)


def judge_camera(requested: str | None, path: Path, pace: float | None = None) -> CameraVerdict:
    """Compare a canonical camera move, or None, with what was measured. ``pace``: how quick it should be, 1 is slow."""
    if requested is None:
        return CameraVerdict(None, why="no camera move was asked for")
    expected = RULES.content.get(requested)
    if expected is None:
        return CameraVerdict(None, why=f"{requested} has no one direction that could be measured")
    around = expected.endswith("around")  # near and far part there, so that none may lead
    if path.inliers < RULES.vetoes["unsure"] * (0.5 if around else 1.0):
        return CameraVerdict(None, why="unsure: too little of the picture moves as one to tell the camera's motion")
    units = _units(path.move)
    if expected == "still":
        return CameraVerdict(min(1.0, float(np.abs(units).max()) / 2))
    if expected == "tremor":
        return CameraVerdict(0.5 - 0.5 * min(1.0, path.tremor / RULES.clear["tremor"]))
    if around:
        return _around(requested, path, -1.0 if expected[0] == "-" else 1.0)
    return _directed(expected, path, units, pace)


def _units(move: Sequence[float]) -> npt.NDArray[np.float64]:
    return np.array([value / RULES.clear[axis] for axis, value in zip(AXES, move, strict=True)])


def _directed(expected: str, path: Path, units: npt.NDArray[np.float64], pace: float | None) -> CameraVerdict:
    """``+x``: the picture goes so; ``+x near``: at least what is near does, for the camera itself travels."""
    direction, _, near = expected.partition(" ")
    axis, sign = AXES.index(direction.lstrip("+-")), -1.0 if direction[0] == "-" else 1.0
    whole = found = _along(units, axis, sign, direction)
    speed = abs(path.move[axis])
    if near and path.near is not None and abs(path.near[axis]) > speed:
        found, speed = _along(_units(path.near), axis, sign, direction), abs(path.near[axis])
    along, purity = whole
    opposite = along < 0 and found[0] < 0 and purity > 0.5
    at_s = _turned_at(path, path.steps[:, axis] / RULES.clear[AXES[axis]] * sign) if opposite else None
    error = (1 - max(-1.0, min(1.0, found[0])) * found[1]) / 2
    if found[0] > 0 and pace is not None:
        error = min(0.5, error + _off_pace(speed, pace * RULES.usual[AXES[axis]]))
    return CameraVerdict(error, along=round(along, 3), at_s=at_s)


def _along(units: npt.NDArray[np.float64], axis: int, sign: float, direction: str) -> tuple[float, float]:
    """Motion in a direction, and which share of the largest motion it is."""
    along = float(units[axis]) * sign if direction[0] in "+-" else abs(float(units[axis]))
    largest = float(np.abs(units).max())
    return along, abs(along) / largest if largest > 1 else 1.0


def _off_pace(speed: float, asked: float) -> float:
    """What a move costs that is far too slow or too quick; speeds in words are no measures, so that the free band is wide."""
    off = abs(float(np.log((speed + 1e-3) / (asked + 1e-3)))) - float(np.log(RULES.pace["free"]))
    return min(RULES.pace["most"], max(0.0, off) * RULES.pace["cost"])


def _around(requested: str, path: Path, sign: float) -> CameraVerdict:
    """An orbit: what is far goes one way, what is near the other, and the middle stays."""
    far, middle, near = path.layers
    if far is None or near is None:
        return CameraVerdict(
            None, why=f"unsure: {requested} shows in what is near and far, and too little of that can be followed"
        )
    apart = (far - near) / 2 / RULES.clear["x"] * sign
    stays = max(0.0, 1 - abs((far + near) / 2 if middle is None else middle) / max(abs(far - near) / 2, 1e-6))
    agreement = max(-1.0, min(1.0, apart)) * (1 + stays) / 2
    return CameraVerdict((1 - agreement) / 2, along=round(float(apart), 3))


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
