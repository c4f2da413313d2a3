"""``vidgen export --format openjd``: a film's takes as a job for a render farm. Offline: nothing is made or bought.

The bundle has all that the farm's machines need but the weights of models: the storyboard with its files, the takes at hand,
and the job's template. Engines that are paid for stay here.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidgen.app.plan import plan_loaded, voices_of
from vidgen.artifacts import copy_of
from vidgen.engines.base import Engine
from vidgen.engines.registry import Engines
from vidgen.errors import InputError, Notice, VidgenError
from vidgen.interchange.openjd import AT_HAND, BOARD, FILM, FarmJob, parameter_values, template, yaml_text
from vidgen.media.files import LONGEST_NAME, shortened, write_text
from vidgen.media.places import not_written
from vidgen.media.wording import counted
from vidgen.planning.clip_checks import check_clips
from vidgen.planning.compile import Overrides
from vidgen.planning.plan import GeneratedShot, Plan
from vidgen.render.commands import Commands
from vidgen.render.farm import farm_work
from vidgen.render.made import MadeShot
from vidgen.render.preflight import check_shots
from vidgen.render.project import Project, Workspace
from vidgen.render.shots import ShotMaker
from vidgen.render.speaking import missing_lines
from vidgen.speech.voices import FilmVoices
from vidgen.storyboard.loader import load_storyboard
from vidgen.storyboard.merge import merged_shot
from vidgen.storyboard.model import Storyboard
from vidgen.storyboard.portable import portable
from vidgen.storyboard.speech import Speech
from vidgen.takes.lockfile import lock_path, write_lock

FORMAT = "openjd"
ENDING = ".openjd"
Warn = Callable[[Iterable[Notice]], None]
_FILES = "files"


@dataclass(frozen=True)
class ExportedJob:
    """What was written. ``at_hand``: takes that go along; ``left``: what the farm cannot make."""

    output: Path
    job: FarmJob
    at_hand: int
    left: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``export --format openjd --json``."""
        return {
            "output": str(self.output),
            "format": FORMAT,
            "shots": [{"id": shot.id, "takes": list(shot.takes) or "all"} for shot in self.job.shots],
            "tasks": sum(len(shot.tasks) for shot in self.job.shots),
            "at_hand": self.at_hand,
            "left": list(self.left),
            "film": self.job.whole,
        }

    def summary(self) -> str:
        """The line that a person reads."""
        tasks = counted(sum(len(shot.tasks) for shot in self.job.shots), "task")
        return f"{self.output}: {tasks} for takes{', then the film' if self.job.whole else ''}"


def export_job(
    board: Path,
    *,
    output: Path | None = None,
    overrides: Overrides = Overrides(),
    work: Path | None = None,
    warn: Warn = lambda notices: None,
) -> ExportedJob:
    """Write a job bundle into a new folder.

    Raises InputError where the film cannot be planned, lines are still to be spoken, the folder is there already, or a farm
    can do nothing for the film; ProcessingError where the disk is full.
    """
    installed, loaded = Engines(), load_storyboard(board)
    voices = voices_of(loaded, work)
    plan = plan_loaded(loaded, overrides, installed, voices)
    check_shots(plan.generated, installed, loaded)
    warn([*plan.notices, *check_clips(loaded, plan)])
    _refuse_unspoken(plan, voices, board, Commands(board, work))
    output = output or Path(shortened(board.stem, LONGEST_NAME - len(ENDING)) + ENDING)
    _check_new(output)
    names = {*(shot.engine for shot in plan.generated), *(larger.engine for larger in plan.enlargements)}
    engines = {name: installed.get(name) for name in sorted(names)}
    with Project.of(board, work).reading() as space:
        stock = _stock(plan, engines, space, warn)
        farm = farm_work(plan, engines, stock)
        at_hand = sum(len(made.takes) for made in stock.values())
        options = (f"--preset={plan.preset}",) if plan.preset else ()
        job = FarmJob(plan.board.title or board.stem, farm.shots, not farm.left, at_hand > 0, options)
        _refuse_idle(job, board)
        with _new_folder(output) as folder:
            bundle = _Bundle(folder / FILM, plan, voices, overrides)
            bundle.write(space, stock)
            write_text(folder / "template.yaml", yaml_text(template(job)))
            write_text(folder / "parameter_values.yaml", yaml_text(parameter_values(job)))
    warn([*farm.notices, *bundle.notices])
    return ExportedJob(output, job, at_hand, farm.left)


def _refuse_unspoken(plan: Plan, voices: FilmVoices, board: Path, commands: Commands) -> None:
    if lines := missing_lines(voices, plan.shots):
        text = f"{counted(len(lines), 'line')} of the film {'is' if len(lines) == 1 else 'are'} not spoken yet"
        hint = f"{commands.line('render', board, '--engine', 'previz')} speaks them, and draws an animatic"
        raise InputError("export.not_spoken", text, hint=hint, where=str(board))


