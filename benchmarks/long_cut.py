"""A film of 200 shots with dissolves, J and L cuts: are its frames and samples exact, and are sound and picture together?

``python -m benchmarks.long_cut [--shots 200]``. Every shot is a part of a clip that flashes and beeps at once, so each flash of
the film must have its beep. The whole film is decoded; nothing is taken from a header.
"""

from __future__ import annotations

import argparse
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidgen.app.render import RenderOptions, render_film
from vidgen.media.exact import exact_of
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.frames import read_frames
from vidgen.media.rate import SAMPLE_RATE, samples_at

RATE, LENGTH, FLASH_S, START_S, SHARED = Fraction(24), 96, 3, 1, 12
CUTS = ("dissolve", "cut", "j_cut", "l_cut")


def main() -> None:
    """Make the film, look at it, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=200)
    shots = parser.parse_args().shots
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_clip(folder / "flash.mov")
        board = folder / "film.yaml"
        board.write_text(storyboard(shots), encoding="utf-8")
        render_film(board, RenderOptions(output=folder / "film.mp4"))
        look_at(folder / "film.mp4", shots)


def make_clip(out: Path) -> None:
    """Six seconds of dark moving picture, with a white frame and a beep after three."""
    at, frame = float(FLASH_S), float(1 / RATE)
    flash = f"drawbox=color=white:t=fill:enable='between(t,{at - 0.01},{at + 0.01})'"
    picture = f"testsrc2=s=64x36:r={RATE}:d=6,eq=brightness=-0.4,{flash}"
    sound = f"aevalsrc='0.5*sin(2000*PI*t)*gte(t,{at})*lt(t,{at + frame})':s={SAMPLE_RATE}:d=6"
    form = ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-c:a", "pcm_s16le"]
    run_ffmpeg(["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, *form, str(out)], what="a clip with a flash")


def storyboard(shots: int) -> str:
    """Shots of four seconds from the second on, each kind of cut in turn."""
    used = f"clip: flash.mov, trim: {{start: {START_S}, duration: {LENGTH}f}}"
    rows = (
        f"  - {{id: s{index:03}, {used}, transition: {{type: {CUTS[index % len(CUTS)]}, duration: {SHARED}f}}}}"
        for index in range(shots)
    )
    return "\n".join(["vidgen: 1", "resolution: 64x36", f"fps: {RATE}", "shots:", *rows, ""])


def look_at(film: Path, shots: int) -> None:
    """Decode a film and print how its frames, times and samples differ from what was planned."""
    dissolves = sum(CUTS[index % len(CUTS)] == "dissolve" for index in range(1, shots))
    planned = shots * LENGTH - dissolves * SHARED
    bright = np.array([float(frame.mean()) for frame in read_frames(film)])
    gaps = set(np.diff([float(time) for time in exact_of(film).times]).round(6))
    sound = heard(film)
    print(f"{shots} shots: {len(bright)} frames of {planned}; gaps between frames: {len(gaps)} kind(s)")
    print(f"{len(sound)} samples of {samples_at(planned, RATE)}")
    flashes = np.flatnonzero(bright > 200) / float(RATE)
    loud = np.flatnonzero(np.abs(sound) > 0.1) / SAMPLE_RATE
    beeps = loud[np.diff(loud, prepend=-1) > 0.5]
    print(f"{len(flashes)} flashes, {len(beeps)} beeps")
    apart = (beeps - flashes) * float(RATE)
    print(f"beep after flash: first {apart[0]:+.3f}, last {apart[-1]:+.3f}, at most {np.abs(apart).max():.3f} frames")


def heard(film: Path) -> NDArray[np.float32]:
    """The sound as a player gives it: ffmpeg keeps to the edit list, so that the padding of the last packet is not counted."""
    with tempfile.NamedTemporaryFile(suffix=".raw") as raw:
        form = ["-vn", "-ac", "1", "-ar", str(SAMPLE_RATE), "-f", "f32le"]
        run_ffmpeg(["-i", str(film), *form, "-y", raw.name], what="decoding the sound")
        return np.fromfile(raw.name, np.float32)


if __name__ == "__main__":
    main()
