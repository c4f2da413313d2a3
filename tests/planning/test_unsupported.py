"""What an engine does not support follows from its row of the table, and is said once, whichever engine it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from provider_failures import playing, take
from support import Vidgen
from vidgen.catalog.engines import capabilities
from vidgen.planning.unsupported import form_notices
from vidgen.storyboard.model import Shot
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.gemini_omni import FakeGeminiOmni
from vidgen.testing.providers.kling import FakeKling
from vidgen.testing.providers.luma import FakeLuma
from vidgen.testing.providers.pika import FakePika
from vidgen.testing.providers.runway import FakeRunway


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ProviderServer]:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((90, 160, 3), 90, np.uint8))
    with playing(monkeypatch, FakeGeminiOmni, FakeKling, FakeLuma, FakePika, FakeRunway, polls=0) as server:
        yield server


@pytest.mark.parametrize(
    "shot",
    [
        "end_frame: a.png, negative: rain",
        "start_frame: a.png, references: [a.png], negative: rain, seed: 3",
        "references: [a.png], params: {tail: 9}, camera: dolly_in",
        "motion_brush: [{mask: a.png, path: [[0.1, 0.1], [0.9, 0.9]]}], end_frame: a.png",
    ],
)
def test_no_engine_repeats_what_its_row_says(
    vidgen: Vidgen, film: Callable[..., Path], server: ProviderServer, shot: str
) -> None:
    engines = ("gemini-omni", "kling", "luma", "pika", "runway")
    board = film(*(f"{{id: {name}, scene: a harbour, engine: {name}, {shot}}}" for name in engines))
    ran = vidgen("render", board, "--yes", "--json")
    assert ran.code == 0, ran.envelope["error"]
    notices = [notice for notice in ran.envelope["warnings"] if notice["code"].startswith("engine.wish")]
    told = Counter((notice["shot"], notice["message"].split(":")[0]) for notice in notices)
    assert told and not [key for key, count in told.items() if count > 1], notices


@pytest.mark.parametrize(
    ("shot", "top", "message"),
    [
        (
            "engine: kling, model: kling-v3, end_frame: a.png",
            "",
            "end_frame: Kling takes one only together with start_frame; left out (its model kling-v1-6 could)",
        ),
        ("engine: runway, model: gen4.5", "resolution: 1080p\n", "resolution: Runway makes at most 720p; the clip is enlarged"),
        ("engine: pika", "resolution: 4k\n", "resolution: Pika (through fal) makes at most 1080p; the clip is enlarged"),
    ],
)
def test_limits_of_a_row_are_said_by_the_plan(
    vidgen: Vidgen, server: ProviderServer, tmp_path: Path, shot: str, top: str, message: str
) -> None:
    (tmp_path / "film.yaml").write_text(f"vidgen: 1\n{top or 'resolution: 72p'}\nshots:\n  - {{id: s1, scene: sea, {shot}}}\n")
    planned = vidgen("plan", "film.yaml", "--json")
    assert [notice["message"] for notice in planned.envelope["warnings"]].count(message) == 1, planned.envelope["warnings"]
    assert server.asked == []


@pytest.mark.parametrize("model", ["kling-v1-5", "kling-v1-6"])
def test_a_model_that_takes_a_closing_picture_alone_says_nothing(
    vidgen: Vidgen, film: Callable[..., Path], server: ProviderServer, model: str
) -> None:
    planned = vidgen("plan", film(f"{{id: s1, scene: sea, engine: kling, model: {model}, end_frame: a.png}}"), "--json")
    assert not [notice for notice in planned.envelope["warnings"] if notice["message"].startswith("end_frame")]


@pytest.mark.parametrize(("seconds", "told"), [(12, 1), (10, 0)])
def test_a_closing_picture_after_the_longest_way_to_it_is_held(seconds: int, told: int) -> None:
    request = take("gemini-omni", model="gemini-omni-1.2-flash", task="first_last_frame", frames=24 * seconds).request
    row = capabilities("gemini-omni", "gemini-omni-1.2-flash")
    assert row is not None
    notices = form_notices(Shot(id="s1", start_frame="a.png", end_frame="a.png"), request, row)
    assert len([notice for notice in notices if "at most 10 s to a closing picture" in notice.message]) == told
