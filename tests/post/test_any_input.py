"""Any file that people have: all beside the pictures comes along, in sync; pictures keep what they can; the rest is told."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from vidgen.errors import InputError
from vidgen.media.exact import probe_exact
from vidgen.media.probe import probe
from vidgen.post import FileResult, interpolate_file, upscale_file

Ffmpeg = Callable[..., None]
H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
MOVING = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=24:d=1")


def enlarge(source: Path, out: Path) -> FileResult:
    return upscale_file(source, out, scale=2, engine="lanczos")


def codes(result: FileResult) -> list[str]:
    return sorted(notice.code for notice in result.notices)


# Sound in sync ---------------------------------------------------------------------------------------------------------


def flash_and_clicks(ffmpeg: Ffmpeg, out: Path, *codec: str, sound_late: float = 0, picture_late: float = 0) -> Path:
    """A white flash, and a click in each of two sound streams, 0.6 s after their streams begin."""
    picture = "color=black:s=64x48:r=25:d=1.2,drawbox=color=white:t=fill:enable='between(n,15,16)'"
    click = "aevalsrc=exprs='if(between(t,0.6,0.61),0.8*sin(6283*(t-0.6)),0)':s=48000:d=1.2"
    sound = ("-itsoffset", str(sound_late), "-f", "lavfi", "-i", click)
    ffmpeg(
        *("-itsoffset", str(picture_late), "-f", "lavfi", "-i", picture, *sound, *sound),
        *("-map", "0", "-map", "1", "-map", "2", *H264, *codec, str(out)),
    )
    return out


def clicks_after_flash(path: Path) -> list[float]:
    """Seconds from the flash to the click of each sound stream."""
    with av.open(str(path)) as container:
        flash = next(frame.time for frame in container.decode(video=0) if frame.to_ndarray(format="gray").mean() > 100)
        streams = range(len(container.streams.audio))
    assert flash is not None
    return [_click(path, number) - flash for number in streams]


def _click(path: Path, number: int) -> float:
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=48000)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=number):
            for part in resampler.resample(frame):
                loud = np.flatnonzero(np.abs(part.to_ndarray()[0]) > 0.2)
                if len(loud):
                    assert part.time is not None
                    return part.time + int(loud[0]) / 48000
    raise AssertionError("no click")


UNFIT = [("in.mkv", ".mov"), ("in.mov", ".mp4")]
"""Opus in QuickTime, and PCM in MP4."""


@pytest.mark.parametrize("form", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize(
    ("name", "codec", "late"),
    [
        ("in.mp4", ("-c:a", "aac"), {}),
        ("in.mov", ("-c:a", "pcm_s16le"), {"sound_late": 0.3}),
        ("in.mkv", ("-c:a", "libopus"), {"picture_late": 0.5}),
        ("in.ts", ("-c:a", "mp2"), {"picture_late": 0.05}),
    ],
)
def test_every_sound_stream_is_there_and_in_sync(
    ffmpeg: Ffmpeg, tmp_path: Path, name: str, codec: tuple[str, ...], late: dict[str, float], form: str
) -> None:
    source = flash_and_clicks(ffmpeg, tmp_path / name, *codec, **late)
    result = interpolate_file(source, tmp_path / f"out{form}", rate=50, engine="minterpolate")
    before, after = clicks_after_flash(source), clicks_after_flash(result.output)
    assert len(after) == 2
    # The flash is a frame and may move by one when its neighbours are made: 1/50 s. Matroska counts milliseconds.
    assert after == pytest.approx(before, abs=1 / 50 + 0.002)
    exact = enlarge(source, tmp_path / f"large{form}")
    sample = 1 / 48000
    ticks = 0.001 * (form == ".mkv") + 0.001 * (name == "in.mkv") + sample * 8
    assert clicks_after_flash(exact.output) == pytest.approx(before, abs=ticks)
    assert codes(exact) == (["post.audio_reencoded"] * 2 if (name, form) in UNFIT else [])


@pytest.mark.parametrize("seconds", [0.3, 2.5])
def test_sound_shorter_or_longer_than_the_picture_stays_as_it_is(ffmpeg: Ffmpeg, tmp_path: Path, seconds: float) -> None:
    source = tmp_path / "in.mp4"
    ffmpeg(*MOVING, "-f", "lavfi", "-i", f"sine=r=48000:d={seconds}", *H264, "-c:a", "aac", str(source))
    result = enlarge(source, tmp_path / "out.mp4")
    info = probe(result.output)
    assert (info.frames, info.audio_duration_s) == (24, pytest.approx(probe(source).audio_duration_s, abs=0.001))


def test_only_the_stream_that_does_not_fit_is_encoded_again_with_all_its_channels(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    source = tmp_path / "in.mkv"
    six = "sine=r=48000:d=1,aformat=channel_layouts=5.1"
    ffmpeg(
        *(*MOVING, "-f", "lavfi", "-i", six, "-f", "lavfi", "-i", "sine=r=22050:d=1", "-map", "0", "-map", "1", "-map", "2"),
        *(*H264, "-c:a:0", "pcm_s24le", "-c:a:1", "libmp3lame", str(source)),
    )
    result = enlarge(source, tmp_path / "out.mp4")
    with av.open(str(result.output)) as container:
        streams = [
            (s.codec_context.name, s.codec_context.channels, s.codec_context.sample_rate) for s in container.streams.audio
        ]
    assert streams == [("aac", 6, 48000), ("mp3float", 1, 22050)]
    assert codes(result) == ["post.audio_reencoded"] and "stream 1" in result.notices[0].message


def test_damaged_sound_is_known_before_the_pictures_are_made(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    source = tmp_path / "in.ts"
    ffmpeg(*MOVING, "-f", "lavfi", "-i", "sine=r=48000:d=1", *H264, "-c:a", "aac", str(source))
    data = bytearray(source.read_bytes())
    for place in range(0, len(data), 188):
        packet = data[place : place + 188]
        if (packet[1] & 0x1F, packet[2]) == (1, 1):  # the sound's packets: wreck what they hold, not where it belongs
            data[place + 40 : place + 188] = b"\x55" * 148
    source.write_bytes(data)
    result = enlarge(source, tmp_path / "out.mp4")
    assert probe(result.output).frames == 24
    assert set(codes(result)) & {"post.audio_reencoded", "post.streams_left_out"}


# Everything else comes along -------------------------------------------------------------------------------------------

TITLES = """;FFMETADATA1
title=My film
[CHAPTER]
TIMEBASE=1/1000
START=0
END=400
title=One
[CHAPTER]
TIMEBASE=1/1000
START=400
END=1000
title=Two
"""


@pytest.fixture(scope="module")
def rich(ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Matroska file with two languages of sound, subtitles as text and as pictures, chapters and an attached font."""
    folder = tmp_path_factory.mktemp("rich")
    (folder / "meta.txt").write_text(TITLES)
    (folder / "text.srt").write_text("1\n00:00:00,100 --> 00:00:00,900\nhello\n")
    (folder / "font.ttf").write_bytes(b"\0\1\0\0 a font, as far as a container knows")
    (folder / "pictures.sup").write_bytes(pgs(0.1) + pgs(0.5))
    sine = ("-f", "lavfi", "-i", "sine=r=48000:d=1")
    inputs = (*MOVING, *sine, *sine, "-i", "text.srt", "-i", "pictures.sup", "-i", "meta.txt")
    inside = tuple(str(folder / arg) if (folder / arg).is_file() else arg for arg in inputs)
    maps = [item for number in range(5) for item in ("-map", str(number))]
    ffmpeg(
        *(*inside, *maps, "-map_metadata", "5", *H264, "-c:a", "aac", "-c:s:0", "srt", "-c:s:1", "copy"),
        *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=jpn", "-metadata:s:a:1", "title=Commentary"),
        *(
            "-metadata:s:s:0",
            "language=fra",
            "-disposition:a:0",
            "0",
            "-disposition:a:1",
            "default",
            "-disposition:s:0",
            "forced",
        ),
        *("-metadata:s:v:0", "title=Main", "-attach", str(folder / "font.ttf"), "-metadata:s:t", "mimetype=font/ttf"),
        str(folder / "rich.mkv"),
    )
    return folder / "rich.mkv"


