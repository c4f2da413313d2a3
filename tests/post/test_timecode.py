"""Time codes go on at another frame rate: exact where it has drop-frame code, else the same moment, and said."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest

from vidgen.post.files import interpolate_file, upscale_file
from vidgen.post.timecode import time_code_at

Ffmpeg = Callable[..., None]

NTSC, TWICE = Fraction(30_000, 1001), Fraction(60_000, 1001)
MOVING = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=30000/1001:d=0.3", "-c:v", "libx264", "-pix_fmt", "yuv420p")


@pytest.mark.parametrize(
    ("text", "own", "rate", "becomes"),
    [
        ("00:59:58;20", NTSC, TWICE, "00:59:58;40"),
        ("00:59:58;40", TWICE, NTSC, "00:59:58;20"),
        ("00:59:58.20", NTSC, TWICE, "00:59:58;40"),  # some write drop-frame code with a full stop
        ("00:01:00;02", NTSC, TWICE, "00:01:00;04"),  # the first number after the ones that are passed over
        ("00:10:00;00", NTSC, TWICE, "00:10:00;00"),  # no number is passed over in a tenth minute
        ("00:59:58;20", NTSC, Fraction(60), "00:59:58:40"),
        ("00:59:58;20", NTSC, Fraction(24), "00:59:58:16"),
        ("00:59:58;20", NTSC, Fraction(25), "00:59:58:16"),
        ("00:59:58;20", NTSC, Fraction(50), "00:59:58:33"),
        ("00:59:58;20", NTSC, Fraction(24_000, 1001), "00:59:58:16"),
        ("23:59:59;29", NTSC, Fraction(60), "23:59:59:58"),
        ("01:00:00:12", Fraction(24), Fraction(48), "01:00:00:24"),
        ("01:00:00:23", Fraction(24), Fraction(24_000, 1001), "01:00:00:23"),
        ("01:00:00:00", Fraction(24_000, 1001), Fraction(60), "01:00:00:00"),  # a film begins at hour one
        ("10:00:00:24", Fraction(25), TWICE, "10:00:00:57"),
    ],
)
def test_a_code_becomes_that_of_the_same_moment(text: str, own: Fraction, rate: Fraction, becomes: str) -> None:
    assert time_code_at(text, own, rate) == becomes


def number(code: str, count: int) -> int:
    """How many frames come before the one with this drop-frame code."""
    hours, minutes, seconds, frame = (int(part) for part in code.replace(";", ":").split(":"))
    passed = count // 15 * (hours * 54 + minutes - minutes // 10)
    return (hours * 3600 + minutes * 60 + seconds) * count + frame - passed


def test_drop_frame_code_at_twice_the_rate_is_that_of_the_very_frame() -> None:
    codes = [f"01:{minute:02d}:{second:02d};{frame:02d}" for minute in range(11) for second in (0, 59) for frame in (2, 29)]
    for code in codes:
        twice = time_code_at(code, NTSC, TWICE)
        assert twice is not None and number(twice, 60) == 2 * number(code, 30)


@pytest.mark.parametrize("text", ["", "first reel", "01:00:00:24", "01:60:00:00", "01:00:00"])
def test_what_is_no_code_of_the_rate_is_none(text: str) -> None:
    assert time_code_at(text, Fraction(24), Fraction(48)) is None


@pytest.mark.parametrize("form", [".mov", ".mp4", ".mkv"])
def test_files_carry_it_and_what_had_to_change_is_said(ffmpeg: Ffmpeg, tmp_path: Path, form: str) -> None:
    ffmpeg(*MOVING, "-timecode", "00:59:58;20", str(tmp_path / f"in{form}"))
    kept = interpolate_file(tmp_path / f"in{form}", tmp_path / f"kept{form}", rate=TWICE, engine="nearest")
    assert codes(kept.output) == {"00:59:58;40"} and not kept.notices
    other = interpolate_file(tmp_path / f"in{form}", tmp_path / f"other{form}", rate=25, engine="nearest")
    assert codes(other.output) == {"00:59:58:16"}
    assert [notice.message for notice in other.notices] == [
        "the time code 00:59:58;20 became 00:59:58:16: 25 frames/s has no drop-frame"
    ]


def test_a_code_that_makes_no_sense_is_left_out_and_said(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    ffmpeg(*MOVING, "-metadata", "timecode=reel 7", str(tmp_path / "in.mkv"))
    result = upscale_file(tmp_path / "in.mkv", tmp_path / "out.mkv", engine="lanczos")
    assert codes(result.output) == set() and "reel 7" in result.notices[0].message


def codes(path: Path) -> set[str]:
    """Every time code that a file tells of, wherever."""
    with av.open(str(path)) as container:
        every = [container.metadata, *(stream.metadata for stream in container.streams)]
    return {value for tags in every for key, value in tags.items() if key.lower() == "timecode"}
