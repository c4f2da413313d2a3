"""Takes of previz are drawn in processes of their own where there is much to draw, so that every core works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from provider_failures import take
from support import Film, Vidgen, load, started_with
from vidgen.cluster.work import TakeWork
from vidgen.engines.previz import Previz
from vidgen.errors import InputError, ProcessingError
from vidgen.media.frames import read_frames
from vidgen.render.runners import processes
from vidgen.takes.request import Inputs

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes hand on sockets here only")

SHOTS = ("{id: a, scene: calm sea, candidates: 2}", "{id: b, scene: a woman walks, continue_from: a}")
LONG = "{{scene: a city in rain, duration: 5s, candidates: {}}}"
"""Enough to draw that processes pay."""


def start(board: Path, home: Path) -> subprocess.Popen[bytes]:
    """A render in a process of its own, once it draws."""
    board.write_text(board.read_text().replace("96x54", "640x360").replace("fps: 12", "fps: 24"))
    command = [sys.executable, "-m", "vidgen", "render", str(board), "--engine", "previz", "--jobs", "2", "--json"]
    events = board.with_suffix(".events")
    with events.open("wb") as log:
        run = subprocess.Popen(command, stdout=log, stderr=log, cwd=board.parent, env={**os.environ, "VIDGEN_HOME": str(home)})
    while b"take.progress" not in events.read_bytes() and run.poll() is None:
        time.sleep(0.05)
    return run


def assert_nothing_is_left(home: Path) -> None:
    until = time.monotonic() + 5 * load()
    while (left := started_with(str(home))) and time.monotonic() < until:
        time.sleep(0.1)
    assert left == []


def test_the_film_is_the_same_wherever_it_is_drawn(
    film: Film, vidgen: Vidgen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = film(*SHOTS)
    assert vidgen("render", board, "--engine", "previz", "-o", "here.mp4", "--work", "here").code == 0
    monkeypatch.setattr(processes, "MUCH", 0.0)
    there = vidgen("render", board, "--engine", "previz", "-o", "there.mp4", "--work", "there", "--json")
    assert there.code == 0, there.err
    pairs = zip(read_frames(tmp_path / "here.mp4"), read_frames(tmp_path / "there.mp4"), strict=True)
    assert all((one == other).all() for one, other in pairs)
    again = vidgen("render", board, "--engine", "previz", "-o", "there.mp4", "--work", "here", "--json")
    assert all(shot["missing"] == 0 for shot in again.data["shots"]), "they are the same takes"


def test_a_short_film_starts_no_process(film: Film, vidgen: Vidgen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes.Processes, "do", None)
    assert vidgen("render", film(*SHOTS), "--engine", "previz").code == 0


def test_a_fault_is_told_as_where_there_are_no_processes(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    broken_take = take("previz", inputs=Inputs(start_frame=broken))
    work = TakeWork.of(Previz(), [broken_take], None)
    with processes.Processes() as pool, pytest.raises(InputError, match=r"broken\.png") as elsewhere:
        pool.do(work, [tmp_path / "out.mp4"], lambda event: None, lambda: False)
    with pytest.raises(InputError) as here:
        Previz().generate(broken_take, tmp_path / "out.mp4")
    assert (elsewhere.value.code, elsewhere.value.message) == (here.value.code, here.value.message)


def test_ctrl_c_ends_all_processes_within_seconds(film: Film, tmp_path: Path) -> None:
    run = start(film(LONG.format(4)), tmp_path / "home")
    began = time.monotonic()
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 130
    assert time.monotonic() - began < 3 * load()
    assert_nothing_is_left(tmp_path / "home")
    assert not list(tmp_path.rglob("*.part*"))


def test_processes_end_with_a_run_that_is_killed(film: Film, tmp_path: Path) -> None:
    run = start(film(LONG.format(4)), tmp_path / "home")
    run.kill()
    run.wait()
    assert_nothing_is_left(tmp_path / "home")


def test_a_process_that_is_killed_costs_no_take(film: Film, tmp_path: Path) -> None:
    board = film(LONG.format(4))
    run = start(board, tmp_path / "home")
    kill_a_worker(run.pid)
    events = board.with_suffix(".events")
    while events.read_bytes().count(b"take.done") < 2 and run.poll() is None:
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 130
    assert "take.failed" not in events.read_text()


def test_work_that_takes_its_process_down_each_time_is_given_up(tmp_path: Path) -> None:
    killing = threading.Thread(target=lambda: [kill_a_worker(os.getpid()) for _ in range(3)])
    work = TakeWork.of(Previz(), [take("previz", frames=240, width=1280, height=720)], None)
    killing.start()
    with processes.Processes() as pool, pytest.raises(ProcessingError, match="ended 3 times: it was killed, as happens"):
        pool.do(work, [tmp_path / "out.mp4"], lambda event: None, lambda: False)
    killing.join()


def kill_a_worker(parent: int) -> None:
    """kill -9 of a process that draws, once there is one."""
    while not (found := [pid for pid in children(parent) if b"cluster.worker" in command_of(pid)]):
        time.sleep(0.02)
    os.kill(found[0], signal.SIGKILL)
    while command_of(found[0]):
        time.sleep(0.01)


def command_of(pid: int) -> bytes:
    """Empty for a process that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def children(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
