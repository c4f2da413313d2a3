"""Vehicles, furniture and what hands hold: the simple forms of forms.yaml as parts, with what moves on them."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from typing import Any

from vidgen.engines.previz.people.marker import Circle, Part
from vidgen.engines.previz.people.things import things
from vidgen.media.tables import read_table


@functools.cache
def table() -> Mapping[str, Any]:
    """The tables of forms.yaml."""
    data: Mapping[str, Any] = read_table("vidgen.engines.previz.people", "forms.yaml")
    return data


@functools.cache
def form(kind: str, name: str) -> tuple[Part, ...]:
    """The parts of a form (``kind``: vehicles, furniture, held, riders, things) that do not move on it."""
    rows = things() if kind == "things" else table()[kind]
    return tuple(
        Part(tone, tuple(tuple((x, y, r) for x, y, r in hull) for hull in hulls), 0.001 * number)
        for number, (tone, *hulls) in enumerate(rows[name]["parts"])
    )


def moved(parts: Iterable[Part], x: float, y: float, depth: float, mirrored: bool = False, scale: float = 1.0) -> list[Part]:
    """The same parts elsewhere, facing the other way where ``mirrored``; ``depth`` is added to theirs."""
    way = -scale if mirrored else scale
    return [
        Part(
            tone,
            [[(x + cx * way, y + cy * scale, r * scale) for cx, cy, r in hull] for hull in hulls],
            near * scale + depth,
            line,
        )
        for tone, hulls, near, line in parts
    ]


def vehicle(name: str, travelled: float, ridden: bool = False) -> list[Part]:
    """A vehicle whose wheels have rolled so far (in its own units); ``ridden``: with somebody on it, where one sits on it."""
    row = table()["vehicles"][name]
    thin = bool(row.get("thin"))
    out = list(form("vehicles", name))
    if ridden and "rider" in row:
        out += moved(form("riders", row["rider"]), 0.0, 0.0, 0.03)
    for x, y, r in row.get("wheels", ()):
        out += _wheel(x, y, r, travelled / r, thin)
    return out


def _wheel(x: float, y: float, r: float, turn: float, thin: bool) -> list[Part]:
    """A wheel seen from the side; its spokes show how it turns."""
    spokes: list[list[Circle]] = []
    inner = r * (0.88 if thin else 0.58)
    for number in range(3):
        angle = -turn + number * math.pi / 3
        dx, dy = inner * 0.9 * math.cos(angle), inner * 0.9 * math.sin(angle)
        spokes.append([(x - dx, y - dy, r * 0.03), (x + dx, y + dy, r * 0.03)])
    if thin:
        rim = [
            [
                (x + r * 0.93 * math.cos(a), y + r * 0.93 * math.sin(a), r * 0.06),
                (x + r * 0.93 * math.cos(a + math.pi / 8), y + r * 0.93 * math.sin(a + math.pi / 8), r * 0.06),
            ]
            for a in (k * math.pi / 8 for k in range(16))
        ]
        return [Part("tyre", rim, -0.01, False), Part("metal", spokes, -0.009, False)]
    return [
        Part("tyre", [[(x, y, r)]], 0.02),
        Part("metal", [[(x, y, inner)]], 0.021, False),
        Part("tyre", spokes, 0.022, False),
    ]
