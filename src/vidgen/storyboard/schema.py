"""The JSON Schema of the storyboard, generated from the types, for completion and checks in editors."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from vidgen.installed import Group, plugins
from vidgen.media.tables import read_table
from vidgen.storyboard.model import Storyboard
from vidgen.storyboard.values import upscale_models
from vidgen.storyboard.vocabulary import kinds, names

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID = "urn:vidgen:storyboard:1"

_NAMED = {
    ("Camera", "move"): "camera_move",
    ("Camera", "size"): "shot_size",
    ("Camera", "angle"): "camera_angle",
    ("Camera", "speed"): "camera_speed",
    ("Camera", "focus"): "focus",
    ("Motion", "type"): "motion_type",
    ("Transition", "type"): "transition",
    ("Text", "role"): "text_role",
    ("Text", "position"): "text_position",
    ("TextStyle", "position"): "text_position",
    ("Budget", "mode"): "budget_mode",
    ("Audio", "captions"): "caption_format",
    ("Music", "cut_on"): "cut_on",
    ("Output", "fit"): "fit",
    ("Output", "codec"): "codec",
    ("Output", "quality"): "quality",
}
"""(type, key) -> the vocabulary of its names."""

_SHORT: Mapping[tuple[str, str], dict[str, Any]] = {
    ("ShotKeys", "camera"): {"$ref": "#/$defs/camera_move"},
    ("ShotKeys", "motion"): {"$ref": "#/$defs/motion_type"},
    ("ShotKeys", "transition"): {"$ref": "#/$defs/transition"},
    ("ShotKeys", "lip_sync"): {"anyOf": [{"$ref": "#/$defs/lip_sync"}, {"type": "string"}]},
    ("ShotKeys", "voiceover"): {"type": "string"},
    ("ShotKeys", "own_sound"): {"type": "boolean"},
    ("Storyboard", "budget"): {"type": "number", "minimum": 0},
    ("Storyboard", "speech"): {"type": "string"},
    ("Audio", "music"): {"type": "string"},
    ("Audio", "loudness"): {"$ref": "#/$defs/loudness"},
    ("Post", "interpolate"): {"type": ["number", "string"]},
    ("Post", "upscale"): {"type": "integer"},
    ("Post", "grain"): {"type": "number"},
}
"""(type, key) -> the plain value that is accepted for a mapping."""

_INSTALLED: Mapping[tuple[str, str], Group] = {
    ("Interpolate", "engine"): "vidgen.interpolators",
    ("Upscale", "engine"): "vidgen.upscalers",
    ("Speech", "engine"): "vidgen.speakers",
}
"""Type and key -> the extension point whose names it takes, too."""

_LISTS: Mapping[tuple[str, str], str] = {
    ("ShotKeys", "text"): "Text",
    ("ShotKeys", "dialogue"): "Line",
    ("ShotKeys", "sfx"): "SoundEffect",
    ("ShotKeys", "motion_brush"): "MotionBrush",
    ("Audio", "ambience"): "Ambience",
    ("Scene", "ambience"): "Ambience",
    ("ShotKeys", "ambience"): "Ambience",
    ("Storyboard", "outputs"): "Output",
    ("ShotKeys", "characters"): "",
    ("ShotKeys", "references"): "",
    ("Character", "references"): "",
    ("LintOptions", "ignore"): "",
    ("Score", "veto"): "veto",
}
"""(type, key) -> the type of an entry. Plain text is accepted for an entry, and one entry for a list."""


def storyboard_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of a storyboard file, with English and Japanese names as completions."""
    schema = Storyboard.model_json_schema(by_alias=True)
    types: dict[str, Any] = {**schema.pop("$defs"), "Storyboard": schema}
    for part, value in types.items():
        value.pop("title", None)
        value["description"] = value["description"].replace("``", "`")
        value["properties"] = {key: _property(part, key, inner) for key, inner in value["properties"].items()}
    shots = {
        "type": "array",
        "minItems": 1,
        "items": {"$ref": "#/$defs/Shot"},
        "description": help_by_type()["Storyboard"]["shots"],
    }
    schema["properties"]["shots"] = shots
    schema["properties"]["scenes"] |= {"minItems": 1}
    schema["properties"]["characters"]["additionalProperties"] = _either({"type": "string"}, _ref("Character"))
    types["Score"]["properties"]["weights"]["propertyNames"] = _ref("score_family")
    types["Shot"]["required"], types["Scene"]["required"] = [], []
    schema["oneOf"] = [{"required": ["shots"]}, {"required": ["scenes"]}]
    definitions = {kind: _names(kind) for kind in kinds()} | {key: types[key] for key in types if key != "Storyboard"}
    return {"$schema": DIALECT, "$id": ID, "title": "vidgen storyboard", **schema, "$defs": definitions}


