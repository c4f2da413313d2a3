"""What a shot says once everything that it inherits is under it."""

from __future__ import annotations

from typing import Any, TypeVar

from vidgen.storyboard.model import Part, Scene, Shot, ShotKeys, Storyboard

P = TypeVar("P", bound=Part)
_MERGED = ("motion", "camera", "post")
"""Keys whose sub-keys are filled in one by one; every other key is replaced as a whole."""


def merged_shot(board: Storyboard, scene: Scene | None, shot: Shot) -> Shot:
    """A shot with everything that applies to it.

    What the shot says wins over its scene, which wins over ``defaults``, which win over the storyboard's ``style``,
    ``negative`` and ``post``. Of ``motion``, ``camera`` and ``post`` single sub-keys are merged. An empty value (``model:``
    or ``model: ~``) clears what would be inherited. A storyboard's ``seed`` is not copied into shots: each shot's seed is
    derived from it (see planning).
    """
    values: dict[str, Any] = {name: getattr(board, name) for name in ("style", "negative", "post")}
    _lay_over(values, board.defaults)
    if scene is not None and scene.scene is not None:
        values["scene"] = scene.scene
    _lay_over(values, shot)
    return _NOTHING_SAID.model_copy(update={name: value for name, value in values.items() if value is not None})


_NOTHING_SAID = Shot.model_construct(id="", _fields_set=set())
"""Every key of it is None but the id, which each shot has."""


def _lay_over(values: dict[str, Any], keys: ShotKeys) -> None:
    for name in keys.model_fields_set:
        value, below = getattr(keys, name), values.get(name)
        if name in _MERGED and isinstance(below, Part) and isinstance(value, Part):
            value = laid_over(below, value)
        values[name] = value


def laid_over(below: P, above: P) -> P:
    """``below`` with everything that ``above`` says, key by key."""
    changes: dict[str, Any] = {}
    for name in above.model_fields_set:
        old, new = getattr(below, name), getattr(above, name)
        changes[name] = laid_over(old, new) if isinstance(old, Part) and isinstance(new, Part) else new
    return below.model_copy(update=changes)
