"""``vidgen pick``: a person pins a take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vidgen.app.plan import plan_loaded
from vidgen.engines.registry import Engines
from vidgen.errors import InputError
from vidgen.media.wording import there_are
from vidgen.planning.compile import Overrides
from vidgen.planning.plan import Plan
from vidgen.render.preflight import ready_engines
from vidgen.render.project import Project, Workspace
from vidgen.render.shots import ShotMaker
from vidgen.storyboard.loader import load_storyboard
from vidgen.takes.lockfile import Pick, with_pick


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
    return {"shot": shot, "take": take, "file": str(takes[take].file), "request_key": pick.request_key}


def _key(plan: Plan, shot: str, space: Workspace, engines: Engines) -> str | None:
    """The shot's request key as a render would have it, where no lock file tells."""
    survey = ShotMaker(plan.shots, ready_engines(plan.generated, engines, require_diffusion=False), space).survey()
    return next((made.request_key for made in survey.shots if made.planned.id == shot), None)
