"""Whatever form a clip has, exact frames of one form come out."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from vidgen.errors import InputError
from vidgen.media.encode import timescale
from vidgen.media.frames import Frame, read_frames
from vidgen.media.normalise import conform
from vidgen.media.probe import probe
from vidgen.media.verify import pts_grid

RATE = Fraction(24)
NASTY = ("plain24.mp4", "ntsc23976.mp4", "portrait30_444.mp4", "fullrange25.mp4", "vfr_sar.mp4", "vp9.webm", "tenbit_44k.mp4")

Ffmpeg = Callable[..., None]


def frames_of(path: Path) -> list[Frame]:
    return list(read_frames(path))


@pytest.mark.parametrize("name", NASTY)
def test_every_nasty_form_becomes_exact_frames(clips: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out.mp4"
    conform(clips / name, out, width=128, height=72, rate=RATE, frames=24)
    info = probe(out)
    assert (info.frames, info.rate, info.constant_rate) == (24, RATE, True)
    assert (info.width, info.height, info.sar, info.rotation) == (128, 72, 1, 0)
    assert (info.pix_fmt, info.color_range, info.color_matrix) == ("yuv420p", 1, 1)
    assert (info.color_primaries, info.color_transfer) == (1, 1)
    assert pts_grid(out) == (24, {timescale(RATE) // 24}, 0)


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25), Fraction(30), Fraction(60)])
def test_other_rates_are_exact_too(clips: Path, tmp_path: Path, rate: Fraction) -> None:
    out = tmp_path / "out.mp4"
    frames = int(rate)
    conform(clips / "vfr_sar.mp4", out, width=96, height=64, rate=rate, frames=frames)
    info = probe(out)
    assert (info.frames, info.rate, info.constant_rate) == (frames, rate, True)


def solid(ffmpeg: Ffmpeg, path: Path, colour: str, *args: str, size: str = "96x64") -> Path:
    ffmpeg("-f", "lavfi", "-i", f"color={colour}:s={size}:r=24:d=0.5", *args, str(path))
    return path


@pytest.mark.parametrize(
    ("chain", "tags"),
    [
        ("scale=out_range=pc:out_color_matrix=bt601,format=yuvj420p", ()),
        ("scale=out_range=tv:out_color_matrix=bt601,format=yuv420p", ()),
        ("scale=out_range=tv:out_color_matrix=bt709,format=yuv420p", ("-colorspace", "bt709", "-color_range", "tv")),
    ],
    ids=["full range", "untagged SD", "tagged BT.709"],
)
def test_a_colour_stays_that_colour(ffmpeg: Ffmpeg, tmp_path: Path, chain: str, tags: tuple[str, ...]) -> None:
    source = solid(ffmpeg, tmp_path / "in.mp4", "0xC04020", "-vf", chain, *tags, "-c:v", "libx264", "-crf", "4")
    conform(source, tmp_path / "out.mp4", width=96, height=64, rate=RATE, frames=12)
    middle = frames_of(tmp_path / "out.mp4")[5][32, 48].astype(int)
    assert np.abs(middle - (192, 64, 32)).max() <= 4


def test_an_untagged_hd_clip_is_read_as_bt709(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    chain = "scale=out_range=tv:out_color_matrix=bt709,format=yuv420p"
    source = solid(
        ffmpeg, tmp_path / "in.mp4", "0xC04020", "-vf", chain, "-c:v", "libx264", "-preset", "ultrafast", size="128x720"
    )
    conform(source, tmp_path / "out.mp4", width=96, height=64, rate=RATE, frames=12, fit="stretch")
    middle = frames_of(tmp_path / "out.mp4")[5][32, 48].astype(int)
    assert np.abs(middle - (192, 64, 32)).max() <= 4


def test_pad_shows_all_between_bars_and_crop_leaves_none(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    source = solid(ffmpeg, tmp_path / "in.mp4", "white", "-c:v", "libx264", "-pix_fmt", "yuv420p", size="64x64")
    for fit, left, middle in (("pad", 0, 255), ("crop", 255, 255), ("stretch", 255, 255)):
        out = tmp_path / f"{fit}.mp4"
        conform(source, out, width=128, height=64, rate=RATE, frames=12, fit=fit)  # type: ignore[arg-type]
        picture = frames_of(out)[3]
        assert abs(int(picture[32, 8, 0]) - left) < 12 and abs(int(picture[32, 64, 0]) - middle) < 12


def test_a_turned_phone_clip_is_upright(clips: Path, tmp_path: Path) -> None:
    conform(clips / "rotated.mp4", tmp_path / "out.mp4", width=64, height=96, rate=RATE, frames=24, fit="stretch")
    upright = frames_of(tmp_path / "out.mp4")[0].astype(int)
    lying = frames_of(clips / "plain24.mp4")[0].astype(int)
    assert np.abs(upright - np.rot90(lying, -1)).mean() < 8
    assert np.abs(upright - np.rot90(lying, 1)).mean() > 25


def test_wide_pixels_are_made_square(clips: Path, tmp_path: Path) -> None:
    assert probe(clips / "vfr_sar.mp4").display_size == (128, 64)
    conform(clips / "vfr_sar.mp4", tmp_path / "out.mp4", width=128, height=64, rate=RATE, frames=24)
    assert frames_of(tmp_path / "out.mp4")[0][32, :4].mean() > 20  # no bar at the left


def test_transparent_pictures_are_laid_over_black(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    source = tmp_path / "in.mov"
    ffmpeg("-f", "lavfi", "-i", "color=red@0:s=96x64:r=24:d=0.5,format=rgba", "-c:v", "png", str(source))
    conform(source, tmp_path / "out.mp4", width=96, height=64, rate=RATE, frames=12)
    assert frames_of(tmp_path / "out.mp4")[3].max() < 8


def test_a_clip_that_is_a_frame_short_holds_its_last_frame(clips: Path, tmp_path: Path) -> None:
    conform(clips / "plain24.mp4", tmp_path / "out.mp4", width=96, height=64, rate=RATE, frames=26)
    pictures = frames_of(tmp_path / "out.mp4")
    assert len(pictures) == 26
    assert np.abs(pictures[-1].astype(int) - pictures[23]).mean() < 4


def test_a_clip_that_is_much_too_short_is_refused_not_frozen(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has 24 frames at 24/s; 48 are needed"):
        conform(clips / "plain24.mp4", tmp_path / "out.mp4", width=96, height=64, rate=RATE, frames=48)
    assert list(tmp_path.iterdir()) == []


def test_hdr_is_refused(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    tags = ("-color_trc", "smpte2084", "-color_primaries", "bt2020", "-colorspace", "bt2020nc")
    params = ("-x264-params", "transfer=smpte2084:colorprim=bt2020:colormatrix=bt2020nc")
    source = solid(ffmpeg, tmp_path / "in.mp4", "white", "-c:v", "libx264", "-pix_fmt", "yuv420p10le", *tags, *params)
    with pytest.raises(InputError, match="HDR"):
        conform(source, tmp_path / "out.mp4", width=96, height=64, rate=RATE, frames=12)
