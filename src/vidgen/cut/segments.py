"""Split the film into pieces that are encoded separately: one body per shot, one window per transition.

A shot of L frames with a transition of T_in frames before it and one of T_out after it has the body ``[T_in, L - T_out)``. The
window of a transition blends the last T frames of one shot with the first T of the next. A piece has a content key, so that a
change in the film affects only the pieces that it touches.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vidgen.cut.showing import Shown, Title, shown_in, titles_of
from vidgen.cut.timeline import Timeline, TimelineShot
from vidgen.media.files import sha256_json
from vidgen.media.rate import rate_text

SEGMENT_VERSION = 3
"""Part of every key. Increase it when the same input gives different pixels."""


@dataclass(frozen=True)
class Source:
    """``count`` frames of a shot from frame ``first``, with the titles that are part of its picture here."""

    shot: TimelineShot
    first: int
    count: int
    titles: tuple[Shown, ...] = ()

    def whole(self) -> bool:
        """Whether this is the whole shot, without titles and not conformed."""
        return self.first == 0 and self.count == self.shot.frames and not self.titles and self.shot.conform is None


@dataclass(frozen=True)
class Segment:
    """One piece of the film: a body (one source) or a window (two sources and the ``transition`` between them).

    ``fade_in``: number of first frames that fade in from black. ``over``: titles that stay while one shot becomes the next.
    """

    sources: tuple[Source, ...]
    transition: str | None = None
    fade_in: int = 0
    over: tuple[Shown, ...] = ()

    @property
    def titles(self) -> tuple[Shown, ...]:
        """All titles that are drawn in it."""
        return tuple(one for source in self.sources for one in source.titles) + self.over

    @property
    def frames(self) -> int:
        """Length in frames."""
        return self.sources[0].count

    @property
    def name(self) -> str:
        """Name for messages: ``s03``, or ``s02 > s03`` for a window."""
        return " > ".join(source.shot.id for source in self.sources)

    @property
    def kind(self) -> str:
        """``body`` or ``window``."""
        return "window" if self.transition else "body"

    @property
    def may_copy(self) -> bool:
        """Whether the shot's file may be used unchanged, if it was encoded alike."""
        return self.transition is None and self.fade_in == 0 and self.sources[0].whole()

    @property
    def draft(self) -> bool:
        """Whether it shows only drafts."""
        return all(source.shot.draft for source in self.sources)

    def recipe(self) -> dict[str, Any]:
        """All its content from the storyboard, as JSON values, for keys."""
        return {
            "sources": [
                {
                    "sha256": source.shot.sha256,
                    "first": source.first,
                    "count": source.count,
                    "conform": asdict(source.shot.conform) if source.shot.conform else None,
                    "shot_frames": source.shot.frames if source.shot.conform else None,
                    "cues": [title.recipe() for title in source.titles],
                    "encoded_as": source.shot.encoded_as if source.whole() else None,
                }
                for source in self.sources
            ],
            "transition": self.transition,
            "fade_in": self.fade_in,
            **({"over": [title.recipe() for title in self.over]} if self.over else {}),
            **({"draft": True} if self.draft else {}),
        }


def split(timeline: Timeline) -> list[Segment]:
    """The pieces of a settled timeline, in film order; their frames add up to the film's."""
    pieces: list[Segment] = []
    shots, titles = timeline.shots, _by_shot(titles_of(timeline), timeline)
    for index, (shot, begin) in enumerate(zip(shots, timeline.starts, strict=True)):
        lead = 0 if index == 0 else shot.transition.frames
        tail = shots[index + 1].transition.frames if index + 1 < len(shots) else 0
        if lead:
            pieces.append(_window(shots[index - 1], shot, titles[index], index, begin))
        if (count := shot.frames - lead - tail) > 0:
            fade_in = shot.transition.frames if index == 0 else 0
            seen = shown_in(titles[index], begin + lead, count)
            pieces.append(Segment((Source(shot, lead, count, seen),), fade_in=fade_in))
    return pieces


def _by_shot(titles: list[Title], timeline: Timeline) -> list[list[Title]]:
    """For each shot the titles that are seen while it is: a long film has thousands of both."""
    found: list[list[Title]] = [[] for _ in timeline.shots]
    for title in titles:
        for index in range(max(0, bisect_right(timeline.starts, title.shown.start) - 1), len(found)):
            if timeline.starts[index] >= title.end:
                break
            found[index].append(title)
    return found


def _window(before: TimelineShot, shot: TimelineShot, titles: list[Title], index: int, begin: int) -> Segment:
    """The window of the transition into shot ``index``, which begins at film frame ``begin``. A title of one of the two shots
    comes or goes with its picture; one that begins earlier and ends later stays over both.
    """
    count = shot.transition.frames
    earlier = [title for title in titles if title.shot < index]
    leaving = shown_in(earlier, begin, count, lambda title: title.end <= begin + count)
    coming = shown_in(titles, begin, count, lambda title: title.shot == index)
    over = shown_in(earlier, begin, count, lambda title: title.end > begin + count)
    sources = (Source(before, before.frames - count, count, leaving), Source(shot, 0, count, coming))
    return Segment(sources, transition=shot.transition.type, over=over)


def form(timeline: Timeline) -> dict[str, Any]:
    """The common form of all pieces: size, rate and encoder settings."""
    return {
        "version": SEGMENT_VERSION,
        "width": timeline.width,
        "height": timeline.height,
        "rate": rate_text(timeline.rate),
        "profile": timeline.profile.key(),
    }


def segment_parts(segment: Segment, timeline: Timeline) -> dict[str, str]:
    """A checksum of each thing that a piece is made of, by a person's name for it: to tell what changed since the last film."""
    sources = segment.sources
    parts: dict[str, Any] = {
        "the take or clip": [[one.shot.sha256, asdict(one.shot.conform) if one.shot.conform else None] for one in sources],
        "the frames that are used": [[one.first, one.count] for one in sources],
        "the titles": [title.recipe() for title in segment.titles],
        "the transition": [segment.transition, segment.fade_in],
        "the film's size, rate or encoding": form(timeline),
    }
    return {name: sha256_json(value)[:16] for name, value in parts.items()}


def segment_key(segment: Segment, timeline: Timeline, ffmpeg: str, fonts: Mapping[str, int]) -> str:
    """The store key of a piece. ``ffmpeg``: its version; ``fonts``: sizes of the font files of its titles."""
    return sha256_json({**form(timeline), "recipe": segment.recipe(), "ffmpeg": ffmpeg, "fonts": fonts})
