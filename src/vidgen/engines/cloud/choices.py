"""Legal values nearest to what is requested: lengths, shapes, sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

from vidgen.catalog.capabilities import LENGTH_SLACK_S, Capabilities
from vidgen.catalog.engines import capabilities
from vidgen.takes.request import ShotRequest

T = TypeVar("T")
PICTURE_SHAPES = ("21:9", "2.39:1", "16:9", "3:2", "4:3", "5:4", "1:1", "4:5", "3:4", "2:3", "9:16")
"""Usual shapes of pictures."""
_NEAR = 0.03
"""Share by which a film's shape may differ from a usual one to be taken for it."""
_BREAKS = " \n、。！？"
"""Where a text may end."""


def capabilities_of(request: ShotRequest) -> Capabilities:
    """The table's row of the request's engine and model."""
    found = capabilities(request.engine, request.model)
    assert found is not None, f"engines.yaml has no {request.engine}"
    return found


def nearest_shape(width: int, height: int, choices: Sequence[str]) -> str:
    """The choice (``16:9`` or ``1280:720``) whose shape is nearest; of equal shapes the one nearest in size."""

    def distance(choice: str) -> tuple[float, float]:
        across, down = map(int, choice.replace("x", ":").split(":"))
        shape = abs(math.log((width / height) / (across / down)))
        size = abs(math.log(max(1, width * height) / (across * down)))
        return round(shape, 3), size

    return min(choices, key=distance)


def picture_shape(width: int, height: int, widest: float = math.inf) -> str:
    """The shape to which a picture is cropped that gives its shape to the clip: a usual one that is near the film's, so that
    films of nearly the same shape make the same request; else the film's own. ``widest``: width / height at most, and at least
    1 / ``widest``.
    """
    shape = min(widest, max(1 / widest, width / height))
    near = min(PICTURE_SHAPES, key=lambda usual: abs(math.log(shape / shape_of(usual))))
    return near if abs(shape / shape_of(near) - 1) <= _NEAR and 1 / widest <= shape_of(near) <= widest else f"{shape:.2f}:1"


def shape_of(text: str) -> float:
    """Width / height of ``16:9``."""
    across, _, down = text.partition(":")
    return float(across) / float(down)


def at_least(requested: float, choices: Sequence[float]) -> float:
    """The smallest length in seconds that is not below the requested one, but for a part of a frame; else the largest."""
    enough = sorted(choice for choice in choices if choice >= requested - LENGTH_SLACK_S)
    return enough[0] if enough else max(choices)


def tier(short_side: int, choices: Sequence[tuple[int, T]]) -> T:
    """The first (largest short side, value) row that holds a picture; the last where none does."""
    rows = sorted(choices, key=lambda row: row[0])
    return next((value for side, value in rows if short_side <= side), rows[-1][1])


def cut_end(requested_s: float, made_s: float, title: str) -> list[tuple[str, str]]:
    """A notice where a clip that is to end on a picture is longer than the shot: the shot is over before that picture."""
    over = made_s - requested_s
    if over < 0.05:
        return []
    text = f"end_frame: {title} makes {made_s:g} s; the shot is cut {over:.2g} s before its closing picture is reached"
    return [("engine.wish_approximated", text)]


def within(text: str, limit: int | None, says: str, notices: list[tuple[str, str]], *, utf16: bool = False) -> str:
    """A text of at most ``limit`` characters (of UTF-16 units with ``utf16``): cut after a word or sentence where one ends near
    the limit, with a notice. ``says``: key and provider, as in ``prompt: Runway``.
    """
    if limit is None or (len(text.encode("utf-16-le")) // 2 if utf16 else len(text)) <= limit:
        return text
    kept = text.encode("utf-16-le")[: limit * 2].decode("utf-16-le", errors="ignore") if utf16 else text[:limit]
    end = max(kept.rfind(mark, len(kept) * 9 // 10) for mark in _BREAKS)
    kept = kept[: end + 1].rstrip() if end > 0 else kept
    notices.append(("engine.wish_approximated", f"{says} takes {limit} characters; the end was cut off after {kept[-40:]!r}"))
    return kept
