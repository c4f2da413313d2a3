"""How many of something a text wants: "two young detectives", "a woman and three children", 二人の刑事, 子供が三人."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vidgen.engines.previz.words import affirmed, blanked, denies, grammar, longest_first, mentions, names, table

_SEVERAL = 3
"""How many are drawn of what is named in the plural, without a number."""


@dataclass(frozen=True)
class Mention:
    """One noun in a text, and the number that is said of it; None without one. ``span``: where the noun stands."""

    noun: str
    count: int | None
    plural: bool
    span: tuple[int, int]


def mentions_of(text: str, nouns: Sequence[str]) -> list[Mention]:
    """The affirmed mentions of nouns, but of two that stand together ("a woman detective") only the second, which is as many
    as the first where that one is a group ("twin sisters")."""
    groups = table()["people"]["groups"]
    if nouns and nouns[0] in table()["people"]["named"]:
        text = of_people(text)
    found = [one for one in affirmed(text, nouns) if not _number_patterns().joined.search(text, 0, one.start())]
    starts = {match.start() for match in found}
    out, group = [], None
    for match in found:
        noun, plural = _singular(match[0], nouns)
        next_word = re.compile(r"\s*の?" if noun in groups else r"\s*").match(text, match.end())
        number = _number(text[: match.start()], text[match.end() :], groups.get(noun))
        made_of = noun in groups and any(_joined(text[match.end() : at]) for at in starts if at > match.end())
        if made_of or (next_word and next_word.end() in starts):
            group = number or groups.get(noun)
            continue
        out.append(Mention(noun, number or group, plural or _many(text, match), match.span()))
        group = None
    return out


def number_said(text: str, nouns: Sequence[str], several: int = _SEVERAL, bare: int = 0) -> int:
    """The largest number that the text says of the nouns; ``several`` for a plural without one, ``bare`` for a bare noun, 0
    where none is wanted."""
    found = mentions_of(text, nouns)
    said = [one.count or (several if one.plural else bare) for one in found]
    pairs = sum(_is_another(text, before, one) for before, one in zip(found, found[1:], strict=False))
    return max([*said, pairs + 1 if pairs else 0], default=0)


def people(texts: Sequence[str], negative: str = "") -> list[str]:
    """The people whom the texts (scene, subject, action) want, each by the words that are said of them; each text may speak
    of the same ones again, so the one that names the most counts. ``negative`` names those to leave out."""
    rows = table()["people"]
    listed = tuple(noun for noun in rows["named"] if not (negative and names(negative, (noun,))))
    every = " . ".join(texts)
    nobody = nobody_is_there(every)
    numbers: dict[str, int] = {}
    for one in mentions_of(every, listed):
        numbers[one.noun] = max(numbers.get(one.noun, 0), one.count or 0)
    most: list[str] = []
    for text in map(of_people, texts):
        here: dict[str, tuple[int, str]] = {}
        found = mentions_of(text, listed)
        for number, one in enumerate(found):
            said = one.count or rows["groups"].get(one.noun) or numbers[one.noun] or (_SEVERAL if one.plural else 1)
            key = f"{one.noun} {number}" if number and _is_another(text, found[number - 1], one) else one.noun
            if said > here.get(key, (0, ""))[0]:
                here[key] = said, _said_of(text, found, number)
        anyone = 0 if nobody else number_said(blanked(text, listed), rows["anyone"], bare=1)
        each = [words for said, words in here.values() for _ in range(said)]
        each = each if nobody else _with_others(text, each, list(here))
        most = max(most, each if len(each) >= anyone else [text] * anyone, key=len)
    return most[: int(rows["most"])]


def _with_others(text: str, each: list[str], nouns: list[str]) -> list[str]:
    """Those whom a text names by nouns, with those whom it names otherwise: "she slaps him", "one man against seven"."""
    rows = table()["people"]
    if not [noun for noun in nouns if noun not in ("女", "彼女")]:
        both = {who: at for who, listed in rows["pronouns"].items() if (at := _first_at(text, listed)) is not None}
        return sorted(both, key=lambda who: both[who]) if len(both) == 2 else each
    if len(each) == 1:
        for who, own in (("she", "men"), ("he", "women")):
            if nouns[0] in rows[own] and _first_at(text, rows["acted_on"][who]) is not None:
                return [*each, who]
    found = _against().search(text)
    return [*each, *[nouns[0]] * _value(next(part for part in found.groups() if part))] if found else each


def _first_at(text: str, patterns: Sequence[str]) -> int | None:
    found = re.search("|".join(patterns), text, re.IGNORECASE)
    return found.start() if found else None


@functools.cache
def _against() -> re.Pattern[str]:
    """A number without a noun that stands for people."""
    rows, number = table()["people"], rf"(\d{{1,4}}|{longest_first(grammar()['numbers'])})"
    before, others, end = longest_first(rows["against"]), longest_first(rows["others"]), r"(?=\s*(?:$|[.,;:!?]))"
    return re.compile(rf"\b(?:{before})\s+{number}{end}|\b(?:{before}|and|with)\s+{number}\s+(?:{others})\b", re.IGNORECASE)


@functools.lru_cache(maxsize=64)
def of_people(text: str) -> str:
    """The text, as long as before, without words that hold one of people, without nouns that mean people in another text
    alone, and without those to whom somebody belongs ("the bride's father", 花嫁の父)."""
    rows = table()["people"]
    text = _owners().sub(lambda found: "_" * len(found[0]), blanked(text, rows["not_people"]))
    return blanked(text, [noun for noun, context in rows["by_context"].items() if not mentions(text, context)])


@functools.cache
def _owners() -> re.Pattern[str]:
    rows = table()["people"]
    western = longest_first(noun for noun in rows["named"] if noun.isascii())
    eastern = [noun for noun in rows["named"] if not noun.isascii()]
    owner, owned = (
        longest_first(noun for noun in eastern if noun in rows["own"] or noun not in rows["groups"]),
        longest_first(eastern),
    )
    return re.compile(rf"\b(?:{western})(?=['’]s?\s+(?:[\w-]+\s+)?(?:{western})\b)|(?:{owner})(?=の(?:{owned}))", re.IGNORECASE)


def _is_another(text: str, before: Mention, one: Mention) -> bool:
    """Whether a noun that is named twice means two: "a tall man and a short man", 背の高い男と背の低い男."""
    between = text[before.span[1] : one.span[0]]
    if before.noun != one.noun or one.plural or (one.count or 1) > 1:
        return False
    if one.noun.isascii():
        return bool(
            re.search(r"\b(?:and|with|by|from|to|meets|beside|behind|watches)\s+(?:a|an|another|one)\b[^.;]*$", between)
        )
    return bool(re.match(r"[とや][^。]*$", between))


def _said_of(text: str, found: Sequence[Mention], number: int) -> str:
    """What a text says of one of the people in it: from the noun before to the noun after."""
    begin = _split(text, found[number - 1].span[1], found[number].span[0]) if number else 0
    end = _split(text, found[number].span[1], found[number + 1].span[0]) if number + 1 < len(found) else len(text)
    return text[begin:end]


def _split(text: str, begin: int, end: int) -> int:
    """Where between two nouns the words end that are said of the first: English has most of them after the noun ("a woman in
    red and a tall | man"), Japanese before it (女と | 黒い服の男)."""
    between = text[begin:end]
    if not between.isascii():
        ends = (
            list(re.finditer(r"[、。]", between))
            if between[0] in "はがも"
            else list(re.finditer(r"[とや・、。及]|および", between))
        )
        return begin + (ends[0].end() if ends else 0 if between[0] not in "はがも" else len(between))
    ends_at = [found.start() for found in _next_one().finditer(between)]
    return begin + (ends_at[-1] if ends_at else 0)


@functools.cache
def _next_one() -> re.Pattern[str]:
    """What begins an English phrase."""
    return re.compile(rf"\b(?:a|an|the|and|or|with|his|her|their|{longest_first(grammar()['numbers'])})\b|[,.;]", re.IGNORECASE)


def nobody_is_there(text: str) -> bool:
    """Whether the text says that there are no people: "nobody", "deserted", "no people", 無人."""
    return mentions(text, table()["absent"]["people"]) or denies(text, table()["people"]["anyone"])


def _singular(word: str, nouns: Sequence[str]) -> tuple[str, bool]:
    """The noun as the list has it, and whether the word is its plural."""
    word = re.sub(r"[\s-]+", " ", word.lower())
    plurals: Mapping[str, str] = grammar()["plurals"]
    if word in plurals:
        return plurals[word], True
    listed = {noun.lower().replace("-", " "): noun for noun in nouns}
    for ending in ("", "s", "es"):
        if word.endswith(ending) and (base := word.removesuffix(ending)) in listed:
            return listed[base], bool(ending)
    return word, False


def _joined(between: str) -> bool:
    """Whether what is between a group and a noun says what it is made of: "of young football"."""
    return bool(re.fullmatch(r"\s+of\s+(?:(?!(?:and|the|with|in|at|on)\b)[\w'’-]+\s+){0,3}", between))


def _many(text: str, found: re.Match[str]) -> bool:
    return found[0].endswith("々") or bool(re.compile(r"たち|達|ら(?![れしっ])|々|の群れ").match(text, found.end()))


class _Numbers(NamedTuple):
    """A number before an English noun, one joined to it ("two-person"), after "of", joined to a Japanese
    noun (三人家族), before one, and after one."""

    before: re.Pattern[str]
    joined: re.Pattern[str]
    of: re.Pattern[str]
    size: re.Pattern[str]
    eastern: re.Pattern[str]
    behind: re.Pattern[str]


@functools.cache
def _number_patterns() -> _Numbers:
    rows = grammar()
    one = rf"(?<![\w-])(\d{{1,4}}|{longest_first(rows['numbers'])})"
    between = rf"(?:(?!(?:{longest_first([*rows['not_between'], *rows['numbers']])})\b)[\w'’-]+\s+){{0,3}}"
    digits = "[0-9０-９" + "".join(sign for sign in rows["kanji"] if len(sign) == 1) + "]{1,3}|ひと|ふた"
    counted = rf"({digits})(?:{'|'.join(rows['counters'])})"
    many = longest_first(rows["many"])
    return _Numbers(
        re.compile(rf"{one}\s+{between}$", re.IGNORECASE),
        re.compile(rf"{one}-$", re.IGNORECASE),
        re.compile(rf"\s+of\s+{one}\b", re.IGNORECASE),
        re.compile(rf"{counted}$"),
        re.compile(rf"(?:{counted}の|({many}))[^\s、。，．,.のがはをとや]{{0,6}}$|({digits})$"),
        re.compile(rf"(?:たち|達)?(?:[がはも]|、)?{counted}"),
    )


def _number(before: str, after: str, group: int | None) -> int | None:
    """The number that stands before or after a noun; None where none does. Of a noun for a group: "a family of five",
    "two couples"."""
    at = _number_patterns()
    if group and (found := at.of.match(after) or at.size.search(before)):
        return _value(found[1])
    if found := at.before.search(before):
        return _value(found[1]) * (group or 1)
    if found := at.eastern.search(before):
        each = (group or 1) if re.search(r"[つ組]の$", before) else 1  # 二組の夫婦, but 五人の家族
        return int(grammar()["many"][found[2]]) if found[2] else each * _value(found[1] or found[3])
    return _value(found[1]) if (found := at.behind.match(after)) else None


def _value(digits: str) -> int:
    """Of 12, twelve, ３, 三, 十二, 二十."""
    kanji, word = grammar()["kanji"], re.sub(r"[\s-]+", " ", digits.lower())
    if word in grammar()["numbers"]:
        return int(grammar()["numbers"][word])
    if digits.isdecimal():
        return int(digits)
    tens, _, ones = digits.rpartition("十")
    if "十" in digits:
        return 10 * int(kanji.get(tens, 1)) + int(kanji.get(ones, 0))
    return int(kanji.get(digits, 0) or max(int(kanji.get(sign, 0)) for sign in digits))
