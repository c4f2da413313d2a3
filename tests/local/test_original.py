"""A take is what the model made, to the eye without loss, and chains of shots keep their colours."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from vidgen.engines.local import anchor
from vidgen.engines.worker.original import Frames, Sound, write_original
from vidgen.errors import ProcessingError
from vidgen.media.audio import decode_audio
from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.media.frames import read_frames
from vidgen.media.probe import probe_video
from vidgen.media.verify import check_video


def pictures(count: int, width: int = 128, height: int = 80, shift: int = 0) -> Frames:
    """A soft picture with a bright square that moves two pixels a frame."""
    y, x = np.mgrid[0:height, 0:width]
    ground = np.stack([90 + 50 * np.sin(x / 17), 110 + 40 * np.cos(y / 13), 120 + 30 * np.sin((x + y) / 23)], axis=-1)
    clip = np.repeat(ground[None], count, axis=0)
    for number in range(count):
        left = 10 + 2 * number
        clip[number, 30:50, left : left + 20] = 220
    return np.clip(clip + shift, 0, 255).astype(np.uint8)


def noise() -> Frames:
    """Every pixel of every frame another colour: what no encoder can foresee."""
    return np.random.default_rng(7).integers(0, 256, (5, 80, 128, 3), np.uint8)


def pure_colours() -> Frames:
    """Pixels of full red, green, blue and their mixtures side by side, where 4:2:0 mixes what is next to each other."""
    colours = np.array([[red, green, blue] for red in (0, 255) for green in (0, 255) for blue in (0, 255)], np.uint8)
    return np.stack([np.roll(np.resize(colours, (81, 127, 3)), number, axis=1) for number in range(5)])


def flat() -> Frames:
    """Slopes of one level in many pixels, where coarse steps are seen as bands."""
    y, x = np.mgrid[0:80, 0:128]
    return np.repeat(np.stack([40 + x / 6, 60 + y / 5, 90 + (x + y) / 9], axis=-1)[None], 5, axis=0).astype(np.uint8)


CONTENTS = {"moving": lambda: pictures(5), "noise": noise, "pure colours": pure_colours, "flat": flat}


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("rate", ["16", "24000/1001", "480/31"])
def test_an_original_has_all_pictures_of_the_model_at_its_own_rate_and_size(content: str, rate: str, tmp_path: Path) -> None:
    made, out = CONTENTS[content](), tmp_path / "take.mp4"
    write_original(made, Fraction(rate), out)
    count, height, width, _ = made.shape
    check_video(out, frames=count, width=width, height=height, rate=Fraction(rate), decode=True)
    for written, read in zip(made, read_frames(out), strict=True):
        error = float(np.mean((read.astype(float) - written) ** 2))
        assert 10 * np.log10(255**2 / max(error, 1e-9)) >= 50, "no eye tells them apart"
    assert [path.name for path in tmp_path.iterdir()] == ["take.mp4"]


def test_what_comes_after_the_store_sees_the_same_colours(tmp_path: Path) -> None:
    """The file tells its colours, so that ffmpeg and PyAV agree; and it is H.264 of 8 bits, as browsers play it."""
    out = tmp_path / "take.mp4"
    write_original(pure_colours(), Fraction(16), out)
    info = probe_video(out)
    assert (info.codec, info.pix_fmt) == ("h264", "yuv444p")
    assert (info.color_matrix, info.color_primaries, info.color_transfer, info.color_range) == (1, 1, 1, 1)
    raw = tmp_path / "raw.rgb"
    run_ffmpeg([*input_args(out), "-pix_fmt", "rgb24", "-f", "rawvideo", str(raw)], what="decoding")
    by_ffmpeg = np.fromfile(raw, np.uint8).reshape(pure_colours().shape)
    assert np.abs(by_ffmpeg.astype(int) - pure_colours()).max() <= 2


def test_pictures_that_cannot_be_written_leave_no_file(tmp_path: Path) -> None:
    with pytest.raises(ProcessingError):
        write_original(np.zeros((0, 80, 128, 3), np.uint8), Fraction(16), tmp_path / "take.mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("channels", "rate"), [(2, 24000), (1, 16000)], ids=["stereo", "mono"])
def test_the_sound_that_a_model_makes_goes_with_its_pictures(channels: int, rate: int, tmp_path: Path) -> None:
    tone = np.sin(np.arange(2 * rate) * 2 * np.pi * 440 / rate).astype(np.float32)[None].repeat(channels, 0) / 2
    out = tmp_path / "take.mp4"
    write_original(pictures(24), Fraction(24), out, Sound(tone, rate).between(Fraction(0), Fraction(1)))
    check_video(out, frames=24, width=128, height=80, rate=Fraction(24))
    heard = np.concatenate(list(decode_audio(out)))
    assert len(heard) == pytest.approx(48000, abs=2), "no longer and no shorter than the pictures"
    middle = heard[12000:36000]
    assert float(np.sqrt(np.mean(middle**2))) == pytest.approx(0.5 / 2**0.5, rel=0.01)
    assert np.argmax(np.abs(np.fft.rfft(middle[:, 0]))) == pytest.approx(440 / 2, abs=2)
    assert [path.name for path in tmp_path.iterdir()] == ["take.mp4"]


def test_the_sound_to_pictures_that_are_left_out_is_left_out_too() -> None:
    ramp = Sound(np.arange(48000, dtype=np.float32)[None] / 48000, 48000)
    part = ramp.between(Fraction(1, 4), Fraction(3, 4))
    assert part.samples.shape == (1, 24000) and part.samples[0, 0] == 0.25


def test_a_clip_without_drift_stays_as_it_is() -> None:
    clip = pictures(5)
    held = anchor.held(clip, clip[0], anchor.colours(clip[0]))
    assert np.abs(held.astype(int) - clip).max() <= 1


def test_a_chain_of_five_shots_keeps_the_colours_of_its_first() -> None:
    """Each shot comes out 5 levels brighter than its opening; unheld, the fifth is 20 brighter than the first."""
    first = pictures(5)
    colours, opening = anchor.colours(first[0]), first[-1]
    for _ in range(4):
        drifted = np.clip(pictures(5).astype(int) + (opening.mean() - first[-1].mean()) + 5, 0, 255).astype(np.uint8)
        held = anchor.held(drifted, opening, colours)
        opening = held[-1]
    assert abs(float(held.mean()) - float(first.mean())) < 2


def test_another_scene_is_left_alone() -> None:
    clip, other = pictures(3), np.full((80, 128, 3), 250, np.uint8)
    assert np.array_equal(anchor.held(clip, other, ()), clip)
