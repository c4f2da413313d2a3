"""Odd files that ffmpeg plays are used rightly by every command, or one line says what is wrong with the user's own file."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from support import Ran, Vidgen
from vidgen.errors import InputError
from vidgen.media.exact import probe_exact
from vidgen.media.frames import read_frames
from vidgen.media.probe import probe, probe_video

Ffmpeg = Callable[..., None]

MPEG2 = ("-c:v", "mpeg2video", "-pix_fmt", "yuv420p")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-pix_fmt", "yuv420p")


def film_of(vidgen: Vidgen, clip: str, *, seconds: float = 1, size: str = "96x64", fps: int = 24) -> Ran:
    """Render a film of one clip of the user's own."""
    shot = f"{{id: s01, clip: {clip}, duration: {seconds}}}"
    Path("film.yaml").write_text(f"vidgen: 1\nresolution: {size}\nfps: {fps}\nshots: [{shot}]\n", encoding="utf-8")
    return vidgen("render", "film.yaml")


def colour(path: Path | str, frame: int = 0) -> list[int]:
    """The mean colour of a frame, rounded."""
    mean: npt.NDArray[np.float64] = list(read_frames(Path(path)))[frame].mean(axis=(0, 1))
    return [round(float(value)) for value in mean]


def near(one: list[int], other: tuple[int, ...], most: int = 4) -> bool:
    return all(abs(a - b) <= most for a, b in zip(one, other, strict=True))


# What lies beside the picture ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["long.mp4", "long.mov", "long.mkv", "long.ts", "frag.mp4"])
def test_sound_that_goes_on_after_the_picture_does_not_mean_that_it_is_cut_off(
    ffmpeg: Ffmpeg, clips: Path, tmp_path: Path, form: str
) -> None:
    more = ("-movflags", "+frag_keyframe+empty_moov") if form.startswith("frag") else ()
    long = ("-f", "lavfi", "-i", "sine=880:d=4")
    inputs = ("-i", str(clips / "sound24.mp4"), *long)
    ffmpeg(*inputs, "-map", "0:v", "-map", "0:a", "-map", "1", "-c:v", "copy", "-c:a", "aac", *more, str(tmp_path / form))
    assert probe_video(tmp_path / form).frames == 24


@pytest.mark.parametrize("form", ["words.mkv", "words.mp4"])
def test_nor_do_subtitles_that_end_later(ffmpeg: Ffmpeg, clips: Path, tmp_path: Path, form: str) -> None:
    (tmp_path / "words.srt").write_text("1\n00:00:05,000 --> 00:00:08,000\nthe end\n")
    words = "mov_text" if form.endswith("mp4") else "srt"
    inputs = ("-i", str(clips / "sound24.mp4"), "-i", str(tmp_path / "words.srt"))
    ffmpeg(*inputs, "-map", "0", "-map", "1", "-c", "copy", "-c:s", words, str(tmp_path / form))
    assert probe_video(tmp_path / form).frames == 24


def test_nor_does_a_second_picture(ffmpeg: Ffmpeg, clips: Path, tmp_path: Path) -> None:
    second = ("-f", "lavfi", "-i", "testsrc=s=32x32:r=24:d=3")
    ffmpeg("-i", str(clips / "plain24.mp4"), *second, "-map", "0", "-map", "1", *H264, str(tmp_path / "two.mp4"))
    info = probe_video(tmp_path / "two.mp4")
    assert (info.frames, info.width) == (24, 96)


