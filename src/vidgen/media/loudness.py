"""Loudness and true peaks of a sound file (ITU-R BS.1770, EBU R 128), measured by ffmpeg's ``ebur128``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidgen.errors import ProcessingError
from vidgen.media.ffmpeg import Process, input_args, run_ffmpeg
from vidgen.media.rate import SAMPLE_RATE

if TYPE_CHECKING:
    from vidgen.media.stereo import Samples

METER = "ebur128=peak=true:metadata=1"
"""The filter. ``metadata=1`` stops it from logging every frame, in all versions."""

SILENT_LUFS = -69.0


@dataclass(frozen=True)
class Loudness:
    """Measured integrated loudness in LUFS and true peak in dBTP; silence is -inf for both."""

    i: float
    tp: float

    @property
    def silent(self) -> bool:
        """Whether the sound is too quiet or too short to have a loudness."""
        return self.i <= SILENT_LUFS


def measure(path: Path, cancelled: Callable[[], bool] = lambda: False) -> Loudness:
    """Measure the loudness of a sound file. Raises ProcessingError if ffmpeg reports none."""
    return loudness_of(run_ffmpeg(meter_args(path, METER), what="measuring loudness", cancelled=cancelled))


def measure_parts(path: Path, parts: Iterable[tuple[int, int]], cancelled: Callable[[], bool] = lambda: False) -> Loudness:
    """Measure only ``parts`` of a sound file, each from a sample at 48 kHz to before another, in order, as one sound."""
    from vidgen.media.audio import decode_audio

    args = ["-v", "info", "-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2", "-i", "pipe:0", "-af", METER, "-f", "null", "-"]
    waiting, begin = list(parts)[::-1], 0
    with Process(args, what="measuring loudness", stdin=True, cancelled=cancelled) as meter:
        for block in decode_audio(path, samples=waiting[0][1] if waiting else 0):
            end = begin + len(block)
            while waiting and waiting[-1][0] < end:
                first, last = waiting[-1]
                meter.write(_bytes(block[max(0, first - begin) : last - begin]))
                if last > end:
                    break
                waiting.pop()
            begin = end
        return loudness_of(meter.finish())


def _bytes(block: Samples) -> memoryview:
    return memoryview(block.tobytes())


def meter_args(path: Path, filters: str, *, log: str = "info", strict: bool = False) -> list[str]:
    """Arguments of an ffmpeg that sends the first sound of a file through ``filters``, with messages enough for
    ``loudness_of``. ``log``: ffmpeg's log level, ``level+info`` for messages that tell theirs; ``strict``: checksums are
    checked where the codec has some.
    """
    before = ("-err_detect", "crccheck") if strict else ()
    return ["-v", log, *input_args(path.resolve(), *before), "-map", "0:a:0", "-af", filters, "-f", "null", "-"]


def loudness_of(messages: Sequence[str]) -> Loudness:
    """What ``ebur128`` says at its end, from ffmpeg's last lines. Raises ProcessingError if it said nothing."""
    text = "\n".join(messages)
    loud, peak = re.findall(r"I:\s+(-?[\d.]+|-?inf|-?nan) LUFS", text), re.findall(r"Peak:\s+(-?[\d.]+|-?inf|-?nan) dBFS", text)
    if not loud or not peak:
        raise ProcessingError("sound.not_measured", "ffmpeg did not report the loudness of the soundtrack")
    return Loudness(_number(loud[-1]), _number(peak[-1]))


def _number(text: str) -> float:
    value = float(text)
    return -math.inf if math.isnan(value) or value <= -70.0 else value
