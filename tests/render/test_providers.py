"""Whole renders against providers that are played on this machine: killed, busy, silent. Each take is bought once."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.money import HEAVY, killed, loaded

from vidgen.errors import InputError
from vidgen.inventory.machine import jobs_at_once

ENGINES = ("openai-videos",)


@pytest.mark.slow
def test_killed_at_any_moment_each_take_is_bought_exactly_once() -> None:
    done = killed(6, 3, 2, ENGINES)
    assert done.film and done.created == done.wanted == 6


@pytest.mark.slow
def test_busy_providers_blips_and_broken_downloads_are_got_over() -> None:
    done = loaded(3, 3, ENGINES, job_s=0.3)
    assert done.exit_code == 0 and done.states == {"done": 9}
    assert done.created == 9


@pytest.mark.slow
def test_what_cannot_be_got_over_is_reported_and_never_bought_twice() -> None:
    done = loaded(
        3, 3, ENGINES, failure_modes=("ok", "drop", "fail", "ok", "garbage", "fault", "moderation_output", "ok"), job_s=0.3
    )
    assert done.created == 9 and done.exit_code in (0, 4)
    assert done.states["unknown"] == 3 and done.states["failed"] == 2
    assert set(HEAVY) >= {"drop", "garbage", "fault"}


def test_a_plan_that_allows_more_jobs_at_once_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("concurrency: {runway: 4, runway/gen4_turbo: 2}\n")
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path))
    assert loaded(4, 2, ("runway",), failure_modes=("ok",), job_s=0.6).at_once == {"runway": 4}
    assert [jobs_at_once("runway", "gen4_turbo", 1), jobs_at_once("kling", "kling-v3", 1)] == [2, 1]
    (tmp_path / "config.yaml").write_text("concurrency: {runway: many}\n")
    with pytest.raises(InputError, match="whole number above 0"):
        jobs_at_once("runway", "gen4.5", 1)


@pytest.mark.slow
def test_three_providers_work_side_by_side_each_within_its_limit() -> None:
    done = loaded(24, 2, ("runway", "kling", "pika"), failure_modes=("ok",), job_s=0.4)
    assert done.created == done.wanted == 48 and done.states == {"done": 48}
    assert done.at_once == {"runway": 1, "kling": 1, "pika": 1}
