"""The choice over the film: among takes that are as good as each other, those with which neighbouring shots hold together.

A clear winner, a person's pick, and a take that another shot goes on from stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from vidgen.errors import VidgenError
from vidgen.media.answers import content_of
from vidgen.media.probe import probe_video
from vidgen.planning.plan import FilmShot, GeneratedShot, UserClip
from vidgen.render.made import MadeShot
from vidgen.takes.request import Take

JOINED = ("cut", "match_cut", "j_cut", "l_cut", "dissolve")
"""Transitions between shots that are meant to connect. Others part them."""


def connected(before: FilmShot, after: FilmShot) -> bool:
    """Whether two shots that follow each other are meant to connect: one scene, and a cut or a dissolve between."""
    transition = after.shot.transition
    return before.scene == after.scene and (transition is None or transition.type in JOINED)


def choose_in_sequence(shots: Sequence[MadeShot], cache: Path) -> list[MadeShot]:
    """Pick again in every row of connected shots, within the ties. ``shots``: the whole film's, in its order. Returns those
    whose pick changed. Decodes the takes that are tied, and their neighbours'; what it finds is kept in ``cache``.
    """
    continued = {shot.planned.continues for shot in shots}
    changed: list[MadeShot] = []
    for row in _rows([shot for shot in shots if not shot.enlarges]):
        choices = [_tied(shot) if shot.planned.id not in continued else () for shot in row]
        if len(row) < 2 or not any(len(takes) > 1 for takes in choices):
            continue
        try:
            changed += _chosen(row, choices, cache)
        except VidgenError:  # a clip that cannot be read any more: whoever needs it says so
            continue
    return changed


def _rows(shots: Sequence[MadeShot]) -> Iterator[list[MadeShot]]:
    """The shots in rows of connected ones."""
    row = list(shots[:1])
    for before, after in pairwise(shots):
        assert isinstance(before.planned, GeneratedShot | UserClip) and isinstance(after.planned, GeneratedShot | UserClip)
        if not connected(before.planned, after.planned):
            yield row
            row = []
        row.append(after)
    yield row


def _tied(shot: MadeShot) -> tuple[Take, ...]:
    """The takes among which the judge sees no difference, best first; none where there is nothing to choose."""
    if shot.picked_by != "auto" or shot.verdict is None or shot.picked is None:
        return ()
    by_number = {take.take: take for take in shot.takes}
    tied = tuple(by_number[number] for number in shot.verdict.tied)
    return tied if shot.picked in tied else ()


def _chosen(row: Sequence[MadeShot], choices: Sequence[Sequence[Take]], cache: Path) -> Iterator[MadeShot]:
    """The shots of a row whose pick changed."""
    from vidgen.scoring.joins import ends_of, smoothest

    parts = [
        [_part(shot, take) for take in takes] or [_part(shot, shot.picked)] for shot, takes in zip(row, choices, strict=True)
    ]
    best = smoothest([[ends_of(*part, cache) for part in options] for options in parts])
    for index, (shot, takes, chosen) in enumerate(zip(row, choices, best, strict=True)):
        if len(takes) < 2:
            continue
        if chosen:
            others = " and ".join(other.planned.id for other in (*row[:index][-1:], *row[index + 1 :][:1]))
            shot.joined = f"a tie; take {takes[chosen].take} goes best with {others} in colours and light"
        if takes[chosen] != shot.picked:
            shot.picked = takes[chosen]
            yield shot


def _part(shot: MadeShot, take: Take | None) -> tuple[Path, str, int, int]:
    """What is in the film of a shot: file, checksum, first frame and number of frames."""
    if take is None or shot.resolved is None:
        assert isinstance(shot.planned, UserClip)
        opening = shot.opening()
        assert opening is not None
        frames = opening.frames or probe_video(opening.file).frames
        return opening.file, content_of(opening.file), opening.start, frames - opening.start
    window = take.window(shot.resolved.request)
    return take.file, take.sha256, window.start, window.frames
