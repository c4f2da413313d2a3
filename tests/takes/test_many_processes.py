"""What holds when several vidgens work on one project folder, or are killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vidgen.takes.journal import Journal
from vidgen.takes.keys import request_key
from vidgen.takes.request import Generated, TakeRequest
from vidgen.takes.store import TakeStore

START = """
import os, signal, sys, time
from fractions import Fraction
from pathlib import Path
from vidgen.errors import BudgetError, ProcessingError
from vidgen.takes.exclusive import project_lock
from vidgen.takes.journal import Journal
from vidgen.takes.keys import request_key
from vidgen.takes.request import Generated, Order, ShotRequest, TakeRequest
from vidgen.takes.store import TakeStore

root = Path(sys.argv[1])
shot = ShotRequest("s01", "runway", "text_to_video", "a harbour at dawn", 6, Fraction(24), 64, 48, base_seed=7, model="gen4.5")
def take(number): return TakeRequest(shot, number, shot.seed_of(number))
def reserve(number, **more):
    return Journal(root).reserve(take(number), request_key="c" * 64, run_id="run", estimated_usd=1.0, **more)
"""


def start(root: Path, program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", START + program, str(root), *arguments], stdout=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> str:
    return process.communicate(timeout=60)[0].strip()


def test_processes_that_start_together_make_one_journal_and_keep_one_limit(tmp_path: Path) -> None:
    program = """
bought = 0
for number in range(1, 7):
    try:
        reserve(number * 10 + int(sys.argv[2]), limit_usd=5.0)
        bought += 1
    except BudgetError:
        pass
print(bought)
"""
    processes = [start(tmp_path, program, str(index)) for index in range(3)]
    assert sum(int(said(process)) for process in processes) == 5
    assert Journal(tmp_path).spent("run") == 5.0


def test_only_one_of_two_processes_sends_a_take(tmp_path: Path) -> None:
    program = """
try:
    attempt = reserve(1)
    Journal(root).begin(attempt.id)
    print("sent")
except ProcessingError as error:
    print(error.code)
"""
    answers = [said(process) for process in [start(tmp_path, program) for _ in range(3)]]
    assert answers.count("sent") == 1
    assert set(answers) <= {"sent", "journal.conflict", "submit.unknown"}


@pytest.mark.parametrize(
    ("step", "state"),
    [
        ("reserve(1)", "failed"),
        ("j.begin(reserve(1).id)", "unknown"),
        ("j.submitted(j.begin(reserve(1).id).id, 'job-1')", "submitted"),
        ("j.done(j.submitted(j.begin(reserve(1).id).id, 'job-1').id, sha256='ab')", "done"),
    ],
)
def test_whatever_step_a_run_is_killed_after_the_next_run_knows_it(tmp_path: Path, step: str, state: str) -> None:
    process = start(tmp_path, f"j = Journal(root)\n{step}\nos.kill(os.getpid(), signal.SIGKILL)")
    said(process)
    assert process.returncode == -signal.SIGKILL
    journal = Journal(tmp_path)
    journal.recover()
    assert [attempt.state for attempt in journal.attempts()] == [state]


def test_the_project_lock_goes_with_its_process(tmp_path: Path) -> None:
    holder = start(tmp_path, "with project_lock(root):\n    print('held', flush=True)\n    time.sleep(60)")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    asking = "try:\n    with project_lock(root): print('mine')\nexcept ProcessingError as error: print(error.message)"
    assert f"process {holder.pid}" in said(start(tmp_path, asking))
    os.kill(holder.pid, signal.SIGKILL)
    said(holder)
    assert said(start(tmp_path, asking)) == "mine"


def test_two_processes_may_store_the_same_clip_at_once(
    tmp_path: Path, take: TakeRequest, clip: Callable[..., Path], generated: Callable[..., Generated]
) -> None:
    parts = [clip(f"{index}.mp4") for index in range(3)]
    program = """
part = Path(sys.argv[2])
made = Generated(part, {"model": "gen4.5"}, True, 0.5)
order = Order(0.25, "64x48", "24", exact=True)
while time.time() < float(sys.argv[4]): pass
print(TakeStore(root).put(part, take(int(sys.argv[3])), made, request_key=request_key(shot), order=order).file)
"""
    at = str(time.time() + 1.5)
    work = tmp_path / "work"
    running = [start(work, program, str(part), str(number), at) for number, part in enumerate(parts, 1)]
    files = {said(process) for process in running}
    assert len(files) == 1
    assert [found.take for found in TakeStore(work).takes_of(request_key(take.request))] == [1, 2, 3]
