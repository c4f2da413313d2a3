"""The film as it stands: which takes of each shot are here, and which one is in the film. Makes and buys nothing.

What a render would use comes first. A shot that a render would make anew, or that cannot be asked about here (no weights, no
engine), is what the lock file says: the film that was cut last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from vidgen.engines.base import Engine
from vidgen.engines.registry import Engines
from vidgen.errors import Notice, VidgenError
from vidgen.planning.plan import FilmShot, GeneratedShot, Plan
from vidgen.planning.selection import select, with_parents
from vidgen.render.made import MadeShot
from vidgen.render.project import Workspace
from vidgen.render.resolved import ResolvedShot
from vidgen.render.shots import ShotMaker
from vidgen.render.take_scores import Verdict
from vidgen.render.trimming import trimmed, trimmed_by_person
from vidgen.scoring import Scorecard
from vidgen.takes.lockfile import Pick
from vidgen.takes.request import Take

_TOLD = {"pick.missing", "take.corrupt", "take.record_restored"}
"""What a look at the store may find that concerns whoever takes the film over; the rest is about making takes."""


@dataclass(frozen=True)
class ShotAtHand:
    """A shot, its takes in the order of their numbers, the one that is in the film, and what the judge said where it was asked.

    ``picked`` is None where there is no take, and for a user's own clip. ``pick`` is what a render would write into the lock
    file, ``why`` says why in one sentence; both are empty where it could not be asked about. ``beyond``: what the judge says
    of takes that the storyboard did not ask for.
    """

    planned: FilmShot
    takes: tuple[Take, ...] = ()
    picked: Take | None = None
    picked_by: Literal["auto", "person", "clip"] = "auto"
    verdict: Verdict | None = None
    pick: Pick | None = None
    why: str = ""
    needs_review: bool = False
    beyond: Verdict | None = None

    def card(self, take: int) -> Scorecard | None:
        """What the judge measured of a take."""
        return next((card for one in (self.verdict, self.beyond) if one and (card := one.card(take))), None)

    def vetoes(self, take: int) -> list[dict[str, Any]]:
        """The faults of a take that no other quality makes good."""
        card = self.card(take)
        return [veto.as_dict() for veto in (card.vetoes if card else ())]


def shots_at_hand(
    plan: Plan, space: Workspace, installed: Engines, *, ids: frozenset[str] = frozenset()
) -> tuple[list[ShotAtHand], list[Notice]]:
    """Every shot of a plan in film order, and what there is to say of it. ``ids``: of all shots of the film, where the plan is
    a part of it.
    """
    space.shots = ids or frozenset(shot.id for shot in plan.shots)
    surveyed, notices = _survey(plan, space, installed)
    shots = []
    for planned in plan.shots:
        if not isinstance(planned, GeneratedShot):
            shots.append(ShotAtHand(planned, picked_by="clip"))
            continue
        shot, told = _at_hand(planned, surveyed.get(planned.id), space)
        shots.append(shot)
        notices += told
    notices += [one for one in (space.store.notices if space.store else ()) if one.code in _TOLD]
    return shots, list(dict.fromkeys(notices))


def shot_at_hand(plan: Plan, shot: str, space: Workspace, installed: Engines) -> ShotAtHand | None:
    """One shot of a plan; None where there is no such shot. Looks at no other than those that it continues."""
    return some_at_hand(plan, [shot], space, installed).get(shot)


def some_at_hand(plan: Plan, names: Sequence[str], space: Workspace, installed: Engines) -> dict[str, ShotAtHand]:
    """Some shots of a plan, by id. Looks at no others than those that they continue."""
    alone = replace(plan, shots=with_parents(plan, select(plan, names)), enlargements=())
    shots, _ = shots_at_hand(alone, space, installed, ids=frozenset(one.id for one in plan.shots))
    return {one.planned.id: one for one in shots if one.planned.id in names}


def _survey(plan: Plan, space: Workspace, installed: Engines) -> tuple[Mapping[str, MadeShot], list[Notice]]:
    """What a render would find, by shot id; nothing where it could not even look."""
    try:
        engines: dict[str, Engine] = {name: installed.get(name) for name in {shot.engine for shot in plan.generated}}
        maker = ShotMaker(plan.shots, engines, space, score=plan.board.score)
        survey = maker.survey()
    except VidgenError:
        return {}, []
    notices = [one for one in maker.run.new_notices() if one.code in _TOLD]
    return {shot.planned.id: shot for shot in survey.shots}, notices


def _at_hand(planned: GeneratedShot, made: MadeShot | None, space: Workspace) -> tuple[ShotAtHand, list[Notice]]:
    if made and made.picked:
        takes = _with_others(planned, made.takes, made.request_key, space)
        of_made = (made.picked_by, made.verdict, made.pick, made.why, made.needs_review)
        return ShotAtHand(planned, takes, made.picked, *of_made), []
    resolved = made.resolved if made else None
    recorded = space.picks.get(planned.id)
    key = resolved.key if resolved and _takes_of(space, resolved.key) else recorded.request_key if recorded else None
    takes = _with_others(planned, (), key, space)
    if not takes:
        text = f"{_damage(resolved, recorded, space) or 'there is no take of it'}; its place in the cut is kept empty"
        return ShotAtHand(planned), [Notice("export.no_take", text, planned.id)]
    pick = recorded if recorded and recorded.request_key == key else None
    picked = _picked(planned, takes, pick, space)
    takes = tuple(picked if take.take == picked.take else take for take in takes)
    return ShotAtHand(planned, takes, picked, "person" if pick and pick.by == "person" else "auto"), list(
        _told(planned, resolved, key, pick, picked)
    )


def _told(
    planned: GeneratedShot, resolved: ResolvedShot | None, key: str | None, pick: Pick | None, picked: Take
) -> Iterator[Notice]:
    """Where the cut has another take than one might think."""
    if resolved is not None and key is not None and not resolved.is_for(key):
        text = "the storyboard asks for another take now; the one of the last render is used"
        yield Notice("export.earlier_take", text, planned.id)
    if pick and pick.take != picked.take and (pick.by == "person" or planned.pinned is None):
        text = f"take {pick.take} is picked, but it is not in the store; take {picked.take} is in the cut"
        yield Notice("pick.missing", text, planned.id)


def _damage(resolved: ResolvedShot | None, recorded: Pick | None, space: Workspace) -> str | None:
    """What is known to have become of a shot's takes."""
    if space.store is None:
        return None
    numbers = range(1, resolved.planned.candidates + 1) if resolved else ()
    keys = (resolved.take_key(number) for number in numbers if resolved)
    if known := next((damage for key in keys if (damage := space.store.damage_of(key))), None):
        return known
    sidecar = space.store.broken_record(recorded.sha256) if recorded and recorded.sha256 else None
    return f"the record of its take {recorded.take}, {sidecar}, is damaged or gone" if recorded and sidecar else None


