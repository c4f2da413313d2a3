"""``vidgen pick``: a person pins a take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vidgen.app.plan import plan_loaded
from vidgen.engines.registry import Engines
from vidgen.errors import InputError
from vidgen.media.wording import there_are
from vidgen.planning.compile import Overrides
from vidgen.planning.plan import GeneratedShot, Plan
from vidgen.render.preflight import ready_engines
from vidgen.render.project import Project, Workspace
from vidgen.render.shots import ShotMaker
from vidgen.render.take_scores import judge_takes, with_own_weights
from vidgen.scoring.preferences import Pair, Side, log_pair
from vidgen.storyboard.loader import load_storyboard
from vidgen.storyboard.model import Score
from vidgen.takes.lockfile import Pick, with_pick
from vidgen.takes.request import Take


def pin(board: Path, shot: str, take: int, *, work: Path | None = None) -> dict[str, Any]:
    """Pin a take in the lock file; it wins until the shot's request changes.

    Raises InputError where there is no such shot, or the take is not in the store (it has to be rendered first).
    """
    engines = Engines()
    plan = plan_loaded(load_storyboard(board), Overrides(), engines)
    ids = [entry.id for entry in plan.generated]
    if shot not in ids:
        known = ", ".join(ids)
        raise InputError(
            "shot.unknown", f"there is no shot {shot!r} with takes", hint=f"shots: {known[:200]}", where=str(board)
        )
    project = Project.of(board, work)
    with project.reading() as space:
        recorded = space.picks.get(shot)
        key = recorded.request_key if recorded else _key(plan, shot, space, engines)
        takes = {entry.take: entry for entry in (space.store.takes_of(key) if space.store and key else [])}
        damaged = [f"; {notice.message}" for notice in (space.store.notices if space.store else ())]
    if take not in takes:
        text = f"shot {shot} has no take {take} ({there_are(takes)}){''.join(damaged)}"
        raise InputError("pick.unknown", text, hint=project.commands.line("render", board), where=str(board))
    pick = Pick(takes[take].key if key is None else key, take, "person", takes[take].sha256)
    project.change_picks(lambda before: with_pick(before, shot, pick))
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
