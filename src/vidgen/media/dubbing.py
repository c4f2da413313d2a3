"""Add the sound of one file to the picture of another, sample-accurate."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import chain
from pathlib import Path

from vidgen.media.ffmpeg import Process, input_args
from vidgen.media.files import atomic
from vidgen.media.opening import picture_start
from vidgen.media.rate import SAMPLE_RATE


def dub(clip: Path, source: Path, *, begins: Fraction, seconds: Fraction, damaged: Callable[[], None] = lambda: None) -> None:
    """Add the sound of ``source`` to a silent .mp4 in place, as stereo AAC at 48 kHz. The pictures are copied.

    Args:
        source: a file with pictures and sound. The sound from ``begins`` seconds after its first picture on is used.
        seconds: length of the clip; the sound is cut to it.
        damaged: called once if not all of the sound can be decoded.
    """
    from vidgen.media.audio import decode_audio

    zero = (picture_start(source) or Fraction(0)) + begins
    blocks = decode_audio(source, zero=zero, samples=int(seconds * SAMPLE_RATE), damaged=damaged)
    first = next(blocks, None)
    if first is None:
        return
    with atomic(clip) as part:
        args = [
            *(*input_args(clip.absolute()), "-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2", "-i", "pipe:0"),
            *("-map", "0:v", "-c:v", "copy", "-map", "1:a", "-c:a", "aac", "-b:a", "320k"),
            *("-movie_timescale", str(SAMPLE_RATE), "-movflags", "+faststart", f"file:{part.absolute()}"),
        ]
        with Process(args, what=f"adding the sound of {source.name}", stdin=True) as process:
            for block in chain([first], blocks):
                process.write(block.data.cast("B"))
