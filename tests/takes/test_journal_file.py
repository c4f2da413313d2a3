"""A journal of which something was lost is refused: taken for a new one, it would let paid jobs be bought again."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from vidgen.errors import InputError, ProcessingError
from vidgen.takes.journal import Journal
from vidgen.takes.request import TakeRequest


def as_a_new_database(file: Path) -> None:
    """What tools leave that copy tables: a sound database with nothing in it."""
    with closing(sqlite3.connect(file)) as db:
        db.executescript("DROP TABLE attempts; DROP TABLE steps; DROP TABLE notes; PRAGMA user_version = 0; VACUUM")


HARM: dict[str, Callable[[Path], object]] = {
    "emptied": lambda file: file.write_bytes(b""),
    "zeros": lambda file: file.write_bytes(bytes(file.stat().st_size)),
    "cut off": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "a database without tables": as_a_new_database,
    "gone, its rollback file left": lambda file: file.rename(f"{file}-journal"),
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_a_journal_that_lost_its_record_is_no_new_journal(tmp_path: Path, harm: Callable[[Path], object]) -> None:
    Journal(tmp_path)
    harm(tmp_path / "journal.db")
    before = sorted((file.name, file.stat().st_size) for file in tmp_path.iterdir())
    with pytest.raises(InputError) as caught:
        Journal(tmp_path)
    assert caught.value.code == "journal.corrupt" and "restore it from a copy" in caught.value.hint
    assert sorted((file.name, file.stat().st_size) for file in tmp_path.iterdir()) == before


def test_a_new_journal_is_one_file_and_moving_a_damaged_one_away_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch()
    (tmp_path / "journal.db").rename(tmp_path / "damaged.db")
    assert Journal(tmp_path).attempts() == []
    assert sorted(file.name for file in tmp_path.iterdir()) == ["damaged.db", "journal.db"]


def test_a_journal_that_goes_or_is_emptied_while_a_run_has_it_stops_the_run(tmp_path: Path, take: TakeRequest) -> None:
    for harm, code in (("empty", "journal.corrupt"), ("remove", "journal.conflict")):
        journal = Journal(tmp_path / harm)
        {"empty": lambda file: file.write_bytes(b""), "remove": Path.unlink}[harm](journal.path)
        with pytest.raises((InputError, ProcessingError)) as caught:
            journal.reserve(take, request_key="c" * 64, run_id="run", estimated_usd=0.6)
        assert caught.value.code == code
        assert not journal.path.exists() or not journal.path.stat().st_size


def killed_before(step: int, root: Path) -> bool:
    """Make a journal in a child process that is killed before the n-th thing that it does to a file of that name; False where
    it does fewer.
    """
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    left = step

    def hear(event: str, values: tuple[Any, ...]) -> None:
        nonlocal left
        if event in ("open", "os.rename", "os.remove", "sqlite3.connect") and "journal" in str(values[0]):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hear)
    Journal(root)
    os._exit(0)


def test_killed_at_any_step_of_making_it_there_is_a_whole_journal_or_none(tmp_path: Path) -> None:
    steps = 0
    while killed_before(steps, root := tmp_path / str(steps)):
        file = root / "journal.db"
        assert not file.exists() or file.stat().st_size
        assert Journal(root).attempts() == []  # and the next run clears up
        assert [left.name for left in root.iterdir()] == ["journal.db"]
        steps += 1
    assert steps > 3


def test_a_rollback_file_of_a_killed_step_undoes_that_step_and_no_more(tmp_path: Path, take: TakeRequest) -> None:
    first = Journal(tmp_path).reserve(take, request_key="c" * 64, run_id="run", estimated_usd=0.6)
    half = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size=1")
db.execute("BEGIN IMMEDIATE")
db.execute("UPDATE attempts SET state = 'failed', words = ?", ("x" * 100_000,))
db.execute("UPDATE attempts SET words = ?", ("y" * 100_000,))
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", half, str(tmp_path / "journal.db")], check=False)
    assert (tmp_path / "journal.db-journal").stat().st_size
    assert Journal(tmp_path).attempts() == [first]
    assert [file.name for file in tmp_path.iterdir()] == ["journal.db"]
