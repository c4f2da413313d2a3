"""The many behind those who are drawn one by one: rows of figures that get smaller, painted once and swaying a little."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from vidgen.engines.previz.layers import Plate
from vidgen.engines.previz.noise import random_for
from vidgen.engines.previz.people import acting
from vidgen.engines.previz.people.blocking import Ground, Spot
from vidgen.engines.previz.people.body import Body, Face
from vidgen.engines.previz.people.looks import look_of, table
from vidgen.engines.previz.people.marker import draw, placed
from vidgen.engines.previz.people.paints import Paints
from vidgen.engines.previz.people.rig import joints
from vidgen.engines.previz.sheet import Sheet
from vidgen.engines.previz.spec import SceneSpec

_ROWS = (0.46, 0.62, 0.80)
"""How large those in each row are, from the farthest: a share of the size of those in front."""
_APART = 0.30
"""How far they stand apart, in body heights."""
_GESTURES = ("", "", "listen", "phone", "talk")


def rows(spec: SceneSpec, ground: Ground, people: list[Spot], paints_at: Callable[[float], Paints]) -> Plate:
    """The rows behind a crowd, on one sheet."""
    front = max(people, key=lambda spot: spot.z)
    half, feet = ground.aspect * 0.62, [_foot(ground, front.size * share) for share in _ROWS]

    def paint(sheet: Sheet) -> None:
        for share in _ROWS:
            _row(sheet, spec, ground, front.size * share, paints_at(front.z / share))

    top = min(foot - 1.4 * front.size * share for foot, share in zip(feet, _ROWS, strict=True))
    bounds = (-half - front.size, top, half + front.size, max(feet) + 0.05 * front.size)
    return Plate(front.z / _ROWS[-1], paint, bounds, sway=(0.010 * front.size, 0.4), foot=max(feet), name="crowd")


def _foot(ground: Ground, size: float) -> float:
    return ground.horizon + ground.height * size / ground.tall


def _row(sheet: Sheet, spec: SceneSpec, ground: Ground, size: float, paints: Paints) -> None:
    d, half, step = sheet.density, ground.aspect * 0.62, _APART * size
    to_sheet = np.array([[d, 0, -sheet.u0 * d - 0.5], [0, d, -sheet.v0 * d - 0.5], [0, 0, 1]])
    for number in range(math.ceil(2 * half / step)):
        rng = random_for(number, "crowd", round(size, 4))
        kinds, u = table()["mixed"]["anyone"], -half + (number + rng.uniform(-0.25, 0.25)) * step
        look = look_of(str(kinds[int(rng.integers(len(kinds)))]))
        gesture = spec.gesture if spec.gesture in ("cheer", "clap", "pray") else str(rng.choice(_GESTURES))
        pose = acting.pose_at("stand", [(gesture, 1.0)] if gesture else [], float(rng.uniform(0, 4)))
        body = joints(pose, look.bones, look.height * float(rng.uniform(0.95, 1.05)))
        parts = Body(body, look, float(rng.uniform(-60, 60)), Face(detail=size * look.bones.head * d)).parts()
        draw(sheet.rgba, parts, placed(to_sheet, u, _foot(ground, size), size), paints.person(look, int(rng.integers(1 << 16))))
