"""A take is exactly what was asked for, and chains of shots keep their colours."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from vidgen.engines.local import anchor
from vidgen.engines.local.deliver import Frames, Sound, deliver
from vidgen.engines.local.job import Delivery
from vidgen.media.audio import decode_audio
from vidgen.media.frames import read_frames
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


@pytest.mark.parametrize(
    ("made", "fps", "frames", "rate", "size"),
    [
        (17, 16.0, 24, "24", (128, 80)),
        (17, 16.0, 24, "24000/1001", (128, 80)),
        (25, 24.0, 24, "24", (128, 80)),
        (9, 8.0, 60, "60", (128, 80)),
        (24, 24.0, 24, "24", (96, 96)),
        (24, 24.0, 24, "24", (256, 144)),
    ],
    ids=str,
)
@pytest.mark.parametrize("retime", ["motion", "blend", "nearest"])
def test_frames_rate_and_size_are_exact(
    made: int, fps: float, frames: int, rate: str, size: tuple[int, int], retime: str, tmp_path: Path
) -> None:
    out = tmp_path / "take.mp4"
    deliver(pictures(made), fps, Delivery(*size, frames, rate, retime=retime), out)
    check_video(out, frames=frames, width=size[0], height=size[1], rate=Fraction(rate))
    assert [path.name for path in tmp_path.iterdir()] == ["take.mp4"]


@pytest.mark.parametrize(("channels", "rate", "level"), [(2, 24000, 1), (1, 16000, 2**-0.5)], ids=["stereo", "mono"])
def test_the_sound_that_a_model_makes_goes_with_its_pictures(channels: int, rate: int, level: float, tmp_path: Path) -> None:
    tone = np.sin(np.arange(2 * rate) * 2 * np.pi * 440 / rate).astype(np.float32)[None].repeat(channels, 0) / 2
    out = tmp_path / "take.mp4"
    deliver(pictures(25), 24.0, Delivery(128, 80, 24, "24"), out, Sound(tone, rate))
    check_video(out, frames=24, width=128, height=80, rate=Fraction(24))
    heard = np.concatenate(list(decode_audio(out)))
    assert abs(len(heard) - 48000) < 1500, "no longer than the pictures"
    middle = heard[12000:36000]
    assert float(np.sqrt(np.mean(middle**2))) == pytest.approx(0.5 / 2**0.5 * level, rel=0.05)
    assert np.argmax(np.abs(np.fft.rfft(middle[:, 0]))) == pytest.approx(440 / 2, abs=2)
    assert [path.name for path in tmp_path.iterdir()] == ["take.mp4"]


def test_motion_interpolation_moves_things_where_they_would_be(tmp_path: Path) -> None:
    out = tmp_path / "take.mp4"
    deliver(pictures(17), 16.0, Delivery(128, 80, 24, "24"), out)
    clip = list(read_frames(out))
    centres = [float(np.nonzero(frame[40, :, 0] > 190)[0].mean()) for frame in clip]
    expected = [19.5 + 2 * 16 * number / 24 for number in range(24)]
    assert max(abs(found - wanted) for found, wanted in zip(centres, expected, strict=True)) < 2.5


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
