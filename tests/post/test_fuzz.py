"""200 damaged or strange files: a right result, or one clear line and exit 2; never a traceback, a hang or half a file.

Damage is drawn from the number of the input, so that a failure names the input that makes it again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest

from vidgen.errors import VidgenError
from vidgen.media.exact import probe_exact
from vidgen.media.verify import check_video
from vidgen.post import FileResult, Hooks, interpolate_file, upscale_file

Ffmpeg = Callable[..., None]
LIMIT_S = 60
"""No input takes a second on a machine that is not busy."""

CHUNKS, EACH = 16, 10
H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
TONE = ("-f", "lavfi", "-i", "sine=r=44100:d=0.7")


def moving(size: str = "64x48", rate: str = "12", seconds: float = 0.7) -> tuple[str, ...]:
    return "-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}"


WHOLE = {
    "aac.mp4": (*moving(), *TONE, *H264, "-c:a", "aac", "-movflags", "+faststart"),
    "moov_last.mp4": (*moving(), *TONE, *H264, "-c:a", "aac"),
    "fragments.mp4": (*moving(), *TONE, *H264, "-g", "4", "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"),
    "ten_bits.mp4": (*moving(), "-c:v", "libx265", "-x265-params", "log-level=error", "-pix_fmt", "yuv420p10le"),
    "jpeg.mov": (*moving(), *TONE, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"),
    "ac3.mkv": (*moving(), *TONE, *H264, "-c:a", "ac3"),
    "lossless.mkv": (*moving(), *TONE, "-c:v", "ffv1", "-pix_fmt", "yuv422p10le", "-c:a", "flac"),
    "vp8.webm": (*moving(), *TONE, "-c:v", "libvpx", "-b:v", "100k", "-c:a", "libopus"),
    "mp3.avi": (*moving(), *TONE, "-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "aac.ts": (*moving(), *TONE, *H264, "-c:a", "aac"),
    "mp2.mpg": (*moving(rate="25", seconds=0.4), *TONE, "-c:v", "mpeg2video", "-c:a", "mp2"),
    "sorenson.flv": (*moving(), *TONE, "-c:v", "flv", "-c:a", "libmp3lame"),
    "windows.wmv": (*moving(), *TONE, "-c:v", "wmv2", "-c:a", "wmav2"),
    "animated.gif": moving(),
    "bare.ivf": (*moving(), "-c:v", "libvpx-vp9", "-b:v", "100k"),
}
"""What is damaged: one of each container."""


@pytest.fixture(scope="module")
def whole(ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    for name, args in WHOLE.items():
        ffmpeg(*args, str(folder / name))
    return folder


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The bytes with bits flipped, a piece overwritten, lost, doubled or put in between, or the end cut off."""
    found = bytearray(data)
    place = rng.randrange(len(found))
    piece = rng.choice([1, 4, 16, 100, 1000])
    match rng.choice(["flip", "flip", "header", "end", "cut", "zero", "noise", "lose", "insert", "double"]):
        case "flip":
            for _ in range(rng.choice([1, 3, 10, 50])):
                found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
        case "header" | "end" as where:
            for _ in range(rng.choice([1, 2, 5])):
                near = rng.randrange(min(1500, len(found)))
                found[near if where == "header" else -1 - near] = rng.choice([0, 1, 127, 128, 255])
        case "cut":
            del found[place:]
        case "zero":
            found[place : place + piece] = bytes(len(found[place : place + piece]))
        case "noise":
            found[place : place + piece] = rng.randbytes(len(found[place : place + piece]))
        case "lose":
            del found[place : place + piece]
        case "insert":
            found[place:place] = rng.randbytes(piece)
        case "double":
            found[place:place] = found[place : place + piece]
    return bytes(found)


