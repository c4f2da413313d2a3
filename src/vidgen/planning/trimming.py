"""What a trim leaves out, and what it cannot change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from vidgen.errors import Notice
from vidgen.planning.plan import FilmShot, GeneratedShot
from vidgen.storyboard.model import Shot
from vidgen.takes.request import Trim

_TIMED = (("text", "in_"), ("sfx", "at"), ("dialogue", "at"))
"""Keys whose entries begin at a time within the shot, and the field of that time."""


def trimmed_away(shot: Shot, seconds: Fraction, rate: Fraction) -> tuple[Shot, list[Notice]]:
    """The shot without titles, sounds and lines that begin after ``seconds``, its length in the film, and a notice for each
    kind of them. ``rate``: that of the storyboard.
    """
    changes, notices = {}, []
    for key, field in _TIMED:
        entries = getattr(shot, key) or ()
        kept = tuple(entry for entry in entries if not (at := getattr(entry, field)) or at.at(rate) < seconds)
        if len(kept) < len(entries):
            changes[key] = kept or None
            text = f"trim: the shot ends before {len(entries) - len(kept)} of its {key} begin; left out"
            notices.append(Notice("plan.trim", text, shot.id))
    return shot.model_copy(update=changes), notices


def continued_trims(shots: Iterable[FilmShot]) -> Iterator[Notice]:
    """Shots that go on from a trimmed one: they keep the picture that its take ends with untrimmed, as another would have to be
    made, and perhaps paid.
    """
    trimmed = {shot.id for shot in shots if isinstance(shot, GeneratedShot) and shot.trim != Trim()}
    for shot in shots:
        if shot.continues in trimmed:
            text = f"it goes on from {shot.continues} as that was before its trim; the join may jump"
            yield Notice("plan.trim", text, shot.id)
