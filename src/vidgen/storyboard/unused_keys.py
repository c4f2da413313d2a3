"""Keys that are part of the storyboard's form and that this version does nothing about: ``plan`` and ``lint`` say so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vidgen.storyboard.merge import merged_shot
from vidgen.storyboard.model import Colour, Post, Shot, Storyboard
from vidgen.storyboard.parts import Part
from vidgen.storyboard.reader import Path_
from vidgen.storyboard.values import frame_size

_SAME_SHAPE = 0.03
"""Sides are even and often rounded to 8 or 16 pixels, so that a shape is seldom exact."""

UNUSED: dict[tuple[str, str], str] = {
    ("Character", "lora"): "a character's LoRA is not loaded yet; params: {lora: FILE} of a shot is",
}
"""Type and key, and why nothing comes of it. A row goes when something reads the key."""


@dataclass(frozen=True)
class UnusedKey:
    """A key that is in the file in vain.

    ``path``: from the shot where one says it, else from the top of the file. ``shot``: its id. ``place``: its scene and its
    number there, from 0.
    """

    path: Path_
    why: str
    shot: str | None = None
    place: tuple[int, int] | None = None

    @property
    def of_post(self) -> bool:
        """Whether it is about post-processing."""
        return "post" in self.path


def unused_keys(board: Storyboard) -> Iterator[UnusedKey]:
    """Every such key, in the order of the file's types."""
    if "aspect" in board.model_fields_set and _has_own_shape(board):
        yield UnusedKey(("aspect",), f"resolution: {board.resolution} has a shape of its own")
    yield from (UnusedKey(path, why) for path, why in _within(board, ()) if path[0] != "scenes")
    for scene_index, scene in enumerate(board.scenes):
        for shot_index, shot in enumerate(scene.shots):
            for path, why in _within(shot, ()):
                yield UnusedKey(path, why, shot.id, (scene_index, shot_index))
    yield from _vain_references(board)


def _vain_references(board: Storyboard) -> Iterator[UnusedKey]:
    """References of colours where nothing is matched to one."""
    merged = {
        (scene_index, shot_index): merged_shot(board, scene, shot)
        for scene_index, scene in enumerate(board.scenes)
        for shot_index, shot in enumerate(scene.shots)
    }
    matching = {place for place, shot in merged.items() if _colour_of(shot).match}
    # A reference of the whole film is for shots that say nothing else of it.
    shared: tuple[tuple[Post | None, Path_], ...] = ((board.post, ()), (board.defaults.post, ("defaults",)))
    for post, path in shared:
        if post and post.colour and post.colour.reference and not matching:
            yield UnusedKey((*path, *_REFERENCE), _NO_MATCH)
    for scene_index, scene in enumerate(board.scenes):
        for shot_index, shot in enumerate(scene.shots):
            if _colour_of(shot).reference and (scene_index, shot_index) not in matching:
                yield UnusedKey(_REFERENCE, _NO_MATCH, shot.id, (scene_index, shot_index))


def _colour_of(shot: Shot) -> Colour:
    return (shot.post.colour if shot.post else None) or Colour()


_REFERENCE: Path_ = ("post", "colour", "reference")
_NO_MATCH = "it has no effect without match: true beside it"


def _has_own_shape(board: Storyboard) -> bool:
    """Whether width and height are given, and are not about those of the aspect ratio."""
    if "x" not in board.resolution:
        return False
    width, height = frame_size(board.resolution, board.aspect)
    wide, high = map(float, board.aspect.split(":"))
    return abs(width * high / (height * wide) - 1) > _SAME_SHAPE


def _within(value: Any, path: Path_) -> Iterator[tuple[Path_, str]]:
    if isinstance(value, Part):
        for name in (name for name in type(value).model_fields if name in value.model_fields_set):
            asked = getattr(value, name)
            if asked is not None and asked is not False and asked != {} and (why := UNUSED.get((type(value).__name__, name))):
                yield (*path, name), why
            yield from _within(asked, (*path, name))
    elif isinstance(value, tuple | list):
        for index, entry in enumerate(value):
            yield from _within(entry, (*path, index))
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield from _within(entry, (*path, name))