def worked(source: Path, folder: Path, rng: random.Random) -> FileResult | VidgenError:
    """What a command drawn at random does with the file. Everything but the result's own rightness is checked here."""
    folder.mkdir()
    out = folder / f"out{rng.choice(['.mp4', '.mov', '.mkv'])}"
    end = time.monotonic() + LIMIT_S
    done: FileResult | VidgenError
    try:
        match rng.choice(["rate", "factor", "scale", "height"]):
            case "rate":
                done = interpolate_file(
                    source, out, rate=30, engine="minterpolate", hooks=Hooks(cancelled=lambda: time.monotonic() > end)
                )
            case "factor":
                done = interpolate_file(
                    source, out, factor=2, engine="minterpolate", hooks=Hooks(cancelled=lambda: time.monotonic() > end)
                )
            case "scale":
                done = upscale_file(
                    source, out, scale=2, engine="lanczos", hooks=Hooks(cancelled=lambda: time.monotonic() > end)
                )
            case _:
                done = upscale_file(
                    source, out, height=100, engine="lanczos", hooks=Hooks(cancelled=lambda: time.monotonic() > end)
                )
    except VidgenError as error:
        assert error.exit_code == 2, f"exit {error.exit_code}: {error.message}"
        assert error.message and "\n" not in error.message
        done = error
    assert list(folder.iterdir()) == ([out] if isinstance(done, FileResult) else [])
    return done


def check_right(source: Path, result: FileResult) -> None:
    """The result is whole, and as long as the frames that the source gives."""
    info = probe_exact(source)
    seconds = info.frames / info.rate if info.constant_rate else info.times[-1] + info.times[-1] - info.times[-2]
    assert result.frames == max(1, int(seconds * result.rate + Fraction(1, 2)))
    form = {"frames": result.frames, "width": result.width, "height": result.height, "rate": result.rate}
    with av.open(str(result.output)) as container:
        tick = container.streams.video[0].time_base
        first = min(packet.pts for packet in container.demux(video=0) if packet.pts is not None)
        assert tick is not None
    check_video(result.output, **form, decode=True, may_start_late=True, starts_at=first * tick)  # type: ignore[arg-type]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_damaged_files_give_a_right_result_or_one_clear_line(whole: Path, tmp_path: Path, chunk: int) -> None:
    for number in range(chunk * EACH, (chunk + 1) * EACH):
        rng = random.Random(number)
        name = list(WHOLE)[number % len(WHOLE)]
        source = tmp_path / f"{number}-{name}"
        source.write_bytes(damaged((whole / name).read_bytes(), rng))
        done = worked(source, tmp_path / str(number), rng)
        if isinstance(done, FileResult):
            check_right(source, done)


