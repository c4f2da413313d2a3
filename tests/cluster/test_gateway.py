"""The gateway with real workers on machines that are all here: what happens where nodes, workers and files fail."""

from __future__ import annotations

import asyncio
import errno
import os
import pickle
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cluster.in_process import Here
from vidgen import __version__
from vidgen.cluster import gateway, transfer
from vidgen.cluster.gateway import Gateway, Hello, Job
from vidgen.cluster.packing import Seen, pack
from vidgen.cluster.scheduler import Task
from vidgen.cluster.share import VARIABLE, share_of
from vidgen.cluster.work import NOT_HERE
from vidgen.errors import InputError, MissingError
from vidgen.media.discovery import find_ffmpeg
from vidgen.media.files import sha256_file


@dataclass(frozen=True)
class Copy:
    """Work that copies a file, slowly, once it is allowed to, or does something worse first."""

    file: Path
    wait_for: str = ""
    worse: str = ""

    def run(self, outs: Sequence[Path], node: Any) -> dict[str, str]:
        import time

        if self.worse == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.worse.startswith("disk full once:"):
            mark = Path(self.worse.partition(":")[2])
            if not mark.exists():
                mark.touch()
                raise OSError(errno.ENOSPC, "No space left on device")
        if self.worse == "not here":
            raise MissingError(NOT_HERE, "the model tiny is not on this machine")
        node.tell("progress", share=0.5)
        while self.wait_for and not Path(self.wait_for).exists():
            time.sleep(0.02)
        outs[0].write_bytes(self.file.read_bytes())
        return dict(os.environ)


@dataclass(frozen=True)
class Beside:
    """Work that looks for a file by its place beside another."""

    clip: Path
    record: Path

    def run(self, outs: Sequence[Path], node: Any) -> None:
        outs[0].write_bytes(self.clip.with_suffix(".json").read_bytes())


