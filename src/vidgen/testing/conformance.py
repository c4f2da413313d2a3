"""The requirements on every engine, as a pytest class. Built-in engines pass it; third-party engines should."""

# ruff: noqa: D102 - the name of each test states its requirement

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import pytest

from vidgen.catalog.capabilities import Capabilities
from vidgen.engines.base import Engine, Job, LocalEngine, RemoteEngine
from vidgen.errors import NOTICES, Cancelled
from vidgen.media.exact import probe_exact
from vidgen.media.files import sha256_file
from vidgen.media.verify import check_video
from vidgen.takes.request import Generated, Inputs, Order, ShotRequest, TakeRequest
from vidgen.testing.post_conformance import no_network

T = TypeVar("T")


class EngineConformance:
    """Subclass it and set ``engine`` to the engine's class or to a factory; pytest then collects it.

    A remote engine needs a provider, which may be a fake one on this machine. Two engines made one after the other must reach
    the same provider, because a restart is tested. Override the other members if the defaults do not fit.
    """

    engine: Callable[[], Engine]
    model: str | None = None
    """The model to test; None: the engine's default."""
    frames = 12
    fps = Fraction(24)
    size = (96, 64)
    cancel_within_s = 1.0
    timeout_s = 60.0
    """Longest time of a remote job in seconds."""

    def make(self) -> Engine:
        """Create a new engine."""
        return type(self).engine()

    def shot(self) -> ShotRequest:
        """The small, short shot of the tests."""
        engine = self.make()
        width, height = self.size
        return ShotRequest(
            shot="s01",
            engine=engine.name,
            model=self.model,
            task="text_to_video",
            prompt="a lighthouse on a cliff at dusk, waves below",
            frames=self.frames,
            fps=self.fps,
            width=width,
            height=height,
            base_seed=11,
        )

    def created(self) -> int | None:
        """Number of create requests at the provider so far; None if unknown."""
        return None

    def test_capabilities_are_of_the_right_types_and_name_the_engine(self) -> None:
        engine = self.make()
        capabilities = engine.capabilities(self.model)
        assert isinstance(capabilities, Capabilities)
        assert capabilities.engine == engine.name
        assert capabilities.tasks
        assert capabilities.concurrency >= 1
        for value in (capabilities.tasks, capabilities.durations_s, capabilities.aspects, capabilities.moves):
            assert isinstance(value, tuple), "lists of capabilities are tuples, so that nobody changes them by accident"

    def test_capabilities_and_estimate_ask_no_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with no_network(monkeypatch):
            engine = self.make()
            engine.capabilities(self.model)
            engine.available()
            estimate = engine.estimate(self.shot())
        assert estimate is None or estimate >= 0

    def test_order_is_light_and_the_same_each_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        shot = self.shot()
        waiting = replace(shot, inputs=Inputs(continues=Path("a take that is yet to be made.mp4")))
        with no_network(monkeypatch):
            first, second = self.make().order(shot), self.make().order(shot)
            self.make().order(waiting)
        assert first == second, "takes at hand are compared with the order"
        assert isinstance(first, Order) and Order.from_dict(json.loads(json.dumps(first.as_dict()))).covers(
            first, has_s=first.seconds, needs_s=shot.duration_s
        ), "an order covers itself, also once it has been on disk"
        assert self.make().order(replace(shot, shot="other", base_seed=12)) == first, "the seed is in the key, not in the order"

    def test_order_follows_the_films_rate_only_where_the_engine_is_told_it(self) -> None:
        shot = self.shot()
        same_s = replace(shot, frames=shot.frames * 2, fps=shot.fps * 2)
        order, other = self.make().order(shot), self.make().order(same_s)
        if order.exact:
            assert order.rate != other.rate
        elif order.rate == other.rate:
            assert order == other, "another film rate is no reason to make a take again"

    def test_clip_is_what_was_ordered(self, tmp_path: Path) -> None:
        self._check_clip(self._made(tmp_path / "take.mp4").file, self.shot())

    def test_clip_is_where_it_was_asked_for_and_nothing_else_is_left(self, tmp_path: Path) -> None:
        made = self._made(tmp_path / "take.mp4")
        assert made.file == tmp_path / "take.mp4"
        assert [file.name for file in tmp_path.iterdir()] == ["take.mp4"]

    def test_odd_lengths_and_rates_are_what_was_ordered_too(self, tmp_path: Path) -> None:
        shot = replace(self.shot(), frames=self.frames + 1, fps=Fraction(24000, 1001))
        self._check_clip(self._made(tmp_path / "take.mp4", shot).file, shot)

    def test_manifest_says_how_it_was_made(self, tmp_path: Path) -> None:
        made = self._made(tmp_path / "take.mp4")
        json.dumps(dict(made.manifest), allow_nan=False)
        assert made.manifest.get("model"), "the manifest names the model"
        assert made.manifest.get("seed") == 11 or not self._seeded(), "the manifest names the seed"
        assert isinstance(made.diffusion, bool)
        if made.diffusion and isinstance(self.make(), LocalEngine):
            assert {"revision", "scheduler", "steps"} <= set(made.manifest)

    def test_notices_have_registered_codes(self, tmp_path: Path) -> None:
        made = self._made(tmp_path / "take.mp4")
        assert [code for code, _ in made.notices if code not in NOTICES] == []

    def test_same_seed_gives_the_same_pictures(self, tmp_path: Path) -> None:
        if not self._seeded():
            pytest.skip("the engine does not claim seeds")
        first, second = self._made(tmp_path / "a.mp4"), self._made(tmp_path / "b.mp4")
        assert _pictures(first.file) == _pictures(second.file)

    def test_another_seed_gives_other_pictures(self, tmp_path: Path) -> None:
        if not self._seeded():
            pytest.skip("the engine does not claim seeds")
        first, second = self._made(tmp_path / "a.mp4"), self._made(tmp_path / "b.mp4", take=2)
        assert _pictures(first.file) != _pictures(second.file)

    def test_cancel_stops_it_soon_and_leaves_no_file(self, tmp_path: Path) -> None:
        engine = self._local()
        longest = engine.capabilities(self.model).max_s or 60.0
        take = _take(replace(self.shot(), frames=min(self.frames * 20, int(longest * self.shot().fps))), 1)
        polled_at: list[float] = []

        def cancelled() -> bool:
            polled_at.append(time.monotonic())
            return True

        began = time.monotonic()
        with pytest.raises(Cancelled):
            engine.generate(take, tmp_path / "take.mp4", cancelled=cancelled)
        assert polled_at, "generate calls cancelled()"
        assert time.monotonic() - polled_at[0] < self.cancel_within_s
        assert time.monotonic() - began < self.cancel_within_s + self.timeout_s
        assert list(tmp_path.iterdir()) == []

    def test_progress_goes_from_0_to_1_and_never_back(self, tmp_path: Path) -> None:
        engine = self._local()
        shares: list[float] = []
        engine.generate(_take(self.shot(), 1), tmp_path / "take.mp4", progress=shares.append)
        assert shares == sorted(shares)
        assert all(0 <= share <= 1 for share in shares)

    def test_submit_sends_exactly_one_create_request(self, tmp_path: Path) -> None:
        engine = self._remote()
        before = self.created()
        if before is None:
            pytest.skip("override created() to count create requests")
        _run(engine, engine.submit(_take(self.shot(), 1), reference="conformance-1"))
        assert self.created() == before + 1

    def test_polling_and_fetching_again_changes_nothing_and_buys_nothing(self, tmp_path: Path) -> None:
        engine = self._remote()
        take = _take(self.shot(), 1)

        async def run() -> list[Job]:
            job = await self._finished(engine, take)
            for name in ("a.mp4", "b.mp4"):
                await engine.fetch(job, take, tmp_path / name)
            return [job, await engine.poll(job.id)]

        before = self.created()
        jobs = _run(engine, run())
        assert {job.state for job in jobs} == {"succeeded"}
        assert sha256_file(tmp_path / "a.mp4") == sha256_file(tmp_path / "b.mp4")
        assert self.created() == (None if before is None else before + 1)

    def test_a_job_can_be_fetched_after_a_restart_from_its_id_alone(self, tmp_path: Path) -> None:
        take = _take(self.shot(), 1)
        first, second = self._remote(), self._remote()
        job_id = _run(first, first.submit(take, reference="conformance-2"))
        made = _run(second, self._fetched(second, job_id, take, tmp_path / "take.mp4"))
        self._check_clip(made.file, take.request)

    def _check_clip(self, file: Path, shot: ShotRequest) -> None:
        """Check a clip against its order: exact frames, rate and size if the order is exact, else undamaged and long enough.

        Long enough is the ordered length or the shot's, within one frame of the clip.
        """
        order = self.make().order(shot)
        if order.exact:
            check_video(file, frames=shot.frames, width=shot.width, height=shot.height, rate=shot.fps)
            return
        info = probe_exact(file)
        assert not info.faults, f"the clip is damaged: {info.faults}"
        needed_s, frame_s = min(order.seconds, shot.duration_s), float(1 / info.rate)
        assert info.duration_s >= needed_s - frame_s - 1e-6, f"{info.duration_s:.3f} s instead of {needed_s:.3f} s"

    def _seeded(self) -> bool:
        return self.make().capabilities(self.model).seed

    def _local(self) -> LocalEngine:
        engine = self.make()
        if not isinstance(engine, LocalEngine):
            pytest.skip("not a local engine")
        return engine

    def _remote(self) -> RemoteEngine:
        engine = self.make()
        if not isinstance(engine, RemoteEngine):
            pytest.skip("not a remote engine")
        return engine

    def _made(self, out: Path, shot: ShotRequest | None = None, *, take: int = 1) -> Generated:
        engine, request = self.make(), _take(shot or self.shot(), take)
        if isinstance(engine, LocalEngine):
            return engine.generate(request, out)
        assert isinstance(engine, RemoteEngine)

        async def run() -> Generated:
            return await engine.fetch(await self._finished(engine, request), request, out)

        return _run(engine, run())

    async def _fetched(self, engine: RemoteEngine, job_id: str, take: TakeRequest, out: Path) -> Generated:
        return await engine.fetch(await self._ended(engine, job_id), take, out)

    async def _finished(self, engine: RemoteEngine, take: TakeRequest) -> Job:
        return await self._ended(engine, await engine.submit(take, reference=f"conformance-{time.monotonic_ns()}"))

    async def _ended(self, engine: RemoteEngine, job_id: str) -> Job:
        deadline = time.monotonic() + self.timeout_s
        while time.monotonic() < deadline:
            job = await engine.poll(job_id)
            assert job.id == job_id
            if job.state in ("succeeded", "failed"):
                assert job.state == "succeeded", job.error
                return job
            assert job.progress is None or 0 <= job.progress <= 1
            await asyncio.sleep(min(0.05, engine.poll_interval_s))
        raise AssertionError(f"the job did not end within {self.timeout_s} s")


def _run(engine: RemoteEngine, work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, and close the engine's connections."""

    async def whole() -> T:
        try:
            return await work
        finally:
            await engine.close()

    return asyncio.run(whole())


def _take(shot: ShotRequest, number: int) -> TakeRequest:
    return TakeRequest(shot, number, shot.seed_of(number))


def _pictures(file: Path) -> list[bytes]:
    from vidgen.media.frames import read_frames

    return [frame.tobytes() for frame in read_frames(file)]
