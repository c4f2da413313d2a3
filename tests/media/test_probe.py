"""What a file holds is counted and decoded, not believed."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from vidgen.errors import InputError
from vidgen.media.exact import probe_exact
from vidgen.media.probe import probe, probe_video


@pytest.mark.parametrize(
    ("name", "frames", "rate"),
    [
        ("plain24.mp4", 24, Fraction(24)),
        ("ntsc23976.mp4", 24, Fraction(24000, 1001)),
        ("vp9.webm", 24, Fraction(24000, 1001)),
        ("fullrange25.mp4", 25, Fraction(25)),
    ],
)
def test_frames_and_rate_are_exact(clips: Path, name: str, frames: int, rate: Fraction) -> None:
    info = probe(clips / name)
    assert (info.frames, info.rate, info.constant_rate) == (frames, rate, True)
    assert info.duration_s == pytest.approx(float(frames / rate))


@pytest.mark.parametrize("form", ["mkv", "avi", "ts"])
def test_other_containers_tell_the_same(ffmpeg: Callable[..., None], clips: Path, tmp_path: Path, form: str) -> None:
    copy = tmp_path / f"copy.{form}"
    codec = ("-c:v", "mpeg4", "-c:a", "pcm_s16le") if form == "avi" else ("-c", "copy")
    ffmpeg("-i", str(clips / "sound24.mp4"), *codec, str(copy))
    info = probe(copy)
    assert (info.frames, info.rate, info.has_audio) == (24, Fraction(24), True)


def test_a_hole_in_an_avi_is_a_longer_picture(ffmpeg: Callable[..., None], clips: Path, tmp_path: Path) -> None:
    # With MP3, ffmpeg shows the first picture for two frames, so that the sound's priming has room: pictures stay in sync.
    ffmpeg("-i", str(clips / "sound24.mp4"), "-c:v", "mpeg4", "-c:a", "libmp3lame", str(tmp_path / "hole.avi"))
    info = probe_exact(tmp_path / "hole.avi")
    assert info.frames == 24 and not info.constant_rate
    assert info.times[:3] == (0, Fraction(2, 24), Fraction(3, 24))


def test_a_variable_rate_is_noticed(clips: Path) -> None:
    info = probe(clips / "vfr_sar.mp4")
    assert not info.constant_rate and info.frames == 25
    assert info.sar == Fraction(4, 3) and info.display_size == (128, 64)
    assert info.duration_s == pytest.approx(1.0, abs=0.04)


def test_rotation_is_clockwise_degrees(clips: Path) -> None:
    info = probe(clips / "rotated.mp4")
    assert info.rotation == 90 and info.display_size == (64, 96)


def test_colours_as_tagged(clips: Path) -> None:
    assert probe(clips / "fullrange25.mp4").color_range == 2
    assert probe(clips / "tenbit_44k.mp4").pix_fmt == "yuv420p10le"


def test_sound_is_described(clips: Path) -> None:
    info = probe(clips / "sound24.mp4")
    assert (info.audio_rate, info.audio_channels, info.audio_codec) == (44100, 1, "aac")
    assert info.audio_duration_s == pytest.approx(1.0, abs=0.05)
    only = probe(clips / "sound.wav")
    assert not only.has_video and only.frames == 0 and only.duration_s == pytest.approx(1.0)


def test_a_cut_off_file_says_how_much_is_missing(clips: Path) -> None:
    assert probe(clips / "whole.mp4").missing_s == 0
    assert probe(clips / "cut_off.mp4").missing_s > 0.2
    with pytest.raises(InputError, match="cut off"):
        probe_video(clips / "cut_off.mp4")


@pytest.mark.parametrize("name", ["empty.mp4", "words.mp4"])
def test_what_is_not_media_is_one_clear_line(clips: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        probe(clips / name)
    assert caught.value.code == "media.unreadable" and "\n" not in caught.value.message


def test_a_missing_file_and_a_file_without_pictures(clips: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        probe(clips / "nowhere.mp4")
    with pytest.raises(InputError, match="no video"):
        probe_video(clips / "sound.wav")


def test_a_playlist_that_pretends_to_be_a_video_opens_nothing(clips: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.mp4"
    trap.write_text(f"ffconcat version 1.0\nfile {clips / 'plain24.mp4'}\n")
    with pytest.raises(InputError):
        probe(trap)


def test_names_that_look_like_something_else_are_names(clips: Path, tmp_path: Path) -> None:
    for name in ("concat:x.mp4", "-y.mp4", "out%03d.mp4", "a'b;c,d[e].mp4"):
        odd = tmp_path / name
        odd.write_bytes((clips / "plain24.mp4").read_bytes())
        assert probe(odd).frames == 24
