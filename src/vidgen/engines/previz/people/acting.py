"""What a body does at a time: the angles of its joints, from the tables of postures and gestures."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from vidgen.media.tables import read_table

BOTH = ("hip", "spread", "knee", "arm", "out", "elbow", "cross")
"""Angles that a body has twice."""


class Sides(NamedTuple):
    """An angle of the left and of the right side, in degrees."""

    left: float
    right: float


class Pose(NamedTuple):
    """One moment of a body; see poses.yaml."""

    lean: float
    tilt: float
    bend: float
    nod: float
    turn: float
    hop: float
    seat: float
    hip: Sides
    spread: Sides
    knee: Sides
    arm: Sides
    out: Sides
    elbow: Sides
    cross: Sides


Keys = tuple[dict[str, float], ...]


class Act(NamedTuple):
    """A row of poses.yaml, its keys in flat form: ``hip.0`` is the left side's."""

    cycle: float
    keys: Keys
    row: Mapping[str, Any]


@functools.cache
def _table() -> Mapping[str, Any]:
    data: Mapping[str, Any] = read_table("vidgen.engines.previz.people", "poses.yaml")
    return data


@functools.cache
def act(kind: str, name: str) -> Act:
    """The posture or gesture (``kind``: postures, gestures) of this name."""
    row = _table()[kind][name]
    keys = [_flat(key) for key in row["keys"]]
    if row.get("swap"):
        keys += [{_other(name): value for name, value in key.items()} for key in keys]
    return Act(float(row["cycle"]), tuple(keys), row)


def _flat(key: Mapping[str, Any]) -> dict[str, float]:
    out: dict[str, float] = {}
    for name, value in key.items():
        if name in BOTH:
            left, right = value if isinstance(value, Sequence) else (value, value)
            out |= {f"{name}.0": float(left), f"{name}.1": float(right)}
        else:
            out[name] = float(value)
    return out


def _other(name: str) -> str:
    return {".0": f"{name[:-1]}1", ".1": f"{name[:-1]}0"}.get(name[-2:], name)


@functools.cache
def _rest() -> dict[str, float]:
    return _flat(_table()["rest"])


def angles(one: Act, time: float) -> dict[str, float]:
    """The act's angles at a time in seconds: a smooth curve through its keys, round and round."""
    count = len(one.keys)
    place = time / one.cycle * count
    at, part = int(math.floor(place)), place - math.floor(place)
    a, b, c, d = (one.keys[(at + step) % count] for step in (-1, 0, 1, 2))
    return {name: _between(a.get(name, b[name]), b[name], c.get(name, b[name]), d.get(name, b[name]), part) for name in b}


def _between(a: float, b: float, c: float, d: float, part: float) -> float:
    """A Catmull-Rom spline from b to c."""
    return b + 0.5 * part * (c - a + part * (2 * a - 5 * b + 4 * c - d + part * (3 * (b - c) + d - a)))


def pose_at(posture: str, gestures: Sequence[tuple[str, float]], time: float) -> Pose:
    """The body at a time. ``gestures`` lie over the posture in this order, each as far as its share (0-1) says."""
    now = _rest() | angles(act("postures", posture), time)
    for name, share in gestures:
        over = angles(act("gestures", name), time)
        now |= {key: now[key] + (value - now[key]) * share for key, value in over.items()}
    return _pose(now)


def _pose(flat: Mapping[str, float]) -> Pose:
    lean, tilt, bend, nod, turn, hop, seat = (flat[name] for name in ("lean", "tilt", "bend", "nod", "turn", "hop", "seat"))
    return Pose(lean, tilt, bend, nod, turn, hop, seat, *(Sides(flat[f"{name}.0"], flat[f"{name}.1"]) for name in BOTH))
