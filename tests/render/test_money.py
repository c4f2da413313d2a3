"""Nobody is charged without consent, above a limit, or twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import Film, Vidgen
from vidgen.testing import ScriptedRemote, engine_added

SHOTS = ("{id: a, scene: sea, engine: scripted}", "{id: b, scene: hill, engine: scripted}")


@pytest.fixture
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedRemote]:
    remote = ScriptedRemote(tmp_path_factory.mktemp("provider"), price=0.1)
    with engine_added("scripted", lambda: remote):
        yield remote


def test_a_pipe_needs_consent_and_nothing_is_sent_without(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> None:
    envelope = vidgen("render", film(*SHOTS), "--json").envelope
    assert envelope["exit_code"] == 5 and envelope["error"]["code"] == "budget.no_consent"
    assert "0.60" in envelope["error"]["message"] and provider.created == 0


@pytest.mark.parametrize("consent", [("--yes",), ("--max-cost", "1")])
def test_consent_spends_the_estimate_once(
    consent: tuple[str, ...], vidgen: Vidgen, film: Film, provider: ScriptedRemote
) -> None:
    board = film(*SHOTS)
    data = vidgen("render", board, *consent, "--json").data
    assert data["cost_usd"] == pytest.approx(0.6) and data["estimated_usd"] == pytest.approx(0.6)
    again = vidgen("render", board, "--json").data
    assert again["cost_usd"] == 0 and again["estimated_usd"] == 0 and provider.created == 2


def test_a_budget_in_the_storyboard_is_consent_up_to_its_cap(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> None:
    assert vidgen("render", film(*SHOTS, top="budget: {max_cost: 0.5}\n"), "--json").envelope["exit_code"] == 5
    assert provider.created == 0
    assert vidgen("render", film(*SHOTS, top="budget: {max_cost: 0.7}\n")).code == 0


def test_the_limit_on_the_line_is_kept(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> None:
    envelope = vidgen("render", film(*SHOTS), "--max-cost", "0.59", "--json").envelope
    assert envelope["error"]["code"] == "budget.exceeded" and provider.created == 0


def test_a_shots_own_limit_is_kept_with_what_its_takes_have_cost(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> None:
    shot = "{id: a, scene: sea, engine: scripted, max_cost: %s, candidates: %d}"
    for limit, takes in ((0.29, 1), (0.59, 2)):
        error = vidgen("render", film(shot % (limit, takes)), "--yes", "--json").envelope["error"]
        assert (error["code"], error["where"]) == ("budget.exceeded", "a") and "its max_cost" in error["message"]
    assert provider.created == 0
    assert vidgen("render", film(shot % (0.3, 1)), "--yes").code == 0
    assert vidgen("render", film(shot % (0.59, 2)), "--yes").code == 5, "one take has cost 0.30 already"
    assert vidgen("render", film(shot % (0.6, 2)), "--yes").code == 0 and provider.created == 2


def test_a_failed_generation_exits_4_and_keeps_the_others(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> None:
    provider.failure_modes = ("fail", "ok")
    board = film(*SHOTS)
    envelope = vidgen("render", board, "--yes", "--json").envelope
    assert envelope["exit_code"] == 4 and envelope["error"]["code"] == "generation.failed"
    provider.failure_modes = ("ok",)
    assert vidgen("render", board, "--yes", "--json").envelope["ok"]
    assert provider.created == 3, "only the failed take was asked for again"


def test_a_lost_answer_is_never_sent_again_by_itself(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> None:
    provider.failure_modes = ("unknown",)
    board = film(SHOTS[0])
    assert vidgen("render", board, "--yes", "--json").envelope["error"]["code"] == "submit.unknown"
    envelope = vidgen("render", board, "--yes", "--json").envelope
    assert envelope["exit_code"] == 4 and envelope["error"]["code"] == "submit.unknown"
    assert provider.created == 1


def test_shot_with_a_named_engine_needs_no_more_consent_but_keeps_to_the_limit(
    vidgen: Vidgen, provider: ScriptedRemote, tmp_path: Path
) -> None:
    line = ("shot", "a lake", "--engine", "scripted", "--resolution", "96x54", "--fps", "12", "-o", "lake.mp4")
    assert vidgen(*line, "--max-cost", "0.3", "--json").envelope["exit_code"] == 5
    assert provider.created == 0 and not (tmp_path / "lake.mp4").exists()
    data = vidgen(*line, "--json").data
    assert data["cost_usd"] == pytest.approx(0.4) and (tmp_path / "lake.mp4").exists()


ONE = "{id: a, scene: sea, engine: scripted}"
PAIR = "{id: a, scene: sea, engine: scripted, candidates: 2}"


def mend(provider: ScriptedRemote) -> None:
    """Every job's result can be had after all."""
    for job in provider.jobs():
        provider._save({**job, "failure": "ok"})


