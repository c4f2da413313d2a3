"""What Kling has beside the prompt, in its own terms: camera, motion brush, and which model takes what.

Kling's words are not film's: its ``tilt`` turns the camera about the upright axis (a pan), its ``pan`` about the level one
(a tilt), and a positive ``zoom`` shows more of the scene. Points count from the lower left corner of the opening picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.engines.cloud.inputs import Blob, Limits
from vidgen.storyboard.model import Camera
from vidgen.takes.request import Brush

PICTURE = Limits(max_bytes=10 << 20, max_side=4096, min_side=300, shapes=(1 / 2.5, 2.5))
MAX_STROKES = 6
MAX_POINTS = 77
STD_PRO = ((720, "std"), (1080, "pro"))
AXES = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")
MOVES: Mapping[str, tuple[str, int]] = {
    "truck_left": ("horizontal", -1),
    "truck_right": ("horizontal", 1),
    "pedestal_up": ("vertical", 1),
    "pedestal_down": ("vertical", -1),
    "crane_up": ("vertical", 1),
    "crane_down": ("vertical", -1),
    "tilt_up": ("pan", 1),
    "tilt_down": ("pan", -1),
    "pan_left": ("tilt", -1),
    "pan_right": ("tilt", 1),
    "roll_left": ("roll", -1),
    "roll_right": ("roll", 1),
    "zoom_in": ("zoom", -1),
    "zoom_out": ("zoom", 1),
    "crash_zoom": ("zoom", -1),
}
"""The one axis of a move, and the sign of its value."""
FULL = ("crash_zoom",)
"""Moves that are always made with full strength."""
ROUGH: Mapping[str, str] = {"crane_up": "a pedestal up", "crane_down": "a pedestal down"}
PRESETS: Mapping[str, str] = {"turn_forward_left": "left_turn_forward", "turn_forward_right": "right_turn_forward"}

Notices = list[tuple[str, str]]


@dataclass(frozen=True)
class Rule:
    """Operations and modes of a model; what it supports at all is in its row of the table. ``modes``: quality by the largest
    short side. ``camera``: the operation with camera control, ``camera_mode`` the one mode for
    it; ``tail_mode``: the one mode for a closing picture; ``sound_mode``: the one for sound; ``short``:
    camera, closing picture and brush exist only in clips of 5 s.
    """

    modes: tuple[tuple[int, str], ...] = STD_PRO
    camera: str = ""
    camera_mode: str = ""
    presets: bool = False
    tail_mode: str = ""
    short: bool = False
    cfg: bool = False
    sound_mode: str = ""


RULES: Mapping[str, Rule] = {
    "kling-v1": Rule(camera="text2video", camera_mode="std", presets=True, short=True, cfg=True),
    "kling-v1-5": Rule(camera="image2video", camera_mode="pro", tail_mode="pro", short=True, cfg=True),
    "kling-v1-6": Rule(tail_mode="pro", cfg=True),
    "kling-v2-5-turbo": Rule(tail_mode="pro"),
    "kling-v2-6": Rule(tail_mode="pro", sound_mode="pro"),
    "kling-v3": Rule(modes=(*STD_PRO, (2160, "4k"))),
}
"""By model; one that is not here gets the plain rule."""


def camera_control(camera: Camera, *, presets: bool) -> tuple[dict[str, Any] | None, Notices]:
    """Kling's form of a camera move, None where it has none; and what is only roughly so. Exactly one axis is not 0."""
    if presets and camera.move in PRESETS:
        return {"type": PRESETS[camera.move]}, []
    if camera.move not in MOVES:
        return None, []
    axis, sign = MOVES[camera.move]
    strength = 10.0 if camera.move in FULL else max(1.0, round(10 * float(camera.strength), 1))
    notices: Notices = []
    if rough := ROUGH.get(camera.move):
        notices.append(("engine.wish_approximated", f"camera: Kling has no {camera.move}; {rough} is made instead"))
    return {"type": "simple", "config": {name: sign * strength if name == axis else 0 for name in AXES}}, notices


def brush_fields(brushes: tuple[Brush, ...], picture: Blob) -> tuple[dict[str, Any], Notices]:
    """``static_mask`` (strokes without a path keep still) and ``dynamic_masks``, in the pixels of the opening picture."""
    width, height = _size(picture)
    notices: Notices = []
    moving = [brush for brush in brushes if len(brush.path) >= 2]
    if len(moving) > MAX_STROKES:
        text = f"motion_brush: Kling takes {MAX_STROKES} moving strokes; the last {len(moving) - MAX_STROKES} are left out"
        notices.append(("engine.wish_ignored", text))
    fields: dict[str, Any] = {}
    if still := [brush.mask for brush in brushes if len(brush.path) < 2]:
        fields["static_mask"] = _mask(still, width, height)
    if moving:
        fields["dynamic_masks"] = [
            {"mask": _mask([brush.mask], width, height), "trajectories": _points(brush.path, width, height, notices)}
            for brush in moving[:MAX_STROKES]
        ]
    return fields, notices


def _points(path: tuple[tuple[float, float], ...], width: int, height: int, notices: Notices) -> list[dict[str, int]]:
    """A path in fractions of the frame, from its upper left corner, as pixels from the lower left one."""
    if len(path) > MAX_POINTS:
        text = f"motion_brush: Kling takes {MAX_POINTS} points of a path; {len(path)} are thinned out evenly"
        notices.append(("engine.wish_approximated", text))
        path = tuple(path[round(index * (len(path) - 1) / (MAX_POINTS - 1))] for index in range(MAX_POINTS))
    return [{"x": round(x * (width - 1)), "y": round((1 - y) * (height - 1))} for x, y in path]


def _mask(files: list[Path], width: int, height: int) -> Blob:
    """Masks laid over each other, in exactly the picture's size, as a PNG: a JPEG would blur their edges."""
    import cv2
    import numpy as np

    from vidgen.media.stills import read_image

    whole = np.zeros((height, width, 3), np.uint8)
    for file in files:
        one = cv2.resize(read_image(file), (width, height), interpolation=cv2.INTER_NEAREST).astype(np.uint8)
        whole = np.maximum(whole, one)
    return Blob(cv2.imencode(".png", whole)[1].tobytes(), "image/png", f"{files[0].stem}.png")


def _size(picture: Blob) -> tuple[int, int]:
    import cv2
    import numpy as np

    decoded = cv2.imdecode(np.frombuffer(picture.content, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded.shape[1], decoded.shape[0]
