"""Interpolating and enlarging, side by side on the same frames: our stream, the network alone, and other ways.

``python -m benchmarks.post_stream [--tiny] [--rounds N]``. Ways are measured one after the other, in rounds; medians are shown.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from benchmarks.real_clips import excerpt
from benchmarks.watch import Cost, watch
from vidgen.media.ffmpeg import find_ffmpeg

Round = dict[str, list[float]]
"""Of each action wall seconds, processor seconds, and the cores that others used meanwhile."""

PEER = "framelift-video==2.1.0"
MINTERPOLATE = {
    "mci": "mi_mode=mci:scd=none",
    "mci, vsbmc": "mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1:scd=none",
}


@dataclass(frozen=True)
class Sizes:
    """How much is measured, as (frames, width, height): enlarged and interpolated with a warm network, then by whole commands,
    then both at once; and in how many rounds.
    """

    small: tuple[int, int, int] = (24, 320, 136)
    large: tuple[int, int, int] = (5, 640, 360)
    moving: tuple[int, int, int] = (30, 640, 272)
    enlarged: tuple[int, int, int] = (16, 320, 136)
    retimed: tuple[int, int, int] = (10, 640, 272)
    both: tuple[tuple[int, int, int], ...] = ((6, 320, 136), (4, 384, 256))
    rounds: int = 2


TINY = Sizes((4, 160, 96), (3, 192, 96), (8, 160, 96), (4, 160, 96), (4, 160, 96), ((4, 160, 96),), 1)
QUIET = 0.1
"""Cores that other work may use in a round that counts, where there is such a round."""


def table(sizes: Sizes = Sizes()) -> str:
    """The text of docs/benchmarks.md."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="vidgen-bench-") as name:
        folder = Path(name)
        peer = install_peer(folder / "peer")
        parts = [streams(sizes), enlarging(sizes, folder, peer), interpolating(sizes, folder), both_orders(sizes)]
    busy = f"Load of the machine: {load:.1f} when this began, {os.getloadavg()[0]:.1f} when it ended (that includes this)."
    return "\n\n".join([*parts, busy])


def streams(sizes: Sizes) -> str:
    """Our stream against the network alone."""
    head = (
        "Our stream (`upscale_file`, `interpolate_file`: probing, decoding, inference, encoding, checking) against the\n"
        "network alone in a loop over the same frames, decoded in memory. Both in one process, network loaded and warm.\n"
        "The rest is the stream with the network's pictures ready made.\n\n"
        "| job | network alone | stream | ratio (bar: 1.10) | processor time: stream | the rest | cores that others used |\n"
        "|---|---|---|---|---|---|---|"
    )
    rows = []
    for count, *size in (sizes.small, sizes.large):
        found = warm("upscale", "bikes", frames=count, size=size, rounds=sizes.rounds)
        rows.append(_ratio_row(f"x2, {count} of {size[0]}x{size[1]}", found))
    count, *size = sizes.moving
    for own, fps in ((25, 50), (24, 60)):
        found = warm("interpolate", "bikes", frames=count, size=size, rounds=sizes.rounds, own=own, fps=fps)
        rows.append(_ratio_row(f"{own} to {fps}/s, {count} of {size[0]}x{size[1]}", found))
    return "\n".join([head, *rows])


def _ratio_row(job: str, rounds: list[Round]) -> str:
    rounds = [one for one in rounds if max(spent[2] for spent in one.values()) < QUIET] or rounds
    pure, stream = (median(one[name][0] for one in rounds) for name in ("pure", "stream"))
    wall = [one["stream"][0] / one["pure"][0] for one in rounds]
    shares = [median(one[name][1] / one["pure"][1] for one in rounds) for name in ("stream", "rest")]
    others = median(spent[2] for one in rounds for spent in one.values())
    cells = [job, f"{pure:.2f} s", f"{stream:.2f} s", f"{median(wall):.2f} ({min(wall):.2f} to {max(wall):.2f})"]
    cells += [*(f"{share:.2f}" for share in shares), f"{others:.1f}"]
    return f"| {' | '.join(cells)} |"


