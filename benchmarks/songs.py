"""Made-up songs with known beats, played by the instruments of the sample music, a little out of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from storyboards.assets import make_assets as band

CHORDS = band.CHORDS
Note = tuple[float, npt.NDArray[np.float64], float]
"""When, in beats from the bar; a sound; its gain."""


@dataclass(frozen=True)
class Song:
    """A song of one kind; ``seed`` gives its melody and how far its notes are off (8 ms of deviation)."""

    kind: str
    bpm: float
    seconds: float = 24.0
    seed: int = 0

    @property
    def meter(self) -> int:
        """Beats in a bar."""
        return 3 if self.kind == "waltz" else 4

    @property
    def bars(self) -> int:
        """How many bars it has."""
        return max(4, int(self.seconds * self.bpm / 60 / self.meter))

    def beats(self) -> list[float]:
        """Seconds of all beats that are played: those of an opening without drums are not."""
        skipped = self.meter * (self.bars // 3) if self.kind == "opening" else 0
        return [index * 60 / self.bpm for index in range(skipped, self.bars * self.meter)]

    def play(self) -> npt.NDArray[np.float64]:
        """[samples, 2] at 48 kHz."""
        chance, beat = np.random.default_rng(self.seed), 60 / self.bpm
        track = np.zeros((int((self.bars * self.meter * beat + 1) * band.RATE), 2))
        for bar in range(self.bars):
            for at, sound, gain in _KINDS[self.kind](bar, self.bars, beat, chance):
                begin = (bar * self.meter + at) * beat + chance.normal(0, 0.008)
                band.add(track, max(0.0, begin), sound, gain)
        return track / np.abs(track).max() * 0.8


def _hats(count: int, gain: float, chance: np.random.Generator) -> Iterator[Note]:
    yield from ((4 * index / count, band.hat(chance), gain) for index in range(count))


def _rock(bar: int, _bars: int, beat: float, chance: np.random.Generator) -> Iterator[Note]:
    bass = CHORDS[bar % 4][0]
    for at in (0, 2, *([2.5] if bar % 2 else [])):
        yield at, band.kick(), 0.6
    for at in (1, 3):
        yield at, band.snare(chance), 0.35
    yield from _hats(8, 0.12, chance)
    yield from ((at, band.piano(bass, beat), 0.2) for at in range(4))


def _house(bar: int, _bars: int, beat: float, chance: np.random.Generator) -> Iterator[Note]:
    chord = CHORDS[bar % 4][1:]
    for at in range(4):
        yield at, band.kick(), 0.6
        yield at + 0.5, band.fade(band.saw(chord[0], beat / 3, 6), 0.005, 0.05), 0.2
    yield from _hats(16, 0.1, chance)


def _waltz(bar: int, _bars: int, beat: float, chance: np.random.Generator) -> Iterator[Note]:
    bass, *chord = CHORDS[bar % 4]
    yield 0, band.piano(bass, 3 * beat), 0.34
    for at in (1, 2):
        yield from ((at, band.piano(note, beat), 0.12) for note in chord)
    yield from ((at, band.piano(chord[int(chance.integers(3))] + 12, beat), 0.15) for at in (0, 1.5, 2))


def _ballad(bar: int, _bars: int, beat: float, chance: np.random.Generator) -> Iterator[Note]:
    for at in (0, 2):
        yield from ((at, band.piano(note, 2 * beat), 0.15) for note in CHORDS[bar % 4])
    yield from ((at, band.piano(CHORDS[bar % 4][1 + int(chance.integers(3))] + 12, beat), 0.15) for at in (0, 1, 2, 2.5, 3))


def _opening(bar: int, bars: int, beat: float, chance: np.random.Generator) -> Iterator[Note]:
    for note in CHORDS[bar % 4][1:]:
        yield 0, band.fade(band.saw(note, 4 * beat, 6), 0.4, 0.5), 0.1
    if bar >= bars // 3:
        yield from ((at, band.kick(), 0.5) for at in range(4))
        yield from ((at, band.snare(chance), 0.3) for at in (1, 3))
        yield from _hats(8, 0.1, chance)


_KINDS = {"rock": _rock, "house": _house, "waltz": _waltz, "ballad": _ballad, "opening": _opening}
KINDS = {
    "rock": "drums, bass, hats in eighths",
    "house": "a drum on every beat, hats in sixteenths",
    "waltz": "piano in threes",
    "ballad": "piano alone",
    "opening": "held chords, then drums",
}
"""What there is, for people."""
