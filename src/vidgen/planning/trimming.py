"""What a trim leaves out, and what it cannot change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from vidgen.errors import Notice
from vidgen.planning.plan import FilmShot, GeneratedShot
from vidgen.storyboard.model import Shot, Text
from vidgen.takes.request import Trim

_TIMED = (("text", "in_"), ("sfx", "at"), ("dialogue", "at"))
"""Keys whose entries begin at a time within the shot, and the field of that time."""


def trimmed_away(shot: Shot, seconds: Fraction, rate: Fraction, untrimmed: Fraction) -> tuple[Shot, list[Notice]]:
    """The shot without titles, sounds and lines that begin after ``seconds``, its length in the film, and a notice for each
    kind of them. A title that would end within the ``untrimmed`` shot ends with it. ``rate``: that of the storyboard.
    """
    changes: dict[str, Any] = {"text": tuple(_ended(text, shot.id, untrimmed, rate) for text in shot.text or ()) or None}
    shot, notices = shot.model_copy(update=changes), []
    for key, field in _TIMED:
        entries = getattr(shot, key) or ()
        kept = tuple(entry for entry in entries if not (at := getattr(entry, field)) or at.at(rate) < seconds)
        if len(kept) < len(entries):
            changes[key] = kept or None
            text = f"trim: the shot ends before {len(entries) - len(kept)} of its {key} begin; left out"
            notices.append(Notice("plan.trim", text, shot.id))
    return shot.model_copy(update=changes), notices


def _ended(text: Text, shot: str, untrimmed: Fraction, rate: Fraction) -> Text:
    return text.model_copy(update={"until": shot}) if text.out and text.out.at(rate) <= untrimmed else text


def continued_trims(shots: Iterable[FilmShot]) -> Iterator[Notice]:
    """Shots that go on from a trimmed one: they keep the picture that its take ends with untrimmed, as another would have to be
    made, and perhaps paid.
    """
    trimmed = {shot.id for shot in shots if isinstance(shot, GeneratedShot) and shot.trim != Trim()}
    for shot in shots:
        if shot.continues in trimmed:
            text = f"it goes on from {shot.continues} as that was before its trim; the join may jump"
            yield Notice("plan.trim", text, shot.id)
