"""Tests that every engine passes against its provider in each failure mode; a test class subclasses ``ProviderFailures``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from vidgen.engines.base import RemoteEngine
from vidgen.engines.cloud.base import CloudEngine, Create
from vidgen.engines.cloud.failures import Kind, ProviderError
from vidgen.errors import VidgenError
from vidgen.takes.request import Generated, ShotRequest, TakeRequest
from vidgen.testing.providers import FakeProvider, ProviderServer
from vidgen.testing.providers.server import BOUGHT, FailureMode


def take(engine: str, **changes: Any) -> TakeRequest:
    """One take of a small shot; ``changes``: members of the request."""
    usual: dict[str, Any] = {
        "task": "text_to_video",
        "prompt": "a lighthouse at dusk",
        "frames": 24,
        "fps": Fraction(24),
        "width": 96,
        "height": 54,
        "base_seed": 7,
    }
    return TakeRequest(ShotRequest("s1", engine, **{**usual, **changes}), take=1, seed=7)


def through(engine: RemoteEngine, wanted: TakeRequest, out: Path) -> Generated:
    """Submit, poll, fetch. A job that fails is an AssertionError with its kind and words."""

    async def run() -> Generated:
        try:
            job_id = await engine.submit(wanted, reference="ref-1")
            while (job := await engine.poll(job_id)).state in ("queued", "running"):
                await asyncio.sleep(0.01)
            assert job.state == "succeeded", (job.kind, job.error)
            return await engine.fetch(job, wanted, out)
        finally:
            await engine.close()

    return asyncio.run(run())


async def filled(engine: CloudEngine, wanted: TakeRequest, reference: str = "ref") -> Create:
    """The create request of a take as it goes out, with its files; not sent."""
    return await engine.filled(engine.create_request(wanted), wanted, reference)


@contextmanager
def playing(monkeypatch: pytest.MonkeyPatch, *fakes: type[FakeProvider], **more: Any) -> Iterator[ProviderServer]:
    """A server that plays these providers, and the environment that leads to it."""
    with ProviderServer(*fakes, **more) as server, server.reachable(monkeypatch):
        yield server


def says_once(error: ProviderError) -> bool:
    """Whether no four words of a message stand in it twice, as they do where one error is put into another."""
    words = error.message.lower().replace(":", " ").split()
    runs = [tuple(words[index : index + 4]) for index in range(len(words) - 3)]
    return len(runs) == len(set(runs))


class ProviderFailures:
    """Set ``engine`` and ``fake``; override what differs at that provider."""

    engine: Callable[[], RemoteEngine]
    fake: type[FakeProvider]
    changes: dict[str, Any] = {}
    """Members of the request that is made."""
    late_refusals: tuple[FailureMode, ...] = ()
    """FailureModes in which the provider first accepts the request and then says that it failed."""
    shown_number = True
    """Whether ``takes resolve --job`` takes the bare number that a person sees at the provider."""
    key_paths: tuple[str, ...] = ()
    """Heads of paths that are the API's own; usually only its prefix."""

    def wanted(self) -> TakeRequest:
        return take(type(self).engine().name, **self.changes)

    def run(self, out: Path) -> Generated:
        return through(type(self).engine(), self.wanted(), out)

    @pytest.mark.parametrize(
        ("failure", "kind"),
        [
            ("refuse", "bad_request"),
            ("auth", "auth"),
            ("quota", "quota"),
            ("rate", "rate"),
            ("moderation", "moderation_input"),
            ("fault", "unknown_submit"),
            ("garbage", "unknown_submit"),
            ("drop", "unknown_submit"),
            ("hang", "unknown_submit"),
        ],
    )
    def test_create_is_sent_once_and_its_answer_has_its_kind(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failure: FailureMode, kind: Kind
    ) -> None:
        if failure in self.late_refusals:
            pytest.skip("this provider says so later")
        with playing(monkeypatch, self.fake, failure_modes=(failure,), hang_s=0.05) as server:
            with pytest.raises(ProviderError) as caught:
                self.run(tmp_path / "take.mp4")
            assert (caught.value.kind, server.created) == (kind, 1)
            assert len(server.jobs) == (failure in BOUGHT)
            assert says_once(caught.value)
            assert caught.value.hint and self.fake.key not in f"{caught.value} {caught.value.hint}"

    def test_a_job_is_found_by_the_number_that_the_provider_shows_people(self, monkeypatch: pytest.MonkeyPatch) -> None:
        if not self.shown_number:
            pytest.skip("this provider shows a job by its whole name")

        async def seen(engine: RemoteEngine) -> str:
            try:
                await engine.submit(self.wanted(), reference="ref-1")
                return (await engine.poll(server.jobs[0].id)).state
            finally:
                await engine.close()

        with playing(monkeypatch, self.fake, polls=0) as server:
            assert asyncio.run(seen(type(self).engine())) == "succeeded"

    @pytest.mark.parametrize(
        ("failure", "kind"),
        [("fail", None), ("moderation_output", "moderation_output"), ("moderation", "moderation_input")],
    )
    def test_a_job_that_fails_says_why(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failure: FailureMode, kind: Kind | None
    ) -> None:
        if failure == "moderation" and failure not in self.late_refusals:
            pytest.skip("this provider says so at once")
        with playing(monkeypatch, self.fake, failure_modes=(failure,)) as server:
            with pytest.raises(AssertionError) as caught:
                self.run(tmp_path / "take.mp4")
            got, words = caught.value.args[0]
            assert words and server.created == 1
            assert says_once(ProviderError(kind or "provider_fault", type(self).engine().title, words))
            assert (got == kind) if kind else (got not in ("moderation_input", "moderation_output"))

    @pytest.mark.parametrize("failure", ["ok", "expired_once", "broken_download"])
    def test_a_result_is_asked_for_until_it_is_there(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failure: FailureMode
    ) -> None:
        with playing(monkeypatch, self.fake, failure_modes=(failure,)) as server:
            assert self.run(tmp_path / "take.mp4").file.is_file() and server.created == 1
            assert [file.name for file in tmp_path.iterdir()] == ["take.mp4"]

    @pytest.mark.parametrize(("failure", "code"), [("expired", "result.expired"), ("not_a_video", "provider.bad_result")])
    def test_a_result_that_cannot_be_had_leaves_nothing_behind(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failure: FailureMode, code: str
    ) -> None:
        with playing(monkeypatch, self.fake, failure_modes=(failure,)) as server:
            with pytest.raises(VidgenError) as caught:
                self.run(tmp_path / "take.mp4")
            assert caught.value.code == code and server.created == 1 and list(tmp_path.iterdir()) == []

    def test_the_key_goes_to_the_api_alone(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        with playing(monkeypatch, self.fake) as server:
            self.run(tmp_path / "take.mp4")
            with_key = {asked.path.split("/")[1] for asked in server.asked if self.fake.key in str(asked.headers)}
            assert with_key == {self.fake.prefix}
