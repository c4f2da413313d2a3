"""The film as pieces that are each encoded once: one body per shot, one window per transition.

A shot of L frames with T_in frames of transition before it and T_out after it has the body ``[T_in, L - T_out)``; the
window of a transition joins the last T frames of one shot with the first T of the next. A piece is named by the content
that goes into it, so a change anywhere in the film remakes only the pieces it touches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vidgen.cut.timeline import Cue, Timeline, TimelineShot
from vidgen.media.files import sha256_json
from vidgen.media.rate import rate_text

SEGMENT_VERSION = 2
"""Part of every key. Raise it when the same input would come out as other pixels."""


@dataclass(frozen=True)
class Source:
    """``count`` frames of a shot from frame ``first`` on, with the titles that touch them."""

    shot: TimelineShot
    first: int
    count: int

    @property
    def cues(self) -> tuple[Cue, ...]:
        """All titles of the shot if any shows on these frames (they make room for each other), else none."""
        touched = any(cue.start < self.first + self.count and cue.end > self.first for cue in self.shot.cues)
        return self.shot.cues if touched else ()

    def whole(self) -> bool:
        """Whether this is the plain shot from its first to its last frame."""
        return self.first == 0 and self.count == self.shot.frames and not self.cues and self.shot.conform is None


@dataclass(frozen=True)
class Segment:
    """One piece of the film: a body (one source) or a window (two sources and the ``transition`` between them).

    ``fade_in``: this many of its first frames come up from black.
    """

    sources: tuple[Source, ...]
    transition: str | None = None
    fade_in: int = 0

    @property
    def frames(self) -> int:
        """Length in frames."""
        return self.sources[0].count

    @property
    def name(self) -> str:
        """What to call it in messages: ``s03``, or ``s02 > s03`` for a window."""
        return " > ".join(source.shot.id for source in self.sources)

    @property
    def kind(self) -> str:
        """``body`` or ``window``."""
        return "window" if self.transition else "body"

    @property
    def may_copy(self) -> bool:
        """Whether the shot's file may stand for this piece as it is, if it was encoded alike."""
        return self.transition is None and self.fade_in == 0 and self.sources[0].whole()

    @property
    def draft(self) -> bool:
        """Whether all that it shows is drafts."""
        return all(source.shot.draft for source in self.sources)

    def recipe(self) -> dict[str, Any]:
        """Everything in it that comes from the storyboard, as JSON values."""
        return {
            "sources": [
                {
                    "sha256": source.shot.sha256,
                    "first": source.first,
                    "count": source.count,
                    "conform": asdict(source.shot.conform) if source.shot.conform else None,
                    "shot_frames": source.shot.frames if source.shot.conform else None,
                    "cues": [asdict(cue) for cue in source.cues],
                    "encoded_as": source.shot.encoded_as if source.whole() else None,
                }
                for source in self.sources
            ],
            "transition": self.transition,
            "fade_in": self.fade_in,
            **({"draft": True} if self.draft else {}),
        }


def split(timeline: Timeline) -> list[Segment]:
    """The pieces of a settled timeline, in film order; their frames add up to the film's."""
    pieces: list[Segment] = []
    shots = timeline.shots
    for index, shot in enumerate(shots):
        lead = 0 if index == 0 else shot.transition.frames
        tail = shots[index + 1].transition.frames if index + 1 < len(shots) else 0
        if lead:
            before = shots[index - 1]
            sources = (Source(before, before.frames - lead, lead), Source(shot, 0, lead))
            pieces.append(Segment(sources, transition=shot.transition.type))
        if shot.frames - lead - tail > 0:
            fade_in = shot.transition.frames if index == 0 else 0
            pieces.append(Segment((Source(shot, lead, shot.frames - lead - tail),), fade_in=fade_in))
    return pieces


def form(timeline: Timeline) -> dict[str, Any]:
    """What all pieces of a film share: size, rate and encoding."""
    return {
        "version": SEGMENT_VERSION,
        "width": timeline.width,
        "height": timeline.height,
        "rate": rate_text(timeline.rate),
        "profile": timeline.profile.key(),
    }


def segment_key(segment: Segment, timeline: Timeline, ffmpeg: str, fonts: Sequence[str]) -> str:
    """The name of a piece in the store. ``ffmpeg`` (its version) encodes it; ``fonts`` count where it has titles."""
    drawn = fonts if any(source.cues for source in segment.sources) else ()
    return sha256_json({**form(timeline), "recipe": segment.recipe(), "ffmpeg": ffmpeg, "fonts": list(drawn)})
