"""The captions of a storyboard: what is said in the film, in each language that it has words for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidgen.cut.caption_files import FORMATS, caption_file, caption_text
from vidgen.cut.captions import Spoken, set_captions
from vidgen.cut.timeline import Caption, CaptionTrack, Timeline
from vidgen.errors import Notice
from vidgen.media.files import sha256_file, write_text
from vidgen.media.heard import heard_part
from vidgen.media.names import named_file
from vidgen.media.places import check_output_file
from vidgen.planning.plan import FilmShot, Plan
from vidgen.render.film_titles import cue_of
from vidgen.storyboard.lengths import letter_seconds
from vidgen.storyboard.model import Line, Text, Voiceover

RECORD = "captions.json"
"""What was written last, by file name: a file that differs was changed by a person."""
TOLERANCE = Fraction(1, 4)
"""A caption may be short by so much before it is told."""
CAPTION = "subtitle"
"""The look of captions in the picture."""


@dataclass(frozen=True)
class Captions:
    """The captions of a film. ``files``: where each is written; ``burnt``: those in the picture; ``soft``: those in the film
    that can be switched on.
    """

    files: Mapping[Path, CaptionTrack]
    soft: tuple[CaptionTrack, ...] = ()
    burnt: CaptionTrack | None = None

    def write(self, work: Path) -> list[Notice]:
        """Write the files that are not as they should be. One that somebody changed is left, and told."""
        record = work / RECORD
        before = _recorded(record)
        told = []
        for file, track in self.files.items():
            text, name = caption_text(track, file.suffix[1:]), file.name
            there = sha256_file(file) if file.is_file() else None
            new = hashlib.sha256(text.encode()).hexdigest()
            if there not in (None, new, before.get(name)):
                words = f"{file} was changed by hand, or is not of this film; it is left as it is (move it to have it written)"
                told.append(Notice("caption.kept", words))
                continue
            if there != new:
                write_text(file, text)
            before[name] = new
        if self.files:
            write_text(record, json.dumps(before, indent=1, sort_keys=True) + "\n")
        return told

    def as_list(self) -> list[dict[str, Any]]:
        """``captions`` of ``render --json``."""
        return [
            {"file": str(file), "language": track.language, "format": file.suffix[1:]} for file, track in self.files.items()
        ]


def languages_of(plan: Plan) -> list[str]:
    """The languages in which something is said, the film's own first."""
    spoken = [one for planned in plan.shots for one in _said(planned)]
    own = [plan.board.language] if any(_words(one, None) for one in spoken) else []
    return list(dict.fromkeys([*own, *(language for one in spoken for language in one.translations)]))


def caption_paths(plan: Plan, film: Path) -> list[Path]:
    """The files of captions that a render writes beside the film."""
    audio = plan.board.audio
    asked = audio.captions if audio else "srt"
    forms = [form for form in FORMATS if asked in (form, "both")]
    return [caption_file(film, language, form) for language in languages_of(plan) for form in forms]


def check_captions(plan: Plan, film: Path, *, touch: bool) -> None:
    """Raise InputError ``output.bad_name`` where a file of captions cannot be written."""
    for file in caption_paths(plan, film):
        check_output_file(file, touch=touch)


def film_captions(plan: Plan, film: Path) -> tuple[Captions, list[Notice]]:
    """The captions of a plan whose recordings are there, and which of them are too short to read. Decodes the recordings."""
    audio = plan.board.audio
    asked, burn = (audio.captions, audio.burn) if audio else ("srt", False)
    own = plan.board.language
    length = Fraction(plan.total_frames) / plan.fps
    tracks = {language: set_captions(_apart(_spoken(plan, language)), language, length) for language in languages_of(plan)}
    tracks = {language: track for language, track in tracks.items() if track.captions}
    files = {
        caption_file(film, language, form): track
        for language, track in tracks.items()
        for form in FORMATS
        if asked in (form, "both")
    }
    soft = () if burn or asked == "off" else tuple(tracks.values())
    notices = [notice for track in tracks.values() if asked != "off" or burn for notice in _too_fast(plan, track)]
    return Captions(files, soft, tracks.get(own) if burn else None), notices


