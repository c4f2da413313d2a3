"""Sets what is said in a film as captions: lines, times, and who speaks."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from vidgen.cut.lettering import wrap
from vidgen.cut.looks import plain
from vidgen.cut.timeline import Caption, CaptionTrack
from vidgen.media.tables import read_table

_SENTENCE = re.compile(r"(?<=[.!?…。！？])(?:[\"”’」』)]*)\s*(?=\S)")
"""Where a sentence ends and another begins."""


@dataclass(frozen=True)
class Spoken:
    """Words that are said from ``start`` to ``end``, in seconds of the film. ``who``: the speaker; empty for a narrator.
    ``heard``: whether there is a recording of them.
    """

    text: str
    start: Fraction
    end: Fraction
    who: str = ""
    heard: bool = True


@dataclass(frozen=True)
class _Rules:
    line: int
    speed: Fraction
    names: str
    wide: float
    """How much a full-width letter counts."""

    def width(self, text: str) -> float:
        """Length of a text in the letters that ``line`` counts."""
        return sum(_letter(char, self.wide) for char in text)

    def needed_s(self, text: str) -> Fraction:
        """Seconds to read a text with ease."""
        letters = self.width(re.sub(r"\s+", " " if self.wide > 1 else "", text))
        return max(Fraction(str(_table()["shortest_s"])), Fraction(round(letters * 100), 100) / self.speed)


def set_captions(spoken: Sequence[Spoken], language: str, length_s: Fraction) -> CaptionTrack:
    """Captions of what is said in one language, in a film of ``length_s`` seconds.

    A caption begins with its words. It outlasts them where reading it takes longer, until the next one or the film's end.
    What does not fit into two lines becomes several captions.
    """
    rules = _rules(language)
    said = [replace(one, who=" ".join(plain(one.who).split())) for one in spoken if plain(one.text).strip()]
    said.sort(key=lambda one: (one.start, one.end))
    parts = [part for one in _named(said, rules) for part in _parts(one, rules, language) if part.start < length_s]
    return CaptionTrack(language, tuple(_timed(parts, rules, length_s)))


def mp4_language(code: str) -> str:
    """The code of three letters for a language: ``jpn`` for ``ja``; ``und`` where there is none."""
    name = code.partition("-")[0].lower()
    known: dict[str, str] = _table()["mp4"]
    return name if name in known.values() else known.get(name, "und")


def _named(spoken: Sequence[Spoken], rules: _Rules) -> Iterator[Spoken]:
    """What is said, with the speaker's name in the text where one person answers another."""
    near = Fraction(_table()["exchange_s"])
    for index, one in enumerate(spoken):
        before = spoken[index - 1] if index else None
        after = next((other for other in spoken[index + 1 :] if other.who not in ("", one.who)), None)
        changed = before is None or before.who != one.who
        answers = before is not None and bool(before.who) and changed and one.start - before.end < near
        answered = after is not None and after.start - one.end < near
        helps = bool(one.who) and changed and (answers or answered)
        name = one.who[:1].upper() + one.who[1:]
        yield replace(one, text=rules.names.format(name=name) + one.text) if helps else one


def _parts(spoken: Spoken, rules: _Rules, language: str) -> Iterator[Caption]:
    """The words as captions without further time, each as long as its share of the letters."""
    blocks = _blocks(re.sub(r"\s+", " ", plain(spoken.text)).strip(), spoken.end - spoken.start, rules, language)
    shares = _shares(blocks, rules)
    span, start = spoken.end - spoken.start, spoken.start
    for lines, share in zip(blocks, shares, strict=True):
        yield Caption(start, start + span * share, lines, spoken.who)
        start += span * share


def _blocks(text: str, span: Fraction, rules: _Rules, language: str) -> list[tuple[str, ...]]:
    """The text as the fewest blocks of at most two lines; whole sentences where these are as few and long enough."""
    lines = _lines(text, rules, language)
    fewest = [tuple(lines[first : first + _lines_most()]) for first in range(0, len(lines), _lines_most())]
    whole = _sentences(text, rules, language)
    shortest = Fraction(str(_table()["shortest_s"]))
    if 1 < len(whole) == len(fewest) and all(span * share >= shortest for share in _shares(whole, rules)):
        return whole
    return fewest


def _sentences(text: str, rules: _Rules, language: str) -> list[tuple[str, ...]]:
    """Blocks that begin with a sentence; one that is too long for a block is left in more lines than there are."""
    blocks: list[tuple[str, ...]] = []
    held = ""
    for sentence in filter(None, (part.strip() for part in _SENTENCE.split(text))):
        both = f"{held}{' ' if held and rules.wide > 1 else ''}{sentence}"
        if held and len(_lines(both, rules, language)) > _lines_most():
            blocks.append(tuple(_lines(held, rules, language)))
            held = sentence
        else:
            held = both
    blocks.append(tuple(_lines(held, rules, language)))
    return blocks if all(len(block) <= _lines_most() for block in blocks) else []


def _shares(blocks: Sequence[tuple[str, ...]], rules: _Rules) -> list[Fraction]:
    """Which part of all letters each block has."""
    letters = [Fraction(max(1, round(rules.width("".join(lines)) * 2))) for lines in blocks]
    return [count / sum(letters) for count in letters]


def _lines(text: str, rules: _Rules, language: str) -> list[str]:
    return [line for line in wrap(text, rules.line, rules.width, language) if line.strip()]


def _lines_most() -> int:
    most: int = _table()["lines"]
    return most


def _timed(captions: Sequence[Caption], rules: _Rules, length_s: Fraction) -> Iterator[Caption]:
    """The captions with the time that reading takes, as far as the next one leaves it."""
    gap = Fraction(str(_table()["gap_s"]))
    for index, one in enumerate(captions):
        needed = one.start + rules.needed_s("".join(one.lines))
        after = captions[index + 1].start if index + 1 < len(captions) else length_s + gap
        latest = min(length_s, max(after - gap, one.start + (after - one.start) / 2))
        speech = min(one.end, length_s)
        end = min(max(speech, needed), latest) if after >= speech else speech
        yield replace(one, end=end, short_by=max(Fraction(0), needed - end))


def _rules(language: str) -> _Rules:
    table = _table()["languages"]
    row: dict[str, Any] = table.get(language.partition("-")[0].lower(), {})
    wide = 1.0 if row else 2.0
    row = table["other"] | row
    return _Rules(row["line"], Fraction(row["speed"]), row.get("names", "{name}: "), wide)


def _letter(char: str, wide: float) -> float:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0.0
    return wide if unicodedata.east_asian_width(char) in "WF" else wide / 2


@functools.cache
def _table() -> dict[str, Any]:
    found: dict[str, Any] = read_table("vidgen.cut", "captions.yaml")
    return found
