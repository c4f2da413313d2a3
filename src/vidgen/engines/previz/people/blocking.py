"""Where everybody stands in the frame: by their number, the shot size, and whether they face each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vidgen.engines.previz.people import acting
from vidgen.engines.previz.people.looks import ALIKE, Look, look_of
from vidgen.engines.previz.people.rig import joints
from vidgen.engines.previz.people.together import beasts_of, fitting, seen_whole, shift_of
from vidgen.engines.previz.spec import SceneSpec


@dataclass(frozen=True)
class Framing:
    """A shot size. ``size``: a grown-up in frame heights; ``top``: v of the heads' tops, None: they stand on the ground;
    ``apart``: how far two who face each other stand apart, in body heights; ``most``: how many are shown."""

    size: float
    top: float | None = None
    apart: float = 0.50
    most: int = 9


_SIZES = {
    "ews": Framing(0.14), "ws": Framing(0.40), "ls": Framing(0.52), "fs": Framing(0.80),
    "mws": Framing(1.20, -0.41, 0.46, 6), "two_shot": Framing(1.45, -0.40, 0.40, 4),
    "ms": Framing(1.70, -0.42, 0.40, 4), "mcu": Framing(2.45, -0.41, 0.34, 3),
    "cu": Framing(3.40, -0.40, 0.27, 2), "ecu": Framing(5.60, -0.52, 0.20, 1),
    "ots": Framing(2.10, -0.33, 0.40, 2), "insert": Framing(3.20, -0.80, 0.30, 1),
    # Where no size is named: in a landscape, on a quay, on a shore; on a card whole, or from the knees up.
    "far": Framing(0.30), "quay": Framing(0.44), "shore": Framing(0.60),
    "full": Framing(0.66), "knees": Framing(1.02, -0.37, 0.50, 6),
}  # fmt: skip
_FACES = ("mcu", "cu", "ecu", "ots", "insert")
"""Shot sizes that show a few faces, whoever else is there."""
_CLOSER = 4.0
"""The distance at which what is seen from close stands: that of the shot's subject."""
TOPS = 8
"""How many colours of clothes there are: somebody's seed leaves the number of theirs as the rest of a division by it."""
_INSIDE = 8.4
"""The distance right before the wall of a card: nobody stands behind it."""
_NEAREST = 2.3
_HEADROOM = -0.46
"""The v that heads reach at most when the camera has zoomed in."""
_BEDS = ("bedroom", "living")
"""Rooms in which who lies has a bed or a sofa."""
_LONG = ("lie", "pushup")
"""Postures in which somebody is as wide as tall."""
_BESIDE = {"run": 0.62, "ride": 1.30, "cycle": 0.85, "motorbike": 1.15}
"""How far those are apart who do this, in body heights."""
_TALL = ("umbrella", "cheer", "climb")
"""What reaches over the head."""
_BEHIND, _PILLOW = 0.11, -0.03
"""How far lower the next of those who lie is, and how far left of the frame's middle their heads are, in body heights."""
_LOWER = 0.15
"""How much lower the heads of the next row are, so that faces are seen between them, in body heights."""
_CHASE = 5
"""So many run together."""
_ROW = 3
"""So many stand in one row."""
_MOUNTED = 0.74
"""How much smaller those are who sit on a horse, so that the horse is in the frame too."""


@dataclass(frozen=True)
class Spot:
    """Where the ``number``-th of a shot is. ``u`` and ``foot`` in the base picture, ``size``: a grown-up in frame heights.
    ``z``: the distance; ``yaw``: the side from which they are seen; ``start``: seconds that their movement is ahead. ``way``:
    the share of their way that goes to the right (below 0: to the left), 0: they stay; ``aside``: how far they are off the
    middle of those who go together. ``near``: the dark shoulder over which is looked; ``held``: in somebody's arms."""

    number: int
    kind: str
    seed: int
    u: float
    foot: float
    size: float
    z: float
    yaw: float
    start: float = 0.0
    way: float = 0.0
    near: bool = False
    aside: float = 0.0
    held: bool = False

    @property
    def look(self) -> Look:
        """How they look."""
        return look_of(self.kind)


