"""Trouble on a cluster's node at random moments of a render: the right film each time, and no finished take is made again.

``python -m benchmarks.cluster_kills --count 20 [--nodes 2] [--seed 1]``: kill -9 of all that a node is. With ``--frozen`` the
node answers but what works on it stands still to the end, as on a machine that has run out of memory; with ``--paid`` half of
the shots are bought from providers that are played on this machine: each take has to be bought once.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.money import fakes
from benchmarks.ray_nodes import RayNodes, ray_nodes
from vidgen.media.frames import read_frames
from vidgen.testing.providers import ProviderServer

SCENES = ("calm sea at dawn", "a mountain road", "a snowy forest", "a city at night", "a meadow", "rain over a lake")


PAID = ("runway", "pika")


def board_text(shots: int, *, paid: bool = False) -> str:
    """A small film with takes, a chain, transitions, a title and grain. ``paid``: every second shot is bought."""
    rows = []
    for number in range(shots):
        more = f", continue_from: s{number:02}" if number % 3 == 2 else ", transition: {type: dissolve, duration: 0.25}"
        more += f", engine: {PAID[number // 2 % 2] if paid and number % 2 else 'previz'}"
        rows.append(f"  - {{id: s{number + 1:02}, scene: {SCENES[number % len(SCENES)]}, duration: 1s, candidates: 2{more}}}")
    top = "vidgen: 1\ntitle: Kills\naspect: 16:9\nresolution: 160x90\nfps: 12\npost: {grain: {amount: 10}}\nshots:\n"
    return top + "\n".join(rows) + "\n"


def command(board: Path, name: str, *more: str) -> list[str]:
    words = ["render", str(board), "--yes", "-o", str(board.with_name(f"{name}.mp4"))]
    return [sys.executable, "-m", "vidgen", *words, "--work", str(board.with_name(name)), "--json", *more]


def same_frames(one: Path, other: Path) -> bool:
    return all((a == b).all() for a, b in zip(read_frames(one), read_frames(other), strict=True))


def one_kill(
    board: Path, name: str, nodes: RayNodes, luck: random.Random, last_s: float, server: ProviderServer | None, frozen: bool
) -> tuple[str, float]:
    """Render with trouble at a random moment; what is wrong, and how long it took. ``server``: who sells the takes."""
    began, when = time.monotonic(), luck.uniform(0.25, 0.95) * last_s
    words = command(board, name, "--executor", "ray", "--ray-address", nodes.address)
    before, keys = len(server.jobs) if server else 0, server.environment() if server else {}
    with board.with_name(f"{name}.events").open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=out, env={**os.environ, **keys})
    time.sleep(when)
    victim = luck.choice(nodes.nodes)
    asleep = nodes.freeze(victim) if frozen else []
    if not frozen:
        nodes.kill(victim)
        nodes.add(wait=False)
    code = process.wait(900)
    took = time.monotonic() - began
    nodes.wake(asleep)
    lines = board.with_name(f"{name}.events").read_text().splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    if code:
        return f"exit {code}: {events[-1].get('error')}", took
    done = Counter((event["shot"], event["take"]) for event in events if event.get("event") == "take.done")
    again = [take for take, count in done.items() if count > 1]
    if again:
        return f"made again: {again}", took
    if server and (wrong := _bought(board, name, server, len(server.jobs) - before)):
        return wrong, took
    if not server and not same_frames(board.with_name("local.mp4"), board.with_name(f"{name}.mp4")):
        return "another film", took
    lost = sum(event.get("event") == "node.lost" for event in events)
    what = f"{len(asleep)} processes stood still from {when:.1f} s on" if frozen else f"killed after {when:.1f} s"
    return f"right ({what}, nodes lost: {lost})", took


def _bought(board: Path, name: str, server: ProviderServer, jobs: int) -> str:
    """What is wrong with what was bought; empty where nothing is."""
    planned = sum(2 for line in board.read_text().splitlines() if any(f"engine: {engine}" in line for engine in PAID))
    with closing(sqlite3.connect(board.with_name(name) / "journal.db")) as journal:
        states = Counter(row[0] for row in journal.execute("SELECT state FROM attempts"))
    right = jobs == planned and states == {"done": planned}
    return "" if right else f"bought {jobs} takes of {planned}: {dict(states)}"


@contextmanager
def providers(paid: bool) -> Iterator[ProviderServer | None]:
    """A server that plays the providers, where takes are bought."""
    if not paid:
        yield None
        return
    with ProviderServer(*fakes(PAID), job_s=3.0, fps=12) as server:
        yield server


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--count", type=int, default=20)
    reader.add_argument("--nodes", type=int, default=2)
    reader.add_argument("--shots", type=int, default=6)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--seconds", type=float, default=60.0, help="how long a render takes, roughly")
    reader.add_argument("--paid", action="store_true")
    reader.add_argument("--frozen", action="store_true")
    asked = reader.parse_args()
    luck, wrong, last_s = random.Random(asked.seed), 0, asked.seconds
    with (
        tempfile.TemporaryDirectory(prefix="vidgen-kills-") as folder,
        ray_nodes(asked.nodes) as nodes,
        providers(asked.paid) as server,
    ):
        os.environ["VIDGEN_HOME"] = f"{folder}/home"
        board = Path(folder) / "film.yaml"
        board.write_text(board_text(asked.shots, paid=asked.paid))
        if not asked.paid:
            subprocess.run(command(board, "local"), check=True, stdout=subprocess.DEVNULL)
        for number in range(asked.count):
            said, last_s = one_kill(board, f"run{number}", nodes, luck, last_s, server, asked.frozen)
            wrong += not said.startswith("right")
            print(f"{number + 1:3} {said}, {last_s:.0f} s", flush=True)
    print(f"{asked.count - wrong} of {asked.count} right")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
