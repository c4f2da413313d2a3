"""The worker process: it may crash, hang, print or fail, and the run goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.support import batch
from vidgen.engines.local import wire
from vidgen.engines.local.host import Host
from vidgen.engines.local.job import Batch, MadeTake
from vidgen.errors import Cancelled, InputError, ProcessingError

TESTS = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def stand_ins_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TESTS), prepend=os.pathsep)


@pytest.fixture
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    kind = getattr(request, "param", "Steady")
    made = Host(runner=f"local.stand_ins:{kind}", silent_s=20 if kind != "Hangs" else 3)
    yield made
    made.close()


def job(tmp_path: Path, steps: int = 3) -> Batch:
    return batch(tmp_path, tmp_path, steps=steps, takes=2)


def test_a_batch_comes_back_with_its_steps(host: Host, tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []
    made = host.make(job(tmp_path), heard.append)
    assert [one.file for one in made] == [tmp_path / "1.mp4", tmp_path / "2.mp4"]
    assert [(message["step"], message["takes"]) for message in heard] == [(1, [1, 2]), (2, [1, 2]), (3, [1, 2])]


def test_one_worker_serves_all_calls(host: Host, tmp_path: Path) -> None:
    pids = {host.make(job(tmp_path))[0].manifest["pid"] for _ in range(3)}
    assert len(pids) == 1 and os.getpid() not in pids


@pytest.mark.parametrize("host", ["Aborts"], indirect=True)
def test_a_crash_is_told_with_the_last_words_and_the_next_call_starts_anew(host: Host, tmp_path: Path) -> None:
    with pytest.raises(ProcessingError, match="SIGABRT.*about to break") as caught:
        host.make(job(tmp_path))
    assert caught.value.code == "local.worker_died"
    host._runner = "local.stand_ins:Steady"
    assert host.make(job(tmp_path))[0].file


def test_a_killed_worker_is_told_too(host: Host, tmp_path: Path) -> None:
    def kill(message: dict[str, Any]) -> None:
        assert host._process is not None
        host._process.send_signal(signal.SIGKILL)

    with pytest.raises(ProcessingError, match="SIGKILL"):
        host.make(job(tmp_path, steps=200), kill)


@pytest.mark.parametrize("host", ["Hangs"], indirect=True)
def test_a_worker_without_a_heartbeat_is_ended(host: Host, tmp_path: Path) -> None:
    with pytest.raises(ProcessingError, match="silent"):
        host.make(job(tmp_path))


@pytest.mark.parametrize("host", ["Prints"], indirect=True)
def test_what_libraries_print_cannot_break_the_protocol(host: Host, tmp_path: Path) -> None:
    assert host.make(job(tmp_path))[1].file == tmp_path / "2.mp4"


@pytest.mark.parametrize("host", ["Fails"], indirect=True)
def test_an_error_of_a_library_is_a_failed_generation_and_the_worker_lives(host: Host, tmp_path: Path) -> None:
    with pytest.raises(ProcessingError, match="RuntimeError: mat1 and mat2") as caught:
        host.make(job(tmp_path))
    assert caught.value.code == "generation.failed"
    assert host._process is not None and host._process.poll() is None


@pytest.mark.parametrize("host", ["Breaks"], indirect=True)
def test_a_worker_whose_gpu_has_gone_wrong_makes_way_for_another(host: Host, tmp_path: Path) -> None:
    with pytest.raises(ProcessingError, match="illegal memory access") as caught:
        host.make(job(tmp_path))
    assert caught.value.code == "local.worker_died"
    host._runner = "local.stand_ins:Steady"
    assert host.make(job(tmp_path))[0].file


def test_cancel_is_heard_between_two_steps(host: Host, tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []
    began = time.monotonic()
    with pytest.raises(Cancelled):
        host.make(job(tmp_path, steps=1000), heard.append, lambda: len(heard) > 2)
    assert time.monotonic() - began < 15
    assert len(heard) < 100
    assert host.make(job(tmp_path))[0].file


def test_two_workers_work_side_by_side(tmp_path: Path) -> None:
    hosts = [Host(runner="local.stand_ins:Steady") for _ in range(2)]
    results: list[list[MadeTake]] = []
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    threads = [
        threading.Thread(target=lambda host=host, folder=folder: results.append(host.make(job(folder, steps=30))))
        for host, folder in zip(hosts, folders, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({made[0].manifest["pid"] for made in results}) == 2
    for host in hosts:
        host.close()


def test_a_worker_ends_with_its_parent() -> None:
    program = (
        "import sys, time; from vidgen.engines.local.host import Host\n"
        "host = Host(runner='local.stand_ins:Steady'); host._start(); print(host._process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while _alive(worker) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _alive(worker)


def test_a_batch_and_its_errors_survive_the_wire(tmp_path: Path) -> None:
    wanted = job(tmp_path)
    assert wire.batch_of(wire.to_values(wanted, Batch)) == wanted
    error = wire.error_of(wire.error_values(InputError("engine.cannot", "no", hint="do", where="here")))
    assert (type(error), error.code, error.hint, error.where) == (InputError, "engine.cannot", "do", "here")


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
