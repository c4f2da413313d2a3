"""Other sizes, colours and grain: what is asked for is what is in the pixels."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidgen import post
from vidgen.errors import Cancelled, InputError
from vidgen.media.cube import Cube, identity, read_cube, write_cube
from vidgen.media.files import sha256_file
from vidgen.media.frames import Frame, read_frames
from vidgen.media.probe import probe
from vidgen.post import FileResult, Grade, Hooks, PostSettings, process_clip
from vidgen.storyboard.model import Post

Ffmpeg = Callable[..., None]
MakeClip = Callable[..., Path]
Drifting = Callable[..., list[Frame]]
RATE = Fraction(24)


def upscale_file(source: Path, out: Path, *, engine: str = "lanczos", **wishes: Any) -> FileResult:
    return post.upscale_file(source, out, engine=engine, **wishes)


@pytest.mark.parametrize(("wish", "size"), [({"scale": 3}, (288, 192)), ({"height": 100}, (150, 100)), ({}, (192, 128))])
def test_the_size_asked_for_is_the_size_delivered(
    filmed: Path, tmp_path: Path, wish: dict[str, int], size: tuple[int, int]
) -> None:
    result = upscale_file(filmed, tmp_path / "out.mp4", **wish)  # type: ignore[arg-type]
    info = probe(result.output)
    assert (info.width, info.height) == (result.width, result.height) == size
    assert (info.frames, info.rate, info.has_audio, info.sar) == (24, RATE, True, 1)
    assert set(result.as_dict()) >= {"output", "width", "height", "fps", "frames", "engine", "model", "seconds"}
    assert result.engine == "lanczos" and result.as_dict()["fps"] == 24


def test_enlarged_is_the_same_picture(make_clip: MakeClip, drifting: Drifting, tmp_path: Path) -> None:
    source = make_clip("in.mp4", drifting(3))
    upscale_file(source, tmp_path / "out.mp4", scale=2)
    for small, large in zip(read_frames(source), read_frames(tmp_path / "out.mp4"), strict=True):
        mean = large.reshape(64, 2, 96, 2, 3).mean(axis=(1, 3))
        assert np.abs(mean - small).mean() < 3


@pytest.mark.parametrize("form", [".mp4", ".mov", ".mkv"])
def test_every_output_container_is_exact(filmed: Path, tmp_path: Path, form: str) -> None:
    result = upscale_file(filmed, tmp_path / f"out{form}", scale=2)
    info = probe(result.output)
    assert (info.frames, info.rate, info.audio_codec) == (24, RATE, "aac")


def test_a_turned_clip_with_wide_pixels_comes_out_upright_and_square(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    flat, turned = tmp_path / "flat.mp4", tmp_path / "turned.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=96x64:r=24:d=0.5", "-vf", "setsar=4/3", "-c:v", "libx264", str(flat))
    ffmpeg("-display_rotation", "90", "-i", str(flat), "-c", "copy", str(turned))
    result = upscale_file(turned, tmp_path / "out.mp4", scale=2)
    info = probe(result.output)
    assert (info.width, info.height, info.rotation, info.sar) == (128, 256, 0, 1)


def test_sound_that_the_container_does_not_take_is_encoded_and_said(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    source = tmp_path / "in.mkv"
    inputs = ("-f", "lavfi", "-i", "testsrc2=s=96x64:r=24:d=0.5", "-f", "lavfi", "-i", "sine=d=0.5")
    ffmpeg(*inputs, "-c:v", "libx264", "-pix_fmt", "yuv444p", "-c:a", "pcm_s16le", str(source))
    result = upscale_file(source, tmp_path / "out.mp4")
    assert probe(result.output).audio_codec == "aac"
    assert [notice.code for notice in result.notices] == ["post.chroma_reduced", "post.audio_reencoded"]


def test_bad_requests_are_one_clear_line(filmed: Path, tmp_path: Path) -> None:
    wrong = ({"scale": 5}, {"scale": 2, "height": 100}, {"height": 16_000}, {"engine": "lancos"})
    for wish in (*wrong, {"model": "RealESRGAN_x4plus"}, {"engine": "ncnn", "model": "rife-4.0"}):
        with pytest.raises(InputError):
            upscale_file(filmed, tmp_path / "out.mp4", **wish)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def graded(source: Path, out: Path, grade: Grade, **more: float) -> Frame:
    process_clip(source, out, PostSettings(96, 64, RATE, grade=grade, **more))  # type: ignore[arg-type]
    return list(read_frames(out))[1]


@pytest.fixture
def two_colours(make_clip: MakeClip) -> Path:
    picture = np.full((64, 96, 3), 128, np.uint8)
    picture[:, 48:] = (200, 90, 60)
    return make_clip("colours.mp4", [picture] * 3)


def test_grades_do_what_they_say(two_colours: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    same = graded(two_colours, out, Grade(), grain=0.0)
    assert np.abs(same[32, 20].astype(int) - 128).max() <= 2
    grey = graded(two_colours, out, Grade(saturation=0.0))[32, 70].astype(int)
    assert np.ptp(grey) <= 3
    warm = graded(two_colours, out, Grade(temperature=60))[32, 20].astype(int)
    cold = graded(two_colours, out, Grade(temperature=-60))[32, 20].astype(int)
    assert warm[0] > 128 + 5 > 128 - 5 > warm[2] and cold[2] > 128 + 5 > 128 - 5 > cold[0]
    assert abs(float(warm @ [0.2126, 0.7152, 0.0722]) - 128) < 6
    flat = graded(two_colours, out, Grade(contrast=0.5))[32, 70].astype(int)
    assert np.abs(flat - (164, 109, 94)).max() <= 4


def test_a_lut_is_applied_and_its_name_cannot_do_harm(two_colours: Path, tmp_path: Path) -> None:
    lut = tmp_path / "a'b;[x],movie=evil:c.cube"
    write_cube(lut, Cube(1.0 - identity(5)))
    inverted = graded(two_colours, tmp_path / "out.mp4", Grade(lut=lut))[32, 70].astype(int)
    assert np.abs(inverted - (55, 165, 195)).max() <= 4


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("LUT_3D_SIZE 66\n", "from 2 to 65"),
        ("LUT_1D_SIZE 2\n0 0 0\n1 1 1\n", "1D"),
        ("LUT_3D_SIZE 2\n" + "0 0 0\n" * 7, "7 of 8 rows"),
        ("LUT_3D_SIZE 2\n" + "0 0 0\n" * 9, "more than 8"),
        ("LUT_3D_SIZE 2\n" + "0 nan 0\n" * 8, "finite"),
        ("LUT_3D_SIZE 2\n" + "0 0\n" * 8, "three numbers"),
        ("", "no LUT_3D_SIZE"),
        ("LUT_3D_SIZE 2\nDOMAIN_MIN 1 1 1\n" + "0 0 0\n" * 8, "DOMAIN"),
    ],
)
def test_a_damaged_lut_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "x.cube").write_text(text)
    with pytest.raises(InputError, match=says) as caught:
        read_cube(tmp_path / "x.cube")
    assert caught.value.code == "post.bad_lut"


def test_a_written_table_is_the_table_read(tmp_path: Path) -> None:
    write_cube(tmp_path / "x.cube", Cube(identity(4) ** 0.5))
    assert np.allclose(read_cube(tmp_path / "x.cube").table, identity(4) ** 0.5, atol=1e-6)


def test_grain_moves_and_is_the_same_for_the_same_seed(two_colours: Path, tmp_path: Path) -> None:
    def make(name: str, seed: int) -> Path:
        process_clip(two_colours, tmp_path / name, PostSettings(96, 64, RATE, grain=20.0, seed=seed))
        return tmp_path / name

    one, again, other = make("1.mp4", 7), make("2.mp4", 7), make("3.mp4", 8)
    assert sha256_file(one) == sha256_file(again) != sha256_file(other)
    frames = list(read_frames(one))
    assert frames[0][:, :40, 1].std() > 2
    assert np.abs(frames[0].astype(int) - frames[1]).mean() > 1


def test_a_clip_comes_out_with_the_frames_asked_for_or_not_at_all(filmed: Path, tmp_path: Path) -> None:
    settings = PostSettings(96, 64, RATE, grain=5.0)
    for frames in (20, 24, 26):
        assert process_clip(filmed, tmp_path / "out.mp4", settings, frames=frames).frames == frames
        assert probe(tmp_path / "out.mp4").frames == frames
    (tmp_path / "out.mp4").unlink()
    with pytest.raises(InputError, match="24 frames at 24/s; 40 are needed"):
        process_clip(filmed, tmp_path / "out.mp4", settings, frames=40)
    assert list(tmp_path.iterdir()) == []


def test_progress_is_told_and_a_wish_to_stop_is_heard(filmed: Path, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    settings = PostSettings(96, 64, Fraction(48), interpolate="minterpolate")
    process_clip(filmed, tmp_path / "out.mp4", settings, hooks=Hooks(on_frame=lambda done, total: heard.append((done, total))))
    assert heard == [(done, 48) for done in range(1, 49)]
    with pytest.raises(Cancelled):
        process_clip(filmed, tmp_path / "stopped.mp4", settings, hooks=Hooks(cancelled=lambda: True))
    assert [file.name for file in tmp_path.iterdir()] == ["out.mp4"]


def test_settings_come_from_a_storyboard(tmp_path: Path) -> None:
    post = Post.model_validate({"colour": {"lut": "looks/x.cube", "contrast": 1.2}, "grain": {"amount": 4}})
    settings = PostSettings.of(post, width=96, height=64, rate=RATE, folder=tmp_path, seed=3)
    assert settings.grade == Grade(1.2, 1.0, 0.0, tmp_path / "looks" / "x.cube")
    assert (settings.grain, settings.seed) == (4, 3)
    plain = PostSettings.of(None, width=96, height=64, rate=RATE)
    assert not plain.changes(96, 64, RATE) and plain.changes(96, 66, RATE) and settings.changes(96, 64, RATE)
    assert plain.key() != settings.key()


def peak_megabytes(source: Path, out: Path) -> float:
    """Peak memory of a process of its own that interpolates and enlarges."""
    program = (
        "import resource, sys\nfrom pathlib import Path\nfrom fractions import Fraction\n"
        "from vidgen.post import PostSettings, process_clip\n"
        "settings = PostSettings(640, 480, Fraction(30), interpolate='nearest', upscale='lanczos')\n"
        f"process_clip(Path({str(source)!r}), Path({str(out)!r}), settings)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)\n"
    )
    return float(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)


def test_memory_does_not_grow_with_length(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    for seconds in (1, 12):
        source = f"testsrc2=s=320x240:r=24:d={seconds}"
        ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast", str(tmp_path / f"{seconds}.mp4"))
    short, long = (peak_megabytes(tmp_path / f"{seconds}.mp4", tmp_path / "out.mp4") for seconds in (1, 12))
    assert long < short * 1.05 + 2  # 11 s more of raw frames would be 150 MB
