"""Where animals and vehicles are, how large, and which way they go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from vidgen.engines.previz.layers import Layer
from vidgen.engines.previz.people import animals, forms
from vidgen.engines.previz.people.blocking import Ground, Spot, framing_of
from vidgen.engines.previz.people.onstage import Animal, Vehicle
from vidgen.engines.previz.people.paints import Paints
from vidgen.engines.previz.spec import SceneSpec

_OWN_ROOMS = ("car_inside", "carriage", "cabin")
"""Rooms that are the vehicle which the words name."""
_CLOSE = ("mcu", "cu", "ecu")
"""Shot sizes in which people fill the frame."""
_DISTANCE = 3.4
"""Where an animal or a vehicle is that is the shot's subject."""
_LONG = 2.3
"""How long an animal is, in the heights of its back."""
_MOST = 4
_AMBLE = 0.6
"""How fast animals go that are the shot's subject, so that they stay in the frame."""


class _Place(NamedTuple):
    """Where the middle of a group is. ``size``: frame heights of one unit."""

    u: float
    foot: float
    size: float
    z: float


def animals_on(
    spec: SceneSpec, ground: Ground, people: Sequence[Spot], paints_at: Callable[[float], Paints], follows: bool
) -> list[Layer]:
    """The animals that walk beside the people, or alone; horses that are ridden come with their riders."""
    kind = spec.animal
    if not kind or kind == "birds" or (kind == "horse" and spec.posture == "ride" and people):
        return []
    count, way = spec.counts.get(kind, 1), -ground.side
    place = _beside(kind, people[-1], ground) if people else _alone(kind, count, spec, ground)
    lies = not people and spec.posture in ("lie", "sit")
    walks = bool(people[-1].way) if people else not lies
    style = paints_at(place.z).animal(kind)
    return [
        Animal(
            style, kind, place.u + (n - (count - 1) / 2) * _LONG * place.size, place.foot - 0.02 * (n % 3) * place.size,
            place.size * (1 - 0.05 * (n % 3)), place.z, 1.0 if walks else 0.0, mirrored=way < 0, follows=follows,
            start=1.3 * n, tempo=spec.tempo * (1.0 if people else _AMBLE), name=f"{kind}{n or ''}", lies=lies,
        )
        for n in range(count)
    ]  # fmt: skip


def _beside(kind: str, somebody: Spot, ground: Ground) -> _Place:
    """Before the one whom it goes with, within the frame."""
    size = somebody.size * animals.size_of(kind)
    room = max(0.0, ground.aspect / 2 - size)
    u = somebody.u - ground.side * (0.42 * somebody.size + 0.5 * size)
    return _Place(min(max(u, -room), room), somebody.foot, size, somebody.z)


def _alone(kind: str, count: int, spec: SceneSpec, ground: Ground) -> _Place:
    """The subject of the shot, from a little closer than people would be; all of them within the frame."""
    shown = 1.6 * framing_of(spec, ground).size * animals.size_of(kind)
    size = min(0.62, max(0.16, shown)) * min(1.0, ground.aspect / 1.2)
    size = min(size, 0.9 * ground.aspect / (_LONG * count))
    foot = min(0.42, ground.horizon + max(0.16, ground.height / _DISTANCE + 0.05))
    return _Place(0.22 * ground.side * ground.aspect if count == 1 else 0.0, foot, size, _DISTANCE)


def vehicles_on(spec: SceneSpec, ground: Ground, people: Sequence[Spot], paints_at: Callable[[float], Paints]) -> list[Layer]:
    """The vehicles, behind the people; the first is the nearest."""
    kind = spec.vehicle
    ridden = kind == "bicycle" and spec.posture == "cycle"
    if not kind or ridden or spec.room in _OWN_ROOMS or (people and spec.size in _CLOSE):
        return []
    row, count = forms.table()["vehicles"][kind], min(spec.counts.get(kind, 1), _MOST)
    xs = [x for _, *hulls in row["parts"] for hull in hulls for x, _, _ in hull]
    long, way = max(xs) - min(xs), ground.side
    place = _parked(long, row, people[0], ground) if people else _driving(long, row, ground)
    stands = people and not any(spot.way for spot in people)
    step = min(long * place.size * 1.15, ground.aspect / count)
    return [
        Vehicle(
            paints_at(place.z).form(n + 3), kind, place.u + (n - (count - 1) / 2) * step, place.foot - 0.05 * n * place.size,
            place.size * (1 - 0.06 * n), place.z + 0.2 * n, 0.0 if stands else row["speed"] * (1 + 0.12 * (n % 2)),
            row.get("bobs", 0.0), way < 0, tempo=spec.tempo, name=f"{kind}{n or ''}",
        )
        for n in reversed(range(count))
    ]  # fmt: skip


def _parked(long: float, row: dict[str, object], somebody: Spot, ground: Ground) -> _Place:
    """Behind people, as large as they are or a little smaller, so that it is known for what it is."""
    size = min(somebody.size * 0.92, 1.5 * ground.aspect / min(long, 7.0))
    foot = somebody.foot - (0.9 * somebody.size if row.get("flies") else 0.05 * size)
    return _Place(-0.12 * ground.side * ground.aspect, foot, size, somebody.z + 0.6)


def _driving(long: float, row: dict[str, object], ground: Ground) -> _Place:
    """Alone: it comes in from one side; what flies is over the horizon."""
    fits = 0.94 * ground.aspect / min(long, 7.0)
    size = min(0.62 * fits if long > 3 else 0.20 * ground.aspect + 0.06, fits)
    foot = min(0.40, ground.horizon + max(0.20, ground.height / _DISTANCE + 0.05))
    if row.get("flies"):
        foot = ground.horizon - 0.10 - 0.15 * size
    start = -0.30 * ground.side * ground.aspect if row["speed"] else 0.0
    return _Place(start, foot, size, _DISTANCE + 0.6)
