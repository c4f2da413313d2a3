"""Measure text and break it into lines. libass breaks only at spaces, and draws a line with one font, so both are done here.

Japanese, Chinese and Thai are broken between phrases, which BudouX finds. The common part of JIS X 4051 (kinsoku) is kept
whatever it says: a line never starts with closing punctuation or a small kana, and never ends with an opening bracket.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from vidgen.cut.arabic import joined_forms
from vidgen.cut.timeline import FontKind

if TYPE_CHECKING:
    from vidgen.weights.faces import Faces
    from vidgen.weights.fonts import Face

NOT_AT_START = frozenset(
    "、。，．・：；？！!?,.:;)]}）］｝〉》」』】〕〗〙｣’”々〻ーぁぃぅぇぉっゃゅょゎゕゖ"
    "ァィゥェォッャュョヮヵヶ゛゜ヽヾゝゞ…‥–—〜～%％°℃"
)
NOT_AT_END = frozenset("([{（［｛〈《「『【〔〖〘｢‘“¥￥$＄£#＃№")
WORD_JOINER = "\u2060"
ZWJ = "\u200d"
_JOINING = frozenset((ZWJ, WORD_JOINER, *map(chr, range(0x1F3FB, 0x1F400))))
"""Characters that belong to the one before: joiners and the skin tones of emoji."""
_WITH_OTHERS = _JOINING | {"\ufe0e", "\ufe0f"}
"""Characters that change the width or the font of those around them."""
_VOWELS_BEFORE = frozenset("เแโใไ")
"""Thai vowels that are written before their consonant; no line ends with one."""

Width = Callable[[str], float]
"""Width of a text in ems."""
Phrases = Literal["ja", "zh-hans", "zh-hant", "th"]


@dataclass(frozen=True)
class Lettering:
    """The fonts that a text is drawn with."""

    faces: Faces
    _widths: dict[str, float] = field(default_factory=dict, compare=False, repr=False)
    """Of single characters, for ``width`` measures the same ones over and over."""

    def runs(self, line: str) -> list[tuple[Face, str]]:
        """A line as stretches of one font each. What no font has is left to the title's own."""
        found: list[tuple[Face, str]] = []
        for cluster in clusters(line):
            face = self.faces.of(cluster) or self.faces.own
            if found and found[-1][0] is face:
                found[-1] = face, found[-1][1] + cluster
            else:
                found.append((face, cluster))
        return found

    def width(self, text: str) -> float:
        """Width of a text on one line, in ems; kerning left out."""
        if not any(char in _WITH_OTHERS or "\u0600" <= char <= "\u06ff" for char in text):
            return sum(self._widths.get(char) or self._measured(char) for char in text)
        return sum(_advance(face, char) for face, run in self.runs(text) for char in joined_forms(run, face.advances))

    def _measured(self, char: str) -> float:
        found = self._widths[char] = _advance(self.faces.of(char) or self.faces.own, char)
        return found

    def line(self, text: str) -> float:
        """Height of a line in ems, as libass makes it."""
        faces = self._used(text)
        return self.ascent(text) + max(face.line - face.ascent for face in faces)

    def ascent(self, text: str) -> float:
        """How far a line is above its baseline, in ems."""
        return max(face.ascent for face in self._used(text))

    def _used(self, text: str) -> list[Face]:
        return [face for face, _ in self.runs(text)] or [self.faces.own]


def lettering(kind: FontKind, language: str = "") -> Lettering:
    """The fonts for a title in the ``sans`` or ``serif`` font."""
    from vidgen.weights.faces import Faces

    return Lettering(Faces(kind, language))


def _advance(face: Face, char: str) -> float:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0.0
    known = face.advances.get(ord(char))
    if known is not None:
        return known
    return 1.0 if unicodedata.east_asian_width(char) in "WF" else 0.6


def wrap(text: str, limit: float, width: Width, language: str = "") -> list[str]:
    """Break a text into lines no wider than ``limit`` ems, as few as possible and then as even as possible.

    Newlines are kept. A phrase wider than a line is broken between its letters, and a word too.
    """
    return [line for paragraph in text.split("\n") for line in _balanced(paragraph.strip(), limit, width, language)]


def longest_word(text: str, width: Width) -> float:
    """Width in ems of the widest part of a text that is not broken unless it must be."""
    return max((width(piece.strip()) for line in text.split("\n") for piece in _pieces(line)), default=0.0)


