"""What the final cut costs: CPU time and memory of assembly against decoding and encoding the same frames once.

``python -m benchmarks.assembly [--shots 10,60,200]``. Every measurement is a process of its own, so that its CPU time and
its peak memory (its own, and of the largest ffmpeg that it started) are its alone.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from vidgen.cut.assembly import assemble
from vidgen.cut.timeline import Cue, Timeline, TimelineShot, Transition
from vidgen.media.encode import MASTER
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.files import sha256_file
from vidgen.media.joining import LIST, write_list

RATE = Fraction(24)
SHOT_FRAMES, OVERLAP = 96, 12
DISTINCT = 5
SMALL, LARGE = (320, 180), (1280, 720)


@dataclass(frozen=True)
class Cost:
    """CPU seconds, and peak memory in MB of the process and of the largest one it started."""

    cpu: float
    own_mb: float
    child_mb: float


def make_clips(folder: Path, size: tuple[int, int]) -> None:
    """A few different moving, slightly noisy clips as an engine would leave them."""
    folder.mkdir(parents=True)
    for number in range(DISTINCT):
        source = f"testsrc2=s={size[0]}x{size[1]}:r=24,hue=h={number * 70},noise=alls=6:allf=t:all_seed={number},setsar=1"
        output = [*MASTER.video_args(RATE), f"file:{folder / f'{number}.mp4'}"]
        run_ffmpeg(["-f", "lavfi", "-i", source, "-frames:v", str(SHOT_FRAMES), *output], what="making a clip")


def timeline(clips: Path, shots: int, size: tuple[int, int], *, overlap: int, changed: bool = False) -> Timeline:
    """``shots`` shots that count as different content, one in the middle of them changed."""
    hashes = [sha256_file(clips / f"{number}.mp4") for number in range(DISTINCT)]
    made = []
    for index in range(shots):
        kind = (index + 1) % DISTINCT if changed and index == shots // 2 else index % DISTINCT
        transition = Transition("dissolve", overlap) if overlap and index else Transition()
        name = f"{hashes[kind]}-{index}"
        file = clips / f"{kind}.mp4"
        made.append(TimelineShot(f"s{index}", file, name, SHOT_FRAMES, transition, encoded_as=MASTER.key()))
    return Timeline(RATE, *size, tuple(made))


def limit(folder: Path, film: Timeline) -> None:
    """Decode and encode as many frames as the film has, once, in one ffmpeg."""
    scratch = Path(tempfile.mkdtemp(dir=folder))
    write_list([(shot.file, shot.frames) for shot in film.shots], RATE, scratch)
    opened = ["-f", "concat", "-safe", "1", "-i", LIST, "-frames:v", str(film.frames)]
    run_ffmpeg([*opened, *film.profile.video_args(RATE), f"file:{scratch / 'limit.mp4'}"], what="the limit", cwd=scratch)


def steps(folder: Path, shots: int, size: tuple[int, int]) -> dict[str, Callable[[], object]]:
    clips = folder / "clips"
    film = timeline(clips, shots, size, overlap=OVERLAP)
    cuts = replace(film, shots=tuple(replace(shot, transition=Transition()) for shot in film.shots))
    after = timeline(clips, shots, size, overlap=OVERLAP, changed=True)
    middle = shots // 2
    titled = replace(film.shots[middle], cues=(Cue("Harbour, the same evening", 24, 72),))
    title = replace(film, shots=(*film.shots[:middle], titled, *film.shots[middle + 1 :]))
    return {
        "limit": lambda: limit(folder, film),
        "cold": lambda: assemble(film, folder / "w", folder / "film.mp4"),
        "same": lambda: assemble(film, folder / "w", folder / "film.mp4"),
        "changed": lambda: assemble(after, folder / "w", folder / "film.mp4"),
        "title": lambda: assemble(title, folder / "w", folder / "film.mp4"),
        "limit of cuts": lambda: limit(folder, cuts),
        "cuts": lambda: assemble(cuts, folder / "w2", folder / "cuts.mp4"),
    }


def measure(folder: Path, shots: int, size: tuple[int, int], step: str) -> Cost:
    arguments = ["--step", step, "--folder", str(folder), "--shots", str(shots), "--size", f"{size[0]}x{size[1]}"]
    done = subprocess.run([sys.executable, "-m", "benchmarks.assembly", *arguments], check=True, capture_output=True)
    return Cost(**json.loads(done.stdout))


def run_step(folder: Path, shots: int, size: tuple[int, int], step: str) -> None:
    """In a process of its own: do one step and print what it cost beyond starting Python."""
    action = steps(folder, shots, size)[step]
    before = resource.getrusage(resource.RUSAGE_SELF)
    action()
    own, child = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime - before.ru_utime - before.ru_stime + child.ru_utime + child.ru_stime
    scale = 1024 * 1024 if sys.platform == "darwin" else 1024
    print(json.dumps({"cpu": cpu, "own_mb": own.ru_maxrss / scale, "child_mb": child.ru_maxrss / scale}))


def row(shots: int, size: tuple[int, int]) -> str:
    with tempfile.TemporaryDirectory(prefix="vidgen-bench-") as name:
        folder = Path(name)
        make_clips(folder / "clips", size)
        cost = best_costs(folder, shots, size, repeats=1 if size == LARGE or shots > 60 else 2 if shots > 10 else 3)
    base, cuts = cost["limit"].cpu, cost["limit of cuts"].cpu

    def share(step: str, of: float) -> str:
        return f"{cost[step].cpu:.2f} s ({100 * cost[step].cpu / of:.1f} %)"

    memory = f"{cost['cold'].own_mb:.0f} + {cost['cold'].child_mb:.0f} MB"
    cells = [f"{shots} of {size[0]}x{size[1]}", f"{base:.1f} s", share("cold", base), share("cuts", cuts)]
    return "| " + " | ".join([*cells, share("same", base), share("changed", base), share("title", base), memory]) + " |"


def best_costs(folder: Path, shots: int, size: tuple[int, int], repeats: int) -> dict[str, Cost]:
    """The cheapest of some rounds for each step: other work on the machine only ever adds."""
    names = ("limit", "cold", "same", "changed", "title", "limit of cuts", "cuts")
    rounds = []
    for _ in range(repeats):
        rounds.append({step: measure(folder, shots, size, step) for step in names})
        for old in ("w", "w2"):
            shutil.rmtree(folder / old)
    return {step: min((found[step] for found in rounds), key=lambda cost: cost.cpu) for step in names}


def table(counts: tuple[int, ...] = (10, 60, 200), large: int = 10) -> str:
    """The table of docs/benchmarks.md."""
    head = (
        "| shots | decode and encode once | cold, dissolves (bar: 115 %) | cold, hard cuts (bar: 5 %) "
        "| unchanged | one shot changed "
        "| a title over one shot | peak memory: vidgen + largest ffmpeg |\n|---|---|---|---|---|---|---|---|"
    )
    rows = [row(count, SMALL) for count in counts] + ([row(large, LARGE)] if large else [])
    return "\n".join([head, *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shots", default="10,60,200")
    parser.add_argument("--large", type=int, default=10, help="shots of the 1280x720 row; 0 leaves it out")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--size", default="320x180", help=argparse.SUPPRESS)
    options = parser.parse_args()
    counts = tuple(int(count) for count in options.shots.split(","))
    if options.step:
        width, height = options.size.split("x")
        run_step(options.folder, counts[0], (int(width), int(height)), options.step)
    else:
        print(table(counts, options.large))


if __name__ == "__main__":
    main()
