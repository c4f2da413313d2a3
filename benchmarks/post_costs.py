"""What each engine costs on this machine, in the form of src/vidgen/post/costs.yaml: ``python -m benchmarks.post_costs``.

Seconds for a megapixel: of each picture made in between, and of each picture that is enlarged. The best of a few rounds.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from benchmarks.post_warm import batches, decoded, in_a_thread
from benchmarks.post_ways import interpolator, spent
from benchmarks.real_clips import excerpt
from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.post.engines import Lanczos, Minterpolate, Nearest, choose_upscaler
from vidgen.weights.store import pull

UPSCALERS = {
    "realesr-animevideov3": (6, (320, 136)),
    "RealESRGAN_x4plus": (1, (96, 64)),
    "RealESRGAN_x4plus_anime_6B": (1, (160, 90)),
}
"""Frames and size that take a second or a few."""


def best(action: Callable[[], object], rounds: int) -> tuple[float, float]:
    """The fewest wall seconds, and the fewest processor seconds, that an action took."""
    action()
    found = [spent(lambda: in_a_thread(action)) for _ in range(rounds)]
    return min(one[0] for one in found), min(one[1] for one in found)


def filtered(source: Path, steps: str) -> None:
    run_ffmpeg([*input_args(source), "-vf", steps, "-f", "null", "-"], what="a filter")


def costs(folder: Path, rounds: int) -> dict[str, tuple[float, float]]:
    """Wall and processor seconds a megapixel, by engine or model."""
    found = {}
    moving = excerpt("bikes", folder / "moving.mp4", frames=13, rate=24)
    pairs, engine = batches(moving, 60), interpolator()
    made = sum(len(pair.times) for batch in pairs for pair in batch)
    wall, cpu = best(lambda: [engine.between(batch) for batch in pairs], rounds)
    found["rife"] = wall / made, cpu / made
    filters = {"minterpolate": Minterpolate().filter(Fraction(60)), "nearest": Nearest().filter(Fraction(60))}
    for name, steps in {**filters, "lanczos": Lanczos().filter(1280, 544)}.items():
        wall, cpu = best(lambda steps=steps: filtered(moving, steps), rounds)
        found[name] = (wall / 12, cpu / 12) if name == "lanczos" else (wall / made, cpu / made)
    found = {name: (wall / 0.17408, cpu / 0.17408) for name, (wall, cpu) in found.items()}  # 640x272
    for name, (frames, size) in UPSCALERS.items():
        held = decoded(excerpt("bikes", folder / f"{name}.mp4", frames=frames, size=size))
        upscaler = choose_upscaler("auto", name, ratio=4 if "x4" in name else 2).load(pull)
        wall, cpu = best(lambda held=held, upscaler=upscaler: [upscaler.enlarge([picture]) for picture in held], rounds)
        pixels = frames * size[0] * size[1] / 1e6
        found[name] = wall / pixels, cpu / pixels
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    with tempfile.TemporaryDirectory(prefix="vidgen-bench-") as name:
        for engine, (wall, cpu) in costs(Path(name), parser.parse_args().rounds).items():
            print(f"{engine}: {wall:.3g} s ({cpu:.3g} s of processor)", flush=True)


if __name__ == "__main__":
    main()
