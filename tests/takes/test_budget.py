from __future__ import annotations

import pytest

from vidgen.errors import BudgetError
from vidgen.takes.budget import Limit, cap_usd, check_budget, limit_of


def code(*args: object, **more: object) -> str:
    with pytest.raises(BudgetError) as error:
        check_budget(*args, **more)
    assert error.value.exit_code == 5
    return error.value.code


def test_free_work_needs_no_consent() -> None:
    assert not check_budget(0, None).ask
    assert not check_budget(0.0, Limit(0.0)).ask


def test_in_a_pipe_paid_work_needs_consent() -> None:
    assert code(1.2, None) == "budget.no_consent"
    assert code(None, None) == "budget.no_consent"
    for consent in ({"yes": True}, {"named": True}):
        assert not check_budget(1.2, None, **consent).ask
    assert not check_budget(1.2, Limit(2, source="budget:")).ask


def test_at_a_terminal_the_person_is_asked_unless_the_line_already_agreed() -> None:
    assert check_budget(1.2, None, terminal=True).ask
    assert check_budget(1.2, Limit(2, source="budget:"), terminal=True).ask
    assert not check_budget(1.2, None, terminal=True, yes=True).ask
    assert not check_budget(1.2, Limit(2), terminal=True).ask


def test_a_cap_holds_whatever_else_was_agreed() -> None:
    assert code(2.01, Limit(2), yes=True, terminal=True) == "budget.exceeded"
    assert not check_budget(2.0, Limit(2), yes=True).ask
    assert not check_budget(0.1 + 0.2, Limit(0.3)).ask


def test_an_unknown_price_cannot_be_capped_and_is_never_zero() -> None:
    assert code(None, Limit(100), yes=True) == "budget.unknown_price"
    assert [notice.code for notice in check_budget(None, None, yes=True).notices] == ["budget.price_unknown"]


def test_warn_says_so_and_observe_only_counts() -> None:
    assert [notice.code for notice in check_budget(3, Limit(2, "warn", "budget:")).notices] == ["budget.over_limit"]
    assert check_budget(3, Limit(2, "observe", "budget:")).notices == ()
    assert (cap_usd(Limit(2)), cap_usd(Limit(2, "warn")), cap_usd(None)) == (2, None, None)


def test_the_command_line_wins_over_the_storyboard() -> None:
    assert limit_of(1.0, 5.0, "observe") == Limit(1.0, "cap", "--max-cost")
    assert limit_of(None, 5.0, "warn") == Limit(5.0, "warn", "budget:")
    assert limit_of(None) is None
