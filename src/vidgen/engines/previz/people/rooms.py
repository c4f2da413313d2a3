"""Rooms and outdoors of a card as plates: a wall with what stands at it, a floor, and what stands nearer."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vidgen.engines.previz.colour import mix, rgb, smoothstep
from vidgen.engines.previz.layers import Layer, Moment, Plate, View
from vidgen.engines.previz.noise import Array, random_for
from vidgen.engines.previz.people import forms
from vidgen.engines.previz.people.blocking import Ground
from vidgen.engines.previz.people.marker import Part, Style, draw, placed
from vidgen.engines.previz.people.paints import Paints
from vidgen.engines.previz.people.plan import plan
from vidgen.engines.previz.sheet import Sheet
from vidgen.engines.previz.spec import SceneSpec
from vidgen.media.tables import read_table

WALL, NEARER = 9.0, 5.6
"""Distances of the wall and of what stands before it."""
_NEARER = {"ews": 0.62, "ws": 0.8, "ls": 0.9, "mws": 1.1, "ms": 1.2, "mcu": 1.35, "cu": 1.5, "insert": 1.8, "ecu": 2.0}
"""How much closer an empty place is seen, by the shot size."""
_HALF = 3.1
"""Half a room's width, in a grown-up's heights."""


@functools.cache
def _table() -> Mapping[str, Any]:
    data: Mapping[str, Any] = read_table("vidgen.engines.previz.people", "rooms.yaml")
    return data


def room_row(spec: SceneSpec) -> Mapping[str, Any]:
    """The row of rooms.yaml in which a card plays; of a drawn place an empty one."""
    if spec.place != "card":
        return {}
    rows = _table()
    row: Mapping[str, Any] = rows["rooms"][spec.room] if spec.room else rows["outdoors"][spec.outdoors or "anywhere"]
    return row


def plates(spec: SceneSpec, ground: Ground, paints: Paints, seed: int, tall: float) -> list[Layer]:
    """The backdrop, from far to near. ``tall``: a grown-up's height at distance 1, in frame heights."""
    if spec.room and spec.angle in ("overhead", "birds_eye") and not (spec.alive or spec.thing):
        return plan(room_row(spec), ground.aspect)
    row, nearer = room_row(spec), 1.0 if spec.alive else _NEARER.get(spec.size, 1.0)
    foot, size = ground.horizon + ground.height * nearer / WALL, tall * nearer / WALL
    near_foot, near = ground.horizon + ground.height * nearer / NEARER, tall * nearer / NEARER
    style = paints.form(seed, 0.42)

    def back(sheet: Sheet) -> None:
        _surfaces(sheet, row, foot, size, ground.horizon)
        if not row["back"] and spec.room == "" and not spec.outdoors:
            _hatching(sheet, foot, seed)
        _put(sheet, row["back"], foot, size, style)

    out: list[Layer] = [Plate(WALL, back, name="wall")]
    if row.get("moving"):
        out.append(Passing(spec, paints, foot, size, "carriage_window" if spec.room == "carriage" else ""))
    if row["front"]:
        box = (-math.inf, near_foot - 2.0 * near, math.inf, near_foot + 0.2 * near)
        out.append(
            Plate(NEARER, lambda sheet: _put(sheet, row["front"], near_foot, near, paints.form(seed, 0.28)), box, name="front")
        )
    return out


def _surfaces(sheet: Sheet, row: Mapping[str, Any], foot: float, size: float, horizon: float) -> None:
    """Wall and floor; a room has a corner on each side, and lines that run towards the horizon."""
    wall, floor, v = rgb(row["wall"]), rgb(row["floor"]), sheet.v[:, None]
    ones = np.ones((1, sheet.width), np.float32)
    shade = smoothstep(foot - 1.7 * size, foot, v)[..., None] * 0.06
    sheet.blend(
        np.broadcast_to(mix(wall, rgb("#ffffff"), 0.06) - shade, (sheet.height, sheet.width, 3)).astype(np.float32), 1.0
    )
    near = smoothstep(foot, foot + 0.5, v)[..., None]
    ground = np.broadcast_to(floor * (1 - 0.14 * near), (sheet.height, sheet.width, 3)).astype(np.float32)
    sheet.blend(ground, np.clip((v - foot) * sheet.density + 0.5, 0, 1) * ones)
    if row.get("stars"):
        rng = random_for(7, "stars")
        for _ in range(90):
            sheet.dot(rng.uniform(-2, 2), rng.uniform(-0.6, foot - 0.02), rng.uniform(0.001, 0.003), rgb("#f4f1e2"))
    if not row.get("open"):
        _corners(sheet, wall, floor, foot, size, horizon)
    ink = mix(floor, rgb("#4a413a"), 0.55)
    sheet.line([(sheet.box[0], foot), (sheet.box[2], foot)], ink, 0.0025)


