"""The public conformance suite: good engines pass it, and each kind of bad engine is caught by it."""

from __future__ import annotations

import functools
import socket
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vidgen.catalog.capabilities import Capabilities
from vidgen.engines.base import Cancelled as IsCancelled
from vidgen.engines.base import Engine, LocalEngine, Progress
from vidgen.errors import Cancelled, ProcessingError
from vidgen.media.frames import FrameWriter
from vidgen.takes.request import Generated, Order, ShotRequest, TakeRequest
from vidgen.testing import EngineConformance, ScriptedRemote


class Bars(LocalEngine):
    """Colour bars that shift by one pixel a frame: about as small as an engine can be."""

    name = "bars"

    def capabilities(self, model: str | None = None) -> Capabilities:
        return Capabilities(engine="bars", model=model or "bars-1", kind="local", seed=True, diffusion=False)

    def generate(
        self,
        take: TakeRequest,
        out: Path,
        *,
        progress: Progress = lambda share: None,
        cancelled: IsCancelled = lambda: False,
    ) -> Generated:
        asked = take.request
        colours = np.random.default_rng(take.seed).integers(20, 236, (8, 3)).astype(np.uint8)
        row = colours[np.arange(asked.width) * 8 // asked.width]
        with FrameWriter(out, asked.width, asked.height, asked.fps, frames=asked.frames) as writer:
            for index in range(asked.frames):
                if cancelled():
                    raise Cancelled()
                writer.write(np.broadcast_to(np.roll(row, index, axis=0), (asked.height, asked.width, 3)))
                progress((index + 1) / asked.frames)
        return Generated(file=out, manifest={"model": "bars-1", "seed": take.seed}, diffusion=False)


class TestBars(EngineConformance):
    engine = Bars


class TestScriptedRemote(EngineConformance):
    @pytest.fixture(autouse=True)
    def _provider(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        type(self).engine = functools.partial(ScriptedRemote, tmp_path_factory.mktemp("provider"))

    def created(self) -> int:
        engine = self.make()
        assert isinstance(engine, ScriptedRemote)
        return engine.created


class Short(Bars):
    def generate(self, take: TakeRequest, out: Path, **more: object) -> Generated:
        return super().generate(replace(take, request=replace(take.request, frames=take.request.frames - 1)), out)


class Half(Bars):
    """Says that its clips have a form of their own, and makes them half as long as the shot."""

    def order(self, request: ShotRequest) -> Order:
        return Order(request.duration_s, "small")

    def generate(self, take: TakeRequest, out: Path, **more: object) -> Generated:
        return super().generate(replace(take, request=replace(take.request, frames=take.request.frames // 2)), out)


class Fickle(Bars):
    """Orders by the clock."""

    def order(self, request: ShotRequest) -> Order:
        return Order(time.monotonic(), "small")


class Retiming(Bars):
    """Orders by the film's frame rate, which it is not told."""

    def order(self, request: ShotRequest) -> Order:
        return Order(float(request.frames), "small")


class Seedless(Bars):
    def generate(self, take: TakeRequest, out: Path, **more: object) -> Generated:
        return replace(super().generate(replace(take, seed=0), out), manifest={"model": "x", "seed": take.seed})


class Random(Bars):
    def generate(self, take: TakeRequest, out: Path, **more: object) -> Generated:
        return super().generate(replace(take, seed=time.monotonic_ns() % 2**31), out)


class Untidy(Bars):
    def generate(self, take: TakeRequest, out: Path, **more: object) -> Generated:
        out.with_suffix(".tmp").touch()
        return super().generate(take, out)


class Deaf(Bars):
    def generate(self, take: TakeRequest, out: Path, **more: object) -> Generated:
        return super().generate(take, out)


class Chatty(Bars):
    def capabilities(self, model: str | None = None) -> Capabilities:
        socket.create_connection(("127.0.0.1", 9), timeout=0.1).close()
        return super().capabilities(model)


class Inventive(Bars):
    def generate(self, take: TakeRequest, out: Path, **more: object) -> Generated:
        return replace(super().generate(take, out), notices=(("my.own.code", "hello"),))


@pytest.mark.parametrize(
    ("bad", "test"),
    [
        (Short, "test_clip_is_what_was_ordered"),
        (Half, "test_clip_is_what_was_ordered"),
        (Seedless, "test_another_seed_gives_other_pictures"),
        (Random, "test_same_seed_gives_the_same_pictures"),
        (Untidy, "test_clip_is_where_it_was_asked_for_and_nothing_else_is_left"),
        (Deaf, "test_cancel_stops_it_soon_and_leaves_no_file"),
        (Inventive, "test_notices_have_registered_codes"),
    ],
)
def test_the_suite_catches_a_bad_engine(bad: type[Engine], test: str, tmp_path: Path) -> None:
    suite = type("Suite", (EngineConformance,), {"engine": bad})()
    with pytest.raises((AssertionError, ProcessingError, pytest.fail.Exception)):
        getattr(suite, test)(tmp_path)
    getattr(type("Good", (EngineConformance,), {"engine": Bars})(), test)(_fresh(tmp_path))


def test_the_suite_catches_an_engine_that_uses_the_network_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    suite = type("Suite", (EngineConformance,), {"engine": Chatty})()
    with pytest.raises(AssertionError, match="must not use the network"):
        suite.test_capabilities_and_estimate_ask_no_network(monkeypatch)


def test_the_suite_catches_an_engine_whose_order_is_not_what_it_would_ask_for(monkeypatch: pytest.MonkeyPatch) -> None:
    fickle, retiming = (type("Suite", (EngineConformance,), {"engine": bad})() for bad in (Fickle, Retiming))
    with pytest.raises(AssertionError, match="compared"):
        fickle.test_order_is_light_and_the_same_each_time(monkeypatch)
    with pytest.raises(AssertionError, match="no reason to make a take again"):
        retiming.test_order_follows_the_films_rate_only_where_the_engine_is_told_it()


def _fresh(folder: Path) -> Path:
    fresh = folder / "fresh"
    fresh.mkdir()
    return fresh
