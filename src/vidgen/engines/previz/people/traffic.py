"""Where animals and vehicles are, how large, and which way they go."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from vidgen.engines.previz.layers import Layer
from vidgen.engines.previz.people import animals, forms
from vidgen.engines.previz.people.blocking import Ground, Spot, framing_of, posture_of
from vidgen.engines.previz.people.onstage import Animal, Vehicle
from vidgen.engines.previz.people.paints import Paints
from vidgen.engines.previz.people.together import Beasts, beasts_of, room_of
from vidgen.engines.previz.spec import SceneSpec

PaintsAt = Callable[[float], Paints]
_OWN_ROOMS = ("car_inside", "carriage", "cabin")
"""Rooms that are the vehicle which the words name."""
_RIDDEN = {"bicycle": "cycle", "motorcycle": "motorbike"}
"""Vehicles that come with who rides them, and the posture for it."""
_CLOSE = ("mcu", "cu", "ecu")
"""Shot sizes in which people fill the frame."""
_DISTANCE = 3.4
"""Where an animal or a vehicle is that is the shot's subject."""
_MOST = 4
_TRAIN, _CONVOY = 7.0, 12.0
"""How much of one vehicle's length, or of several ones', is within the frame, in a grown-up's heights."""
_AMBLE = 0.6
"""How fast animals go that are the shot's subject, so that they stay in the frame."""
_HEIGHTS = {"ews": 0.20, "ws": 0.48, "ls": 0.60, "fs": 0.74, "": 0.64, "mcu": 1.30, "cu": 2.0, "ecu": 3.2, "insert": 1.6}
"""How high animals are at most that are the subject, in frame heights; from 1 on it is the head that is seen."""
_NEARLY, _LEAST = 0.80, {"ews": 0.10, "ws": 0.22}
"""How high animals are at most under other shot sizes, and at least."""
_HEAD = 0.22
"""How high a head is in a close-up that is 1 high, in frame heights."""
_BEGIN = 0.16
"""How far before the frame's middle animals begin that walk, as a share of its width."""
_ROOM = 0.45
"""The share of the frame's width that a group fills at most to walk through it."""
_NEARER = {
    "ews": 0.35,
    "ws": 0.70,
    "ls": 0.85,
    "mws": 1.2,
    "ms": 1.3,
    "two_shot": 1.2,
    "mcu": 1.6,
    "cu": 2.0,
    "ecu": 2.8,
    "insert": 2.2,
}
"""How much larger vehicles are that are the subject, by the shot size."""


def animals_on(spec: SceneSpec, ground: Ground, people: Sequence[Spot], paints_at: PaintsAt, follows: bool) -> list[Layer]:
    """The animals beside the people, or alone; horses that are ridden come with their riders."""
    beasts = beasts_of(spec)
    if not beasts.kinds:
        return []
    if not people:
        return list(_herd(beasts, spec, ground, paints_at, follows))
    if framing_of(spec, ground).top is None:
        return list(_beside(beasts, spec, ground, people, paints_at, follows))
    return list(_before(beasts, spec, ground, people[-1], paints_at))


def _beside(
    beasts: Beasts, spec: SceneSpec, ground: Ground, people: Sequence[Spot], paints_at: PaintsAt, follows: bool
) -> list[Animal]:
    """At the side of people who are seen whole: they face them, or go with them."""
    lead, out = people[-1], list[Animal]()
    side = -ground.side
    edge = max(spot.u * side for spot in people) + 0.22 * lead.size
    for kind, count in beasts.kinds:
        unit, reach = lead.size * animals.size_of(kind), animals.reach_of(kind)
        faces = math.copysign(1, lead.way) if lead.way else -side
        inner = reach.before if faces != side else reach.behind
        for n in range(count):
            u = side * (edge + (inner + reach.step * n) * unit)
            out.append(
                Animal(
                    paints_at(lead.z).animal(kind, spec.colours.get(kind, "")), kind, u, lead.foot - 0.03 * (n % 3) * unit,
                    unit * (1 - 0.05 * (n % 3)), lead.z + 0.01, 1.0 if lead.way else 0.0, mirrored=faces < 0, follows=follows,
                    start=1.3 * n, tempo=spec.tempo, name=f"{kind}{n or ''}", beside=lead if lead.way else None,
                    walks=posture_of(spec),
                )
            )  # fmt: skip
        edge += room_of(kind, count) * lead.size
    return out