def _balanced(paragraph: str, limit: float, width: Width, language: str) -> list[str]:
    phrases = _phrases(paragraph, language)
    pieces = [part for phrase in phrases for part in ([phrase] if width(phrase.strip()) <= limit else _pieces(phrase))]
    fewest = _fill(pieces, limit, width)
    if len(fewest) < 2:
        return fewest
    whole = [wide for piece in pieces if (wide := width(piece.rstrip())) <= limit]
    low, high = max(limit / 2, *whole, 0), limit
    for _ in range(12):
        middle = (low + high) / 2
        if len(_fill(pieces, middle, width)) > len(fewest):
            low = middle
        else:
            high = middle
    return _fill(pieces, high, width)


def _fill(pieces: Sequence[str], limit: float, width: Width) -> list[str]:
    lines, current = [], ""
    for piece in pieces:
        if current and width((current + piece).rstrip()) > limit:
            lines.append(current.rstrip())
            current = ""
        current += piece
        while width(current.rstrip()) > limit and len(parts := clusters(current)) > 1:
            head = _longest(parts, limit, width)
            lines.append(head)
            current = current[len(head) :]
    return [*lines, current.rstrip()]


def _longest(parts: Sequence[str], limit: float, width: Width) -> str:
    """As many clusters as fit on a line, at least one."""
    head = parts[0]
    for cluster in parts[1:]:
        if width(head + cluster) > limit:
            break
        head += cluster
    return head


def clusters(text: str) -> list[str]:
    """The characters of a text, each with its combining marks, joiners and variation selectors."""
    found: list[str] = []
    for char in text:
        joins = unicodedata.category(char) in ("Mn", "Mc", "Me") or char in _JOINING
        if found and (joins or found[-1][-1] in (ZWJ, WORD_JOINER)):
            found[-1] += char
        else:
            found.append(char)
    return found


def _pieces(text: str) -> list[str]:
    """The text split at each possible line break; a space stays with the piece before it."""
    found: list[str] = []
    for cluster in clusters(text):
        if found and not _may_break(found[-1], cluster):
            found[-1] += cluster
        else:
            found.append(cluster)
    return found


def _phrases(text: str, language: str) -> list[str]:
    """The text split where a reader would pause: between words, and in scripts without spaces between phrases."""
    phrases = _phrase_ends(text, language)
    found: list[str] = []
    at = 0
    for piece in _pieces(text):
        if found and at not in phrases and not found[-1][-1].isspace():
            found[-1] += piece
        else:
            found.append(piece)
        at += len(piece)
    return found


def _phrase_ends(text: str, language: str) -> set[int]:
    """The indices at which BudouX begins a phrase; every hyphen ends one too."""
    ends = {at + 1 for at, char in enumerate(text) if char in "-‐–—"}
    for parser in _parsers(text, language):
        at = 0
        for phrase in _budoux(parser).parse(text):
            ends.add(at)
            at += len(phrase)
    return ends


def _parsers(text: str, language: str) -> Iterator[Phrases]:
    if any(map(_ideographic, text)):
        chinese = language.lower().startswith("zh") and not any("\u3041" <= char <= "\u30ff" for char in text)
        traditional = bool(set(language.lower().split("-")) & {"hant", "tw", "hk", "mo"})
        yield "zh-hant" if chinese and traditional else "zh-hans" if chinese else "ja"
    if any(map(_thai, text)):
        yield "th"


class _Parser:
    """A BudouX model. It is only read, so that every thread may have it."""

    def __init__(self, name: Phrases) -> None:
        import budoux

        loads = {
            "ja": budoux.load_default_japanese_parser,
            "zh-hans": budoux.load_default_simplified_chinese_parser,
            "zh-hant": budoux.load_default_traditional_chinese_parser,
            "th": budoux.load_default_thai_parser,
        }
        self._parser = loads[name]()

    def parse(self, text: str) -> list[str]:
        """The phrases of a text."""
        return list(self._parser.parse(text)) if text else []


@functools.cache
def _budoux(name: Phrases) -> _Parser:
    return _Parser(name)


def _may_break(before: str, after: str) -> bool:
    last, first = before[-1], after[0]
    if first.isspace() or first in NOT_AT_START or last in NOT_AT_END or last in _VOWELS_BEFORE:
        return False
    if last.isspace():
        return True
    if last in "-‐–—" and len(before) > 1:
        return True
    return any(map(_ideographic, (last, first))) or (_thai(first) and _thai(last) and not _thai_tail(first))


def _thai(char: str) -> bool:
    return "\u0e01" <= char <= "\u0e4e"


def _thai_tail(char: str) -> bool:
    """Vowels and signs that stay with the letter before them."""
    return char in "ะาำๅๆฯ"


def _ideographic(char: str) -> bool:
    """Whether a script is written without spaces: kanji, kana and their punctuation, but not Hangul."""
    code = ord(char)
    return 0x2E80 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0xFF00 <= code <= 0xFFEF or 0x20000 <= code <= 0x3FFFF
