"""Faults that no other quality can make good: few, absolute, each with its place in the clip."""

from __future__ import annotations

from fractions import Fraction

from vidgen.media.rate import rate_text
from vidgen.scoring.camera import found_move, judge_camera
from vidgen.scoring.reading import Reading
from vidgen.scoring.rules import RULES
from vidgen.scoring.types import Expectation, Veto


def find_vetoes(reading: Reading, expected: Expectation) -> tuple[Veto, ...]:
    """Every veto of a clip, in a fixed order."""
    return (
        *_form(reading, expected),
        *_blank(reading),
        *_freeze(reading, expected),
        *_scene_change(reading),
        *_camera(reading, expected),
    )


def _form(reading: Reading, expected: Expectation) -> list[Veto]:
    wrong = []
    if expected.frames is not None and reading.frames != expected.frames:
        wrong.append(Veto("wrong_length", None, f"{reading.frames} frames instead of {expected.frames}"))
    if expected.fps is not None and Fraction(reading.fps) != expected.fps:
        wrong.append(Veto("wrong_rate", None, f"{reading.fps} frames/s instead of {rate_text(expected.fps)}"))
    size = (expected.width or reading.width, expected.height or reading.height)
    if (reading.width, reading.height) != size:
        wrong.append(Veto("wrong_size", None, f"{reading.width}x{reading.height} instead of {size[0]}x{size[1]}"))
    return wrong


def _blank(reading: Reading) -> list[Veto]:
    start, length = reading.blank
    if _seconds(length, reading) < RULES.vetoes["blank_s"] and length < reading.frames:
        return []
    black = reading.blank_luma < RULES.vetoes["black_mean"]
    what = "black" if black else "one colour"
    text = f"the picture is {what} for {_seconds(length, reading):.1f} s"
    return [Veto("black" if black else "one_colour", _seconds(start, reading), text)]


def _freeze(reading: Reading, expected: Expectation) -> list[Veto]:
    start, length = reading.freeze
    if expected.wants_still or reading.frames < 2:
        return []
    if length <= RULES.vetoes["freeze_share"] * (reading.frames - 1) or _seconds(length, reading) < RULES.vetoes["freeze_s"]:
        return []
    text = f"the picture stands still for {_seconds(length, reading):.1f} s, though motion was asked for"
    return [Veto("freeze", _seconds(start, reading), text)]


def _scene_change(reading: Reading) -> list[Veto]:
    if reading.scene_change is None:
        return []
    return [Veto("cut_inside", _seconds(reading.scene_change, reading), "another picture begins inside the shot")]


def _camera(reading: Reading, expected: Expectation) -> list[Veto]:
    verdict = judge_camera(expected.move, reading.move, reading.inliers)
    if verdict.along > RULES.vetoes["opposite"] or reading.inliers < RULES.vetoes["inliers"]:
        return []
    return [Veto("wrong_direction", None, f"{expected.move} was asked for, but the camera is {found_move(reading.move)}")]


def _seconds(frames: int, reading: Reading) -> float:
    return round(float(frames / Fraction(reading.fps)), 3)
