"""What titles look like by role, and which part of the picture they may use: ``titles.yaml``."""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass
from typing import Any

from vidgen.cut.timeline import Cue, FontKind
from vidgen.media.tables import read_table

BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
NEWLINES = ("\r\n", "\r", "\u2028", "\u2029", "\x0b", "\x0c", "\x85")


@dataclass(frozen=True)
class Look:
    """The final look of a cue: that of its role, overridden by the user's style."""

    font: FontKind
    size: float
    colour: str
    position: str
    fade: float
    outline: float
    shadow: float
    box: bool
    line_width: float
    rolls: bool = False


@dataclass(frozen=True)
class SafeArea:
    """The part of a picture that titles may use, in pixels."""

    left: float
    top: float
    right: float
    bottom: float


@functools.cache
def tables() -> dict[str, Any]:
    """``titles.yaml``."""
    found: dict[str, Any] = read_table("vidgen.cut", "titles.yaml")
    return found


def look_of(cue: Cue) -> Look:
    """The look of a cue. An unknown role is drawn as a caption; an unknown position is replaced by the role's."""
    base: dict[str, Any] = dict(tables()["roles"].get(cue.role) or tables()["roles"]["caption"])
    role_position, role_font = base["position"], base["font"]
    for name in ("font", "size", "colour", "outline", "box", "position", "fade"):
        value = getattr(cue.style, name)
        if value is not None:
            base[name] = value
    if cue.position:
        base["position"] = cue.position
    if base["position"] not in tables()["positions"]:
        base["position"] = role_position
    base["font"] = tables()["fonts"].get(str(base["font"]).lower(), role_font)
    return Look(**base)


def safe_area(width: int, height: int) -> SafeArea:
    """The part of a picture of this shape that titles may use."""
    row = next(row for row in tables()["safe_areas"].values() if width / height >= row["from"])
    left, top, right, bottom = (row[side] / 100 for side in ("left", "top", "right", "bottom"))
    return SafeArea(left * width, top * height, (1 - right) * width, (1 - bottom) * height)


def plain(text: str) -> str:
    """The text without control characters and direction overrides, with all newlines as ``\\n``."""
    for newline in NEWLINES:
        text = text.replace(newline, "\n")
    kept = (char for char in text.replace("\t", " ") if char == "\n" or unicodedata.category(char) not in ("Cc", "Cs"))
    return unicodedata.normalize("NFC", "".join(char for char in kept if char not in BIDI_CONTROLS))


def right_to_left(text: str) -> bool:
    """Whether a text runs from right to left: its first letter with a direction does."""
    directions = (unicodedata.bidirectional(char) for char in text)
    return next((direction in ("R", "AL") for direction in directions if direction in ("L", "R", "AL")), False)
