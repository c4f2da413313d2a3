"""Consent before money is spent: the rules are ``takes.budget``'s, here they meet the storyboard and the person."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
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
    """

    items: tuple[BillItem, ...]
    spent_usd: float = 0.0
    unpriced: int = 0
    again: tuple[Notice, ...] = ()
    limits: tuple[ShotLimit, ...] = ()

    @classmethod
    def of(cls, items: Iterable[BillItem], spent_usd: float = 0.0, unpriced: int = 0) -> Bill:
        """One item for each maker, in the order in which they come first."""
        together: dict[str, BillItem] = {}
        for item in items:
            before = together.get(item.maker, BillItem(item.maker, 0, 0.0))
            usd = None if item.usd is None or before.usd is None else before.usd + item.usd
            together[item.maker] = BillItem(item.maker, before.takes + item.takes, usd)
        return cls(tuple(together.values()), spent_usd, unpriced)

    @property
    def estimated_usd(self) -> float | None:
        """US dollars of all takes; None where a price is not known."""
        known = [item.usd for item in self.items if item.usd is not None]
        return None if len(known) < len(self.items) else round(sum(known), 6)

    @property
    def paid_takes(self) -> int:
        """Takes that are not free."""
        return sum(item.takes for item in self.items if item.usd != 0)


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
    limit = limit_of(max_cost, budget.max_cost if budget else None, budget.mode if budget else "cap", bill.spent_usd)
    LOG.info("estimate %s, limit %s", price_text(bill.estimated_usd), limit)
    todo = check_budget(bill.estimated_usd, limit, yes=yes, named=named, terminal=confirm is not None)
    warn(todo.notices)
    if todo.ask and confirm and not confirm(bill, limit):
        raise BudgetError("budget.declined", f"{price_text(bill.estimated_usd)} was declined; nothing was sent")
    return cap_usd(limit)