class Driver:
    """Hears what a gateway tells."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def __call__(self, message: dict[str, Any]) -> None:
        self.told.append(message)

    async def wait(self, event: str, **values: Any) -> dict[str, Any]:
        for _ in range(1500):
            for message in self.told:
                if message["event"] == event and values.items() <= message.items():
                    return message
            await asyncio.sleep(0.02)
        raise AssertionError(f"{event} did not come: {self.told}")


def job(number: int, work: Copy, out: Path) -> Job:
    packed = pack(work)
    return Job(Task(number, "post"), f"work {number}", packed.value, list(packed.files.items()), [str(out)])


Use = Callable[[Gateway, Driver], Any]


def with_gateway(
    machines: Here, use: Use, wait_s: float = 0.5, wanted: Sequence[tuple[str, str, str]] = (), share: str = ""
) -> Driver:
    async def run() -> Driver:
        driver = Driver()
        hello = Hello("test-run", __version__, find_ffmpeg().version, wanted, {VARIABLE: share}, wait_s)
        one = Gateway(machines, hello, driver)
        await one.begin()
        watching = asyncio.create_task(one.watch())
        try:
            await use(one, driver)
        finally:
            watching.cancel()
            await one.close()
        return driver

    return asyncio.run(run())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setattr(gateway, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(gateway, "REFUSED_S", 0.3)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    file = tmp_path / "clip.mp4"
    file.write_bytes(os.urandom(5 << 20))  # more than one chunk
    return file


def test_files_go_there_and_back_whole_and_no_key_goes_along(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Seen, "is_here", lambda seen: False)  # no disk is shared
    monkeypatch.setenv("RUNWAYML_API_SECRET", "secret-of-the-driver")
    monkeypatch.setenv("ACME_TOKEN", "secret-of-the-driver")

    async def use(one: Gateway, driver: Driver) -> None:
        one.add(job(1, Copy(clip), tmp_path / "out.mp4"))
        done = await driver.wait("done", id=1)
        assert done["node"] == "n1"
        environment = pickle.loads(done["value"])
        assert "secret-of-the-driver" not in environment.values() and environment["PATH"]

    driver = with_gateway(Here("n1"), use)
    assert (tmp_path / "out.mp4").read_bytes() == clip.read_bytes()
    assert any(message.get("told", {}).get("share") == 0.5 for message in driver.told)
    assert not list(tmp_path.glob(".*.part"))
    assert not list((tmp_path / "home" / "cluster" / "work").iterdir())


@pytest.mark.parametrize("place", ["memory://of-the-film", "file://{}/with a space", "{}/plain"])
def test_by_way_of_a_place_that_all_share_only_names_go_through_the_cluster(
    place: str, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Seen, "is_here", lambda seen: False)
    machines, url = Here("n1"), place.format(tmp_path)
    machines.flags[VARIABLE] = url

    async def use(one: Gateway, driver: Driver) -> None:
        for number in (1, 2):
            one.add(job(number, Copy(clip), tmp_path / f"out{number}.mp4"))
        for number in (1, 2):
            await driver.wait("done", id=number)

    with_gateway(machines, use, share=url)
    assert all((tmp_path / f"out{number}.mp4").read_bytes() == clip.read_bytes() for number in (1, 2))
    assert machines.calls["receive"] == machines.calls["read"] == 0 < machines.calls["pull"] <= machines.calls["push"] == 2
    assert not list(tmp_path.rglob(".*.part"))


@pytest.mark.parametrize("of_driver, of_node", [("one", "another"), ("one", ""), ("a file/below", "one")])
def test_where_a_node_does_not_reach_that_place_files_go_as_without_it(
    of_driver: str, of_node: str, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Seen, "is_here", lambda seen: False)
    (tmp_path / "a file").write_text("no folder")
    machines = Here("n1")
    machines.flags[VARIABLE] = str(tmp_path / of_node) if of_node else ""

    async def use(one: Gateway, driver: Driver) -> None:
        one.add(job(1, Copy(clip), tmp_path / "out.mp4"))
        await driver.wait("done", id=1)

    with_gateway(machines, use, share=str(tmp_path / of_driver))
    assert (tmp_path / "out.mp4").read_bytes() == clip.read_bytes()
    assert machines.calls["receive"]


def test_a_damaged_file_at_that_place_is_not_taken(clip: Path, tmp_path: Path) -> None:
    place, digest = share_of(str(tmp_path / "place")), sha256_file(clip)
    assert place and not place.get(digest, tmp_path / "first.mp4")
    place.put(clip, digest)
    assert place.get(digest, tmp_path / "second.mp4")
    (tmp_path / "place" / digest).write_bytes(b"x" * clip.stat().st_size)
    assert not place.get(digest, tmp_path / "third.mp4") and not (tmp_path / "third.mp4").exists()


def test_a_place_of_an_unknown_kind_is_refused_before_anything_begins() -> None:
    with pytest.raises(InputError, match="nothing-like-it"):
        share_of("nothing-like-it://bucket")
    with pytest.raises(MissingError, match="s3fs"):
        share_of("s3://bucket/folder")


def test_files_that_lie_beside_each_other_do_so_on_the_node_wherever_each_comes_from(tmp_path: Path) -> None:
    clip, record = tmp_path / "take.mp4", tmp_path / "take.json"
    clip.write_bytes(b"moving")
    record.write_text("{}")
    shared = pack((clip, record))
    moved = tmp_path / "elsewhere"
    moved.mkdir()

    async def use(one: Gateway, driver: Driver) -> None:
        one.add(job(1, Copy(clip), tmp_path / "first.mp4"))  # its result, the same clip, stays in the cache
        await driver.wait("done", id=1)
        work = Beside(clip, record)
        packed = pack(work)
        assert packed.files.keys() == shared.files.keys()
        one.add(Job(Task(2, "post"), "work 2", packed.value, list(packed.files.items()), [str(moved / "out.mp4")]))
        await driver.wait("done", id=2)

    with_gateway(Here("n1"), use)
    assert (moved / "out.mp4").read_bytes() == b"{}"


def test_work_of_a_lost_node_is_done_by_another_and_its_late_result_is_nothing(clip: Path, tmp_path: Path) -> None:
    machines, go = Here("n1", "n2"), tmp_path / "go"

    async def use(one: Gateway, driver: Driver) -> None:
        one.add(job(1, Copy(clip, wait_for=str(go)), tmp_path / "out.mp4"))
        first = await driver.wait("started", id=1)
        del machines.up[first["node"]]
        await driver.wait("node", state="lost", name=first["node"])
        go.touch()
        done = await driver.wait("done", id=1)
        assert done["node"] != first["node"]

    driver = with_gateway(machines, use)
    assert [message["event"] for message in driver.told].count("done") == 1
    assert (tmp_path / "out.mp4").read_bytes() == clip.read_bytes()


def test_a_node_that_joins_later_takes_over_where_the_last_one_was_lost(clip: Path, tmp_path: Path) -> None:
    machines = Here("n1")

    async def use(one: Gateway, driver: Driver) -> None:
        one.add(job(1, Copy(clip, wait_for=str(tmp_path / "go")), tmp_path / "out.mp4"))
        await driver.wait("started", id=1)
        machines.up.clear()
        await driver.wait("waiting", id=1)
        (tmp_path / "go").touch()
        machines.up["n9"] = Here("n9").up["n9"]
        assert (await driver.wait("done", id=1))["node"] == "n9"

    with_gateway(machines, use, wait_s=30)


def test_without_any_node_left_it_is_said_after_a_while(clip: Path, tmp_path: Path) -> None:
    machines = Here("n1")

    async def use(one: Gateway, driver: Driver) -> None:
        one.add(job(1, Copy(clip, wait_for=str(tmp_path / "never")), tmp_path / "out.mp4"))
        await driver.wait("started", id=1)
        machines.up.clear()
        assert (await driver.wait("failed", id=1))["error"]["code"] == "cluster.lost"

    with_gateway(machines, use)


def test_work_that_kills_its_process_three_times_is_given_up_and_the_next_is_done(clip: Path, tmp_path: Path) -> None:
    async def use(one: Gateway, driver: Driver) -> None:
        one.add(job(1, Copy(clip, worse="killed"), tmp_path / "bad.mp4"))
        one.add(job(2, Copy(clip), tmp_path / "good.mp4"))
        error = (await driver.wait("failed", id=1))["error"]
        assert error["code"] == "cluster.crashed" and "memory" in error["message"]
        await driver.wait("done", id=2)

    driver = with_gateway(Here("n1"), use)
    assert sum(message["event"] == "again" for message in driver.told) == 3


def test_what_no_node_can_do_is_said_with_the_reason_of_each(clip: Path, tmp_path: Path) -> None:
    async def use(one: Gateway, driver: Driver) -> None:
        one.add(job(1, Copy(clip, worse="not here"), tmp_path / "out.mp4"))
        error = (await driver.wait("failed", id=1))["error"]
        assert error["code"] == "cluster.no_node"
        assert "n1: the model tiny is not on this machine" in error["message"] and "n2: it has vidgen 0.0.1" in error["message"]

    with_gateway(Here("n1", "n2", n2={"vidgen": "0.0.1"}), use)


def test_a_node_with_another_ffmpeg_gets_no_work(clip: Path, tmp_path: Path) -> None:
    async def use(one: Gateway, driver: Driver) -> None:
        for number in range(4):
            one.add(job(number, Copy(clip), tmp_path / f"{number}.mp4"))
        for number in range(4):
            assert (await driver.wait("done", id=number))["node"] == "n1"
        assert "VIDGEN_FFMPEG" in (await driver.wait("node", state="refused"))["refused"]

    with_gateway(Here("n1", "n2", n2={"ffmpeg": "ffmpeg version 4.2"}), use)


def test_a_file_that_is_gone_before_it_is_sent_is_an_error_of_that_work_alone(clip: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone.mp4"
    gone.write_bytes(b"here for a moment")
    bad = job(1, Copy(gone), tmp_path / "bad.mp4")
    gone.unlink()

    async def use(one: Gateway, driver: Driver) -> None:
        one.add(bad)
        one.add(job(2, Copy(clip), tmp_path / "good.mp4"))
        assert (await driver.wait("failed", id=1))["error"]["code"] == "cluster.transfer"
        await driver.wait("done", id=2)

    with_gateway(Here("n1"), use)


def test_a_full_object_store_is_waited_for_and_one_that_stays_full_is_said(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "FULL_PAUSE_S", 0.01)
    monkeypatch.setattr(Seen, "is_here", lambda seen: False)  # no disk is shared
    machines = Here("n1")
    machines.full_for = transfer.FULL_TRIES - 1

    async def use(one: Gateway, driver: Driver) -> None:
        one.add(job(1, Copy(clip), tmp_path / "out.mp4"))
        await driver.wait("done", id=1)
        machines.full_for = 1000
        other = tmp_path / "other.mp4"
        other.write_bytes(b"another")
        one.add(job(2, Copy(other), tmp_path / "out2.mp4"))
        assert (await driver.wait("failed", id=2))["error"]["code"] == "cluster.full"

    with_gateway(machines, use)
    assert (tmp_path / "out.mp4").read_bytes() == clip.read_bytes()


@pytest.mark.parametrize("trouble", ["no room for its files", "no room for its results", "no process starts"])
def test_a_node_in_trouble_costs_nothing_where_there_is_another(
    trouble: str, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Seen, "is_here", lambda seen: False)
    machines = Here("n1", "n2")
    machines.full_disks |= {"n1"} if trouble == "no room for its files" else set()
    machines.broken |= {"n1"} if trouble == "no process starts" else set()
    worse = f"disk full once:{tmp_path / 'mark'}" if trouble == "no room for its results" else ""

    async def use(one: Gateway, driver: Driver) -> None:
        one.add(job(1, Copy(clip, worse=worse), tmp_path / "out.mp4"))
        done = await driver.wait("done", id=1)
        (again,) = [message for message in driver.told if message["event"] == "again"]
        assert {again["node"], done["node"]} == {"n1", "n2"}
        assert ("No space left" in again["why"]) != (trouble == "no process starts")

    with_gateway(machines, use)
    assert (tmp_path / "out.mp4").read_bytes() == clip.read_bytes()


def test_where_the_only_node_has_no_room_that_is_said_and_room_is_used_once_it_is_there(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Seen, "is_here", lambda seen: False)
    monkeypatch.setattr(gateway, "BUSY_S", 0.2)
    machines = Here("n1")
    machines.full_disks.add("n1")

    async def use(one: Gateway, driver: Driver) -> None:
        one.add(job(1, Copy(clip), tmp_path / "first.mp4"))
        error = (await driver.wait("failed", id=1))["error"]
        assert error["code"] == "cluster.no_node" and "n1: No space left on device" in error["message"]
        machines.full_disks.clear()
        one.add(job(2, Copy(clip), tmp_path / "second.mp4"))
        await driver.wait("done", id=2)

    with_gateway(machines, use)


def test_each_gpu_that_ray_gives_gets_a_slot_and_processors_leave_models_to_them(clip: Path, tmp_path: Path) -> None:
    able = [{"engine": "local", "model": "m", "key": "k", "at_once": 8, "why": None}]
    machines = Here("cpu", "gpu", cpu={"able": [{**able[0], "at_once": 1}]}, gpu={"able": able, "gpus": [{"gb": 80.0}] * 8})
    machines.up["gpu"] = replace(machines.up["gpu"], gpus=4)  # of the eight that the machine has
    go = tmp_path / "go"

    async def use(one: Gateway, driver: Driver) -> None:
        for number in range(5):
            work = job(number, Copy(clip, wait_for=str(go)), tmp_path / f"{number}.mp4")
            one.add(replace(work, task=Task(number, "local/m", "device", gb=48.0)))
        for number in range(4):
            assert (await driver.wait("started", id=number))["node"] == "gpu"
        go.touch()
        assert (await driver.wait("done", id=4))["node"] == "gpu"

    with_gateway(machines, use, wanted=[("local", "m", "k")])
    assert machines.gpus_asked == [1, 1, 1, 1]
