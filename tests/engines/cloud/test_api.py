"""What every provider's engine rests on: one create request, safe downloads, and keys that go nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from vidgen.catalog.capabilities import Capabilities
from vidgen.engines.base import Job
from vidgen.engines.cloud.api import Address, Api
from vidgen.engines.cloud.base import CloudEngine, Create, Result, by_status
from vidgen.engines.cloud.download import fetch_result
from vidgen.engines.cloud.failures import Kind, ProviderError
from vidgen.errors import InputError, MissingError, VidgenError
from vidgen.takes.request import Generated, ShotRequest, TakeRequest
from vidgen.testing.providers import Answer, Asked, FakeProvider, ProviderServer
from vidgen.testing.providers.server import BOUGHT, FailureMode, FakeJob


class FakePlain(FakeProvider):
    """The simplest protocol that there could be."""

    name = prefix = "plain"
    key_env, address_env = "PLAIN_KEY", "PLAIN_URL"

    def answer(self, asked: Asked) -> Answer | None:
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return Answer(401, {"message": f"bad key {asked.headers.get('authorization')}"})
        if asked.method == "POST":
            words = {"refuse": 400, "auth": 401, "quota": 402, "rate": 429, "moderation": 400, "fault": 500}
            failing = {failure: Answer(status, {"message": failure}) for failure, status in words.items()}
            made = self.server.created_by(
                self, asked, lambda: self.bought(asked, asked.json, seconds=5, width=96, height=54), failing
            )
            return Answer(json={"id": made.id}) if isinstance(made, FakeJob) else made
        job = self.server.job(asked.path.rpartition("/")[2])
        if job is None:
            return Answer(404, {"message": "no such job"})
        state = self.server.progress(job)
        return Answer(json={"state": state, "url": self.server.output_url(job) if state == "done" else None})


class Plain(CloudEngine):
    """An engine for it."""

    name, title = "plain", "Plain"
    keys, address_env, address = ("PLAIN_KEY",), "PLAIN_URL", "https://api.example.com"
    poll_interval_s = 0.01

    def capabilities(self, model: str | None = None) -> Capabilities:
        return Capabilities(engine="plain", model="plain-1")

    def classify(self, status: int, body: Any) -> Kind:
        return by_status(status, moderated="moderation" in str(body))

    def ordered_size(self, request: ShotRequest) -> str:
        return "small"

    def create_request(self, take: TakeRequest) -> Create:
        return Create("/jobs", json={"prompt": take.request.prompt}, reference_field="reference")

    def job_id_of(self, answer: Mapping[str, Any]) -> str:
        return str(answer.get("id") or "")

    async def read_job(self, job_id: str, track: str, number: str) -> Job:
        found = await self.api().get(f"/jobs/{number}")
        states: dict[str, Any] = {"done": "succeeded", "queued": "queued", "running": "running"}
        kind = "moderation_output" if found["state"] == "moderated" else None
        return Job(job_id, states.get(found["state"], "failed"), error=found["state"], kind=kind, raw=found)

    async def result_of(self, job: Job) -> Result:
        assert job.raw is not None
        return Result(url=job.raw["url"])


ASKED = TakeRequest(
    ShotRequest("s1", "plain", "text_to_video", "a lighthouse", frames=24, fps=Fraction(24), width=96, height=64, base_seed=7),
    take=1,
    seed=7,
)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ProviderServer]]:
    """Start a server with these failure modes and send the engine to it."""
    running: list[ProviderServer] = []

    def start(*failure_modes: FailureMode, **more: Any) -> ProviderServer:
        server = ProviderServer(FakePlain, failure_modes=failure_modes or ("ok",), **more).__enter__()
        running.append(server)
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        return server

    yield start
    for server in running:
        server.__exit__()


Serve = Callable[..., ProviderServer]


def through(out: Path, wanted: TakeRequest = ASKED) -> Generated:
    """Submit, poll, fetch."""

    async def run() -> Generated:
        engine = Plain()
        try:
            job_id = await engine.submit(wanted, reference="ref-1")
            while (job := await engine.poll(job_id)).state in ("queued", "running"):
                await asyncio.sleep(0.01)
            return await engine.fetch(job, wanted, out)
        finally:
            await engine.close()

    return asyncio.run(run())


def test_a_result_is_the_very_file_that_the_provider_serves(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    made = through(tmp_path / "take.mp4")
    assert made.file == tmp_path / "take.mp4" and made.file.read_bytes() == server.clip(server.jobs[0])
    assert [code for code, _ in made.notices] == ["take.reshaped"]  # 96x54 was made, 96x64 is needed
    assert [file.name for file in tmp_path.iterdir()] == ["take.mp4"]
    assert server.created == 1 and server.jobs[0].body == {"prompt": "a lighthouse", "reference": "ref-1"}


def test_the_key_goes_to_the_api_and_never_to_the_result(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    through(tmp_path / "take.mp4")
    with_key = {asked.path.split("/")[1] for asked in server.asked if FakePlain.key in str(asked.headers)}
    assert with_key == {"plain"} and any(asked.path.startswith("/output") for asked in server.asked)


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
    ],
)
def test_each_answer_to_the_create_request_has_its_kind_and_is_never_sent_twice(
    serve: Serve, tmp_path: Path, failure: FailureMode, kind: Kind
) -> None:
    server = serve(failure)
    with pytest.raises(ProviderError) as caught:
        through(tmp_path / "take.mp4")
    assert caught.value.kind == kind and server.created == 1
    assert FakePlain.key not in str(caught.value) and caught.value.hint
    assert len(server.jobs) == (failure in BOUGHT)


@pytest.mark.parametrize("status", [302, 408, 409, 500, 502, 529])
def test_an_answer_that_may_hide_an_accepted_request_is_unclear(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    class Unclear(FakePlain):
        def answer(self, asked: Asked) -> Answer:
            return Answer(status, {"message": "hm"}, headers={"Location": "/plain/elsewhere"})

    async def sent() -> None:
        engine = Plain()
        try:
            await engine.submit(ASKED, reference="r")
        finally:
            await engine.close()

    with ProviderServer(Unclear) as server, server.reachable(monkeypatch):
        with pytest.raises(ProviderError) as caught:
            asyncio.run(sent())
        assert caught.value.kind == "unknown_submit" and len(server.asked) == 1


def test_no_connection_is_not_an_unclear_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLAIN_KEY", "x" * 20)
    monkeypatch.setenv("PLAIN_URL", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(ProviderError) as caught:
        through(tmp_path / "take.mp4")
    assert caught.value.kind == "provider_fault"


@pytest.mark.parametrize("failure", ["expired_once", "broken_download"])
def test_a_result_is_asked_for_until_it_is_there(serve: Serve, tmp_path: Path, failure: FailureMode) -> None:
    server = serve(failure)
    assert through(tmp_path / "take.mp4").file.is_file() and server.created == 1


@pytest.mark.parametrize(("failure", "code"), [("expired", "result.expired"), ("not_a_video", "provider.bad_result")])
def test_a_result_that_cannot_be_had_leaves_nothing_behind(
    serve: Serve, tmp_path: Path, failure: FailureMode, code: str
) -> None:
    serve(failure)
    with pytest.raises(VidgenError) as caught:
        through(tmp_path / "take.mp4")
    assert caught.value.code == code and list(tmp_path.iterdir()) == []


def test_a_missing_key_is_said_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLAIN_KEY", raising=False)
    assert Plain().available() == "set PLAIN_KEY"
    with pytest.raises(MissingError, match="PLAIN_KEY"):
        Plain().api()


@pytest.mark.parametrize(
    "address", ["http://api.example.com", "ftp://127.0.0.1", "https://", "https://me:secret@api.example.com", "nonsense"]
)
def test_addresses_are_https_or_this_machine(address: str) -> None:
    with pytest.raises(InputError) as caught:
        Address(address, "PLAIN_URL")
    assert "secret" not in caught.value.message and "PLAIN_URL" in caught.value.message
    assert Address("http://127.0.0.1:8000/v1", "x").local and not Address("https://api.example.com", "x").local


@pytest.mark.parametrize(
    "url", ["http://cdn.example.com/a.mp4", "https://127.0.0.1/a.mp4", "https://10.0.0.7/a.mp4", "https://169.254.169.254/x"]
)
def test_results_come_from_public_https_addresses(url: str, tmp_path: Path) -> None:
    api = Api("Plain", Address("https://api.example.com", "built in"), dict, lambda status, body: "bad_request")
    with pytest.raises(ProviderError, match="not a public https address"):
        asyncio.run(fetch_result(api, url, tmp_path / "a.mp4"))


def test_an_address_on_another_host_is_never_asked_with_the_key() -> None:
    api = Api("Plain", Address("https://api.example.com/v1", "built in"), dict, lambda status, body: "bad_request")
    with pytest.raises(ProviderError, match="another host"):
        asyncio.run(api.get("https://evil.example.net/v1/jobs/1"))


def test_secrets_are_taken_out_of_a_providers_words() -> None:
    api = Api("Plain", Address("https://x.example.com", "x"), dict, lambda status, body: "auth", secrets=("hunter2hunter2",))
    told = api.refusal(401, {"error": {"message": "no such key hunter2hunter2; sent Bearer abcdefgh12345"}})
    assert "hunter2" not in told.message and "abcdefgh" not in told.message and told.exit_code == 3


def test_a_clip_that_is_too_short_is_kept_and_said(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    made = through(tmp_path / "take.mp4", replace(ASKED, request=replace(ASKED.request, frames=144)))
    assert made.file.read_bytes() == server.clip(server.jobs[0])
    assert "take.held" in [code for code, _ in made.notices]
