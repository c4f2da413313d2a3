"""A person's pick wins until the shot's request changes; what becomes of it is said in plain words."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import Film, Ran, Vidgen
from vidgen.takes.lockfile import Pick, read_lock, write_lock
from vidgen.testing import ScriptedRemote, engine_added

PAIR = "{id: a, scene: sea, engine: scripted, candidates: 2}"


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[ScriptedRemote]:
    remote = ScriptedRemote(tmp_path / "provider", price=0.1)
    with engine_added("scripted", lambda: remote):
        yield remote


@pytest.fixture
def board(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> Path:
    """A film of one shot with two takes, the second of which a person has pinned."""
    file = film(PAIR)
    assert vidgen("render", file, "--yes").code == 0
    assert vidgen("pick", file, "a", 2).code == 0
    return file


def pick_of(board: Path) -> Pick:
    return read_lock(board.with_suffix(".lock.yaml"))["a"]


def told(ran: Ran, code: str) -> list[str]:
    return [row["message"] for row in ran.envelope["warnings"] if row["code"] == code]


def test_a_pinned_take_stays_in_the_film_beside_new_ones(vidgen: Vidgen, board: Path) -> None:
    asked = vidgen("render", board, "--regenerate", "a", "--json")  # nobody consents, but the words come first
    ran = vidgen("render", board, "--regenerate", "a", "--yes", "--json")
    (shot,) = ran.data["shots"]
    assert (shot["picked"], [take["take"] for take in shot["takes"]]) == (2, [2, 3, 4])
    assert all(Path(take["file"]).is_file() for take in shot["takes"])
    assert asked.code == 5 and told(asked, "pick.kept") == told(ran, "pick.kept")
    assert told(ran, "pick.missing") == [] and (pick_of(board).take, pick_of(board).by) == (2, "person")
    (words,) = told(ran, "pick.kept")
    assert "take 2 is picked in film.lock.yaml and stays in the film; takes 3 and 4 will be new" in words
    assert vidgen(*shlex.split(re.findall("vidgen .*", words)[0])[1:]).code == 0
    assert vidgen("render", board, "--json").data["shots"][0]["picked"] == 3


def test_a_pinned_take_that_is_lost_gives_way_to_new_ones_and_that_is_said(
    vidgen: Vidgen, board: Path, provider: ScriptedRemote
) -> None:
    (file,) = [Path(take["file"]) for take in vidgen("render", board, "--json").data["shots"][0]["takes"] if take["take"] == 2]
    file.unlink()
    for job in provider.jobs():
        provider._save({**job, "failure": "expired"})
    ran = vidgen("render", board, "--regenerate", "a", "--yes", "--json")
    assert told(ran, "pick.kept") == []
    assert told(ran, "pick.missing") == [
        "take 2 is picked in film.lock.yaml, but it is not in the store any more; the best of the new takes is used"
    ]
    assert ran.data["shots"][0]["picked"] in (3, 4) and pick_of(board).by == "auto"


def test_a_pick_of_a_take_that_is_not_there_says_which_file_and_which_takes_there_are(
    vidgen: Vidgen, board: Path, provider: ScriptedRemote
) -> None:
    write_lock(board.with_suffix(".lock.yaml"), {"a": Pick(pick_of(board).request_key, 7, "person")})
    ran = vidgen("render", board, "--json")
    assert ran.code == 5 and provider.created == 2
    assert told(ran, "pick.missing") == [
        "film.lock.yaml picks take 7, which is not in the store (there are 2 takes: 1 and 2); it is to be made"
    ]
    assert vidgen("render", board, "--yes", "--json").data["shots"][0]["picked"] == 7


def test_a_pick_outlasts_a_run_in_which_its_take_fails(vidgen: Vidgen, board: Path, provider: ScriptedRemote) -> None:
    write_lock(board.with_suffix(".lock.yaml"), {"a": Pick(pick_of(board).request_key, 7, "person")})
    provider.failure_modes = ("fail",)
    ran = vidgen("render", board, "--yes", "--json")
    assert ran.code == 0 and ran.data["shots"][0]["picked"] in (1, 2)
    assert "film.lock.yaml picks take 7, which is not there (there are 2 takes: 1 and 2)" in told(ran, "pick.missing")[-1]
    assert (pick_of(board).take, pick_of(board).by) == (7, "person")


def test_a_shot_that_gets_another_id_keeps_its_pinned_take(vidgen: Vidgen, board: Path, provider: ScriptedRemote) -> None:
    board.write_text(board.read_text().replace("id: a,", "id: opening,"))
    ran = vidgen("render", board, "--json")
    (shot,) = ran.data["shots"]
    assert (shot["picked"], shot["picked_by"], provider.created) == (2, "person", 2)
    assert read_lock(board.with_suffix(".lock.yaml"))["opening"].by == "person"


def test_a_second_shot_of_the_same_words_does_not_take_the_pin_of_the_first(vidgen: Vidgen, film: Film, board: Path) -> None:
    board.write_text(film(PAIR, PAIR.replace("id: a", "id: b")).read_text())
    first, second = vidgen("render", board, "--json").data["shots"]
    assert (first["picked_by"], second["picked_by"]) == ("person", "auto")


def test_why_a_shot_is_made_anew_is_said_where_the_one_before_it_ends_elsewhere_now(
    vidgen: Vidgen, film: Film, provider: ScriptedRemote
) -> None:
    assert vidgen("shot", "a calm sea", "-o", "own.mp4", "--duration", "3", "--resolution", "96x64").code == 0
    board = film("{id: a, clip: own.mp4, duration: 2s}", "{id: b, scene: shore, engine: scripted, continue_from: a}")
    assert vidgen("render", board, "--yes").code == 0
    board.write_text(board.read_text().replace("duration: 2s", "duration: 3s"))
    (reason,) = told(vidgen("render", board, "--dry-run", "--json"), "take.not_covering")
    assert reason == "takes are at hand, but they go on from another picture than the one that a ends with now"
