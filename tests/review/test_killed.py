"""The review server is killed at any moment: what it answered is on disk, and no file is half written."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from conftest import SMALL
from vidgen.app.render import RenderOptions, render_film
from vidgen.takes.lockfile import read_lock
from vidgen.takes.remarks import read_remarks

SEA = "{id: sea, scene: calm sea, candidates: 2, duration: 12f, trim: {duration: 6f}}"
HILL = "{id: hill, scene: green hill, duration: 12f}"
KILLS = int(os.environ.get("VIDGEN_TEST_KILLS", "6"))
"""``VIDGEN_TEST_KILLS=50 pytest tests/review/test_killed.py`` kills it more often."""


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("killed") / "film.yaml"
    file.write_text(f"{SMALL}shots:\n  - {SEA}\n  - {HILL}\n")
    render_film(file, RenderOptions(output=file.with_suffix(".mp4")))
    return file


class Person:
    """Decides one thing after the other, and remembers what was answered."""

    def __init__(self, port: int, token: str, first: int) -> None:
        self.port, self.token, self.next = port, token, first
        self.answered: list[tuple[str, int]] = []
        self.asked: tuple[str, int] | None = None

    def work(self) -> None:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            self._decide(connection)

    def _decide(self, connection: http.client.HTTPConnection) -> None:
        """Decide until nobody answers any more."""
        while True:
            number = self.next
            self.next += 1
            for kind, body in (
                ("pick", {"shot": "sea", "take": 1 + number % 2}),
                ("trim", {"shot": "sea", "start_frame": number % 7}),
                ("note", {"shot": "sea", "text": f"n{number}"}),
                ("reject", {"shot": "hill", "take": 1, "reason": f"r{number}"}),
            ):
                self.asked = (kind, number)
                try:
                    headers = {"Authorization": f"Bearer {self.token}"}
                    connection.request("POST", f"/api/{kind}", json.dumps(body), headers)
                    answer = connection.getresponse()
                    answer.read()
                except (OSError, http.client.HTTPException):
                    return
                assert answer.status == 200
                self.answered.append((kind, number))
                self.asked = None


def check(board: Path, person: Person) -> None:
    """Every decision that was answered is there; the one that was under way is there or not."""
    remarks = read_remarks(board.parent / ".vidgen/film")
    notes = {note.text for note in remarks.notes}
    assert {f"n{number}" for kind, number in person.answered if kind == "note"} <= notes
    for kind, found in (("reject", remarks.rejections[-1].reason if remarks.rejections else ""),):
        last = max((number for one, number in person.answered if one == kind), default=None)
        assert last is None or found in (f"r{last}", f"r{last + 1}")
    pick = read_lock(board.with_name("film.lock.yaml"))["sea"]
    found = (pick.by, pick.take, pick.trim)
    decided = [one for one in person.answered if one[0] in ("pick", "trim")]
    under_way = [person.asked] if person.asked and person.asked[0] in ("pick", "trim") else []
    if decided:
        assert found in (state_after(decided), state_after([*decided, *under_way]))


def state_after(decisions: list[tuple[str, int]]) -> tuple[str, int, int | None]:
    kind, number = decisions[-1]
    return ("person", 1 + number % 2, number % 7 if kind == "trim" else None)


def test_a_server_that_is_killed_at_any_moment_loses_nothing(board: Path) -> None:
    chance, first = random.Random(5), 0
    for _ in range(KILLS):
        argv = [sys.executable, "-m", "vidgen", "review", str(board), "--serve"]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ})
        assert process.stdout
        address, _, token = process.stdout.readline().strip().partition("/?token=")
        person = Person(int(address.rpartition(":")[2]), token, first)
        working = threading.Thread(target=person.work)
        working.start()
        time.sleep(chance.uniform(0.1, 1.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        working.join()
        check(board, person)
        first = person.next
