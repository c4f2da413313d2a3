"""How fast previz draws and encodes: every kind of picture at 1280x720, frames per second with painting and encoding.

python -m benchmarks.previz_speed [--seconds 4] [--size 1280x720] [--only WORD]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from fractions import Fraction
from pathlib import Path

from vidgen.engines.previz import Previz
from vidgen.storyboard.model import Camera, Motion
from vidgen.takes.request import Inputs, ShotRequest, TakeRequest, Words

FPS = 24
FLOOR = 10.0
"""Frames a second that every kind must reach on two cores that have nothing else to do; that is 200 ms of processor a frame."""

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


def seconds_for(request: ShotRequest, out: Path) -> tuple[float, float]:
    """Wall-clock seconds of one take, and processor seconds of drawing and encoding together."""
    begin, spent = time.perf_counter(), processor_seconds()
    Previz().generate(TakeRequest(request, 1, request.base_seed), out)
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
    args = parser.parse_args()
    width, height = (int(part) for part in args.size.split("x"))
    frames, slow = round(args.seconds * FPS), []
    with tempfile.TemporaryDirectory() as folder:
        base = ShotRequest("bench", "previz", "text_to_video", "", frames, Fraction(FPS), width, height, 1)
        still = Path(folder) / "warm-up.mp4"
        seconds_for(_shot(base, *SHOTS["sea"]), still)
        print(f"{'kind':<12}{'frames/s':>10}{'ms of processor a frame':>26}   {frames} frames of {args.size}")
        for kind, words in [*SHOTS.items(), ("still", ("x", "dolly_in", "natural"))]:
            if args.only not in kind:
                continue
            request = _shot(base, *words)
            if kind == "still":
                request = _shot(base, *words, inputs=Inputs(start_frame=still))
            wall, spent = seconds_for(request, Path(folder) / f"{kind}.mp4")
            rate = frames / wall
            slow += [kind] if rate < FLOOR else []
            mark = "   below the floor" if rate < FLOOR else ""
            print(f"{kind:<12}{rate:>10.1f}{1000 * spent / frames:>26.0f}{mark}", flush=True)
    return 1 if slow else 0


def _shot(base: ShotRequest, scene: str, move: str, motion: str, inputs: Inputs | None = None) -> ShotRequest:
    from dataclasses import replace

    changes = {"words": Words(scene=scene), "prompt": scene, "camera": Camera(move=move), "motion": Motion(type=motion)}
    return replace(base, inputs=inputs or Inputs(), **changes)


if __name__ == "__main__":
    raise SystemExit(main())
