"""Makes a take of the pictures of a model: exactly the frames, rate and size that were asked for."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vidgen.engines.local.job import Delivery
from vidgen.media.encode import EncodeProfile
from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.media.files import atomic, part_name
from vidgen.media.frames import FrameWriter
from vidgen.media.normalise import conform
from vidgen.media.rate import SAMPLE_RATE, parse_rate

Frames = npt.NDArray[np.uint8]
"""[frames, height, width, 3] uint8 RGB."""


@dataclass(frozen=True)
class Sound:
    """What a model made beside its pictures: ``samples`` [channels, samples] float32 in -1 to 1, ``rate`` of them a second."""

    samples: npt.NDArray[np.float32]
    rate: int


NEARLY_LOSSLESS = EncodeProfile(crf=2, preset="veryfast")
_SMALLEST_FOR_MOTION = 64
"""Pixels a side under which ffmpeg's motion search has too few blocks."""


def deliver(frames: Frames, made_fps: float, delivery: Delivery, out: Path, sound: Sound | None = None) -> None:
    """Write pictures at ``made_fps`` and the sound to them to ``out`` (.mp4) as the delivery wants them; whole or not at all.

    Args:
        frames: [frames, height, width, 3] uint8 RGB; width and height even.
        made_fps: how many of them are one second. They have to last at least as long as the delivery.
    """
    if sound:
        with atomic(out) as part:
            silent = part_name(part)
            try:
                deliver(frames, made_fps, delivery, silent)
                _with_sound(silent, sound, delivery.frames / parse_rate(delivery.fps), part)
            finally:
                silent.unlink(missing_ok=True)
        return
    rate = parse_rate(delivery.fps)
    made = Fraction(made_fps).limit_denominator(1001)
    count, height, width, _ = frames.shape
    if made == rate and (width, height) == (delivery.width, delivery.height) and count >= delivery.frames:
        _write(out, frames[: delivery.frames], rate, EncodeProfile())
        return
    raw = part_name(out).with_suffix(".raw.mp4")
    between = part_name(out).with_suffix(".retimed.mkv")
    try:
        _write(raw, frames, made, NEARLY_LOSSLESS)
        source = raw
        if made != rate and delivery.retime != "nearest" and min(width, height) >= _SMALLEST_FOR_MOTION and count > 2:
            _retime(raw, between, rate, delivery.retime)
            source = between
        conform(
            source, out, width=delivery.width, height=delivery.height, rate=rate, frames=delivery.frames, fit="crop",
            max_hold=delivery.frames,
        )  # fmt: skip
    finally:
        raw.unlink(missing_ok=True)
        between.unlink(missing_ok=True)


def _write(path: Path, frames: Frames, rate: Fraction, profile: EncodeProfile) -> None:
    count, height, width, _ = frames.shape
    with FrameWriter(path, width, height, rate, frames=count, profile=profile) as writer:
        for frame in frames:
            writer.write(frame)


def _with_sound(pictures: Path, sound: Sound, seconds: Fraction, out: Path) -> None:
    """Add sound to a clip, no longer than its pictures."""
    samples = sound.samples[:, : int(seconds * sound.rate)]
    file = part_name(out).with_suffix(".wav")
    try:
        with wave.open(str(file), "wb") as writer:
            writer.setparams((len(samples), 2, sound.rate, samples.shape[1], "NONE", ""))
            writer.writeframes((samples.T.clip(-1, 1) * 32767).astype("<i2").tobytes())
        args = [*input_args(pictures), *input_args(file), "-map", "0:v", "-map", "1:a", "-c:v", "copy"]
        run_ffmpeg(
            [*args, "-c:a", "aac", "-b:a", "320k", "-ar", str(SAMPLE_RATE), "-ac", "2", str(out)], what="adding the sound"
        )
    finally:
        file.unlink(missing_ok=True)


def _retime(source: Path, out: Path, rate: Fraction, how: str) -> None:
    """Interpolate to another rate; pictures of different scenes are never mixed."""
    mode = "mi_mode=mci:mc_mode=aobmc:vsbmc=1:scd=fdiff" if how == "motion" else "mi_mode=blend:scd=fdiff"
    steps = f"minterpolate=fps={rate.numerator}/{rate.denominator}:{mode}"
    args = [
        *input_args(source), "-vf", steps, "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "2", "-pix_fmt", "yuv420p",
        "-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv",
        "-f", "matroska", str(out),
    ]  # fmt: skip
    run_ffmpeg(args, what="interpolating a take")
