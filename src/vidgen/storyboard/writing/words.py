"""Small helpers for text of scripts in English and Japanese, and the tables of ``words.yaml``."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from vidgen.media.tables import read_table
from vidgen.spelling import folded


@functools.cache
def table(name: str) -> Mapping[str, Any]:
    """A table of ``words.yaml``."""
    found: Mapping[str, Any] = read_table("vidgen.storyboard.writing", "words.yaml", as_written=True)[name]
    return found


@functools.cache
def index(name: str) -> Mapping[str, str]:
    """A table of ``words.yaml`` that lists spellings under names, turned around: spelling, without what makes no difference
    in it -> name.
    """
    return {plain(spelling): key for key, spellings in table(name).items() for spelling in (key, *spellings)}


def plain(text: str) -> str:
    """A word without what makes no difference in it: case, width, spaces, hyphens, dots, colons."""
    return re.sub(r"[.．:：。()（）#＃]", "", folded(text)).strip()


_MANY_HAN = 40
"""So many Chinese characters without a kana between them are not Japanese."""


def is_wide(letter: str) -> bool:
    """Whether a letter is Japanese, Chinese or Korean (also full-width signs)."""
    return ord(letter) > 0x2E80


def is_japanese(text: str) -> bool:
    """Whether a text is mostly Japanese: at least one letter in five."""
    letters = [letter for letter in text if letter.isalpha()]
    return bool(letters) and sum(map(is_wide, letters)) * 5 >= len(letters)


def language_of(text: str) -> str:
    """ja, ko or zh by the letters; en for everything else."""
    if not is_japanese(text):
        return "en"
    hangul, kana, han = (len(re.findall(letters, text)) for letters in ("[가-힣]", "[ぁ-ヿ]", "[一-鿿]"))
    if hangul > kana + han:
        return "ko"
    return "zh" if han > _MANY_HAN and not kana else "ja"


def joined(lines: Iterable[str]) -> str:
    """Wrapped lines as one text; without a space where Japanese meets Japanese."""
    text = ""
    for line in (" ".join(line.split()) for line in lines):
        glued = not text or not line or (is_wide(text[-1]) and is_wide(line[0]))
        text += line if glued else f" {line}"
    return text


def half_width(text: str) -> str:
    """Full-width letters and digits made half-width (NFKC)."""
    return unicodedata.normalize("NFKC", text).strip()
