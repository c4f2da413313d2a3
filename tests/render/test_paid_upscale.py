"""``post: {upscale: {engine: runway}}``: the picked take is enlarged by a provider, as one more take that is bought once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import Film, Vidgen
from vidgen.media.probe import probe
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.openai_videos import FakeOpenAIVideos
from vidgen.testing.providers.runway import FakeRunway

LARGER = "post: {upscale: {scale: 4, engine: runway}}\n"
SHOT = "{id: sea, scene: calm sea, duration: 2, engine: openai-videos, seed: 1, candidates: 2}"
MODEL = "magnific_video_upscaler_creative"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with ProviderServer(FakeRunway, FakeOpenAIVideos, polls=1) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


def bought(server: ProviderServer) -> list[str]:
    return [job.provider for job in server.jobs]


def test_the_picked_take_is_enlarged_once_and_stands_in_the_film(
    vidgen: Vidgen, film: Film, server: ProviderServer, tmp_path: Path
) -> None:
    ran = vidgen("render", film(SHOT, top=LARGER), "--yes", "--json")
    assert ran.code == 0 and bought(server) == ["openai-videos", "openai-videos", "runway"]
    assert server.jobs[-1].body["model"] == MODEL and server.jobs[-1].body["videoUri"].startswith("runway://")
    info = probe(tmp_path / "film.mp4")
    assert (info.width, info.height, info.frames) == (384, 216, 24)
    (shot,) = ran.data["shots"]
    assert shot["id"] == "sea" and shot["upscaled"]["model"] == MODEL and Path(shot["upscaled"]["file"]).is_file()
    again = vidgen("render", film(SHOT, top=LARGER), "--yes", "--json")
    assert again.data["cost_usd"] == 0 and len(server.jobs) == 3, "nothing is bought twice"


def test_another_pick_is_another_enlargement_and_going_back_costs_nothing(
    vidgen: Vidgen, film: Film, server: ProviderServer
) -> None:
    board = film(SHOT, top=LARGER)
    first = vidgen("render", board, "--yes", "--json").data["shots"][0]["picked"]
    vidgen("pick", board, "sea", 3 - first)
    vidgen("render", board, "--yes")
    assert bought(server).count("runway") == 2
    vidgen("pick", board, "sea", first)
    assert vidgen("render", board, "--yes").code == 0
    assert bought(server).count("runway") == 2


def test_another_grade_pays_nothing(vidgen: Vidgen, film: Film, server: ProviderServer) -> None:
    vidgen("render", film(SHOT, top=LARGER), "--yes")
    vidgen("render", film(SHOT, top=LARGER.replace("}}", "}, grain: 4}")), "--yes")
    assert bought(server).count("runway") == 1


def test_the_plan_says_who_enlarges_and_its_price_is_part_of_the_films(vidgen: Vidgen, film: Film) -> None:
    data = vidgen("plan", film(SHOT.replace("openai-videos", "pika"), top=LARGER), "--json").data
    assert data["shots"][0]["post"]["upscale"] == "runway" and data["shots"][0]["post"]["model"] == MODEL
    assert data["shots"][0]["estimated_usd"] > 0 and data["estimated_usd"] is None, "the upscaler's price is not known"
    assert f"upscale by runway ({MODEL})" in vidgen("plan", film(SHOT, top=LARGER)).out


def test_an_unknown_price_needs_a_yes(vidgen: Vidgen, film: Film, server: ProviderServer) -> None:
    assert vidgen("render", film(SHOT, top=LARGER)).code == 5
    assert server.created == 0


def test_a_failed_enlargement_keeps_the_takes_and_the_next_run_goes_on(
    vidgen: Vidgen, film: Film, server: ProviderServer
) -> None:
    server.failure_modes = ("ok", "ok", "fail", "ok")
    assert vidgen("render", film(SHOT, top=LARGER), "--yes").code == 4
    assert vidgen("render", film(SHOT, top=LARGER), "--yes").code == 0
    assert bought(server) == ["openai-videos", "openai-videos", "runway", "runway"]


def test_an_animatic_is_not_paid_for(vidgen: Vidgen, film: Film, server: ProviderServer) -> None:
    ran = vidgen("render", film(SHOT, top=LARGER), "--engine", "previz", "--json")
    assert ran.code == 0 and server.created == 0 and ran.data["height"] == 216
    assert any("animatic" in notice["message"] for notice in ran.envelope["warnings"])


def test_one_shot_alone_buys_its_own_enlargement_only(vidgen: Vidgen, film: Film, server: ProviderServer) -> None:
    one = SHOT.replace(", candidates: 2", "")
    board = film(one, one.replace("id: sea", "id: hill").replace("calm sea", "green hill"), top=LARGER)
    assert vidgen("render", board, "--shot", "hill", "--yes").code == 0
    assert bought(server).count("runway") == 1


def test_a_dry_run_counts_the_enlargement_but_lists_the_films_shots(vidgen: Vidgen, film: Film, server: ProviderServer) -> None:
    board = film(SHOT, top=LARGER)
    assert "would make 3 takes" in (ran := vidgen("render", board, "--dry-run")).out + ran.err
    assert [shot["id"] for shot in vidgen("render", board, "--dry-run", "--json").data["shots"]] == ["sea"]
    assert server.created == 0
