"""Storyboard files into ``Storyboard``, with every problem of a file reported in one pass and in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic

from vidgen.errors import Problem, StoryboardError
from vidgen.storyboard.checks import cross_checks
from vidgen.storyboard.model import Storyboard
from vidgen.storyboard.problems import explain
from vidgen.storyboard.reader import Document, Path_, dotted, parse_document, read_document

_AUTO_SCENE = "sc01"


@dataclass(frozen=True)
class LoadedBoard:
    """A storyboard and where everything in it stands. ``places``: (line, column) from 1 of each key path in the file."""

    board: Storyboard
    path: Path
    text: str
    places: Mapping[Path_, tuple[int, int]]

    def place(self, path: Path_) -> tuple[int, int]:
        """The place of a path, or of the nearest thing above it that is in the file."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))

    def shot_path(self, scene: int, shot: int) -> Path_:
        """The path in the file of a scene's shot: boards without scenes have their shots at the top."""
        if ("scenes",) not in self.places:
            return ("shots", shot)
        path: Path_ = ("scenes", scene, "shots", shot)
        return path if path in self.places else ("scenes", scene)


def load_storyboard(path: Path) -> LoadedBoard:
    """Read a storyboard file. Raises StoryboardError with all its problems; InputError where there is no such file."""
    return _loaded(read_document(path), path)


def parse_storyboard(text: str | bytes, path: Path = Path("storyboard.yaml")) -> LoadedBoard:
    """Read a storyboard from text; files that it names are looked for beside ``path``."""
    raw = text.encode() if isinstance(text, str) else text
    return _loaded(parse_document(raw, str(path)), path)


def _loaded(document: Document, path: Path) -> LoadedBoard:
    problems = list(document.problems)
    board, wrong = None, list[Path_]()
    data = document.value
    if not isinstance(data, dict):
        problems.append(Problem(1, 1, "", "a storyboard is a mapping that begins with vidgen: 1"))
    else:
        shape = _shape_problems(data, document)
        problems += shape
        if not shape:
            board, wrong = _validated(_canonical(data), document, problems)
    if board is not None:
        problems += cross_checks(board, document, path.parent, wrong)
    if problems or board is None:
        raise StoryboardError(str(path), problems)
    return LoadedBoard(board, path, document.text, document.places)


def _shape_problems(data: Mapping[str, Any], document: Document) -> list[Problem]:
    """What must be right before anything else can be read: the version, and shots or scenes."""

    def problem(path: Path_, message: str) -> Problem:
        line, column = document.place(path)
        return Problem(line, column, dotted(path), message)

    found = []
    if "vidgen" not in data:
        found.append(problem((), "the key vidgen is missing; a storyboard begins with vidgen: 1"))
    elif data["vidgen"] != 1 or isinstance(data["vidgen"], bool):
        found.append(problem(("vidgen",), f"version {data['vidgen']!r} is not known; this vidgen reads version 1"))
    both = [key for key in ("shots", "scenes") if key in data]
    if len(both) != 1:
        where: Path_ = ("shots",) if both else ()
        found.append(
            problem(where, "a storyboard has either shots: or scenes:, " + ("not both" if both else "and here is neither"))
        )
    for key in both:
        if not isinstance(data[key], list) or not data[key]:
            found.append(problem((key,), f"{key}: is a list of at least one"))
        else:
            found += [
                problem((key, index), f"each of {key} is a mapping")
                for index, entry in enumerate(data[key])
                if not isinstance(entry, dict)
            ]
    for index, scene in enumerate(data.get("scenes") or [] if not found else []):
        shots = scene.get("shots", [])
        if not isinstance(shots, list) or any(not isinstance(shot, dict) for shot in shots):
            found.append(problem(("scenes", index, "shots"), "shots: is a list of mappings"))
        elif not shots and not scene.get("scene"):
            found.append(problem(("scenes", index), "a scene has shots:, or scene: text to make a shot of"))
    return found


def _canonical(data: Mapping[str, Any]) -> dict[str, Any]:
    """The one form that the types know: scenes with shots, every one with an id."""
    board = {key: value for key, value in data.items() if key != "shots"}
    scenes = [dict(scene) for scene in data["scenes"]] if "scenes" in data else [{"id": _AUTO_SCENE, "shots": data["shots"]}]
    used_scenes = {scene.get("id") for scene in scenes}
    used = {shot.get("id") for scene in scenes for shot in scene.get("shots", [])} | used_scenes
    count = 0
    for index, scene in enumerate(scenes):
        if "id" not in scene:
            scene["id"] = _free("sc", index + 1, used)
        shots = []
        for shot in scene.get("shots", []):
            count += 1
            shots.append(shot if "id" in shot else {"id": _free("s", count, used), **shot})
        scene["shots"] = shots
    board["scenes"] = scenes
    return board


def _free(prefix: str, number: int, used: set[Any]) -> str:
    while (name := f"{prefix}{number:02d}") in used:
        number += 1
    used.add(name)
    return name


def _validated(data: dict[str, Any], document: Document, problems: list[Problem]) -> tuple[Storyboard | None, list[Path_]]:
    """The board, or what is left of it without its wrong values, so that the checks between parts still run; and their
    paths in the file."""
    try:
        return Storyboard.model_validate(data), []
    except pydantic.ValidationError as error:
        found = [explain(detail, data) for detail in error.errors(include_url=False)]
    flat = "scenes" not in document.value
    wrong = []
    for path, message in dict.fromkeys(found):
        shown = path[2:] if flat and path[:2] == ("scenes", 0) else path
        wrong.append(shown)
        line, column = document.place(shown)
        problems.append(Problem(line, column, dotted(shown), message))
    try:
        return Storyboard.model_validate(_canonical(_without(data, [path for path, _ in found]))), wrong
    except pydantic.ValidationError:
        return None, wrong


def _without(data: Any, paths: list[Path_]) -> Any:
    """A copy of plain data without the values at the paths."""
    if () in paths:
        return None
    heads: dict[str | int, list[Path_]] = {}
    for path in paths:
        heads.setdefault(path[0], []).append(path[1:])
    if isinstance(data, dict):
        return {key: _without(value, heads.get(key, [])) for key, value in data.items() if () not in heads.get(key, [])}
    if isinstance(data, list):
        return [_without(value, heads.get(index, [])) for index, value in enumerate(data)]
    return data
