"""One clip made by several processes together is the clip that one makes alone; and they live and die as one."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from local.support import batch, shot, takes_of
from vidgen.engines.local import Local
from vidgen.engines.local.host import Host, _shared
from vidgen.errors import Cancelled, InputError, MissingError, ProcessingError
from vidgen.media.frames import read_frames
from vidgen.takes.request import Generated

pytest.importorskip("torch")
pytest.importorskip("diffusers")
Tiny = Callable[[str], Path]
pytestmark = pytest.mark.usefixtures("warm_workers")


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """One group for all tests; the test that kills a member ends it."""
    made = Host("cpu", group=("cpu", "cpu"))
    yield made
    made.close()


def processes(host: Host) -> list[int]:
    """The leader and the other members."""
    assert host._process is not None
    pid = host._process.pid
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def alive(pid: int) -> bool:
    """Whether a process runs (and is not only waiting to be buried)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def frames_of(file: Path) -> np.ndarray:  # type: ignore[type-arg]
    return np.stack(list(read_frames(file)))


@pytest.mark.slow
def test_two_processes_make_the_clip_that_one_makes(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.yaml").write_text("local: {devices: [cpu, cpu], context_parallel: 2}\n")
    takes = takes_of(shot(tiny("wan-t2v")), 2)
    made: dict[str, list[Path]] = {}
    for name, home in (("alone", tmp_path / "empty"), ("together", tmp_path)):
        monkeypatch.setenv("VIDGEN_HOME", str(home))
        made[name] = [tmp_path / f"{name}{take.take}.mp4" for take in takes]
        engine = Local()
        try:
            results = engine.generate_many(takes, made[name])
            assert engine.at_once == 1
        finally:
            engine.close()
        used = {result.manifest["context_parallel"] for result in results if isinstance(result, Generated)}
        assert used == {2 if name == "together" else 1}
    for one, other in zip(*made.values(), strict=True):
        assert np.abs(frames_of(one).astype(int) - frames_of(other).astype(int)).max() <= 1


@pytest.mark.slow
def test_all_members_stop_at_the_same_step_and_go_on_with_the_next_job(host: Host, tiny: Tiny, tmp_path: Path) -> None:
    stop = threading.Event()
    with pytest.raises(Cancelled):
        host.make(batch(tiny("wan-t2v"), tmp_path, steps=500), lambda message: stop.set(), stop.is_set)
    (made,) = host.make(batch(tiny("wan-t2v"), tmp_path, steps=2))
    assert made.file


@pytest.mark.slow
def test_what_all_members_meet_is_told_once_and_the_group_lives(host: Host, tiny: Tiny, tmp_path: Path) -> None:
    """A GPU that none of them has: each finds out by itself."""
    job = batch(tiny("wan-t2v"), tmp_path, steps=2)
    for _ in range(2):
        with pytest.raises(MissingError, match="cannot use mps"):
            host.make(replace(job, load=replace(job.load, device="mps")))
        members = processes(host)
    assert host.make(job)[0].file
    assert processes(host) == members


@pytest.mark.slow
def test_a_member_that_dies_ends_the_group_and_the_next_call_starts_another(host: Host, tiny: Tiny, tmp_path: Path) -> None:
    job = batch(tiny("wan-t2v"), tmp_path, steps=200)
    job = replace(job, load=replace(job.load, share=2))

    def kill(message: dict[str, object]) -> None:
        if message["step"] == 2:
            os.kill(processes(host)[1], signal.SIGKILL)

    with pytest.raises(ProcessingError, match="process of the group ended"):
        host.make(job, kill)
    short = batch(tiny("wan-t2v"), tmp_path, steps=2)
    (made,) = host.make(short)
    assert made.file and made.file.exists()
    members = processes(host)
    assert len(members) == 2
    host.close()
    until = time.monotonic() + 10
    while any(map(alive, members)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(alive, members))


def test_more_devices_together_than_there_are_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path))
    (tmp_path / "config.yaml").write_text("local: {devices: [cpu, cpu], context_parallel: 3}\n")
    with pytest.raises(InputError, match="3 devices are to work together, and there are 2"):
        _ = Local().at_once
    (tmp_path / "config.yaml").write_text("local: {context_parallel: two}\n")
    with pytest.raises(InputError, match="whole number above 0"):
        _ = Local().at_once


def test_a_group_sees_its_own_gpus_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert _shared(("cuda:2", "cuda:3"))["CUDA_VISIBLE_DEVICES"] == "2,3"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7,5,4,1")
    assert _shared(("cuda:2", "cuda:3")) == {"VIDGEN_GROUP_SIZE": "2", "CUDA_VISIBLE_DEVICES": "4,1"}
