"""Films on a real Ray cluster of two nodes on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import Film, Vidgen, load, started_with
from vidgen.media.frames import read_frames
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.runway import FakeRunway

pytest.importorskip("ray", reason="ray is not installed")
pytestmark = pytest.mark.filterwarnings("default")

from benchmarks.ray_nodes import RayNodes, ray_nodes  # noqa: E402

SHOTS = (
    "{id: a, scene: calm sea, duration: 1s, candidates: 2}",
    "{id: b, scene: hill, duration: 1s, continue_from: a, transition: {type: dissolve, duration: 0.25}}",
    "{id: c, scene: city, duration: 1s, text: [{text: Hello, in: 0.1, out: 0.8, role: title}]}",
)


@pytest.fixture(scope="module")
def nodes() -> Iterator[RayNodes]:
    with ray_nodes(2) as cluster:
        yield cluster


def same_frames(one: Path, other: Path) -> bool:
    return all((a == b).all() for a, b in zip(read_frames(one), read_frames(other), strict=True))


def test_the_film_is_that_of_one_machine_and_a_killed_node_costs_no_finished_take(
    film: Film, vidgen: Vidgen, nodes: RayNodes, tmp_path: Path
) -> None:
    board = film(*SHOTS)
    board.write_text(board.read_text() + "post: {grain: {amount: 10}}\n")
    here = vidgen("render", board, "--engine", "previz", "-o", "here.mp4", "--work", "here", "--json")
    assert here.code == 0 and "executor" not in here.data
    command = [sys.executable, "-m", "vidgen", "render", str(board), "--engine", "previz", "-o", "there.mp4", "--json"]
    environment = {**os.environ, "RUNWAYML_API_SECRET": "of-the-driver"}
    command += ["--work", "there", "--executor", "ray", "--ray-address", nodes.address]
    with (tmp_path / "events").open("wb") as log:
        there = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, env=environment)
    events = tmp_path / "events"
    while b"take.done" not in events.read_bytes() and there.poll() is None:
        time.sleep(0.1)
    nodes.kill(nodes.nodes[0])
    nodes.add(wait=False)
    assert there.wait(240) == 0, events.read_text()
    lines = [line for line in events.read_text().splitlines() if line.startswith("{")]
    assert same_frames(tmp_path / "here.mp4", tmp_path / "there.mp4")
    done = Counter(line.split('"shot": ')[1][:20] for line in lines if '"event": "take.done"' in line)
    assert set(done.values()) == {1} and len(done) == 4
    assert '"executor": {"name": "ray"' in lines[-1] and '"node": ' in lines[-1]
    again = vidgen("render", board, "--engine", "previz", "-o", "there.mp4", "--work", "there", "--json")
    assert again.data["cut"]["encoded"] == 0 and all(shot["missing"] == 0 for shot in again.data["shots"])
    assert "of-the-driver" not in (tmp_path / "there" / "render.log").read_text()


def test_what_is_bought_is_bought_once_whatever_becomes_of_the_nodes(film: Film, nodes: RayNodes, tmp_path: Path) -> None:
    board = film(
        "{id: a, scene: calm sea, engine: previz, duration: 3s, candidates: 2}",
        "{id: b, scene: hill, engine: runway, duration: 3s, candidates: 2}",
        "{id: c, scene: city, engine: previz, duration: 3s, continue_from: b}",
    )
    command = [sys.executable, "-m", "vidgen", "render", str(board), "--yes", "--json"]
    command += ["--executor", "ray", "--ray-address", nodes.address]
    with ProviderServer(FakeRunway, job_s=2.0, fps=12) as server, (tmp_path / "events").open("wb") as log:
        run = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, env={**os.environ, **server.environment()})
        while b"take.progress" not in (tmp_path / "events").read_bytes() and run.poll() is None:
            time.sleep(0.1)
        nodes.kill(nodes.nodes[0])
        nodes.add(wait=False)
        assert run.wait(240) == 0, (tmp_path / "events").read_text()
        assert len(server.jobs) == 2
    data = json.loads((tmp_path / "events").read_text().splitlines()[-1])["data"]
    made = [take for shot in data["shots"] for take in shot["takes"]]
    assert [take["model"].startswith("previz") for take in made] == ["node" in take for take in made]
    assert len(made) == 5 and data["cost_usd"] == data["estimated_usd"] > 0


def test_doctor_shows_every_node_and_what_it_gets(vidgen: Vidgen, nodes: RayNodes) -> None:
    ran = vidgen("doctor", "--ray-address", nodes.address, "--json")
    assert ran.code == 0
    assert len(ran.data["nodes"]) == len(nodes.nodes)
    for node in ran.data["nodes"]:
        assert node["cores"] == 1 and node["refused"] is None and "previz" in node["gets"]


def test_ctrl_c_ends_the_run_and_all_that_it_has_started_in_seconds(film: Film, tmp_path: Path) -> None:
    board = film("{scene: a city in rain, duration: 5s, candidates: 4}")
    command = [sys.executable, "-m", "vidgen", "render", str(board), "--engine", "previz", "--executor", "ray", "--json"]
    mark = {**os.environ, "VIDGEN_HOME": str(tmp_path / "home-of-this-test")}
    with (tmp_path / "events").open("wb") as log:
        run = subprocess.Popen([*command, "--jobs", "1"], stdout=log, stderr=log, cwd=tmp_path, env=mark)
    while b"take.progress" not in (tmp_path / "events").read_bytes() and run.poll() is None:
        time.sleep(0.1)
    began = time.monotonic()
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 130
    assert time.monotonic() - began < 5 * load()
    until = time.monotonic() + 5 * load()
    while (left := started_with(str(tmp_path / "home-of-this-test"))) and time.monotonic() < until:
        time.sleep(0.2)
    assert left == []
