"""A provider's clip is looked at once before it is kept: what plays is right, and what the film will change is said."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from provider_failures import take
from vidgen.engines.cloud.inspection import inspect_clip
from vidgen.errors import ProcessingError
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.takes.request import ShotRequest

SHOT: ShotRequest = take("kling", frames=48, width=128, height=72).request


def made(file: Path, *options: str, size: str = "128x72", seconds: float = 2) -> Path:
    """A clip with a tone, at 24 frames/s."""
    inputs = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r=24:d={seconds}", "-f", "lavfi", "-i", f"sine=440:r=48000:d={seconds}"]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "0", "-g", "12", "-c:a", "aac"]
    run_ffmpeg([*inputs, *coded, "-movflags", "+faststart", *options, str(file)], what="a clip")
    return file


def told(file: Path, shot: ShotRequest = SHOT) -> list[str]:
    before = file.read_bytes()
    codes = [code for code, _ in inspect_clip(file, shot, "Someone")]
    assert file.read_bytes() == before, "it is only looked at"
    return codes


def test_a_clip_that_is_as_the_film_needs_it_is_kept_without_a_word(tmp_path: Path) -> None:
    assert told(made(tmp_path / "a.mp4")) == []


@pytest.mark.parametrize(
    ("size", "seconds", "codes"),
    [
        ("128x96", 2, ["take.reshaped"]),
        ("256x144", 2, []),
        ("128x72", 1.5, ["take.held"]),
        ("128x72", 4, []),
        ("72x128", 1, ["take.reshaped", "take.held"]),
    ],
)
def test_another_shape_and_a_shorter_clip_are_said(size: str, seconds: float, codes: list[str], tmp_path: Path) -> None:
    assert told(made(tmp_path / "a.mp4", size=size, seconds=seconds)) == codes


def test_another_rate_is_no_difference(tmp_path: Path) -> None:
    assert told(made(tmp_path / "a.mp4"), take("kling", frames=60, fps=Fraction(30), width=128, height=72).request) == []


def spoiled(file: Path, kind: str) -> Path:
    """Overwrite the middle third of a clip's sound, or of its pictures."""
    import av

    with av.open(str(file)) as container:
        (stream,) = (stream for stream in container.streams if stream.type == kind)
        packets = [(packet.pos, packet.size) for packet in container.demux(stream) if packet.size and packet.pos]
    content, noise = bytearray(file.read_bytes()), random.Random(1)
    for position, size in packets[len(packets) // 3 : len(packets) * 2 // 3]:
        content[position + 8 : position + size] = noise.randbytes(size - 8)
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(("kind", "code"), [("audio", "sound.damaged"), ("video", "post.damaged_source")])
def test_damage_in_the_middle_is_said_and_the_rest_is_kept(kind: str, code: str, tmp_path: Path) -> None:
    assert told(spoiled(made(tmp_path / "a.mp4"), kind)) == [code]


def cut_off(file: Path) -> None:
    made(file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def sound_alone(file: Path) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", "sine=440:d=2", "-c:a", "aac", str(file)], what="a tone")


@pytest.mark.parametrize(
    "make",
    [
        cut_off,
        sound_alone,
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"<html>sorry</html>"),
        lambda file: made(file, "-color_trc", "smpte2084", "-x264-params", "transfer=smpte2084:colorprim=bt2020"),
    ],
    ids=["cut off", "sound alone", "empty", "a page", "HDR"],
)
def test_what_is_no_usable_clip_is_refused(make: Callable[[Path], object], tmp_path: Path) -> None:
    make(tmp_path / "a.mp4")
    with pytest.raises(ProcessingError, match="Someone gave a file that is not a usable clip") as caught:
        inspect_clip(tmp_path / "a.mp4", SHOT, "Someone")
    assert caught.value.code == "provider.bad_result" and str(tmp_path) not in caught.value.message
