"""What a shot says once the storyboard's and the scene's defaults are under it."""

from __future__ import annotations

from typing import Any

from vidgen.storyboard.model import Part, Scene, Shot, Storyboard

_MERGED = ("motion", "camera", "post")
"""Keys whose sub-keys are filled in one by one; every other key is replaced as a whole."""


def merged_shot(board: Storyboard, scene: Scene | None, shot: Shot) -> Shot:
    """A shot with everything that applies to it.

    What the shot says wins over ``defaults``, which win over the scene's ``scene`` text and the storyboard's ``style``,
    ``negative`` and ``post``. Of ``motion``, ``camera`` and ``post`` single sub-keys are merged. A storyboard's ``seed`` is
    not copied into shots: each shot's seed is derived from it (see planning).
    """
    values: dict[str, Any] = {}
    above = [(board.defaults, board.defaults.model_fields_set), (shot, shot.model_fields_set)]
    for keys, given in above:
        for name in given:
            value = getattr(keys, name)
            below = values.get(name)
            values[name] = (
                _over(below, value) if name in _MERGED and isinstance(below, Part) and isinstance(value, Part) else value
            )
    if values.get("scene") is None and scene is not None:
        values["scene"] = scene.scene
    for name in ("style", "negative", "post"):
        if values.get(name) is None:
            values[name] = getattr(board, name)
        elif name == "post" and board.post is not None:
            values[name] = _over(board.post, values[name])
    return Shot.model_construct(_fields_set=set(values), **{**_UNSET, **values})


_UNSET = {name: field.get_default() for name, field in Shot.model_fields.items()}


def _over(below: Part, above: Part) -> Part:
    changes: dict[str, Any] = {}
    for name in above.model_fields_set:
        old, new = getattr(below, name), getattr(above, name)
        changes[name] = _over(old, new) if isinstance(old, Part) and isinstance(new, Part) else new
    return below.model_copy(update=changes)
