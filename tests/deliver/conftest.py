"""A small film to deliver: 50 frames in which left, middle and right are of different colours, with sound and two chapters."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from vidgen.cut.loudness import SOUND_ARGS
from vidgen.deliver import Master
from vidgen.media.chapters import Chapter
from vidgen.media.encode import DEEP, MASTER
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.frames import FrameWriter

RATE, FRAMES, WIDTH, HEIGHT = Fraction(25), 50, 192, 108
LEFT, MIDDLE, RIGHT = (200, 40, 40), (40, 200, 40), (40, 40, 200)


def stripes(frame: int) -> np.ndarray:
    """A picture of three stripes, with a bar at the top that grows with time."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for index, colour in enumerate((LEFT, MIDDLE, RIGHT)):
        picture[:, index * WIDTH // 3 : (index + 1) * WIDTH // 3] = colour
    picture[:10, : 1 + frame * (WIDTH - 1) // FRAMES] = 255
    return picture


@pytest.fixture(scope="session")
def master(tmp_path_factory: pytest.TempPathFactory) -> Master:
    folder = tmp_path_factory.mktemp("master")
    film = folder / "film.mp4"
    with FrameWriter(film, WIDTH, HEIGHT, RATE, frames=FRAMES, profile=MASTER) as writer:
        for frame in range(FRAMES):
            writer.write(stripes(frame))
    return Master(film, WIDTH, HEIGHT, RATE, FRAMES, "The sea", (Chapter(0, "EXT. 海 - DAWN"), Chapter(20, "a=b; #c\\d")))


@pytest.fixture(scope="session")
def deep(master: Master) -> Master:
    """The same film with a gradient of more than 8 bits beside it."""
    film = master.file.with_name("deep.mp4")
    ramp = "geq=lum=256+X*2:cb=512:cr=512"
    source = f"color=black:s={WIDTH}x{HEIGHT}:r=25,format={DEEP},{ramp}"
    args = replace(MASTER, pix_fmt=DEEP, crf=4).video_args(RATE)
    run_ffmpeg(["-f", "lavfi", "-i", source, "-frames:v", str(FRAMES), *args, f"file:{film}"], what="the deep film")
    return replace(master, deep=film)


@pytest.fixture(scope="session")
def sounds(master: Master) -> dict[str, Path]:
    """The film's sound, two seconds of it, in each form."""
    made = {}
    for name, (ending, args) in SOUND_ARGS.items():
        made[name] = master.file.with_name(f"sound-{name}{ending}")
        tone = ["-f", "lavfi", "-i", "sine=frequency=500:sample_rate=48000", "-t", "2", "-ac", "2"]
        run_ffmpeg([*tone, *args, f"file:{made[name]}"], what="a tone")
    return made
