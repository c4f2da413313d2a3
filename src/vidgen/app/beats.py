"""``vidgen beats``: the beats and bars of a piece of music."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.errors import Notice
from vidgen.media.wording import counted
from vidgen.music import CLEAR, Beats, find_beats


@dataclass(frozen=True)
class Heard:
    """A file and its beats."""

    file: Path
    beats: Beats

    def as_dict(self) -> Mapping[str, Any]:
        """``data`` of ``beats --json``; times in seconds, null where no beat is clear."""
        music, bpm = self.beats, self.beats.bpm
        return {
            "file": str(self.file),
            "seconds": round(music.seconds, 3),
            "bpm": bpm,
            "half_bpm": None if bpm is None else round(bpm / 2, 2),
            "double_bpm": None if bpm is None else round(bpm * 2, 2),
            "beats": [time / 1000 for time in music.beats],
            "bars": [time / 1000 for time in music.bars],
            "meter": music.meter if music.clear else None,
            "confidence": music.confidence,
            "bar_confidence": music.bar_confidence,
        }

    def lines(self) -> list[str]:
        """What a person reads."""
        music = self.beats
        if music.bpm is None:
            return [f"{self.file}: no clear beat (confidence {music.confidence:.2f}; {CLEAR} is needed)"]
        bars = "heard" if music.bar_confidence else "counted from the first beat, as no accents are heard"
        return [
            f"{self.file}: {music.bpm:.1f} beats a minute (half: {music.bpm / 2:.1f}, double: {music.bpm * 2:.1f}), "
            f"confidence {music.confidence:.2f}",
            f"  {counted(len(music.beats), 'beat')}: {_listed(music.beats)}",
            f"  {counted(len(music.bars), 'bar')} of {music.meter}, {bars}: {_listed(music.bars)}",
        ]

    def notices(self) -> list[Notice]:
        """What is odd in it."""
        if self.beats.clear:
            return []
        text = f"{self.file} has no clear beat (confidence {self.beats.confidence:.2f}); cuts cannot follow it"
        return [Notice("music.no_beat", text)]


_SHOWN = 8


def _listed(times: Sequence[int]) -> str:
    shown = ", ".join(f"{time / 1000:.3f}" for time in times[:_SHOWN])
    return f"{shown} s" if len(times) <= _SHOWN else f"{shown}, ... {times[-1] / 1000:.3f} s"


def beats_of(file: Path) -> Heard:
    """Find the beats of a file. Raises InputError where it has no sound, is silent or too short."""
    return Heard(file, find_beats(file))
