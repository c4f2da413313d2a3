"""Turn pydantic's validation errors into messages: what is wrong, what is allowed, and what was perhaps meant."""

from __future__ import annotations

import functools
import typing
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from vidgen.media.tables import read_table
from vidgen.spelling import did_you_mean, nearest
from vidgen.storyboard.model import Shot, Storyboard

Detail = Mapping[str, Any]
Path_ = tuple[str | int, ...]
Root = type[BaseModel]

_MESSAGES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda ctx: "this key is required",
    "string_type": lambda ctx: "must be text",
    "string_too_short": lambda ctx: "must not be empty",
    "string_too_long": lambda ctx: f"must be at most {ctx['max_length']} characters",
    "int_type": lambda ctx: "must be a whole number",
    "float_type": lambda ctx: "must be a number",
    "finite_number": lambda ctx: "must be a number that is not infinite",
    "bool_type": lambda ctx: "must be true or false",
    "list_type": lambda ctx: "must be a list",
    "tuple_type": lambda ctx: "must be a list",
    "too_short": lambda ctx: f"must have at least {ctx['min_length']} entries",
    "too_long": lambda ctx: f"must have at most {ctx['max_length']} entries",
    "dict_type": lambda ctx: "must be a mapping of keys",
    "model_type": lambda ctx: "must be a mapping of keys",
    "value_error": lambda ctx: str(ctx["error"]),
}
"""pydantic's error type -> our message."""

_RANGES = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}

_PATTERNS = {
    "id": "an id is up to 32 of: a to z, A to Z, 0 to 9, _ and -; the first is no _ or -",
    "colour": 'a colour is "#rrggbb", in quotes',
}


def explain(detail: Detail, data: Any, root: Root = Storyboard) -> tuple[Path_, str]:
    """The path in the data and the message for one validation error. ``root``: the type of the whole file."""
    path = _real_path(detail["loc"], data)
    kind, context, given = detail["type"], detail.get("ctx", {}), detail["input"]
    if kind == "extra_forbidden":
        return path, f"unknown key{_meant_key(path, root)}"
    if kind in _RANGES:
        return path, _range(path, detail, root)
    if kind == "literal_error":
        expected = str(context["expected"]).replace("'", "")
        options = [word.strip() for word in expected.replace(" or ", ",").split(",")]
        return path, f"{given!r} is not one of {expected}{did_you_mean(str(given), options)}"
    if kind == "string_pattern_mismatch":
        return path, f"{given!r}: {_PATTERNS.get(str(path[-1]), 'not in the right form')}"
    if kind == "missing" and isinstance(path[-1], int):
        return path, "must be two numbers, [x, y]"
    message = _MESSAGES.get(kind)
    return path, (message(context) if message else str(detail["msg"])) + _remedy(kind, given)


def _remedy(kind: str, given: Any) -> str:
    """How to correct a value of the wrong type."""
    if kind == "bool_type" and isinstance(given, str):
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(given.lower(), given.lower())
        return f" (did you mean {meant}?)" if meant in ("true", "false") else f", not {given!r}"
    if kind in ("int_type", "float_type") and isinstance(given, str):
        return f", not {given!r}" if not _numeric(given) else f"; write {given.strip()} without quotes"
    if kind == "string_type" and isinstance(given, bool):
        return f'; write "{str(given).lower()}" in quotes'
    return ""


def _numeric(text: str) -> bool:
    return unicodedata.normalize("NFKC", text).strip().replace(".", "", 1).lstrip("+-").isdigit() and text.isascii()


def _range(path: Path_, detail: Detail, root: Root) -> str:
    """A message with the whole range of a number, not only the limit that was exceeded."""
    limits = {
        name: getattr(limit, name)
        for limit in _metadata(path, root)
        for name in ("ge", "gt", "le", "lt")
        if getattr(limit, name, None) is not None
    } or {key: value for key, value in detail["ctx"].items() if key in ("ge", "gt", "le", "lt")}
    phrases = [
        f"{word} {limits[key]:.12g}"
        for key, word in (("ge", "at least"), ("gt", "above"), ("le", "at most"), ("lt", "below"))
        if key in limits
    ]
    return f"must be {' and '.join(phrases)}, not {detail['input']}"


def _metadata(path: Path_, root: Root) -> list[Any]:
    names = [part for part in path if isinstance(part, str)]
    model = _model_at(path[:-1], root) if names and path[-1:] == (names[-1],) else None
    field = _field(model, names[-1]) if model else None
    return list(field.metadata) if field else []


@functools.cache
def _habits(kind: str) -> Mapping[str, str]:
    """Keys of other tools and what they are called here (``key_habits.yaml``). ``kind``: ``keys``, or ``said`` for advice."""
    loaded: dict[str, dict[str, str]] = read_table("vidgen.storyboard", "key_habits.yaml", as_written=True)
    return loaded[kind]


def _meant_key(path: Path_, root: Root) -> str:
    """A suggestion for an unknown key."""
    here = keys_at(path[:-1], root)
    word = unicodedata.normalize("NFKC", str(path[-1])).casefold().replace("-", "_").replace(" ", "_")
    meant = next((key for key in (word, _habits("keys").get(word)) if key in here), None)
    if meant is None and word in _habits("said"):
        return f"; {_habits('said')[word]}"
    meant = meant or nearest(word, here)
    word = _habits("keys").get(word, word)
    meant = meant or next((f"{key}: {{{word}: ...}}" for key in here if word in keys_at((*path[:-1], key), root)), None)
    if meant:
        return f" (did you mean {meant}?)"
    return f"; known: {', '.join(here[:12])}{', ...' if len(here) > 12 else ''}"


def _real_path(loc: Path_, data: Any) -> Path_:
    """The part of pydantic's location that is in the file, without names of types and shorthand forms."""
    path: list[str | int] = []
    value = data
    for part in loc:
        if isinstance(value, Mapping):
            if isinstance(part, int) or part.startswith("<"):
                continue  # a single entry for a list, or a tag of a union
            path.append(part)
            if part not in value:
                break
            value = value[part]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            path.append(part)
            value = value[part]
        elif not (isinstance(part, str) and part.startswith("<")):
            break
    return tuple(path)


def keys_at(path: Path_, root: Root = Storyboard) -> list[str]:
    """The keys allowed in the mapping at a path of the file; empty if any key is allowed."""
    model = _model_at(path, root)
    if model is None:
        return []
    keys = [info.alias or name for name, info in model.model_fields.items()]
    return [*keys, "shots"] if model is Storyboard else keys


def _model_at(path: Path_, root: Root) -> type[BaseModel] | None:
    model: type[BaseModel] | None = root
    free = False
    for part in path:
        if isinstance(part, int) or model is None:
            continue
        if free:  # the name of a character or text style
            free = False
            continue
        annotation = Shot if model is Storyboard and part == "shots" else getattr(_field(model, part), "annotation", None)
        free = typing.get_origin(annotation) is dict
        model = _part_of(annotation)
    return model


def _field(model: type[BaseModel], key: str) -> Any:
    return next((info for name, info in model.model_fields.items() if key == (info.alias or name)), None)


def _part_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in typing.get_args(annotation) if (found := _part_of(inner))), None)
