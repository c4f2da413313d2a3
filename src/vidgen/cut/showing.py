"""Titles lie over the film: which of them are seen in a piece of it, and from when to when on the piece's own clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

from vidgen.cut.layout import Block, lay_out
from vidgen.cut.roll import Roll, roll_of
from vidgen.cut.timeline import Timeline


@dataclass(frozen=True)
class Shown:
    """A title in a piece, from frame ``start`` to before ``end`` of the piece; it may begin before it and end after it.

    ``fade_in``, ``fade_out``: frames; 0 where the piece shows it only while it stands. ``roll``: of credits.
    """

    block: Block
    start: int
    end: int
    fade_in: int = 0
    fade_out: int = 0
    roll: Roll | None = None

    def recipe(self) -> dict[str, Any]:
        """All that is drawn, as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Title:
    """A title in the film's frames. ``shot``: number of the shot in which it begins."""

    shown: Shown
    shot: int

    @property
    def end(self) -> int:
        """The film frame before which it ends."""
        return self.shown.end


Which = Callable[[Title], bool]


def titles_of(timeline: Timeline) -> list[Title]:
    """The titles of a settled timeline, in the film's frames."""
    owners, cues = [], []
    for index, (shot, begin) in enumerate(zip(timeline.shots, timeline.starts, strict=True)):
        for cue in shot.cues:
            owners.append(index)
            cues.append(replace(cue, start=begin + cue.start, end=min(begin + cue.end, timeline.frames)))
    placed = lay_out(cues, timeline.width, timeline.height)
    return [
        Title(_shown(one.block, one.start, one.end, timeline.rate, timeline.height), owner)
        for one, owner in zip(placed, owners, strict=True)
        if one
    ]


def _shown(block: Block, start: int, end: int, rate: Fraction, height: int) -> Shown:
    if block.look.rolls:
        return Shown(block, start, end, roll=roll_of(block, end - start, height))
    fade = min(round(block.look.fade * rate), (end - start) // 3)
    return Shown(block, start, end, fade, fade)


def shown_in(titles: list[Title], first: int, count: int, which: Which = lambda title: True) -> tuple[Shown, ...]:
    """What of the titles is seen in ``count`` frames of the film from ``first`` on."""
    return tuple(_in_piece(titles, first, count, which))


def _in_piece(titles: list[Title], first: int, count: int, which: Which) -> Iterator[Shown]:
    for title in titles:
        shown = title.shown
        if shown.start < first + count and shown.end > first and which(title):
            moved = replace(shown, start=shown.start - first, end=shown.end - first)
            yield moved if moved.roll else _standing(moved, count)


def _standing(shown: Shown, count: int) -> Shown:
    """The title without the part of its time that makes no difference here, so that a piece stays as it is where only that
    changes.
    """
    if shown.start + shown.fade_in <= 0:
        shown = replace(shown, start=0, fade_in=0)
    if shown.end - shown.fade_out >= count:
        shown = replace(shown, end=count, fade_out=0)
    return shown
