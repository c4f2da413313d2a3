"""What planning has to know of speech: the sound of the storyboard's lines, and whether a shot is long enough for them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from vidgen.errors import Notice
from vidgen.storyboard.lengths import in_turn, words_end
from vidgen.storyboard.model import Shot
from vidgen.storyboard.values import AUTO

_SHORT_S = Fraction(1, 25)
"""Seconds of a line's end that nobody misses."""


class Voices(Protocol):
    """Whoever knows what was spoken of a storyboard."""

    def voiced(self, shot: Shot) -> tuple[Shot, Sequence[Notice]]:
        """A merged shot with a ``file`` for each line that was spoken, and what there is to say of the others."""


def with_sound(shot: Shot, voices: Voices | None, folder: Path, rate: Fraction) -> tuple[Shot, list[Notice]]:
    """A merged shot with the sound of its lines and a time for each, and what there is to say of it. ``rate``: of the
    storyboard.
    """
    if voices is None:
        return in_turn(shot, folder, rate), list(_unspoken(shot))
    voiced, notices = voices.voiced(shot)
    return in_turn(voiced, folder, rate), list(notices)


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
