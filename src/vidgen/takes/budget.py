"""Consent to spending, as pure functions. Nothing here talks to anybody: the caller asks, prints and sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vidgen.errors import BudgetError, Notice

Mode = Literal["observe", "warn", "cap"]


@dataclass(frozen=True)
class Limit:
    """Most that may be spent, in US dollars; ``cap`` refuses before it, ``warn`` says so, ``observe`` only counts.

    ``source`` says where it comes from: ``--max-cost``, which is for one run, or ``budget:``, which is for the film: ``spent``
    is what earlier runs have taken of it.
    """

    usd: float
    mode: Mode = "cap"
    source: str = "--max-cost"
    spent: float = 0.0

    @property
    def left(self) -> float:
        """What may still be spent."""
        return max(0.0, round(self.usd - self.spent, 6))

    def text(self) -> str:
        """The limit in words."""
        spent = f", of which {price_text(self.spent)} are spent or set aside" if self.spent else ""
        return f"the limit of {self.usd:.2f} USD ({self.source}{spent})"


@dataclass(frozen=True)
class Consent:
    """What is still to do before paid work starts: ``ask`` the person at the terminal, tell ``notices``."""

    ask: bool = False
    notices: tuple[Notice, ...] = ()


def limit_of(
    max_cost: float | None, board_max: float | None = None, board_mode: Mode = "cap", spent: float = 0.0
) -> Limit | None:
    """The limit that counts: ``--max-cost`` on the command line, else the storyboard's ``budget:``, else none. ``spent``: US
    dollars that the film has cost so far.
    """
    if max_cost is not None:
        return Limit(max_cost)
    return None if board_max is None else Limit(board_max, board_mode, "budget:", spent)


def cap_usd(limit: Limit | None) -> float | None:
    """The hard limit for ``Journal.reserve``; None where spending is only watched."""
    return limit.left if limit and limit.mode == "cap" else None


def check_budget(
    estimated_usd: float | None,
    limit: Limit | None,
    *,
    yes: bool = False,
    named: bool = False,
    terminal: bool = False,
) -> Consent:
    """Whether paid work may start.

    Args:
        estimated_usd: what the work would cost at most; None where a price is not known; 0: nothing is paid.
        limit: see ``limit_of``.
        yes: ``--yes`` was given. named: a paid engine was named on the line of ``vidgen shot``.
        terminal: a person is there to be asked.

    Raises BudgetError (nothing was sent): the estimate is above a cap; a price is unknown under a cap; or nobody
    consented and nobody can be asked.
    """
    if estimated_usd == 0:
        return Consent()
    if limit and limit.mode == "cap":
        _hold(estimated_usd, limit)
    if not (yes or named or limit or terminal):
        raise BudgetError(
            "budget.no_consent",
            f"this would cost {price_text(estimated_usd)} and nobody has agreed to it; nothing was sent",
            hint="add --yes, --max-cost USD, or budget: to the storyboard",
        )
    agreed = yes or named or (limit is not None and limit.source == "--max-cost")
    return Consent(ask=terminal and not agreed, notices=_remarks(estimated_usd, limit))


def price_text(usd: float | None) -> str:
    """``1.20 USD``, or that it is not known (never 0)."""
    return "an unknown amount" if usd is None else f"{usd:.2f} USD"


def _hold(estimated_usd: float | None, limit: Limit) -> None:
    if estimated_usd is None:
        raise BudgetError(
            "budget.unknown_price",
            f"the price of a shot is not known, so {limit.text()} cannot be kept",
            hint="choose models with known prices, or take the limit away: a render then needs a yes",
        )
    if round(estimated_usd - limit.left, 6) > 0:
        raise BudgetError(
            "budget.exceeded",
            f"this would cost {price_text(estimated_usd)}, more than {limit.text()}; nothing was sent",
            hint="raise the limit, or ask for fewer candidates, shorter shots or a cheaper model",
        )


def _remarks(estimated_usd: float | None, limit: Limit | None) -> tuple[Notice, ...]:
    if estimated_usd is None:
        return (Notice("budget.price_unknown", "the price of a shot is not known; the bill may be higher than the estimate"),)
    if limit and limit.mode == "warn" and estimated_usd > limit.left:
        text = f"the estimate of {price_text(estimated_usd)} is above {limit.text()}"
        return (Notice("budget.over_limit", text),)
    return ()
