"""Turns what the types complain of into plain words: what is wrong, what is right, what was perhaps meant."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from vidgen.storyboard.model import Storyboard

Detail = Mapping[str, Any]

_MESSAGES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda ctx: "this key is needed",
    "greater_than": lambda ctx: f"must be above {ctx['gt']:g}",
    "greater_than_equal": lambda ctx: f"must be at least {ctx['ge']:g}",
    "less_than": lambda ctx: f"must be below {ctx['lt']:g}",
    "less_than_equal": lambda ctx: f"must be at most {ctx['le']:g}",
    "string_type": lambda ctx: "must be text",
    "string_too_short": lambda ctx: "must not be empty",
    "string_too_long": lambda ctx: f"must be at most {ctx['max_length']} characters",
    "int_type": lambda ctx: "must be a whole number",
    "int_parsing": lambda ctx: "must be a whole number",
    "int_from_float": lambda ctx: "must be a whole number",
    "float_type": lambda ctx: "must be a number",
    "float_parsing": lambda ctx: "must be a number",
    "finite_number": lambda ctx: "must be a number that is not infinite",
    "bool_type": lambda ctx: "must be true or false",
    "bool_parsing": lambda ctx: "must be true or false",
    "list_type": lambda ctx: "must be a list",
    "tuple_type": lambda ctx: "must be a list",
    "dict_type": lambda ctx: "must be a mapping of keys",
    "model_type": lambda ctx: "must be a mapping of keys",
    "value_error": lambda ctx: str(ctx["error"]),
}
"""Error type of the types' library -> our words."""

_PATTERNS = {
    "id": "an id is letters, digits, _ and -, begins with a letter or digit, and has at most 32",
    "colour": "a colour is #rrggbb",
}


def explain(detail: Detail, data: Any) -> tuple[tuple[str | int, ...], str]:
    """The path in the file and the message for one complaint."""
    path = _real_path(detail["loc"], data)
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return path, f"unknown key{_guess(str(path[-1]), _keys_at(path[:-1]))}"
    if kind == "literal_error":
        expected = str(context["expected"]).replace("'", "")
        options = [word.strip() for word in expected.replace(" or ", ",").split(",")]
        return path, f"{detail['input']!r} is not one of {expected}{_guess(str(detail['input']), options)}"
    if kind == "string_pattern_mismatch":
        return path, _PATTERNS.get(str(path[-1]), f"{detail['input']!r} is not in the right form")
    words = _MESSAGES.get(kind)
    return path, words(context) if words else str(detail["msg"])


def _guess(word: str, options: list[str]) -> str:
    near = difflib.get_close_matches(word, options, 1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""


def _real_path(loc: tuple[str | int, ...], data: Any) -> tuple[str | int, ...]:
    """The part of a location that is in the file; names of types and shorthand forms are left out."""
    path: list[str | int] = []
    value = data
    for part in loc:
        if isinstance(value, Mapping):
            path.append(part)
            if part not in value:
                break
            value = value[part]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            path.append(part)
            value = value[part]
        else:
            break
    return tuple(path)


def _keys_at(path: tuple[str | int, ...]) -> list[str]:
    """The keys that the mapping at a path may have."""
    model: Any = Storyboard
    for part in path:
        if isinstance(part, int) or model is None:
            continue
        field = next((info for name, info in model.model_fields.items() if part in (name, info.alias)), None)
        model = _part_of(field.annotation) if field else model
    return [info.alias or name for name, info in model.model_fields.items()] if model else []


def _part_of(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in typing.get_args(annotation) if (found := _part_of(inner))), None)