@pytest.mark.parametrize("form", ["mp4", "mkv", "webm"])
def test_a_picture_that_is_cut_off_is_still_told_beside_longer_sound(ffmpeg: Ffmpeg, tmp_path: Path, form: str) -> None:
    codec = ("-c:v", "libvpx", "-b:v", "500k", "-c:a", "libopus") if form == "webm" else (*H264, "-c:a", "aac")
    sources = ("-f", "lavfi", "-i", "testsrc2=s=160x90:r=24:d=4", "-f", "lavfi", "-i", "sine=440:d=9")
    ffmpeg(*sources, *codec, "-movflags", "+faststart", str(tmp_path / f"whole.{form}"))
    data = (tmp_path / f"whole.{form}").read_bytes()
    assert probe(tmp_path / f"whole.{form}").missing_s == 0
    (tmp_path / f"cut.{form}").write_bytes(data[: len(data) * 2 // 5])
    with pytest.raises(InputError, match="cut off"):
        probe_video(tmp_path / f"cut.{form}")


# Which picture ---------------------------------------------------------------------------------------------------------

COVERS: dict[str, tuple[str, ...]] = {
    "first.mp4": (),  # a tool that does not mark covers as such
    "first.mkv": (),
    "marked.mp4": ("-disposition:v:0", "attached_pic"),
    "marked.m4v": ("-disposition:v:0", "attached_pic"),
    "still.mov": (),
}


@pytest.mark.parametrize("name", COVERS)
def test_a_cover_is_never_taken_for_the_film(ffmpeg: Ffmpeg, vidgen: Vidgen, tmp_path: Path, name: str) -> None:
    cover = tmp_path / ("cover.png" if name.startswith("still") else "cover.jpg")
    ffmpeg("-f", "lavfi", "-i", "color=red:s=200x200", "-frames:v", "1", str(cover))
    ffmpeg("-f", "lavfi", "-i", "color=lime:s=96x64:r=24:d=1", *H264, str(tmp_path / "plain.mp4"))
    form = ("-f", "mp4") if name.endswith("m4v") else ()
    inputs = ("-i", str(cover), "-i", str(tmp_path / "plain.mp4"), "-map", "0", "-map", "1")
    ffmpeg(*inputs, "-c", "copy", *COVERS[name], *form, str(tmp_path / name))
    info = probe_exact(tmp_path / name)
    assert (info.frames, info.width, info.codec) == (24, 96, "h264")
    assert vidgen("upscale", name, "-o", "up.mkv", "--engine", "lanczos").code == 0
    assert vidgen("score", name).code == 0
    assert film_of(vidgen, name).code == 0
    for made in (name, "up.mkv", "film.mp4"):
        assert near(colour(made), (0, 254, 0)), made


def test_of_two_programmes_every_command_takes_the_first(ffmpeg: Ffmpeg, vidgen: Vidgen, tmp_path: Path) -> None:
    red, lime = (
        ("-f", "lavfi", "-i", f"color={name}:s={size}:r=24:d=1") for name, size in (("red", "64x64"), ("lime", "96x64"))
    )
    programmes = ("-program", "title=a:st=0", "-program", "title=b:st=1")
    ffmpeg(*red, *lime, "-map", "0", "-map", "1", *MPEG2, *programmes, str(tmp_path / "two.ts"))
    assert vidgen("upscale", "two.ts", "-o", "up.mkv", "--engine", "lanczos").code == 0
    assert film_of(vidgen, "two.ts", size="64x64").code == 0
    for made in ("two.ts", "up.mkv", "film.mp4"):
        assert near(colour(made), (253, 0, 0)), made


# What changes inside ---------------------------------------------------------------------------------------------------


def joined(ffmpeg: Ffmpeg, tmp_path: Path, *parts: tuple[str, ...]) -> Path:
    """A transport stream of several, whose clocks all begin anew."""
    for number, part in enumerate(parts):
        ffmpeg(*part, str(tmp_path / f"{number}.ts"))
    whole = tmp_path / "joined.ts"
    whole.write_bytes(b"".join((tmp_path / f"{number}.ts").read_bytes() for number in range(len(parts))))
    return whole


def source(size: str = "96x64", text: str = "testsrc2", *, rate: int = 24) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"{text}{':' if '=' in text else '='}s={size}:r={rate}:d=0.5")


CHANGES = {
    "size": ((*source(), *H264), (*source("192x128"), *H264)),
    "another shape": ((*source("64x96"), *H264), (*source("96x64"), *H264)),
    "pixel format": ((*source(), *H264), (*source(), *H264[:-1], "yuv444p")),
    "pixel shape": ((*source(), *H264), (*source(), "-vf", "setsar=4/3", *H264)),
    "interlaced": tuple((*source(size), *H264, "-flags", "+ilme+ildct") for size in ("96x64", "192x128")),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_inside_a_clip_is_taken_by_every_command_and_said(
    ffmpeg: Ffmpeg, vidgen: Vidgen, tmp_path: Path, name: str
) -> None:
    clip = joined(ffmpeg, tmp_path, *CHANGES[name])
    first = probe(tmp_path / "0.ts")
    assert (probe(clip).frames, probe(clip).changes) == (24, ("size" if name in ("another shape", "interlaced") else name,))
    for command in (("upscale", "joined.ts", "--engine", "lanczos"), ("interpolate", "joined.ts", "--fps", "48")):
        ran = vidgen(*command, "-o", "out.mkv", *(() if command[0] == "upscale" else ("--engine", "minterpolate")), "--json")
        factor = 2 if command[0] == "upscale" else 1
        assert ran.code == 0, ran.out
        assert (ran.data["width"], ran.data["height"]) == (first.width * factor, first.height * factor)
        assert "post.changes_inside" in [row["code"] for row in ran.envelope["warnings"]]
    for ran in (film_of(vidgen, "joined.ts"), vidgen("score", "joined.ts")):
        assert ran.code == 0 and "joined.ts changes in the middle" in " ".join(ran.err.split())


def test_a_browsers_recording_changes_its_size(ffmpeg: Ffmpeg, vidgen: Vidgen, tmp_path: Path) -> None:
    for name, size in (("a", "96x64"), ("b", "192x128")):
        ffmpeg(*source(size), "-c:v", "libvpx", "-b:v", "300k", str(tmp_path / f"{name}.ivf"))
    (tmp_path / "list.txt").write_text("file a.ivf\nfile b.ivf\n")
    live = ("-f", "webm", "-live", "1")
    ffmpeg("-f", "concat", "-safe", "0", "-i", str(tmp_path / "list.txt"), "-c", "copy", *live, str(tmp_path / "call.webm"))
    assert {frame.shape for frame in read_frames(tmp_path / "call.webm")} == {(64, 96, 3)}
    assert film_of(vidgen, "call.webm", seconds=0.9).code == 0
    assert vidgen("score", "call.webm").code == 0


def test_each_part_is_read_by_its_own_colour_tags(ffmpeg: Ffmpeg, vidgen: Vidgen, tmp_path: Path) -> None:
    def part(matrix: str) -> tuple[str, ...]:
        look = f"format=gbrp,scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p"
        return (*source(text="color=0xC83C1E"), "-vf", look, *H264, "-colorspace", matrix, "-color_range", "tv")

    joined(ffmpeg, tmp_path, (*part("bt709"),), (*part("smpte170m"),))
    assert film_of(vidgen, "joined.ts").code == 0
    assert vidgen("upscale", "joined.ts", "-o", "up.mp4", "--engine", "lanczos").code == 0
    for made in ("joined.ts", "film.mp4", "up.mp4"):
        assert near(colour(made, 2), (200, 60, 30), 6) and near(colour(made, 21), (200, 60, 30), 6), made


# What does not decode --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", [MPEG2, H264], ids=["mpeg2", "h264"])
def test_a_recording_that_begins_between_key_pictures_has_what_decodes(
    ffmpeg: Ffmpeg, vidgen: Vidgen, tmp_path: Path, codec: tuple[str, ...]
) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=160x90:r=25:d=3", *codec, "-g", "25", "-bf", "0", str(tmp_path / "whole.ts"))
    data = (tmp_path / "whole.ts").read_bytes()
    (tmp_path / "mid.ts").write_bytes(data[len(data) // 6 // 188 * 188 :])
    info = probe(tmp_path / "mid.ts")
    assert info.frames == len(list(read_frames(tmp_path / "mid.ts"))) == probe_exact(tmp_path / "mid.ts").frames == 50
    assert info.undecoded > 0 and (info.rate, info.duration_s) == (Fraction(25), 2.0)
    ran = film_of(vidgen, "mid.ts", seconds=2, fps=25)
    assert ran.code == 0 and "mid.ts does not begin with a key frame" in " ".join(ran.err.split())


def test_a_clip_that_is_too_short_is_named_before_anything_is_made(ffmpeg: Ffmpeg, vidgen: Vidgen, tmp_path: Path) -> None:
    ffmpeg(*source(), *H264, str(tmp_path / "short.mp4"))
    Path("film.yaml").write_text(
        "vidgen: 1\nresolution: 96x64\nfps: 24\nshots:\n  - {clip: short.mp4, duration: 2}\n  - {scene: sea}\n"
    )
    ran = vidgen("render", "film.yaml")
    assert ran.code == 2 and "short.mp4 has 12 frames at 24/s; 48 are needed" in ran.err
    assert "part" not in ran.err and not Path(".vidgen").exists()


# Turned, mirrored, of odd size -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", [("0",), ("0", "-display_hflip"), ("0", "-display_vflip"), ("180",), ("90",), ("-90",)])
@pytest.mark.parametrize("mirror", [(), ("-display_hflip",)], ids=["plain", "mirrored"])
def test_pictures_are_read_as_they_are_shown(
    ffmpeg: Ffmpeg, tmp_path: Path, turn: tuple[str, ...], mirror: tuple[str, ...]
) -> None:
    ffmpeg(*source("64x48"), *H264, str(tmp_path / "flat.mp4"))
    ffmpeg("-display_rotation", *turn, *mirror, "-i", str(tmp_path / "flat.mp4"), "-c", "copy", str(tmp_path / "in.mp4"))
    ffmpeg("-i", str(tmp_path / "in.mp4"), "-c:v", "ffv1", str(tmp_path / "shown.mkv"))  # turned by ffmpeg itself
    one, other = (next(read_frames(tmp_path / name)) for name in ("in.mp4", "shown.mkv"))
    assert np.array_equal(one, other)


def test_wide_pixels_are_read_as_square_ones(clips: Path) -> None:
    assert next(read_frames(clips / "vfr_sar.mp4")).shape == (64, 128, 3)


def test_a_clip_of_odd_size_with_the_colours_of_old_television_becomes_a_film(
    ffmpeg: Ffmpeg, vidgen: Vidgen, tmp_path: Path
) -> None:
    tags = ("-colorspace", "smpte170m", "-color_primaries", "smpte170m", "-color_trc", "smpte170m")
    odd = ("-vf", "format=yuv444p,crop=95:63,format=yuv420p")
    ffmpeg(*source("96x64"), *odd, "-c:v", "ffv1", *tags, str(tmp_path / "odd.mkv"))
    assert film_of(vidgen, "odd.mkv", seconds=0.5).code == 0


@pytest.mark.parametrize("size", ["1x1", "2x2", "40x2", "9x17"])
def test_a_clip_of_a_few_pixels_can_be_judged(ffmpeg: Ffmpeg, vidgen: Vidgen, tmp_path: Path, size: str) -> None:
    ffmpeg(*source(size, "color=red"), "-vf", "format=yuv444p", "-c:v", "ffv1", str(tmp_path / "tiny.mkv"))
    assert vidgen("score", "tiny.mkv").code == 0
