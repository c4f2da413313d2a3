"""Rules that hold for every provider: who is asked how often, at which address, with which key, and what prices rest on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest

from provider_failures import filled, playing, take
from support import Vidgen
from vidgen.catalog.capabilities import Capabilities, Price
from vidgen.catalog.engines import engine_table
from vidgen.engines.cloud.base import CloudEngine
from vidgen.engines.cloud.runway import Runway
from vidgen.engines.registry import get_engine
from vidgen.takes.request import Inputs
from vidgen.testing.providers import Answer, Asked
from vidgen.testing.providers.runway import FakeRunway

ADDRESSES = {
    "runway": ("https://api.dev.runwayml.com", "RUNWAYML_BASE_URL", ("RUNWAYML_API_SECRET",)),
    "luma": ("https://agents.lumalabs.ai/v1", "LUMA_BASE_URL", ("LUMA_AGENTS_API_KEY",)),
    "kling": (
        "https://api-singapore.klingai.com", "KLING_BASE_URL", ("KLING_API_KEY", "KLING_ACCESS_KEY", "KLING_SECRET_KEY"),
    ),
    "pika": ("https://queue.fal.run", "FAL_QUEUE_BASE_URL", ("FAL_KEY",)),
    "gemini-omni": ("https://generativelanguage.googleapis.com", "GOOGLE_GEMINI_BASE_URL", ("GEMINI_API_KEY",)),
    "openai-videos": (None, "OPENAI_VIDEOS_BASE_URL", ("OPENAI_VIDEOS_API_KEY",)),
    "veo": (None, "GOOGLE_VERTEX_BASE_URL", ()),
}  # fmt: skip


@pytest.mark.parametrize("name", ADDRESSES)
def test_addresses_and_keys_are_those_that_users_know(name: str) -> None:
    asked = get_engine(name)
    assert isinstance(asked, CloudEngine)
    assert (type(asked).address, asked.address_env, asked.keys) == ADDRESSES[name]


@pytest.mark.parametrize("name", ADDRESSES)
def test_no_provider_is_asked_about_a_job_more_often_than_it_likes(name: str) -> None:
    asked = get_engine(name)
    assert isinstance(asked, CloudEngine) and 3 <= asked.poll_interval_s <= 15
    assert name != "runway" or asked.poll_interval_s >= 5


def test_a_job_that_is_paid_for_outlives_many_missing_answers(
    monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, tmp_path: Path
) -> None:
    class Silent(FakeRunway):
        missing = 12

        def answer(self, asked: Asked) -> Answer | None:
            if asked.method == "GET" and self.missing:
                self.missing -= 1
                return Answer(503, {"error": "shedding load"})
            return super().answer(asked)

    (tmp_path / "film.yaml").write_text(
        "vidgen: 1\nresolution: 72p\nshots: [{id: s01, scene: calm sea, duration: 2, engine: runway}]\n"
    )
    with playing(monkeypatch, Silent) as server:
        assert vidgen("render", "film.yaml", "--yes", "--json").code == 0 and server.created == 1


@pytest.mark.parametrize(("name", "model", "most"), [("runway", "gen4_turbo", 5 << 20), ("luma", "ray-3.2", 10 << 20)])
def test_a_large_picture_is_made_to_fit_into_the_request(tmp_path: Path, name: str, model: str, most: int) -> None:
    cv2.imwrite(str(tmp_path / "noise.png"), np.random.default_rng(1).integers(0, 255, (2304, 4096, 3), np.uint8))
    asked = get_engine(name)
    assert isinstance(asked, CloudEngine)
    wanted = take(name, model=model, width=1280, height=720, inputs=Inputs(start_frame=tmp_path / "noise.png"))
    made = asyncio.run(filled(asked, wanted))
    assert 1 << 20 < len(json.dumps(made.json)) <= most


def cloud_rows() -> Iterator[Capabilities]:
    for rows in engine_table().values():
        yield from (row for row in rows if row.kind == "cloud" and not row.retired_on)


def known(price: Price) -> bool:
    return price.per_second is not None or bool(price.by_height or price.by_clip)


def test_every_price_says_where_it_is_from_and_of_when() -> None:
    prices = [price for row in cloud_rows() for price in (row.price, *row.task_prices.values()) if known(price)]
    assert len(prices) > 30
    for price in prices:
        assert price.source and date(2026, 1, 1) < date.fromisoformat(price.as_of), price


def test_more_seconds_or_pixels_never_cost_less() -> None:
    for row in cloud_rows():
        for task in ("text_to_video", "image_to_video", "first_last_frame", "video_to_video"):
            for sound in (False, True):
                grown = [row.price_of(5, side * 16 // 9, side, task, sound=sound) for side in (360, 480, 720, 1080, 2160)]
                found = [usd for usd in grown if usd is not None]
                assert found == sorted(found) and all(usd > 0 for usd in found), (row.model, task, grown)
                longer = [row.price_of(seconds, 1280, 720, task, sound=sound) for seconds in (1, 4, 5, 8, 10, 30)]
                found = [usd for usd in longer if usd is not None]
                assert found == sorted(found), (row.model, task, longer)


def test_lengths_of_the_table_are_in_order_and_end_at_the_longest() -> None:
    for row in cloud_rows():
        assert list(row.durations_s) == sorted(set(row.durations_s)), row.model
        assert not row.durations_s or row.durations_s[-1] == row.max_s, row.model


def test_one_job_at_a_time_is_what_every_plan_allows() -> None:
    assert {row.engine for row in cloud_rows() if row.concurrency != 1} == {"gemini-omni"}


def test_a_job_that_takes_too_long_is_left_to_the_next_run_not_bought_again(
    monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, tmp_path: Path
) -> None:
    (tmp_path / "film.yaml").write_text(
        "vidgen: 1\nresolution: 72p\nshots: [{id: s01, scene: calm sea, duration: 2, engine: runway}]\n"
    )
    with playing(monkeypatch, FakeRunway, polls=5) as server:
        with monkeypatch.context() as impatient:
            impatient.setattr(Runway, "deadline_s", 0.0)
            late = vidgen("render", "film.yaml", "--yes", "--json")
        assert late.code == 4 and late.envelope["error"]["code"] == "provider.timeout"
        done = vidgen("render", "film.yaml", "--yes", "--json")
        assert done.code == 0 and server.created == 1
