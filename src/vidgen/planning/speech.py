"""What planning has to know of speech: the sound of the storyboard's lines, and whether a shot is long enough for them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from vidgen.errors import Notice
from vidgen.media.names import named_file
from vidgen.storyboard.lengths import in_turn, words_end
from vidgen.storyboard.model import Shot
from vidgen.storyboard.values import AUTO
from vidgen.takes.request import SpokenLine

_SHORT_S = Fraction(1, 25)
"""Seconds of a line's end that nobody misses."""


@dataclass(frozen=True)
class Voiced:
    """A merged shot with a ``file`` for each line that was spoken, and what there is to say of the others. ``awaited``: numbers
    of its lines of dialogue, from 0, that a render speaks.
    """

    shot: Shot
    notices: Sequence[Notice] = ()
    awaited: frozenset[int] = frozenset()


class Voices(Protocol):
    """Whoever knows what was spoken of a storyboard."""

    def voiced(self, shot: Shot) -> Voiced:
        """A merged shot with the sound of its lines."""


def with_sound(shot: Shot, voices: Voices | None, folder: Path, rate: Fraction) -> Voiced:
    """A merged shot with the sound of its lines and a time for each. ``rate``: of the storyboard."""
    found = voices.voiced(shot) if voices else Voiced(shot, tuple(_unspoken(shot)))
    return replace(found, shot=in_turn(found.shot, folder, rate))


def followed_lines(voiced: Voiced, folder: Path, rate: Fraction) -> tuple[SpokenLine, ...]:
    """The lines of dialogue that mouths can follow: those that are spoken, or will be."""
    found = []
    for number, line in enumerate(voiced.shot.dialogue or ()):
        if line.file or number in voiced.awaited:
            file = named_file(folder, line.file) if line.file else None
            found.append(SpokenLine(line.line, line.at.at(rate) if line.at else Fraction(0), file))
    return tuple(found)


def _unspoken(shot: Shot) -> Iterator[Notice]:
    """Words without a recording, where nobody speaks."""
    if shot.voiceover and not shot.voiceover.file:
        yield Notice("sound.not_spoken", "voiceover: has no file, so it is silent", shot.id)
    if any(not line.file for line in shot.dialogue or ()):
        yield Notice("sound.not_spoken", "dialogue: a line has no file, so it is silent", shot.id)


def too_long(shot: Shot, frames: int, rate: Fraction, folder: Path) -> Iterator[Notice]:
    """Where the sound of a shot's lines is longer than the shot, which has ``frames`` at ``rate``. The line is heard to its
    end, over the cut.
    """
    if shot.duration in AUTO and not shot.clip:
        return
    heard = tuple(line for line in shot.dialogue or () if line.file)
    spoken = shot.voiceover if shot.voiceover and shot.voiceover.file else None
    if not heard and not spoken:
        return
    end = words_end(shot.model_copy(update={"dialogue": heard, "voiceover": spoken}), folder, rate)
    missing = end - frames / rate
    if missing > _SHORT_S:
        key = "dialogue" if heard else "voiceover"
        seconds = f"{math.ceil(missing * 10) / 10:.1f} s"
        text = f"the words need {seconds} more than the shot and go on over the cut; duration: auto fits them"
        yield Notice("sound.words_over_cut", f"{key}: {text}", shot.id)