def test_shots_that_ask_for_the_same_share_one_purchase(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> None:
    board = film(*(f"{{id: {name}, scene: sea, engine: scripted}}" for name in "abc"))
    data = vidgen("render", board, "--max-cost", "0.3", "--json").data
    assert provider.created == 1 and data["cost_usd"] == data["estimated_usd"] == pytest.approx(0.3)
    assert len({shot["takes"][0]["file"] for shot in data["shots"]}) == 1


def test_a_pinned_take_that_is_not_there_needs_consent_too(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> None:
    assert vidgen("render", film(ONE), "--yes").code == 0
    board = film(ONE[:-1] + ", pick: 7}")
    envelope = vidgen("render", board, "--json").envelope
    assert envelope["exit_code"] == 5 and "0.30" in envelope["error"]["message"] and provider.created == 1
    assert vidgen("render", board, "--yes", "--json").data["shots"][0]["picked"] == 7


def test_what_is_bought_already_is_fetched_without_more_consent(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> None:
    provider.failure_modes = ("expired",)
    board = film(ONE)
    assert vidgen("render", board, "--max-cost", "0.3").code == 4
    mend(provider)
    data = vidgen("render", board, "--json").data
    assert provider.created == 1 and (data["estimated_usd"], data["cost_usd"]) == (0, 0)
    assert vidgen("takes", "list", board, "--json").data["spent_usd"] == pytest.approx(0.3)


def test_new_takes_that_were_interrupted_are_gone_on_with(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> None:
    board = film(PAIR)
    assert vidgen("render", board, "--yes").code == 0
    provider.failure_modes = ("ok", "ok", "expired", "ok")
    assert vidgen("render", board, "--yes", "--regenerate", "a").code == 0
    mend(provider)
    data = vidgen("render", board, "--yes", "--regenerate", "a", "--json").data
    assert [take["take"] for take in data["shots"][0]["takes"]] == [3, 4] and provider.created == 4
    data = vidgen("render", board, "--yes", "--regenerate", "a", "--json").data
    assert [take["take"] for take in data["shots"][0]["takes"]] == [5, 6] and provider.created == 6


def test_a_plain_run_fetches_what_an_interrupted_wish_for_new_takes_bought(
    vidgen: Vidgen, film: Film, provider: ScriptedRemote
) -> None:
    board = film(ONE)
    assert vidgen("render", board, "--yes").code == 0
    provider.failure_modes = ("ok", "expired")
    assert vidgen("render", board, "--yes", "--regenerate", "a").code == 4
    mend(provider)
    data = vidgen("render", board, "--json").data
    assert [take["take"] for take in data["shots"][0]["takes"]] == [1, 2] and provider.created == 2


def test_a_bought_job_of_a_shot_that_was_changed_is_named(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> None:
    provider.failure_modes = ("expired", "ok")
    assert vidgen("render", film(ONE), "--yes").code == 4
    (job,) = provider.jobs()
    warnings = vidgen("render", film(ONE.replace("sea", "hill")), "--yes", "--json").envelope["warnings"]
    assert any(row["code"] == "take.unfinished" and job["id"] in row["message"] for row in warnings)


def test_a_price_that_nobody_knows_is_never_called_nothing(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> None:
    provider.price = None
    board = film(ONE)
    assert vidgen("render", board, "--yes", "--json").data["cost_usd"] is None
    found = vidgen("takes", "list", board, "--json").data
    assert (found["spent_usd"], found["unpriced"]) == (0, 1)
    assert "1 whose price is not known" in vidgen("takes", "list", board).out


def test_a_budget_is_the_films_and_not_each_runs(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> None:
    budget = "budget: {max_cost: 0.4}\n"
    assert vidgen("render", film(ONE, top=budget)).code == 0
    envelope = vidgen("render", film(ONE.replace("sea", "hill"), top=budget), "--json").envelope
    assert envelope["exit_code"] == 5 and "0.30 USD are spent" in envelope["error"]["message"] and provider.created == 1
