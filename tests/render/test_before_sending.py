"""A film with one shot that its provider cannot make costs nothing: ``plan`` says so, and a render before it buys anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provider_failures import take
from support import Vidgen
from vidgen.engines.cloud.pika import Pika
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.kling import FakeKling
from vidgen.testing.providers.luma import FakeLuma
from vidgen.testing.providers.openai_videos import FakeOpenAIVideos
from vidgen.testing.providers.pika import FakePika
from vidgen.testing.providers.runway import FakeRunway

FINE = "{id: s1, scene: a lighthouse, engine: pika}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    fakes = (FakeRunway, FakeKling, FakeLuma, FakePika, FakeOpenAIVideos)
    with ProviderServer(*fakes) as playing, playing.reachable(monkeypatch):
        yield playing


@pytest.mark.parametrize(
    ("shot", "words"),
    [
        ("engine: runway, model: gen4_turbo", "gen4_turbo cannot make this shot: it needs start_frame"),
        ("engine: runway, model: act_two", "it needs motion_reference and start_frame"),
        ("engine: kling, model: kling-v1-5", "kling-v1-5 makes nothing from text alone"),
        ("engine: kling, model: kling-v3-motion-control", "there is no figure to move"),
        ("engine: kling, model: kling-lip-sync", "there is no sound to speak"),
        ("engine: luma, model: ray-3.2-reframe", "it needs source_video"),
        ("engine: openai-videos, params: {dialect: klingon}", "dialect"),
    ],
)
def test_the_plan_says_what_a_model_cannot_make(
    vidgen: Vidgen, film: Callable[..., Path], server: ProviderServer, shot: str, words: str
) -> None:
    board = film(FINE, f"{{id: s2, scene: a harbour, {shot}}}")
    for command in (("plan",), ("render", "--yes"), ("render", "--yes", "--dry-run")):
        ran = vidgen(command[0], board, *command[1:], "--json")
        assert ran.code == 2 and ran.envelope["error"]["where"] == "s2"
        assert words in ran.envelope["error"]["message"] and f"{board}:9:" in ran.envelope["error"]["message"]
    (finding,) = (one for one in vidgen("lint", board, "--json").data["findings"] if one["severity"] == "error")
    assert (finding["rule"], finding["shot"], finding["line"]) == ("V505", "s2", 9) and words in finding["message"]
    assert server.asked == []


def test_what_a_provider_will_leave_out_is_said_before_consent(
    vidgen: Vidgen, film: Callable[..., Path], server: ProviderServer
) -> None:
    ran = vidgen("render", film("{id: s1, scene: a harbour, engine: kling, params: {tail: 9}}"), "--json")
    assert ran.code == 5 and server.asked == []
    assert "params: Kling does not take tail here; left out" in [one["message"] for one in ran.envelope["warnings"]]


def test_all_such_shots_are_named_at_once(vidgen: Vidgen, film: Callable[..., Path], server: ProviderServer) -> None:
    impossible = "engine: runway, model: gen4_turbo}"
    ran = vidgen("plan", film(FINE, f"{{id: s2, scene: a, {impossible}", f"{{id: s3, scene: b, {impossible}"))
    assert ran.code == 2 and "s2:" in ran.err and "s3:" in ran.err


def test_a_shot_that_continues_another_has_its_picture(
    vidgen: Vidgen, film: Callable[..., Path], server: ProviderServer
) -> None:
    board = film(FINE, "{id: s2, scene: a harbour, engine: runway, model: gen4_turbo, continue_from: s1}")
    assert vidgen("plan", board).code == 0
    assert vidgen("render", board, "--yes", "--json").code == 0
    assert len(server.jobs) == 2


def test_a_picture_that_a_provider_refuses_stops_the_film_before_it_is_bought(
    vidgen: Vidgen, film: Callable[..., Path], server: ProviderServer, tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    board = film(FINE, "{id: s2, scene: a harbour, engine: runway, start_frame: broken.png}")
    ran = vidgen("render", board, "--yes", "--json")
    assert ran.code == 2 and "broken.png" in ran.envelope["error"]["message"]
    assert server.created == 0


def test_what_was_left_out_is_told_by_the_run_that_fetches_it(server: ProviderServer, tmp_path: Path) -> None:
    """The run that sent the request may have been killed: a new one, with an engine of its own, has the same to say."""
    wanted = take("pika", params={"tail": 9})

    async def sent() -> str:
        engine = Pika()
        try:
            return await engine.submit(wanted, reference="r")
        finally:
            await engine.close()

    async def fetched(job_id: str) -> list[str]:
        engine = Pika()
        try:
            while (job := await engine.poll(job_id)).state != "succeeded":
                await asyncio.sleep(0.01)
            return [words for _, words in (await engine.fetch(job, wanted, tmp_path / "take.mp4")).notices]
        finally:
            await engine.close()

    told = asyncio.run(fetched(asyncio.run(sent())))
    assert "params: Pika's text-to-video does not know tail; left out" in told
