"""More takes of one shot, as a person asks for them while reviewing: the price is told first, and agreed to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from vidgen.app.plan import plan_loaded, voices_of
from vidgen.engines.registry import Engines
from vidgen.errors import BudgetError, InputError
from vidgen.planning.compile import Overrides
from vidgen.planning.plan import GeneratedShot, PlannedShot, UserClip
from vidgen.planning.selection import select, with_parents
from vidgen.render.events import InTurn, Listener
from vidgen.render.preflight import check_shots, check_voices, ready_engines
from vidgen.render.project import Project, Workspace
from vidgen.render.shots import ShotMaker, take_stock
from vidgen.render.spending import Bill, consent
from vidgen.render.stopping import Stop
from vidgen.storyboard.loader import load_storyboard
from vidgen.storyboard.model import Budget
from vidgen.takes.budget import price_text


class PriceAsked(BudgetError):
    """Nobody has agreed to the price yet. ``usd``: US dollars that the takes cost; None where that is not known."""

    def __init__(self, usd: float | None) -> None:
        text = f"this would cost {price_text(usd)} and nobody has agreed to it; nothing was sent"
        super().__init__("budget.no_consent", text, hint="confirm the price" if usd else "on the command line: --yes")
        self.usd = usd


def more_takes(
    board: Path,
    shot: str,
    count: int,
    *,
    confirm_usd: float | None,
    work: Path | None,
    listener: Listener,
    started: Callable[[Stop], None],
) -> None:
    """Make ``count`` more takes of a shot, and whatever it continues that is not there yet. The film's picks stay.

    Args:
        confirm_usd: the price that a person agreed to, which is also the limit; None: nobody was asked.
        started: called with what stops the work.

    Raises PriceAsked where the takes cost something and ``confirm_usd`` is not that much, BudgetError where the storyboard's
    limits do not allow them, InputError where there is no such shot, ProcessingError where another run holds the project.
    """
    loaded, installed = load_storyboard(board), Engines()
    full = plan_loaded(loaded, Overrides(), installed, voices_of(loaded, work))
    planned = next((one for one in full.generated if one.id == shot), None)
    if planned is None:
        raise InputError("shot.unknown", f"there is no shot {shot!r} with takes", where=str(board))
    needed = with_parents(full, select(full, [shot]))
    made_by_engines = [one for one in needed if not isinstance(one, UserClip)]
    engines = ready_engines(made_by_engines, installed, require_diffusion=False)
    check_shots(made_by_engines, installed, loaded)
    check_voices(made_by_engines, installed, loaded)
    with Project.of(board, work).locked() as space, asyncio.Runner() as runner:
        space.shots = frozenset(one.id for one in full.shots)

        def maker_for(shots: tuple[PlannedShot, ...]) -> ShotMaker:
            # The storyboard's bars would say that no more are needed; a person says that they are.
            return ShotMaker(shots, engines, space, listener=InTurn(listener))

        found = maker_for(needed).survey()
        key = next((one.request_key for one in found.shots if one.planned.id == shot), None)
        shots = tuple(_wider(planned, count, key, space) if one is planned else one for one in needed)
        maker = maker_for(shots)
        started(maker.run.stop)
        survey = take_stock(maker, runner, lambda notices: None)
        maker.preflight(survey)
        limit = _agreed(survey.bill, full.board.budget, confirm_usd)
        runner.run(maker.make(limit, judging_usd=0.0))


def _wider(planned: GeneratedShot, count: int, key: str | None, space: Workspace) -> GeneratedShot:
    """The shot with as many candidates as give ``count`` takes that are not stored."""
    stored = {take.take for take in (space.store.takes_of(key) if space.store and key else ())}
    total, left = 0, count
    while left:
        total += 1
        left -= total not in stored
    each = None if planned.estimated_usd is None else planned.estimated_usd / planned.candidates
    return replace(planned, candidates=total, estimated_usd=None if each is None else each * total)


def _agreed(bill: Bill, budget: Budget | None, confirm_usd: float | None) -> float | None:
    """The most that may be spent, once the storyboard's limits are kept and the price is agreed to."""
    limit = consent(bill, budget=budget, yes=True, warn=lambda notices: None)
    price = bill.estimated_usd
    if price == 0:
        return limit
    if price is None or confirm_usd is None or round(price - confirm_usd, 6) > 0:
        raise PriceAsked(price)
    return confirm_usd if limit is None else min(limit, confirm_usd)
