"""Brackets in lines of two directions. FriBidi inside libass gives each the direction of the letters beside it; the Unicode
Bidirectional Algorithm gives both of a pair that of the line (rule N0). Marks of direction beside them bring that about.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

MARKS = {"L": "\u200e", "R": "\u200f"}
_PAIRS = dict(zip("([{（［｛〈《「『【〔", ")]}）］｝〉》」』】〕", strict=True))


def bracket_marks(text: str, *, rtl: bool) -> Mapping[int, str]:
    """The mark that belongs on both sides of a bracket, by the bracket's index in a line. ``rtl``: the line's direction."""
    own = "R" if rtl else "L"
    kinds = list(_directions(text, own))
    if len({*kinds, own} - {""}) < 2:
        return {}
    found: dict[int, str] = {}
    for first, last in _pairs(text):
        inside = {*kinds[first + 1 : last]} - {""}
        if not inside:
            continue
        before = next((kind for kind in reversed(kinds[:first]) if kind), own)
        kind = own if own in inside or before == own else before
        kinds[first] = kinds[last] = kind
        found[first] = found[last] = MARKS[kind]
    return found


def _directions(text: str, own: str) -> Iterator[str]:
    """``L``, ``R`` or nothing for each letter. Numbers count as ``R``, unless Latin letters stand before them."""
    strong = own
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in ("L", "R", "AL"):
            strong = "L" if kind == "L" else "R"
            yield strong
        else:
            yield strong if kind == "EN" and strong == "L" else "R" if kind in ("EN", "AN") else ""


def _pairs(text: str) -> list[tuple[int, int]]:
    """The brackets that belong together, by the place of the first."""
    opened: list[int] = []
    found = []
    for index, char in enumerate(text):
        if char in _PAIRS:
            opened.append(index)
        elif char in _PAIRS.values():
            match = next((at for at in reversed(range(len(opened))) if _PAIRS[text[opened[at]]] == char), None)
            if match is not None:
                found.append((opened[match], index))
                del opened[match:]
    return sorted(found)
