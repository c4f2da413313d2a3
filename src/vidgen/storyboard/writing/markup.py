"""Fountain's marks inside the text: boneyard, notes, emphasis. Line numbers are kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_INNER_BREAK = "\0"
"""Stands for a line break inside what was taken out, so that later lines keep their numbers."""


@dataclass(frozen=True)
class Row:
    """A line of the script. ``number`` counts from 1."""

    number: int
    text: str

    @property
    def blank(self) -> bool:
        """Whether nothing stands in it."""
        return not self.text.strip()


def rows_and_notes(text: str) -> tuple[list[Row], list[Row]]:
    """The lines of a script without boneyard (``/* */``) and notes (``[[ ]]``); and the notes, by the line they begin in.

    A line in which nothing else stood is left out. Marks that are not closed are text.
    """
    found: list[tuple[int, str]] = []
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ").replace("\f", "\n").replace("\0", "")
    text = _without(text, "/*", "*/", lambda inner: True, lambda start, inner: None)
    text = _without(text, "[[", "]]", _is_note, lambda start, inner: found.append((start, inner)))
    rows, number, starts, start = [], 1, [], 0
    for line in text.split("\n"):
        starts.append((start, number))
        shown = line.replace(_INNER_BREAK, "").replace(_TAKEN, "")
        if shown.strip() or _TAKEN not in line:
            rows.append(Row(number, shown))
        number += 1 + line.count(_INNER_BREAK)
        start += len(line) + 1
    return rows, [Row(_line_at(starts, at), " ".join(inner.replace(_INNER_BREAK, " ").split())) for at, inner in found]


_TAKEN = "\x01"
"""Marks a place where something was taken out."""


def _without(text: str, begin: str, end: str, is_one: Callable[[str], bool], take: Callable[[int, str], object]) -> str:
    """The text without what stands between ``begin`` and ``end``. ``take`` gets the place in the new text, and the inside."""
    parts: list[str] = []
    length = position = 0
    while (first := text.find(begin, position)) >= 0 and (last := text.find(end, first + 2)) >= 0:
        inner = text[first + 2 : last]
        if is_one(inner):
            part = text[position:first] + _TAKEN + _INNER_BREAK * inner.count("\n") + _INNER_BREAK * inner.count(_INNER_BREAK)
            take(length + first - position, inner)
            position = last + 2
        else:
            part = text[position : first + 2]
            position = first + 2
        parts.append(part)
        length += len(part)
    return "".join(parts) + text[position:]


def _is_note(inner: str) -> bool:
    """A note may run over lines, not over an empty line."""
    return "\n\n" not in inner


def _line_at(starts: list[tuple[int, int]], position: int) -> int:
    low, high = 0, len(starts)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if starts[middle][0] <= position else (low, middle)
    return starts[low][1]


_EMPHASIS = re.compile(r"(?<!\\)(\*{1,3}|_)(?=\S)([^*_\n]+?)(?<=[^\s\\])\1")


def without_emphasis(text: str) -> str:
    r"""``**bold**``, ``*italic*`` and ``_underlined_`` without the marks; ``\*`` is a star.

    >>> without_emphasis("_**Brick** & Steel_, 5 \\* 3")
    'Brick & Steel, 5 * 3'
    """
    for _ in range(3):  # marks inside marks
        text = _EMPHASIS.sub(r"\2", text)
    return re.sub(r"\\([*_\\])", r"\1", text)