def _corners(sheet: Sheet, wall: Array, floor: Array, foot: float, size: float, horizon: float) -> None:
    top, ink = foot - 1.75 * size, mix(floor, rgb("#4a413a"), 0.55)
    for side in (-1, 1):
        edge = side * _HALF * size

        def ray(v: float, far: float = 4.0, edge: float = edge) -> tuple[float, float]:
            return edge * far, horizon + (v - horizon) * far

        sheet.poly([(edge, top), ray(top), ray(foot), (edge, foot)], mix(wall, rgb("#6d6259"), 0.13))
        for v in (top, foot):
            sheet.line([(edge, v), ray(v)], ink, 0.0022)
        sheet.line([(edge, top), (edge, foot)], ink, 0.0022)
    ceiling = [
        (-_HALF * size, top),
        (_HALF * size, top),
        (_HALF * size * 4, horizon + (top - horizon) * 4),
        (-_HALF * size * 4, horizon + (top - horizon) * 4),
    ]
    sheet.poly(ceiling, mix(wall, rgb("#ffffff"), 0.35))
    sheet.line([(-_HALF * size, top), (_HALF * size, top)], ink, 0.0022)
    for number in range(-5, 6):
        at = number * 0.55 * size
        sheet.line([(at, foot + 0.002), (at * 4, horizon + (foot - horizon) * 4)], mix(floor, rgb("#4a413a"), 0.22), 0.0016)


def _hatching(sheet: Sheet, foot: float, seed: int) -> None:
    """Nothing is said of the place: a horizon and some pencil tone."""
    rng, ink = random_for(seed, "card"), rgb("#d8cebe")
    for _ in range(3):
        u, w, h = rng.uniform(-1.2, 0.9), rng.uniform(0.25, 0.5), rng.uniform(0.14, 0.30)
        for k in range(9):
            x = u + w * k / 9
            sheet.line([(x, foot - 0.01), (x + h * 0.5, foot - h * rng.uniform(0.7, 1.0))], ink, 0.002)


def _put(sheet: Sheet, items: Sequence[Sequence[Any]], foot: float, size: float, style: Style) -> None:
    """Draw forms that stand at (x, foot) on a sheet."""
    d = sheet.density
    to_sheet = np.array([[d, 0, -sheet.u0 * d - 0.5], [0, d, -sheet.v0 * d - 0.5], [0, 0, 1]])
    for name, x in items:
        draw(sheet.rgba, forms.form("furniture", name), placed(to_sheet, x * size, foot, size), style)


class Passing(Layer):
    """What passes by behind the windows of a train or a car: posts and trees that run through."""

    name = "passing"
    z = WALL

    def __init__(self, spec: SceneSpec, paints: Paints, foot: float, size: float, windows: str) -> None:
        self._spec, self._foot, self._size, self._windows = spec, foot, size, windows
        self._style = paints.form(5, 0.5)

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """Posts and trees, each where it has got to."""
        affine = placed(view.to_pixels @ view.stage.layer(now.state, WALL), 0.0, self._foot, self._size)
        draw(frame, self._parts(now.time * self._spec.tempo), affine, self._style)

    def _parts(self, time: float) -> list[Part]:
        spans = [(-1.6 + 1.6 * n - 0.6, -1.6 + 1.6 * n + 0.6) for n in range(3)] if self._windows else [(-3.4, 3.4)]
        low, high = (0.68, 1.16) if self._windows else (0.0, 1.5)
        out = []
        for number in range(7):
            x = (number * 1.13 + 5.0 - time * 2.4) % 7.9 - 3.95
            tall = high if number % 3 == 0 else low + (high - low) * (0.45 + 0.1 * (number % 2))
            wide = 0.03 if number % 3 == 0 else 0.22
            for left, right in spans:
                a, b = max(left, x - wide), min(right, x + wide)
                if b > a:
                    hull = [(a, low, 0.01), (b, low, 0.01), (b, tall, 0.01), (a, tall, 0.01)]
                    out.append(Part("trunk" if number % 3 == 0 else "leaf", [hull], 0.0, False))
        return out
