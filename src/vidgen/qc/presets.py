"""The checks, and what each delivery asks of them: ``checks.yaml`` and ``presets.yaml``, read once."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from vidgen.catalog.loudness import loudness_table
from vidgen.errors import InputError
from vidgen.media.rate import json_rate, parse_rate
from vidgen.media.tables import read_table
from vidgen.qc.limits import Limit, OneOf, Within
from vidgen.spelling import nearest

DEFAULT = "any"


@dataclass(frozen=True)
class CheckRow:
    """A check: the unit of its value, and what it asks, in words."""

    unit: str
    says: str


@dataclass(frozen=True)
class Preset:
    """A delivery by name: title in English and Japanese, what it is for, and the limit of each check that has one."""

    name: str
    title: str
    ja: str
    use: str
    limits: Mapping[str, Limit]


@functools.cache
def check_rows() -> Mapping[str, CheckRow]:
    """All checks by id, in the order in which they are told."""
    table = read_table("vidgen.qc", "checks.yaml")
    return MappingProxyType({name: CheckRow(row["unit"], row["says"]) for name, row in table.items()})


@functools.cache
def presets() -> Mapping[str, Preset]:
    """All deliveries by name."""
    found: dict[str, Preset] = {}
    for name, row in read_table("vidgen.qc", "presets.yaml").items():
        limits: dict[str, Limit] = dict(found[row["like"]].limits) if "like" in row else {}
        for check, asked in row["limits"].items():
            limits.pop(check, None)
            if asked is not None:
                limits[check] = _limit(check, asked)
        if unknown := limits.keys() - check_rows().keys():
            raise LookupError(f"presets.yaml: {name}: there is no check {sorted(unknown)}")
        found[name] = Preset(name, row["title"], row["ja"], row["use"], MappingProxyType(limits))
    return MappingProxyType(found)


def preset(name: str) -> Preset:
    """The delivery of that name. Raises InputError ``preset.unknown`` with a suggestion."""
    if found := presets().get(name):
        return found
    near = nearest(name, presets())
    hint = f"did you mean {near}?" if near else f"there are: {', '.join(presets())}"
    raise InputError("preset.unknown", f"there is no delivery {name!r} to check against", hint=hint, where="--preset")


def _limit(check: str, asked: Mapping[str, Any]) -> Limit:
    """The limit that a row of the table asks for."""
    if "loudness" in asked:
        target, _ = loudness_table()[asked["loudness"]]
        return Within(round(target - asked["tolerance"], 1), round(target + asked["tolerance"], 1))
    if "peak" in asked:
        return Within(most=loudness_table()[asked["peak"]][1])
    if "one_of" in asked:
        values = asked["one_of"]
        return OneOf(tuple(json_rate(parse_rate(value)) for value in values) if check == "rate" else tuple(values))
    return Within(asked.get("least"), asked.get("most"))
