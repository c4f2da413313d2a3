"""``vidgen speak``: one spoken line as a WAV file. It is kept by its content, as those of films are."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidgen.errors import InputError, MissingError, Notice
from vidgen.media.files import atomic
from vidgen.media.places import check_output_file
from vidgen.render.speaking import speech_items
from vidgen.render.spending import Bill, consent
from vidgen.speech.casting import Cast, CastLine, Part
from vidgen.speech.kept import FOLDER, KeptLine, KeptLines, home
from vidgen.speech.saying import Sayer
from vidgen.speech.speakers import Speakers
from vidgen.speech.voices import Spoken
from vidgen.speech.words import has_words
from vidgen.storyboard.model import Line, Storyboard
from vidgen.storyboard.speech import Speech
from vidgen.takes.journal import Journal

Warn = Callable[[Iterable[Notice]], None]
LABEL = "speak"


@dataclass(frozen=True)
class SpeakOptions:
    """What the command line asks for. ``anew``: send a paid line again whose answer was lost."""

    text: str
    output: Path
    voice: str | None = None
    language: str | None = None
    engine: str | None = None
    speed: float | None = None
    delivery: str | None = None
    max_cost: float | None = None
    anew: bool = False


@dataclass(frozen=True)
class SpokenFile:
    """The file, and what said it. ``cost_usd``: of this run; None where no price is known."""

    output: Path
    line: CastLine
    kept: KeptLine
    cost_usd: float | None
    reused: bool

    def as_dict(self) -> Mapping[str, Any]:
        """``data`` of ``speak --json``."""
        speaker = self.line.speaker
        return {
            "output": str(self.output),
            "seconds": round(self.kept.seconds, 6),
            "voice": self.line.utterance.voice or None,
            "engine": speaker.name if speaker else None,
            "language": self.line.utterance.language,
            "cost_usd": self.cost_usd,
            "reused": self.reused,
        }

    def summary(self) -> str:
        """One line for a person."""
        speaker = self.line.speaker
        by = " ".join(filter(None, (speaker.name if speaker else "", self.line.utterance.voice)))
        return f"{self.output}: {self.kept.seconds:.2f} s, {by}{', kept from before' if self.reused else ''}"


def speak_line(options: SpeakOptions, *, warn: Warn = lambda notices: None) -> SpokenFile:
    """Speak one line. A paid engine that the line names needs no further consent, but keeps to ``max_cost``.

    Raises InputError for words or a voice that cannot be, MissingError where nothing here can say it.
    """
    options = replace(options, text=options.text.encode("utf-8", "replace").decode())
    _check(options)
    line = _cast(options)
    speaker = line.speaker
    if speaker is None:
        text = f"nothing here can say that: {line.why}"
        raise MissingError("speech.no_engine", text, hint="vidgen doctor shows the speech engines", where="speak")
    warn(line.notices)
    kept = KeptLines(home(), look_only=False)
    found = kept.find(line.key)
    said, cost_usd = (found, 0.0) if found else _said(line, kept, options, warn)
    if said.silent:
        warn([Notice("speech.silent", f"{speaker.name} gave silence")])
    with atomic(options.output) as part:
        shutil.copyfile(said.file, part)
    return SpokenFile(options.output, line, said, cost_usd, found is not None)


def _said(line: CastLine, kept: KeptLines, options: SpeakOptions, warn: Warn) -> tuple[KeptLine, float | None]:
    """Speak a line that is not kept; what that has cost."""
    named, run_id = options.engine not in (None, "auto"), uuid.uuid4().hex
    limit = consent(Bill(speech_items([Spoken.of(line, kept)])), max_cost=options.max_cost, named=named, warn=warn)
    again = "the same command with --anew buys it anew"
    said = Sayer(kept, _journal, run_id, again, limit, options.anew).say(line)
    if not (line.speaker and line.speaker.paid):
        return said, 0.0
    journal = _journal()
    return said, None if journal.unpriced(run_id) else round(journal.spent(run_id), 6)


def _journal() -> Journal:
    return Journal(home() / FOLDER)


def _check(options: SpeakOptions) -> None:
    if not has_words(options.text):
        raise InputError("usage.invalid", "TEXT has no words", hint="say what is to be spoken")
    if options.output.suffix.lower() != ".wav":
        raise InputError("output.bad_name", f"{options.output}: a spoken line is a WAV file", hint="name it FILE.wav")
    check_output_file(options.output)


def _cast(options: SpeakOptions) -> CastLine:
    """The line with whoever says it. Raises InputError for an engine or a voice that there is not."""
    import pydantic

    try:
        speech = Speech(engine=options.engine or "auto", voice=options.voice, speed=options.speed)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        text = f"--{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}"
        raise InputError("usage.invalid", text, hint="see vidgen speak --help") from error
    language = options.language.strip().lower()[:2] if options.language else None
    board = Storyboard(vidgen=1, language=language or "en", speech=speech)
    given = Line(line=options.text, delivery=options.delivery)
    line = Cast(board, Speakers(speech, Path.cwd())).cast(Part(LABEL, LABEL, options.text, None, given, language))
    wrong = next((one for one in line.notices if one.code == "speech.voice_replaced"), None)
    if wrong and options.voice:
        speaker, tongue = line.speaker, line.utterance.language
        hint = f"voices: {', '.join(speaker.voices(tongue) if speaker else ())}"
        raise InputError("speech.no_voice", wrong.message.partition(": ")[2].partition("; ")[0], hint=hint, where="--voice")
    return line
