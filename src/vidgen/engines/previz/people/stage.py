"""What comes on for a shot: its people with what they sit on and at, its animals and its vehicles, from far to near."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from vidgen.engines.previz.layers import Layer
from vidgen.engines.previz.people import crowd
from vidgen.engines.previz.people.blocking import Ground, Spot, framing_of, posture_of, seen_from, spots
from vidgen.engines.previz.people.onstage import Actor, Thing
from vidgen.engines.previz.people.paints import Paints
from vidgen.engines.previz.people.rooms import room_row
from vidgen.engines.previz.people.things import place_of, things
from vidgen.engines.previz.people.together import beasts_of
from vidgen.engines.previz.people.traffic import animals_on, vehicles_on
from vidgen.engines.previz.spec import SceneSpec

PaintsAt = Callable[[float], Paints]
"""The paints at a distance."""
_TABLED = ("eat", "drink", "write", "type", "cook", "read", "think")
"""What is done at tables."""
_BED = 0.20
"""The height of a bed, in a grown-up's heights."""
_WHEEL = 0.23
"""How far the driver's side is off the middle of a car."""
_SHOWN = 4.0
"""The distance of a thing that is the subject."""
_CLEAR = 1.0
"""The distance at which no air lies before those who are seen from close, wherever they stand."""
_PALE = 0.12
"""How far the furniture of people steps back behind them."""


def on_stage(spec: SceneSpec, ground: Ground, paints_at: PaintsAt, follows: bool = False) -> list[Layer]:
    """The layers of all that is alive or drives, from far to near."""
    people, close = _people(spec, ground), close_up(spec, ground)
    air = (lambda z: paints_at(_CLEAR)) if close else paints_at
    furniture = _Furniture(spec, [spot for spot in people if not spot.near], air)
    seated = posture_of(spec) == "sit" and furniture.tabled
    kept = follows and (close or any(spot.way for spot in people))
    actors = [Actor(spot, spec, air(spot.z), len(people), kept, seated, f"person{spot.number}") for spot in people]
    if spec.thing:
        return _shown(spec, ground, paints_at)
    beasts = animals_on(spec, ground, people, paints_at, follows)
    before = [beast for beast in beasts if people and beast.z < people[-1].z]
    many = spec.crowd and people and not close and posture_of(spec) != "sit"
    return [
        *vehicles_on(spec, ground, people, paints_at), *([crowd.rows(spec, ground, people, paints_at)] if many else []),
        *furniture.behind(),
        *(beast for beast in beasts if beast not in before), *actors, *furniture.before(), *before,
    ]  # fmt: skip


def _shown(spec: SceneSpec, ground: Ground, paints_at: PaintsAt) -> list[Layer]:
    """A thing that is the subject, on a table where it stands on one."""
    place, at = place_of(spec.thing, spec.size, ground.aspect, ground.zoom), things()[spec.thing].get("at", "table")
    style = paints_at(_SHOWN).form(len(spec.thing), colour=spec.colours.get(spec.thing, ""))
    subject = Thing(style, spec.thing, 0.0, place.foot, place.size, _SHOWN, of="things", name="thing")
    if at != "table":
        return [subject]
    above = spec.angle in ("overhead", "birds_eye")  # then the table is all that is behind it
    low = -0.6 if above else place.foot + 0.05 * place.size
    slab = Thing(paints_at(_SHOWN).form(3, _PALE), "slab", 0.0, low, 0.5, _SHOWN + 0.01, name="table")
    return [slab, subject]


def close_up(spec: SceneSpec, ground: Ground) -> bool:
    """Whether people are seen so closely that nothing of the place is before them."""
    return bool(spec.cast) and (framing_of(spec, ground).top is not None or spec.size == "fs")


def _people(spec: SceneSpec, ground: Ground) -> list[Spot]:
    """Everybody who is seen: not who drives a car that is seen from outside; those in a bed on top of it."""
    if posture_of(spec) == "drive" and spec.room != "car_inside":
        return []
    people = spots(spec, ground)
    if not spec.cast or framing_of(spec, ground).top is None:
        people = [seen_from(spec.angle, spot, beasts_of(spec).tall, ground.zoom) for spot in people]
    if not _in_bed(spec):
        return people
    units = [_scale(people) * spot.size for spot in people]
    return [
        replace(spot, u=-0.45 * unit, foot=spot.foot - (_BED + 0.07 * spot.number) * unit)
        for spot, unit in zip(people, units, strict=True)
    ]


