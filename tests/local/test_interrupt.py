"""Ctrl-C while a model works: the run ends within moments, leaves no process, and the next one goes on with what was made."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from local.support import batch
from support import Film
from vidgen.engines.local.host import Host
from vidgen.errors import Cancelled
from vidgen.media.verify import check_video

pytest.importorskip("torch")
pytest.importorskip("diffusers")

TESTS = Path(__file__).parents[1]
MOMENTS_S = 5.0
"""A second or two, on a machine that is busy with other tests."""


class Run:
    """``vidgen render --json`` in a session of its own, as in a terminal: Ctrl-C reaches every process of it."""

    def __init__(self, board: Path) -> None:
        line = [sys.executable, "-m", "vidgen", "render", str(board), "--json"]
        self.process = subprocess.Popen(
            line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=board.parent, start_new_session=True
        )
        self.seen: list[dict[str, Any]] = []

    def until(self, event: str, least: float = 0.0) -> dict[str, Any]:
        """Read on until it tells of that event, and of at least that share where it is one of progress."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.seen.append(json.loads(line))
            if self.seen[-1].get("event") == event and self.seen[-1].get("share", 1) >= least:
                return self.seen[-1]
        raise AssertionError(f"{event} never came: {self.seen[-1]}")

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> float:
        """Stop it as a terminal does; how many seconds it took to end."""
        began = time.monotonic()
        os.killpg(self.process.pid, number)
        self.end()
        return time.monotonic() - began

    def end(self) -> dict[str, Any]:
        """Wait for its end; the envelope."""
        out, _ = self.process.communicate(timeout=120)
        self.seen += [json.loads(line) for line in out.splitlines()]
        return self.seen[-1]

    def told(self, event: str) -> list[str]:
        """The shots that it told this of."""
        return [row["shot"] for row in self.seen if row.get("event") == event]

    def left(self) -> list[int]:
        """Processes of the session that are still there."""
        numbers = [int(place.name) for place in Path("/proc").iterdir() if place.name.isdigit()]
        return [pid for pid in numbers if _session(pid) == self.process.pid]


def _session(pid: int) -> int:
    """The session of a process that is neither gone nor a zombie; 0 for any other."""
    try:
        state, _, _, session = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:4]
    except OSError:
        return 0
    return 0 if state == "Z" else int(session)


def none_left(run: Run) -> bool:
    """Whether all its processes end; an encoder that lost its worker needs a moment."""
    until = time.monotonic() + 3
    while run.left() and time.monotonic() < until:
        time.sleep(0.05)
    return not run.left()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_film_that_is_interrupted_between_steps_ends_at_once_and_goes_on_later(
    number: signal.Signals, code: int, tiny: Callable[[str], Path], film: Film
) -> None:
    keys = f"engine: local, model: {tiny('wan-t2v')}, duration: 1, params: {{steps: 120}}"
    board = film(f"{{id: one, scene: sea, {keys}}}", f"{{id: two, scene: hill, {keys}}}")
    first = Run(board)
    done = first.until("take.done")["shot"]
    other = first.until("take.progress")["shot"]
    assert first.interrupt(number) < MOMENTS_S
    assert (first.process.returncode, first.seen[-1]["error"]["code"]) == (code, "run.interrupted")
    assert none_left(first) and not first.told("take.failed")
    assert not board.with_suffix(".mp4").exists() and not list((board.parent / ".vidgen/film/incoming").iterdir())
    second = Run(board)
    assert second.end()["ok"]
    assert (second.told("take.reused"), second.told("take.done")) == ([done], [other])
    check_video(board.with_suffix(".mp4"), frames=24)


def test_a_film_that_is_interrupted_while_its_model_is_loaded_ends_at_once(tiny: Callable[[str], Path], film: Film) -> None:
    run = Run(film(f"{{id: one, scene: sea, engine: local, model: {tiny('wan-t2v')}, duration: 1, params: {{steps: 2}}}}"))
    run.until("shot.started")
    time.sleep(0.5)
    assert run.interrupt() < MOMENTS_S
    assert run.process.returncode == 130 and none_left(run) and not run.told("take.failed")


def test_candidates_that_were_finished_before_the_interruption_are_kept(
    tiny: Callable[[str], Path], film: Film, home: Path
) -> None:
    home.mkdir(parents=True)
    (home / "config.yaml").write_text("local: {batch: 1}\n")  # one after the other, as where memory is short
    keys = f"engine: local, model: {tiny('wan-t2v')}, duration: 1, candidates: 3, params: {{steps: 100}}"
    board = film(f"{{id: one, scene: sea, {keys}}}")
    first = Run(board)
    first.until("take.progress", 0.4)  # the first of three is done at 0.3
    first.interrupt()
    assert first.process.returncode == 130
    second = Run(board)
    assert second.end()["ok"]
    assert (len(second.told("take.reused")), len(second.told("take.done"))) == (1, 2)


@pytest.fixture
def host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setenv("PYTHONPATH", str(TESTS), prepend=os.pathsep)
    made = Host(runner=f"local.stand_ins:{request.param}")
    yield made
    made.close()


@pytest.mark.parametrize("host", ["Slow"], indirect=True)
def test_neither_a_long_load_nor_a_long_step_is_waited_for(host: Host, tmp_path: Path) -> None:
    work = batch(tmp_path, tmp_path)
    recipe = work.recipe
    for ask in (
        lambda stop: host.prepare(work.load, recipe.family, recipe.revision, [recipe.prompt], stop),
        lambda stop: host.make(work, cancelled=stop),
    ):
        began = time.monotonic()
        with pytest.raises(Cancelled):
            ask(lambda began=began: time.monotonic() - began > 0.5)
        assert time.monotonic() - began < MOMENTS_S


def encoders(out: Path) -> list[Path]:
    """Processes that write that file; encoders are in sessions of their own."""
    found = []
    for place in Path("/proc").iterdir():
        with suppress(OSError):
            found += [place] if str(out).encode() in (place / "cmdline").read_bytes().split(b"\0") else []
    return found


def soon(done: Callable[[], object]) -> bool:
    """Whether it comes true in some seconds."""
    until = time.monotonic() + 10
    while not done() and time.monotonic() < until:
        time.sleep(0.05)
    return bool(done())


@pytest.mark.parametrize("end", ["cancelled", "killed"])
def test_an_encoder_ends_with_the_run_that_started_it(end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work, stop = batch(tmp_path, tmp_path), tmp_path / "stop"
    program = f"""
import pickle
from vidgen.engines.local.host import Host
from pathlib import Path
Host(runner="local.stand_ins:Encodes").make(pickle.loads({pickle.dumps(work)!r}), cancelled=Path({str(stop)!r}).exists)
"""
    monkeypatch.setenv("PYTHONPATH", str(TESTS), prepend=os.pathsep)
    run = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
    assert soon(lambda: encoders(work.takes[0].out))
    run.kill() if end == "killed" else stop.touch()
    run.wait(20)
    assert soon(lambda: not encoders(work.takes[0].out))


@pytest.mark.parametrize("host", ["Steady"], indirect=True)
def test_ctrl_c_does_not_reach_a_worker_that_has_only_just_started(host: Host, tmp_path: Path) -> None:
    host._start()
    assert host._process is not None
    host._process.send_signal(signal.SIGINT)
    pid = host._process.pid
    time.sleep(0.2)
    assert host.make(batch(tmp_path, tmp_path))[0].manifest["pid"] == pid
