"""Finds the words that previz can draw, in English and Japanese, and tells whether a text wants or denies them.

``words.yaml`` holds what can be drawn, ``grammar.yaml`` how either language denies.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from vidgen.media.tables import read_table

Words = Sequence[str]
Span = tuple[int, int]


@functools.cache
def table() -> Mapping[str, Any]:
    """The word lists of ``words.yaml``."""
    data: Mapping[str, Any] = read_table("vidgen.engines.previz", "words.yaml")
    return data


@functools.cache
def grammar() -> Mapping[str, Any]:
    """The tables of ``grammar.yaml``."""
    data: Mapping[str, Any] = read_table("vidgen.engines.previz", "grammar.yaml")
    return data


def longest_first(words: Iterable[str]) -> str:
    """Alternatives of a regular expression, spaces of English words as spaces or hyphens."""
    return "|".join(re.escape(word).replace(r"\ ", r"[\s-]+") for word in sorted(words, key=len, reverse=True))


@functools.cache
def pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """English words as whole words with a plural s, Japanese ones anywhere."""
    words = (*words, *(many for many, one in grammar()["plurals"].items() if one in words))
    western, eastern = [word for word in words if word.isascii()], [word for word in words if not word.isascii()]
    parts = [rf"\b(?:{longest_first(western)})(?:s|es)?\b"] if western else []
    return re.compile("|".join([*parts, longest_first(eastern)] if eastern else parts), re.IGNORECASE)


@functools.lru_cache(maxsize=64)
def meant(text: str) -> str:
    """The text without words of another meaning that hold a listed one, as long as before."""
    return blanked(text, grammar()["other_meaning"])


def blanked(text: str, words: Words) -> str:
    """The text without these words, as long as before."""
    return pattern(tuple(words)).sub(lambda found: "_" * len(found[0]), text) if words else text


def affirmed(text: str, words: Words) -> Iterator[re.Match[str]]:
    """Where the text names one of the words and does not deny it."""
    return (found for found in _found(text, tuple(words)) if not _is_denied(text, found))


def mentions(text: str, words: Words) -> bool:
    """Whether the text wants any of the words."""
    return any(True for _ in affirmed(text, words))


def denies(text: str, words: Words, but: Words = ()) -> bool:
    """Whether the text says of any of the words that it is not there; ``but`` are longer words that mean something else."""
    text = blanked(text, but)
    western = [word for word in words if word.isascii()]
    without = rf"\b(?:{longest_first(western)})(?:s|es)?-?(?:{'|'.join(grammar()['endings'])})\b"
    if western and re.search(without, text, re.IGNORECASE):
        return True
    return any(_is_denied(text, found) for found in _found(text, tuple(words)))


def names(text: str, words: Words) -> bool:
    """Whether any of the words is in the text, wanted or not."""
    return next(_found(text, tuple(words)), None) is not None


def unwanted(negative: str) -> str:
    """The parts of a ``negative`` that name things to leave out; those that speak of their quality are left out themselves."""
    parts = re.split(r"[,;.\n、。，；]", negative)
    return " , ".join(part for part in parts if not pattern(tuple(grammar()["qualities"])).search(part))


def position(text: str, words: Words) -> int | None:
    """Where the first of the words stands in the text; None where none does."""
    return next((found.start() for found in affirmed(text, words)), None)


def named(text: str, group: Mapping[str, Words]) -> list[str]:
    """Names of a group whose words the text wants, in the group's order."""
    return [name for name, words in group.items() if mentions(text, words)]


def first_named(texts: Iterable[str], group: Mapping[str, Words]) -> str | None:
    """The first name that is found, looking through the texts in order of authority."""
    return next((found[0] for text in texts if (found := named(text, group))), None)


def _found(text: str, words: tuple[str, ...]) -> Iterator[re.Match[str]]:
    return pattern(words).finditer(meant(text))


def _is_denied(text: str, found: re.Match[str]) -> bool:
    if any(start <= found.start() < end for start, end in _denied_spans(text)):
        return True
    before, after = _around(found[0].isascii())
    return bool(before.search(text, max(0, found.start() - 40), found.start()) or after.match(text, found.end()))


@functools.cache
def _around(western: bool) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What denies a word right before it and right after it."""
    if western:
        rows = grammar()["english"]
        verbs = rf"\s+(?:(?:{'|'.join(rows['verbs'])})\s+)*"
        gone, unseen = "|".join(rows["gone"]), "|".join(rows["unseen"])
        ending = "|".join(grammar()["endings"])
        after = rf"-(?:{ending})\b|{verbs}(?:(?:{gone})\b|(?:\w+n['’]t|not|never)\s+(?:\w+\s+)?(?:{unseen})\b)"
        return re.compile(r"\bnon-$", re.IGNORECASE), re.compile(after, re.IGNORECASE)
    rows = grammar()["japanese"]
    joined, marks, none = ("|".join(rows[name]) for name in ("parts", "marks", "none_at_all"))
    others = r"(?:[もやと・][^\s、。，．,.もやと・がはをにで]{1,8})*"
    after = rf"(?:{joined})?{others}(?:{marks})?(?:{none})?(?:{'|'.join(rows['not'])})"
    return re.compile(rf"(?:{'|'.join(rows['before'])})$"), re.compile(after)


@functools.lru_cache(maxsize=64)
def _denied_spans(text: str) -> tuple[Span, ...]:
    """The parts of an English text that a word before them denies: from "no", "without" to the end of what it lists."""
    rows = grammar()["english"]
    passed = pattern(tuple(rows["no_denials"])).sub(lambda found: "_" * len(found[0]), text)
    denial = re.compile(rf"\b(?:{longest_first([*rows['deny'], *rows['deny_lists']])})\b(?!-)", re.IGNORECASE)
    stop = re.compile(rf"[.;:!?()\n。、，—]|\s-\s|\b(?:{longest_first(rows['ends'])})\b", re.IGNORECASE)
    spans = []
    for found in denial.finditer(passed):
        end = stop.search(passed, found.end())
        rest = passed[found.end() : end.start() if end else len(passed)]
        lists = found[0].lower() in rows["deny_lists"]
        spans.append((found.end(), found.end() + len(_listed(rest, lists))))
    return tuple(spans)


def _listed(rest: str, lists: bool) -> str:
    """What of ``rest`` a denial reaches: one thing, or several with "or"; with "and" where ``lists``, or one bare word."""
    first, *others = rest.split(",")
    joined = others and re.search(r"\b(?:or|nor)\b", others[-1])
    bare = others and lists and all(re.fullmatch(r"\s*(?:and\s+)?\w+(?:\s+and\s+\w+)?\s*", other) for other in others)
    if joined or (bare and re.search(r"\band\b", others[-1])):
        return rest
    head, *more = re.split(r"\band\b", first, maxsplit=1)
    return first if not more or re.fullmatch(r"\s*\w+\s*", more[0]) else head
