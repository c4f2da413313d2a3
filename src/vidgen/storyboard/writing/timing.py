"""How long a shot of a script lasts: an estimate by a stated rule, and times as shot lists write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from fractions import Fraction

from vidgen.storyboard.lengths import letter_seconds, speech_seconds
from vidgen.storyboard.lint.titles import READING_CPS
from vidgen.storyboard.values import parse_length
from vidgen.storyboard.writing.draft import DraftShot, Speech
from vidgen.storyboard.writing.words import is_wide

FPS = 24
"""Rate of the storyboards that are made; frames of a shot list are counted at it."""

RULE = (
    "Lengths that the source does not give are estimates: action 3 s up to 10 words (20 letters in Japanese), 1 s for each"
    " 10 more, 5 s at most;",
    "speech 15 letters a second (7 in Japanese) and half a second more, 3 s at least; the longer of the two.",
)
"""The rule, for the storyboard's first comment."""

SHORTEST_S, LONGEST_S = Fraction(3), Fraction(5)
_WORDS, _LETTERS = 10, 20
"""Words, or Japanese letters, of action that need one more second each."""


def action_seconds(text: str) -> Fraction:
    """How long an action takes: 3 to 5 s by its length; 4 s if nothing is said about it."""
    if not text.strip():
        return Fraction(4)
    return min(LONGEST_S, max(SHORTEST_S, 2 + Fraction(-(-_weight(text) // 1))))


def is_long(text: str) -> bool:
    """Whether an action is too much for one shot: twice what 5 s hold."""
    return _weight(text) > 2 * (LONGEST_S - 2)


def _weight(text: str) -> Fraction:
    wide = sum(map(is_wide, text))
    narrow = len("".join(" " if is_wide(letter) else letter for letter in text).split())
    return Fraction(wide, _LETTERS) + Fraction(narrow, _WORDS)


def speeches_seconds(speeches: Sequence[Speech]) -> Fraction:
    """How long speeches take one after the other; those that are said together count once, the longer one."""
    turns = _turns(speeches)
    return speech_seconds(turns) if turns else Fraction(0)


def begin_of(speeches: Sequence[Speech], place: int) -> float:
    """When a speech of a shot begins, in tenths of a second: where it stands among the letters of all of them."""
    while place and speeches[place].together:
        place -= 1
    before, after = (letter_seconds("".join(_turns(part))) for part in (speeches[:place], speeches[place:]))
    share = before / (before + after) if before + after else Fraction(0)
    return int(speeches_seconds(speeches) * share * 10) / 10


def _turns(speeches: Sequence[Speech]) -> list[str]:
    """What is said one after the other: of speeches said together the longest."""
    turns: list[str] = []
    for speech in speeches:
        if speech.together and turns:
            turns[-1] = max(turns[-1], speech.line, key=len)
        else:
            turns.append(speech.line)
    return turns


def shot_seconds(shot: DraftShot) -> Fraction:
    """The estimate for a shot, in half seconds. Never between 5 and 6 s, which cannot be split into parts of 3 to 5 s."""
    cards = max((_reading(card) for card in shot.cards), default=Fraction(0))
    spoken = [*shot.speeches, *(Speech(text) for text in [shot.words.get("voiceover", "")] if text)]
    longest = max(action_seconds(shot.action), speeches_seconds(spoken), cards)
    return Fraction(6) if 5 < longest < 6 else min(longest, Fraction(3600))


def _reading(text: str) -> Fraction:
    """Time to read a title, in whole seconds, with one second for its fades."""
    letters = len("".join(text.split()))
    speed = READING_CPS["ja" if any(map(is_wide, text)) else "en"]
    return Fraction(-(-letters // Fraction(speed)) + 1)


_UNITS = {"s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "秒": "s", "''": "s", '"': "s"}
_UNITS |= {"f": "f", "fr": "f", "frame": "f", "frames": "f", "k": "f", "コマ": "f", "フレーム": "f"}
_NUMBER = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([^0-9.]*)")
_SHEET = re.compile(r"\(?([0-9]{1,5}) ?(?:\+|s|秒|秒と|秒\+|s\+) ?([0-9]{1,3}) ?(?:f|k|コマ)?\)?")
_MINUTES = re.compile(r"([0-9]{1,2}) ?(?:min|m|分|') ?(?:([0-9]{1,2}(?:\.[0-9]+)?) ?(?:s|sec|秒|\"|'')?)?")


def written_length(text: str, *, frames: bool = False, pairs_have_frames: bool = False) -> str | None:
    """A duration of a shot list as the storyboard writes it (``4s``, ``84f``); None if it is not one.

    Takes seconds, ``4 sec``, ``96f``, ``3+12`` (seconds and frames), ``1m30s``, ``0:04``, ``00:00:04`` and timecode
    ``00:00:03:12``.

    Args:
        frames: whether a number without a unit counts frames.
        pairs_have_frames: whether ``3:12`` is 3 s and 12 frames, not minutes and seconds.
    """
    plain = unicodedata.normalize("NFKC", text).strip().lower().lstrip("~約≈")
    if found := re.fullmatch(r"([0-9]+),([0-9]{1,2})", plain):  # a decimal comma
        plain = f"{found[1]}.{found[2]}"
    found_length = _clock(plain, pairs_have_frames) or _sheet(plain) or _counted(plain, frames) or _minutes(plain)
    if found_length is None:
        return None
    try:
        parse_length(found_length)
    except ValueError:
        return None
    return found_length


def _clock(text: str, pairs_have_frames: bool) -> str | None:
    if not re.fullmatch(r"[0-9]{1,3}([:;][0-9]{1,2}){1,3}(\.[0-9]{1,6})?", text):
        return None
    *whole, last = re.split("[:;]", text)
    numbers = [int(part) for part in whole]
    if len(numbers) == 3 or (len(numbers) == 1 and pairs_have_frames):
        seconds = sum(number * 60**power for power, number in enumerate(reversed(numbers)))
        return None if "." in last or int(last) >= 60 else f"{seconds * FPS + int(last)}f"
    total = sum(number * 60**power for power, number in enumerate(reversed(numbers), 1))
    return _seconds(total + Fraction(last))


def _sheet(text: str) -> str | None:
    found = _SHEET.fullmatch(text)
    return f"{int(found[1]) * FPS + int(found[2])}f" if found else None


def _counted(text: str, frames: bool) -> str | None:
    found = _NUMBER.fullmatch(text)
    unit = _UNITS.get(found[2].strip(" .")) if found and found[2].strip() else "f" if frames else "s"
    if not found or unit is None:
        return None
    return _seconds(Fraction(found[1])) if unit == "s" else f"{int(found[1])}f" if "." not in found[1] else None


def _minutes(text: str) -> str | None:
    found = _MINUTES.fullmatch(text)
    return _seconds(int(found[1]) * 60 + Fraction(found[2] or 0)) if found else None


def _seconds(value: Fraction | int) -> str:
    return f"{float(value):.6f}".rstrip("0").rstrip(".") + "s"


def pairs_have_frames(values: Sequence[str]) -> bool:
    """Whether ``3:12`` in a column of durations means 3 s and 12 frames: some have seconds, and none has more frames than a
    second holds. ``0:04`` and ``1:30`` speak for minutes and seconds.
    """
    plain = (unicodedata.normalize("NFKC", value).strip() for value in values)
    pairs = [(int(found[1]), int(found[2])) for value in plain if (found := re.fullmatch(r"(\d{1,3})[:;](\d{1,2})", value))]
    return bool(pairs) and all(first and second < FPS for first, second in pairs)
