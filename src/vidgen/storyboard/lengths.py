"""The length of a shot: its ``duration``, else that of its clip, else what its spoken words need, else 4 s."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from vidgen.errors import InputError
from vidgen.media.answers import once_a_file
from vidgen.media.names import named_file
from vidgen.media.rate import SAMPLE_RATE, frames_at
from vidgen.storyboard.model import Shot
from vidgen.storyboard.values import Duration

DEFAULT_SECONDS = Fraction(4)
PAUSE_S = Fraction(7, 20)
"""Silence in seconds between two lines of a shot, where none says its own."""

_FOLLOWED = ("clip", "source_video", "motion_reference", "lip_sync", "motion_brush")
"""Inputs that a shot follows from its first frame to its last: such a shot is never split, as each part would restart them."""


def follows(shot: Shot) -> str | None:
    """The first key of the shot that is in ``_FOLLOWED``; None if there is none."""
    return next((key for key in _FOLLOWED if getattr(shot, key)), None)


def shot_frames(shot: Shot, rate: Fraction, folder: Path, film_rate: Fraction | None = None) -> int:
    """Length of a merged shot (``merge.merged_shot``) in frames at ``rate``, at least 1.

    A clip without ``duration``, or with ``auto``, is used to its end. What ``trim`` says of the length is for the film alone
    (``film_frames``), as an engine is asked for the same clip.

    Args:
        folder: the storyboard's folder.
        film_rate: rate of the finished film. If it is much higher than ``rate``, the length of a clip is rounded down, as its
            last frame cannot be held that long.

    Raises InputError for an unreadable clip.
    """
    if isinstance(shot.duration, Duration):
        return max(1, shot.duration.frames(rate))
    if shot.clip:
        start = shot.trim.start.at(rate) if shot.trim and shot.trim.start else Fraction(0)
        return _clip_frames(named_file(folder, shot.clip), rate, film_rate or rate, start)
    return frames_at(DEFAULT_SECONDS if shot.duration is None else spoken_seconds(shot, folder, rate), rate)


def film_frames(shot: Shot, rate: Fraction, film_rate: Fraction) -> int | None:
    """The length in the film, in frames of the film, that ``trim`` says, at least 1; None: it says none. ``rate``: that of the
    storyboard.
    """
    if shot.trim is None or shot.trim.duration is None:
        return None
    return max(1, frames_at(shot.trim.duration.at(rate), film_rate))


def known_frames(shot: Shot, rate: Fraction, folder: Path) -> int | None:
    """``shot_frames``, or None if it depends on a clip that cannot be read."""
    try:
        return shot_frames(shot, rate, folder)
    except InputError:
        return None


def _clip_frames(clip: Path, rate: Fraction, film_rate: Fraction, start: Fraction) -> int:
    from vidgen.media.normalise import MAX_HOLD
    from vidgen.media.probe import probe_video

    seconds = max(Fraction(0), probe_video(clip).shown_s - start)
    frames = frames_at(seconds, rate)
    if frames / rate - seconds > (MAX_HOLD - 1) / film_rate:
        frames -= 1
    return max(1, frames)


def spoken_seconds(shot: Shot, folder: Path, rate: Fraction) -> Fraction:
    """Length in seconds for ``duration: auto``: up to the end of the last line, at least 3 s; 4 s without words.

    A length over 5 s becomes 6 s where the shot can be split, since halves have at least 3 s.
    """
    if not (shot.dialogue or shot.voiceover):
        return DEFAULT_SECONDS
    need = _rounded(words_end(in_turn(shot, folder, rate), folder, rate))
    return Fraction(6) if 5 < need < 6 and not follows(shot) else need


def words_end(shot: Shot, folder: Path, rate: Fraction) -> Fraction:
    """Second of the shot at which its last line ends. ``rate``: of the storyboard, for times in frames."""
    ends = [line.at.at(rate) if line.at else Fraction(0) for line in shot.dialogue or ()]
    ends = [at + line_seconds(line.line, line.file, folder) for at, line in zip(ends, shot.dialogue or (), strict=True)]
    return max((*ends, _voiceover_seconds(shot, folder)))


def in_turn(shot: Shot, folder: Path, rate: Fraction) -> Shot:
    """The shot with a time for each line of dialogue: one without follows what is said before it, after its ``pause``."""
    end, lines = _voiceover_seconds(shot, folder), []
    for line in shot.dialogue or ():
        at = line.at
        if at is None and end:
            pause = PAUSE_S if line.pause is None else line.pause.at(rate)
            at = Duration(seconds=end + pause)
        lines.append(line.model_copy(update={"at": at}))
        end = max(end, (at.at(rate) if at else Fraction(0)) + line_seconds(line.line, line.file, folder))
    return shot.model_copy(update={"dialogue": tuple(lines)}) if lines else shot


def line_seconds(text: str | None, file: str | None, folder: Path) -> Fraction:
    """Length of a line: that of its recording, else an estimate from its words."""
    if file:
        with contextlib.suppress(InputError):
            return _sound_seconds(named_file(folder, file))
    return letter_seconds(text or "")


@once_a_file
def _sound_seconds(file: Path) -> Fraction:
    from vidgen.media.probe import probe

    info = probe(file)
    return Fraction(round((info.audio_duration_s or info.duration_s) * SAMPLE_RATE), SAMPLE_RATE)


def _voiceover_seconds(shot: Shot, folder: Path) -> Fraction:
    spoken = shot.voiceover
    return line_seconds(spoken.text, spoken.file, folder) if spoken else Fraction(0)


def speech_seconds(spoken: Iterable[str]) -> Fraction:
    """How long it takes to say some texts, in half seconds, at least 3 s: 15 letters a second, 7 of Japanese ones."""
    return _rounded(letter_seconds("".join(spoken)))


def _rounded(end: Fraction) -> Fraction:
    """The length of a shot whose words end at that second."""
    return max(Fraction(3), Fraction(int((end + Fraction(1, 2)) * 2) + 1, 2))


def letter_seconds(text: str) -> Fraction:
    """How long it takes to say the letters of a text, without a pause."""
    wide = sum(ord(letter) > 0x2E80 for letter in text)
    return Fraction(wide, 7) + Fraction(len(text) - wide, 15)
