"""The JSON Schema of the storyboard, made from the types: what editors complete and check while a person types."""

from __future__ import annotations

from typing import Any

from vidgen.storyboard.model import LOUDNESS, Shot, Storyboard
from vidgen.storyboard.vocabulary import names

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID = "urn:vidgen:storyboard:1"

_NAMED = {
    ("Camera", "move"): "camera_move",
    ("Camera", "size"): "shot_size",
    ("Camera", "angle"): "camera_angle",
    ("Camera", "speed"): "camera_speed",
    ("Motion", "type"): "motion_type",
    ("Transition", "type"): "transition",
    ("Text", "role"): "text_role",
    ("Text", "position"): "text_position",
    ("TextStyle", "position"): "text_position",
}
"""Type and key -> the vocabulary whose names it takes."""

_SHORT = {
    "camera": ("Camera", "camera_move"),
    "motion": ("Motion", "motion_type"),
    "transition": ("Transition", "transition"),
    "lip_sync": ("LipSync", None),
    "voiceover": ("Voiceover", None),
    "music": ("Music", None),
}
"""Keys whose mapping may be written as one plain value, and the vocabulary of that value."""

_LISTS = {"characters": None, "references": None, "text": "Text", "dialogue": "Line", "sfx": "SoundEffect"}
"""Keys where one plain entry may stand for a list; the type of an entry that may also be plain text."""

_NUMBERS = {"budget": "Budget", "interpolate": "Interpolate", "upscale": "Upscale", "grain": "Grain"}


def storyboard_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of a storyboard file, with English and Japanese names as completions."""
    schema = Storyboard.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = schema.pop("$defs")
    for (part, key), kind in _NAMED.items():
        definitions[part]["properties"][key] = _names(kind) | _kept(definitions[part]["properties"][key])
    for part in ("Shot", "ShotKeys"):
        _shorthands(definitions[part]["properties"])
    for properties in (schema["properties"], definitions["Post"]["properties"], definitions["Audio"]["properties"]):
        _shorthands(properties)
    definitions["Audio"]["properties"]["loudness"] = {"anyOf": [{"enum": list(LOUDNESS)}, _ref("LoudnessTarget")]}
    schema["properties"]["characters"]["additionalProperties"] = {"anyOf": [{"type": "string"}, _ref("Character")]}
    definitions["Shot"]["required"] = []
    definitions["Scene"]["required"] = []
    schema["properties"]["shots"] = {"type": "array", "minItems": 1, "items": _ref(Shot.__name__)}
    schema["properties"]["scenes"] |= {"minItems": 1}
    schema["oneOf"] = [{"required": ["shots"]}, {"required": ["scenes"]}]
    return {"$schema": DIALECT, "$id": ID, **schema, "title": "vidgen storyboard", "$defs": definitions}


def _names(kind: str) -> dict[str, Any]:
    """Any text, with the known names as completions: further spellings (``pan-left``) are read too."""
    known = [spelling for name in names(kind) for spelling in (name.canonical, name.ja)]
    others = [spelling for name in names(kind) for spelling in (*name.en_aliases, *name.ja_aliases)]
    return {"anyOf": [{"enum": list(dict.fromkeys([*known, *others]))}, {"type": "string"}]}


def _kept(before: dict[str, Any]) -> dict[str, Any]:
    return {key: before[key] for key in ("description", "default") if key in before and before[key] is not None}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


def _shorthands(properties: dict[str, Any]) -> None:
    for key, (part, kind) in _SHORT.items():
        if key in properties:
            properties[key] = {"anyOf": [_names(kind) if kind else {"type": "string"}, _ref(part)]}
    for key, entry in _LISTS.items():
        if key in properties and "anyOf" in properties[key]:
            one: dict[str, Any] = {"anyOf": [{"type": "string"}, _ref(entry)]} if entry else {"type": "string"}
            properties[key] = {"anyOf": [one, {"type": "array", "items": one}]}
    for key, part in _NUMBERS.items():
        if key in properties:
            properties[key] = {"anyOf": [{"type": "number"}, _ref(part)]}
