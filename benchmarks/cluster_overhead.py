"""What ``--executor ray`` costs over the same cores without it, and whether the driver's memory grows with the film.

``python -m benchmarks.cluster_overhead [--shots 60] [--pairs 1]``: films of previz, each take 2 s or more of work. The start of
Ray is told apart: all until the first take may begin. ``--memory``: short films of tiny pictures, 10 and 200 shots.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.watch import family, memory

SCENES = ("calm sea at dawn", "a mountain road", "a snowy forest", "a city at night", "a meadow", "rain over a lake")
BAR = 0.10
BAR_MEMORY = 1.10
LOOK_S = 0.1
MB = 1e6


@dataclass(frozen=True)
class Cost:
    """Of one render: seconds until takes could begin and from then on, seconds of processors from then on of all processes as
    far as they were seen, and the most memory of the driver and of the gateway in bytes.
    """

    start_s: float
    work_s: float
    cpu_s: float
    driver: int
    gateway: int


def board_text(shots: int, size: str, seconds: float) -> str:
    """A film of shots that differ."""
    rows = (f"  - {{id: s{number:03}, scene: {SCENES[number % len(SCENES)]}, seed: {number}}}" for number in range(shots))
    top = (
        f"vidgen: 1\ntitle: Overhead\nresolution: {size}\nfps: 24\ndefaults: {{duration: {seconds}s, engine: previz}}\nshots:\n"
    )
    return top + "\n".join(rows) + "\n"


def render(board: Path, name: str, *more: str) -> Cost:
    """Render a film in a work folder of its own. Exits with its own words where that fails."""
    words = ["render", str(board), "-o", str(board.with_name(f"{name}.mp4")), "--work", str(board.with_name(name)), "--json"]
    began, start, before = time.monotonic(), 0.0, 0.0
    events = board.with_name(f"{name}.events")
    seen = _Seen()
    with events.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "vidgen", *words, *more], stdout=out, stderr=out)
    while process.poll() is None:
        if not start and b'"event": "run.started"' in events.read_bytes()[:100_000]:
            start, before = time.monotonic() - began, seen.cpu_s
        seen.look(process.pid)
        time.sleep(LOOK_S)
    took = time.monotonic() - began
    if process.returncode:
        raise SystemExit(events.read_text()[-2000:])
    return Cost(start, took - start, seen.cpu_s - before, seen.driver, seen.gateway)


class _Seen:
    """What was seen of a render's processes: what Ray ends is not waited for, so that nobody else can tell."""

    def __init__(self) -> None:
        self.driver = self.gateway = 0
        self._ticks: dict[int, int] = {}

    @property
    def cpu_s(self) -> float:
        """Seconds of processors of all of them."""
        return sum(self._ticks.values()) / os.sysconf("SC_CLK_TCK")

    def look(self, pid: int) -> None:
        """Look at a process and all that descend from it."""
        self.driver = max(self.driver, memory(pid, "VmHWM"))
        for one in family(pid):
            try:
                fields = Path(f"/proc/{one}/stat").read_text(errors="replace").rpartition(")")[2].split()
                self._ticks[one] = int(fields[11]) + int(fields[12])
                if b"gateway_ray" in Path(f"/proc/{one}/cmdline").read_bytes():
                    self.gateway = max(self.gateway, memory(one, "VmHWM"))
            except OSError:
                continue


def overhead(folder: Path, shots: int, pairs: int, jobs: int) -> bool:
    """Pairs of renders, turn by turn; whether the bar is met."""
    board = folder / "film.yaml"
    board.write_text(board_text(shots, "640x360", 4))
    walls, cpus, more = [], [], ("--jobs", str(jobs))
    for number in range(pairs):
        here = render(board, f"here{number}", *more)
        there = render(board, f"there{number}", *more, "--executor", "ray")
        walls.append(there.work_s / here.work_s - 1)
        cpus.append(there.cpu_s / here.cpu_s - 1)
        print(
            f"local {here.work_s:.1f} s ({here.cpu_s:.0f} s of processors, {here.cpu_s / shots:.1f} s a shot), "
            f"ray {there.work_s:.1f} s ({there.cpu_s:.0f} s) and {there.start_s - here.start_s:.1f} s more to start: "
            f"{100 * walls[-1]:+.1f} % of time, {100 * cpus[-1]:+.1f} % of processors, load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    wall, cpu = statistics.median(walls), statistics.median(cpus)
    print(
        f"{shots} shots on {jobs} cores with Ray, its start left out: {100 * wall:+.1f} % of time, {100 * cpu:+.1f} % of "
        f"processors (bar: {100 * BAR:.0f} %; on a busy machine time says little, since more processes get more of it)"
    )
    return max(wall, cpu) <= BAR


def growth(folder: Path, few: int, many: int) -> bool:
    """Peaks of the driver's and the gateway's memory for a short and a long film; whether they are flat."""
    costs = []
    for shots in (few, many):
        board = folder / f"film{shots}.yaml"
        board.write_text(board_text(shots, "96x54", 1))
        costs.append(render(board, f"memory{shots}", "--executor", "ray"))
        print(f"{shots} shots: driver {costs[-1].driver / MB:.0f} MB, gateway {costs[-1].gateway / MB:.0f} MB", flush=True)
    ratios = [costs[1].driver / costs[0].driver, costs[1].gateway / costs[0].gateway]
    print(f"driver x{ratios[0]:.3f}, gateway x{ratios[1]:.3f} from {few} to {many} shots (bar: x{BAR_MEMORY})")
    return max(ratios) <= BAR_MEMORY


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--shots", type=int, default=60)
    reader.add_argument("--pairs", type=int, default=1)
    reader.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    reader.add_argument("--memory", action="store_true")
    asked = reader.parse_args()
    print(f"load at the start: {os.getloadavg()[0]:.1f}, cores: {os.cpu_count()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="vidgen-bench-") as folder:
        os.environ["VIDGEN_HOME"] = f"{folder}/home"
        good = growth(Path(folder), 10, 200) if asked.memory else overhead(Path(folder), asked.shots, asked.pairs, asked.jobs)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
