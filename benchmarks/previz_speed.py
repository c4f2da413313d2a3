"""How fast previz draws and encodes: every kind of picture at 1280x720, frames per second with painting and encoding.

python -m benchmarks.previz_speed [--seconds 4] [--size 1280x720] [--only WORD] [--before CHECKOUT]

Each kind is drawn by a process of its own, two takes at once as ``render`` draws them. With ``--before`` every kind is drawn by
an older checkout too, right before, so that both meet the same machine.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from vidgen.engines.previz import Previz
from vidgen.storyboard.model import Camera, Motion
from vidgen.takes.request import Inputs, ShotRequest, TakeRequest, Words

FPS = 24
FLOOR = 24.0
"""Frames a second that every kind must reach on two cores that have nothing else to do; that is 83 ms of processor a frame."""
TAKES = 2
"""Takes that are drawn at once."""

SHOTS: dict[str, tuple[str, str, str]] = {
    "mountains": ("mountains in autumn with mist and falling leaves, golden hour", "dolly_in", "natural"),
    "sea": ("open sea at golden hour, clouds", "crane_up", "natural"),
    "lake": ("calm lake between mountains at dawn, mist", "truck_right", "natural"),
    "forest": ("forest of tall pines in morning mist", "truck_right", "natural"),
    "bamboo": ("bamboo grove in the morning", "dolly_in", "natural"),
    "field": ("rice terraces and a lone tree in the wind, noon", "pan_left", "natural"),
    "desert": ("desert dunes under a huge moon at night", "truck_left", "natural"),
    "road": ("mountain road, day turning to night", "flyover", "timelapse"),
    "river": ("river in a valley, cherry blossom petals", "drone_fpv", "natural"),
    "waterfall": ("waterfall in autumn forest", "tilt_up", "natural"),
    "beach": ("beach in summer", "orbit_left", "natural"),
    "sky": ("starry night, northern lights", "tilt_up", "natural"),
    "temple": ("Ancient temple in Kyoto surrounded by maple trees", "dolly_in", "natural"),
    "torii": ("red torii in a pond at dusk, fireflies", "orbit_right", "natural"),
    "oldtown": ("old town of Kyoto at night, lanterns, full moon, snow falling", "aerial", "natural"),
    "city": ("city skyline at night in heavy rain", "pan_left", "natural"),
    "harbour": ("harbour town by the sea in autumn", "pedestal_up", "natural"),
    "town": ("village in snow, snow falling, dusk", "crane_down", "natural"),
    "tabletop": ("glass bottle and a cup on a wooden table", "orbit_right", "natural"),
    "abstract": ("abstract light streaks and particles", "roll_right", "abstract"),
    "card": ("A chef plating dessert in a busy kitchen", "dolly_in", "people"),
}


def seconds_for(request: ShotRequest, folder: Path) -> tuple[float, float]:
    """Wall-clock seconds of ``TAKES`` takes at once, and processor seconds of drawing and encoding together."""

    def take(number: int) -> None:
        Previz().generate(TakeRequest(request, number, request.base_seed + number), folder / f"take{number}.mp4")

    begin, spent = time.perf_counter(), processor_seconds()
    with ThreadPoolExecutor(TAKES) as pool:
        list(pool.map(take, range(1, TAKES + 1)))
    return time.perf_counter() - begin, processor_seconds() - spent


def processor_seconds() -> float:
    """Processor time of this process and of the encoders it started."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def main() -> int:
    """Print the table; 1 where a kind is below the floor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--only", default="")
    parser.add_argument("--before", type=Path, help="an older checkout to compare with")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    width, height = (int(part) for part in args.size.split("x"))
    frames = round(args.seconds * FPS)
    if args.one:
        print(*measured(args.one, ShotRequest("bench", "previz", "text_to_video", "", frames, Fraction(FPS), width, height, 1)))
        return 0
    here = Path(__file__).resolve().parent.parent
    trees = {"before": args.before.resolve(), "now": here} if args.before else {"now": here}
    print(f"{TAKES} takes of {frames} frames of {args.size}: frames/s, and ms of processor a frame")
    slow = []
    for kind in [kind for kind in (*SHOTS, "still") if args.only in kind]:
        row = f"{kind:<12}"
        for name, tree in trees.items():
            wall, spent = in_tree(tree, kind, args)
            rate = frames * TAKES / wall
            row += f"{name:>10}{rate:>8.1f}{1000 * spent / (frames * TAKES):>8.0f}"
        slow += [kind] if rate < FLOOR else []
        print(row + ("   below the floor" if rate < FLOOR else ""), flush=True)
    return 1 if slow else 0


def in_tree(tree: Path, kind: str, args: argparse.Namespace) -> tuple[float, float]:
    """``measured`` in a new process that uses the package of that checkout."""
    script = [sys.executable, str(Path(__file__).resolve()), "--one", kind, "--seconds", str(args.seconds), "--size", args.size]
    process = subprocess.run(script, env={**os.environ, "PYTHONPATH": str(tree / "src")}, stdout=subprocess.PIPE, check=True)
    wall, spent = map(float, process.stdout.split())
    return wall, spent


def measured(kind: str, base: ShotRequest) -> tuple[float, float]:
    """Seconds of one kind, once a small take has loaded what every take needs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds_for(_shot(replace(base, frames=2), *SHOTS["sea"]), folder)
        if kind == "still":
            inputs = Inputs(start_frame=(folder / "take1.mp4").rename(folder / "picture.mp4"))
            return seconds_for(_shot(base, "x", "dolly_in", "natural", inputs), folder)
        return seconds_for(_shot(base, *SHOTS[kind]), folder)


def _shot(base: ShotRequest, scene: str, move: str, motion: str, inputs: Inputs | None = None) -> ShotRequest:
    changes = {"words": Words(scene=scene), "prompt": scene, "camera": Camera(move=move), "motion": Motion(type=motion)}
    return replace(base, inputs=inputs or Inputs(), **changes)


if __name__ == "__main__":
    raise SystemExit(main())
