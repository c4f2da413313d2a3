"""What a provider may do to a job that is paid for, and that nothing of it is lost, hidden, or paid again."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from provider_failures import playing
from support import Film, Vidgen
from vidgen.engines.cloud.failures import ProviderError
from vidgen.errors import Cancelled
from vidgen.network.addresses import why_not_public
from vidgen.render.runners.waiting import cancellable
from vidgen.takes.journal import Journal
from vidgen.takes.request import TakeRequest
from vidgen.takes.store import TakeStore
from vidgen.testing import ScriptedRemote, engine_added
from vidgen.testing.providers import Asked
from vidgen.testing.providers.luma import FakeLuma
from vidgen.testing.providers.runway import FakeRunway
from vidgen.testing.providers.server import Answer

RUNWAY = "{id: a, scene: sea, engine: runway}"
SCRIPTED = "{id: a, scene: sea, engine: scripted}"


class Task(FakeRunway):
    """Runway, but what it says of a task is changed by ``change``."""

    change: dict[str, Any] = {}

    def answer(self, asked: Asked) -> Answer | None:
        given = super().answer(asked)
        if (
            given
            and asked.method == "GET"
            and isinstance(given.json, dict)
            and given.json.get("status") in ("SUCCEEDED", "FAILED")
        ):
            return Answer(json={**given.json, **self.change})
        return given


def test_an_odd_answer_to_a_poll_does_not_end_a_paid_job(monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film) -> None:
    class Odd(FakeRunway):
        odd = True

        def answer(self, asked: Asked) -> Answer | None:
            if asked.method == "GET" and Odd.odd:
                return Answer(400, {"error": "try later"})
            return super().answer(asked)

    with playing(monkeypatch, Odd) as server:
        board = film(RUNWAY)
        error = vidgen("render", board, "--yes", "--json").envelope["error"]
        assert error["code"] == "provider.bad_request" and "regenerate" not in error["hint"]
        Odd.odd = False
        assert vidgen("render", board, "--yes", "--regenerate", "a").code == 0
        assert server.created == 1


def test_what_a_failed_job_cost_counts(monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film) -> None:
    class Costly(Task):
        change = {"cost": {"credits": 36}}

    with playing(monkeypatch, Costly, failure_modes=("fail",)):
        board = film(RUNWAY)
        assert vidgen("render", board, "--yes").code == 4
        assert vidgen("takes", "list", board, "--json").data["spent_usd"] == pytest.approx(0.36)


def test_a_key_that_a_provider_repeats_is_shown_nowhere(
    monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film, tmp_path: Path
) -> None:
    class Echo(Task):
        change = {"failure": f"no: Bearer {FakeRunway.key} and {FakeRunway.key}"}

    with playing(monkeypatch, Echo, failure_modes=("fail",)):
        ran = vidgen("render", film(RUNWAY), "--yes", "--json")
    assert ran.code == 4 and "[key]" in ran.out and FakeRunway.key not in ran.out + ran.err
    assert FakeRunway.key.encode() not in (tmp_path / ".vidgen" / "film" / "journal.db").read_bytes()


@pytest.mark.parametrize("key", ["first-half\nsecond-half", "‘quoted-key’"])
def test_a_key_that_cannot_be_one_is_said_and_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film, key: str
) -> None:
    with playing(monkeypatch, FakeRunway) as server:
        monkeypatch.setenv("RUNWAYML_API_SECRET", key)
        ran = vidgen("render", film(RUNWAY), "--yes", "--json")
        assert ran.code == 3 and ran.envelope["error"]["code"] == "provider.auth" and server.asked == []
        assert "half" not in ran.out + ran.err and "quoted" not in ran.out + ran.err


def test_the_kind_of_a_failed_job_gives_its_code_and_hint(monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film) -> None:
    class Empty(FakeLuma):
        def answer(self, asked: Asked) -> Answer | None:
            given = super().answer(asked)
            if given and isinstance(given.json, dict) and given.json.get("state") == "failed":
                return Answer(json={**given.json, "failure_code": "budget_exhausted", "failure_reason": "no credit"})
            return given

    with playing(monkeypatch, Empty, failure_modes=("fail",)):
        error = vidgen("render", film("{id: a, scene: sea, engine: luma}"), "--yes", "--json").envelope["error"]
    assert error["code"] == "provider.quota" and error["hint"].startswith("top up")


@pytest.mark.parametrize("address", ["https://[bad/x", "https://host\0/x"])
def test_an_address_that_cannot_be_read_is_the_providers_fault(
    monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film, address: str
) -> None:
    class Bad(Task):
        change = {"output": [address]}

    with playing(monkeypatch, Bad):
        envelope = vidgen("render", film(RUNWAY), "--yes", "--json").envelope
    assert envelope["exit_code"] == 4 and envelope["error"]["code"] == "provider.fault"


def test_a_paid_clip_that_is_none_can_be_made_anew_or_given_up(
    monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film
) -> None:
    with playing(monkeypatch, FakeRunway, failure_modes=("not_a_video", "not_a_video", "ok")) as server:
        board = film(RUNWAY)
        error = vidgen("render", board, "--yes", "--json").envelope["error"]
        assert error["code"] == "provider.bad_result" and "--regenerate" in error["hint"]
        assert vidgen("render", board, "--yes").code == 4 and server.created == 1
        assert vidgen("render", board, "--yes", "--regenerate", "a").code == 4 and server.created == 2
        (row, _) = vidgen("takes", "list", board, "--json").data["takes"][::-1]
        assert vidgen("takes", "resolve", board, row["number"], "--lost").code == 0
        assert vidgen("render", board, "--yes").code == 0 and server.created == 3
        assert vidgen("takes", "list", board, "--json").data["spent_usd"] == pytest.approx(3 * 0.36)


def test_a_request_that_could_not_leave_is_sent_when_it_can(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    class Unplugged(ScriptedRemote):
        tries = 0

        async def submit(self, take: TakeRequest, *, reference: str) -> str:
            Unplugged.tries += 1
            if Unplugged.tries < 3:
                raise ProviderError("provider_fault", self.name, "no connection", unsent=True)
            return await super().submit(take, reference=reference)

    with engine_added("scripted", lambda: Unplugged(tmp_path / "provider")):
        assert vidgen("render", film(SCRIPTED), "--yes").code == 0
    assert ScriptedRemote(tmp_path / "provider").created == 1


def test_a_stop_takes_effect_while_a_result_is_on_its_way() -> None:
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        asyncio.run(cancellable(asyncio.sleep(30), stop))
    assert time.monotonic() - began < 5


def test_a_job_id_that_cannot_be_journaled_is_told(
    monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film, tmp_path: Path
) -> None:
    board = film(SCRIPTED)
    Journal(tmp_path / ".vidgen" / "film")
    with closing(sqlite3.connect(tmp_path / ".vidgen" / "film" / "journal.db")) as db, db:
        full = "CREATE TRIGGER full BEFORE UPDATE ON attempts WHEN NEW.state = 'submitted'"
        db.execute(f"{full} BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    remote = ScriptedRemote(tmp_path / "provider")
    with engine_added("scripted", lambda: remote):
        error = vidgen("render", board, "--yes", "--json").envelope["error"]
        (job,) = remote.jobs()
        assert job["id"] in error["message"] and f"takes resolve {board} 1 --job {job['id']}" in error["hint"]
        with closing(sqlite3.connect(tmp_path / ".vidgen" / "film" / "journal.db")) as db, db:
            db.execute("DROP TRIGGER full")
        assert vidgen("takes", "list", board, "--json").data["unsettled"] == 1
        assert vidgen("takes", "resolve", board, 1, "--job", job["id"]).code == 0
        assert vidgen("render", board, "--yes").code == 0 and remote.created == 1


def test_a_journal_that_cannot_be_opened_is_named(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    (tmp_path / ".vidgen" / "film" / "journal.db").mkdir(parents=True)
    with engine_added("scripted", lambda: ScriptedRemote(tmp_path / "provider")):
        ran = vidgen("render", film(SCRIPTED), "--yes", "--json")
    assert ran.code == 4 and "journal.db cannot be read or written" in ran.envelope["error"]["message"]


def test_half_downloads_of_dead_runs_are_cleared_away(tmp_path: Path) -> None:
    store = TakeStore(tmp_path, journal=Journal(tmp_path))
    incoming = tmp_path / "incoming"
    incoming.mkdir(exist_ok=True)
    leftovers = [incoming / f"{'a' * 16}.999999999.mp4{end}" for end in (".download", ".download.tail.mp4")]
    for file in leftovers:
        file.write_bytes(b"half")
    store.sweep()
    assert not any(file.exists() for file in leftovers)


@pytest.mark.parametrize("host", ["127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:10.0.0.1", "ff02::1", "169.254.1.1"])
def test_results_are_not_fetched_from_private_addresses_however_they_are_written(host: str) -> None:
    written = f"[{host}]" if ":" in host else host
    for proxied in (False, True):
        assert asyncio.run(why_not_public(f"https://{written}/clip.mp4", proxied=proxied))
    assert asyncio.run(why_not_public("https://8.8.8.8/clip.mp4", proxied=False)) is None
