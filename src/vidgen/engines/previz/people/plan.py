"""An empty room from above: its floor between walls, and what stands in it as a ground plan has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vidgen.engines.previz.colour import mix, rgb
from vidgen.engines.previz.layers import Layer, Plate
from vidgen.engines.previz.people import forms
from vidgen.engines.previz.sheet import Sheet

_FAR = 9.0
_HUNG = (
    "window",
    "wide_window",
    "picture",
    "clock",
    "pendant",
    "hood",
    "cupboard",
    "carriage_window",
    "straps",
    "blackboard",
    "mirror",
)
"""What hangs at a wall or over the floor: thin from above."""
_DEPTH, _THIN = 0.50, 0.10


def plan(row: Mapping[str, Any], aspect: float) -> list[Layer]:
    """The room of a row of rooms.yaml, seen from right above, as one plate."""
    unit = 0.86 / 3.4 * min(1.0, aspect / 1.4)
    half = min(0.46 * aspect, 3.1 * unit)

    def paint(sheet: Sheet) -> None:
        floor, wall = rgb(row["floor"]), rgb(row["wall"])
        ink, tones = mix(floor, rgb("#4a413a"), 0.6), forms.table()["tones"]
        sheet.poly([(-9, -9), (9, -9), (9, 9), (-9, 9)], mix(wall, rgb("#6d6259"), 0.22))
        _box(sheet, (0.0, 0.0), (2 * half, 0.86), floor, ink)
        for name, x in row["back"]:
            _item(sheet, name, (x * half / 3.1, -0.43), unit, tones, ink)
        for name, x in row["front"]:
            _item(sheet, name, (x * half / 3.1, 0.24), unit, tones, ink)
        if "table" in row:
            _set_table(sheet, row, unit, tones, ink)
        elif row.get("seat") == "sofa":
            _item(sheet, row["seat"], (0.0, 0.0), unit, tones, ink)
            _box(sheet, (0.0, -0.10), (0.8 * unit, 0.44 * unit), rgb(tones["wood"]), ink)

    return [Plate(_FAR, paint, name="wall")]


def _item(sheet: Sheet, name: str, at: tuple[float, float], unit: float, tones: Mapping[str, str], ink: Any) -> None:
    """A form of forms.yaml from above: as wide as it is, in its largest tone."""
    parts = forms.table()["furniture"][name]["parts"]
    xs = [x for _, *hulls in parts for hull in hulls for x, _, _ in hull]
    wide, deep = max(xs) - min(xs) + 0.08, _THIN if name in _HUNG else _DEPTH
    middle = at[0] + 0.5 * (max(xs) + min(xs)) * unit, at[1] + 0.5 * deep * unit
    _box(sheet, middle, (min(wide, 5.6) * unit, deep * unit), rgb(tones.get(parts[0][0], "#b88f66")), ink)


def _set_table(sheet: Sheet, row: Mapping[str, Any], unit: float, tones: Mapping[str, str], ink: Any) -> None:
    long = 2.2 if row["table"] in ("long_table", "counter", "operating_table") else 1.0
    for n in range(3 if long > 2 else 1):
        for side in (-1, 1):
            x = (n - (1 if long > 2 else 0)) * 0.66 * unit
            _box(sheet, (x, 0.06 + side * 0.52 * unit), (0.34 * unit, 0.32 * unit), rgb(tones["oak"]), ink)
    _box(sheet, (0.0, 0.06), (long * unit, 0.72 * unit), rgb(tones["wood"]), ink)


def _box(sheet: Sheet, middle: tuple[float, float], size: tuple[float, float], colour: Any, ink: Any) -> None:
    (u, v), (w, h) = middle, (size[0] / 2, size[1] / 2)
    corners = [(u - w, v - h), (u + w, v - h), (u + w, v + h), (u - w, v + h)]
    sheet.poly(corners, colour)
    sheet.line([*corners, corners[0]], ink, 0.0025)