def _refuse_idle(job: FarmJob, board: Path) -> None:
    if not job.shots and not job.whole:
        text = "a farm can do nothing for this film: all takes that are missing are paid for, or go on from such"
        raise InputError("export.no_work", text, hint="vidgen render makes them", where=str(board))


def _stock(plan: Plan, engines: Mapping[str, Engine], space: Workspace, warn: Warn) -> Mapping[str, MadeShot]:
    """What is at hand, by shot. Without the models that name takes nothing is known to be."""
    space.shots = frozenset(shot.id for shot in plan.shots)
    try:
        maker = ShotMaker((*plan.shots, *plan.enlargements), engines, space, score=plan.board.score)
        return {made.planned.id: made for made in maker.survey().shots}
    except VidgenError as error:
        warn([Notice("take.not_checked", f"{error.message}; the job makes all takes")])
        return {}


def _check_new(folder: Path) -> None:
    """Raise InputError ``export.exists`` where something is there."""
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        text = f"{folder} is there already"
        raise InputError("export.exists", text, hint="name a new folder with -o FOLDER", where=str(folder))


@contextmanager
def _new_folder(final: Path) -> Iterator[Path]:
    """A folder that gets its name once it is whole."""
    part = final.with_name(f".{shortened(final.name, 64)}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True)
        yield part
        if final.is_dir():
            final.rmdir()
        part.rename(final)
    except OSError as error:
        raise not_written(final, error, "name a folder that can be written with -o FOLDER") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


@dataclass
class _Bundle:
    """The storyboard's part of a bundle. ``notices``: what is not as it is here."""

    folder: Path
    plan: Plan
    voices: FilmVoices
    overrides: Overrides
    notices: list[Notice] = field(default_factory=list)
    _names: dict[Path, str] = field(default_factory=dict)

    def write(self, space: Workspace, stock: Mapping[str, MadeShot]) -> None:
        """Write storyboard, files, picks and the takes at hand. Raises OSError."""
        board = self._board()
        self.folder.mkdir()
        write_text(self.folder / BOARD, portable(board, self.plan.folder, self._decided(), self._place))
        missing = {name for name, made in stock.items() if made.missing}
        picks = {shot: pick for shot, pick in space.picks.items() if pick.by == "person" or shot not in missing}
        if picks:
            write_lock(lock_path(self.folder / BOARD), picks, BOARD)
        takes = {take.file for made in stock.values() for take in made.takes}
        if takes:
            self._take_along(space.root, takes)

    def _take_along(self, root: Path, clips: Iterable[Path]) -> None:
        """The takes at hand, and what was said of them."""
        files = [file for clip in sorted(clips) for file in (clip, clip.with_suffix(".json"))]
        files += [*sorted((root / "rejected").glob("*.json")), *root.glob("remarks.json")]
        for file in files:
            target = self.folder / AT_HAND / file.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_of(file, target)

    def _board(self) -> Storyboard:
        """The storyboard with what a farm must not do left out: it has neither the user's keys nor his voices."""
        board = self.plan.board.model_copy(update={"speech": Speech(engine="off")})
        if not board.provenance.c2pa:
            return board
        text = "the farm's film is not signed, since your key stays here; vidgen render --takes-from signs it"
        self.notices.append(Notice("export.not_on_farm", text))
        return board.model_copy(update={"provenance": board.provenance.model_copy(update={"c2pa": False})})

    def _decided(self) -> dict[str, dict[str, Any]]:
        """What this machine has decided of each shot: engine, model, and recordings of what is said."""
        planned = {shot.parent: shot for shot in reversed(self.plan.generated)}
        decided = {}
        for scene in self.plan.board.scenes:
            for shot in scene.shots:
                merged = merged_shot(self.plan.board, scene, shot)
                voiced = self.voices.voiced(merged).shot
                spoken = {name: getattr(voiced, name) for name in ("dialogue", "voiceover")}
                keys = {name: value for name, value in spoken.items() if value != getattr(merged, name)}
                decided[shot.id] = keys | (self._maker(planned[shot.id]) if shot.id in planned else {})
        return decided

    def _maker(self, shot: GeneratedShot) -> dict[str, Any]:
        keys: dict[str, Any] = {"engine": shot.engine}
        if shot.model:
            folder = Path(shot.model)
            keys["model"] = str(folder.resolve()) if folder.exists() else shot.model
            if folder.exists():
                text = f"the model {shot.model} does not go along: the farm's machines need it at {keys['model']}"
                self.notices.append(Notice("export.not_on_farm", text, shot.id))
        if self.overrides.candidates:
            keys["candidates"] = max(self.overrides.candidates, shot.pinned or 0)
        return keys

    def _place(self, file: Path) -> str:
        """Copy a file once, under a name that every file system takes; its name from the storyboard's folder."""
        file = file.resolve()
        if file not in self._names:
            tail = re.sub(r"[^A-Za-z0-9.-]+", "_", file.name)[-60:].lstrip(".-_") or "file"
            name = f"{_FILES}/{len(self._names) + 1:04}_{tail}"
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            self._names[file] = name
        return self._names[file]
