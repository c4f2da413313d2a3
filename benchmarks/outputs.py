"""What deliveries cost: CPU time and memory of further files of a film, against decoding it and encoding it once.

``python -m benchmarks.outputs [--seconds 8,32] [--size 1280x720]``. Every step is a process of its own, so that its CPU time
and its peak memory (its own, and of the largest ffmpeg that it started) are its alone. ``limit`` is ffmpeg by itself: one
decode of the film, and one encode at the bit rate of the delivery. The others are what ``render`` does, with all checks.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from vidgen.cut.timeline import Timeline, TimelineShot
from vidgen.deliver import Framing, VideoSpec
from vidgen.media.encode import MASTER
from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.media.files import sha256_file
from vidgen.render.deliveries import Deliverer
from vidgen.render.delivery_plan import DeliveryPlan

RATE = Fraction(24)
ROUNDS = 3
BITRATES = (2_000_000, 1_000_000)


def make_film(file: Path, seconds: int, size: tuple[int, int]) -> None:
    """A moving, slightly noisy film."""
    source = f"testsrc2=s={size[0]}x{size[1]}:r=24,noise=alls=6:allf=t:all_seed=1,setsar=1"
    args = ["-f", "lavfi", "-i", source, "-frames:v", str(seconds * 24), *MASTER.video_args(RATE), f"file:{file}"]
    run_ffmpeg(args, what="making the film")


def deliver(folder: Path, film: Path, seconds: int, size: tuple[int, int], count: int) -> None:
    """The first ``count`` deliveries, as a render makes them."""
    shot = TimelineShot("s", film, sha256_file(film), seconds * 24)
    specs = tuple(
        VideoSpec(f"{rate}.mp4", folder / f"{rate}.mp4", Framing(*size), RATE, "h264", bitrate=rate, audio="aac")
        for rate in BITRATES[:count]
    )
    Deliverer(DeliveryPlan(specs), Timeline(RATE, *size, (shot,)), film, folder).deliver()


def limit(folder: Path, film: Path) -> None:
    """ffmpeg by itself: one decode, one encode at the bit rate of the second delivery, with its own threads."""
    bits = BITRATES[1]
    rate = ["-b:v", str(bits), "-maxrate", str(bits * 3 // 2), "-bufsize", str(bits * 2)]
    args = [*input_args(film), "-c:v", "libx264", "-preset", "fast", "-g", "48", *rate, f"file:{folder / 'limit.mp4'}"]
    run_ffmpeg(args, what="the limit")


def run_step(step: str, film: Path, seconds: int, size: tuple[int, int]) -> None:
    """In a process of its own: do one step, and print what it cost beyond starting Python."""
    with tempfile.TemporaryDirectory(dir=film.parent) as name:
        folder = Path(name)
        steps: dict[str, Callable[[], None]] = {
            "limit": lambda: limit(folder, film),
            "one": lambda: deliver(folder, film, seconds, size, 1),
            "two": lambda: deliver(folder, film, seconds, size, 2),
        }
        before = resource.getrusage(resource.RUSAGE_SELF)
        steps[step]()
        own, child = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime - before.ru_utime - before.ru_stime + child.ru_utime + child.ru_stime
    scale = 1024 * 1024 if sys.platform == "darwin" else 1024
    print(json.dumps({"cpu": cpu, "mb": (own.ru_maxrss + child.ru_maxrss) / scale}))


def measure(step: str, film: Path, seconds: int, size: tuple[int, int]) -> dict[str, float]:
    form = ["--step", step, "--film", str(film), "--seconds", str(seconds), "--size", f"{size[0]}x{size[1]}"]
    done = subprocess.run([sys.executable, "-m", "benchmarks.outputs", *form], check=True, capture_output=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def row(seconds: int, size: tuple[int, int]) -> str:
    """The median of some rounds, in each of which all steps are measured one after the other."""
    with tempfile.TemporaryDirectory(prefix="vidgen-bench-") as name:
        film = Path(name) / "film.mp4"
        make_film(film, seconds, size)
        rounds = [{step: measure(step, film, seconds, size) for step in ("limit", "one", "two")} for _ in range(ROUNDS)]
    base = statistics.median(one["limit"]["cpu"] for one in rounds)
    first = statistics.median(one["one"]["cpu"] / one["limit"]["cpu"] for one in rounds)
    second = statistics.median((one["two"]["cpu"] - one["one"]["cpu"]) / one["limit"]["cpu"] for one in rounds)
    memory = (max(one[step]["mb"] for one in rounds) for step in ("one", "two"))
    cells = [f"{seconds} s of {size[0]}x{size[1]}", f"{base:.1f} s", f"{first:.2f}x", f"{second:.2f}x"]
    return "| " + " | ".join([*cells, *(f"{mb:.0f} MB" for mb in memory)]) + " |"


def table(lengths: tuple[int, ...] = (8, 32), size: tuple[int, int] = (1280, 720)) -> str:
    """The rows of the table in docs/benchmarks.md."""
    head = "| film | one encode (CPU) | first output | a second one | memory | with two |"
    return "\n".join([head, "|---|---|---|---|---|---|", *(row(seconds, size) for seconds in lengths)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", default="8,32")
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--step")
    parser.add_argument("--film", type=Path)
    given = parser.parse_args()
    wide, high = (int(side) for side in given.size.split("x"))
    lengths = tuple(int(one) for one in given.seconds.split(","))
    if given.step:
        run_step(given.step, given.film, lengths[0], (wide, high))
    else:
        print(table(lengths, (wide, high)))


if __name__ == "__main__":
    main()