FFV1 = ("-c:v", "ffv1")
STRANGE: dict[str, tuple[str, ...]] = {
    "1x1.mkv": ("-f", "lavfi", "-i", "color=red:s=16x16:r=12:d=0.5,format=rgb24,crop=1:1,format=bgr0", *FFV1),
    "2x2.mp4": (*moving("2x2"), *H264),
    "3x47.mkv": (*moving("64x64"), "-vf", "format=yuv444p,crop=3:47", *FFV1),
    "one_frame.mp4": (*moving(), *H264, "-frames:v", "1"),
    "two_frames.mkv": (*moving(), *H264, "-frames:v", "2"),
    "one_frame.gif": (*moving(), "-frames:v", "1"),
    "no_length.mkv": (*moving(), *TONE, *H264, "-c:a", "aac", "-live", "1"),
    "444.mp4": (*moving(), "-c:v", "libx264", "-pix_fmt", "yuv444p"),
    "411.mkv": (*moving(), *FFV1, "-pix_fmt", "yuv411p"),
    "12bit.mkv": (*moving(), *FFV1, "-pix_fmt", "yuv444p12le"),
    "rgb48.mkv": (*moving(), *FFV1, "-pix_fmt", "gbrp16le"),
    "grey.mkv": (*moving(), *FFV1, "-pix_fmt", "gray"),
    "grey16.mkv": (*moving(), *FFV1, "-pix_fmt", "gray16le"),
    "alpha.mkv": (*moving(), *FFV1, "-pix_fmt", "yuva420p"),
    "full_range.mp4": (*moving(), "-c:v", "libx264", "-pix_fmt", "yuvj420p"),
    "bt2020.mkv": (*moving(), "-vf", "setparams=color_primaries=bt2020:colorspace=bt2020nc", *FFV1, "-pix_fmt", "yuv420p10le"),
    "ycgco.mp4": (*moving(), "-vf", "setparams=colorspace=ycgco", *H264),
    "mono.mkv": (*moving(), *TONE, *H264, "-c:a", "pcm_u8"),
    "5.1.mkv": (*moving(), *TONE, "-af", "aformat=channel_layouts=5.1", *H264, "-c:a", "pcm_s16le"),
    "7.1.mkv": (*moving(), *TONE, "-af", "aformat=channel_layouts=7.1", *H264, "-c:a", "flac"),
    "16_channels.mkv": (*moving(), *TONE, "-af", "aformat=channel_layouts=hexadecagonal", *H264, "-c:a", "pcm_s16le"),
    "8kHz.mkv": (*moving(), "-f", "lavfi", "-i", "sine=r=8000:d=0.7", *H264, "-c:a", "pcm_alaw"),
    "192kHz.mkv": (*moving(), "-f", "lavfi", "-i", "sine=r=192000:d=0.7", *H264, "-c:a", "flac"),
    "turned.mp4": ("-display_rotation", "90", "-i", "aac.mp4", "-c", "copy"),
    "upside_down.mp4": ("-display_rotation", "180", "-i", "aac.mp4", "-c", "copy"),
    "askew.mp4": ("-display_rotation", "45", "-i", "aac.mp4", "-c", "copy"),
    "mirrored.mp4": ("-display_rotation", "90", "-display_hflip", "-i", "aac.mp4", "-c", "copy"),
    "wide_pixels.mp4": (*moving(), "-vf", "setsar=64/45", *H264),
    "absurd_pixels.mp4": (*moving(), "-vf", "setsar=1000", *H264),
    "late.mkv": ("-i", "ac3.mkv", "-c", "copy", "-output_ts_offset", "700"),
    "wrapped.ts": ("-i", "aac.ts", "-c", "copy", "-output_ts_offset", "95443.5"),
    "two_pictures.mkv": ("-i", "ac3.mkv", "-i", "lossless.mkv", "-map", "0", "-map", "1:v", "-c", "copy"),
    "cover_first.mp4": (
        *moving(),
        "-i",
        "aac.mp4",
        "-map",
        "0",
        "-map",
        "1",
        "-frames:v:0",
        "1",
        "-c:v:0",
        "png",
        "-c:v:1",
        "copy",
    )
    + ("-c:a", "copy", "-disposition:v:0", "attached_pic"),
    "still.png": (*moving(), "-frames:v", "1"),
    "sound_alone.mp3": TONE,
    "1000_a_second.mkv": (*moving(rate="1000", seconds=0.02), *FFV1),
    "slow.mp4": (*moving(rate="1/2", seconds=8), *H264),
    "holes.mkv": (*moving(rate="30"), "-vf", "select='not(between(n,5,9))'", "-fps_mode", "vfr", *H264),
}
"""Whole, but not what one expects."""
RENAMED = {"mp4_as.mkv": "aac.mp4", "webm_as.mp4": "vp8.webm"}
"""The wrong ending."""

UNUSABLE = {
    "1x1.mkv",
    "2x2.mp4",
    "alpha.mkv",
    "ycgco.mp4",
    "askew.mp4",
    "still.png",
    "sound_alone.mp3",
    "1000_a_second.mkv",
    "3x47.mkv",
}
"""Of these, those that may be refused, by one of the commands at least."""


@pytest.mark.parametrize("name", [*STRANGE, *RENAMED])
def test_strange_files_give_a_right_result_or_one_clear_line(ffmpeg: Ffmpeg, whole: Path, tmp_path: Path, name: str) -> None:
    source = tmp_path / name
    if name in RENAMED:
        source.write_bytes((whole / RENAMED[name]).read_bytes())
    else:
        ffmpeg(*(str(whole / arg) if arg in WHOLE else arg for arg in STRANGE[name]), str(source))
    done = worked(source, tmp_path / "out", random.Random(name))
    if isinstance(done, FileResult):
        check_right(source, done)
    else:
        assert name in UNUSABLE, done.message


def test_there_are_200_of_them() -> None:
    assert CHUNKS * EACH + len(STRANGE) + len(RENAMED) == 200
