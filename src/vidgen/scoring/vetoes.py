"""Faults that no other quality can make good: few, absolute, each with its place in the file. A veto means broken."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from vidgen.media.rate import rate_text
from vidgen.scoring.camera import found_move, judge_camera, path_of
from vidgen.scoring.reading import Reading
from vidgen.scoring.rules import RULES
from vidgen.scoring.types import Expectation, Veto
from vidgen.scoring.values import Curves, part_of, still


class _Part:
    """A part of a clip, where its vetoes are looked for."""

    def __init__(self, reading: Reading, start: int, frames: int | None) -> None:
        self.reading, self.start = reading, start
        self.frames = reading.frames - start if frames is None else frames
        self.curves: Curves = part_of(reading, start, frames)

    def seconds(self, frames: int) -> float:
        """How long so many frames take."""
        return round(float(frames / Fraction(self.reading.fps)), 3)

    def at(self, frame: int) -> float:
        """The second, in the file, of a frame of the part."""
        return self.seconds(self.start + frame)


def find_vetoes(reading: Reading, expected: Expectation, start: int = 0, frames: int | None = None) -> tuple[Veto, ...]:
    """Every veto of ``frames`` frames from ``start`` on, in a fixed order."""
    part = _Part(reading, start, frames)
    return (
        *_form(part, expected),
        *_blank(part),
        *_freeze(part, expected),
        *_scene_change(part),
        *_unsteady(part),
        *_camera(part, expected),
    )


def _form(part: _Part, expected: Expectation) -> list[Veto]:
    wrong, reading = [], part.reading
    if expected.frames is not None and part.frames != expected.frames:
        wrong.append(Veto("wrong_length", None, f"{part.frames} frames instead of {expected.frames}"))
    if expected.fps is not None and Fraction(reading.fps) != expected.fps:
        wrong.append(Veto("wrong_rate", None, f"{reading.fps} frames/s instead of {rate_text(expected.fps)}"))
    size = (expected.width or reading.width, expected.height or reading.height)
    if (reading.width, reading.height) != size:
        wrong.append(Veto("wrong_size", None, f"{reading.width}x{reading.height} instead of {size[0]}x{size[1]}"))
    return wrong


def _blank(part: _Part) -> list[Veto]:
    start, length = _longest([spread < RULES.vetoes["blank_std"] for spread in part.curves["spread"]])
    if not length or (part.seconds(length) < RULES.vetoes["blank_s"] and length < part.frames):
        return []
    black = float(np.mean(part.curves["luma"][start : start + length])) < RULES.vetoes["black_mean"]
    text = f"the picture is {'black' if black else 'one colour'} for {part.seconds(length):.1f} s"
    return [Veto("black" if black else "one_colour", part.at(start), text)]


def _freeze(part: _Part, expected: Expectation) -> list[Veto]:
    if expected.wants_still or part.frames < 2:
        return []
    start, length = _longest(still(part.curves["change"]))
    if length <= RULES.vetoes["freeze_share"] * (part.frames - 1) or part.seconds(length) < RULES.vetoes["freeze_s"]:
        return []
    text = f"the picture stands still for {part.seconds(length):.1f} s, though motion was asked for"
    return [Veto("freeze", part.at(start), text)]


def _scene_change(part: _Part) -> list[Veto]:
    """Another scene begins: colours and content change at once, far beyond the clip's habit."""
    distance, residual = part.curves["distance"], part.curves["residual"]
    if len(residual) < 6:
        return []
    least, ratio = RULES.vetoes["scene_change_distance"], RULES.vetoes["scene_change_ratio"]
    jump = distance > np.maximum(least, ratio * np.median(distance))
    jump &= residual > ratio * (np.median(residual) + 0.3)
    if not jump.any():
        return []
    return [Veto("cut_inside", part.at(int(np.argmax(jump)) + 1), "another picture begins inside the shot")]


def _unsteady(part: _Part) -> list[Veto]:
    """Brightness or the whole view that jumps from picture to picture, nearly always, far beyond what any camera does."""
    found = []
    for code, curve, text in (
        ("severe_flicker", np.abs(np.diff(part.curves["gain"])), "brightness jumps by {:.0f} % from picture to picture"),
        ("severe_jitter", part.curves["shake"], "the view jumps by {:.0f} pixels (of 384) from picture to picture"),
    ):
        limit = RULES.vetoes[code]
        if len(curve) < 6 or float(np.median(curve)) < limit:
            continue
        found.append(Veto(code, part.at(int(np.argmax(curve > limit))), text.format(float(np.median(curve)))))
    return found


def _camera(part: _Part, expected: Expectation) -> list[Veto]:
    path = path_of(part.reading, part.start, part.frames)
    verdict = judge_camera(expected.move, path)
    if verdict.at_s is None or verdict.along > RULES.vetoes["opposite"] or path.inliers < RULES.vetoes["inliers"]:
        return []
    at_s = round(part.at(0) + verdict.at_s, 3)
    return [Veto("wrong_direction", at_s, f"{expected.move} was asked for, but the camera is {found_move(path.move)}")]


def _longest(flags: Sequence[bool] | npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Start and length of the longest run of True."""
    best, start = (0, 0), 0
    for index, flag in enumerate([*flags, False]):
        if flag:
            continue
        if index - start > best[1]:
            best = (start, index - start)
        start = index + 1
    return best
