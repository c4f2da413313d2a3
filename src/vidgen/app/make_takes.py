"""``vidgen takes make``: takes of one shot and no film, for machines that share the work on one, such as those of a farm.

Only engines that compute: what is paid for is bought by ``render`` alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.app.plan import plan_loaded, voices_of
from vidgen.app.results import shot_data
from vidgen.engines.base import LocalEngine
from vidgen.engines.registry import Engines
from vidgen.errors import InputError, Notice
from vidgen.media.wording import counted
from vidgen.planning.clip_checks import check_clips
from vidgen.planning.compile import Overrides
from vidgen.planning.plan import GeneratedShot, Plan, UserClip
from vidgen.planning.selection import check_named, select, with_parents
from vidgen.render.events import InTurn, Listener, silent
from vidgen.render.made import MadeShot, Survey
from vidgen.render.preflight import check_shots, check_voices, ready_engines
from vidgen.render.project import Project
from vidgen.render.shots import ShotMaker, take_stock
from vidgen.render.taking_over import take_over
from vidgen.storyboard.loader import load_storyboard

Warn = Callable[[Iterable[Notice]], None]


@dataclass(frozen=True)
class MakeOptions:
    """What the command line asks for. ``take``: its number; None: all takes. ``takes_from``: folders of other machines."""

    shot: str
    take: int | None = None
    overrides: Overrides = Overrides()
    jobs: int | None = None
    takes_from: tuple[Path, ...] = ()
    work: Path | None = None


@dataclass(frozen=True)
class MadeTakes:
    """The shot that was asked for, or its parts."""

    shots: tuple[MadeShot, ...]

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``takes make --json``."""
        return {"shots": [shot_data(shot) for shot in self.shots]}

    def summary(self) -> list[str]:
        """The lines that a person reads at the end."""
        return [f"{shot.planned.id}: {counted(len(shot.takes), 'take')}" for shot in self.shots]


def make_takes(
    board: Path, options: MakeOptions, *, listener: Listener = silent, warn: Warn = lambda notices: None
) -> MadeTakes:
    """Make what is missing of a shot's takes. Takes of shots that it continues are made, too, where they are not at hand.

    Raises InputError ``takes.paid`` where one is made by an engine that is paid for: nothing is bought.
    """
    listener, installed, loaded = InTurn(listener), Engines(), load_storyboard(board)
    full = plan_loaded(loaded, options.overrides, installed, voices_of(loaded, options.work))
    check_named(full, [options.shot])
    asked = select(full, [options.shot])
    only = _only(asked, options)
    needed = with_parents(full, asked)
    generated = [shot for shot in needed if isinstance(shot, GeneratedShot)]
    engines = ready_engines([shot for shot in generated if shot.id in only], installed, require_diffusion=False)
    engines |= {shot.engine: installed.get(shot.engine) for shot in generated}
    check_shots(generated, installed, loaded)
    check_voices(generated, installed, loaded)
    warn([*full.notices, *check_clips(loaded, full)])
    with Project.of(board, options.work).locked() as space, asyncio.Runner() as runner:
        space.shots = frozenset(shot.id for shot in full.shots)
        warn([*space.notices, *take_over(space, options.takes_from, needed, listener)])
        numbers = {name: options.take for name in only if options.take}
        maker = ShotMaker(needed, engines, space, listener=listener, jobs=options.jobs, score=full.board.score, only=numbers)
        survey = take_stock(maker, runner, warn, fetch=False)
        _refuse_paid(survey, engines)
        warn(maker.preflight(survey))
        listener("run.started", shots=len(only), enlargements=0, takes=survey.missing, reused=survey.present, usd=0.0)
        made = runner.run(maker.make(0.0, judging_usd=0.0))
        warn(maker.run.new_notices())
    return MadeTakes(tuple(shot for shot in made if shot.planned.id in only))


def _only(asked: Plan, options: MakeOptions) -> frozenset[str]:
    """The ids of the shots that are asked for. Raises InputError where that is a user's clip, or there is no such take."""
    for shot in asked.shots:
        if isinstance(shot, UserClip):
            text = f"{shot.id} is your own clip: there is nothing to make"
            raise InputError("usage.invalid", text, hint="name another shot", where=shot.id)
        most = max(shot.candidates, shot.pinned or 0)
        if options.take and options.take > most:
            text = f"--take {options.take}: {shot.id} has {counted(most, 'take')}"
            raise InputError("usage.invalid", text, hint="--candidates asks for more", where=shot.id)
    return frozenset(shot.id for shot in asked.shots)


def _refuse_paid(survey: Survey, engines: Mapping[str, Any]) -> None:
    for shot in survey.shots:
        if (shot.missing or shot.may_grow) and not isinstance(engines[shot.planned.engine], LocalEngine):
            text = f"{shot.planned.id} is made by {shot.planned.engine}, which is paid for; nothing was bought"
            raise InputError("takes.paid", text, hint="vidgen render asks before it buys", where=shot.planned.id)
