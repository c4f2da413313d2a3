"""Whole renders against providers that are played on this machine: killed, busy, silent. Each take is bought once."""

from __future__ import annotations

import pytest
from benchmarks.money import HEAVY, killed, loaded

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
    done = loaded(3, 3, ENGINES, moods=("ok", "drop", "fail", "ok", "garbage", "fault", "moderation_output", "ok"), job_s=0.3)
    assert done.created == 9 and done.exit_code in (0, 4)
    assert done.states["unknown"] == 3 and done.states["failed"] == 2
    assert set(HEAVY) >= {"drop", "garbage", "fault"}


@pytest.mark.slow
def test_three_providers_work_side_by_side_each_within_its_limit() -> None:
    done = loaded(24, 2, ("runway", "kling", "pika"), moods=("ok",), job_s=0.4)
    assert done.created == done.wanted == 48 and done.states == {"done": 48}
    assert done.at_once == {"runway": 1, "kling": 1, "pika": 1}