def _before(beasts: Beasts, spec: SceneSpec, ground: Ground, somebody: Spot, paints_at: PaintsAt) -> list[Animal]:
    """Before people who are seen from close: small animals, their heads and backs over the frame's lower edge."""
    less, out = math.exp(-ground.zoom), list[Animal]()
    side = -ground.side
    edge = 0.5 * ground.aspect * less - 0.02
    for kind, count in beasts.kinds:
        reach = animals.reach_of(kind)
        unit = min(somebody.size * animals.size_of(kind), 0.46 * ground.aspect * less / reach.long)
        for n in range(min(count, 2)):
            u = side * (edge - (reach.behind + 0.8 * reach.long * n) * unit)
            foot = 0.05 * less + max(reach.top * unit, 0.30 * less)
            style = paints_at(somebody.z).animal(kind, spec.colours.get(kind, ""))
            out.append(
                Animal(style, kind, u, foot, unit, somebody.z - 0.4, mirrored=side > 0, start=1.3 * n, name=f"{kind}{n or ''}")
            )
        side = -side
    return out


def _herd(beasts: Beasts, spec: SceneSpec, ground: Ground, paints_at: PaintsAt, follows: bool) -> list[Animal]:
    """The subject of the shot, as large as its size says; all of them within the frame, or one head."""
    less, faces = math.exp(-ground.zoom), -ground.side
    most = _HEIGHTS.get(spec.size, _NEARLY)
    tall = most if most > 1 else min(most, max(_LEAST.get(spec.size, 0.34), 1.6 * framing_of(spec, ground).size * beasts.tall))
    scale = tall / beasts.tall
    if most <= 1:
        scale = min(scale, 0.92 * ground.aspect / beasts.long)
        return _group(beasts, spec, ground, paints_at, follows, (scale * less, less))
    kind = beasts.kinds[0][0]
    reach = animals.reach_of(kind)
    unit, (x, y) = max(scale * animals.size_of(kind), _HEAD * most / reach.head) * less, reach.eye
    u, foot = -faces * (0.9 * x + 0.3 * reach.head) * unit, y * unit - 0.05 * less
    style = paints_at(_DISTANCE).animal(kind, spec.colours.get(kind, ""))
    return [Animal(style, kind, u, foot, unit, _DISTANCE, mirrored=faces < 0, follows=follows, tempo=spec.tempo, name=kind)]


def _group(
    beasts: Beasts, spec: SceneSpec, ground: Ground, paints_at: PaintsAt, follows: bool, scales: tuple[float, float]
) -> list[Animal]:
    """Animals side by side. ``scales``: a grown-up in frame heights, and how much less the base picture is magnified."""
    (size, less), faces, out = scales, -ground.side, list[Animal]()
    runs, several = spec.posture == "run", len(beasts.kinds) > 1
    lies = spec.posture in ("lie", "sit")
    foot = min(0.42, ground.horizon + max(0.16, ground.height / _DISTANCE + 0.05))
    foot = max(foot * less, min(0.45 * less, size * beasts.tall - 0.44 * less))
    place, pace = -0.5 * beasts.long * size, 0.0
    for number, (kind, count) in enumerate(beasts.kinds):
        unit, reach = size * animals.size_of(kind), animals.reach_of(kind)
        way = faces if runs or not several or number % 2 == 0 else -faces
        crosses = beasts.long * size < _ROOM * ground.aspect * less
        speed = 0.0 if lies or (several and not runs) or not (crosses or runs) else 1.0
        pace = pace or animals.strides(kind, 1.0) * unit
        if several and speed:
            speed = pace / (animals.strides(kind, 1.0) * unit)  # they keep together
        for n in range(count):
            u = aside = faces * (place + ((reach.behind if way == faces else reach.before) + reach.step * n) * unit)
            if speed:
                u -= faces * (_BEGIN + 0.12 * runs) * ground.aspect * less
            out.append(
                Animal(
                    paints_at(_DISTANCE).animal(kind, spec.colours.get(kind, "")), kind, u, foot - 0.02 * (n % 3) * unit,
                    unit * (1 - 0.05 * (n % 3)), _DISTANCE, speed, mirrored=way < 0, follows=follows, start=1.3 * n,
                    tempo=spec.tempo * (1.0 if runs else _AMBLE), name=f"{kind}{n or ''}", lies=lies, reach=1.2 * unit,
                    aside=aside if several else 0.0,
                )
            )  # fmt: skip
        place += room_of(kind, count) * size
    return out


