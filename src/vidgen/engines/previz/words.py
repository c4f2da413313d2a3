"""Finds the words that previz can draw, in English and Japanese."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vidgen.media.tables import read_table


@functools.cache
def table() -> Mapping[str, Any]:
    """The word lists of ``words.yaml``."""
    data: Mapping[str, Any] = read_table("vidgen.engines.previz", "words.yaml")
    return data


@functools.cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    western = [re.escape(word).replace(r"\ ", r"[\s-]+") + "(?:s|es)?" for word in words if word.isascii()]
    eastern = [re.escape(word) for word in words if not word.isascii()]
    parts = ([rf"\b(?:{'|'.join(sorted(western, key=len, reverse=True))})\b"] if western else []) + sorted(
        eastern, key=len, reverse=True
    )
    return re.compile("|".join(parts), re.IGNORECASE)


def mentions(text: str, words: Sequence[str]) -> bool:
    """Whether any of the words is in the text."""
    return bool(_pattern(tuple(words)).search(text))


def position(text: str, words: Sequence[str]) -> int | None:
    """Where the first of the words stands in the text; None where none does."""
    found = _pattern(tuple(words)).search(text)
    return found.start() if found else None


def named(text: str, group: Mapping[str, Sequence[str]]) -> list[str]:
    """Names of a group whose words are in the text, in the group's order."""
    return [name for name, words in group.items() if mentions(text, words)]


def first_named(texts: Iterable[str], group: Mapping[str, Sequence[str]]) -> str | None:
    """The first name that is found, looking through the texts in order of authority."""
    for text in texts:
        found = named(text, group)
        if found:
            return found[0]
    return None