@functools.cache
def help_by_type() -> Mapping[str, Mapping[str, str]]:
    """The help text of each key, by type (``key_help.yaml``)."""
    loaded: dict[str, dict[str, str]] = read_table("vidgen.storyboard", "key_help.yaml", as_written=True)
    return {**loaded, "Shot": {**loaded["ShotKeys"], **loaded["Shot"]}}


def _property(part: str, key: str, value: dict[str, Any]) -> dict[str, Any]:
    owner = "ShotKeys" if part == "Shot" and ("ShotKeys", key) in {*_SHORT, *_LISTS} else part
    options = list(_options(value))
    form = {name: item for name, item in value.items() if name not in ("title", "default", "description")}
    if kind := _NAMED.get((part, key)):
        form = _ref(kind)
    elif group := _INSTALLED.get((part, key)):
        form["enum"] = list(dict.fromkeys((*form["enum"], *plugins(group))))
    elif (part, key) == ("Upscale", "model"):
        form = _either(
            {"enum": upscale_models()},
            {"type": "string", "pattern": r"\.([sS][aA][fF][eE][tT][eE][nN][sS][oO][rR][sS]|[pP][tT][hH])$"},
        )
    elif short := _SHORT.get((owner, key)):
        form = _either(short, *(option for option in options if "$ref" in option))
    elif (owner, key) in _LISTS:
        entry = _LISTS[(owner, key)]
        one = _ref(entry) if entry in kinds() else _either({"type": "string"}, _ref(entry)) if entry else {"type": "string"}
        form = _either(one, {"type": "array", "items": one})
    if {"type": "null"} in options and {"type": "null"} not in form.get("anyOf", []):
        form = _either(*form.get("anyOf", [form]), {"type": "null"})
    default = {} if value.get("default") in (None, [], {}) else {"default": value["default"]}
    return {"description": help_by_type()[part][key], **form, **default}


def _options(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All alternative forms of a value, flattened."""
    for option in value.get("anyOf") or value.get("oneOf") or ():
        yield from _options(option)
    if "anyOf" not in value and "oneOf" not in value:
        yield value


def _names(kind: str) -> dict[str, Any]:
    """The names of a kind as completions, and a pattern for the other accepted spellings (``pan-left``)."""
    shown = [spelling for name in names(kind) for spelling in (name.canonical, name.ja)]
    others = [spelling for name in names(kind) for spelling in (*name.en_aliases, *name.ja_aliases)]
    english = [spelling for name in names(kind) for spelling in (name.canonical, *name.en_aliases)]
    pattern = "|".join("[-_ ]?".join(_word(word) for word in spelling.split("_")) for spelling in english)
    return _either({"enum": list(dict.fromkeys([*shown, *others]))}, {"type": "string", "pattern": f"^({pattern})$"})


def _word(word: str) -> str:
    first, rest = word[:1], re.sub(r"[^A-Za-z0-9]", ".?", word[1:])
    return f"[{first.upper()}{first}]{rest}" if first.isalpha() else first + rest


def _either(*options: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": list(options)}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}
