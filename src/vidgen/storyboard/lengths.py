"""The length of a shot: its ``duration``, else that of its clip, else what its spoken words need, else 4 s."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from vidgen.errors import InputError
from vidgen.media.names import named_file
from vidgen.media.rate import frames_at
from vidgen.storyboard.model import Shot, Storyboard
from vidgen.storyboard.values import Duration, Musical

if TYPE_CHECKING:
    from vidgen.music import Beats

DEFAULT_SECONDS = Fraction(4)

_FOLLOWED = ("clip", "source_video", "motion_reference", "lip_sync", "motion_brush")
"""Inputs that a shot follows from its first frame to its last: such a shot is never split, as each part would restart them."""


def follows(shot: Shot) -> str | None:
    """The first key of the shot that is in ``_FOLLOWED``; None if there is none."""
    return next((key for key in _FOLLOWED if getattr(shot, key)), None)


def shot_frames(
    shot: Shot,
    rate: Fraction,
    folder: Path,
    film_rate: Fraction | None = None,
    music: Callable[[], Beats | None] = lambda: None,
) -> int:
    """Length of a merged shot (``merge.merged_shot``) in frames at ``rate``, at least 1.

    A clip without ``duration``, or with ``auto``, is used to its end. What ``trim`` says of the length is for the film alone
    (``film_frames``), as an engine is asked for the same clip.

    Args:
        folder: the storyboard's folder.
        film_rate: rate of the finished film. If it is much higher than ``rate``, the length of a clip is rounded down, as its
            last frame cannot be held that long.
        music: gives the beats of the film's music. A length in beats is then that of as many mean beats; where in the music the
            shot lies is not known here.

    Raises InputError for an unreadable clip, or for a length in beats where no beat is known.
    """
    if isinstance(shot.duration, Musical):
        return max(1, frames_at(_musical_seconds(shot.duration, music()), rate))
    if isinstance(shot.duration, Duration):
        return max(1, shot.duration.frames(rate))
    if shot.clip:
        start = shot.trim.start.at(rate) if shot.trim and shot.trim.start else Fraction(0)
        return _clip_frames(named_file(folder, shot.clip), rate, film_rate or rate, start)
    return frames_at(DEFAULT_SECONDS if shot.duration is None else spoken_seconds(shot), rate)


def film_frames(shot: Shot, rate: Fraction, film_rate: Fraction) -> int | None:
    """The length in the film, in frames of the film, that ``trim`` says, at least 1; None: it says none. ``rate``: that of the
    storyboard.
    """
    if shot.trim is None or shot.trim.duration is None:
        return None
    return max(1, frames_at(shot.trim.duration.at(rate), film_rate))


def known_frames(shot: Shot, rate: Fraction, folder: Path, music: Callable[[], Beats | None] = lambda: None) -> int | None:
    """``shot_frames``, or None if it depends on a clip or on music that cannot be read."""
    try:
        return shot_frames(shot, rate, folder, music=music)
    except InputError:
        return None


def film_music(board: Storyboard, folder: Path) -> Beats | None:
    """The beats of the film's music, clear or not; None: it has no music. Raises InputError for music without sound, that is
    silent, or too short.
    """
    from vidgen.music import find_beats

    return find_beats(named_file(folder, board.audio.music.file)) if board.audio and board.audio.music else None


def _musical_seconds(length: Musical, music: Beats | None) -> Fraction:
    if music is None or not music.clear:
        raise InputError("storyboard.invalid", f"{length} needs audio.music with a clear beat", where="duration")
    return length.beats(music.meter) * music.period


def _clip_frames(clip: Path, rate: Fraction, film_rate: Fraction, start: Fraction) -> int:
    from vidgen.media.normalise import MAX_HOLD
    from vidgen.media.probe import probe_video

    seconds = max(Fraction(0), probe_video(clip).shown_s - start)
    frames = frames_at(seconds, rate)
    if frames / rate - seconds > (MAX_HOLD - 1) / film_rate:
        frames -= 1
    return max(1, frames)


def spoken_seconds(shot: Shot) -> Fraction:
    """Length in seconds for ``duration: auto``: what the spoken words need, at least 3 s; 4 s without words."""
    spoken = [line.line for line in shot.dialogue or ()]
    if shot.voiceover and shot.voiceover.text:
        spoken.append(shot.voiceover.text)
    return speech_seconds(spoken) if spoken else DEFAULT_SECONDS


def speech_seconds(spoken: Iterable[str]) -> Fraction:
    """How long it takes to say some texts, in half seconds, at least 3 s: 15 letters a second, 7 of Japanese ones."""
    need = letter_seconds("".join(spoken)) + Fraction(1, 2)
    return max(Fraction(3), Fraction(int(need * 2) + 1, 2))


def letter_seconds(text: str) -> Fraction:
    """How long it takes to say the letters of a text, without a pause."""
    wide = sum(ord(letter) > 0x2E80 for letter in text)
    return Fraction(wide, 7) + Fraction(len(text) - wide, 15)
