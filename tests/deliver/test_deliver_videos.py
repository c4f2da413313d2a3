"""Videos made of a finished film: every container and codec, sizes, rates, depth, tags, sound, chapters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.deliver.conftest import FRAMES, LEFT, MIDDLE, RATE, RIGHT

from vidgen.catalog.deliveries import codecs, file_kinds
from vidgen.deliver import Framing, Master, VideoJob, VideoSpec, encode_videos, exchange_sound
from vidgen.deliver.framing import crop_box
from vidgen.errors import ProcessingError
from vidgen.media.files import sha256_file
from vidgen.media.frames import read_frames

FILM = Framing(192, 108)
EVERY = [(ending, codec) for ending, row in file_kinds().items() if row.kind == "video" for codec in row.codecs]

Make = Callable[..., Path]


@pytest.fixture
def make(master: Master, sounds: dict[str, Path], tmp_path: Path) -> Make:
    """``make("a.mp4", codec="h265", framing=..., rate=...)``: encode one video of the film."""

    def encode(name: str, *, of: Master = master, silent: bool = False, **other: object) -> Path:
        spec = video(tmp_path / name, **other)
        encode_videos([VideoJob(spec, spec.file, None if silent else sounds[str(spec.audio)])], of, fresh(tmp_path))
        return spec.file

    return encode


def video(file: Path, *, codec: str = "", framing: Framing = FILM, rate: Fraction = RATE, **other: object) -> VideoSpec:
    known = file_kinds()[file.suffix]
    codec = codec or known.codecs[0]
    return VideoSpec(file.name, file, framing, rate, codec, audio=codecs()[codec].audio or known.audio, **other)


def fresh(folder: Path) -> Path:
    made = folder / f"scratch{len(list(folder.iterdir()))}"
    made.mkdir()
    return made


def decoded(file: Path) -> tuple[int, int]:
    """Frames of the picture and samples of the sound that can be decoded."""
    with av.open(str(file)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    with av.open(str(file)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    return frames, samples


@pytest.mark.parametrize(("ending", "codec"), EVERY)
def test_every_codec_in_every_container_is_whole(ending: str, codec: str, make: Make) -> None:
    file = make(f"film{ending}", codec=codec)
    frames, samples = decoded(file)
    assert frames == FRAMES and 0 <= samples - 96_000 < 2048  # AAC ends with a whole packet, which players cut
    with av.open(str(file)) as container:
        context = container.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)
        assert [one["metadata"]["title"] for one in container.chapters()] == ["EXT. 海 - DAWN", "a=b; #c\\d"]
        assert [one["start"] * one["time_base"] for one in container.chapters()] == [0, Fraction(4, 5)]
        assert container.metadata["title"] == "The sea"


@pytest.mark.parametrize(
    "codec", [name for name, one in codecs().items() if one.deep and one.crf is not None or "prores" in name]
)
def test_ten_bits_stay_ten_bits(codec: str, deep: Master, make: Make) -> None:
    file = make("deep.mkv", codec=codec, of=deep, deep=True, crf=4)
    with av.open(str(file)) as container:
        frame = next(container.decode(video=0)).reformat(format="yuv420p10le")
        levels = np.unique(np.frombuffer(frame.planes[0], np.uint16))
    assert len(levels) > 130, "a gradient of 192 levels has become one of 8 bits"


@pytest.mark.parametrize(("centre", "colour"), [((0.1, 0.5), LEFT), ((0.5, 0.5), MIDDLE), ((1.0, 0.0), RIGHT)])
def test_a_crop_keeps_the_point_that_matters(centre: tuple[float, float], colour: tuple[int, int, int], make: Make) -> None:
    file = make("tall.mp4", framing=Framing(54, 96, "crop", centre), silent=True)
    picture = next(iter(read_frames(file)))
    assert np.abs(picture[20:].mean(axis=(0, 1)) - colour).max() < 12


def test_bars_are_black_and_the_whole_picture_is_between_them(make: Make) -> None:
    picture = next(iter(read_frames(make("square.mp4", framing=Framing(96, 96, "pad"), silent=True))))
    assert picture[:18].max() < 12 and picture[-18:].max() < 12
    for place, colour in ((10, LEFT), (48, MIDDLE), (86, RIGHT)):
        assert np.abs(picture[48, place].astype(int) - colour).max() < 30


def test_a_crop_stays_inside_the_picture_and_on_even_pixels() -> None:
    for width, height, share in ((1920, 1080, 0.0), (1920, 1080, 1.0), (1000, 562, 0.33), (64, 1080, 0.7)):
        for shape in ((1080, 1920), (640, 640), (2, 64), (1920, 804)):
            wide, high, left, top = crop_box(width, height, Framing(*shape, "crop", (share, share)))
            assert 0 <= left <= left + wide <= width and 0 <= top <= top + high <= height
            assert not any(side % 2 for side in (wide, high, left, top))


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30), Fraction(50), Fraction(10)])
def test_another_rate_has_as_much_time(rate: Fraction, make: Make) -> None:
    frames, _ = decoded(make("rate.mp4", rate=rate))
    assert frames == round(2 * rate)


def test_several_videos_come_of_one_pass(master: Master, sounds: dict[str, Path], tmp_path: Path) -> None:
    specs = [
        video(tmp_path / "a.mp4", bitrate=200_000),
        video(tmp_path / "b.webm", framing=Framing(64, 64)),
        video(tmp_path / "c.mov", codec="prores"),
    ]
    encode_videos([VideoJob(spec, spec.file, sounds[str(spec.audio)]) for spec in specs], master, fresh(tmp_path))
    assert [decoded(spec.file)[0] for spec in specs] == [FRAMES] * 3


def test_a_bit_rate_is_kept_to(make: Make) -> None:
    small, large = (make(f"{rate}.mp4", bitrate=rate, silent=True).stat().st_size for rate in (20_000, 400_000))
    assert small < large


def test_another_sound_leaves_the_pictures_as_they_are(master: Master, sounds: dict[str, Path], tmp_path: Path) -> None:
    spec = video(tmp_path / "a.mp4")
    encode_videos([VideoJob(spec, spec.file)], master, fresh(tmp_path))
    other = tmp_path / "b.mp4"
    renamed = replace(master, title="Another", chapters=())
    exchange_sound(VideoJob(spec, other, sounds["aac"]), spec.file, renamed, fresh(tmp_path))
    assert decoded(other)[0] == FRAMES
    before, after = ([frame.tobytes() for frame in read_frames(file)] for file in (spec.file, other))
    assert before == after
    with av.open(str(other)) as container:
        assert container.metadata["title"] == "Another" and not container.chapters()


def test_a_film_that_is_short_of_a_frame_is_not_delivered(master: Master, tmp_path: Path) -> None:
    spec = video(tmp_path / "a.mp4")
    with pytest.raises(ProcessingError, match="50 frames instead of 51"):
        encode_videos([VideoJob(spec, spec.file)], replace(master, frames=51), fresh(tmp_path))


def test_sound_that_is_too_short_is_not_delivered(master: Master, sounds: dict[str, Path], tmp_path: Path) -> None:
    spec = video(tmp_path / "a.mp4")
    longer = replace(master, frames=FRAMES)
    short = tmp_path / "short.m4a"
    from vidgen.media.ffmpeg import input_args, run_ffmpeg

    run_ffmpeg([*input_args(sounds["aac"]), "-t", "1.5", "-c", "copy", str(short)], what="a short sound")
    with pytest.raises(ProcessingError, match="sound from"):
        encode_videos([VideoJob(spec, spec.file, short)], longer, fresh(tmp_path))


def test_the_film_is_only_read(master: Master, make: Make) -> None:
    before = sha256_file(master.file)
    make("a.mp4")
    assert sha256_file(master.file) == before
