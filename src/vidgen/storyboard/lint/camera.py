"""Find camera moves in a text, and whether they conflict (V301, V302)."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vidgen.storyboard.lint.lexicon import ALL_WORDS, Lexicon, Lexicons, normalise

_DIRECTION = re.compile(r"_(?:left|right|up|down|in|out)(?:_pan)?$")
_FOLLOWING = frozenset({"tracking", "flyover"})
"""Moves that describe how the camera follows something; together with one move of ``_TRAVEL`` they are one move."""
_TRAVEL = frozenset({"dolly", "dolly_in", "dolly_out", "truck", "truck_left", "truck_right", "flyover", "tracking"})


@dataclass(frozen=True)
class CameraText:
    """The camera words of a text: canonical moves as (name, start, end), and spans of words for a still or a moving camera."""

    moves: tuple[tuple[str, int, int], ...] = ()
    static: tuple[tuple[int, int], ...] = ()
    dynamic: tuple[tuple[int, int], ...] = ()
    there_and_back: bool = False

    def names(self) -> tuple[str, ...]:
        """The distinct moves in order. A move without direction (``pan``) is left out if it also occurs with one."""
        names = list(dict.fromkeys(name for name, _, _ in self.moves))
        known = {family(name) for name in names if name != family(name)}
        names = [name for name in names if name != family(name) or name not in known]
        if _FOLLOWING & set(names) and _TRAVEL & (set(names) - _FOLLOWING):
            names = [name for name in names if name not in _FOLLOWING]
        if {"tracking", "flyover"} <= set(names):
            names.remove("tracking")
        return tuple(names)


def family(move: str) -> str:
    """A move without its direction: ``pan_left`` is a ``pan``."""
    return _DIRECTION.sub("", move)


def camera_text(text: str, language: str, lexicons: Lexicons = ALL_WORDS) -> CameraText:
    """The camera words of a prompt in one language."""
    normal = normalise(text).text
    return _read(normal, lexicons.of(language, normal))


def camera_hits(lexicon: Lexicon, text: str) -> Iterator[tuple[str, int, int]]:
    """V301 and V302 in normalised text, as (code, start, end)."""
    found = _read(text, lexicon)
    names = found.names()
    if len(names) >= 2 or (found.there_and_back and names):
        yield "V301", found.moves[0][1], max(end for _, _, end in found.moves)
    if found.static and (names or found.dynamic):
        moving = [(start, end) for _, start, end in found.moves] + list(found.dynamic)
        spans = [*found.static[:1], moving[0]]
        yield "V302", min(start for start, _ in spans), max(end for _, end in spans)


@dataclass(frozen=True)
class _Patterns:
    gate: re.Pattern[str]
    ignore: re.Pattern[str]
    static: re.Pattern[str]
    dynamic: re.Pattern[str]
    moves: Mapping[str, re.Pattern[str]]
    directions: re.Pattern[str]
    negation_before: re.Pattern[str]
    negation_after: re.Pattern[str]


@functools.lru_cache(maxsize=16)
def _patterns(lexicon: Lexicon) -> _Patterns:
    rows = lexicon.camera

    def compiled(patterns: list[str]) -> re.Pattern[str]:
        pattern = lexicon.compile(patterns)
        assert pattern is not None
        return pattern

    return _Patterns(
        gate=re.compile(rows["gate"]),
        ignore=compiled(rows["ignore"]),
        static=re.compile("|".join(f"(?:{lexicon.expand(row)})" for row in rows["static"])),
        dynamic=compiled(rows["dynamic"]),
        moves={name: compiled(patterns) for name, patterns in rows["moves"].items()},
        directions=re.compile(lexicon.expand(rows["directions"])),
        negation_before=re.compile(lexicon.expand(lexicon.negation["before"])),
        negation_after=re.compile(lexicon.expand(rows.get("negation_after", lexicon.negation["after"]))),
    )


def _read(text: str, lexicon: Lexicon) -> CameraText:
    patterns = _patterns(lexicon)
    if not patterns.gate.search(text):
        return CameraText()
    text = patterns.ignore.sub(_blank, text)
    there_and_back = any(match[1] != match[2] for match in patterns.directions.finditer(text))
    static, text = _take(patterns.static, text, patterns, negatable=False, keep_camera=True)
    moves: list[tuple[str, int, int]] = []
    for name, pattern in patterns.moves.items():
        spans, text = _take(pattern, text, patterns)
        moves += [(name.removesuffix("_pan"), start, end) for start, end in spans]
    dynamic, _ = _take(patterns.dynamic, text, patterns)
    return CameraText(tuple(sorted(moves, key=lambda move: move[1])), tuple(static), tuple(dynamic), there_and_back)


def _take(
    pattern: re.Pattern[str], text: str, patterns: _Patterns, *, negatable: bool = True, keep_camera: bool = False
) -> tuple[list[tuple[int, int]], str]:
    """All spans of a pattern that are not negated, and the text with all matches blanked."""
    spans: list[tuple[int, int]] = []
    position = 0
    while match := pattern.search(text, position):
        group = match.lastindex or 0
        start, end = match.span(group)
        position = max(end, match.start() + 1)
        before, after = text[max(0, start - 40) : start], text[end : end + 16]
        negated = negatable and (patterns.negation_before.search(before) or patterns.negation_after.match(after))
        if not negated:
            spans.append((start, end))
        text = text[:start] + _kept_camera(text[start:end], keep_camera) + text[end:]
    return spans, text


def _kept_camera(text: str, keep: bool) -> str:
    """Blanks of the same length; with ``keep`` the word "camera" stays, so that its next verb is still found."""
    camera = next((word for word in ("camera", "カメラ") if word in text), "") if keep else ""
    return camera + "◌" * (len(text) - len(camera))


def _blank(match: re.Match[str]) -> str:
    return "◌" * len(match[0])