@dataclass(frozen=True)
class Ground:
    """Where one can stand: the v of something at distance z is ``horizon`` + ``height`` / z, and a grown-up is ``tall`` / z
    high there. ``usual``: the shot size of people where none is said; ``side``: where the light comes from, +1 or -1;
    ``zoom``: how far the camera magnifies the base picture (log); ``closer``: how much larger all is when it has zoomed in."""

    horizon: float
    height: float
    tall: float
    aspect: float
    side: float
    usual: str
    zoom: float = 0.0
    closer: float = 1.0


def framing_of(spec: SceneSpec, ground: Ground) -> Framing:
    """The framing of the shot's size; one that suits what is done where none is said."""
    frame = _framing(spec, ground.usual)
    if frame.top is None:
        wide = 0.72 * ground.aspect if posture_of(spec) in _LONG and spec.cast else math.inf
        return replace(frame, size=min(wide, fitting(spec, frame.size, ground.aspect)))
    if frame.top * ground.closer > _HEADROOM:
        return frame
    return replace(frame, top=_HEADROOM / ground.closer)


def faces_of(spec: SceneSpec, zoom: float) -> float | None:
    """The v of the faces of those who are seen from close; None where nobody is. The camera moves towards them."""
    frame = _framing(spec, "full" if spec.place == "card" else "far")
    if not spec.cast or frame.top is None:
        return None
    return (frame.top + 0.09 * frame.size) * math.exp(-zoom)


def _framing(spec: SceneSpec, usual: str) -> Framing:
    if spec.size in _SIZES:
        frame = _SIZES[spec.size]
        whole = posture_of(spec) in _LONG and spec.size in ("mws", "two_shot", "ms", "mcu")  # as wide as tall
        if frame.top is not None and (whole or seen_whole(spec)):
            return _SIZES["fs"] if spec.room in _BEDS or not whole else Framing(1.15)
        if spec.size in _FACES or len(spec.cast) <= frame.most:
            return frame
        return _SIZES["mws" if len(spec.cast) <= _SIZES["mws"].most else "full"]  # all of them, from a little farther
    if len(spec.cast) <= 3 and (spec.speaking or posture_of(spec) == "drive"):
        return _SIZES["ms"]
    still = posture_of(spec) in ("sit", "stand", "kneel") and spec.gesture not in _TALL and (spec.gesture or spec.room)
    return _SIZES["knees" if still and len(spec.cast) <= 3 and usual == "full" else usual]


def posture_of(spec: SceneSpec, number: int = 0) -> str:
    """What the ``number``-th does with the legs: as said; they walk through a landscape, and sit where people sit. Of two who
    face each other one kneels."""
    if spec.room == "car_inside" and spec.posture not in ("lie", "sit"):
        return "drive"
    if number and spec.facing and spec.posture in ("kneel", "bow"):
        return "stand"
    if spec.posture:
        return spec.posture
    if spec.place != "card" and not spec.speaking and not spec.gesture and not spec.size:
        return "walk"
    if spec.room == "dohyo" and len(spec.cast) == 2:
        return "sumo"
    seated = ("car_inside", "cafe", "dining", "classroom", "office", "cabin")
    standing = ("board", "cook", "hug", "shake_hands", "wave", "point", "cheer", "look_away", "hands_up", "carry", "photograph")
    return "sit" if (spec.room in seated or "table" in spec.extra) and spec.gesture not in standing else "stand"


def gesture_of(spec: SceneSpec) -> str:
    """What their hands do: as said; who stands in a train holds on, who fights in a car sits."""
    if spec.room == "car_inside" and spec.posture == "fight":
        return "argue"
    return spec.gesture or ("strap" if spec.room == "carriage" and posture_of(spec) == "stand" else "")


def spots(spec: SceneSpec, ground: Ground) -> list[Spot]:
    """Everybody's place, from far to near."""
    people = [(kind, int(seed)) for kind, _, seed in (one.partition("/") for one in spec.cast)]
    if not people:
        return []
    frame = framing_of(spec, ground)
    if spec.size in ("two_shot", "ots") and len(people) == 1:
        people.append(("person", people[0][1] + 1))
    people = _unlike(people[: frame.most])
    if frame.top is None:
        placed = _on_the_ground(people, frame, ground, spec)
    elif spec.size == "ots":
        placed = _over_the_shoulder(people, frame, ground, posture_of(spec), spec.speaking)
    else:
        placed = _close(people, frame, ground, spec)
    less = math.exp(-ground.zoom)
    return _in_arms([_scaled(spot, less) for spot in placed], spec)


