"""The shots of a storyboard for lint: merged, with the source position of each key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vidgen.catalog.capabilities import Capabilities
from vidgen.storyboard.lengths import DEFAULT_SECONDS, film_music, known_frames
from vidgen.storyboard.lint.camera import CameraText, camera_text
from vidgen.storyboard.lint.findings import Finding, Fix
from vidgen.storyboard.lint.lexicon import Lexicons, languages_of
from vidgen.storyboard.lint.registry import rules
from vidgen.storyboard.loader import LoadedBoard
from vidgen.storyboard.merge import merged_shot
from vidgen.storyboard.model import Scene, Shot, Storyboard
from vidgen.storyboard.reader import Path_

if TYPE_CHECKING:
    from vidgen.music import Beats

_PROMPT_KEYS = ("scene", "subject", "action", "motion.detail", "camera.reveals", "lighting", "prompt_extra")
_JOIN = ", "
Lookup = Callable[[str, str | None], Capabilities | None]


@dataclass(frozen=True)
class ShotView:
    """One shot: ``own`` as written, ``shot`` merged with defaults, ``path`` in the file, and the ``lexicons`` for its text."""

    loaded: LoadedBoard
    scene: Scene
    scene_index: int
    own: Shot
    shot: Shot
    path: Path_
    capabilities: Capabilities | None
    lexicons: Lexicons

    @property
    def board(self) -> Storyboard:
        """The whole storyboard."""
        return self.loaded.board

    @cached_property
    def seconds(self) -> float:
        """Length of the shot in seconds."""
        frames = known_frames(self.shot, self.board.fps, self.loaded.path.parent, self._music)
        return float(DEFAULT_SECONDS if frames is None else frames / self.board.fps)

    def _music(self) -> Beats | None:
        return film_music(self.board, self.loaded.path.parent)

    @cached_property
    def ignored(self) -> frozenset[str]:
        """Rules that the storyboard, its defaults or the shot disables."""
        options = (self.board.lint, self.board.defaults.lint, self.own.lint)
        return frozenset(code for option in options if option for code in option.ignore)

    def path_of(self, key: str) -> Path_:
        """The path in the file of a key: of the shot, the defaults, its scene, or the top of the file."""
        head, *rest = key.split(".")
        if head in self.own.model_fields_set:
            return (*self.path, head, *rest)
        if head in self.board.defaults.model_fields_set:
            return ("defaults", head, *rest)
        if head == "scene":
            return ("scenes", self.scene_index, "scene")
        return (head, *rest)

    @cached_property
    def fields(self) -> tuple[tuple[str, str, int], ...]:
        """The texts of the prompt: (key, text, start index in ``text``)."""
        found, start = [], 0
        for name, value in _prompt_texts(self.shot):
            found.append((name, value, start))
            start += len(value) + len(_JOIN)
        return tuple(found)

    @cached_property
    def text(self) -> str:
        """All texts of the prompt, joined."""
        return _JOIN.join(text for _, text, _ in self.fields)

    @cached_property
    def camera(self) -> CameraText:
        """The camera moves in the text."""
        if self.shot.clip:
            return CameraText()
        found = [camera_text(self.text, language, self.lexicons) for language in languages_of(self.text)]
        return next((words for words in found if words.moves or words.static), CameraText())

    @property
    def move(self) -> str | None:
        """The move of ``camera:``; None if none is given."""
        camera = self.shot.camera
        return camera.move if camera and "move" in camera.model_fields_set else None

    def field_at(self, index: int) -> str:
        """The key whose text is at an index of ``text``."""
        return next((key for key, _, start in reversed(self.fields) if start <= index), "prompt")

    def finding(self, code: str, path: Path_, *, fix: Fix | None = None, **words: object) -> Finding:
        """A finding on this shot at a path of the file."""
        return make_finding(self.loaded, code, path, self.own.id, fix=fix, **words)


def make_finding(
    loaded: LoadedBoard, code: str, path: Path_, shot: str | None = None, *, fix: Fix | None = None, **words: object
) -> Finding:
    """A finding with the rule's message filled in by ``words``. The remedy is in the storyboard's language."""
    rule = rules()[code]
    japanese = loaded.board.language.lower().startswith("ja")
    line, column = loaded.place(path)
    remedy = rule.remedy_ja if japanese else rule.remedy
    return Finding(code, rule.severity, rule.message.format(**words), remedy.format(**words), shot, path, line, column, fix)


def shot_views(loaded: LoadedBoard, lookup: Lookup | None, lexicons: Lexicons | None = None) -> Iterator[ShotView]:
    """All shots of a storyboard, in order; a scene without shots counts as one."""
    shots = list(_merged(loaded.board))
    lexicons = lexicons or Lexicons(_texts(shot for *_, shot in shots))
    for scene_index, scene, index, own, shot in shots:
        named = shot.engine and shot.engine != "auto"
        capabilities = lookup(str(shot.engine), shot.model) if lookup and named else None
        yield ShotView(loaded, scene, scene_index, own, shot, loaded.shot_path(scene_index, index), capabilities, lexicons)


def lexicons_of(boards: Iterable[LoadedBoard]) -> Lexicons:
    """The lexicons for the texts of several storyboards."""
    return Lexicons(_texts(shot for loaded in boards for *_, shot in _merged(loaded.board)))


def _merged(board: Storyboard) -> Iterator[tuple[int, Scene, int, Shot, Shot]]:
    """(scene index, scene, shot index, shot as written, merged shot) of each shot."""
    for scene_index, scene in enumerate(board.scenes):
        for index, own in enumerate(scene.shots or (Shot(id=scene.id, scene=scene.scene, duration=scene.duration),)):
            yield scene_index, scene, index, own, merged_shot(board, scene, own)


def _texts(shots: Iterable[Shot]) -> Iterator[str]:
    for shot in shots:
        yield _JOIN.join(text for _, text in _prompt_texts(shot))
        yield shot.style or ""


def _prompt_texts(shot: Shot) -> Iterator[tuple[str, str]]:
    """The texts of a shot's prompt, as (key, text)."""
    for name in ("prompt", "prompt_extra") if shot.prompt else _PROMPT_KEYS:
        value: Any = shot
        for part in name.split("."):
            value = getattr(value, part, None) if value is not None else None
        if isinstance(value, str) and value.strip():
            yield name, value
