"""Who somebody is to the eye: build, hair, clothes. The same words look the same in every shot."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vidgen.engines.previz.people.rig import BABY, CHILD, GROWN_UP, Bones
from vidgen.media.tables import read_table

ALIKE = "alike"
"""The trait of those who are dressed the same."""
_BUILDS: Mapping[str, Bones] = {"grown_up": GROWN_UP, "child": CHILD, "baby": BABY}


@dataclass(frozen=True)
class Look:
    """One row of kinds.yaml. ``height`` in a grown-up's heights, ``stoop`` in degrees."""

    build: str = "grown_up"
    height: float = 1.0
    wide: float = 1.0
    stoop: float = 0.0
    hair: str = "short"
    hair_tone: str = ""
    hat: str = ""
    skirt: str = ""
    coat: str = ""
    apron: bool = False
    top: str = ""
    bottom: str = ""
    skin: str = "skin"
    hat_tone: str = ""
    beard: str = ""
    glasses: str = ""
    scarf: str = ""
    belt: bool = False

    @property
    def bones(self) -> Bones:
        """The lengths of the body."""
        return _BUILDS[self.build]


@functools.cache
def table() -> Mapping[str, Any]:
    """The tables of kinds.yaml."""
    data: Mapping[str, Any] = read_table("vidgen.engines.previz.people", "kinds.yaml")
    return data


def colours() -> Mapping[str, Mapping[str, Any]]:
    """The colours that words name: each a ``tone`` and its ``words``."""
    found: Mapping[str, Mapping[str, Any]] = table()["colours"]
    return found


_COLOURED = {"whole": ("top", "bottom"), "hat": ("hat_tone",)}
"""The parts of a look that take the colour of a garment, where they are not called as it is."""


@functools.cache
def look_of(kind: str) -> Look:
    """How a kind of kinds.yaml looks; ``+`` joins a body, clothes, traits and coloured garments: ``woman+dress+whole=red``."""
    rows: dict[str, Any] = {}
    for name in kind.split("+"):
        garment, _, colour = name.partition("=")
        if colour:
            rows |= dict.fromkeys(_COLOURED.get(garment, (garment,)), colours()[colour]["tone"])
            continue
        trait = table()["traits"].get(name)
        if trait and "hat" in trait and rows.get("hat") == "veil":
            continue  # a bride's
        if trait and "hair_tone" in trait and rows.get("hair") == "bald":
            rows["hair"] = "short"  # who has white hair has hair
        if trait and "wide" in trait:
            trait = {"wide": max(trait["wide"], rows.get("wide", 1.0)) if trait["wide"] > 1 else trait["wide"]}
        rows |= trait or table()["bodies"].get(name) or table()["clothes"].get(name) or {}
    if rows.get("hat_tone") and not rows.get("hat"):
        rows["hat"] = "cap"
    return Look(**rows)
