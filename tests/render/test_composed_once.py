"""What is composed before consent is what is sent: one create request a take, worked out once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from provider_failures import playing
from support import Vidgen
from vidgen.engines.cloud.base import CloudEngine, Create
from vidgen.takes.request import TakeRequest
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.kling import FakeKling
from vidgen.testing.providers.pika import FakePika
from vidgen.testing.providers.runway import FakeRunway

Composed = list[tuple[TakeRequest, Create]]


@pytest.fixture
def composed(monkeypatch: pytest.MonkeyPatch) -> Composed:
    """Every composition, in order."""
    from vidgen.engines.cloud.kling import Kling
    from vidgen.engines.cloud.pika import Pika
    from vidgen.engines.cloud.runway import Runway

    found: Composed = []

    def counted(engine: type[CloudEngine]) -> None:
        original = engine.create_request

        def create_request(self: Any, take: TakeRequest) -> Create:
            made = original(self, take)
            found.append((take, made))
            return made

        monkeypatch.setattr(engine, "create_request", create_request)

    for engine in (Kling, Pika, Runway):
        counted(engine)
    return found


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with playing(monkeypatch, FakeKling, FakePika, FakeRunway) as server:
        yield server


def test_each_take_is_composed_once_and_sent_as_it_was_composed(
    vidgen: Vidgen, film: Callable[..., Path], server: ProviderServer, composed: Composed, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((360, 640, 3), 90, np.uint8))
    board = film(
        "{id: s1, scene: a lighthouse, engine: pika, candidates: 2, start_frame: a.png}",
        "{id: s2, scene: a harbour, engine: runway, model: gen4.5}",
        "{id: s3, scene: a harbour at night, engine: kling, continue_from: s2}",
    )
    ran = vidgen("render", board, "--yes", "--json")
    assert ran.code == 0, ran.envelope
    assert sorted((take.request.shot, take.take) for take, _ in composed) == [("s1", 1), ("s1", 2), ("s2", 1), ("s3", 1)]
    assert len(composed) == server.created
    bodies = {job.body["prompt"] if "prompt" in job.body else job.body["promptText"]: job.body for job in server.jobs}
    for take, create in composed:
        assert create.json is not None and take.request.prompt in bodies
    seeds = {create.json["seed"] for take, create in composed if create.json and take.request.engine == "pika"}
    assert seeds == {job.body["seed"] for job in server.jobs if job.provider == "pika"} and len(seeds) == 2


def test_a_run_that_reuses_its_takes_composes_nothing(
    vidgen: Vidgen, film: Callable[..., Path], server: ProviderServer, composed: Composed
) -> None:
    board = film("{id: s1, scene: a lighthouse, engine: pika, params: {tail: 9}}")
    assert vidgen("render", board, "--yes", "--json").code == 0 and len(composed) == 1
    assert vidgen("render", board, "--yes", "--json").code == 0 and len(composed) == 1


def test_shots_that_ask_for_the_same_share_one_request(
    vidgen: Vidgen, film: Callable[..., Path], server: ProviderServer, composed: Composed
) -> None:
    board = film(*(f"{{id: s{number}, scene: a lighthouse, engine: pika, seed: 4, params: {{tail: 9}}}}" for number in (1, 2)))
    ran = vidgen("render", board, "--yes", "--json")
    assert (ran.code, server.created, len(composed)) == (0, 1, 1)
    told = {warning["shot"] for warning in ran.envelope["warnings"] if "tail" in warning["message"]}
    assert told == {"s1", "s2"}, "each shot says what is left out of it"


def test_a_request_that_is_turned_away_for_now_is_sent_again_as_it_is(
    monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Callable[..., Path], composed: Composed
) -> None:
    with playing(monkeypatch, FakeKling, FakePika, FakeRunway, failure_modes=("rate", "rate", "ok")) as server:
        ran = vidgen("render", film("{id: s1, scene: a lighthouse, engine: pika}"), "--yes", "--json")
        assert (ran.code, server.created, len(server.jobs), len(composed)) == (0, 3, 1, 1)
        sent = [asked.json for asked in server.asked if asked.method == "POST"]
        assert sent[0] == sent[1] == sent[2] == composed[0][1].json
