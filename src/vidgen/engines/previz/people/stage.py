"""What comes on for a shot: its people with what they sit on and at, its animals and its vehicles, from far to near."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from vidgen.engines.previz.layers import Layer
from vidgen.engines.previz.people import animals, forms
from vidgen.engines.previz.people.blocking import Ground, Spot, framing_of, posture_of, seen_from, spots
from vidgen.engines.previz.people.onstage import Actor, Animal, Thing, Vehicle
from vidgen.engines.previz.people.paints import Paints, in_world, on_paper
from vidgen.engines.previz.people.rooms import room_row
from vidgen.engines.previz.spec import SceneSpec

__all__ = ["Actor", "Ground", "Thing", "close_up", "in_world", "on_paper", "on_stage"]

PaintsAt = Callable[[float], Paints]
"""The paints at a distance."""
_TABLED = ("eat", "drink", "write", "type", "cook", "read")
_OWN_PLACE = ("car_inside", "carriage", "cabin")
"""Rooms that are the vehicle which the words name."""
_TABLES = ("table", "long_table", "school_desk", "counter")
_BED = 0.20
"""The height of a bed, in a grown-up's heights."""


def on_stage(spec: SceneSpec, ground: Ground, paints_at: PaintsAt, follows: bool = False) -> list[Layer]:
    """The layers of all that is alive or drives, from far to near."""
    people = [seen_from(spec.angle, spot) for spot in spots(spec, ground)]
    if in_bed(spec):
        people = [replace(spot, u=-0.45 * spot.size, foot=spot.foot - (_BED + 0.07 * n) * spot.size) for n, spot in enumerate(people)][::-1]
    behind, before = _furniture(spec, people, ground, paints_at)
    tabled = posture_of(spec) == "sit" and any(layer.name in _TABLES for layer in before)
    actors: list[Layer] = [
        Actor(spot, spec, paints_at(spot.z), number, len(people), follows and bool(spot.way), tabled, f"person{number}")
        for number, spot in enumerate(people)
    ]
    beasts = _mounts(spec, people, paints_at) if spec.posture == "ride" and people else _animals(spec, people, ground, paints_at, follows)
    return [*_vehicles(spec, people, ground, paints_at), *behind, *beasts, *actors, *before]


def _furniture(spec: SceneSpec, people: list[Spot], ground: Ground, paints_at: PaintsAt) -> tuple[list[Layer], list[Layer]]:
    """What stands behind the people, and what before them."""
    people = [spot for spot in people if not spot.near]
    if not people:
        return [], []
    row, posture = room_row(spec), posture_of(spec)
    behind: list[Layer] = []
    before: list[Layer] = []
    middle = sum(spot.u for spot in people) / len(people)
    first = people[0]

    def thing(name: str, u: float, lower: float = 0.0, mirrored: bool = False, size: float = 1.0) -> Thing:
        style = paints_at(first.z).form(first.seed, 0.12)
        return Thing(style, name, u, first.foot + lower * first.size, first.size * size, first.z, mirrored=mirrored, name=name)

    if spec.room == "car_inside":
        behind += [thing("seat_backs", middle), thing("car_frame", middle)]
        before += [thing("dashboard", middle), thing("wheel", middle)]
        return behind, before
    if posture == "sit":
        seat = row.get("seat") or ("bench" if row.get("open") or spec.place != "card" else "chair")
        if seat.startswith("chair"):
            for spot in people:
                seen = seat if seat == "chair_front" or abs(math.sin(math.radians(spot.yaw))) > 0.6 else "chair_front"
                behind.append(thing(seen, spot.u, mirrored=spot.yaw < 0))
        else:
            behind.append(thing(seat, middle, size=max(1.0, len(people) / 2.6)))
    if in_bed(spec):
        behind.append(thing("bed", 0.0, _BED))
        before.append(thing("blanket", 0.0, _BED))
    if row.get("table") and posture in ("sit", "stand") and (posture == "sit" or spec.gesture in _TABLED) or spec.gesture in ("eat", "write", "type") and posture == "sit":
        before.append(_table(spec, people, middle, row.get("table", "table"), thing))
    return behind, before


def _table(spec: SceneSpec, people: list[Spot], middle: float, form: str, thing: Callable[..., Thing]) -> Thing:
    """The table between two, or before all."""
    first = people[0]
    sideways = abs(math.sin(math.radians(first.yaw))) > 0.5
    if len(people) == 1 and sideways:
        return thing(form if form != "counter" else "table", middle + math.copysign(0.44, first.yaw) * first.size)
    if len(people) == 2 and spec.facing and form != "counter":
        return thing("table" if form == "long_table" else form, middle, 0.03)
    wide = max(1.0, (max(spot.u for spot in people) - min(spot.u for spot in people)) / first.size / 1.7)
    return thing("long_table" if form in ("table", "school_desk") and len(people) > 2 else form, middle, 0.05, size=min(wide, 1.5))


