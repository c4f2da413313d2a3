"""``vidgen export``: the cut for other programs. Offline: nothing is made or bought."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.app.plan import plan_loaded, voices_of
from vidgen.engines.registry import Engines
from vidgen.errors import InputError, Notice
from vidgen.interchange.cut import DISSOLVE, Cut
from vidgen.interchange.packing import copy_media
from vidgen.media.files import LONGEST_NAME, shortened, write_text
from vidgen.media.places import check_output_file
from vidgen.media.rate import json_rate, seconds_of
from vidgen.planning.compile import Overrides
from vidgen.render.at_hand import shots_at_hand
from vidgen.render.editorial import editorial_cut
from vidgen.render.project import Project
from vidgen.storyboard.file_checks import files_of
from vidgen.storyboard.loader import load_storyboard

Write = Callable[[Cut, Path], str]
Warn = Callable[[Iterable[Notice]], None]


def _otio(cut: Cut, folder: Path) -> str:
    from vidgen.interchange.timeline import otio_text

    return otio_text(cut, folder)


def _edl(cut: Cut, folder: Path) -> str:
    from vidgen.interchange.edl import edl_text

    return edl_text(cut, folder)


def _fcp7(cut: Cut, folder: Path) -> str:
    from vidgen.interchange.fcp7 import fcp7_text

    return fcp7_text(cut, folder)


def _csv(cut: Cut, folder: Path) -> str:
    from vidgen.interchange.shot_list import shot_list

    return shot_list(cut)


@dataclass(frozen=True)
class Format:
    """A format: the ending of its files, what writes it, and what it can say of a cut."""

    suffix: str
    write: Write
    alternates: bool = False
    sounds: bool = False
    transitions: bool = False
    """Whether it has other transitions than dissolves."""
    shot_list: bool = False
    most_shots: int | None = None
    """Highest number of a shot that it can write."""


FORMATS: Mapping[str, Format] = {
    "otio": Format(".otio", _otio, alternates=True, sounds=True, transitions=True),
    "edl": Format(".edl", _edl, most_shots=999),
    "fcp7xml": Format(".xml", _fcp7, sounds=True),
    "csv": Format(".csv", _csv, shot_list=True),
}


@dataclass(frozen=True)
class Exported:
    """What was written."""

    output: Path
    format: str
    cut: Cut
    copied: tuple[Path, ...]

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``export --json``."""
        cut = self.cut
        return {
            "output": str(self.output),
            "format": self.format,
            "frames": cut.frames,
            "duration_s": round(seconds_of(cut.frames, cut.rate), 6),
            "fps": json_rate(cut.rate),
            "shots": [
                {
                    "id": shot.id,
                    "take": shot.chosen.metadata.get("take") if shot.chosen else None,
                    "takes": len(shot.media),
                    "file": str(shot.chosen.file) if shot.chosen else None,
                }
                for shot in cut.shots
            ],
            "missing": [shot.id for shot in cut.shots if shot.used is None],
            "copied": [str(file) for file in self.copied],
        }


def export_cut(
    board: Path,
    *,
    format_: str | None = None,
    output: Path | None = None,
    media_folder: Path | None = None,
    overrides: Overrides = Overrides(),
    work: Path | None = None,
    warn: Warn = lambda notices: None,
) -> Exported:
    """Write the cut of a storyboard. ``format_``: None: by the ending of ``output``, else otio; ``media_folder``: where copies
    of all files go, which the cut then refers to.

    Raises InputError for a bad format, rate or name, MissingError where a package for the format is missing.
    """
    name = _format_name(format_, output)
    chosen = FORMATS[name]
    loaded = load_storyboard(board)
    engines = Engines()
    plan = plan_loaded(loaded, overrides, engines, voices_of(loaded, work))
    output = output or Path(shortened(board.stem, LONGEST_NAME - len(chosen.suffix)) + chosen.suffix)
    project = Project.of(board, work)
    inputs = [board, *files_of(loaded.board, board.parent), *filter(None, [project.lock_file])]
    check_output_file(output, inputs)
    with project.reading() as space:
        shots, notices = shots_at_hand(plan, space, engines)
    cut, more = editorial_cut(plan, board, shots)
    check_output_file(output, [media.file for _, media in cut.media()], touch=False)
    chosen.write(cut, output.parent)  # what it cannot write is found before anything is copied
    copied: Mapping[Path, Path] = {}
    if media_folder:
        copied = copy_media(cut, media_folder)
        cut = cut.moved(lambda file: copied[file])
    write_text(output, chosen.write(cut, output.parent))
    warn([*notices, *([] if chosen.shot_list else [*more, *_unsaid(cut, chosen, name)])])
    return Exported(output, name, cut, tuple(dict.fromkeys(copied.values())))


def _format_name(given: str | None, output: Path | None) -> str:
    if given is None:
        suffix = output.suffix.lower() if output else ""
        return next((name for name, one in FORMATS.items() if one.suffix == suffix), "otio")
    if given not in FORMATS:
        raise InputError("usage.invalid", f"unknown --format {given}", hint=", ".join([*FORMATS, "openjd"]))
    return given


def _unsaid(cut: Cut, chosen: Format, name: str) -> Iterable[Notice]:
    """What a format cannot say of this cut."""
    others = sorted({shot.transition for shot in cut.shots if shot.transition_frames} - {DISSOLVE})
    first = cut.shots[0]
    if name == "edl" and first.transition_frames:
        yield Notice(
            "export.left_out",
            f"{name} has no fade-in of the first shot that every program reads; it starts with a cut",
            first.id,
        )
    if chosen.most_shots and len(cut.shots) > chosen.most_shots:
        yield Notice(
            "export.left_out", f"{name} numbers {chosen.most_shots} shots; the later ones have numbers that are too long"
        )
    if others and not chosen.transitions:
        yield Notice("export.left_out", f"{name} has dissolves only; so these are dissolves in it: {', '.join(others)}")
    if not chosen.alternates and any(len(shot.media) > 1 for shot in cut.shots):
        yield Notice("export.left_out", f"{name} has one file a shot: the takes that are not picked are not in it")
    if not chosen.sounds and (cut.sounds or any(shot.sounds for shot in cut.shots)):
        yield Notice("export.left_out", f"{name} has one track here, for pictures: sounds are not in it")
