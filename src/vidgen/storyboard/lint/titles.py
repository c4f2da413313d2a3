"""Titles and captions for lint: each once, with how long it is on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from vidgen.storyboard.lint.findings import Finding
from vidgen.storyboard.lint.lexicon import languages_of
from vidgen.storyboard.lint.shots import ShotView
from vidgen.storyboard.model import Shot, Text

READING_CPS = {"ja": 4.0, "en": 17.0}
"""Reading speed in characters per second."""
SPOKEN_CPS = {"ja": 7.0, "en": 20.0}
"""The same for captions, whose words are heard, too."""
NOT_READ_THROUGH = ("credit", "credits")
"""Roles in which people look for a name."""


@dataclass(frozen=True)
class TitleView:
    """A title of a shot. ``seconds``: how long it is on; transitions are not looked at."""

    view: ShotView
    index: int
    text: Text
    seconds: Fraction

    def finding(self, code: str, **words: str | int) -> Finding:
        """A finding on this title."""
        return self.view.finding(code, (*self.view.path_of("text"), self.index), fix=None, **words)


def title_views(views: Sequence[ShotView]) -> Iterator[TitleView]:
    """The titles of all shots."""
    begins = [Fraction(0)]
    for view in views:
        begins.append(begins[-1] + Fraction(view.seconds))
    ends = {view.own.id: end for view, end in zip(views, begins[1:], strict=True)}
    for view, begin in zip(views, begins[:-1], strict=True):
        for index, text in enumerate(view.shot.text or ()):
            yield TitleView(view, index, text, _seconds(view, text, begin, ends, begins[-1]))


def _seconds(view: ShotView, text: Text, begin: Fraction, ends: dict[str, Fraction], film: Fraction) -> Fraction:
    rate, own = view.board.fps, ends[view.own.id]
    start = begin + (text.in_.frames(rate) / rate if text.in_ else 0)
    limits = [begin + text.out.frames(rate) / rate] if text.out else []
    if text.until:
        limits.append(ends.get(text.until, own))
    end = min(limits, default=own)
    inherited = "text" not in view.own.model_fields_set
    return min(end, own if inherited else film) - start


def reading_speed(views: Sequence[ShotView]) -> Iterator[Finding]:
    """V701."""
    for title in title_views(views):
        letters = len(re.sub(r"\s", "", title.text.text))
        japanese = "ja" in languages_of(title.text.text)
        needed = letters / READING_CPS["ja" if japanese else "en"]
        shown = float(title.seconds)
        if title.text.role not in NOT_READ_THROUGH and shown > 0 and needed > shown + 0.25:
            yield title.finding("V701", length=letters, seconds=f"{round(shown, 1):g}", needed=f"{needed:.1f}")


def caption_speed(views: Sequence[ShotView]) -> Iterator[Finding]:
    """V704."""
    audio = views[0].board.audio
    if audio and audio.captions == "off" and not audio.burn:
        return
    for view in views:
        key = "dialogue" if view.shot.dialogue else "voiceover"
        for language, words in _said(view.shot, view.board.language).items():
            letters = len(re.sub(r"\s", "", words))
            if language == view.board.language:  # V108 says that these cannot even be said
                continue
            needed = letters / SPOKEN_CPS["ja" if "ja" in languages_of(words) else "en"]
            if needed > view.seconds + 0.25:
                seconds, told = f"{round(float(view.seconds), 1):g}", f"{needed:.1f}"
                yield view.finding(
                    "V704", view.path_of(key), fix=None, language=language, length=letters, seconds=seconds, needed=told
                )


def _said(shot: Shot, own: str) -> dict[str, str]:
    """All that is said in a shot, by language."""
    found: dict[str, str] = {}
    voiceover = [(shot.voiceover.text or "", shot.voiceover.translations)] if shot.voiceover else []
    for words, translations in (*voiceover, *((line.line, line.translations) for line in shot.dialogue or ())):
        for language, text in ({own: words} | translations).items():
            found[language] = found.get(language, "") + text
    return found
