"""The scripted provider: what it does in each failure mode, as a user's own tests would see it."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from pathlib import Path

import pytest

from vidgen.engines.base import Job
from vidgen.engines.registry import get_engine
from vidgen.errors import ProcessingError
from vidgen.takes.request import ShotRequest, TakeRequest
from vidgen.testing import ScriptedRemote, engine_added


@pytest.fixture
def wanted() -> TakeRequest:
    shot = ShotRequest("s01", "scripted", "text_to_video", "a harbour", 6, Fraction(24), 64, 48, base_seed=3)
    return TakeRequest(shot, 1, 3)


def ended(engine: ScriptedRemote, wanted: TakeRequest) -> Job:
    async def run() -> Job:
        job_id = await engine.submit(wanted, reference="r1")
        for _ in range(engine.polls):
            assert (await engine.poll(job_id)).state in ("queued", "running")
        return await engine.poll(job_id)

    return asyncio.run(run())


@pytest.mark.parametrize("failure", ["fail", "moderation"])
def test_a_job_can_fail_in_the_providers_words(tmp_path: Path, wanted: TakeRequest, failure: str) -> None:
    job = ended(ScriptedRemote(tmp_path, failure_modes=[failure]), wanted)
    assert job.state == "failed"
    assert job.error


def test_an_unknown_submission_was_bought_although_the_answer_is_lost(tmp_path: Path, wanted: TakeRequest) -> None:
    engine = ScriptedRemote(tmp_path, failure_modes=["unknown"])
    with pytest.raises(ProcessingError) as error:
        asyncio.run(engine.submit(wanted, reference="r1"))
    assert error.value.code == "submit.unknown"
    assert [job["reference"] for job in engine.jobs()] == ["r1"]


def test_a_refused_request_buys_nothing(tmp_path: Path, wanted: TakeRequest) -> None:
    engine = ScriptedRemote(tmp_path, failure_modes=["refuse"])
    with pytest.raises(ProcessingError):
        asyncio.run(engine.submit(wanted, reference="r1"))
    assert engine.created == 0


def test_an_expired_result_cannot_be_fetched(tmp_path: Path, wanted: TakeRequest) -> None:
    engine = ScriptedRemote(tmp_path / "provider", failure_modes=["expired"])
    job = ended(engine, wanted)
    with pytest.raises(ProcessingError) as error:
        asyncio.run(engine.fetch(job, wanted, tmp_path / "take.mp4"))
    assert error.value.code == "result.expired"
    assert not (tmp_path / "take.mp4").exists()


def test_a_slow_job_runs_until_it_is_cancelled(tmp_path: Path, wanted: TakeRequest) -> None:
    engine = ScriptedRemote(tmp_path, failure_modes=["slow"], polls=1)

    async def run() -> list[str]:
        job_id = await engine.submit(wanted, reference="r1")
        states = [(await engine.poll(job_id)).state for _ in range(5)]
        await engine.cancel(job_id)
        return [*states, (await engine.poll(job_id)).state]

    assert asyncio.run(run()) == ["queued", "running", "running", "running", "running", "failed"]


def test_failure_modes_follow_the_script_job_by_job(tmp_path: Path, wanted: TakeRequest) -> None:
    engine = ScriptedRemote(tmp_path, failure_modes=["fail", "ok"], polls=0)
    assert [ended(engine, wanted).state for _ in range(3)] == ["failed", "succeeded", "succeeded"]


def test_it_costs_by_the_second_or_an_unknown_amount(wanted: TakeRequest, tmp_path: Path) -> None:
    assert ScriptedRemote(tmp_path, price=0.1).estimate(wanted.request) == pytest.approx(0.025)
    assert ScriptedRemote(tmp_path, price=None).estimate(wanted.request) is None


def test_it_can_stand_in_for_an_installed_engine(tmp_path: Path) -> None:
    provider = ScriptedRemote(tmp_path, name="runway")
    with engine_added("runway", lambda: provider):
        assert get_engine("runway") is provider
