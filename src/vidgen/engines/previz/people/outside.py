"""Buildings that are seen from outside: "outside a bakery", "on the roof of the hospital", 病院の前."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from vidgen.engines.previz.words import longest_first
from vidgen.media.tables import read_table


class Outside(NamedTuple):
    """``text`` without the buildings that are seen from outside, as long as before; ``where`` that is: "" where none is, else
    one of staging.yaml's outdoors, or the room ``corridor``."""

    text: str
    where: str


@functools.cache
def _table() -> Mapping[str, Any]:
    data: Mapping[str, Any] = read_table("vidgen.engines.previz.people", "outside.yaml", as_written=True)
    return data


@functools.lru_cache(maxsize=64)
def outside_of(text: str) -> Outside:
    """What a text says from outside of buildings."""
    rest, where = text, ""
    for kind, (row, pattern) in _patterns().items():
        for found in pattern.finditer(rest):
            high = re.search("|".join(_table()["roofs"]), found[0], re.IGNORECASE) and row["where"] == "street"
            where = where or ("rooftop" if high else row["where"])
        rest = pattern.sub(lambda found: "_" * len(found[0]), rest)
        if kind == "buildings" and re.search("|".join(_table()["whole"]), text, re.IGNORECASE):
            rest = re.sub(_named(row["words"]), lambda found: "_" * len(found[0]), rest, flags=re.IGNORECASE)
            where = where or ("street" if rest != text else "")
    return Outside(rest, where)


@functools.cache
def _patterns() -> Mapping[str, tuple[Mapping[str, Any], re.Pattern[str]]]:
    return {kind: (row, re.compile(_seen(row), re.IGNORECASE)) for kind, row in _table()["seen"].items()}


def _named(listed: list[str]) -> str:
    western = [word for word in listed if word.isascii()]
    return rf"\b(?:{longest_first(western)})s?\b|{longest_first(word for word in listed if not word.isascii())}"


def _seen(row: Mapping[str, Any]) -> str:
    """What stands before and after a building's name where it is seen from outside."""
    western = longest_first(word for word in row["words"] if word.isascii())
    eastern = longest_first(word for word in row["words"] if not word.isascii())
    rows = _table()
    before, after, later = longest_first(row["before"]), longest_first(row["after"]), "|".join(row["later"])
    some = rf"(?:(?:{'|'.join(rows['determiners'])})\s+)?(?:(?!in\b|at\b|of\b|the\b|and\b)[\w'’-]+\s+){{0,2}}?"
    inside = rf"(?!['’]?s?\s+(?:{'|'.join(rows['inside'])})\b)"
    out = [rf"\b(?:{before})\s+{some}(?:{western})s?\b{inside}"]
    out += [rf"\b(?:{western})(?:['’]s)?\s+(?:{after})s?\b"] if after else []
    return "|".join([*out, rf"(?:{eastern})(?:{later})"])