def vehicles_on(spec: SceneSpec, ground: Ground, people: Sequence[Spot], paints_at: PaintsAt) -> list[Layer]:
    """The vehicles, behind the people; alone they drive by, who is named first last."""
    kinds = [kind for kind in spec.vehicles if spec.posture != _RIDDEN.get(kind)]
    if not kinds or spec.room in _OWN_ROOMS or (people and spec.size in _CLOSE):
        return []
    convoy = [kind for kind in kinds for _ in range(min(spec.counts.get(kind, 1), _MOST))][:_MOST]
    rows = [forms.table()["vehicles"][kind] for kind in convoy]
    longs = [_long(row) for row in rows]
    total = sum(longs) + 0.3 * (len(longs) - 1)
    most = _TRAIN if len(convoy) == 1 else _CONVOY
    size, u, foot, z = _parked(min(total, most), people[0], ground) if people else _driving(min(total, most), spec, ground)
    way, drives = ground.side, "parked" not in spec.extra and (not people or any(spot.way for spot in people))
    ridden = drives and not people and "people" not in spec.without
    slowest = min((row["speed"] for row in rows if row["speed"]), default=0.0)
    place, out = -0.5 * total * size, list[Layer]()
    slower = 1.0 if people else min(1.0, _NEARER.get(spec.size, 1.0) ** -1.5)
    squeeze = min(1.0, 1.25 * ground.aspect / (total * size)) if len(convoy) > 1 else 1.0
    for n, (kind, row, long) in enumerate(zip(convoy, rows, longs, strict=True)):
        aside = way * (place + 0.5 * long * size) * squeeze
        place += (long + 0.3) * size
        speed = (
            (slowest if len(kinds) > 1 else row["speed"]) * slower
            if drives and row["speed"] and (ridden or "rider" not in row)
            else 0.0
        )
        style = paints_at(z).form(n + 3, colour=spec.colours.get(kind, ""))
        high = max(foot - _lift(row, people, ground, size), _high(row) * size - 0.45 * math.exp(-ground.zoom))
        out.append(
            Vehicle(
                style, kind, u + aside, high - 0.05 * n * size * (len(kinds) == 1), size * (1 - 0.06 * n * (len(kinds) == 1)),
                z + 0.2 * n, speed, row.get("bobs", 0.0), way < 0, tempo=spec.tempo, name=f"{kind}{n or ''}",
                aside=aside, ridden=ridden, reach=_past(kind, size),
            )
        )  # fmt: skip
    return out[::-1]


def _long(row: dict[str, Any]) -> float:
    xs = [x for _, *hulls in row["parts"] for hull in hulls for x, _, _ in hull]
    return float(max(xs) - min(xs))


def _high(row: dict[str, Any]) -> float:
    """How high it is where it flies, so that it is in the frame; what drives may be cut."""
    return float(max(y for _, *hulls in row["parts"] for hull in hulls for _, y, _ in hull)) if row.get("flies") else -math.inf


def _past(kind: str, size: float) -> float:
    """How far past the edge of the frame it drives before it comes in again."""
    return (9.4 if kind == "train" else 3.4) * size


def _parked(long: float, somebody: Spot, ground: Ground) -> tuple[float, float, float, float]:
    """Behind people, as large as they are or a little smaller, so that it is known for what it is: size, u, foot and z."""
    size = min(somebody.size * 0.92, 1.5 * ground.aspect / long)
    return size, -0.12 * ground.side * ground.aspect, somebody.foot - 0.05 * size, somebody.z + 0.6


def _driving(long: float, spec: SceneSpec, ground: Ground) -> tuple[float, float, float, float]:
    """Alone: as large as the shot size says, or as fits. It comes in from one side: size, u, foot and z."""
    less, nearer = math.exp(-ground.zoom), _NEARER.get(spec.size, 1.0)
    fits = 0.94 * ground.aspect / long
    size = min(0.62 * fits if long > 3 else 0.20 * ground.aspect + 0.06, fits) * nearer
    if spec.size not in _CLOSE:
        size = min(size, fits)
    foot = min(0.40, ground.horizon + max(0.20, ground.height / _DISTANCE + 0.05))
    goes = any(forms.table()["vehicles"][kind]["speed"] for kind in spec.vehicles)
    begin = (0.30 if nearer <= 1 else 0.36) - 0.18 * min(1.0, long * size / ground.aspect)
    start = -begin * ground.side * ground.aspect if goes else 0.0
    return size * less, start * less, foot * less, _DISTANCE + 0.6


def _lift(row: dict[str, Any], people: Sequence[Spot], ground: Ground, size: float) -> float:
    """How far over the ground what flies is."""
    if not row.get("flies"):
        return 0.0
    if people:
        return 0.9 * people[0].size
    foot = min(0.40, ground.horizon + max(0.20, ground.height / _DISTANCE + 0.05))
    return foot - ground.horizon + 0.10 + 0.15 * size
