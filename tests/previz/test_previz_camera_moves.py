"""Every move that has a direction, measured on rendered frames."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from tests.previz.shots import Clip

from vidgen.engines.previz.moves import moves

LEFT, RIGHT, UP, DOWN, LARGER, SMALLER = ("x", -1), ("x", 1), ("y", -1), ("y", 1), ("scale", 1), ("scale", -1)
MOTION = {
    "pan_left": RIGHT, "pan_right": LEFT, "truck_left": RIGHT, "truck_right": LEFT, "tracking": LEFT, "reveal": LEFT,
    "whip_pan": LEFT, "tilt_up": DOWN, "tilt_down": UP, "pedestal_up": DOWN, "pedestal_down": UP, "crane_up": DOWN,
    "crane_down": UP, "dolly_in": LARGER, "dolly_out": SMALLER, "zoom_in": LARGER, "zoom_out": SMALLER, "crash_zoom": LARGER,
    "steadicam": LARGER, "aerial": LARGER, "drone_fpv": LARGER, "flyover": LARGER, "pov": LARGER, "pull_back_reveal": SMALLER,
    "selfie": SMALLER, "roll_left": ("turn", 1), "roll_right": ("turn", -1), "turn_forward_left": RIGHT,
    "turn_forward_right": LEFT,
}  # fmt: skip
"""How the content moves: x right, y down, scale larger, turn clockwise. roll_right: the camera turns clockwise."""


def content_motion(frames: list[np.ndarray]) -> dict[str, float]:
    """Motion of the content from the first to the last frame: x and y in pixels, scale and turn (degrees, clockwise)."""
    total = np.eye(3)
    for before, after in zip(frames, frames[1:], strict=False):
        a, b = cv2.cvtColor(before, cv2.COLOR_RGB2GRAY), cv2.cvtColor(after, cv2.COLOR_RGB2GRAY)
        points = cv2.goodFeaturesToTrack(a, 300, 0.005, 4)
        found, ok, _ = cv2.calcOpticalFlowPyrLK(a, b, points, None, winSize=(21, 21), maxLevel=4)
        keep = ok.ravel() == 1
        step, _ = cv2.estimateAffinePartial2D(points[keep], found[keep], ransacReprojThreshold=1.5)
        total = np.vstack([step, [0, 0, 1]]) @ total
    h, w = frames[0].shape[:2]
    centre = total @ np.array([w / 2, h / 2, 1])
    return {
        "x": centre[0] - w / 2,
        "y": centre[1] - h / 2,
        "scale": float(np.log(np.hypot(total[0, 0], total[1, 0]))),
        "turn": float(np.degrees(np.arctan2(total[1, 0], total[0, 0]))),
    }


SMALLEST = {"x": 6.0, "y": 4.0, "scale": 0.012, "turn": 1.0}


@pytest.mark.parametrize("move", MOTION)
def test_the_content_moves_against_the_camera(draw: Callable[..., Clip], move: str) -> None:
    _, frames = draw("mountains in autumn, clear sky", move=move, amount=1, width=256, height=144, frames=16, fps=8)
    axis, sign = MOTION[move]
    assert content_motion(frames)[axis] * sign > SMALLEST[axis]


def test_every_move_is_covered_or_has_no_single_direction() -> None:
    free = {"static", "dolly_zoom", "orbit_left", "orbit_right", "handheld", "rack_focus"}
    assert set(MOTION) | free == set(moves())


def test_static_stands_still(draw: Callable[..., Clip]) -> None:
    motion = content_motion(draw("mountains, clear sky", amount=1, width=256, height=144)[1])
    assert abs(motion["x"]) < 0.7 and abs(motion["y"]) < 0.7 and abs(motion["scale"]) < 0.005


def shift_between(first: np.ndarray, last: np.ndarray, rows: slice) -> float:
    """How far a band of the picture moved to the right, in pixels."""
    a, b = (cv2.cvtColor(np.ascontiguousarray(frame[rows]), cv2.COLOR_RGB2GRAY).astype(np.float32) for frame in (first, last))
    return cv2.phaseCorrelate(a, b, cv2.createHanningWindow(a.shape[::-1], cv2.CV_32F))[0][0]


def test_a_truck_shows_parallax_and_a_pan_does_not(draw: Callable[..., Clip]) -> None:
    """Near things pass faster than far ones when the camera travels; when it turns, all move alike."""
    shifts = {}
    for move in ("truck_right", "pan_right"):
        _, frames = draw("village in the mountains, clear sky", move=move, amount=1, width=320, height=180, frames=9, fps=12)
        far, near = shift_between(frames[3], frames[5], slice(50, 95)), shift_between(frames[3], frames[5], slice(135, 180))
        shifts[move] = abs(near) - abs(far)
    assert shifts["truck_right"] > shifts["pan_right"] + 1


@pytest.mark.parametrize(("move", "sign"), [("orbit_right", 1), ("orbit_left", -1)])
def test_an_orbit_moves_far_and_near_opposite_ways(draw: Callable[..., Clip], move: str, sign: int) -> None:
    """The far background goes the way the camera travels, as the camera turns back to its subject."""
    _, frames = draw("mountains, clear sky", move=move, amount=1, width=320, height=180, frames=9, fps=6)
    far = sum(shift_between(a, b, slice(10, 95)) for a, b in zip(frames, frames[1:], strict=False))
    assert far * sign > 2


def test_rack_focus_softens_what_was_sharp(draw: Callable[..., Clip]) -> None:
    _, frames = draw("maple trees before mountains in autumn", move="rack_focus", amount=1, width=320, height=180, frames=24)
    sharp = [
        cv2.Laplacian(cv2.cvtColor(frame[:70, :90], cv2.COLOR_RGB2GRAY), cv2.CV_32F).var() for frame in (frames[0], frames[-1])
    ]
    assert sharp[0] > 1.5 * sharp[1]


def test_faster_and_stronger_means_further(draw: Callable[..., Clip]) -> None:
    way = [
        -content_motion(draw("mountains, clear sky", move="pan_right", amount=1, width=256, height=144, **how)[1])["x"]
        for how in ({"speed": "very_slow"}, {"speed": "slow"}, {"speed": "fast"}, {"speed": "fast", "strength": 1.0})
    ]
    assert way == sorted(way)
    assert way[-1] > 2 * way[0]
