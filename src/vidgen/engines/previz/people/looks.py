"""Who somebody is to the eye: build, hair, clothes. The same words look the same in every shot."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vidgen.engines.previz.people.rig import BABY, CHILD, GROWN_UP, Bones
from vidgen.media.tables import read_table

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

    @property
    def bones(self) -> Bones:
        """The lengths of the body."""
        return _BUILDS[self.build]


@functools.cache
def table() -> Mapping[str, Any]:
    """The tables of kinds.yaml."""
    data: Mapping[str, Any] = read_table("vidgen.engines.previz.people", "kinds.yaml")
    return data


@functools.cache
def look_of(kind: str) -> Look:
    """How a kind of kinds.yaml looks; ``+`` joins a body and clothes: ``woman+apron``."""
    rows: dict[str, Any] = {}
    for name in kind.split("+"):
        rows |= table()["bodies"].get(name) or table()["clothes"].get(name) or {}
    return Look(**rows)
