"""The beats and bars of a sound file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from vidgen.errors import InputError
from vidgen.media.answers import once_a_file

if TYPE_CHECKING:
    from vidgen.music.onsets import Onsets
    from vidgen.music.tempo import Pulse

SHORTEST_S = 2.0
CLEAR = 0.6
"""From this confidence on there is a beat: noise, speech and pads reach 0.55, and music with drums is above 0.7."""
NOTE = 4.0
"""Bels by which a note that is a beat rises at least, over all bands together."""
_NEAR = 3
"""Frames around a beat in which its note begins."""
SILENT = 1e-8
"""Mean square below which a sound is silent: -80 dBFS."""


@dataclass(frozen=True)
class Beats:
    """The beats of a piece of music; none where no beat is clear.

    Args:
        seconds: length of the file.
        beats: milliseconds from the start of the file.
        first_bar: index in ``beats`` of the first beat that opens a bar.
        meter: beats in a bar.
        confidence: 0 to 1: how well beats and onsets agree; from ``CLEAR`` on the beat is clear.
        bar_confidence: 0 to 1: how much of the difference between beats the bars explain; 0: they are only counted.
    """

    seconds: float
    beats: tuple[int, ...]
    first_bar: int
    meter: int
    confidence: float
    bar_confidence: float

    @property
    def clear(self) -> bool:
        """Whether there is a beat."""
        return bool(self.beats)

    @property
    def bars(self) -> tuple[int, ...]:
        """Milliseconds of the beats that open a bar."""
        return self.beats[self.first_bar :: self.meter]

    @property
    def period(self) -> Fraction:
        """Mean seconds from beat to beat. There must be a beat."""
        return Fraction(self.beats[-1] - self.beats[0], 1000 * (len(self.beats) - 1))

    @property
    def bpm(self) -> float | None:
        """Beats a minute, of the whole piece."""
        return round(float(60 / self.period), 2) if self.clear else None

    def loop(self) -> tuple[int, int] | None:
        """Where a loop goes back to and where from, in milliseconds, both on a bar; None where there is not a whole bar."""
        if not self.clear:
            return None
        bars = list(self.bars)
        last = self.beats[-1] if (len(self.beats) - 1 - self.first_bar) % self.meter == self.meter - 1 else None
        end = None if last is None else last + round(1000 * self.period)
        if end is not None and end <= round(1000 * self.seconds) + _ROUNDING_MS:
            bars.append(min(end, round(1000 * self.seconds)))
        return (bars[0], bars[-1]) if len(bars) > 1 else None


_ROUNDING_MS = 20
"""A file of whole bars may be this much shorter than its last bar seems."""


@once_a_file
def find_beats(file: Path) -> Beats:
    """Analyse a sound file; below a second for three minutes of music.

    Raises InputError for a file without sound, with nothing but silence, or shorter than ``SHORTEST_S``.
    """
    from vidgen.music.bars import find_meter
    from vidgen.music.onsets import read_onsets
    from vidgen.music.refine import refined
    from vidgen.music.tempo import find_pulse

    if not file.is_file():
        raise InputError("media.not_found", f"{file} does not exist", hint="check the path", where=str(file))
    onsets = read_onsets(file)
    if onsets.seconds < SHORTEST_S:
        message = f"{file} is {onsets.seconds:.1f} s long; {SHORTEST_S:g} s are needed to find a beat"
        raise InputError("music.too_short", message, hint="give a longer piece of music", where=str(file))
    if onsets.level < SILENT:
        raise InputError("music.silent", f"{file} is silent", hint="give a file with music", where=str(file))
    pulse = find_pulse(onsets.strength)
    clear = round(pulse.clear * _share_of_notes(onsets, pulse), 3) if pulse else 0.0
    if pulse is None or clear < CLEAR:
        return Beats(onsets.seconds, (), 0, 4, clear, 0.0)
    meter = find_meter(onsets.bands, onsets.strength, pulse.beats)
    exact = [max(0, int(one)) for one in refined(onsets.fine, pulse.beats)]
    beats = tuple(time for time, before in zip(exact, [-1, *exact], strict=False) if time > before)
    return Beats(onsets.seconds, beats, meter.first, meter.beats, clear, round(meter.clear, 3))


def _share_of_notes(onsets: Onsets, pulse: Pulse) -> float:
    """0 to 1: how much of a note usually begins at a beat. What is regular and far weaker is the work of an encoder, or tones
    that beat against each other.
    """
    rises = [float(onsets.rises[max(0, beat - _NEAR) : beat + _NEAR + 1].max()) for beat in pulse.beats.tolist()]
    return min(1.0, round(median(rises) / NOTE, 3))
