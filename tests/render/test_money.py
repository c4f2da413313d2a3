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


def test_a_failed_generation_exits_4_and_keeps_the_others(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> None:
    provider.moods = ("fail", "ok")
    board = film(*SHOTS)
    envelope = vidgen("render", board, "--yes", "--json").envelope
    assert envelope["exit_code"] == 4 and envelope["error"]["code"] == "generation.failed"
    provider.moods = ("ok",)
    assert vidgen("render", board, "--yes", "--json").envelope["ok"]
    assert provider.created == 3, "only the failed take was asked for again"


def test_a_lost_answer_is_never_sent_again_by_itself(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> None:
    provider.moods = ("unknown",)
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
