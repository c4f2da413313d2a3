"""Measure text and break it into lines. libass breaks only at spaces, so Japanese is broken here.

The rules for Japanese are the common part of JIS X 4051 (kinsoku): a line never starts with closing punctuation or a small
kana, and never ends with an opening bracket.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vidgen.cut.timeline import FontKind

NOT_AT_START = frozenset(
    "、。，．・：；？！!?,.:;)]}）］｝〉》」』】〕〗〙｣’”々〻ーぁぃぅぇぉっゃゅょゎゕゖ"
    "ァィゥェォッャュョヮヵヶ゛゜ヽヾゝゞ…‥–—〜～%％°℃"
)
NOT_AT_END = frozenset("([{（［｛〈《「『【〔〖〘｢‘“¥￥$＄£#＃№")
WORD_JOINER = "\u2060"
ZWJ = "\u200d"

Width = Callable[[str], float]
"""Width of a text in ems."""


@dataclass(frozen=True)
class Typeface:
    """Metrics of a font in ems: ``advances`` by code point, and the height of a ``line`` in libass."""

    advances: Mapping[int, float]
    line: float

    def width(self, text: str) -> float:
        """Width of a text on one line, in ems; kerning left out."""
        return sum(self._advance(char) for char in text)

    def _advance(self, char: str) -> float:
        if unicodedata.category(char) in ("Mn", "Me", "Cf"):
            return 0.0
        known = self.advances.get(ord(char))
        if known is not None:
            return known
        return 1.0 if unicodedata.east_asian_width(char) in "WF" else 0.6


def typeface(kind: FontKind) -> Typeface:
    """The ``sans`` or ``serif`` font."""
    from vidgen.weights.fonts import metrics

    found = metrics(kind)
    return Typeface(found.advances, found.line)


def wrap(text: str, limit: float, width: Width) -> list[str]:
    """Break a text into lines no wider than ``limit`` ems, as few as possible and then as even as possible.

    Newlines are kept. A word wider than a line is broken between letters.
    """
    return [line for paragraph in text.split("\n") for line in _balanced(paragraph.strip(), limit, width)]


def _balanced(paragraph: str, limit: float, width: Width) -> list[str]:
    pieces = _pieces(paragraph)
    fewest = _fill(pieces, limit, width)
    if len(fewest) < 2:
        return fewest
    low, high = limit / 2, limit
    for _ in range(12):
        middle = (low + high) / 2
        if len(_fill(pieces, middle, width)) > len(fewest):
            low = middle
        else:
            high = middle
    return _fill(pieces, high, width)


def _fill(pieces: list[str], limit: float, width: Width) -> list[str]:
    lines, current = [], ""
    for piece in pieces:
        if current and width((current + piece).rstrip()) > limit:
            lines.append(current.rstrip())
            current = ""
        current += piece
        while width(current.rstrip()) > limit and len(clusters := _clusters(current)) > 1:
            head = _longest(clusters, limit, width)
            lines.append(head)
            current = current[len(head) :]
    return [*lines, current.rstrip()]


def _longest(clusters: list[str], limit: float, width: Width) -> str:
    """As many clusters as fit on a line, at least one."""
    head = clusters[0]
    for cluster in clusters[1:]:
        if width(head + cluster) > limit:
            break
        head += cluster
    return head


def _clusters(text: str) -> list[str]:
    """The characters of a text, each with its combining marks, joiners and variation selectors."""
    found: list[str] = []
    for char in text:
        joins = unicodedata.category(char) in ("Mn", "Mc", "Me") or char in (ZWJ, WORD_JOINER)
        if found and (joins or found[-1][-1] in (ZWJ, WORD_JOINER)):
            found[-1] += char
        else:
            found.append(char)
    return found


def _pieces(text: str) -> list[str]:
    """The text split at each possible line break; a space stays with the piece before it."""
    found: list[str] = []
    for cluster in _clusters(text):
        if found and not _may_break(found[-1], cluster):
            found[-1] += cluster
        else:
            found.append(cluster)
    return found


def _may_break(before: str, after: str) -> bool:
    last, first = before[-1], after[0]
    if first.isspace() or first in NOT_AT_START or last in NOT_AT_END:
        return False
    if last.isspace():
        return True
    if last in "-‐–—" and len(before) > 1:
        return True
    return _ideographic(last) or _ideographic(first)


def _ideographic(char: str) -> bool:
    """Whether a script is written without spaces: kanji, kana and their punctuation, but not Hangul."""
    code = ord(char)
    return 0x2E80 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0xFF00 <= code <= 0xFFEF or 0x20000 <= code <= 0x3FFFF
