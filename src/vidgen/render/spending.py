"""Consent before money is spent: the rules are ``takes.budget``'s, here they meet the storyboard and the person."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from vidgen.errors import BudgetError, Notice
from vidgen.storyboard.model import Budget
from vidgen.takes.budget import cap_usd, check_budget, limit_of, price_text

Confirm = Callable[[float | None, int], bool]
"""Asks a person: estimated US dollars (None: unknown) and number of takes; True is yes."""


def consent(
    estimated_usd: float | None,
    takes: int,
    *,
    budget: Budget | None = None,
    spent_usd: float = 0.0,
    max_cost: float | None = None,
    yes: bool = False,
    named: bool = False,
    confirm: Confirm | None = None,
    warn: Callable[[Iterable[Notice]], None],
) -> float | None:
    """Settle that paid work may start; returns the hard limit in US dollars for this run, None for none. ``spent_usd`` is what
    earlier runs have taken of the film's ``budget``.

    Raises BudgetError where it may not; nothing was sent then.
    """
    limit = limit_of(max_cost, budget.max_cost if budget else None, budget.mode if budget else "cap", spent_usd)
    todo = check_budget(estimated_usd, limit, yes=yes, named=named, terminal=confirm is not None)
    warn(todo.notices)
    if todo.ask and confirm and not confirm(estimated_usd, takes):
        raise BudgetError("budget.declined", f"{price_text(estimated_usd)} was declined; nothing was sent")
    return cap_usd(limit)
