"""Find what video models do badly in the text of a prompt, without a model or network."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vidgen.storyboard.lint.camera import camera_hits
from vidgen.storyboard.lint.lexicon import ALL_WORDS, LANGUAGES, Lexicon, Lexicons, Normal, languages_of, normalise


@dataclass(frozen=True)
class Hit:
    """One rule that a text breaks. ``start``, ``end``: indices in the original text; ``words``: the text there."""

    code: str
    start: int
    end: int
    words: str


def check_prompt(text: str, language: str | None = None, style: str = "") -> list[str]:
    """The codes of the text rules that a prompt breaks, sorted. ``language``: en, ja, or None to detect it."""
    return sorted({hit.code for hit in check_text(text, language, style=style)})


def check_text(
    text: str,
    language: str | None = None,
    *,
    style: str = "",
    people: int = 0,
    lexicons: Lexicons = ALL_WORDS,
) -> list[Hit]:
    """The text rules that a prompt breaks, one hit per rule, in text order.

    Args:
        language: en, ja, or None to detect it.
        style: may excuse what is deliberate, such as impossible physics in a fantasy.
        people: number of characters that the shot declares.
        lexicons: shared by many texts, which makes each check cheap.
    """
    normal, manner = normalise(text), normalise(style).text
    found: dict[str, tuple[int, int]] = {}
    for name in languages_of(text) or ((language,) if language in ("en", "ja") else ()):
        words = lexicons.of(name, normal.text, manner)
        hits = _rule_hits(words, normal.text, people)
        spans = [span for span in hits if not _excused(words, span[0], normal.text, manner, lexicons)]
        spans += camera_hits(words, normal.text)
        for code, start, end in spans:
            found.setdefault(code, (start, end))
    return sorted((_hit(code, text, normal, *span) for code, span in found.items()), key=lambda hit: (hit.start, hit.code))


def _hit(code: str, text: str, normal: Normal, start: int, end: int) -> Hit:
    first, last = normal.origin[start], normal.origin[min(end, len(normal.origin) - 1)]
    return Hit(code, first, last, text[first:last].strip(" ,、"))


class _TextRule:
    """A row of the rules in ``words_*.yaml``. Patterns are compiled on first use, because most texts need few of them."""

    def __init__(self, words: Lexicon, row: Mapping[str, Any]) -> None:
        self._words, self._row = words, row
        self._compiled: dict[str, re.Pattern[str] | None] = {}
        self.count: int = row.get("count", 1)
        self.negatable: bool = row.get("negatable", True)
        self.mask_quotes: bool = row.get("mask_quotes", False)
        self.agents: bool = row.get("agents", False)
        self.several: bool = row.get("several", False)

    def pattern(self, key: str) -> re.Pattern[str] | None:
        """One pattern for the patterns under this key of the row; None if it has none."""
        if key not in self._compiled:
            given = self._row.get(key, ())
            self._compiled[key] = self._words.compile(
                [given] if isinstance(given, str) else given, before=key == "unless_before", after=key == "unless_after"
            )
        return self._compiled[key]


@functools.lru_cache(maxsize=16)
def _rules(words: Lexicon) -> Mapping[str, _TextRule]:
    return {code: _TextRule(words, row) for code, row in words.rules.items()}


def _rule_hits(words: Lexicon, text: str, people: int) -> Iterator[tuple[str, int, int]]:
    scene = _Scene(words, text, people)
    for code, rule in _rules(words).items():
        if span := _first(rule, scene):
            yield code, *span


def _excused(words: Lexicon, code: str, text: str, style: str, lexicons: Lexicons) -> bool:
    """Whether the text, or a style in any language, excuses a rule (impossible physics in a fantasy)."""
    excuse = _rules(words)[code].pattern("unless_text")
    if excuse is None:
        return False
    if excuse.search(text):
        return True
    others = (_rules(lexicons.of(name, style)) for name in LANGUAGES if style)
    patterns = (rules[code].pattern("unless_text") for rules in others if code in rules)
    return any(pattern and pattern.search(style) for pattern in patterns)


def _first(rule: _TextRule, scene: _Scene) -> tuple[int, int] | None:
    text = _without_quotes(scene.text) if rule.mask_quotes else scene.text
    for match in _kept(rule, "find_alone", scene, text):
        return match.span()
    for match in _kept(rule, "find_strong", scene, text):
        if not scene.no_people_but_things():
            return match.span()
    needs = rule.pattern("needs")
    if needs and not scene.people and not needs.search(text):
        return None
    kept: list[re.Match[str]] = []
    for match in _kept(rule, "find", scene, text):
        if rule.agents and scene.acts_alone(match.start()):
            continue
        if rule.several and not scene.several(match):
            continue
        kept.append(match)
        if len(kept) >= rule.count:
            return kept[0].start(), kept[-1].end()
    return None


def _kept(rule: _TextRule, key: str, scene: _Scene, text: str) -> Iterator[re.Match[str]]:
    pattern = rule.pattern(key)
    if pattern is None:
        return
    position = 0
    while match := pattern.search(text, position):
        if _stands(rule, match, scene, text):
            yield match
            position = max(match.end(), match.start() + 1)
        else:
            position = match.start() + 1


def _stands(rule: _TextRule, match: re.Match[str], scene: _Scene, text: str) -> bool:
    start, end = match.span()
    before = text[max(0, start - 60) : start]
    if rule.negatable and scene.negated(before, text[end : end + 20]):
        return False
    contexts = {
        "not_match": match[0],
        "unless_before": before,
        "unless_inside": text[max(0, start - 30) : end + 12],
        "unless_near": text[max(0, start - 60) : end + 60],
    }
    if any((pattern := rule.pattern(key)) and pattern.search(where) for key, where in contexts.items()):
        return False
    after = rule.pattern("unless_after")
    return not (after and after.match(text[end : end + 40]))


def _without_quotes(text: str) -> str:
    return re.sub(r"\"[^\"]*\"|「[^」]*」|『[^』]*』|(?<![a-z])'[^']*'(?![a-z])", lambda match: "◌" * len(match[0]), text)


class _Scene:
    """The people and other actors in a text."""

    def __init__(self, words: Lexicon, text: str, people: int) -> None:
        self.text, self.people = text, people
        self._words = _actor_patterns(words)

    def negated(self, before: str, after: str) -> bool:
        """Whether the text around a match negates it."""
        return bool(self._words.negation_before.search(before)) or bool(self._words.negation_after.match(after))

    def acts_alone(self, position: int) -> bool:
        """Whether an animal or a thing, not a person, does the action at ``position`` ("leaves dancing")."""
        return self._words.nonhuman_before.search(self.text, max(0, position - 60), position) is not None

    def no_people_but_things(self) -> bool:
        """Whether animals or things act in a text without a person."""
        return not self._words.person.search(self.text) and self._words.nonhuman.search(self.text) is not None

    def several(self, match: re.Match[str]) -> bool:
        """Whether two or more people are in the sentence of a match, or declared as characters."""
        if self.people >= 2:
            return True
        if not self.people and not self._words.person.search(self.text):
            return False
        start = max(map(self.text.rfind, ".!?;。", [0] * 5, [match.start()] * 5)) + 1
        ends = [end for end in (self.text.find(mark, match.end()) for mark in ".!?;。") if end >= 0]
        sentence = self.text[start : min(ends, default=len(self.text))]
        if self._words.group.search(sentence):
            return True
        return self.people + len(set(_kinds(self._words.someone.findall(sentence)))) >= 2


def _kinds(names: Iterable[str]) -> Iterator[str]:
    return (name.rstrip("s") for name in names)


@dataclass(frozen=True)
class _ActorPatterns:
    group: re.Pattern[str]
    someone: re.Pattern[str]
    person: re.Pattern[str]
    nonhuman: re.Pattern[str]
    nonhuman_before: re.Pattern[str]
    negation_before: re.Pattern[str]
    negation_after: re.Pattern[str]


@functools.lru_cache(maxsize=16)
def _actor_patterns(words: Lexicon) -> _ActorPatterns:
    rows = words.who
    patterns = {
        key: re.compile(words.expand(rows[key])) for key in ("group", "someone", "person", "nonhuman", "nonhuman_before")
    }
    return _ActorPatterns(
        **patterns,
        negation_before=re.compile(words.expand(words.negation["before"])),
        negation_after=re.compile(words.expand(words.negation["after"])),
    )
