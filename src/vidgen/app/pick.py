"""``vidgen pick``: a person pins a take. The review page also unpins and rejects takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidgen.app.plan import plan_loaded, voices_of
from vidgen.engines.registry import Engines
from vidgen.errors import InputError
from vidgen.media.wording import there_are
from vidgen.planning.compile import Overrides
from vidgen.planning.plan import GeneratedShot, Plan
from vidgen.render.at_hand import shot_at_hand
from vidgen.render.preflight import ready_engines
from vidgen.render.project import Project, Workspace
from vidgen.render.shots import ShotMaker
from vidgen.render.take_scores import judge_takes, with_own_weights
from vidgen.scoring.preferences import Pair, Side, log_pair
from vidgen.storyboard.loader import load_storyboard
from vidgen.storyboard.model import Score
from vidgen.takes.lockfile import Pick, with_pick
from vidgen.takes.remarks import Rejection, update_remarks
from vidgen.takes.request import Take


def pin(board: Path, shot: str, take: int, *, work: Path | None = None) -> dict[str, Any]:
    """Pin a take in the lock file; it wins until the shot's request changes.

    Raises InputError where there is no such shot, or the take is not in the store (it has to be rendered first).
    """
    engines = Engines()
    plan = _plan_with(board, shot, engines, work)
    project = Project.of(board, work)
    with project.reading() as space:
        recorded = space.picks.get(shot)
        key = recorded.request_key if recorded else _key(plan, shot, space, engines)
        remarks = space.remarks
        takes = {entry.take: entry for entry in (space.store.takes_of(key) if space.store and key else [])}
        damaged = [f"; {notice.message}" for notice in (space.store.notices if space.store else ())]
    if take not in takes:
        text = f"shot {shot} has no take {take} ({there_are(takes)}){''.join(damaged)}"
        raise InputError("pick.unknown", text, hint=project.commands.line("render", board), where=str(board))
    pick = Pick(takes[take].key if key is None else key, take, "person", takes[take].sha256)
    project.change_picks(lambda before: with_pick(before, shot, pick))
    if takes[take].key in remarks.rejected(shot):
        update_remarks(project.root, lambda before: before.without_rejection(shot, takes[take].key))
    planned = next(entry for entry in plan.generated if entry.id == shot)
    pair = _pair(planned, pick, list(takes.values()), project.root, plan.board.score)
    if pair:
        log_pair(project.root, pair)
    return {
        "shot": shot,
        "take": take,
        "file": str(takes[take].file),
        "request_key": pick.request_key,
        "preferred_to": pair.other.take if pair else None,
    }


def unpin(board: Path, shot: str, *, work: Path | None = None) -> None:
    """Take a person's pin back: the shot has the take that it would have without. Raises InputError where there is no such
    shot.
    """
    engines = Engines()
    plan = _plan_with(board, shot, engines, work)
    project = Project.of(board, work)
    with project.reading() as space:
        pinned = space.picks.pop(shot, None)
        if pinned is None or pinned.by != "person":
            return
        found = shot_at_hand(plan, shot, space, engines)
    chosen = found.pick if found and found.pick else replace(pinned, by="auto")
    project.change_picks(lambda before: {**before, shot: chosen} if before.get(shot) == pinned else before)


def reject(board: Path, shot: str, take: int, reason: str, *, work: Path | None = None) -> None:
    """Note that a take is not wanted, and why: it wins only where every take of the shot is rejected. A pin on it goes.

    Raises InputError where there is no such shot or take.
    """
    engines = Engines()
    plan = _plan_with(board, shot, engines, work)
    project = Project.of(board, work)
    with project.reading() as space:
        found = shot_at_hand(plan, shot, space, engines)
        rejected = next((one for one in found.takes if one.take == take), None) if found else None
    if rejected is None:
        text = f"shot {shot} has no take {take} ({there_are(one.take for one in found.takes) if found else 'there are none'})"
        raise InputError("pick.unknown", text, hint=project.commands.line("render", board), where=str(board))
    update_remarks(project.root, lambda before: before.with_rejection(Rejection(shot, take, rejected.key, reason)))
    project.change_picks(lambda before: {name: pick for name, pick in before.items() if name != shot or pick.take != take})


def _plan_with(board: Path, shot: str, engines: Engines, work: Path | None) -> Plan:
    """The plan of a storyboard. Raises InputError where it has no such shot that engines make."""
    loaded = load_storyboard(board)
    plan = plan_loaded(loaded, Overrides(), engines, voices_of(loaded, work))
    ids = [entry.id for entry in plan.generated]
    if shot not in ids:
        known = ", ".join(ids)
        raise InputError(
            "shot.unknown", f"there is no shot {shot!r} with takes", hint=f"shots: {known[:200]}", where=str(board)
        )
    return plan


def _pair(planned: GeneratedShot, pick: Pick, takes: Sequence[Take], root: Path, score: Score | None) -> Pair | None:
    """What the pick says against the judge's choice; None where there was nothing to choose, or the judge cannot tell. A pick
    never fails for want of it.
    """
    if len(takes) < 2:
        return None
    try:
        verdict = judge_takes(takes, planned.request, root / "scores", with_own_weights(score))
    except Exception:  # whatever ails the judge is told where it matters, in a render
        return None
    cards = dict(zip(verdict.takes, verdict.cards, strict=True))
    best = [verdict.takes[index] for index in verdict.choice.order]
    other = next(number for number in best if number != pick.take)
    return Pair(planned.id, pick.request_key, Side.of(pick.take, cards[pick.take]), Side.of(other, cards[other]))


def _key(plan: Plan, shot: str, space: Workspace, engines: Engines) -> str | None:
    """The shot's request key as a render would have it, where no lock file tells."""
    survey = ShotMaker(plan.shots, ready_engines(plan.generated, engines, require_diffusion=False), space).survey()
    return next((made.request_key for made in survey.shots if made.planned.id == shot), None)
