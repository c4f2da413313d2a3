"""Clips in which a white flash and a beep belong together, and where they are found again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vidgen.media.audio import decode_audio
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.frames import read_frames

BEEP = "aevalsrc='0.5*sin(2*PI*1000*t)*between(t,{at},{at}+0.2)':s=48000:d={length}"
FLASH = "color=black:s=64x64:r=25:d={length},drawbox=c=white:t=fill:enable='between(t,{at}-0.01,{at}+0.19)'"


def flashing(out: Path, *, picture_late: float = 0.0, options: tuple[str, ...] = (), length: float = 2.5) -> Path:
    """A clip whose flash and beep come 1 s after its later stream begins. ``picture_late`` (seconds, below 0 for late sound)
    is by how much that stream begins after the other one.
    """
    flash = FLASH.format(length=length, at=1.0 + max(0.0, -picture_late))
    beep = BEEP.format(length=length, at=1.0 + max(0.0, picture_late))
    late = [("-itsoffset", str(max(0.0, by))) for by in (picture_late, -picture_late)]
    run_ffmpeg(
        [*late[0], "-f", "lavfi", "-i", flash, *late[1], "-f", "lavfi", "-i", beep, "-map", "0", "-map", "1", *options]
        + [f"file:{out}"],
        what="a clip with a flash and a beep",
    )
    return out


def flash_and_beep(film: Path, rate: float) -> tuple[float, float]:
    """When the first white frame is shown and when the first sound is heard, in seconds."""
    white = next(number for number, frame in enumerate(read_frames(film)) if frame.mean() > 127)
    heard = np.concatenate(list(decode_audio(film)))[:, 0]
    return white / rate, float(np.argmax(np.abs(heard) > 0.02)) / 48_000
