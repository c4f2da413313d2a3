"""Camera moves on still and on live content: a window that moves over larger pictures, its way known."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from benchmarks.bench_scores import readings, scenes, subjects
from benchmarks.bench_scores.scenes import Pictures
from vidgen.scoring.camera import judge_camera, path_of
from vidgen.scoring.reading import Reading
from vidgen.scoring.rules import RULES

FRAMES = 24
SPEEDS = {"slow": 0.06, "quick": 0.2}
"""Shares of the width (pan), of the height (tilt), logarithm of the size (zoom) or radians (roll) a second."""
MOVES = {
    "pan_left": (1, 0, 0, 0),
    "pan_right": (-1, 0, 0, 0),
    "tilt_up": (0, 1, 0, 0),
    "tilt_down": (0, -1, 0, 0),
    "zoom_in": (0, 0, 1, 0),
    "zoom_out": (0, 0, -1, 0),
    "roll_left": (0, 0, 0, 1),
    "roll_right": (0, 0, 0, -1),
}
OPPOSITE = {"left": "right", "right": "left", "up": "down", "down": "up", "in": "out", "out": "in"}
LIVE = ("carphone", "water", "foliage", *subjects.SUBJECTS)
STILL = ("bikes-a", "bunny-a", "water", "harbour")
LIVE_HELD_OUT = ("shower", "bunny-b")
STILL_HELD_OUT = ("bikes-c", "still life", "street", "shower")


def moved(clip: Pictures, move: str, speed: float) -> Pictures:
    """The clip seen by a camera that moves; it starts from the middle 70 % of the picture."""
    height, width = clip[0].shape[:2]
    x, y, zoom, roll = (part * speed / readings.RATE for part in MOVES[move])
    result = []
    for index, picture in enumerate(clip[:FRAMES]):
        step = index - FRAMES / 2
        scale = 1.4 * np.exp(zoom * step)
        turn = scale * np.array([[np.cos(roll * step), -np.sin(roll * step)], [np.sin(roll * step), np.cos(roll * step)]])
        middle = np.array([width / 2, height / 2])
        shift = middle + np.array([x * step * width, y * step * height]) - turn @ middle
        matrix = np.column_stack([turn, shift])
        result.append(
            np.asarray(
                cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT), np.uint8
            )
        )
    return result


def read(source: str, move: str, speed: str, *, live: bool) -> Reading:
    """The reading of a moved clip; of a still one, its first picture is repeated."""

    def make() -> Pictures:
        clip = subjects.pictures(source) if source in subjects.SUBJECTS else scenes.pictures(source)
        return moved(clip if live else clip[:1] * FRAMES, move, SPEEDS[speed])

    return readings.kept(f"{source}.{'live' if live else 'still'}.{move}.{speed}", make)


def named(reading: Reading) -> str:
    """The move that the judge finds the best; "unsure" where it cannot tell."""
    path = path_of(reading)
    if judge_camera("static", path).error is None:
        return "unsure"
    errors = {move: judge_camera(move, path).error or 0.0 for move in (*MOVES, "static")}
    return min(errors, key=lambda move: (round(errors[move], 2), move))


def results(live: Sequence[str], still: Sequence[str]) -> dict[tuple[str, str, str, str], str]:
    """What was found, by kind of content, clip, move and speed."""
    found = {}
    for kind, sources in (("live", live), ("still", still)):
        for source in sources:
            for move in MOVES:
                for speed in SPEEDS:
                    found[kind, source, move, speed] = named(read(source, move, speed, live=kind == "live"))
    return found


def wrong_way_loses(reading: Reading, move: str) -> bool:
    """Whether the opposite of a move gets the larger error, and no better than the worst half."""
    word = move.rpartition("_")[2]
    opposite = move.replace(word, OPPOSITE[word])
    path = path_of(reading)
    right, wrong = judge_camera(move, path).error, judge_camera(opposite, path).error
    return right is not None and wrong is not None and wrong > right + RULES.equal
