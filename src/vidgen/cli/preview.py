"""A preview picture in the terminal: two pixels per cell, as foreground and background colours of a half block."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

COLUMNS, ROWS = 48, 14
"""Largest size of a preview in cells."""
NEEDS = (60, 24)
"""Smallest terminal for a preview: columns, rows."""


def can_show(console: Console) -> bool:
    """Whether a terminal has enough colours and space."""
    return console.color_system in ("256", "truecolor") and console.width >= NEEDS[0] and console.height >= NEEDS[1]


def picture(event: Mapping[str, Any]) -> Text:
    """A ``take.preview`` event as text (``width``, ``height`` in pixels, ``rgb``: base64 of 8-bit RGB)."""
    from rich.style import Style
    from rich.text import Text

    width, height, rgb = int(event["width"]), int(event["height"]), base64.b64decode(event["rgb"])
    scale = min(COLUMNS / width, 2 * ROWS / height, 1.0)
    columns, lines = max(1, round(width * scale)), max(2, round(height * scale) // 2 * 2)

    def colour(column: int, line: int) -> str:
        at = (line * height // lines * width + column * width // columns) * 3
        return f"#{rgb[at : at + 3].hex()}"

    shown = Text(no_wrap=True)
    for line in range(0, lines, 2):
        for column in range(columns):
            shown.append("▀", Style(color=colour(column, line), bgcolor=colour(column, line + 1)))
        shown.append("\n")
    shown.append(f"{event['shot']}: step {event['step']} of {event['steps']}, unfinished", Style(dim=True))
    return shown