def pgs(seconds: float) -> bytes:
    """A Blu-ray subtitle that shows nothing: what counts is that it is there."""
    composition = struct.pack(">HHBHBBBB", 64, 48, 0x10, 0, 0x80, 0, 0, 0)
    segments = ((0x16, composition), (0x80, b""))
    return b"".join(b"PG" + struct.pack(">IIBH", int(seconds * 90000), 0, kind, len(data)) + data for kind, data in segments)


def described(path: Path) -> dict[str, Any]:
    with av.open(str(path)) as container:
        return {
            "title": container.metadata.get("title"),
            "chapters": [
                (chapter["metadata"]["title"], chapter["start"] * chapter["time_base"]) for chapter in container.chapters()
            ],
            "sound": [(s.metadata.get("language"), bool(int(s.disposition) & 1)) for s in container.streams.audio],
            "subtitles": [(s.codec_context.name, s.metadata.get("language")) for s in container.streams.subtitles],
            "forced": [bool(int(s.disposition) & 0x40) for s in container.streams.subtitles],
            "names": [
                s.metadata.get("title", s.metadata.get("name")) for s in (*container.streams.video, *container.streams.audio)
            ],
            "attached": [s.metadata.get("filename") for s in container.streams if s.type == "attachment"],
        }


def test_matroska_keeps_everything(rich: Path, tmp_path: Path) -> None:
    result = enlarge(rich, tmp_path / "out.mkv")
    assert described(result.output) == described(rich)
    assert described(rich)["attached"] == ["font.ttf"] and len(described(rich)["subtitles"]) == 2
    assert codes(result) == []


