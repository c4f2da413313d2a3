"""Ways to the same film, each run in a process of its own by ``post_stream``: ``python -m benchmarks.post_ways WAY ...``.

The source's way is the usual one of scripts: every frame to a PNG, one process a frame that loads the model and makes one PNG,
and all PNGs back into a film. Imports are inside the functions, so that no way pays for another's.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

ONE = [sys.executable, "-m", "benchmarks.post_ways"]


def source_upscale(source: str, out: str, scale: str) -> None:
    """Enlarge by PNGs and one process a frame."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for png in _extract(source, folder):
            subprocess.run([*ONE, "enlarge-one", str(png), str(folder / png.name.replace("in-", "out-")), scale], check=True)
        _recombine(folder, _rate(source), Path(out))


def source_interpolate(source: str, out: str, fps: str) -> None:
    """Raise the rate by PNGs and one process a new frame."""
    own, wanted = _rate(source), Fraction(fps)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frames = _extract(source, folder)
        for number in range(round(len(frames) * wanted / own)):
            place = number * own / wanted
            index, share = int(place), float(place % 1)
            new = folder / f"out-{number:05d}.png"
            if share == 0 or index + 1 >= len(frames):
                new.hardlink_to(frames[min(index, len(frames) - 1)])
            else:
                one = [*ONE, "between-one", str(frames[index]), str(frames[index + 1]), str(share), str(new)]
                subprocess.run(one, check=True)
        _recombine(folder, wanted, Path(out))


def enlarge_one(source: str, out: str, scale: str) -> None:
    """Load the network, enlarge one PNG."""
    import cv2

    (large,) = upscaler(int(scale)).enlarge([cv2.cvtColor(cv2.imread(source), cv2.COLOR_BGR2RGB)])
    cv2.imwrite(out, cv2.cvtColor(large, cv2.COLOR_RGB2BGR))


def between_one(before: str, after: str, share: str, out: str) -> None:
    """Load the network, make one PNG between two."""
    import cv2

    from vidgen.post.stages import Pair

    one, other = (cv2.cvtColor(cv2.imread(file), cv2.COLOR_BGR2RGB) for file in (before, after))
    ((new,),) = interpolator().between([Pair(one, other, (float(share),))])
    cv2.imwrite(out, cv2.cvtColor(new, cv2.COLOR_RGB2BGR))


def minterpolate(source: str, out: str, fps: str, settings: str) -> None:
    """ffmpeg's own interpolation, encoded as ours is."""
    _encode(_opened(source), Fraction(fps), Path(out), f"minterpolate=fps={fps}:{settings}")


def first_frame(*arguments: str) -> None:
    """A vidgen command; says when the encoder was given the first frame, on the clock of ``time.monotonic``."""
    from vidgen.media.ffmpeg import Process

    write = Process.write

    def told(self: Process, data: bytes | memoryview) -> None:
        print(f"first frame at {time.monotonic()}", file=sys.stderr, flush=True)
        Process.write = write  # type: ignore[method-assign]
        write(self, data)

    Process.write = told  # type: ignore[method-assign]
    from vidgen.cli import main

    sys.argv = ["vidgen", *arguments]
    main()


def checkpoints(seconds: str, *arguments: str) -> None:
    """A vidgen command that keeps what it did after every so many seconds of work, by its estimate."""
    from vidgen.post import segments

    segments.SECONDS = float(seconds)
    first_frame(*arguments)


def upscaler(scale: int) -> Any:
    """The engine that ``vidgen upscale`` would take."""
    from vidgen.post.engines import choose_upscaler
    from vidgen.weights.store import pull

    return choose_upscaler("auto", None, ratio=scale).load(pull)


def interpolator() -> Any:
    """RIFE."""
    from vidgen.post.engines import choose_interpolator
    from vidgen.weights.store import pull

    return choose_interpolator("rife", Fraction(24), Fraction(60)).load(pull)


def spent(action: Callable[[], object]) -> tuple[float, float, float]:
    """Wall and processor seconds of an action in this process, and of the processes that it started and that have ended; and
    how many of the machine's cores others used meanwhile, on average (0 where the system does not say).
    """
    start, before, all_before = time.perf_counter(), _processor(), _machine()
    action()
    wall, own, every = time.perf_counter() - start, _processor() - before, _machine() - all_before
    return wall, own, max(0.0, every - own) / wall


def _processor() -> float:
    both = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def _machine() -> float:
    """Processor seconds of everything on this machine since it started, with what its host took away."""
    try:
        user, nice, system, _, _, *rest = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    except OSError:
        return 0.0
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def _rate(source: str) -> Fraction:
    from vidgen.media.probe import probe_video

    return probe_video(Path(source)).rate


def _opened(source: str) -> list[str]:
    from vidgen.media.ffmpeg import input_args

    return input_args(Path(source).absolute())


def _extract(source: str, folder: Path) -> list[Path]:
    from vidgen.media.ffmpeg import run_ffmpeg

    run_ffmpeg([*_opened(source), f"file:{folder}/in-%05d.png"], what="extracting")
    return sorted(folder.glob("in-*.png"))


def _recombine(folder: Path, rate: Fraction, out: Path) -> None:
    first = min(int(png.stem.split("-")[1]) for png in folder.glob("out-*.png"))
    pictures = ["-f", "image2", "-framerate", str(rate), "-start_number", str(first), "-i", f"{folder}/out-%05d.png"]
    _encode(pictures, rate, out, "scale=out_color_matrix=bt709:out_range=tv")


def _encode(opened: Sequence[str], rate: Fraction, out: Path, steps: str) -> None:
    from vidgen.media.encode import MASTER
    from vidgen.media.ffmpeg import run_ffmpeg

    run_ffmpeg([*opened, "-an", "-vf", steps, *MASTER.video_args(rate), f"file:{out}"], what="encoding")


WAYS: dict[str, Callable[..., None]] = {
    "source-upscale": source_upscale,
    "source-interpolate": source_interpolate,
    "enlarge-one": enlarge_one,
    "between-one": between_one,
    "minterpolate": minterpolate,
    "first-frame": first_frame,
    "checkpoints": checkpoints,
}

if __name__ == "__main__":
    WAYS[sys.argv[1]](*sys.argv[2:])
