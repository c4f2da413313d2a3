"""The titles of a storyboard on the film's frames."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from vidgen.cut.timeline import Cue, TextLook
from vidgen.planning.plan import FilmShot, Plan
from vidgen.storyboard.model import Storyboard, Text
from vidgen.storyboard.values import Duration


def film_cues(plan: Plan, planned: FilmShot) -> Iterator[Cue]:
    """The titles that begin in a shot, or in a part of one."""
    for text in planned.shot.text or ():
        ends = [_film_frames(plan, text.out)] if text.out else []
        if text.until:
            ends.append(_end_of(plan, text.until) - planned.start_frame)
        yield cue_of(plan.board, text, _film_frames(plan, text.in_) if text.in_ else 0, min(ends, default=planned.frames))


def cue_of(board: Storyboard, text: Text, start: int, end: int) -> Cue:
    """A title from frame ``start`` to before ``end``, with its look."""
    look = board.text.get(text.style or text.role)
    style = TextLook(**look.model_dump()) if look else TextLook()
    return Cue(text.text, start, end, role=text.role, position=text.position, style=style, language=board.language)


def _end_of(plan: Plan, shot: str) -> int:
    """The film frame before which a shot ends, with all its parts."""
    return max(one.start_frame + one.frames for one in plan.shots if shot in (one.parent, one.id))


def _film_frames(plan: Plan, time: Duration) -> int:
    """A time within a shot on the film's rate; frames were counted at the storyboard's."""
    if time.frames_ is not None:
        return int(Fraction(time.frames_) * plan.fps / plan.source_fps)
    return time.frames(plan.fps)
