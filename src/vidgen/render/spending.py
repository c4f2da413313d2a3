"""Consent before money is spent: the rules are ``takes.budget``'s, here they meet the storyboard and the person."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from vidgen.errors import BudgetError, Notice
from vidgen.planning.plan import EngineShot
from vidgen.storyboard.model import Budget
from vidgen.takes.budget import Limit, cap_usd, check_budget, limit_of, price_text
from vidgen.takes.journal import Journal

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class BillItem:
    """What one engine and model (``maker``) would make, and its estimated price in US dollars: 0 is free, None not known."""

    maker: str
    takes: int
    usd: float | None


@dataclass(frozen=True)
class ShotLimit:
    """A shot's own ``max_cost``, what its takes have cost so far, and what would be bought for it now (US dollars; None: not
    known).
    """

    shot: str
    limit_usd: float
    spent_usd: float
    usd: float | None

    def check(self) -> None:
        """Raise BudgetError where the limit would be passed, or cannot be kept."""
        if self.usd is None:
            text = f"{self.shot}: the price of a take is not known, so its max_cost of {self.limit_usd:.2f} USD cannot be kept"
            hint = "choose a model with a known price, or take max_cost away"
            raise BudgetError("budget.unknown_price", text, hint=hint, where=self.shot)
        if round(self.spent_usd + self.usd - self.limit_usd, 6) > 0:
            spent = f", with the {self.spent_usd:.2f} USD that it has cost," if self.spent_usd else ""
            limit = f"its max_cost of {self.limit_usd:.2f} USD"
            text = f"{self.shot} would cost {self.usd:.2f} USD{spent} more than {limit}; nothing was sent"
            hint = "raise max_cost, or ask for fewer candidates, a shorter shot or a cheaper model"
            raise BudgetError("budget.exceeded", text, hint=hint, where=self.shot)


@dataclass(frozen=True)
class Bill:
    """What a run would buy, and what the film has cost before it (``unpriced`` counts bought takes of unknown price). ``again``
    says what of it was bought before, and why it has to be bought anew; ``limits`` are those of single shots.

    ``more``: what would be bought beyond that, if every shot stayed below ``score.floor``.
    """

    items: tuple[BillItem, ...]
    spent_usd: float = 0.0
    unpriced: int = 0
    again: tuple[Notice, ...] = ()
    limits: tuple[ShotLimit, ...] = ()
    more: tuple[BillItem, ...] = ()

    @classmethod
    def of(cls, items: Iterable[BillItem], spent_usd: float = 0.0, unpriced: int = 0) -> Bill:
        """One item for each maker, in the order in which they come first."""
        return cls(_together(items), spent_usd, unpriced)

    @property
    def estimated_usd(self) -> float | None:
        """US dollars of all takes; None where a price is not known."""
        return _sum(self.items)

    @property
    def most_usd(self) -> float | None:
        """The same with what would be bought beyond that."""
        return _sum((*self.items, *self.more))

    def asked_usd(self, limit: Limit | None) -> float | None:
        """What consent is for: the most that may be bought. What goes beyond the plan is bought only as far as a cap allows."""
        planned, most = self.estimated_usd, self.most_usd
        if limit is None or limit.mode != "cap" or planned is None or most is None:
            return most
        return max(planned, min(most, limit.left))

    @property
    def paid_takes(self) -> int:
        """Takes that are not free."""
        return sum(item.takes for item in self.items if item.usd != 0)


def _together(items: Iterable[BillItem]) -> tuple[BillItem, ...]:
    """One item for each maker."""
    together: dict[str, BillItem] = {}
    for item in items:
        before = together.get(item.maker, BillItem(item.maker, 0, 0.0))
        usd = None if item.usd is None or before.usd is None else before.usd + item.usd
        together[item.maker] = BillItem(item.maker, before.takes + item.takes, usd)
    return tuple(together.values())


def _sum(items: Sequence[BillItem]) -> float | None:
    known = [item.usd for item in items if item.usd is not None]
    return None if len(known) < len(items) else round(sum(known), 6)


class Allowance:
    """What may be spent on takes beyond the plan: what the planned ones leave of the run's limit and of a shot's own.

    Args:
        limit_usd: of the run; None: no limit.
        bill: the planned takes, and the limits of the shots of which some are bought.
    """

    def __init__(self, limit_usd: float | None, bill: Bill) -> None:
        self._left = {limit.shot: limit.limit_usd - limit.spent_usd - (limit.usd or 0.0) for limit in bill.limits}
        self._run = math.inf if limit_usd is None else limit_usd - (bill.estimated_usd or 0.0)
        self._turn = threading.Lock()

    def grant(self, shot: EngineShot, usd: float | None) -> bool:
        """Whether a take of that price may be bought; its price is then taken off."""
        if usd == 0:
            return True
        with self._turn:
            left = min(self._run, self._left.get(shot.parent, math.inf))
            if left < math.inf and (usd is None or round(usd - left, 6) > 0):
                return False
            self._run -= usd or 0.0
            if shot.parent in self._left:
                self._left[shot.parent] -= usd or 0.0
            return True

    def give_back(self, shot: EngineShot, usd: float | None) -> None:
        """Take note of planned takes, of that price together, that are not needed."""
        with self._turn:
            self._run += usd or 0.0
            if shot.parent in self._left:
                self._left[shot.parent] += usd or 0.0


def shot_limits(
    bought: Iterable[tuple[EngineShot, float | None]], shots: Iterable[EngineShot], journal: Journal | None
) -> tuple[ShotLimit, ...]:
    """The limits of shots of which something would be bought, each with its price. The parts of a split shot share one."""
    found: dict[str, ShotLimit] = {}
    for planned, usd in bought:
        if planned.max_cost is None or usd == 0:
            continue
        if planned.parent not in found:
            parts = {shot.id for shot in shots if shot.parent == planned.parent}
            rows = [row for row in (journal.attempts() if journal else ()) if row.shot in parts]
            spent = sum(float(row.cost["cost_usd"] or 0) for row in rows)
            found[planned.parent] = ShotLimit(planned.parent, planned.max_cost, spent, 0.0)
        before = found[planned.parent]
        known = before.usd is not None and usd is not None
        found[planned.parent] = replace(before, usd=(before.usd or 0.0) + (usd or 0.0) if known else None)
    return tuple(found.values())


Confirm = Callable[[Bill, Limit | None], bool]
"""Asks a person; True is yes."""


def cap_of(bill: Bill, budget: Budget | None, max_cost: float | None) -> float | None:
    """The most that the user lets this run spend, in US dollars; None for no limit."""
    return cap_usd(_limit(bill, budget, max_cost))


def _limit(bill: Bill, budget: Budget | None, max_cost: float | None) -> Limit | None:
    """What limits this run; what earlier runs have taken of the film's ``budget`` counts."""
    return limit_of(max_cost, budget.max_cost if budget else None, budget.mode if budget else "cap", bill.spent_usd)


def consent(
    bill: Bill,
    *,
    budget: Budget | None = None,
    max_cost: float | None = None,
    yes: bool = False,
    named: bool = False,
    confirm: Confirm | None = None,
    warn: Callable[[Iterable[Notice]], None],
) -> float | None:
    """Settle that paid work may start; returns the hard limit in US dollars for this run, None for none. What earlier runs have
    taken of the film's ``budget`` counts.

    Raises BudgetError where it may not; nothing was sent then.
    """
    for shot in bill.limits:
        shot.check()
    limit = _limit(bill, budget, max_cost)
    LOG.info("estimate %s, limit %s", price_text(bill.asked_usd(limit)), limit)
    if bill.estimated_usd == 0 and not (yes or named or limit or confirm):
        return 0.0  # what is planned is free; nobody has agreed to more
    todo = check_budget(bill.asked_usd(limit), limit, yes=yes, named=named, terminal=confirm is not None)
    warn(todo.notices)
    if todo.ask and confirm and not confirm(bill, limit):
        if bill.estimated_usd == 0:
            return 0.0  # no to more takes; the film is made of those that are there
        raise BudgetError("budget.declined", f"{price_text(bill.estimated_usd)} was declined; nothing was sent")
    return cap_usd(limit)
