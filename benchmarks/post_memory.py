"""Whether memory and files in between grow with a clip's length: the same film, short and four times as long.

``python -m benchmarks.post_memory [--tiny]``. Every run is a process of its own. The last row is a job that is kept in
checkpoints, as every job is that takes more than a minute.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.real_clips import excerpt
from benchmarks.watch import Cost, watch

Size = tuple[int, int]
SIZES: tuple[Size, Size] = (320, 136), (480, 204)
"""Of what is enlarged, and of what is interpolated: the smallest at which frames that pile up would show."""
TINY: tuple[Size, Size] = (96, 64), (96, 64)
SHORT, LONG = 40, 160
UPSCALE = ("upscale", "--scale", "2")
INTERPOLATE = ("interpolate", "--factor", "2", "--engine", "rife")
CHECKPOINT = "5"
"""Seconds of work between the checkpoints of the last row."""


def table(sizes: tuple[Size, Size] = SIZES) -> str:
    """The text of docs/benchmarks.md."""
    load = os.getloadavg()[0]
    head = (
        "Peak memory of the process, and of the process and all that it started.\n\n"
        f"| command | {SHORT} frames | {LONG} frames | ratio (bar: 1.05) | frames in between | checkpoints, encoded |\n"
        "|---|---|---|---|---|---|"
    )
    rows = []
    with tempfile.TemporaryDirectory(prefix="vidgen-bench-") as folder:
        for words, size, *way in (
            (UPSCALE, sizes[0], "first-frame"),
            (INTERPOLATE, sizes[1], "first-frame"),
            (INTERPOLATE, sizes[1], "checkpoints", CHECKPOINT),
        ):
            place = Path(folder) / str(len(rows))
            place.mkdir()
            command = f"`vidgen {' '.join(words)}` of {size[0]}x{size[1]}"
            said = f"{command}, a checkpoint every {CHECKPOINT} s" if way[1:] else command
            rows.append(_row(said, *(_cost(place, way, words, size, count) for count in (SHORT, LONG))))
    return "\n".join([head, *rows, "", f"Load of the machine when this began: {load:.1f}."])


def _cost(folder: Path, way: list[str], words: tuple[str, ...], size: Size, frames: int) -> Cost:
    clip = excerpt("bikes", folder / f"{frames}.mp4", frames=frames, size=size, rate=24)
    out = folder / f"made of {frames}" / "out.mp4"
    out.parent.mkdir()
    return watch(["-m", "benchmarks.post_ways", *way, words[0], str(clip), *words[1:], "-o", str(out)], out)


def _row(command: str, short: Cost, long: Cost) -> str:
    cells = [command, *(f"{cost.own_mb:.0f} MB, {cost.tree_mb:.0f} MB" for cost in (short, long))]
    cells.append(f"{long.own_mb / short.own_mb:.3f}, {long.tree_mb / short.tree_mb:.3f}")
    between = 1e6 * (long.files_mb - long.segments_mb)
    cells += [f"{between:.0f} bytes", f"{long.segments_mb:.2f} MB" if long.segments_mb else "none"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tiny", action="store_true", help="to see that everything runs; the numbers mean nothing")
    print(table(TINY if parser.parse_args().tiny else SIZES))


if __name__ == "__main__":
    main()