def _mounts(spec: SceneSpec, people: list[Spot], paints_at: PaintsAt) -> list[Layer]:
    """The horses of those who ride."""
    return [
        Animal(
            paints_at(spot.z).animal("horse"), "horse", spot.u, spot.foot, spot.size * animals.size_of("horse"), spot.z,
            mirrored=spot.yaw < 0, follows=True, start=spot.start, tempo=spec.tempo * 1.4, name=f"mount{number}",
        )
        for number, spot in enumerate(people)
    ]  # fmt: skip


def _animals(spec: SceneSpec, people: list[Spot], ground: Ground, paints_at: PaintsAt, follows: bool) -> list[Layer]:
    if not spec.animal or spec.animal == "birds":
        return []
    kind, count = spec.animal, spec.counts.get(spec.animal, 1)
    tall = animals.size_of(kind)
    frame = framing_of(spec, ground)
    if people:
        size, z, foot = people[-1].size * tall, people[-1].z, people[-1].foot
    else:
        shown = min(0.62, max(0.20, frame.size * (0.6 + 0.25 * tall)))
        size, z = shown * min(1.0, ground.aspect / 1.2), 3.4
        foot = min(0.42, ground.horizon + max(0.16, ground.height / 3.4 + 0.05))
    step = min(1.9 * size, 0.9 * ground.aspect / max(count, 1))
    way = -ground.side or 1.0
    away = (0.42 * people[-1].size + size * 0.5) * way if people else 0.0
    u0 = people[-1].u + away if people else 0.0
    out: list[Layer] = []
    for number in range(count):
        u = u0 + (number - (count - 1) / 2) * step - (0 if people else 0.12 * way * ground.aspect * (count == 1))
        deep = 1 - 0.05 * (number % 3)
        lies = not people and spec.posture in ("lie", "sit")
        walks = bool(people and people[-1].way) or not (people or lies)
        out.append(
            Animal(
                paints_at(z).animal(kind), kind, u, foot - 0.02 * (number % 3) * size, size * deep, z, 1.0 if walks else 0.0,
                mirrored=way < 0, follows=follows, start=1.3 * number, tempo=spec.tempo, name=f"{kind}{number or ''}", lies=lies,
            )
        )  # fmt: skip
    return out


def _vehicles(spec: SceneSpec, people: list[Spot], ground: Ground, paints_at: PaintsAt) -> list[Layer]:
    kind = spec.vehicle
    if not kind or spec.room in _OWN_PLACE or (kind == "bicycle" and spec.posture == "cycle") or spec.size in ("cu", "ecu", "mcu") and people:
        return []
    row, count = forms.table()["vehicles"][kind], min(spec.counts.get(kind, 1), 4)
    xs = [x for _, *hulls in row["parts"] for hull in hulls for x, _, _ in hull]
    long = max(xs) - min(xs)
    fits = 0.94 * ground.aspect / min(long, 7.0)
    size = min(people[0].size * 0.92, 1.6 * fits) if people else min(0.62 * fits if long > 3 else 0.20 * ground.aspect + 0.06, fits)
    z = (people[0].z if people else 3.6) + 0.6
    foot = (people[0].foot - 0.05 * size) if people else min(0.40, ground.horizon + max(0.20, ground.height / 3.6 + 0.06))
    if row.get("flies"):
        foot = ground.horizon - 0.10 - 0.15 * size if not people else people[0].foot - 0.9 * people[0].size
    way = ground.side or 1.0
    out: list[Layer] = []
    for number in range(count):
        start = -0.30 * ground.aspect * way * (row["speed"] > 0) + (number - (count - 1) / 2) * min(long * size * 1.15, ground.aspect / count)
        moves = row["speed"] * (1 + 0.12 * (number % 2)) * (0.0 if people and not any(spot.way for spot in people) else 1.0)
        out.append(
            Vehicle(
                paints_at(z).form(number + 3), kind, start, foot - 0.05 * number * size, size * (1 - 0.06 * number), z + 0.2 * number,
                moves, row.get("bobs", 0.0), way < 0, tempo=spec.tempo, name=f"{kind}{number or ''}",
            )
        )  # fmt: skip
    return out[::-1]


def in_bed(spec: SceneSpec) -> bool:
    """Whether they lie in a bed, and not on the ground."""
    return posture_of(spec) == "lie" and spec.place == "card" and spec.room in ("bedroom", "living") and spec.size not in ("cu", "ecu")


def close_up(spec: SceneSpec, ground: Ground) -> bool:
    """Whether people are seen so closely that nothing of the place is before them."""
    return bool(spec.cast) and (framing_of(spec, ground).top is not None or spec.size == "fs")
