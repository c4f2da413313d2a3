"""Waiting times as providers write them, and that they are kept."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from provider_failures import playing
from support import Film, Vidgen
from vidgen.engines.cloud.waits import clock_off_s, requested_pause_s
from vidgen.testing.providers import Answer, Asked
from vidgen.testing.providers.kling import FakeKling
from vidgen.testing.providers.runway import FakeRunway

NOW = datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC)
DATE = {"date": format_datetime(NOW, usegmt=True)}
GOOGLE = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.074824224s"}


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({}, {}, None),
        ({"retry-after": "7"}, None, 7),
        ({"retry-after": " 1.5 "}, None, 1.5),
        ({"retry-after": "120"}, None, 120),
        ({"retry-after": "-3"}, None, 0),
        ({"retry-after": "soon"}, None, None),
        ({"retry-after": "nan"}, None, None),
        ({"retry-after-ms": "250", "retry-after": "1"}, None, 0.25),
        ({"x-ms-retry-after-ms": "1500"}, None, 1.5),
        ({"retry-after": "Sun, 29 Nov 2026 12:01:30 GMT"}, None, 90),
        ({"retry-after": "Sunday, 29-Nov-26 12:01:30 GMT"}, None, 90),
        ({"retry-after": "Sun Nov 29 12:01:30 2026"}, None, 90),
        ({"retry-after": "2026-11-29T12:01:30Z"}, None, 90),
        ({"retry-after": "Sun, 29 Nov 2026 11:00:00 GMT"}, None, 0),
        ({"x-ratelimit-reset": "30"}, None, 30),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 45)}, None, 45),
        ({"x-ratelimit-reset": str(int(NOW.timestamp() * 1000) + 45_500)}, None, 45.5),
        ({"x-ratelimit-reset-requests": "6m0s"}, None, 360),
        ({"x-ratelimit-reset-requests": "120ms"}, None, 0.12),
        ({"ratelimit": '"default";r=0;t=12'}, None, 12),
        ({"retry-after": "5", "x-ratelimit-reset": "900"}, None, 5),
        ({}, {"error": {"details": [{"@type": "x"}, GOOGLE]}}, 34.074824224),
        ({}, [{"error": {"details": [{"retryDelay": {"seconds": "3", "nanos": 500_000_000}}]}}], 3.5),
        ({}, {"retry_after": 20}, 20),
        ({}, {"error": {"retry_after_ms": "2500"}}, 2.5),
        ({}, {"retry_after": True, "message": "no"}, None),
    ],
)
def test_how_long_a_provider_asks_to_be_left_alone(headers: dict[str, str], body: Any, seconds: float | None) -> None:
    found = requested_pause_s({**DATE, **headers}, body)
    assert found == (seconds if seconds is None else pytest.approx(seconds))


def test_a_date_is_meant_by_the_providers_clock() -> None:
    slow = datetime.now(UTC) - timedelta(hours=5)
    headers = {"date": format_datetime(slow, usegmt=True)}
    until = format_datetime(slow.replace(microsecond=0) + timedelta(seconds=30), usegmt=True)
    assert requested_pause_s({**headers, "retry-after": until}) == pytest.approx(30, abs=1)
    assert clock_off_s(headers) == pytest.approx(5 * 3600, abs=2) and clock_off_s({}) == 0


class Busy(FakeRunway):
    """Turns the first request away with these headers."""

    told: dict[str, str] = {}
    first_s = 0.0
    turned_away = False

    def answer(self, asked: Asked) -> Answer | None:
        if asked.method == "POST" and not Busy.turned_away:
            Busy.turned_away, Busy.first_s = True, time.monotonic()
            return Answer(429, {"error": "too many requests"}, headers=dict(self.told))
        given = super().answer(asked)
        if asked.method == "POST":
            Busy.first_s = time.monotonic() - Busy.first_s
        return given


RUNWAY = "{id: a, scene: sea, engine: runway}"


def test_a_pause_that_is_asked_for_is_kept_whole(monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film) -> None:
    monkeypatch.setattr(Busy, "told", {"retry-after-ms": "1200"})
    monkeypatch.setattr(Busy, "turned_away", False)
    monkeypatch.setattr("vidgen.render.runners.submission.REPORTED_FROM_S", 1.0)
    with playing(monkeypatch, Busy) as server:
        ran = vidgen("render", film(RUNWAY), "--yes", "--json")
        assert ran.code == 0 and len(server.jobs) == 1 and Busy.first_s >= 1.2
    (event,) = [row for row in map(json.loads, ran.out.splitlines()) if row.get("event") == "take.waiting"]
    assert event["shot"] == "a" and event["seconds"] == 1.2 and "no more requests now" in event["why"]


def test_a_pause_that_is_longer_than_a_run_waits_is_told_with_its_end(
    monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film
) -> None:
    monkeypatch.setattr(Busy, "told", {"Retry-After": "86400"})
    monkeypatch.setattr(Busy, "turned_away", False)
    with playing(monkeypatch, Busy):
        board = film(RUNWAY)
        error = vidgen("render", board, "--yes", "--json").envelope["error"]
        tomorrow = datetime.now().astimezone() + timedelta(days=1)
        assert error["code"] == "provider.rate" and f"{tomorrow:%Y-%m-%d}" in error["hint"]
        assert vidgen("takes", "list", board, "--json").data["spent_usd"] == 0


def test_a_wrong_clock_is_named_where_a_token_is_refused(monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film) -> None:
    class Strict(FakeKling):
        def answer(self, asked: Asked) -> Answer | None:
            theirs = format_datetime(datetime.now(UTC) - timedelta(hours=2), usegmt=True)
            return Answer(401, {"code": 1003, "message": "Authorization is not yet valid"}, headers={"Date": theirs})

    with playing(monkeypatch, Strict):
        error = vidgen("render", film("{id: a, scene: sea, engine: kling}"), "--yes", "--json").envelope["error"]
    assert error["code"] == "provider.auth" and "clock is 72" in error["hint"] and "ahead of" in error["hint"]
