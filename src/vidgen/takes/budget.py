"""Spending limits and consent, as pure functions. The caller asks the user, prints and submits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vidgen.errors import BudgetError, Notice

Mode = Literal["observe", "warn", "cap"]


@dataclass(frozen=True)
class Limit:
    """A spending limit in US dollars.

    Args:
        usd: the limit.
        mode: ``cap`` refuses work above the limit, ``warn`` only warns, ``observe`` only counts.
        source: ``--max-cost`` (for one run) or ``budget:`` (for the whole film).
        spent: what earlier runs spent of a film's budget.
    """

    usd: float
    mode: Mode = "cap"
    source: str = "--max-cost"
    spent: float = 0.0

    @property
    def left(self) -> float:
        """US dollars that may still be spent."""
        return max(0.0, round(self.usd - self.spent, 6))

    def text(self) -> str:
        """The limit as text for messages."""
        spent = f", of which {price_text(self.spent)} are spent or set aside" if self.spent else ""
        return f"the limit of {self.usd:.2f} USD ({self.source}{spent})"


@dataclass(frozen=True)
class Consent:
    """What to do before paid work starts: whether to ``ask`` the user, and ``notices`` to show."""

    ask: bool = False
    notices: tuple[Notice, ...] = ()


def limit_of(
    max_cost: float | None, board_max: float | None = None, board_mode: Mode = "cap", spent: float = 0.0
) -> Limit | None:
    """The limit that applies: ``--max-cost``, else the storyboard's ``budget:``, else None.

    ``spent``: US dollars that the film has cost so far.
    """
    if max_cost is not None:
        return Limit(max_cost)
    return None if board_max is None else Limit(board_max, board_mode, "budget:", spent)


def cap_usd(limit: Limit | None) -> float | None:
    """The hard limit in US dollars for ``Journal.reserve``; None if there is none."""
    return limit.left if limit and limit.mode == "cap" else None


def check_budget(
    estimated_usd: float | None,
    limit: Limit | None,
    *,
    yes: bool = False,
    named: bool = False,
    terminal: bool = False,
) -> Consent:
    """Check whether paid work may start.

    Args:
        estimated_usd: most that the work would cost; None if a price is unknown; 0 if nothing is paid.
        limit: see ``limit_of``.
        yes: whether ``--yes`` was given.
        named: whether ``vidgen shot`` names a paid engine.
        terminal: whether a user can be asked.

    Raises BudgetError if the estimate exceeds a cap, if a price is unknown under a cap, or if there is no consent and nobody
    to ask.
    """
    if estimated_usd == 0:
        return Consent()
    if limit and limit.mode == "cap":
        _check_cap(estimated_usd, limit)
    if not (yes or named or limit or terminal):
        raise BudgetError(
            "budget.no_consent",
            f"this would cost {price_text(estimated_usd)} and nobody has agreed to it; nothing was sent",
            hint="add --yes, --max-cost USD, or budget: to the storyboard",
        )
    agreed = yes or named or (limit is not None and limit.source == "--max-cost")
    return Consent(ask=terminal and not agreed, notices=_cost_notices(estimated_usd, limit))


def price_text(usd: float | None) -> str:
    """A price as text: ``1.20 USD``, or ``an unknown amount``."""
    return "an unknown amount" if usd is None else f"{usd:.2f} USD"


def _check_cap(estimated_usd: float | None, limit: Limit) -> None:
    if estimated_usd is None:
        raise BudgetError(
            "budget.unknown_price",
            f"the price of a shot is not known, so {limit.text()} cannot be kept",
            hint="choose models with known prices, or remove the limit; a render then needs --yes",
        )
    if round(estimated_usd - limit.left, 6) > 0:
        raise BudgetError(
            "budget.exceeded",
            f"this would cost {price_text(estimated_usd)}, more than {limit.text()}; nothing was sent",
            hint="raise the limit, or ask for fewer candidates, shorter shots or a cheaper model",
        )


def _cost_notices(estimated_usd: float | None, limit: Limit | None) -> tuple[Notice, ...]:
    if estimated_usd is None:
        return (Notice("budget.price_unknown", "the price of a shot is not known; the bill may be higher than the estimate"),)
    if limit and limit.mode == "warn" and estimated_usd > limit.left:
        text = f"the estimate of {price_text(estimated_usd)} is above {limit.text()}"
        return (Notice("budget.over_limit", text),)
    return ()
