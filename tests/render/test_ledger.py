"""What was bought is listed, and a purchase of unknown fate is settled by a person."""

from __future__ import annotations

import re
import shlex
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


def bought(vidgen: Vidgen, board: Path, provider: Path, *failure_modes: str) -> int:
    with engine_added("scripted", lambda: ScriptedRemote(provider, failure_modes=failure_modes)):  # type: ignore[arg-type]
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
    ScriptedRemote(provider)._save({**job, "failure": "ok"})
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


@pytest.mark.parametrize("name", ["film.yaml", "it's my $film.yaml", "-film.yaml"])
def test_a_lost_answer_comes_with_command_lines_that_work_as_they_stand(
    vidgen: Vidgen, film: Callable[..., Path], provider: Path, name: str
) -> None:
    film(SHOT, name=name)
    board = f"./{name}" if name.startswith("-") else name
    with engine_added("scripted", lambda: ScriptedRemote(provider, failure_modes=["unknown"])):
        hints = [vidgen("render", board, "--yes", "--json").envelope["error"]["hint"] for _ in range(2)]
    for hint in hints:  # of the run that lost it, and of the next
        found, lost, anew = re.findall("vidgen [^;]*", hint)
        assert shlex.split(found)[1:3] == ["takes", "resolve"] and found.endswith("1 --job ID")
        assert shlex.split(anew)[-2:] == ["--regenerate", "s1"]
    assert vidgen(*shlex.split(lost)[1:]).code == 0
    assert vidgen("takes", "list", board, "--json").data["takes"][0]["state"] == "failed"


def test_a_clip_without_a_storyboard_has_such_command_lines_too(vidgen: Vidgen, provider: Path) -> None:
    line = ("shot", "a lake", "--engine", "scripted", "--resolution", "96x54", "--fps", "12", "-o", "my lake.mp4", "--json")
    with engine_added("scripted", lambda: ScriptedRemote(provider, failure_modes=["unknown", "ok"])):
        hint = vidgen(*line).envelope["error"]["hint"]
        assert "--regenerate" not in hint  # which vidgen shot has not
        assert vidgen(*shlex.split(re.findall("vidgen [^;]*", hint)[1])[1:]).code == 0
        assert vidgen(*line).code == 0


@pytest.mark.parametrize("work", [None, "odd dir"])
def test_a_job_whose_result_cannot_be_used_is_listed_as_such(
    vidgen: Vidgen, film: Callable[..., Path], provider: Path, work: str | None
) -> None:
    board, more = film(SHOT), ("--work", work) if work else ()
    with engine_added("scripted", lambda: ScriptedRemote(provider, failure_modes=["expired", "ok"])):
        hint = vidgen("render", board, "--yes", "--json", *more).envelope["error"]["hint"]
        (row,) = vidgen("takes", "list", board, "--json", *more).data["takes"]
        assert row["state"] == "undelivered" and "is gone" in row["words"] and row["cost_usd"] == pytest.approx(0.3)
        assert "1: undelivered: scripted: the result of" in vidgen("takes", "list", board, *more).out
        give_up, _ = re.findall("vidgen [^;]*", hint)
        assert vidgen(*shlex.split(give_up)[1:]).code == 0
        assert vidgen("render", board, "--yes", *more).code == 0
    states = [row["state"] for row in vidgen("takes", "list", board, "--json", *more).data["takes"]]
    assert states == ["failed", "done"]


@pytest.mark.parametrize("board", ["", ".", "..", "/"])
def test_a_folder_is_no_storyboard(board: str, vidgen: Vidgen) -> None:
    for command in (("takes", "list", board), ("takes", "resolve", board, "1", "--lost")):
        assert vidgen(*command, "--json").envelope["error"]["code"] == "storyboard.not_found"
