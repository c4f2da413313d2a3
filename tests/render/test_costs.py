"""A take says what was paid for it, wherever it is told; together the new takes of a run cost what the run says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provider_failures import playing
from support import Film, Ran, Vidgen
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.luma import FakeLuma
from vidgen.testing.providers.openai_videos import FakeOpenAIVideos
from vidgen.testing.providers.runway import FakeRunway


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with playing(monkeypatch, FakeLuma, FakeRunway, FakeOpenAIVideos, polls=0) as found:
        yield found


def takes_of(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [take for shot in data["shots"] for take in shot["takes"]]


def costs_in_events(ran: Ran) -> list[tuple[float | None, str | None]]:
    rows = map(json.loads, ran.out.splitlines())
    return [(row["cost_usd"], row["cost_basis"]) for row in rows if row.get("event") == "take.done"]


def test_the_takes_and_the_run_agree(server: ProviderServer, vidgen: Vidgen, film: Film) -> None:
    board = film(
        "{id: a, scene: sea, engine: luma, candidates: 2}", "{id: b, scene: hill, engine: runway}", "{id: c, scene: snow}"
    )
    ran = vidgen("render", board, "--yes", "--json")
    takes = takes_of(ran.data)
    assert [(take["cost_usd"], take["cost_basis"]) for take in takes] == [
        *[(0.15, "list")] * 2, (0.36, "provider"), (0.0, "provider")
    ]  # fmt: skip
    assert ran.data["cost_usd"] == pytest.approx(sum(take["cost_usd"] for take in takes)) == ran.data["estimated_usd"]
    assert sorted(costs_in_events(ran), key=str) == sorted([(t["cost_usd"], t["cost_basis"]) for t in takes], key=str)
    rows = vidgen("takes", "list", board, "--json").data["takes"]
    assert sorted(row["cost_usd"] for row in rows) == [0.15, 0.15, 0.36]


def test_a_take_that_is_used_again_keeps_what_was_paid_for_it(server: ProviderServer, vidgen: Vidgen, film: Film) -> None:
    board = film("{id: a, scene: sea, engine: luma}")
    assert vidgen("render", board, "--yes").code == 0
    data = vidgen("render", board, "--json").data
    (take,) = takes_of(data)
    assert (take["cost_usd"], take["cost_basis"], take["reused"], data["cost_usd"]) == (0.15, "list", True, 0)


def test_one_clip_says_the_same(server: ProviderServer, vidgen: Vidgen) -> None:
    line = ("shot", "a lake", "--engine", "luma", "--resolution", "96x54", "--fps", "12", "--candidates", "2", "--json")
    data = vidgen(*line).data
    assert [(take["cost_usd"], take["cost_basis"]) for take in data["takes"]] == [(0.15, "list")] * 2
    assert data["cost_usd"] == pytest.approx(0.3)


def test_a_price_that_nobody_knows_is_null(server: ProviderServer, vidgen: Vidgen, film: Film) -> None:
    data = vidgen("render", film("{id: a, scene: sea, engine: openai-videos}"), "--yes", "--json").data
    (take,) = takes_of(data)
    assert (take["cost_usd"], take["cost_basis"], data["cost_usd"]) == (None, None, None)


def test_takes_of_an_older_store_say_what_was_set_aside_for_them(
    server: ProviderServer, vidgen: Vidgen, film: Film, tmp_path: Path
) -> None:
    board = film("{id: a, scene: sea, engine: luma}", "{id: b, scene: hill, engine: runway}")
    assert vidgen("render", board, "--yes").code == 0
    for sidecar in (tmp_path / ".vidgen" / "film" / "takes").glob("*/*.json"):
        record = json.loads(sidecar.read_text(encoding="utf-8"))
        if record.pop("cost_basis") == "list":
            record["cost_usd"] = None
        del record["check"]
        sidecar.write_text(json.dumps(record), encoding="utf-8")
    found = [(take["cost_usd"], take["cost_basis"]) for take in takes_of(vidgen("render", board, "--json").data)]
    assert found == [(0.15, "list"), (0.36, "provider")]