def _scaled(spot: Spot, by: float) -> Spot:
    return replace(spot, u=spot.u * by, foot=spot.foot * by, size=spot.size * by, aside=spot.aside * by)


def _in_arms(people: list[Spot], spec: SceneSpec) -> list[Spot]:
    """The same, a baby in the arms of the one who holds it."""
    babies = [spot for spot in people if spot.kind.partition("+")[0] == "baby"]
    holders = [spot for spot in people if spot not in babies]
    if spec.gesture != "cradle" or not babies or not holders:
        return people
    lead = min(holders, key=lambda spot: spot.number)
    high, side, tall = 0.34 if posture_of(spec) == "sit" else 0.60, lead.yaw or 1.0, lead.look.height * lead.size
    held = [
        replace(
            baby, u=lead.u + math.copysign(0.07, side) * tall, foot=lead.foot - high * tall,
            size=lead.size * 0.85, z=lead.z - 0.01, yaw=math.copysign(78.0, side), way=lead.way, aside=lead.aside, held=True,
        )
        for baby in babies
    ]  # fmt: skip
    return [*holders, *held]


def _unlike(people: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """The same people, no two dressed alike while there are colours left, but those of whom it is said."""
    worn: set[int] = set()
    out = []
    for kind, seed in people:
        while seed % TOPS in worn and len(worn) < TOPS and ALIKE not in kind:
            seed += 1
        worn.add(seed % TOPS)
        out.append((kind, seed))
    return out


def _close(people: Sequence[tuple[str, int]], frame: Framing, ground: Ground, spec: SceneSpec) -> list[Spot]:
    """Side by side, their heads under the upper edge."""
    posture, count = posture_of(spec), len(people)
    step = _apart(spec, frame, count)
    margin = 0.15 if frame.size > 2 else 0.20
    size, rows = frame.size, _rows(count, step, margin, frame, ground)
    step /= rows
    while count > 1 and (step * (count - 1) + margin * 2) * size > 1.02 * ground.aspect and size > 0.62 * frame.size:
        size, step = size * 0.96, max(step * 0.97, 0.20 / rows)
    size = min(size, frame.size * max(0.55, ground.aspect / 0.9)) / _tallest(people)
    tops = [_top_of(kind, posture) for kind, _ in people]
    lower = 0.20 * max(0.0, 1 - size / frame.size)  # many are smaller, and lower in the frame
    foot = (frame.top or 0.0) + size * max(tops) + lower
    # Eyes of grown-ups are nearly level: the shorter stand a little higher, as on a set.
    raised = [_raised(top, max(tops), posture) * size for top in tops]
    lead = -0.06 * ground.side * ground.aspect if count == 1 and not frame.size > 5 else 0.0
    if posture == "lie":
        return _lying(people, size, ground, spec)
    placed = [
        Spot(
            n, kind, seed, lead + (n - (count - 1) / 2) * step * size, foot - raised[n] + _LOWER * size * (rows - 1 - n % rows),
            size, _CLOSER + 0.01 * (n % rows), _yaw(n, count, spec, ground, posture, close=True), 1.37 * n,
        )
        for n, (kind, seed) in enumerate(people)
    ]  # fmt: skip
    return sorted(placed, key=lambda spot: -spot.z)


def _lying(people: Sequence[tuple[str, int]], size: float, ground: Ground, spec: SceneSpec) -> list[Spot]:
    """Those who lie, seen from close: one behind the other, their heads at the middle of the frame."""
    out = []
    for n, (kind, seed) in enumerate(people):
        at, low = _head_of(kind, "lie"), (n - (len(people) - 1) / 2) * _BEHIND * size
        yaw = _yaw(n, len(people), spec, ground, "lie", close=True)
        u = (_PILLOW - at[0] * math.sin(math.radians(yaw))) * size
        out.append(Spot(n, kind, seed, u, at[1] * size + low, size, _CLOSER - 0.01 * n, yaw, 1.37 * n))
    return out


def _rows(count: int, step: float, margin: float, frame: Framing, ground: Ground) -> int:
    """In how many rows, one behind the other, so many stand so that all are in the frame and not too small."""
    least = (0.64 if count <= 4 else 0.80) * frame.size * max(0.62, min(1.0, ground.aspect / 0.9))
    fits = (rows for rows in (1, 2) if (step / rows * (count - 1) + margin * 2) * least <= 1.02 * ground.aspect)
    return 1 if count < _ROW else next(fits, 3)


def _raised(top: float, highest: float, posture: str) -> float:
    """How much higher than the tallest somebody stands: a grown-up a little, a baby on an arm, a child on a higher chair."""
    if posture == "sit" and top < highest - 0.15:
        return highest - top - 0.09
    if highest - top < 0.15:
        return 0.6 * (highest - top)
    return 0.76 * highest - top if top < 0.5 < 0.8 < highest else 0.35 * (highest - top) * (posture == "stand")


def _on_the_ground(people: Sequence[tuple[str, int]], frame: Framing, ground: Ground, spec: SceneSpec) -> list[Spot]:
    """Whole figures on the ground; many in rows, the farther ones smaller and higher."""
    posture, count = posture_of(spec), len(people)
    travels = bool(acting.act("postures", posture).row.get("travels"))
    if posture == "lie" and spec.size in ("mws", "ms", "mcu"):
        frame = replace(frame, size=frame.size / _tallest(people))
    elif spec.size == "fs" or (not spec.size and ground.usual == "full"):
        frame = replace(frame, size=fitting(spec, frame.size / _tallest(people) ** 0.7, ground.aspect))
    step = _apart(spec, frame, count) * (1.15 if travels else 1.0) * frame.size
    step = min(step, 0.92 * ground.aspect / max(count, 1))
    aside = shift_of(spec) * ground.side * frame.size
    alone = aside or (-0.10 * ground.side * ground.aspect if count == 1 else 0.0)
    together = posture == "run" and 1 < count <= _CHASE
    out = []
    for n, (kind, seed) in enumerate(people):
        deep = 1 + ((n * 2 % 5) * 0.09 if count > _ROW else (n % 2) * 0.02)
        far = ground.tall / frame.size * deep
        size = frame.size / deep * (_MOUNTED if posture == "ride" else 1.0)
        foot = ground.horizon + ground.height / (min(far, _INSIDE) if spec.place == "card" else far)
        foot = min(max(foot, beasts_of(spec).tall * frame.size + _HEADROOM), 0.445)
        u, yaw, way = alone + (n - (count - 1) / 2) * step, _yaw(n, count, spec, ground, posture, close=False), 0.0
        apart = 0.0
        if posture in _LONG:
            u, foot = u - alone + (-0.06 if posture == "lie" else 0.0) * size, foot - 0.16 * min(1.0, size)
        if posture == "lie" and spec.room not in _BEDS:  # one behind the other
            u, foot = -0.06 * size + 0.10 * (n % 2) * size, min(foot + (n - (count - 1) / 2) * _BEHIND * size, 0.445)
            far -= 0.05 * n
        if travels:
            yaw = _course(0 if together else n, count, posture, frame, ground) * (0.55 if together else 1.0)
            way = math.sin(math.radians(yaw))
            apart = (n - (count - 1) / 2) * step * (math.copysign(1, way) if together else 1)  # who is named first runs behind
            begin = 0.08 if aside else 0.26 * together or 0.30 * (count <= _ROW)
            u = apart - math.copysign(begin, way) * ground.aspect + aside
        out.append(Spot(n, kind, seed, u, foot, size, max(far, _NEAREST), yaw, 1.37 * n, way, aside=apart if together else 0.0))
    return sorted(out, key=lambda spot: -spot.z)


def _course(n: int, count: int, posture: str, frame: Framing, ground: Ground) -> float:
    """The way that the ``n``-th goes: across the frame; towards the camera rather, where the frame is soon crossed. In a
    crowd some go the other way."""
    rides = "speed" in acting.act("postures", posture).row
    across = 84.0 if rides else float(np.interp(frame.size, (0.40, 0.60, 0.80), (80, 60, 42)))
    across *= 1.0 if rides else min(1.0, max(0.4, ground.aspect / 1.78))
    return across * -ground.side * (-1 if count > 4 and n % 3 == 1 else 1)


def _over_the_shoulder(
    people: Sequence[tuple[str, int]], frame: Framing, ground: Ground, posture: str, speaking: tuple[int, ...]
) -> list[Spot]:
    """The face of who speaks, and before it a dark shoulder with the back of a head."""
    side, half = ground.side or 1.0, ground.aspect / 2
    face, back = (1, 0) if speaking == (1,) else (0, 1)
    (kind, seed), (other, other_seed) = people[face], people[back]
    foot = (frame.top or 0.0) + frame.size * _top_of(kind, posture)
    partner = Spot(face, kind, seed, side * min(0.17, half * 0.30), foot, frame.size, _CLOSER, -34 * side)
    size = frame.size * 1.55
    near = Spot(
        back,
        other,
        other_seed,
        -side * (half - min(0.16, half * 0.22)),
        -0.30 + size * _top_of(other, "stand"),
        size,
        2.9,
        180 - 32 * side,
        near=True,
    )
    return [partner, near]


def _apart(spec: SceneSpec, frame: Framing, count: int) -> float:
    """How far they stand apart, in body heights."""
    near = acting.act("gestures", spec.gesture).row.get("near") if spec.gesture else None
    if near is not None and count == 2:
        return float(near)
    if spec.posture == "waltz" and count == 2:
        return 0.24
    if spec.posture in _BESIDE:
        return _BESIDE[spec.posture]
    if count == 2 and spec.facing:
        return frame.apart + (0.10 if posture_of(spec) in ("sit", "fight") else 0.0)
    return max(0.26, frame.apart * 0.78)


def _tallest(people: Sequence[tuple[str, int]]) -> float:
    """The height of the tallest, in a grown-up's heights: a shot of children is as full as one of grown-ups."""
    return max(0.6, max(look_of(kind).height for kind, _ in people)) if people else 1.0


def _yaw(n: int, count: int, spec: SceneSpec, ground: Ground, posture: str, *, close: bool) -> float:
    """The side from which the ``n``-th of ``count`` is seen."""
    place = (n - (count - 1) / 2) / max((count - 1) / 2, 0.5) if count > 1 else 0.0
    if spec.gesture == "look_away":
        return 158.0 + 10 * place
    if posture == "drive":
        return 14.0 - 8 * place
    if spec.gesture in ("board", "climb"):
        return 128.0 * -ground.side
    if count > 1 and (spec.facing or spec.gesture in ("hug", "kiss")):
        full = 74.0 if spec.gesture in ("hug", "kiss", "shake_hands") or posture in ("fight", "waltz") else 56.0
        return -place * full if place else 8.0
    if posture == "lie":
        return 90.0
    if count > 1:
        return -place * 20
    alone = (36.0 if spec.facing else 14.0) if close else float(acting.act("postures", posture).row.get("look", 30))
    return alone * -ground.side


def _head_of(kind: str, posture: str) -> tuple[float, float]:
    """Where somebody's head is in a posture: how far before their middle and how high, in a grown-up's heights."""
    look = look_of(kind)
    head = joints(acting.pose_at(posture, (), 0.0), look.bones, look.height).head
    return head[0], head[1]


def _top_of(kind: str, posture: str) -> float:
    """How high somebody's head reaches in a posture, in a grown-up's heights."""
    look = look_of(kind)
    body = joints(acting.pose_at(posture, (), 0.0), look.bones, look.height)
    return body.head[1] + 0.51 * look.bones.head * look.height


def seen_from(angle: str, spot: Spot, tall: float = 0.0, zoom: float = 0.0) -> Spot:
    """Somebody on the ground under a camera angle: from below they tower, as far as the frame is high; from above they are
    short. ``tall``: the height of what is beside them, in a grown-up's heights; ``zoom``:
    as a Ground has it."""
    change = {"low": 1.10, "worms_eye": 1.22, "ground": 1.12, "high": 0.92, "birds_eye": 0.80, "overhead": 0.76}.get(angle, 1.0)
    highest = (spot.foot - _HEADROOM * math.exp(-zoom)) / max(tall, spot.look.height)
    return replace(spot, size=min(spot.size * change, max(spot.size, highest)))


def turn_of(time: float, count: int, seconds: float = 2.6) -> tuple[int, float]:
    """Whose turn it is to speak, and how far they are into it (0-1 at both ends quiet)."""
    turn = math.floor(time / seconds)
    into = time / seconds - turn
    return int(turn % max(count, 1)), max(0.0, min(1.0, into * 8, (1 - into) * 8))
