"""A thing as the subject of a card: as large as the shot size says, on a table, on the floor, at the wall."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from vidgen.media.tables import read_table


@functools.cache
def things() -> Mapping[str, Mapping[str, Any]]:
    """The things of things.yaml."""
    data: Mapping[str, Mapping[str, Any]] = read_table("vidgen.engines.previz.people", "things.yaml")
    return data


_FILLS = {
    "ews": 0.10, "ws": 0.18, "ls": 0.24, "fs": 0.34, "mws": 0.40, "two_shot": 0.42, "ms": 0.46, "mcu": 0.58, "cu": 0.62,
    "insert": 0.66, "ecu": 1.20, "ots": 0.46,
}  # fmt: skip
"""How high a thing is under each shot size, in frame heights; without one ``_USUAL``."""
_USUAL = 0.44
_WIDEST = 0.86
"""The share of the frame's width that a thing takes at most, but in an extreme close-up."""


class Place(NamedTuple):
    """Where a thing is drawn: the v of its foot, and frame heights of one of its units."""

    foot: float
    size: float


def place_of(thing: str, size: str, aspect: float, zoom: float) -> Place:
    """Where a thing is under a shot size (``zoom``: how far the camera magnifies the base picture, log)."""
    circles = [circle for _, *hulls in things()[thing]["parts"] for hull in hulls for circle in hull]
    low, high = min(y - r for _, y, r in circles), max(y + r for _, y, r in circles)
    wide = 2 * max(abs(x) + r for x, _, r in circles)
    fills = _FILLS.get(size, _USUAL)
    unit = fills / (high - low)
    unit = min(unit, _WIDEST * max(1.0, fills) * aspect / wide)
    middle = {"table": 0.01, "floor": 0.04}.get(things()[thing].get("at", "table"), -0.03)
    less = math.exp(-zoom)
    return Place((middle + unit * (high + low) / 2) * less, unit * less)
