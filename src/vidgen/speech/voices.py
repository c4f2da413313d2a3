"""What was spoken of a storyboard: fills the sound of each line into the shots of a plan, and says of the others why not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidgen.errors import Notice
from vidgen.planning.speech import Voiced
from vidgen.speech.casting import Cast, CastLine
from vidgen.speech.kept import KeptLine, KeptLines
from vidgen.speech.speakers import Speakers
from vidgen.storyboard.lengths import line_seconds
from vidgen.storyboard.model import Shot, Storyboard
from vidgen.storyboard.speech import Speech
from vidgen.storyboard.values import Duration


@dataclass(frozen=True)
class Spoken:
    """A line of the film with its sound, where it was spoken. ``bought``: its answer is here, so that it costs no more."""

    line: CastLine
    kept: KeptLine | None
    bought: bool = False

    @classmethod
    def of(cls, line: CastLine, kept: KeptLines) -> Spoken:
        """A line as it is in the folder of kept ones."""
        if line.speaker is None:
            return cls(line, None)
        return cls(line, kept.find(line.key), line.speaker.paid and kept.answer(line.key).is_file())

    @property
    def price_usd(self) -> float | None:
        """US dollars for speaking it now; None where that is not known."""
        return 0.0 if self.kept or self.bought else self.line.price_usd

    @property
    def missing(self) -> bool:
        """Whether it can be spoken, and was not yet."""
        return self.kept is None and self.line.speaker is not None

    def as_dict(self) -> dict[str, Any]:
        """An entry of ``speech`` in the ``data`` of ``plan`` and ``render``."""
        line, kept = self.line, self.kept
        seconds = kept.seconds if kept else float(line_seconds(line.part.words, None, Path()))
        return {
            "line": line.part.label,
            "shot": line.part.shot,
            "who": line.part.who,
            "text": line.part.words,
            "engine": line.speaker.name if line.speaker else None,
            "voice": line.utterance.voice or None,
            "language": line.utterance.language,
            "seconds": round(seconds, 3),
            "estimate": kept is None,
            "file": str(kept.file) if kept else None,
            "estimated_usd": self.price_usd,
            "cost_usd": kept.cost_usd if kept else None,
            "why_silent": line.why or None,
        }


@dataclass
class FilmVoices:
    """The voices of one plan (``planning.speech.Voices``). ``lines``: every line that it was asked about."""

    cast: Cast
    kept: KeptLines
    lines: list[Spoken] = field(default_factory=list)

    @classmethod
    def of(cls, board: Storyboard, folder: Path, root: Path) -> FilmVoices:
        """For a storyboard in ``folder`` whose work folder is ``root``. Changes nothing on disk."""
        cast = Cast(board, Speakers(board.speech or Speech(), folder))
        return cls(cast, KeptLines(root, look_only=True))

    def voiced(self, shot: Shot) -> Voiced:
        """See ``Voices``."""
        found = [Spoken.of(line, self.kept) for line in self.cast.lines(shot)]
        self.lines += found
        files = {one.line.part.label: str(one.kept.file.absolute()) for one in found if one.kept}
        missing = {one.line.part.label for one in found if one.missing}
        awaited = frozenset(at for at in range(len(shot.dialogue or ())) if f"{shot.id}.line{at + 1}" in missing)
        return Voiced(_filled(shot, files), tuple(_notices(shot, found)), awaited)

    def missing(self, shots: Collection[str]) -> list[Spoken]:
        """The lines of some shots that are to be spoken, each once."""
        wanted = [one for one in self.lines if one.missing and one.line.part.shot in shots]
        return list({one.line.key: one for one in wanted}.values())


def _filled(shot: Shot, files: dict[str, str]) -> Shot:
    """The shot with these files, by the labels of its lines."""
    changes: dict[str, Any] = {}
    if shot.voiceover and (file := files.get(f"{shot.id}.voiceover")):
        changes["voiceover"] = shot.voiceover.model_copy(update={"file": file})
    if shot.dialogue:
        named = ((line, files.get(f"{shot.id}.line{number}")) for number, line in enumerate(shot.dialogue, 1))
        changes["dialogue"] = tuple(line.model_copy(update={"file": file}) if file else line for line, file in named)
    return shot.model_copy(update=changes) if changes else shot


def _notices(shot: Shot, found: Sequence[Spoken]) -> Iterator[Notice]:
    for one in found:
        yield from one.line.notices
        if one.line.speaker is None:
            text = f"{one.line.part.label} is silent, since nobody can say it: {one.line.why}"
            yield Notice("sound.not_spoken", text, shot.id)
        elif one.kept and one.kept.silent:
            yield Notice("speech.silent", f"{one.line.part.label}: {one.line.speaker.name} gave silence", shot.id)
    auto = shot.duration is not None and not isinstance(shot.duration, Duration)
    if auto and any(one.missing for one in found):
        text = "duration: its words are not spoken yet; the length is an estimate until a render speaks them"
        yield Notice("speech.estimated", text, shot.id)
