"""Lint rules about what is said: whether shots are long enough for it, and whether the engines have the voices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from vidgen.render.project import root_of
from vidgen.speech.casting import Part
from vidgen.speech.voices import FilmVoices
from vidgen.storyboard.lengths import in_turn, words_end
from vidgen.storyboard.lint.board_rules import BoardRule
from vidgen.storyboard.lint.findings import Finding
from vidgen.storyboard.lint.shots import ShotView
from vidgen.storyboard.reader import Path_
from vidgen.storyboard.values import Duration, Musical

_SLACK_S = Fraction(1, 2)
"""Seconds by which words may be longer than their shot before it is worth a word: their length may be an estimate."""


def words_longer_than_shot(views: Sequence[ShotView]) -> Iterator[Finding]:
    """V108."""
    voices = _voices(views)
    for view in views:
        shot, folder, rate = view.shot, view.loaded.path.parent, view.board.fps
        fixed = isinstance(shot.duration, Duration | Musical) or shot.duration is None or shot.clip
        if not (shot.dialogue or shot.voiceover) or not fixed:
            continue
        said = voices.voiced(shot).shot
        missing = words_end(in_turn(said, folder, rate), folder, rate) - Fraction(str(view.seconds))
        if missing > _SLACK_S:
            key = "dialogue" if shot.dialogue else "voiceover"
            yield view.finding("V108", view.path_of(key), seconds=f"{float(missing):.1f}")


def voices_not_there(views: Sequence[ShotView]) -> Iterator[Finding]:
    """V504."""
    voices = _voices(views)
    for view in views:
        for line in voices.cast.lines(view.shot) if view.shot.dialogue or view.shot.voiceover else ():
            for notice in line.notices:
                if notice.code == "speech.voice_replaced":
                    what = notice.message.partition(": ")[2]
                    yield view.finding("V504", _place(view, line.part), what=what)


def _place(view: ShotView, part: Part) -> Path_:
    """Where the voice of a line is named in the file."""
    if not part.given.voice:
        own = view.board.characters.get(part.who) if part.who else None
        return ("characters", part.who, "voice") if own and own.voice and part.who else ("speech", "voice")
    if part.label.endswith(".voiceover"):
        return (*view.path_of("voiceover"), "voice")
    return (*view.path_of("dialogue"), int(part.label.rpartition(".line")[2]) - 1, "voice")


def _voices(views: Sequence[ShotView]) -> FilmVoices:
    loaded = views[0].loaded
    return FilmVoices.of(loaded.board, loaded.path.parent, root_of(loaded.path, None))


SPEECH_RULES: tuple[BoardRule, ...] = (words_longer_than_shot, voices_not_there)
"""What ``lint_board`` takes beside its own rules."""
