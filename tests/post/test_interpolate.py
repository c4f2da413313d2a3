"""Other frame rates: exact counts, one grid, real motion in between, and nothing morphed across a cut."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidgen import post
from vidgen.errors import InputError
from vidgen.media.frames import Frame, read_frames
from vidgen.media.probe import probe
from vidgen.post import FileResult
from vidgen.post.scene_changes import find_scene_changes

Ffmpeg = Callable[..., None]
MakeClip = Callable[..., Path]
Drifting = Callable[..., list[Frame]]


def interpolate_file(source: Path, out: Path, *, engine: str = "minterpolate", **wishes: Any) -> FileResult:
    return post.interpolate_file(source, out, engine=engine, **wishes)


def distance(one: Frame, other: Frame) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize("rate", ["25", "30", "48", "59.94", "60", "12", "23.976"])
def test_the_count_is_exact_and_the_grid_is_one(filmed: Path, tmp_path: Path, rate: str) -> None:
    result = interpolate_file(filmed, tmp_path / "out.mp4", rate=rate)
    info = probe(result.output)
    assert info.frames == result.frames == int(24 * result.rate / 24 + Fraction(1, 2))
    assert info.rate == result.rate and info.constant_rate


def test_a_factor_multiplies_the_rate(filmed: Path, tmp_path: Path) -> None:
    result = interpolate_file(filmed, tmp_path / "out.mp4", factor=2.5)
    assert (result.rate, result.frames) == (Fraction(60), 60)


def test_frames_in_between_are_new_and_lie_on_the_way(make_clip: MakeClip, drifting: Drifting, tmp_path: Path) -> None:
    source = make_clip("in.mp4", drifting(12))
    interpolate_file(source, tmp_path / "out.mp4", factor=2)
    made, given = list(read_frames(tmp_path / "out.mp4")), list(read_frames(source))
    half = [picture[:, 1:97] for picture in drifting(12, size=(97, 64))]  # one pixel on: half of the drift
    for index in range(11):
        assert distance(made[2 * index], given[index]) < 3
        truth = distance(made[2 * index + 1], half[index])
        assert truth < 0.5 * min(distance(made[2 * index + 1], given[index]), distance(made[2 * index + 1], given[index + 1]))
    assert distance(made[23], given[11]) < 3  # after the last picture it is held


@pytest.mark.parametrize("form", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("cut", [1, 7, 11])
def test_a_hard_cut_is_never_morphed(
    make_clip: MakeClip, drifting: Drifting, ffmpeg: Ffmpeg, tmp_path: Path, form: str, cut: int
) -> None:
    first, second = drifting(cut), drifting(12 - cut, seed=9)
    source = make_clip("in.mp4", [*first, *second])
    if form != "mp4":
        ffmpeg("-i", str(source), "-c", "copy", str(tmp_path / f"in.{form}"))
        source = tmp_path / f"in.{form}"
    assert find_scene_changes(probe(source)) == [cut]
    result = interpolate_file(source, tmp_path / "out.mp4", rate=60)
    given, made = list(read_frames(source)), list(read_frames(result.output))
    assert len(made) == 30
    for index, picture in enumerate(made):
        before = index / 60 < cut / 24
        own = given[:cut] if before else given[cut:]
        other = given[cut:] if before else given[:cut]
        assert min(distance(picture, frame) for frame in own) < 12
        assert min(distance(picture, frame) for frame in other) > 25


def test_several_cuts_each_start_a_new_piece(make_clip: MakeClip, drifting: Drifting, tmp_path: Path) -> None:
    scenes = [drifting(5, seed=seed) for seed in (1, 2, 3, 4)]
    source = make_clip("in.mp4", [picture for scene in scenes for picture in scene])
    assert find_scene_changes(probe(source)) == [5, 10, 15]
    assert interpolate_file(source, tmp_path / "out.mp4", rate=30).frames == 25


def test_flashes_pans_and_fades_are_no_cuts(make_clip: MakeClip, drifting: Drifting) -> None:
    flash = drifting(12)
    flash[6] = np.clip(flash[6].astype(int) + 90, 0, 255).astype(np.uint8)
    assert find_scene_changes(probe(make_clip("flash.mp4", flash))) == []
    pan = drifting(60)[::5]
    assert find_scene_changes(probe(make_clip("pan.mp4", pan))) == []
    fade = [(picture * (index / 11)).astype(np.uint8) for index, picture in enumerate(drifting(12))]
    assert find_scene_changes(probe(make_clip("fade.mp4", fade))) == []


def test_a_variable_rate_is_resampled_by_time(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    # A bar that moves 2 px every 1/30 s; frames 5 to 9 are missing, so that a count of frames would run ahead.
    bar = "color=black:s=96x64:r=30:d=1,geq=lum='if(between(X,2*N,2*N+8),235,16)':cb=128:cr=128"
    source = tmp_path / "in.mp4"
    ffmpeg("-f", "lavfi", "-i", bar, "-vf", "select='not(between(n,5,9))'", "-fps_mode", "vfr", "-c:v", "libx264", str(source))
    result = interpolate_file(source, tmp_path / "out.mp4", rate=60)
    assert result.frames == 60
    pictures = list(read_frames(result.output))
    centre = [
        float((picture[..., 0].mean(axis=0) * np.arange(96)).sum() / picture[..., 0].mean(axis=0).sum()) for picture in pictures
    ]
    for index in (0, 20, 30, 40, 58):
        assert centre[index] == pytest.approx(index + 4, abs=2.5)


def test_one_frame_is_a_clip_too(make_clip: MakeClip, drifting: Drifting, tmp_path: Path) -> None:
    assert interpolate_file(make_clip("in.mp4", drifting(1)), tmp_path / "out.mp4", rate=60).frames == 3


def test_sound_and_title_come_along(filmed: Path, tmp_path: Path) -> None:
    import av

    result = interpolate_file(filmed, tmp_path / "out.mp4", rate=48)
    with av.open(str(result.output)) as container:
        assert container.metadata["title"] == "My film"
        assert len(container.streams.subtitles) == 1
    with av.open(str(filmed)) as one, av.open(str(result.output)) as other:
        packets = [[bytes(packet) for packet in file.demux(audio=0)] for file in (one, other)]
    assert packets[0] == packets[1]  # copied, not encoded again


def test_bad_requests_are_one_clear_line(filmed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    with pytest.raises(InputError, match="one of the two"):
        interpolate_file(filmed, out)
    with pytest.raises(InputError, match="not a frame rate"):
        interpolate_file(filmed, out, rate="fast")
    with pytest.raises(InputError, match="frame rate is above 0"):
        interpolate_file(filmed, out, factor=0)
    with pytest.raises(InputError, match="a factor is a number above 0, not nan"):
        interpolate_file(filmed, out, factor=math.nan)
    with pytest.raises(InputError, match="not known to hold video"):
        interpolate_file(filmed, tmp_path / "out.webm", rate=60)
    with pytest.raises(InputError, match="is an input"):
        interpolate_file(filmed, filmed, rate=60)
    with pytest.raises(InputError, match="did you mean rife"):
        interpolate_file(filmed, out, rate=60, engine="rif")
    assert list(tmp_path.iterdir()) == []


def test_missing_empty_cut_off_and_foreign_files_are_one_clear_line(filmed: Path, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "words.mp4").write_text("hello")
    ffmpeg("-i", str(filmed), "-c", "copy", "-movflags", "+faststart", str(tmp_path / "whole.mp4"))
    (tmp_path / "cut.mp4").write_bytes((tmp_path / "whole.mp4").read_bytes()[:14_000])
    ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", str(tmp_path / "sound.wav"))
    for name in ("nowhere.mp4", "empty.mp4", "words.mp4", "cut.mp4", "sound.wav"):
        with pytest.raises(InputError) as caught:
            interpolate_file(tmp_path / name, tmp_path / "out.mp4", rate=60)
        assert "\n" not in caught.value.message and name in caught.value.message
    assert not (tmp_path / "out.mp4").exists()
