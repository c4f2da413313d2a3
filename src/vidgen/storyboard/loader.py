"""Load storyboard files. All problems of a file are reported in one pass, with line and column."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pydantic

from vidgen.errors import Problem, StoryboardError
from vidgen.storyboard.checks import cross_checks
from vidgen.storyboard.file_checks import PLAIN
from vidgen.storyboard.forms import canonical_form, original_path, path_in_file, shape_problems, without
from vidgen.storyboard.model import Storyboard
from vidgen.storyboard.problems import explain
from vidgen.storyboard.reader import Document, Path_, dotted, parse_document, place_of, read_document


@dataclass(frozen=True)
class LoadedBoard:
    """A storyboard with source positions.

    Attributes:
        text: the file's text.
        places: (line, column), from 1, of each key path.
        spans: start and end index of each value in ``text``.
    """

    board: Storyboard
    path: Path
    text: str
    places: Mapping[Path_, tuple[int, int]]
    spans: Mapping[Path_, tuple[int, int]]

    def place(self, path: Path_) -> tuple[int, int]:
        """(line, column) of a path, or of its nearest parent in the file."""
        return place_of(path, self.places)

    def key_path(self, shot: str, key: str) -> Path_:
        """The path in the file of what says a key of a shot: the shot, its scene, the defaults or the top; the shot's own path
        where none does.
        """
        for index, scene in enumerate(self.board.scenes):
            ids = [one.id for one in scene.shots] or [scene.id]
            if shot in ids:
                own = self.shot_path(index, ids.index(shot))
                owners: tuple[Path_, ...] = (own, ("scenes", index), ("defaults",), ())
                return next(((*owner, key) for owner in owners if (*owner, key) in self.places), own)
        return ()

    def shot_path(self, scene: int, shot: int) -> Path_:
        """The path in the file of a shot, by the indices of scene and shot. Files without scenes have shots at the top."""
        if ("scenes",) not in self.places:
            return ("shots", shot)
        path: Path_ = ("scenes", scene, "shots", shot)
        return path if path in self.places else ("scenes", scene)


def load_storyboard(path: Path) -> LoadedBoard:
    """Read a storyboard file and check the clips, pictures and sounds that it names.

    Raises StoryboardError with all problems, InputError if the file does not exist.
    """
    return _loaded(read_document(path), path, contents=True)


def parse_storyboard(text: str | bytes, path: Path = Path("storyboard.yaml")) -> LoadedBoard:
    """Read a storyboard from text. Files that it names must exist beside ``path``; they are not opened. Raises
    StoryboardError.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return _loaded(parse_document(raw, str(path)), path, contents=False)


def _loaded(document: Document, path: Path, *, contents: bool) -> LoadedBoard:
    if not isinstance(document.value, dict):
        problem = Problem(1, 1, "", "a storyboard is a mapping that begins with vidgen: 1")
        raise StoryboardError(str(path), [*document.problems, problem])
    shape = list(islice(shape_problems(document.value), MOST_PROBLEMS + 1))
    if len(shape) > MOST_PROBLEMS:  # not a storyboard
        places = [Problem(*document.place(place), dotted(place), message) for place, message in shape[:MOST_PROBLEMS]]
        raise StoryboardError(str(path), [*document.problems, *places])
    board, wrong, dropped = _validated(canonical_form(document.value), document)
    found: list[tuple[Path_, str, str]] = [(place, message, PLAIN) for place, message in (*shape, *wrong)]
    if board is not None:
        known = {place[:length] for place, *_ in found for length in range(1, len(place) + 1)}
        for place, message, code in cross_checks(board, document, path.parent, contents=contents):
            if (moved := original_path(place, dropped)) not in known:
                found.append((moved, message, code))
    problems = [Problem(*document.place(place), dotted(place), *rest) for place, *rest in dict.fromkeys(found)]
    problems += document.problems
    if problems or board is None:
        raise StoryboardError(str(path), _readable(problems))
    return LoadedBoard(board, path, document.text, document.places, document.spans)


def _readable(problems: list[Problem]) -> list[Problem]:
    """The first problems in file order, and how many more there are."""
    if len(problems) <= MOST_PROBLEMS:
        return problems
    first = sorted(problems)[:MOST_PROBLEMS]
    return [*first, Problem(first[-1].line, first[-1].column, "", f"... and {len(problems) - MOST_PROBLEMS} more problems")]


def _validated(
    data: dict[str, Any], document: Document
) -> tuple[Storyboard | None, list[tuple[Path_, str]], Collection[Path_]]:
    """Validate the data.

    Returns the storyboard without its invalid values, so that further checks can run (None if too much is invalid); the
    problems by path in the file; and the paths in the file of the values left out.
    """
    wrong: list[tuple[Path_, str]] = []
    dropped: set[Path_] = set()
    rest = data
    for attempt in range(_ATTEMPTS):
        try:
            return Storyboard.model_validate(rest), wrong, {path_in_file(path, document.value) for path in dropped}
        except pydantic.ValidationError as error:
            details = error.errors(include_url=False)
        found = [explain(detail, rest) for detail in details[:MOST_PROBLEMS]]
        if attempt == 0:
            wrong = list(dict.fromkeys((path_in_file(path, document.value), message) for path, message in found))
        if len(details) > MOST_PROBLEMS:
            return None, [*wrong, ((), f"{len(details) - MOST_PROBLEMS} more values are wrong")], ()
        # A mapping without a required key is dropped as a whole.
        bad = [path[:-1] if detail["type"] == "missing" else path for detail, (path, _) in zip(details, found, strict=True)]
        dropped |= {original_path(path, tuple(dropped)) for path in bad}
        rest = canonical_form(without(data, dropped))
    return None, wrong, ()


MOST_PROBLEMS = 1000
"""Most problems reported: a file with more is hardly a storyboard, and explaining them takes long."""

_ATTEMPTS = 4
"""Rounds of dropping invalid values: a mapping may then lack a required key, and so on upwards."""
