"""The sound of a file measured in one run of ffmpeg: loudness, peaks, silence."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vidgen.errors import ProcessingError
from vidgen.media.ffmpeg import Process
from vidgen.media.loudness import METER, Loudness, loudness_of, meter_args

SILENT_LUFS = -60.0
"""A momentary loudness (of 0.4 s) of that or less is silence."""
WINDOW_S, STEP_S = 0.4, 0.1
"""The length of what a momentary loudness is taken of, and how often there is one."""
DEAD_PEAK = 0.001
"""A channel with no higher true peak (-60 dBTP) is silent."""

_FAULT = re.compile(r"(?:\[[^]]+ @ 0x[0-9a-f]+\] )*\[(?:error|fatal|panic)\] ")
"""A message about what does not decode, by its level."""
HIGHER = 1.02
"""A true peak counts as another one, with its own place, if it is so many times higher (0.2 dB)."""

_FRAME = re.compile(r"frame:\d+\s.*pts_time:(-?[\d.]+)")


@dataclass(frozen=True)
class Sound:
    """What was measured on the first sound of a file.

    Attributes:
        peak_at: seconds at which the highest true peak was reached.
        silence, silence_at: length and start in seconds of the longest silent stretch.
        dead: channels of a stereo sound that are silent while the other is not.
        faults: messages of the decoder.
    """

    loudness: Loudness
    peak_at: float = 0.0
    silence: float = 0.0
    silence_at: float = 0.0
    dead: int = 0
    faults: int = 0


def measure_sound(path: Path, cancelled: Callable[[], bool] = lambda: False) -> Sound | None:
    """Decode all of a file's first sound and measure it; None if it does not decode."""
    meter = _Meter()
    args = meter_args(path, f"{METER},ametadata=mode=print:file=-", log="level+info", strict=True)
    try:
        with Process(args, what=f"measuring the sound of {path.name}", stdout=True, cancelled=cancelled) as process:
            for line in _lines(process):
                meter.read(line)
            messages = process.finish()
        loudness = loudness_of(messages)
    except ProcessingError as error:
        if error.code in ("ffmpeg.failed", "sound.not_measured"):
            return None
        raise
    meter.end()
    faults = sum(_FAULT.match(line) is not None for line in messages)
    return Sound(loudness, meter.peak_at, meter.silence, meter.silence_at, meter.dead, faults)


def _lines(process: Process) -> Iterator[str]:
    rest = b""
    while data := process.read(1 << 12):
        *whole, rest = (rest + data).split(b"\n")
        yield from (line.decode("ascii", "replace") for line in whole)
    yield rest.decode("ascii", "replace")


class _Meter:
    """Reads what ``ebur128`` says of each tenth of a second."""

    def __init__(self) -> None:
        self.peak_at = self.silence = self.silence_at = 0.0
        self._peaks: dict[str, float] = {}
        self._peak, self._at = 0.0, 0.0
        self._silent, self._steps = 0, 0

    def read(self, line: str) -> None:
        if found := _FRAME.match(line):
            self._at = float(found[1])
            return
        key, _, text = line.partition("=")
        if key == "lavfi.r128.M":
            self._loudness(float(text))
        elif key == "lavfi.r128.true_peak":
            if float(text) > HIGHER * self._peak:
                self._peak, self.peak_at = float(text), self._at
        elif key.startswith("lavfi.r128.true_peaks_ch"):
            self._peaks[key] = float(text)

    def _loudness(self, momentary: float) -> None:
        self._steps += 1
        if self._steps * STEP_S < WINDOW_S - STEP_S / 2:
            return  # the first window is not full
        if math.isnan(momentary) or momentary <= SILENT_LUFS:
            self._silent += 1
        elif self._silent:
            self._end_silence(self._at)

    def end(self) -> None:
        """There is no more sound."""
        if self._silent:
            self._end_silence(self._at + STEP_S)

    def _end_silence(self, end: float) -> None:
        """A silent stretch is over. The first window in it began three steps before the step that it was told at."""
        begin = max(0.0, end - self._silent * STEP_S - (WINDOW_S - STEP_S))
        if end - begin > self.silence:
            self.silence, self.silence_at = round(end - begin, 1), round(begin, 1)
        self._silent = 0

    @property
    def dead(self) -> int:
        if len(self._peaks) != 2 or max(self._peaks.values()) <= DEAD_PEAK:
            return 0
        return sum(peak <= DEAD_PEAK for peak in self._peaks.values())
