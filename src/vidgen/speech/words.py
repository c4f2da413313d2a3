"""The words of a line: its language, how hints of pronunciation change them, and what ``delivery`` does without an actor."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from vidgen.media.tables import read_table

_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HAN = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")


_SCRIPTS = {
    "ko": re.compile("[\uac00-\ud7af\u1100-\u11ff]"),
    "th": re.compile("[\u0e01-\u0e4e]"),
    "ar": re.compile("[\u0620-\u06ff]"),
    "he": re.compile("[\u05d0-\u05ea]"),
    "ru": re.compile("[\u0400-\u04ff]"),
    "el": re.compile("[\u0370-\u03ff]"),
    "hi": re.compile("[\u0900-\u097f]"),
    "zh": _HAN,
}
"""Letters of neither English nor Japanese, and the language that they are taken for in such a film."""


def language_of(text: str, usual: str) -> str:
    """The language of a line as two letters: that of the film (``usual``), unless its letters say otherwise."""
    own = re.split("[-_]", usual.lower())[0]
    if own in ("en", "ja") and not (_LATIN.search(text) or _KANA.search(text) or (own == "ja" and _HAN.search(text))):
        return next((language for language, letters in _SCRIPTS.items() if letters.search(text)), own)
    if own == "ja":
        return "en" if _LATIN.search(text) and not (_KANA.search(text) or _HAN.search(text)) else "ja"
    return "ja" if _KANA.search(text) else own


def sayable(text: str, language: str) -> bool:
    """Whether a text has letters or figures that are read aloud in English or Japanese; of other languages nothing is known."""
    letters = {"en": (_LATIN,), "ja": (_LATIN, _KANA, _HAN)}.get(language)
    return letters is None or any(one.search(text) for one in letters) or any(char.isdigit() for char in text)


def has_words(text: str) -> bool:
    """Whether there is anything to say."""
    return any(letter.isalnum() for letter in text)


def pronounced(text: str, says: Mapping[str, str]) -> str:
    """The text with each of the words as it is said. The longest word wins; Latin words count as whole ones, in any case."""
    table = {word.casefold(): sound for word, sound in says.items() if word.strip()}
    if table:
        longest = sorted(table, key=lambda word: (-len(word), word))
        found = re.compile("|".join(map(_pattern, longest)), re.IGNORECASE)
        text = found.sub(lambda match: table.get(match[0].casefold(), match[0]), text)
    return " ".join(text.split())


def _pattern(word: str) -> str:
    before = r"(?<![^\W_])" if _is_plain(word[0]) else ""
    after = r"(?![^\W_])" if _is_plain(word[-1]) else ""
    return f"{before}{re.escape(word)}{after}"


def _is_plain(letter: str) -> bool:
    """Whether a letter belongs to a script that parts words by spaces."""
    return letter.isalnum() and ord(letter) < 0x2E80


@dataclass(frozen=True)
class Manner:
    """Pace and level of a delivery; ``found``: whether its words are known."""

    speed: float = 1.0
    gain_db: float = 0.0
    found: bool = False


def manner_of(delivery: str) -> Manner:
    """What the words of a delivery come to, by ``delivery.yaml``."""
    speed, gain_db, found = 1.0, 0.0, False
    for words, row_speed, row_gain in _manners():
        if pronounced(delivery, dict.fromkeys(words, "")) != " ".join(delivery.split()):
            speed, gain_db, found = speed * row_speed, gain_db + row_gain, True
    return Manner(round(speed, 3), gain_db, found)


@functools.cache
def _manners() -> tuple[tuple[tuple[str, ...], float, float], ...]:
    rows = read_table("vidgen.speech", "delivery.yaml").values()
    return tuple((tuple(row["words"]), float(row.get("speed", 1)), float(row.get("gain_db", 0))) for row in rows)
