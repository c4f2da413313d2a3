"""Whether memory and files in between grow with a clip's length: the same film, short and four times as long.

``python -m benchmarks.post_memory [--tiny]``. Every run is a process of its own. The last row is a job that is kept in
checkpoints, as every job is that takes more than a minute.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.post_stream import ours
from benchmarks.real_clips import excerpt
from benchmarks.watch import Cost, watch

SIZE, TINY = (320, 136), (96, 64)
SHORT, LONG = 40, 160
COMMANDS = {
    "`vidgen upscale --scale 2`": ("upscale", "--scale", "2"),
    "`vidgen interpolate --fps 60`": ("interpolate", "--fps", "60", "--engine", "rife"),
}
CHECKPOINT = "2"
"""Seconds of work between the checkpoints of the last row."""


def table(size: tuple[int, int] = SIZE) -> str:
    """The text of docs/benchmarks.md."""
    load = os.getloadavg()[0]
    head = (
        f"Peak memory of the process, and of the process and all that it started, for {SHORT} and {LONG} frames of "
        f"{size[0]}x{size[1]}.\n\n"
        f"| command | {SHORT} frames | {LONG} frames | ratio (bar: 1.05) | frames in between | checkpoints, encoded |\n"
        "|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory(prefix="vidgen-bench-") as name:
        folder = Path(name)
        clips = [excerpt("bikes", folder / f"{count}.mp4", frames=count, size=size, rate=24) for count in (SHORT, LONG)]
        rows = []
        for command, words in COMMANDS.items():
            costs = [ours(folder / str(index) / "out.mp4", words[0], str(clip), *words[1:]) for index, clip in enumerate(clips)]
            rows.append(_row(command, *costs))
        words = COMMANDS["`vidgen interpolate --fps 60`"]
        kept = [_in_checkpoints(folder / f"kept{index}" / "out.mp4", clip, words) for index, clip in enumerate(clips)]
        rows.append(_row(f"the same, a checkpoint every {CHECKPOINT} s", *kept))
    return "\n".join([head, *rows, "", f"Load of the machine when this began: {load:.1f}."])


def _in_checkpoints(out: Path, clip: Path, words: tuple[str, ...]) -> Cost:
    out.parent.mkdir()
    way = ["-m", "benchmarks.post_ways", "checkpoints", CHECKPOINT, words[0], str(clip), *words[1:], "-o", str(out)]
    return watch(way, out)


def _row(command: str, short: Cost, long: Cost) -> str:
    cells = [command, *(f"{cost.own_mb:.0f} MB, {cost.tree_mb:.0f} MB" for cost in (short, long))]
    cells.append(f"{long.own_mb / short.own_mb:.3f}, {long.tree_mb / short.tree_mb:.3f}")
    between = 1e6 * (long.files_mb - long.segments_mb)
    cells += [f"{between:.0f} bytes", f"{long.segments_mb:.2f} MB" if long.segments_mb else "none"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tiny", action="store_true", help="to see that everything runs; the numbers mean nothing")
    print(table(TINY if parser.parse_args().tiny else SIZE))


if __name__ == "__main__":
    main()
