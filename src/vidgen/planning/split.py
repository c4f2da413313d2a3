"""Split long shots into equal parts of 3 to 5 s, in whole frames, with exact totals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from vidgen.media.rate import frames_at
from vidgen.storyboard.lengths import follows
from vidgen.storyboard.model import Shot, Text
from vidgen.storyboard.values import Duration

SHORTEST_S, LONGEST_S = 3, 5


def split_frames(frames: int, rate: Fraction) -> list[int]:
    """Lengths in frames of the equal parts of a shot, each 3-5 s; one part if it is short enough.

    5 to 6 s cannot be split, because two halves would be under 3 s.
    """
    longest, shortest = frames_at(LONGEST_S, rate), frames_at(SHORTEST_S, rate)
    if frames <= longest:
        return [frames]
    parts = -(-frames // longest)
    base, rest = divmod(frames, parts)
    if base < shortest:
        return [frames]
    return [base + (index < rest) for index in range(parts)]


@dataclass(frozen=True)
class Part:
    """A part of a shot: id of the shot (``parent``), offset in it and length, both in frames. ``speakers``: the names of those
    who speak in the whole shot, each once; "" for one without a name."""

    shot: Shot
    parent: str
    offset: int
    frames: int
    speakers: tuple[str, ...] = ()

    @classmethod
    def whole(cls, shot: Shot, frames: int) -> Part:
        """A shot that is not split."""
        return cls(shot, shot.id, 0, frames, speakers_of(shot))


def speakers_of(shot: Shot) -> tuple[str, ...]:
    """The names of those who speak in a shot, each once and in order."""
    return tuple(dict.fromkeys(line.who or "" for line in shot.dialogue or ()))


def suffix(index: int) -> str:
    """The suffix of part 0, 1, ...: a, b, ... z, aa, ab, ..."""
    text = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        text = chr(ord("a") + digit) + text
    return text


def split_shot(shot: Shot, frames: int, rate: Fraction) -> Iterator[Part]:
    """Split a shot of ``frames`` frames into parts ``s03a``, ``s03b``, ...; each continues the one before.

    Sounds, lines and titles go to the part in which they begin; a title stays over the parts that follow. The first part keeps
    ``start_frame`` and the transition, the last one ``end_frame``. A shot that follows a user's file (``follows``) is not
    split.
    """
    lengths = [frames] if follows(shot) else split_frames(frames, rate)
    if len(lengths) == 1:
        yield Part.whole(shot, frames)
        return
    offset = 0
    for index, length in enumerate(lengths):
        span = range(offset, offset + length)
        changes: dict[str, Any] = {"id": shot.id + suffix(index), **_timed(shot, span, rate, last=index == len(lengths) - 1)}
        if index:
            changes |= {
                "continue_from": shot.id + suffix(index - 1),
                "start_frame": None,
                "transition": None,
                "voiceover": None,
            }
        if index < len(lengths) - 1:
            changes |= {"end_frame": None}
        yield Part(shot.model_copy(update=changes), shot.id, offset, length, speakers_of(shot))
        offset += length


def _timed(shot: Shot, span: range, rate: Fraction, *, last: bool) -> dict[str, Any]:
    def begins_here(at: Duration | None) -> bool:
        frame = at.frames(rate) if at else 0
        return frame in span or (last and frame >= span.stop)

    return {
        "text": tuple(_shifted_text(text, shot.id, span.start, rate) for text in shot.text or () if begins_here(text.in_))
        or None,
        "sfx": tuple(_shifted(item, span.start, rate) for item in shot.sfx or () if begins_here(item.at)) or None,
        "dialogue": tuple(_shifted(item, span.start, rate) for item in shot.dialogue or () if begins_here(item.at)) or None,
    }


def _shifted(item: Any, by: int, rate: Fraction) -> Any:
    return item.model_copy(update={"at": Duration(frames_=max(0, (item.at.frames(rate) if item.at else 0) - by))})


def _shifted_text(text: Text, shot: str, by: int, rate: Fraction) -> Text:
    """The title on the clock of the part in which it begins. Without an end of its own it ends with the whole shot."""
    ends: dict[str, Any] = {"until": text.until or (None if text.out else shot)}
    if text.out:
        ends["out"] = Duration(frames_=max(1, text.out.frames(rate) - by))
    start = text.in_.frames(rate) if text.in_ else 0
    return text.model_copy(update={"in_": Duration(frames_=max(0, start - by)), **ends})
