"""How much of the frame the animals need that share it with people, or have it to themselves."""

from __future__ import annotations

from typing import NamedTuple

from vidgen.engines.previz.people import animals
from vidgen.engines.previz.spec import SceneSpec

_LARGE = 0.80
"""From this height on (of a grown-up's) an animal beside people is seen whole, and they with it."""
_FILLS, _WIDE, _WALKS = 0.86, 0.94, 0.66
"""How much of the frame's height and width a group fills at most, and of its width one that walks through it."""
_MOUNTS, _RIDES = {"ride": 1.6, "cycle": 0.95, "motorbike": 1.35}, 0.78
"""How long what is ridden is, in a grown-up's heights, and the share of the frame's width that it fills at most."""
_APART = 0.42
"""The room of one who stands beside an animal, in body heights."""


class Beasts(NamedTuple):
    """Animals as a group: each kind with its number; ``tall`` and ``long`` of the whole in a grown-up's heights."""

    kinds: tuple[tuple[str, int], ...]
    tall: float
    long: float


def beasts_of(spec: SceneSpec) -> Beasts:
    """The animals of a shot on their own feet: no birds in the sky, and no horse that is ridden."""
    ridden = "horse" if spec.posture == "ride" and spec.cast else ""
    kinds = tuple((kind, spec.counts.get(kind, 1)) for kind in spec.animals if kind not in ("birds", ridden))
    tall = max((animals.reach_of(kind).top * animals.size_of(kind) for kind, _ in kinds), default=0.0)
    long = sum(room_of(kind, count) for kind, count in kinds)
    return Beasts(kinds, tall, long)


def room_of(kind: str, count: int) -> float:
    """How long so many animals of a kind are side by side, in a grown-up's heights."""
    reach = animals.reach_of(kind)
    return (reach.long + reach.step * (count - 1)) * animals.size_of(kind)


def seen_whole(spec: SceneSpec) -> bool:
    """Whether people are seen from head to foot because of what is with them, though the shot size is closer."""
    return bool(spec.cast) and (beasts_of(spec).tall > _LARGE or (spec.posture == "ride" and spec.size not in ("cu", "ecu")))


def fitting(spec: SceneSpec, size: float, aspect: float) -> float:
    """The size (a grown-up in frame heights) at which people on the ground and their animals are within the frame."""
    beasts = beasts_of(spec)
    if spec.cast and spec.posture in _MOUNTS:
        size = min(size, _RIDES * aspect / _MOUNTS[spec.posture])
    if not spec.cast or not beasts.kinds:
        return size
    long = beasts.long + _APART * min(len(spec.cast), 4)
    wide = _WALKS if spec.posture in ("walk", "run") else _WIDE
    return min(size, _FILLS / max(1.0, beasts.tall), wide * aspect / long)


def shift_of(spec: SceneSpec) -> float:
    """How far people stand aside to make room for their animals, in body heights."""
    return 0.5 * beasts_of(spec).long if spec.cast else 0.0