def _scale(people: list[Spot]) -> float:
    """How large the furniture is: children sit at a child's table, and lie in a child's bed."""
    tallest = max(spot.look.height for spot in people)
    return tallest if tallest < 0.8 else 1.0


def _in_bed(spec: SceneSpec) -> bool:
    """Whether they lie in a bed, and not on the ground."""
    bed = spec.place == "card" and spec.room in ("bedroom", "living")
    return bed and posture_of(spec) == "lie" and spec.size not in ("cu", "ecu")


class _Furniture:
    """What people sit on and at."""

    def __init__(self, spec: SceneSpec, people: list[Spot], paints_at: PaintsAt) -> None:
        self.spec, self.people, self.posture = spec, people, posture_of(spec)
        self.row = room_row(spec) if people else {}
        self.tabled = bool(people) and self._has_table()
        if people:
            self.front = max(people, key=lambda spot: spot.foot)
            self.middle = sum(spot.u for spot in people) / len(people)
            self.style = paints_at(people[0].z).form(people[0].seed, _PALE)
            self.scale = _scale(people)

    def behind(self) -> list[Layer]:
        """What is farther than they are."""
        if self.spec.room == "car_inside" and self.people:
            return [self._thing("seat_backs", self.middle), self._thing("car_frame", self.middle)]
        if _in_bed(self.spec) and self.people:
            return [self._thing("bed", 0.0, _BED * self.scale)]
        return self._seats() if self.posture == "sit" and self.people else []

    def before(self) -> list[Layer]:
        """What is nearer than they are."""
        if self.spec.room == "car_inside" and self.people:
            return [
                self._thing("dashboard", self.middle),
                self._thing("wheel", self.middle + (_WHEEL * self.front.size if len(self.people) == 1 else 0.0)),
            ]
        if _in_bed(self.spec) and self.people:
            return [self._thing("blanket", 0.0, _BED * self.scale)]
        return [self._table()] if self.tabled else []

    def _thing(self, name: str, u: float, lower: float = 0.0, wide: float = 1.0) -> Thing:
        one = self.front
        return Thing(self.style, name, u, one.foot + lower * one.size, one.size * self.scale, one.z, wide=wide, name=name)

    def _seats(self) -> list[Layer]:
        outside = "bench" if self.row.get("open") or self.spec.place != "card" else "chair"
        seat = self.row.get("seat") or ("chair" if self.tabled else outside)
        if not seat.startswith("chair"):
            return [self._thing(seat, self.middle, wide=max(1.0, len(self.people) / 2.6))]
        return [
            Thing(
                self.style, "chair" if _sideways(spot) else "chair_front", spot.u, spot.foot, spot.size * self.scale, spot.z,
                mirrored=spot.yaw < 0, name="chair",
            )
            for spot in self.people
        ]  # fmt: skip

    def _has_table(self) -> bool:
        """Where they sit in a room that has one, or do what is done at tables. No counter hides children."""
        form = self.row.get("table")
        if self.posture == "sit":
            return form is not None or self.spec.gesture in _TABLED or "table" in self.spec.extra
        hides = form == "counter" and any(spot.look.height < 0.8 for spot in self.people)
        return self.posture == "stand" and form is not None and self.spec.gesture in _TABLED and not hides

    def _table(self) -> Thing:
        """The table between two, or before all."""
        people, form = self.people, self.row.get("table", "table")
        if len(people) == 1 and _sideways(people[0]):
            return self._thing("table", self.middle + math.copysign(0.52, people[0].yaw) * people[0].size)
        if len(people) == 2 and self.spec.facing and form != "counter":
            return self._thing("table" if form == "long_table" else form, self.middle, 0.03)
        wide = (max(spot.u for spot in people) - min(spot.u for spot in people)) / people[0].size / 1.7
        form = "long_table" if form in ("table", "school_desk") and len(people) > 2 else form
        return self._thing(form, self.middle, 0.05, wide=min(max(1.0, wide), 2.2))


def _sideways(spot: Spot) -> bool:
    return abs(math.sin(math.radians(spot.yaw))) > 0.55
