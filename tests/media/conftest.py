"""Tiny clips, made once with ffmpeg, and an executable that only pretends to be ffmpeg."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import pytest

from vidgen.media.ffmpeg import find_ffmpeg

MOVING = "testsrc2=s={size}:r={rate}:d={seconds}"


def ffmpeg(*args: str) -> None:
    """Run the real ffmpeg directly: inputs of tests do not come from the code under test."""
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *args], check=True, timeout=60)


@pytest.fixture(scope="session", name="ffmpeg")
def ffmpeg_fixture() -> Callable[..., None]:
    """``ffmpeg("-i", ...)`` for tests that make a clip of their own."""
    return ffmpeg


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with one clip of each nasty form, about a second long."""
    folder = tmp_path_factory.mktemp("clips")

    def make(name: str, size: str, rate: str, *args: str, seconds: float = 1.0, before: tuple[str, ...] = ()) -> None:
        source = MOVING.format(size=size, rate=rate, seconds=seconds)
        ffmpeg("-f", "lavfi", "-i", source, *before, *args, str(folder / name))

    sound = ("-f", "lavfi", "-i", "sine=r=44100:d=1")
    make("plain24.mp4", "96x64", "24", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    make("sound24.mp4", "96x64", "24", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", before=sound)
    make("ntsc23976.mp4", "96x64", "24000/1001", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    make("portrait30_444.mp4", "64x96", "30", "-c:v", "libx264", "-pix_fmt", "yuv444p")
    make("fullrange25.mp4", "96x64", "25", "-c:v", "libx264", "-pix_fmt", "yuvj420p")
    vfr = "select='not(between(n,5,9))',setsar=4/3"
    make("vfr_sar.mp4", "96x64", "30", "-vf", vfr, "-fps_mode", "vfr", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    make("vp9.webm", "96x64", "24000/1001", "-c:v", "libvpx-vp9", "-live", "1", "-pix_fmt", "yuv420p")
    ten = ("-c:v", "libx264", "-pix_fmt", "yuv420p10le", "-c:a", "aac")
    make("tenbit_44k.mp4", "96x64", "24", *ten, before=sound)
    ffmpeg("-display_rotation", "-90", "-i", str(folder / "plain24.mp4"), "-c", "copy", str(folder / "rotated.mp4"))
    ffmpeg("-i", str(folder / "sound24.mp4"), "-c", "copy", "-movflags", "+faststart", str(folder / "whole.mp4"))
    (folder / "cut_off.mp4").write_bytes((folder / "whole.mp4").read_bytes()[:12_000])
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "words.mp4").write_text("this is not a video\n")
    ffmpeg("-f", "lavfi", "-i", "sine=r=44100:d=1", str(folder / "sound.wav"))
    return folder


FAKE = """#!{python}
import os, signal, sys, time
real = {real!r}
if "-version" in sys.argv or "-filters" in sys.argv or "-encoders" in sys.argv:
    os.execv(real, [real, *sys.argv[1:]])
mode, out = {mode!r}, sys.argv[-1].removeprefix("file:")
if mode == "hang":
    time.sleep(60)
elif mode == "segv":
    os.kill(os.getpid(), signal.SIGSEGV)
elif mode == "short":
    open(out, "wb").write(b"0" * 1000)
elif mode == "spam":
    for _ in range(20000):
        sys.stderr.write("noise " * 40 + "\\n")
    sys.exit(3)
"""


@pytest.fixture
def fake_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put an ffmpeg in charge that can do everything by its own word, but hangs, crashes, lies, stops short or spams."""
    real = find_ffmpeg().path

    def install(mode: str) -> Path:
        script = tmp_path / f"ffmpeg-{mode}"
        script.write_text(FAKE.format(python=sys.executable, real=real, mode=mode))
        script.chmod(0o755)
        monkeypatch.setenv("VIDGEN_FFMPEG", str(script))
        return script

    return install
