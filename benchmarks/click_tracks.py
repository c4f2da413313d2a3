"""Music with known beats: clicks, drums and tones at a tempo that may drift, swing and be accented, in noise."""

from __future__ import annotations

import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 48_000
Wave = npt.NDArray[np.float64]
Random = np.random.Generator


@dataclass(frozen=True)
class Piece:
    """What is played.

    Args:
        drift: share by which the tempo rises and falls over the piece.
        sound: click, drum or tone.
        accents: beats a bar, of which the first is 6 dB louder; 0: all alike.
        swing: place of a softer second note in each beat; None: there is none.
        noise_db: level of white noise; None: there is none.
        lead: seconds of silence before the first beat.
    """

    bpm: float
    seconds: float = 30
    drift: float = 0
    sound: str = "click"
    accents: int = 0
    swing: float | None = None
    swing_level: float = 0.6
    noise_db: float | None = None
    lead: float = 0
    seed: int = 0

    def beats(self) -> list[float]:
        """Seconds of all beats."""
        times = [self.lead]
        while True:
            tempo = self.bpm * (1 + self.drift * np.sin(2 * np.pi * (times[-1] - self.lead) / self.seconds))
            if (later := times[-1] + 60 / tempo) >= self.lead + self.seconds - 0.05:
                return times
            times.append(float(later))

    def bars(self) -> list[float]:
        """Seconds of the beats that open a bar."""
        return self.beats()[:: self.accents or 4]

    def play(self) -> Wave:
        """The sound, mono, at 48 kHz."""
        random = np.random.default_rng(self.seed)
        played = np.zeros(round((self.lead + self.seconds + 0.5) * RATE))
        for time, sound in self._notes(random):
            begin = round(time * RATE)
            sound = sound[: len(played) - begin]
            played[begin : begin + len(sound)] += sound
        if self.noise_db is not None:
            played += 10 ** (self.noise_db / 20) * random.standard_normal(len(played))
        return np.clip(played, -1, 1)

    def _notes(self, random: Random) -> Iterator[tuple[float, Wave]]:
        times = self.beats()
        for index, time in enumerate(times):
            accent = bool(self.accents) and index % self.accents == 0
            yield time, 0.6 * (0.5 if self.accents and not accent else 1) * SOUNDS[self.sound](random)
            if self.swing and index + 1 < len(times):
                yield time + self.swing * (times[index + 1] - time), 0.6 * self.swing_level * SOUNDS[self.sound](random)


def _click(random: Random) -> Wave:
    time = np.arange(round(0.03 * RATE)) / RATE
    return np.asarray(np.sin(2000 * np.pi * time) * np.exp(-80 * time))


def _drum(random: Random) -> Wave:
    time = np.arange(round(0.12 * RATE)) / RATE
    low = np.sin(2 * np.pi * (60 * time + 40 * (1 - np.exp(-30 * time)) / 30)) * np.exp(-18 * time)
    return np.asarray(low + 0.3 * random.standard_normal(len(time)) * np.exp(-120 * time))


def _tone(random: Random) -> Wave:
    time = np.arange(round(0.3 * RATE)) / RATE
    hertz = random.choice([220, 262, 330, 392, 440])
    rise = np.minimum(1, time / 0.008) * np.exp(-9 * time)
    return np.asarray(rise * sum(np.sin(2 * np.pi * hertz * n * time) / n for n in (1, 2, 3, 4)) / 2)


SOUNDS = {"click": _click, "drum": _drum, "tone": _tone}


def write_wav(file: Path, sound: Wave, rate: int = RATE) -> Path:
    """Write mono or stereo ([samples, 2]) sound with 16 bits."""
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1 if sound.ndim == 1 else 2)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((sound * 32767).round().astype("<i2").tobytes())
    return file


def f_measure(wanted: Sequence[float], found: Sequence[float], within: float = 0.07) -> float:
    """Harmonic mean of the shares of wanted beats that are found and of found beats that are wanted; each counts once."""
    hits = wanted_at = found_at = 0
    while wanted_at < len(wanted) and found_at < len(found):
        apart = found[found_at] - wanted[wanted_at]
        hits += abs(apart) <= within
        wanted_at += apart >= -within
        found_at += apart <= within
    return 2 * hits / max(1, len(wanted) + len(found))