@pytest.mark.parametrize("form", [".mp4", ".mov", ".m4v"])
def test_mp4_keeps_what_it_can_and_says_what_it_cannot(rich: Path, tmp_path: Path, form: str) -> None:
    result = enlarge(rich, tmp_path / f"out{form}")
    found, given = described(result.output), described(rich)
    assert {key: found[key] for key in ("title", "chapters", "sound")} == {
        key: given[key] for key in ("title", "chapters", "sound")
    }
    assert found["names"] == ["Main", None, "Commentary"]
    assert found["subtitles"] == [("mov_text", "fra")]
    assert codes(result) == ["post.streams_left_out"] * 2
    assert {"hdmv_pgs_subtitle", "font.ttf"} == {
        word for notice in result.notices for word in notice.message.split() if word in ("hdmv_pgs_subtitle", "font.ttf")
    }


def test_chapters_and_subtitles_keep_their_place_where_sound_comes_first(ffmpeg: Ffmpeg, rich: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.mkv"
    ffmpeg(
        "-itsoffset",
        "0.5",
        "-i",
        str(rich),
        "-i",
        str(rich),
        *("-map", "0:v", "-map", "1:a", "-map", "1:s:0"),
        "-c",
        "copy",
        str(source),
    )
    for form in (".mp4", ".mkv"):
        result = enlarge(source, tmp_path / f"out{form}")
        assert float(described(result.output)["chapters"][1][1]) == pytest.approx(0.9, abs=0.03)
        with av.open(str(result.output)) as container:
            first = next(packet for packet in container.demux(subtitles=0) if packet.size > 2)
            assert float(first.pts * first.time_base) == pytest.approx(0.1, abs=0.03)
        with av.open(str(result.output)) as container:
            assert next(container.decode(video=0)).time == pytest.approx(0.5, abs=0.03)


def test_a_title_that_is_no_text_is_no_reason_to_fail(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    source = tmp_path / "in.mp4"
    ffmpeg(*MOVING, *H264, "-metadata", "title=TITLE", str(source))
    source.write_bytes(source.read_bytes().replace(b"TITLE", b"\xe7\xff\xfe\x80\xc3"))
    assert enlarge(source, tmp_path / "out.mp4").frames == 24


def test_a_time_code_is_counted_in_the_new_rate(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    source = tmp_path / "in.mov"
    ffmpeg(*MOVING, *H264, "-timecode", "01:00:00:12", str(source))
    result = interpolate_file(source, tmp_path / "out.mov", rate=48, engine="minterpolate")
    with av.open(str(result.output)) as container:
        assert container.streams.video[0].metadata["timecode"] == "01:00:00:24"


# The picture -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("turn", "corner"), [("90", (0, -1)), ("-90", (-1, 0)), ("180", (-1, -1))])
def test_turned_films_come_out_upright(ffmpeg: Ffmpeg, tmp_path: Path, turn: str, corner: tuple[int, int]) -> None:
    ffmpeg(
        "-f", "lavfi", "-i", "color=black:s=64x48:r=24:d=0.3,drawbox=0:0:20:16:white:fill", *H264, str(tmp_path / "flat.mp4")
    )
    ffmpeg("-display_rotation", turn, "-i", str(tmp_path / "flat.mp4"), "-c", "copy", str(tmp_path / "in.mp4"))
    result = enlarge(tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert (result.width, result.height) == ((128, 96) if turn == "180" else (96, 128))
    assert probe(result.output).rotation == 0
    grey = first_picture(result.output).mean(axis=2)
    # ffmpeg turns counter-clockwise: by 90 the white corner goes from top left to bottom left.
    place = {"90": (-1, 0), "-90": (0, -1), "180": (-1, -1)}[turn]
    assert grey[place] > 200 and grey[0, 0] < 50


def first_picture(path: Path) -> npt.NDArray[np.uint8]:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return frame.reformat(format="rgb24", src_colorspace=1, dst_color_range=2).to_ndarray()


def test_pixels_become_square_and_sizes_are_multiples_of_what_is_shown(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=64x64:r=24:d=0.3,format=yuv444p,crop=33:47,setsar=2",
        "-c:v",
        "ffv1",
        str(tmp_path / "in.mkv"),
    )
    result = enlarge(tmp_path / "in.mkv", tmp_path / "out.mp4")
    assert (result.width, result.height) == (132, 94)
    assert probe(result.output).sar == 1


def odd(ffmpeg: Ffmpeg, tmp_path: Path) -> Path:
    """A clip of 33x19 greys, which come through as they are."""
    look = "hue=s=0,scale=34x20:out_color_matrix=bt709:out_range=tv,format=yuv444p,crop=33:19"
    tags = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")
    ffmpeg("-f", "lavfi", "-i", "smptebars=s=34x20:r=24:d=0.3", "-vf", look, "-c:v", "ffv1", *tags, str(tmp_path / "odd.mkv"))
    return tmp_path / "odd.mkv"


@pytest.mark.parametrize(("scale", "size"), [(2, (66, 38)), (3, (100, 58)), (4, (132, 76))])
def test_a_size_times_a_scale_is_that_size(ffmpeg: Ffmpeg, tmp_path: Path, scale: int, size: tuple[int, int]) -> None:
    result = upscale_file(odd(ffmpeg, tmp_path), tmp_path / "out.mp4", scale=scale, engine="lanczos")
    assert (result.width, result.height) == size
    told = [notice.message for notice in result.notices if notice.code == "post.even_size"]
    assert (told != []) == (scale == 3) and all("would be 99x57" in text and "is 100x58" in text for text in told)


def test_an_odd_height_that_is_asked_for_gets_a_pixel_and_is_said(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    result = upscale_file(odd(ffmpeg, tmp_path), tmp_path / "out.mp4", height=45, engine="lanczos")
    assert (result.width, result.height) == (78, 46)
    (told,) = [notice.message for notice in result.notices if notice.code == "post.even_size"]
    assert told.startswith("a height of 45 was asked for") and told.endswith("it is 78x46")


def test_an_odd_picture_is_not_scaled_but_gets_an_edge(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    result = interpolate_file(odd(ffmpeg, tmp_path), tmp_path / "out.mkv", rate=48, engine="nearest")
    assert (result.width, result.height) == (34, 20) and "post.even_size" in codes(result)
    before, after = first_picture(tmp_path / "odd.mkv").astype(int), first_picture(result.output).astype(int)
    assert before.shape == (19, 33, 3) and np.abs(after[:19, :33] - before).mean() < 3
    assert np.abs(after[:, 33] - after[:, 32]).mean() < 4 and np.abs(after[19] - after[18]).mean() < 4


@pytest.mark.parametrize("form", [".mp4", ".m4v", ".mov", ".mkv"])
def test_ten_bits_are_kept(ffmpeg: Ffmpeg, tmp_path: Path, form: str) -> None:
    ramp = "nullsrc=s=640x32:r=24:d=0.2,format=gray10,geq=lum='64+X*876/640'"
    ffmpeg("-f", "lavfi", "-i", ramp, "-c:v", "ffv1", "-pix_fmt", "yuv420p10le", str(tmp_path / "in.mkv"))
    result = enlarge(tmp_path / "in.mkv", tmp_path / f"out{form}")
    info = probe(result.output)
    assert (info.codec, info.pix_fmt, info.bits) == ("hevc", "yuv420p10le", 10)
    with av.open(str(result.output)) as container:
        tag = container.streams.video[0].codec_context.codec_tag
        luma = next(container.decode(video=0)).to_ndarray(format="gray10le")
    assert tag == "hvc1" or form == ".mkv"  # what Apple's players ask for
    assert len(np.unique(luma)) > 400
    assert codes(result) == []


def test_finer_colour_becomes_420_and_is_told(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    ffmpeg(*MOVING, "-c:v", "libx264", "-pix_fmt", "yuv444p", str(tmp_path / "in.mp4"))
    result = enlarge(tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert probe(result.output).pix_fmt == "yuv420p" and codes(result) == ["post.chroma_reduced"]


ORANGE = np.array([200, 120, 60])
BT2020 = np.array([[0.627404, 0.329283, 0.043313], [0.069097, 0.919540, 0.011362], [0.016391, 0.088013, 0.895595]])


def as_bt2020(colour: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The numbers that show a BT.709 colour in BT.2020 (ITU-R BT.2087), by the curve of BT.709."""
    value = colour / 255
    linear = np.where(value < 0.081, value / 4.5, ((value + 0.099) / 1.099) ** (1 / 0.45))
    wide = BT2020 @ linear
    return np.asarray(np.where(wide < 0.018, wide * 4.5, 1.099 * wide**0.45 - 0.099) * 255)


@pytest.mark.parametrize(
    ("size", "matrix", "span", "tags", "colour"),
    [
        ("64x48", "bt601", "tv", "", ORANGE),  # untagged SD
        ("64x720", "bt709", "tv", "", ORANGE),  # untagged HD
        ("64x48", "bt709", "tv", "setparams=colorspace=bt709", ORANGE),
        ("64x48", "bt601", "pc", "setparams=range=pc:colorspace=smpte170m", ORANGE),
        (
            "64x48",
            "bt2020",
            "tv",
            "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=bt2020-10",
            as_bt2020(ORANGE),
        ),
    ],
    ids=["untagged SD", "untagged HD", "SD in BT.709", "full range BT.601", "BT.2020"],
)
def test_colours_are_those_of_the_source(
    ffmpeg: Ffmpeg, tmp_path: Path, size: str, matrix: str, span: str, tags: str, colour: npt.NDArray[Any]
) -> None:
    red, green, blue = (round(float(part)) for part in colour)
    flat = f"color=black:s={size}:r=24:d=0.1,format=gbrp,geq=r={red}:g={green}:b={blue}"
    filters = [
        flat,
        f"scale=out_color_matrix={matrix}:out_range={span}",
        "format=yuv444p",
        "setparams=colorspace=unknown",
        *([tags] if tags else []),
    ]
    ffmpeg("-f", "lavfi", "-i", ",".join(filters), "-c:v", "ffv1", str(tmp_path / "in.mkv"))
    result = enlarge(tmp_path / "in.mkv", tmp_path / "out.mp4")
    info = probe(result.output)
    assert (info.color_range, info.color_matrix, info.color_primaries, info.color_transfer) == (1, 1, 1, 1)
    shown = first_picture(result.output)[20:-20, 20:-20].reshape(-1, 3).mean(axis=0)
    assert shown == pytest.approx(ORANGE, abs=4)


@pytest.mark.parametrize("name", ["in.mp4", "in.ts"])
def test_interlaced_film_is_told_and_made_whole(ffmpeg: Ffmpeg, tmp_path: Path, name: str) -> None:
    woven = "testsrc2=s=64x48:r=50:d=1,tinterlace=interleave_top,setfield=tff"
    codec = H264 if name == "in.mp4" else ("-c:v", "mpeg2video")
    ffmpeg("-f", "lavfi", "-i", woven, *codec, "-flags", "+ilme+ildct", str(tmp_path / name))
    result = enlarge(tmp_path / name, tmp_path / "out.mp4")
    assert (result.frames, codes(result)) == (25, ["post.deinterlaced"])
    assert not probe(result.output).interlaced


def test_a_variable_rate_becomes_the_rate_it_was_meant_to_have(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    lost = "testsrc2=s=64x48:r=30:d=2,select='not(between(n,10,14))'"
    ffmpeg("-f", "lavfi", "-i", lost, "-fps_mode", "vfr", *H264, str(tmp_path / "in.mkv"))  # times in milliseconds
    result = enlarge(tmp_path / "in.mkv", tmp_path / "out.mp4")
    assert (result.rate, result.frames) == (Fraction(30), 60)


def test_pictures_that_are_never_shown_are_not_counted(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    hidden = ("-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-b:v", "100k")
    ffmpeg("-f", "lavfi", "-i", "mandelbrot=s=64x48:r=25", "-t", "2", *hidden, str(tmp_path / "in.webm"))
    assert enlarge(tmp_path / "in.webm", tmp_path / "out.mp4").frames == probe_exact(tmp_path / "in.webm").frames == 50


# What is refused -------------------------------------------------------------------------------------------------------


def refused(source: Path, out: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        enlarge(source, out)
    assert caught.value.exit_code == 2 and "\n" not in caught.value.message
    assert not list(out.parent.glob("*out*"))
    return caught.value


@pytest.mark.parametrize("curve", ["smpte2084", "arib-std-b67"])
def test_hdr_is_refused_by_its_tags(ffmpeg: Ffmpeg, tmp_path: Path, curve: str) -> None:
    source = tmp_path / "in.mkv"
    ffmpeg(*MOVING, "-vf", f"setparams=color_trc={curve}", "-c:v", "ffv1", "-pix_fmt", "yuv420p10le", str(source))
    assert refused(source, tmp_path / "out.mp4").code == "media.hdr"


def test_hdr_is_refused_by_what_comes_with_its_pictures(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    display = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):log-level=error"
    ffmpeg(
        *MOVING, "-c:v", "libx265", "-x265-params", f"hdr10=1:{display}", "-pix_fmt", "yuv420p10le", str(tmp_path / "in.mp4")
    )
    assert refused(tmp_path / "in.mp4", tmp_path / "out.mp4").code == "media.hdr"


def test_transparency_is_refused_but_not_a_format_that_could_have_it(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    clear = ("-vf", "format=rgba,geq=r=255:g=0:b=0:a=128", "-c:v", "qtrle", "-pix_fmt", "argb")
    ffmpeg(*MOVING, *clear, str(tmp_path / "clear.mov"))
    assert refused(tmp_path / "clear.mov", tmp_path / "out.mp4").code == "media.alpha"
    beside = ("-vf", "format=yuva420p", "-c:v", "libvpx-vp9", "-auto-alt-ref", "0", "-b:v", "100k")
    ffmpeg(*MOVING, *beside, str(tmp_path / "beside.webm"))
    assert refused(tmp_path / "beside.webm", tmp_path / "out.mp4").code == "media.alpha"
    ffmpeg(*MOVING, str(tmp_path / "opaque.gif"))
    assert "post.alpha_flattened" not in codes(enlarge(tmp_path / "opaque.gif", tmp_path / "out.mp4"))


def test_what_is_no_video_is_one_clear_line(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    ffmpeg(*MOVING, "-frames:v", "1", str(tmp_path / "still.png"))
    ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", str(tmp_path / "sound.wav"))
    ffmpeg(*MOVING, *H264, "-f", "h264", str(tmp_path / "raw.h264"))
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile still.png\n")
    (tmp_path / "playlist.mp4").write_text(f"#EXTM3U\n#EXTINF:1,\nfile://{tmp_path}/raw.h264\n#EXT-X-ENDLIST\n")
    (tmp_path / "folder.mp4").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    words = {
        "still.png": "one picture",
        "sound.wav": "no video",
        "raw.h264": "its format is not supported",
        "list.mp4": "not a readable media file",
        "playlist.mp4": "not a readable media file",
        "folder.mp4": "a folder",
        "pipe.mp4": "not a regular file",
        "nowhere.mp4": "does not exist",
    }
    for name, word in words.items():
        assert word in refused(tmp_path / name, tmp_path / "out.mp4").message


def test_odd_turns_and_huge_pictures_are_refused(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    ffmpeg(*MOVING, *H264, str(tmp_path / "flat.mp4"))
    ffmpeg("-display_rotation", "30", "-i", str(tmp_path / "flat.mp4"), "-c", "copy", str(tmp_path / "in.mp4"))
    assert "only 90, 180 and 270" in refused(tmp_path / "in.mp4", tmp_path / "out.mp4").message
    ffmpeg("-f", "lavfi", "-i", "color=s=16386x16:r=1:d=1", "-c:v", "ffv1", str(tmp_path / "wide.mkv"))
    assert "16386x16" in refused(tmp_path / "wide.mkv", tmp_path / "out.mp4").message
