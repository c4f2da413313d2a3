"""Reads ``measures.yaml``: what is compared, how, and what is a veto."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vidgen.media.tables import read_table


@dataclass(frozen=True)
class Rule:
    """How values of one measure are compared; see the head of ``measures.yaml``.

    ``scale``: whether ratios (``log``) or differences (``linear``) of values count; ``typical`` is None where it is not known;
    ``weight``: how much a step counts, never below 0; ``most``: how many steps count at most, either way; ``spread``: a step
    where a take has no other to be compared with, 0 where that is not known.
    """

    family: str
    better: Literal["low", "high"]
    floor: float
    noise: float
    typical: float | None
    scale: Literal["log", "linear"] = "log"
    weight: float = 1.0
    most: float = math.inf
    spread: float = 0.0

    def place(self, value: float) -> float:
        """Where a value stands on the scale on which ``noise`` is one step."""
        return math.log(value + self.floor) if self.scale == "log" else value


@dataclass(frozen=True)
class OverTime:
    """How a curve is read for faults of single frames: as ``ln(value + floor)``, in steps of ``noise`` at least."""

    floor: float
    noise: float


@dataclass(frozen=True)
class Rules:
    """All of ``measures.yaml``."""

    version: int
    tie_band: float
    equal: float
    harmless: float
    gain_limit: float
    loss_limit: float
    window_harmless: float
    window_gain: float
    over_time: Mapping[str, OverTime]
    calibration: Sequence[tuple[float, float]]
    measures: Mapping[str, Rule]
    vetoes: Mapping[str, float]
    clear: Mapping[str, float]
    usual: Mapping[str, float]
    speeds: Mapping[str, float]
    pace: Mapping[str, float]
    content: Mapping[str, str]


def _read() -> Rules:
    data = read_table("vidgen.scoring", "measures.yaml")
    data["measures"] = {name: Rule(**row) for name, row in data["measures"].items()}
    data["over_time"] = {name: OverTime(**row) for name, row in data["over_time"].items()}
    return Rules(**data)


RULES = _read()
