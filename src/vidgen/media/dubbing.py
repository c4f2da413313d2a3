"""Gives pictures the sound that belongs to them, in step to the sample."""

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
    """Give a silent .mp4 the sound of another file, as stereo AAC at 48 kHz; its pictures stay as they are. In place.

    Args:
        source: a file with pictures and sound. What is heard ``begins`` seconds after its first picture is heard first.
        seconds: how long the clip is: the sound is no longer.
        damaged: called once where not all of the sound could be decoded.
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