def warm(job: str, clip: str, **options: object) -> list[Round]:
    """Rounds of ``post_warm``."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.post_warm", job, clip, json.dumps(options)], stdout=subprocess.PIPE, check=True
    )
    rounds: list[Round] = json.loads(done.stdout.splitlines()[-1])
    return rounds


def enlarging(sizes: Sizes, folder: Path, peer: Peer) -> str:
    """Whole commands that enlarge."""
    count, *size = sizes.enlarged
    source = excerpt("bikes", folder / "small.mp4", frames=count, size=(size[0], size[1]))
    ways: dict[str, Callable[[Path], Cost]] = {
        "`vidgen upscale`": lambda out: ours(out, "upscale", str(source), "--scale", "2"),
        "PNGs, one process a frame": _watched("source-upscale", source, "2"),
    }
    if peer.folder:
        ways[f"{PEER} on the CPU"] = lambda out: peer.upscale(source, out)
    head = f"Enlarging {count} frames of {size[0]}x{size[1]} twice, realesr-animevideov3, whole commands:"
    return "\n".join([head, "", *_rows(ways, folder, 1), *([] if peer.folder else ["", peer.absent])])


def interpolating(sizes: Sizes, folder: Path) -> str:
    """Whole commands that interpolate."""
    count, *size = sizes.retimed
    parts = []
    for own, fps in ((25, 50), (24, 60)):
        source = excerpt("bikes", folder / f"{own}.mp4", frames=count, size=(size[0], size[1]), rate=own)
        ways = {"`vidgen interpolate` (RIFE)": _ours_interpolating(source, fps)}
        if fps == 50:
            ways["PNGs, one process a new frame (RIFE)"] = _watched("source-interpolate", source, str(fps))
        for name, settings in MINTERPOLATE.items():
            ways[f"ffmpeg minterpolate ({name})"] = _watched("minterpolate", source, str(fps), settings)
        head = f"Interpolating {count} frames of {size[0]}x{size[1]} from {own} to {fps}/s, whole commands:"
        parts.append("\n".join([head, "", *_rows(ways, folder, 1)]))
    return "\n\n".join(parts)


def _ours_interpolating(source: Path, fps: int) -> Callable[[Path], Cost]:
    return lambda out: ours(out, "interpolate", str(source), "--fps", str(fps), "--engine", "rife")


def _watched(way: str, source: Path, *rest: str) -> Callable[[Path], Cost]:
    """One of ``post_ways``. Its networks run in a main thread: why their waiting is calmed is said in ``post_warm``."""
    return lambda out: watch(_way(way, source, out, *rest), out, env={"OMP_WAIT_POLICY": "passive"})


def _way(way: str, source: Path, out: Path, *rest: str) -> list[str]:
    return ["-m", "benchmarks.post_ways", way, str(source), str(out), *rest]


def ours(out: Path, command: str, *arguments: str) -> Cost:
    """A command of vidgen as a user runs it."""
    return watch(["-m", "benchmarks.post_ways", "first-frame", command, *arguments, "-o", str(out)], out)


def _rows(ways: dict[str, Callable[[Path], Cost]], folder: Path, rounds: int) -> list[str]:
    found: dict[str, list[tuple[Cost, float | None]]] = {name: [] for name in ways}
    for number in range(max(1, rounds)):
        for name, run in ways.items() if number % 2 == 0 else reversed(list(ways.items())):
            with tempfile.TemporaryDirectory(dir=folder) as place:
                start = time.monotonic()
                cost = run(Path(place) / "out.mp4")
            said = re.search(r"first frame at ([\d.]+)", cost.output)
            found[name].append((cost, float(said[1]) - start if said else None))
    base = [cost for cost, _ in next(iter(found.values()))]
    head = (
        "| way | seconds | of ours | processor seconds | of ours | to the first frame "
        "| peak memory: process, and all it started | files in between |\n|---|---|---|---|---|---|---|---|"
    )
    return [head, *(_row(name, costs, base) for name, costs in found.items())]


def _row(name: str, costs: Sequence[tuple[Cost, float | None]], base: Sequence[Cost]) -> str:
    cells = [name]
    for key in ("wall", "cpu"):
        mine, theirs = median(getattr(cost, key) for cost in base), median(getattr(cost, key) for cost, _ in costs)
        cells += [f"{theirs:.2f}", f"{theirs / mine:.2f}x"]
    begun = [seconds for _, seconds in costs if seconds is not None]
    own, tree, files = (max(getattr(cost, key) for cost, _ in costs) for key in ("own_mb", "tree_mb", "files_mb"))
    cells += [f"{median(begun):.2f} s" if begun else "", f"{own:.0f} MB, {tree:.0f} MB", f"{files:.2f} MB"]
    return f"| {' | '.join(cells)} |"


def both_orders(sizes: Sizes) -> str:
    """Both at once, in both orders."""
    head = (
        "24 to 60/s and twice the size at once, up to the encoder, in both orders. vidgen takes the one that it estimates\n"
        "to be cheaper. Processor seconds in brackets.\n\n"
        "| job | interpolate, then upscale | upscale, then interpolate | vidgen takes |\n|---|---|---|---|"
    )
    rows = []
    for count, *size in sizes.both:
        (found,) = warm("orders", "bikes", frames=count, size=size, rounds=1, own=24, fps=60)
        inner, outer = (f"{found[name][0]:.2f} s ({found[name][1]:.1f})" for name in ("interpolate first", "upscale first"))
        taken = next(name for name in found if name.startswith("chosen: ")).removeprefix("chosen: ")
        rows.append(f"| {count} of {size[0]}x{size[1]} | {inner} | {outer} | {taken} |")
    return "\n".join([head, *rows])


@dataclass(frozen=True)
class Peer:
    """framelift-video in a folder of its own, with our copy of the same weights; or why it is not here."""

    folder: Path | None
    absent: str = ""

    def upscale(self, source: Path, out: Path) -> Cost:
        assert self.folder is not None
        options = ["--scale", "2", "--ai-strength", "1", "--device", "cpu", "--no-audio", "--quiet"]
        weights = ["--weights-dir", str(self.folder / "weights"), "--model", "realesr-animevideov3"]
        path = os.pathsep.join([str(self.folder / "bin"), os.environ.get("PATH", "")])
        env = {"PYTHONPATH": str(self.folder), "PATH": path}
        return watch(["-m", "framelift", "-i", str(source), "-o", str(out), *options, *weights], out, env=env)


def install_peer(folder: Path) -> Peer:
    """Install the peer beside our torch and OpenCV, and give it our weights in the form that it reads."""
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--disable-pip-version-check",
        "--target",
        str(folder),
    ]
    done = subprocess.run([*pip, PEER, "tqdm", "Pillow"], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        return Peer(None, f"{PEER} could not be installed here: {reason}")
    for part in ("weights", "bin"):
        (folder / part).mkdir(exist_ok=True)
    (folder / "bin" / "ffmpeg").symlink_to(find_ffmpeg().path)
    _write_weights(folder / "weights" / "realesr-animevideov3.pth")
    return Peer(folder)


def _write_weights(path: Path) -> None:
    import torch

    from vidgen.post.esrgan.models import model
    from vidgen.post.esrgan.ncnn_files import state_dict
    from vidgen.weights.store import pull

    torch.save({"params": state_dict(model("realesr-animevideov3"), pull("realesr-animevideov3"))}, path)


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tiny", action="store_true", help="a minute, to see that everything runs; the numbers mean nothing")
    parser.add_argument("--rounds", type=int, help="how often a warm stream and its network are measured")
    options = parser.parse_args(None if arguments is None else list(arguments))
    sizes = TINY if options.tiny else Sizes()
    print(table(replace(sizes, rounds=options.rounds or sizes.rounds)))


if __name__ == "__main__":
    main()
