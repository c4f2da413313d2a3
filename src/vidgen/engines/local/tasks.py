"""Which task of a model makes a shot, and which of the shot's files it uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vidgen.catalog.diffusion import models
from vidgen.engines.local.folder import ModelFolder
from vidgen.errors import InputError
from vidgen.takes.request import ShotRequest, Task

_OPENS: frozenset[str] = frozenset({"image_to_video", "first_last_frame"})
"""Tasks that open with a picture."""
_UNUSED: Mapping[str, tuple[str, ...]] = {"text_to_video": ("start_frame", "end_frame"), "image_to_video": ("end_frame",)}
"""Files that a task leaves out."""


@dataclass(frozen=True)
class TaskFiles:
    """A task, and its files by what they are for (``start_frame``, ``end_frame``, ``source_video``, ``reference_1``...).

    ``leads``: whether the shot opens with the end of the shot that it continues.
    """

    task: Task
    files: Mapping[str, Path]
    leads: bool = False


def choose_task(request: ShotRequest, folder: ModelFolder, opening: Path) -> TaskFiles:
    """The task for a request.

    Args:
        opening: where the last picture of the shot that is continued will be written.

    Raises InputError ``engine.cannot`` where the model has no task for it.
    """
    files = _usable_files(request, folder, opening)
    task = _task_for(request, folder, files)
    for name in _UNUSED.get(task, ()):
        files.pop(name, None)
    given = request.inputs
    leads = task in _OPENS and "start_frame" in files and given.continues is not None and given.start_frame is None
    return TaskFiles(task, files, leads)


def _usable_files(request: ShotRequest, folder: ModelFolder, opening: Path) -> dict[str, Path]:
    """The request's files that the model has a use for, as absolute paths."""
    given = request.inputs
    named = {
        "start_frame": given.start_frame,
        "end_frame": given.end_frame,
        "source_video": given.source_video if "video_to_video" in folder.tasks else None,
        **{f"reference_{number}": file for number, file in enumerate(given.references[: folder.family.references], 1)},
    }
    files = {name: file.absolute() for name, file in named.items() if file}
    if given.continues and not {"start_frame", "source_video"} & set(files) and _OPENS & set(folder.tasks):
        files["start_frame"] = opening
    return files


def _task_for(request: ShotRequest, folder: ModelFolder, files: Mapping[str, Path]) -> Task:
    tasks = set(folder.tasks)
    if "source_video" in files:
        return "video_to_video"
    if "end_frame" in files and "first_last_frame" in tasks:
        if "start_frame" in files:
            return "first_last_frame"
        if not folder.calls.end_frame_alone:
            text = f"{folder.name} takes an end_frame beside a start_frame only; it needs both"
            raise _cannot(request, text, "give the shot a start_frame, too")
        if {"image_to_video", "text_to_video"} & tasks:
            return "first_last_frame"
    if "start_frame" in files and _OPENS & tasks:
        if "image_to_video" in tasks:
            return "image_to_video"
        raise _cannot(request, f"{folder.name} needs both, a start_frame and an end_frame", "give the shot an end_frame")
    _check_words_suffice(request, folder)
    return "text_to_video"


def _check_words_suffice(request: ShotRequest, folder: ModelFolder) -> None:
    """Raise InputError where the model makes nothing from words alone, or the shot's files are what it is about."""
    tasks, given = set(folder.tasks), request.inputs
    if "text_to_video" not in tasks:
        need = "a source_video" if not _OPENS & tasks else "a start_frame"
        if _OPENS & tasks == {"first_last_frame"}:
            need = "a start_frame and an end_frame"
        text = f"{folder.name} cannot make a clip from words alone: it needs {need}"
        raise _cannot(request, text, f"give the shot {need}, or use a model such as {_another('text_to_video')}")
    has_files = given.start_frame or given.end_frame or given.source_video
    if request.task in ("video_to_video", "image_to_video", "first_last_frame") and has_files:
        text = f"{folder.name} does not do {request.task.replace('_', ' ')}"
        raise _cannot(request, text, f"use a model such as {_another(request.task)}")


def _cannot(request: ShotRequest, text: str, hint: str) -> InputError:
    return InputError("engine.cannot", text, hint=hint, where=request.shot)


def _another(task: str) -> str:
    return next((row.name for row in models() if row.runs and task in row.tasks), "another")
