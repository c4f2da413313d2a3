"""Merge a shot with the keys that it inherits."""

from __future__ import annotations

from typing import Any, TypeVar

from vidgen.storyboard.model import DIALOGUE, Scene, Shot, ShotKeys, Storyboard
from vidgen.storyboard.parts import Part

P = TypeVar("P", bound=Part)
_MERGED = ("motion", "camera", "post")
"""Keys that are merged sub-key by sub-key; all others are replaced as a whole."""
_OF_THE_SCENE = ("scene", "ambience")
"""Keys of a scene that are its shots'."""


def merged_shot(board: Storyboard, scene: Scene | None, shot: Shot) -> Shot:
    """A shot with all keys that apply to it.

    Keys of the shot win over its scene, then ``defaults``, then the storyboard's ``style``, ``negative`` and ``post``.
    ``motion``, ``camera`` and ``post`` are merged by sub-key. An empty value (``model:`` or ``model: ~``) clears an inherited
    one. The storyboard's ``seed`` is not copied; planning derives each shot's seed from it.
    """
    values: dict[str, Any] = {name: getattr(board, name) for name in ("style", "negative", "post")}
    _lay_over(values, board.defaults)
    for name in _OF_THE_SCENE:
        if scene is not None and (value := getattr(scene, name)) is not None:
            values[name] = value
    _lay_over(values, shot)
    if values.get("lip_sync") == DIALOGUE and not values.get("dialogue"):
        del values["lip_sync"]  # asked of all shots, and nothing is said in this one
    return _EMPTY_SHOT.model_copy(update={name: value for name, value in values.items() if value is not None})


_EMPTY_SHOT = Shot.model_construct(id="", _fields_set=set())
"""A shot whose keys are all None, except the id."""


def _lay_over(values: dict[str, Any], keys: ShotKeys) -> None:
    for name in keys.model_fields_set:
        value, below = getattr(keys, name), values.get(name)
        if name in _MERGED and isinstance(below, Part) and isinstance(value, Part):
            value = laid_over(below, value)
        values[name] = value


def laid_over(below: P, above: P) -> P:
    """``below`` with the keys that ``above`` sets, merged recursively."""
    changes: dict[str, Any] = {}
    for name in above.model_fields_set:
        old, new = getattr(below, name), getattr(above, name)
        changes[name] = laid_over(old, new) if isinstance(old, Part) and isinstance(new, Part) else new
    return below.model_copy(update=changes)
