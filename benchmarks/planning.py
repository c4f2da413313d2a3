"""``vidgen plan --json`` of a storyboard with 1,000 shots, as a whole process."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SHOTS = 1000
MOVES = ("static", "pan_left", "dolly_in", "crane_up", "orbit_right", "ドリーイン", "パン右")


def board(shots: int = SHOTS) -> str:
    """A storyboard with many different shots in scenes of twenty."""
    lines = ["vidgen: 1", "title: A long film", "style: cinematic, film grain", "scenes:"]
    for index in range(shots):
        if index % 20 == 0:
            lines += [f"  - id: sc{index // 20:03d}", "    scene: mountain lake at dawn, mist over the water", "    shots:"]
        lines += [
            f"      - id: s{index:04d}",
            f"        action: a boat drifts past buoy number {index}",
            f"        camera: {MOVES[index % len(MOVES)]}",
            "        motion: {type: natural, detail: ripples, amount: 4}",
            f"        duration: {3 + index % 3}",
            "        transition: {type: dissolve, duration: 0.5}",
        ]
    return "\n".join(lines) + "\n"


def table() -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "long.yaml"
        file.write_text(board(), encoding="utf-8")
        times = []
        for _ in range(5):
            start = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "vidgen", "plan", str(file), "--json"], check=True, capture_output=True, text=True
            )
            times.append(time.perf_counter() - start)
        shots = len(json.loads(done.stdout.splitlines()[-1])["data"]["shots"])
    median = statistics.median(times)
    return f"| shots | median of 5 whole processes (bar: 3 s) |\n|---|---|\n| {shots} | {median:.2f} s |"


if __name__ == "__main__":
    print(table())
