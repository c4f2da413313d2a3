"""An unfinished picture in the terminal: two pixels a cell, the upper as the colour of a half block, the lower behind it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

COLUMNS, ROWS = 48, 14
"""Most cells that a picture takes."""
NEEDS = (60, 24)
"""The smallest terminal that has room for it: columns, rows."""


def can_show(console: Console) -> bool:
    """Whether a terminal has colours enough and room."""
    return console.color_system in ("256", "truecolor") and console.width >= NEEDS[0] and console.height >= NEEDS[1]


def picture(seen: Mapping[str, Any]) -> Text:
    """What ``take.preview`` tells (``width``, ``height`` in pixels, ``rgb``: base64 of 8-bit RGB) as lines of cells."""
    from rich.style import Style
    from rich.text import Text

    width, height, rgb = int(seen["width"]), int(seen["height"]), base64.b64decode(seen["rgb"])
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
    shown.append(f"{seen['shot']}: step {seen['step']} of {seen['steps']}, unfinished", Style(dim=True))
    return shown
