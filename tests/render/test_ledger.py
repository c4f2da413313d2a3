"""What was bought is listed, and a purchase of unknown fate is settled by a person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support import Vidgen
from vidgen.engines.registry import engine_added
from vidgen.testing import ScriptedRemote

SHOT = "{id: s1, scene: a lighthouse, engine: scripted}"


@pytest.fixture
def provider(tmp_path: Path) -> Path:
    return tmp_path / "provider"


def bought(vidgen: Vidgen, board: Path, provider: Path, *moods: str) -> int:
    with engine_added("scripted", lambda: ScriptedRemote(provider, moods=moods)):  # type: ignore[arg-type]
        return vidgen("render", board, "--yes", "--json").code


def test_every_paid_take_is_listed_with_its_cost(vidgen: Vidgen, film: Callable[..., Path], provider: Path) -> None:
    board = film(SHOT)
    assert vidgen("takes", "list", board, "--json").data["takes"] == []
    assert bought(vidgen, board, provider, "ok") == 0
    data = vidgen("takes", "list", board, "--json").data
    (row,) = data["takes"]
    assert (row["shot"], row["take"], row["engine"], row["state"]) == ("s1", 1, "scripted", "done")
    assert data["spent_usd"] == row["actual_usd"] == pytest.approx(0.3)
    assert "0.30" in vidgen("takes", "list", board).out


def test_a_lost_answer_is_settled_with_the_job_that_was_found(
    vidgen: Vidgen, film: Callable[..., Path], provider: Path
) -> None:
    board = film(SHOT)
    assert bought(vidgen, board, provider, "unknown") == 4
    assert bought(vidgen, board, provider, "ok") == 4  # never sent again by itself
    assert "resolve" in vidgen("takes", "list", board).out
    assert vidgen("takes", "resolve", board, 1, "--job", "mistyped").code == 0
    assert bought(vidgen, board, provider, "ok") == 4
    (job,) = ScriptedRemote(provider).jobs()
    ScriptedRemote(provider)._save({**job, "mood": "ok"})
    assert vidgen("takes", "resolve", board, 1, "--job", job["id"]).code == 0
    assert bought(vidgen, board, provider, "ok") == 0
    assert ScriptedRemote(provider).created == 1


def test_one_job_is_not_two_takes(vidgen: Vidgen, film: Callable[..., Path], provider: Path) -> None:
    board = film(SHOT[:-1] + ", candidates: 2}")
    bought(vidgen, board, provider, "ok", "unknown")
    done, unknown = vidgen("takes", "list", board, "--json").data["takes"]
    assert (done["state"], unknown["state"]) == ("done", "unknown")
    ran = vidgen("takes", "resolve", board, unknown["number"], "--job", done["job"])
    assert ran.code == 2 and "attempt 1" in ran.err


def test_a_request_that_was_never_accepted_may_be_sent_again(vidgen: Vidgen, film: Callable[..., Path], provider: Path) -> None:
    board = film(SHOT)
    assert bought(vidgen, board, provider, "unknown") == 4
    assert vidgen("takes", "resolve", board, 1, "--lost").code == 0
    assert bought(vidgen, board, provider, "ok") == 0
    assert ScriptedRemote(provider).created == 2


def test_nothing_else_can_be_settled(vidgen: Vidgen, film: Callable[..., Path], provider: Path) -> None:
    board = film(SHOT)
    assert bought(vidgen, board, provider, "ok") == 0
    for arguments in ((1, "--lost"), (7, "--lost"), (1,), (1, "--lost", "--job", "x"), (1, "--job", "")):
        ran = vidgen("takes", "resolve", board, *arguments, "--json")
        assert ran.code == 2 and ran.envelope["error"]["message"]
