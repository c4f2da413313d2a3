"""Tiny clips for post-processing, made with ffmpeg or from numpy pictures."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from vidgen.media.frames import Frame, FrameWriter
from vidgen.weights.store import pull

Ffmpeg = Callable[..., None]
MakeClip = Callable[..., Path]
ModelFolder = Callable[[str], Path]


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    """``ffmpeg("-i", ...)``: the bundled one, directly: what is tested may run another."""

    def run(*args: str) -> None:
        subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *args], check=True, timeout=60)

    return run


@pytest.fixture
def make_clip(tmp_path: Path) -> MakeClip:
    """Write pictures as a clip of 24 frames a second."""

    def write(name: str, pictures: Sequence[Frame], rate: int = 24) -> Path:
        height, width = pictures[0].shape[:2]
        with FrameWriter(tmp_path / name, width, height, Fraction(rate)) as writer:
            for picture in pictures:
                writer.write(picture)
        return tmp_path / name

    return write


def drifting(frames: int, *, start: int = 0, seed: int = 1, size: tuple[int, int] = (96, 64)) -> list[Frame]:
    """A soft, faintly coloured texture that drifts two pixels a frame to the left."""
    import cv2

    width, height = size
    noise = np.random.default_rng(seed).integers(60, 200, (height // 8, 100, 1), dtype=np.uint8)
    wide = cv2.resize(noise, (800, height), interpolation=cv2.INTER_CUBIC)[..., None] + np.array([20, 0, 10], np.uint8)
    return [np.ascontiguousarray(wide[:, 2 * (start + index) : 2 * (start + index) + width]) for index in range(frames)]


@pytest.fixture(name="drifting")
def drifting_fixture() -> Callable[..., list[Frame]]:
    """See ``drifting``."""
    return drifting


@pytest.fixture(scope="session")
def filmed(ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second at 24/s with stereo AAC sound, a subtitle and a title."""
    folder = tmp_path_factory.mktemp("filmed")
    (folder / "s.srt").write_text("1\n00:00:00,100 --> 00:00:00,900\nhello\n")
    ffmpeg(
        *(
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=96x64:r=24:d=1",
            "-f",
            "lavfi",
            "-i",
            "sine=r=48000:d=1",
            "-i",
            str(folder / "s.srt"),
        ),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2", "-c:s", "mov_text"),
        *("-metadata", "title=My film", str(folder / "filmed.mp4")),
    )
    return folder / "filmed.mp4"


@pytest.fixture(scope="session", name="weights")
def model_folder() -> ModelFolder:
    """``weights("rife-4.0")`` has a model's verified files here and returns their folder, which is kept between runs."""
    kept = Path(__file__).parents[2] / ".venv" / "weights-for-tests"

    def folder(name: str) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("VIDGEN_HOME", str(kept))
            return pull(name)

    return folder
