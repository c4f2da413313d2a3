"""Animals as simple forms that walk, swim and wag: the proportions of animals.yaml on a four-legged frame, and fish."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from vidgen.engines.previz.people.marker import Circle, Part
from vidgen.media.tables import read_table


@functools.cache
def table() -> Mapping[str, Any]:
    """The animals of animals.yaml."""
    data: Mapping[str, Any] = read_table("vidgen.engines.previz.people", "animals.yaml")
    return data


def size_of(kind: str) -> float:
    """The height of an animal's back in a grown-up's heights."""
    return float(table()[kind]["size"])


class Reach(NamedTuple):
    """How far an animal reaches behind and before its middle and how high, where its eye is, and how high its head is, in the
    heights of its back."""

    behind: float
    before: float
    top: float
    eye: tuple[float, float]
    head: float

    @property
    def step(self) -> float:
        """How far the next of its kind is."""
        return max(0.5 * self.long, 0.8)

    @property
    def long(self) -> float:
        """From end to end."""
        return self.behind + self.before


@functools.cache
def reach_of(kind: str) -> Reach:
    """How much room an animal needs that stands."""
    parts = animal(kind, 0.0)
    circles = [circle for part in parts for hull in part.hulls for circle in hull]
    x, y, _ = next(part.hulls[0][0] for part in parts if part.tone == "mark")
    before, top = max(x + r for x, _, r in circles), max(y + r for _, y, r in circles)
    return Reach(-min(x - r for x, _, r in circles), before, top, (x, y), _head_of(table()[kind]))


def _head_of(row: Mapping[str, Any]) -> float:
    if "head" not in row:
        return 2.0 * float(row.get("deep", 0.16))
    long, deep = map(float, row["head"])
    return max(2.0 * deep, 0.62 * (1.1 * long + 2.0 * deep))


def strides(kind: str, time: float) -> float:
    """How far a walking animal has come, in the heights of its back."""
    row = table()[kind]
    return float(time / row["gait"] * 1.6 * row["leg"]) if "leg" in row else 0.5 * time


def animal(kind: str, time: float, moves: bool = True, lies: bool = False) -> list[Part]:
    """The parts of an animal at a time; ``moves``: whether it walks, ``lies``: on its belly. Lengths in the height of its
    back."""
    row = table()[kind]
    if "leg" not in row:
        return _bird(row, time, moves) if row["body"] == "bird" else _fish(row, time)
    if lies:
        row, moves = {**row, "neck": [row["neck"][0] * 1.1, row["neck"][1] * 0.2], "leg": 0.30 * row["leg"]}, False
    turn = 2 * math.pi * time / row["gait"] if moves else 0.0
    bob = 0.012 * math.cos(2 * turn) if moves else 0.006 * math.sin(2 * math.pi * time / 2.8)
    back = (row["deep"] + 0.10 if lies else 1.0 - row["deep"]) + bob
    parts = [_limb(row, hip, turn + lag, back, near) for hip, lag, near in _legs(row)]
    body = [
        (-row["long"], back + 0.01, row["deep"]),
        (0.0, back + row["deep"] * 0.14, row["deep"] * 0.84),
        (row["long"], back, row["deep"] * 1.08),
    ]
    marks = [Part("mane", _marks(row, back), 0.004, False)] if "marks" in row else []
    return [*parts, Part("hide", [body[:2], body[1:]], 0.0), *marks, *_tail(row, time, back), *_head(row, back, turn, time)]


def _marks(row: Mapping[str, Any], back: float) -> list[list[Circle]]:
    """Stripes, spots, a hump or a saddle of another tone on the body."""
    long, deep = row["long"], row["deep"]
    xs = [long * (-0.9 + 0.36 * n) for n in range(6)]
    if row["marks"] == "stripes":
        return [[(x, back + deep * 0.75, 0.02), (x + 0.03, back - deep * 0.45, 0.012)] for x in xs]
    if row["marks"] == "hump":
        return [[(-0.22, back + deep, 0.10), (0.0, back + deep * 2.0, 0.09), (0.22, back + deep, 0.10)]]
    return [[(x, back + deep * (0.45 if n % 2 else -0.1), 0.05 + 0.02 * (n % 2))] for n, x in enumerate(xs)]


def _legs(row: Mapping[str, Any]) -> list[tuple[float, float, bool]]:
    """Where each leg starts, how far it lags, and whether it is on the near side."""
    front, hind = row["long"] * 0.92, -row["long"] * 0.96
    return [
        (front + 0.05, math.pi, False), (hind + 0.05, 1.5 * math.pi, False), (front, 0.0, True), (hind, 0.5 * math.pi, True)
    ]  # fmt: skip


def _limb(row: Mapping[str, Any], hip: float, turn: float, back: float, near: bool) -> Part:
    """A leg: on the ground it moves back evenly, in the air it bends."""
    leg, thick = row["leg"], row["thick"]
    swing = 0.42 * math.sin(turn)
    lift = max(0.0, math.cos(turn)) * 0.16 * leg
    foot = (hip + leg * math.sin(swing) * 0.95, lift)
    top = (hip, back - row["deep"] * 0.45)
    bend = 0.10 * leg * (1 if hip > 0 else -1) * (0.4 + max(0.0, math.cos(turn)))
    knee = ((top[0] + foot[0]) / 2 + bend, (top[1] + foot[1]) / 2)
    hulls: list[list[Circle]] = [
        [(*top, thick * 1.5), (*knee, thick)],
        [(*knee, thick), (foot[0], foot[1] + thick * 0.6, thick * 0.7)],
        [(foot[0], foot[1] + thick * 0.5, thick * 0.62), (foot[0] + thick, foot[1] + thick * 0.35, thick * 0.45)],
    ]
    return Part("hide" if near else "hide_far", hulls, 0.02 if near else -0.02)


def _tail(row: Mapping[str, Any], time: float, back: float) -> list[Part]:
    x, y, thick = row["tail"]
    wag = (0.10 if row.get("wags") else 0.03) * math.sin(2 * math.pi * time * (2.2 if row.get("wags") else 0.7))
    root = (-row["long"] - row["deep"] * 0.7, back + row["deep"] * 0.5)
    middle = (root[0] - x * 0.6 + wag * 0.5, root[1] + y * 0.45)
    tip = (root[0] - x + wag, root[1] + y)
    return [Part("mane", [[(*root, thick), (*middle, thick)], [(*middle, thick), (*tip, thick * 0.7)]], -0.005)]


def _head(row: Mapping[str, Any], back: float, turn: float, time: float) -> list[Part]:
    forward, up = row["neck"]
    long, deep = row["head"]
    nod = 0.02 * math.sin(2 * turn + 0.6) + 0.01 * math.sin(2 * math.pi * time / 3.1)
    root = (row["long"] + row["deep"] * 0.35, back + row["deep"] * 0.35)
    poll = (root[0] + forward, root[1] + up + nod)
    droop = row.get("droop", 0.45)
    nose = (poll[0] + long * (1.1 - 0.3 * droop), poll[1] - long * droop)
    parts = [
        Part(
            "hide",
            [[(root[0] - row["deep"] * 0.2, root[1] - row["deep"] * 0.1, row["deep"] * 0.80), (*poll, deep * 0.85)]],
            0.005,
        ),
        Part("hide", [[(*poll, deep), (*nose, deep * 0.55)]], 0.03),
        Part("mark", [[(poll[0] + long * 0.35, poll[1] + deep * 0.25, 0.016)]], 0.04, False),
        Part("mark", [[(nose[0] + deep * 0.30, nose[1] + deep * 0.05, 0.022)]], 0.04, False),
        *(_ear(row, poll, deep, shift) for shift in (-0.03, 0.03)),
    ]
    if row.get("antlers"):
        parts.append(_antlers(poll, deep))
    if row.get("trunk"):
        sway = 0.05 * math.sin(2 * math.pi * time / 2.4)
        bend, end = (nose[0] + 0.10, nose[1] - 0.30), (nose[0] + 0.08 + sway, nose[1] - 0.62)
        parts.append(Part("hide", [[(*nose, 0.09), (*bend, 0.06)], [(*bend, 0.06), (*end, 0.04)]], 0.032))
    return parts


def _ear(row: Mapping[str, Any], poll: tuple[float, float], deep: float, shift: float) -> Part:
    long, root = row["ears"], (poll[0] + shift - 0.02, poll[1] + deep * 0.75)
    lean = -0.35 if row.get("trunk") else -0.10
    tip = (root[0] + lean * long * 2, root[1] + (long if not row.get("trunk") else -long))
    return Part(
        "hide_far" if shift > 0 else "mane",
        [[(*root, 0.035), (*tip, 0.012 if not row.get("trunk") else 0.10)]],
        0.029 if shift > 0 else 0.035,
    )


def _antlers(poll: tuple[float, float], deep: float) -> Part:
    x, y = poll[0] - 0.02, poll[1] + deep * 0.8
    tines: list[list[Circle]] = []
    for lean in (-0.10, 0.08):
        tines += [
            [(x, y, 0.014), (x + lean, y + 0.22, 0.012)],
            [(x + lean, y + 0.22, 0.012), (x + lean * 1.3 + 0.05, y + 0.38, 0.008)],
            [(x + lean * 0.7, y + 0.15, 0.010), (x + lean * 0.7 + 0.12, y + 0.24, 0.007)],
        ]
    return Part("mane", tines, 0.028)


def _fish(row: Mapping[str, Any], time: float) -> list[Part]:
    """A fish, a shark or a whale that beats its tail; a dolphin leaps in a bow out of foam."""
    bow, thick = row.get("bow", 0.0), row["deep"]
    bend = 0.06 * math.sin(2 * math.pi * time / row["gait"])

    def at(x: float, y: float, r: float) -> Circle:
        return x, 0.5 + y + bow * (0.25 - x * x) * 1.6 + bend * max(0.0, -x - 0.1) * 2.6, r

    spine = [
        at(0.46, -0.01, 0.07),
        at(0.18, 0, thick),
        at(-0.12, 0, thick * 0.86),
        at(-0.36, 0, thick * 0.42),
        at(-0.52, 0, 0.05),
    ]
    snout, flat = row.get("snout", 0.0), row.get("flukes", False)
    tail = [at(-0.50, 0, 0.04), at(-0.80, 0.05 if flat else 0.18, 0.02), at(-0.76, -0.10 if flat else -0.18, 0.02)]
    fins = [
        [at(0.10, thick * 0.8, 0.03), at(-0.10, thick * 0.7, 0.02), at(-0.12, thick + row["fin"], 0.012)],
        [at(0.12, -thick * 0.6, 0.03), at(-0.06, -thick - 0.12, 0.015)],
    ]
    body = [spine[n : n + 2] for n in range(len(spine) - 1)]
    belly = [[at(0.40, -0.05, 0.03), at(0.10, -thick * 0.55, thick * 0.40), at(-0.25, -thick * 0.3, 0.03)]]
    foam = [[(x, 0.02, r), (x + 0.22, 0.0, r * 0.8)] for x, r in ((-0.9, 0.03), (-0.62, 0.05), (0.40, 0.05), (0.66, 0.03))]
    return [
        Part("hide", [tail], -0.01), Part("hide_far", fins, -0.005), Part("hide", body, 0.0), Part("mane", belly, 0.005, False),
        *([Part("hide", [[at(0.46, -0.02, 0.05), at(0.46 + snout, -0.03, 0.025)]], -0.002)] if snout else []),
        Part("mark", [[at(0.38, 0.04, 0.018)]], 0.02, False), *([Part("foam", foam, 0.03, False)] if bow else []),
    ]  # fmt: skip


def _bird(row: Mapping[str, Any], time: float, moves: bool) -> list[Part]:
    """A bird that walks: a hen, a duck, a penguin; ``upright`` 0-1 how far it holds itself up."""
    step = math.sin(2 * math.pi * time / row["gait"]) if moves else 0.0
    up, rock = row["upright"], 0.03 * step
    breast, rump = (
        (0.16 - 0.10 * up + rock, 0.56 + 0.14 * up, 0.25 - 0.03 * up),
        (-0.24 + 0.20 * up + rock, 0.50 - 0.14 * up, 0.19),
    )
    head = (0.36 - 0.28 * up + rock, 1.02 + 0.10 * up + 0.02 * math.sin(2 * math.pi * time / 1.3), 0.13 + 0.03 * up)
    beak = (head[0] + head[2] + 0.10, head[1] - 0.02, 0.02)
    feet: list[list[Circle]] = [
        [(x + lag * step, 0.03, 0.03), (x + lag * step + 0.10, 0.02, 0.02)] for x, lag in ((-0.06, 0.1), (0.08, -0.1))
    ]
    legs = [[(x, 0.34, 0.022), (foot[0][0], 0.04, 0.02)] for x, foot in zip((-0.04, 0.08), feet, strict=True)]
    wing = [[(breast[0] - 0.04, breast[1] + 0.02, 0.12), (rump[0] - 0.02, rump[1] + 0.04, 0.07)]]
    comb = [[(head[0] - 0.05, head[1] + 0.13, 0.05), (head[0] + 0.06, head[1] + 0.12, 0.05)]]
    tail = [[(*rump[:2], 0.10), (rump[0] - 0.26 + 0.20 * up, rump[1] + 0.20 - 0.36 * up, 0.03)]]
    return [
        Part("beak", [*legs, *feet], -0.02), Part("hide_far", tail, -0.01), Part("hide", [[breast, rump], [breast, head]], 0.0),
        Part("mane" if up else "hide_far", [[(0.10 + rock, 0.60, 0.17), (0.10 + rock, 0.42, 0.14)]] if up else wing, 0.01),
        Part("hide", [[head]], 0.02), Part("beak", [[(head[0] + head[2] * 0.8, head[1] - 0.02, 0.045), beak]], 0.015),
        *([Part("comb", comb, 0.01)] if row.get("comb") else []),
        Part("mark", [[(head[0] + 0.05, head[1] + 0.03, 0.022)]], 0.03, False),
    ]  # fmt: skip
