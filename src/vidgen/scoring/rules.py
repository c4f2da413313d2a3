"""Reads ``measures.yaml``: what is compared, how, and what is a veto."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vidgen.media.tables import read_table


@dataclass(frozen=True)
class Rule:
    """How values of one measure are compared; see the head of ``measures.yaml``.

    ``scale``: whether ratios (``log``) or differences (``linear``) of values count; ``typical`` is None where it is not known.
    """

    family: str
    better: Literal["low", "high"]
    floor: float
    noise: float
    typical: float | None
    scale: Literal["log", "linear"] = "log"

    def place(self, value: float) -> float:
        """Where a value stands on the scale on which ``noise`` is one step."""
        return math.log(value + self.floor) if self.scale == "log" else value


@dataclass(frozen=True)
class Rules:
    """All of ``measures.yaml``."""

    version: int
    tie_band: float
    equal: float
    gain_limit: float
    loss_limit: float
    measures: Mapping[str, Rule]
    vetoes: Mapping[str, float]
    clear: Mapping[str, float]
    content: Mapping[str, str]


def _read() -> Rules:
    data = read_table("vidgen.scoring", "measures.yaml")
    data["measures"] = {name: Rule(**row) for name, row in data["measures"].items()}
    return Rules(**data)


RULES = _read()