def captioned(timeline: Timeline, plan: Plan, captions: Captions) -> Timeline:
    """The timeline with the captions in the film, and in the picture where they are burnt in."""
    shots = timeline.shots
    for caption in captions.burnt.captions if captions.burnt else ():
        first, last = (round(time * timeline.rate) for time in (caption.start, caption.end))
        index = max(index for index, start in enumerate(timeline.starts) if start <= first or index == 0)
        begins = timeline.starts[index]
        cue = cue_of(plan.board, Text(text=caption.text, role=CAPTION), first - begins, max(first + 1, last) - begins)
        shots = tuple(replace(shot, cues=(*shot.cues, cue)) if number == index else shot for number, shot in enumerate(shots))
    return replace(timeline, shots=shots, captions=captions.soft)


def _too_fast(plan: Plan, track: CaptionTrack) -> Iterator[Notice]:
    for caption in track.captions:
        if caption.short_by > TOLERANCE:
            shown = caption.end - caption.start
            text = (
                f"captions ({track.language}): “{' '.join(caption.lines)}” is there for {float(shown):.1f} s; reading it takes"
                f" {float(shown + caption.short_by):.1f} s"
            )
            yield Notice("caption.fast", text, _shot_at(plan, caption))


def _shot_at(plan: Plan, caption: Caption) -> str:
    return [shot.id for shot in plan.shots if Fraction(shot.start_frame) / plan.fps <= caption.start][-1]


def _recorded(record: Path) -> dict[str, str]:
    """SHA-256 of the files that were written last, by name; empty where that is not known."""
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(digest) for name, digest in found.items()} if isinstance(found, dict) else {}


def _said(planned: FilmShot) -> Iterator[Line | Voiceover]:
    if planned.shot.voiceover:
        yield planned.shot.voiceover
    yield from planned.shot.dialogue or ()


def _words(said: Line | Voiceover, language: str | None) -> str:
    """What is said in a language; None: in the storyboard's own. Empty where there are no words."""
    if language is not None:
        return said.translations.get(language, "")
    return said.line if isinstance(said, Line) else said.text or ""


def _apart(spoken: Iterable[Spoken]) -> list[Spoken]:
    """What nobody hears ends where the next words begin."""
    ordered = sorted(spoken, key=lambda one: (one.start, one.end))
    ends = [*(after.start for after in ordered[1:]), None]
    return [
        replace(one, end=end) if end is not None and not one.heard and one.start < end < one.end else one
        for one, end in zip(ordered, ends, strict=True)
    ]


def _spoken(plan: Plan, language: str) -> Iterator[Spoken]:
    """What is said in the film, when, in words of one language."""
    for planned in plan.shots:
        begin = Fraction(planned.start_frame) / plan.fps
        for said in _said(planned):
            own = _words(said, None)
            at = said.at.at(plan.source_fps) if isinstance(said, Line) and said.at else Fraction(0)
            start, end = _span(plan, said, own, begin + at)
            start = max(start, begin)  # a take may be seen from the midst of a line on
            words = said.translations.get(language) or (own if language == plan.board.language else "")
            if words and start < end:
                yield Spoken(words, start, end, (said.who or "") if isinstance(said, Line) else "", heard=bool(said.file))


def _span(plan: Plan, said: Line | Voiceover, own: str, at: Fraction) -> tuple[Fraction, Fraction]:
    """From when to when something is said: as it is heard in its recording, else as long as it takes to say it."""
    if said.file:
        heard = heard_part(named_file(plan.folder, said.file))
        return at + heard.start, at + heard.end
    longest = max([own, *said.translations.values()], key=lambda words: letter_seconds(words))
    return at, at + letter_seconds(own or longest)
