"""Consent before money is spent: the rules are ``takes.budget``'s, here they meet the storyboard and the person."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vidgen.errors import BudgetError, Notice
from vidgen.storyboard.model import Budget
from vidgen.takes.budget import Limit, cap_usd, check_budget, limit_of, price_text


@dataclass(frozen=True)
class BillItem:
    """What one engine and model (``maker``) would make, and its estimated price in US dollars: 0 is free, None not known."""

    maker: str
    takes: int
    usd: float | None


@dataclass(frozen=True)
class Bill:
    """What a run would buy, and what the film has cost before it (``unpriced`` counts bought takes of unknown price). ``again``
    says what of it was bought before, and why it has to be bought anew.
    """

    items: tuple[BillItem, ...]
    spent_usd: float = 0.0
    unpriced: int = 0
    again: tuple[Notice, ...] = ()

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
    limit = limit_of(max_cost, budget.max_cost if budget else None, budget.mode if budget else "cap", bill.spent_usd)
    todo = check_budget(bill.estimated_usd, limit, yes=yes, named=named, terminal=confirm is not None)
    warn(todo.notices)
    if todo.ask and confirm and not confirm(bill, limit):
        raise BudgetError("budget.declined", f"{price_text(bill.estimated_usd)} was declined; nothing was sent")
    return cap_usd(limit)
