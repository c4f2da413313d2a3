"""kill -9 of a cluster's node at random moments of a render: the right film each time, and no finished take is made again.

``python -m benchmarks.cluster_kills --count 20 [--nodes 2] [--seed 1]``
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.ray_nodes import RayNodes, ray_nodes
from vidgen.media.frames import read_frames

SCENES = ("calm sea at dawn", "a mountain road", "a snowy forest", "a city at night", "a meadow", "rain over a lake")


def board_text(shots: int) -> str:
    """A small film with takes, a chain, transitions, a title and grain."""
    rows = []
    for number in range(shots):
        more = f", continue_from: s{number:02}" if number % 3 == 2 else ", transition: {type: dissolve, duration: 0.25}"
        rows.append(f"  - {{id: s{number + 1:02}, scene: {SCENES[number % len(SCENES)]}, duration: 1s, candidates: 2{more}}}")
    top = "vidgen: 1\ntitle: Kills\naspect: 16:9\nresolution: 160x90\nfps: 12\npost: {grain: {amount: 10}}\nshots:\n"
    return top + "\n".join(rows) + "\n"


def command(board: Path, name: str, *more: str) -> list[str]:
    words = ["render", str(board), "--engine", "previz", "-o", str(board.with_name(f"{name}.mp4"))]
    return [sys.executable, "-m", "vidgen", *words, "--work", str(board.with_name(name)), "--json", *more]


def same_frames(one: Path, other: Path) -> bool:
    return all((a == b).all() for a, b in zip(read_frames(one), read_frames(other), strict=True))


def one_kill(board: Path, name: str, nodes: RayNodes, luck: random.Random, last_s: float) -> tuple[str, float]:
    """Render with a kill at a random moment; what is wrong, and how long it took."""
    began, when = time.monotonic(), luck.uniform(0.25, 0.95) * last_s
    words = command(board, name, "--executor", "ray", "--ray-address", nodes.address)
    with board.with_name(f"{name}.events").open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=out)
    time.sleep(when)
    victim = luck.choice(nodes.nodes)
    nodes.kill(victim)
    nodes.add(wait=False)
    code = process.wait(900)
    took = time.monotonic() - began
    lines = board.with_name(f"{name}.events").read_text().splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    if code:
        return f"exit {code}: {events[-1].get('error')}", took
    done = Counter((event["shot"], event["take"]) for event in events if event.get("event") == "take.done")
    again = [take for take, count in done.items() if count > 1]
    if again:
        return f"made again: {again}", took
    if not same_frames(board.with_name("local.mp4"), board.with_name(f"{name}.mp4")):
        return "another film", took
    lost = sum(event.get("event") == "node.lost" for event in events)
    return f"right (killed after {when:.1f} s, nodes lost: {lost})", took


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--count", type=int, default=20)
    reader.add_argument("--nodes", type=int, default=2)
    reader.add_argument("--shots", type=int, default=6)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--seconds", type=float, default=60.0, help="how long a render takes, roughly")
    asked = reader.parse_args()
    luck, wrong, last_s = random.Random(asked.seed), 0, asked.seconds
    with tempfile.TemporaryDirectory(prefix="vidgen-kills-") as folder, ray_nodes(asked.nodes) as nodes:
        os.environ["VIDGEN_HOME"] = f"{folder}/home"
        board = Path(folder) / "film.yaml"
        board.write_text(board_text(asked.shots))
        subprocess.run(command(board, "local"), check=True, stdout=subprocess.DEVNULL)
        for number in range(asked.count):
            said, last_s = one_kill(board, f"run{number}", nodes, luck, last_s)
            wrong += not said.startswith("right")
            print(f"{number + 1:3} {said}, {last_s:.0f} s", flush=True)
    print(f"{asked.count - wrong} of {asked.count} right")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
