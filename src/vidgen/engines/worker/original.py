"""Writes a camera original: a model's pictures and sound as the model made them, so that nothing is lost to the encoder."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vidgen.media.encode import timescale
from vidgen.media.ffmpeg import Process, input_args
from vidgen.media.files import atomic, part_name
from vidgen.media.frames import TO_709
from vidgen.media.rate import rate_text
from vidgen.media.verify import check_video

Frames = npt.NDArray[np.uint8]
"""[frames, height, width, 3] uint8 RGB."""

_CODEC = (
    *("-vf", TO_709, "-c:v", "libx264", "-preset", "veryfast", "-qp", "0", "-pix_fmt", "yuv444p", "-g", "48", "-threads", "2"),
    *("-x264-params", "colorprim=bt709:transfer=bt709:colormatrix=bt709:fullrange=off"),
    *("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"),
)
"""H.264 without loss, of 8-bit Y'CbCr 4:4:4: whatever the pictures, only the rounding to it is left, 52 dB to the model's RGB.
Lossy settings with more bits that reach 50 dB everywhere make larger files; H.264 in RGB is played by few.
"""


@dataclass(frozen=True)
class Sound:
    """What a model made beside its pictures: ``samples`` [channels, samples] float32 in -1 to 1, ``rate`` of them a second."""

    samples: npt.NDArray[np.float32]
    rate: int

    def between(self, start_s: Fraction, end_s: Fraction) -> Sound:
        """Its part from one time to another, in seconds; shorter where it ends before."""
        return Sound(self.samples[:, int(start_s * self.rate) : int(end_s * self.rate)], self.rate)


def write_original(frames: Frames, rate: Fraction, out: Path, sound: Sound | None = None) -> None:
    """Write all pictures at ``rate`` (frames per second) and the sound to them to ``out`` (.mp4); whole or not at all.

    Args:
        frames: [frames, height, width, 3] uint8 RGB.
        sound: as long as the pictures, or shorter.
    """
    count, height, width, _ = frames.shape
    with atomic(out) as part, _waveform(sound, part) as waveform:
        args = [
            *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", rate_text(rate), "-i", "pipe:0"),
            *((*input_args(waveform), "-map", "0:v", "-map", "1:a", "-c:a", "flac") if waveform else ()),
            *_CODEC,
            *("-video_track_timescale", str(timescale(rate)), "-movflags", "+faststart", f"file:{part}"),
        ]
        with Process(args, what=f"writing {out.name}", stdin=True) as process:
            for frame in frames:
                process.write(np.ascontiguousarray(frame).data.cast("B"))
        check_video(part, frames=count, width=width, height=height, rate=rate, name=out.name)


@contextmanager
def _waveform(sound: Sound | None, beside: Path) -> Iterator[Path | None]:
    """Sound as a WAV file for ffmpeg to read, which goes afterwards; None for none."""
    if sound is None:
        yield None
        return
    file = part_name(beside).with_suffix(".wav")
    try:
        with wave.open(str(file), "wb") as writer:
            writer.setparams((len(sound.samples), 2, sound.rate, sound.samples.shape[1], "NONE", ""))
            writer.writeframes((sound.samples.T.clip(-1, 1) * 32767).astype("<i2").tobytes())
        yield file
    finally:
        file.unlink(missing_ok=True)
