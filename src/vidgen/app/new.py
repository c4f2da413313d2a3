"""``vidgen new``: a starter storyboard, or one made of a script or shot list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.app.lint import lint_loaded
from vidgen.engines.registry import Engines
from vidgen.errors import InputError, Notice
from vidgen.escapes import one_line
from vidgen.media.files import write_text
from vidgen.media.places import check_output_file
from vidgen.media.wording import counted
from vidgen.storyboard.lint import rules
from vidgen.storyboard.loader import parse_storyboard
from vidgen.storyboard.starter import LANGUAGES, starter_text
from vidgen.storyboard.writing import Draft, read_draft, storyboard_text
from vidgen.storyboard.writing.finish import frames_of
from vidgen.storyboard.writing.timing import FPS

MOST_NAMED = 20
"""Shots that a warning about lint names."""


@dataclass(frozen=True)
class Made:
    """A storyboard that was made of a script or shot list: where it is, and what a person has to decide."""

    file: Path
    source: Path
    draft: Draft
    seconds: float
    findings: Mapping[str, Sequence[str]]

    def notices(self) -> Iterator[Notice]:
        """Everything to decide, what stands only in comments, and what lint says."""
        for remark in self.draft.remarks():
            yield Notice("new.decide", f"{one_line(self.source.name)}:{remark.line}: {remark.text}", remark.shot)
        yield from (Notice("new.kept", text) for text in self.draft.kept)
        for rule, shots in self.findings.items():
            more = f" and {len(shots) - MOST_NAMED} more" if len(shots) > MOST_NAMED else ""
            where = f"{', '.join(shots[:MOST_NAMED])}{more}"
            yield Notice("new.lint", f"{rule}: {where}; vidgen lint {self.file} tells each with its remedy")

    def summary(self) -> str:
        """One line about what was made."""
        counts = ", ".join((counted(len(self.draft.scenes), "scene"), counted(len(self.draft.shots), "shot")))
        return f"{self.file} written: {counts}, about {round(self.seconds)} s; next: vidgen plan {self.file}"

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``new --json``."""
        return {
            "file": str(self.file),
            "source": str(self.source),
            "scenes": len(self.draft.scenes),
            "shots": len(self.draft.shots),
            "characters": [person.name for person in self.draft.people.values()],
            "duration_s": self.seconds,
            "decide": [{"line": remark.line, "shot": remark.shot, "text": remark.text} for remark in self.draft.remarks()],
        }


def write_starter(file: Path, title: str | None, language: str | None) -> None:
    """Write a starter storyboard; refuses to overwrite. ``title``: the file's name if left out. ``language``: en or ja."""
    _check(file, language)
    write_text(file, starter_text(language or "en", title or file.stem, file.name))


def write_from(file: Path, source: Path, title: str | None, language: str | None) -> Made:
    """Write the storyboard of a script or shot list; refuses to overwrite.

    Args:
        title: that of the source, or the file's name, if left out. language: en or ja; that of the source if left out.

    Raises InputError if the source cannot be read; then nothing is written.
    """
    _check(file, language)
    draft = read_draft(source, language)
    draft.title = title or draft.title or file.stem
    text = storyboard_text(draft, source.name, file.name)
    loaded = parse_storyboard(text, file)
    findings: dict[str, list[str]] = {}
    for finding in lint_loaded(loaded, Engines()):
        if finding.severity != "info":
            findings.setdefault(f"{finding.rule} {rules()[finding.rule].title}", []).append(finding.shot or "the film")
    write_text(file, text)
    seconds = float(sum(frames_of(shot) for shot in draft.shots) / FPS)
    return Made(file, source, draft, seconds, {rule: list(dict.fromkeys(shots)) for rule, shots in findings.items()})


def _check(file: Path, language: str | None) -> None:
    if file.exists():
        raise InputError("new.exists", f"{file} exists and is not overwritten", hint="choose another name", where=str(file))
    if language not in (None, *LANGUAGES):
        raise InputError("usage.invalid", f"--language {language} is not known", hint="en or ja")
    check_output_file(file)
