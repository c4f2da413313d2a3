"""Loudness and true peaks of a sound file (ITU-R BS.1770, EBU R 128), measured by ffmpeg's ``ebur128``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidgen.errors import ProcessingError
from vidgen.media.ffmpeg import input_args, run_ffmpeg

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
