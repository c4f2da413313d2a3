"""``score.good`` stops when a take is good; ``score.floor`` asks for more where none is good enough."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.render.worth import Worth, Worthy

from support import Ran, Vidgen
from vidgen.engines.previz import Previz
from vidgen.scoring.preferences import LOG, read_pairs
from vidgen.takes.request import TakeRequest
from vidgen.testing import engine_added

Provide = Callable[..., Worthy]
BOARD = """\
vidgen: 1
aspect: 16:9
resolution: 192x108
fps: 12
defaults: {duration: 1, params: {slate: false}, motion: {amount: 6}, engine: scripted, candidates: 4}
%s
shots:
%s
"""
ONE = "  - {id: a, scene: sea}\n"
TWO = ONE + "  - {id: b, scene: hill}\n"


@pytest.fixture
def provide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provide]:
    """Add the engine ``scripted``, with takes 1, 2, ... of this worth, at 0.30 USD each."""
    with ExitStack() as added:

        def add(*worth: Worth) -> Worthy:
            remote = Worthy(tmp_path_factory.mktemp("provider"), worth, polls=0, price=0.3)
            added.enter_context(engine_added("scripted", lambda: remote))
            return remote

        yield add


def board(folder: Path, top: str, shots: str = ONE) -> Path:
    file = folder / "film.yaml"
    file.write_text(BOARD % (top, shots))
    return file


def codes(ran: Ran) -> list[str]:
    return [warning["code"] for warning in ran.envelope["warnings"]]


def test_it_stops_at_the_first_good_take_and_says_what_that_saves(vidgen: Vidgen, tmp_path: Path, provide: Provide) -> None:
    provider = provide("flicker", "clean")
    film = board(tmp_path, "score: {good: -5}")
    ran = vidgen("render", film, "--yes", "--json")
    (shot,) = ran.data["shots"]
    assert provider.created == 2 and shot["picked"] == 2
    assert shot["not_needed"] == {"takes": [3, 4], "usd": pytest.approx(0.6)} and "take.not_needed" in codes(ran)
    assert ran.data["cost_usd"] == pytest.approx(0.6) and ran.data["estimated_usd"] == pytest.approx(1.2)


def test_a_second_render_buys_nothing_and_needs_no_consent(vidgen: Vidgen, tmp_path: Path, provide: Provide) -> None:
    provider = provide("flicker", "clean")
    film = board(tmp_path, "score: {good: -5}", TWO)
    assert vidgen("render", film, "--yes").code == 0 and provider.created == 4
    again = vidgen("render", film, "--json").data
    assert provider.created == 4 and again["cost_usd"] == again["estimated_usd"] == 0
    assert [shot["not_needed"]["takes"] for shot in again["shots"]] == [[3, 4], [3, 4]]
    assert again["shots"][0]["why"].startswith("good enough")
    assert "would make 0 takes" in vidgen("render", film, "--dry-run").out


def test_consent_is_for_all_candidates_though_fewer_may_be_bought(vidgen: Vidgen, tmp_path: Path, provide: Provide) -> None:
    provider = provide("clean")
    error = vidgen("render", board(tmp_path, "score: {good: -5}"), "--max-cost", "1.1", "--json").envelope["error"]
    assert error["code"] == "budget.exceeded" and provider.created == 0


def test_an_interrupted_shot_goes_on_where_it_stopped(vidgen: Vidgen, tmp_path: Path, provide: Provide) -> None:
    provider = provide("flicker", "clean")
    provider.failure_modes = ("expired",)
    film = board(tmp_path, "score: {good: -5}")
    assert vidgen("render", film, "--yes").code == 4
    bought = provider.created
    for job in provider.jobs():
        provider._save({**job, "failure": "ok"})
    assert vidgen("render", film, "--yes").code == 0 and provider.created == bought


def test_a_picked_take_settles_the_shot(vidgen: Vidgen, tmp_path: Path, provide: Provide) -> None:
    provider = provide("flicker")
    film = board(tmp_path, "score: {good: -5}", "  - {id: a, scene: sea, pick: 1}\n")
    ran = vidgen("render", film, "--yes", "--json")
    assert provider.created == 1 and ran.data["shots"][0]["picked"] == 1


def test_without_a_good_take_all_candidates_are_made(vidgen: Vidgen, tmp_path: Path, provide: Provide) -> None:
    provider = provide("flicker")
    ran = vidgen("render", board(tmp_path, "score: {good: -5}"), "--yes", "--json")
    assert provider.created == 4 and "take.not_needed" not in codes(ran) and not ran.data["needs_review"]


def test_below_the_floor_more_takes_are_made_until_one_reaches_it(vidgen: Vidgen, tmp_path: Path, provide: Provide) -> None:
    provider = provide("flicker", "frozen", "frozen", "frozen", "clean")
    film = board(tmp_path, "score: {floor: -5}")
    ran = vidgen("render", film, "--yes", "--strict", "--json")
    assert provider.created == 5 and ran.data["shots"][0]["picked"] == 5 and ran.code == 0
    assert "take.below_floor" in codes(ran)
    assert vidgen("render", film, "--json").data["cost_usd"] == 0 and provider.created == 5


def test_still_below_the_floor_the_film_is_cut_and_needs_review(vidgen: Vidgen, tmp_path: Path, provide: Provide) -> None:
    provider = provide("flicker")
    film = board(tmp_path, "score: {floor: -5}")
    ran = vidgen("render", film, "--yes", "--strict", "--json")
    assert (ran.code, provider.created) == (6, 8) and (tmp_path / "film.mp4").is_file()
    assert "below score.floor" in ran.envelope["error"]["message"]
    assert vidgen("render", film, "--strict").code == 6 and provider.created == 8, "asked for once, not in every run"


def prompts(folder: Path) -> dict[int, str]:
    """The prompt that each take in the store was asked for with."""
    records = [json.loads(file.read_text()) for file in (folder / ".vidgen" / "film" / "takes").rglob("*.json")]
    return {row["take"]: row["prompt"] for record in records for row in (record, *record["also"])}


@pytest.mark.parametrize(
    ("worth", "words", "amount"),
    [("flicker", "slow and gentle movement", "3 instead of 6"), ("frozen", "continuous visible movement", "10 instead of 6")],
)
def test_further_takes_are_asked_for_by_what_is_wrong_with_those_so_far(
    worth: Worth, words: str, amount: str, vidgen: Vidgen, tmp_path: Path, provide: Provide
) -> None:
    provider = provide(worth, worth, "clean")
    film = board(tmp_path, "score: {floor: -5}", "  - {id: a, scene: sea, candidates: 2}\n")
    ran = vidgen("render", film, "--yes", "--json")
    assert provider.created == 3 and ran.data["shots"][0]["picked"] == 3
    asked = prompts(tmp_path)
    assert words in asked[3] and words not in asked[1] + asked[2]
    (told,) = [warning["message"] for warning in ran.envelope["warnings"] if warning["code"] == "take.below_floor"]
    assert f"with other seeds and motion.amount {amount} and “{words}” in the prompt" in told
    again = vidgen("render", film, "--json").data
    assert provider.created == 3 and again["cost_usd"] == 0 and again["shots"][0]["picked"] == 3, "it is a take of the shot"
    assert vidgen("pick", film, "a", "3").code == 0


def test_a_verbatim_prompt_stays_as_it_is(vidgen: Vidgen, tmp_path: Path, provide: Provide) -> None:
    provide("flicker", "clean")
    film = board(tmp_path, "score: {floor: -5}", "  - {id: a, prompt: The sea., candidates: 1}\n")
    ran = vidgen("render", film, "--yes", "--json")
    assert set(prompts(tmp_path).values()) == {"The sea."} and len(ran.data["shots"][0]["takes"]) == 2
    (told,) = [warning["message"] for warning in ran.envelope["warnings"] if warning["code"] == "take.below_floor"]
    assert told.endswith("with other seeds and motion.amount 3 instead of 6")


def test_a_take_asked_for_in_another_way_is_bought_once_though_the_run_is_broken_off(
    vidgen: Vidgen, tmp_path: Path, provide: Provide
) -> None:
    provider = provide("flicker", "clean")
    film = board(tmp_path, "score: {floor: -5}", "  - {id: a, scene: sea, candidates: 1}\n")
    provider.failure_modes = ("ok", "expired")
    vidgen("render", film, "--yes")
    assert provider.created == 2
    for job in provider.jobs():
        provider._save({**job, "failure": "ok"})
    (shot,) = vidgen("render", film, "--yes", "--json").data["shots"]
    assert provider.created == 2 and shot["picked"] == 2


@pytest.mark.parametrize(("limit", "created"), [("1.2", 4), ("1.55", 5)])
def test_more_takes_keep_to_the_budget(limit: str, created: int, vidgen: Vidgen, tmp_path: Path, provide: Provide) -> None:
    provider = provide("flicker")
    ran = vidgen("render", board(tmp_path, "score: {floor: -5}"), "--max-cost", limit, "--json")
    assert ran.code == 0 and provider.created == created and ran.data["needs_review"] == ["a"]
    assert any("does not leave" in warning["message"] for warning in ran.envelope["warnings"])
    again = vidgen("render", tmp_path / "film.yaml", "--json")
    assert again.code == 0 and provider.created == created, "nobody agreed to more"


def test_what_one_shot_needs_beyond_the_plan_is_never_another_shots_money(
    vidgen: Vidgen, tmp_path: Path, provide: Provide
) -> None:
    provider = provide("flicker")
    shots = ONE + "  - {id: b, scene: hill, continue_from: a}\n"
    ran = vidgen("render", board(tmp_path, "score: {floor: -5}", shots), "--max-cost", "2.4", "--json")
    assert ran.code == 0 and provider.created == 8
    assert [len(shot["takes"]) for shot in ran.data["shots"]] == [4, 4]


def test_a_shots_own_limit_bounds_its_more_takes(vidgen: Vidgen, tmp_path: Path, provide: Provide) -> None:
    provider = provide("flicker")
    film = board(tmp_path, "score: {floor: -5}", "  - {id: a, scene: sea, max_cost: 1.5}\n")
    assert vidgen("render", film, "--yes").code == 0 and provider.created == 5


def test_the_plan_says_how_many_takes_there_may_be(vidgen: Vidgen, tmp_path: Path, provide: Provide) -> None:
    provide("clean")
    (shot,) = vidgen("plan", board(tmp_path, "score: {good: 0, floor: -5}"), "--json").data["shots"]
    assert (shot["candidates"], shot["stops_when_good"], shot["takes_at_most"]) == (4, True, 8)
    assert "not in this version" not in vidgen("plan", tmp_path / "film.yaml").out


def test_a_persons_pick_is_kept_as_a_pair_with_what_the_judge_would_use(
    vidgen: Vidgen, tmp_path: Path, provide: Provide
) -> None:
    provide("flicker", "clean")
    film = board(tmp_path, "", "  - {id: a, scene: sea, candidates: 2}\n")
    (shot,) = vidgen("render", film, "--yes", "--json").data["shots"]
    assert shot["picked"] == 2 and shot["why"] and set(shot) >= {"decided_by", "margin", "confidence"}
    assert vidgen("pick", film, "a", "1", "--json").data["preferred_to"] == 2
    (pair,) = read_pairs(tmp_path / ".vidgen" / "film" / LOG)
    assert (pair.shot, pair.preferred.take, pair.other.take) == ("a", 1, 2)
    assert pair.preferred.families["temporal"] is not None and pair.other.measures["sharpness"] > 0
    assert vidgen("pick", film, "a", "2", "--json").data["preferred_to"] == 1, "agreement counts too"
    (pair,) = read_pairs(tmp_path / ".vidgen" / "film" / LOG)
    assert (pair.preferred.take, pair.other.take) == (2, 1)
    (shot,) = vidgen("render", film, "--json").data["shots"]
    assert (shot["picked"], shot["why"]) == (2, "picked by a person")


def test_new_takes_are_asked_for_one_by_one_too(vidgen: Vidgen, tmp_path: Path, provide: Provide) -> None:
    provider = provide("clean")
    film = board(tmp_path, "score: {good: -5}")
    assert vidgen("render", film, "--yes").code == 0 and provider.created == 1
    (shot,) = vidgen("render", film, "--regenerate", "a", "--yes", "--json").data["shots"]
    assert provider.created == 2 and (shot["picked"], shot["not_needed"]["takes"]) == (2, [3, 4, 5])
    assert vidgen("render", film, "--json").data["cost_usd"] == 0 and provider.created == 2


def test_an_engine_that_makes_takes_together_is_asked_for_two_at_a_time(vidgen: Vidgen, tmp_path: Path) -> None:
    asked: list[list[int]] = []

    class Together(Previz):
        name = "scripted"
        together = True

        def generate_many(self, takes: Sequence[TakeRequest], outs: Sequence[Path], **more: Any) -> list[Any]:
            asked.append([take.take for take in takes])
            return super().generate_many(takes, outs, **more)

    for bar, batches in (("100", [[1, 2], [3, 4]]), ("-100", [[1, 2]])):
        asked.clear()
        with engine_added("scripted", Together):
            assert vidgen("render", board(tmp_path, f"score: {{good: {bar}}}"), "--work", f"work{bar}").code == 0
        assert asked == batches


def test_a_bar_that_is_set_later_opens_an_earlier_choice(vidgen: Vidgen, tmp_path: Path, provide: Provide) -> None:
    provider = provide("flicker", "clean")
    shots = "  - {id: a, scene: sea, candidates: %d}\n"
    assert vidgen("render", board(tmp_path, "", shots % 1), "--yes").code == 0
    assert vidgen("render", board(tmp_path, "", shots % 2), "--yes").code == 0 and provider.created == 2
    lock = tmp_path / "film.lock.yaml"
    lock.write_text(re.sub("pick: 2", "pick: 1", re.sub(r"\n *sha256: .*", "", lock.read_text())))
    assert vidgen("render", board(tmp_path, "", shots % 2), "--json").data["shots"][0]["picked"] == 1
    (shot,) = vidgen("render", board(tmp_path, "score: {floor: -5}", shots % 2), "--json").data["shots"]
    assert shot["picked"] == 2 and provider.created == 2


def test_shots_that_ask_for_the_same_share_what_is_good(vidgen: Vidgen, tmp_path: Path, provide: Provide) -> None:
    provider = provide("flicker", "clean")
    shots = "".join(f"  - {{id: {name}, scene: sea}}\n" for name in "abc")
    data = vidgen("render", board(tmp_path, "score: {good: -5}", shots), "--max-cost", "1.2", "--json").data
    assert provider.created == 2 and [shot["picked"] for shot in data["shots"]] == [2, 2, 2]