def _picked(planned: GeneratedShot, takes: Sequence[Take], pick: Pick | None, space: Workspace) -> Take:
    """The take in the film: a person's, else the storyboard's, else the one of the last render, else the first."""
    by_number = {take.take: take for take in takes}
    wanted = [pick.take if pick and pick.by == "person" else None, planned.pinned, pick.take if pick else None]
    rejected = space.remarks.rejected(planned.id)
    first = min(takes, key=lambda take: take.key in rejected).take
    number = next((number for number in wanted if number in by_number), first)
    take = by_number[number]
    if pick is None or pick.take != number:
        return take
    if pick.sha256 not in (None, take.sha256) and space.store:  # of several clips of one take, the one that was cut in
        take = trimmed(space.store.find(take.key, sha256=pick.sha256) or take, planned)
    usual = take.window(planned.request)
    latest = max(usual.start, take.frames - usual.frames)
    placed = take if pick.start is None else replace(take, begins=max(take.first, min(pick.start, latest)))
    return trimmed_by_person(placed, planned, pick) or placed


def _with_others(planned: GeneratedShot, takes: Sequence[Take], key: str | None, space: Workspace) -> tuple[Take, ...]:
    """The takes with all others of the same request that are stored, by number."""
    others = {take.take: trimmed(take, planned) for take in _takes_of(space, key)}
    return tuple(sorted({**others, **{take.take: take for take in takes}}.values(), key=lambda take: take.take))


def _takes_of(space: Workspace, key: str | None) -> Sequence[Take]:
    return space.store.takes_of(key) if space.store and key else ()
