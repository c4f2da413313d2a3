"""Names with English and Japanese forms, read from ``vocabulary.yaml``.

Spelling is forgiving where it cannot mislead: case, full and half width, and spaces, hyphens or underscores are alike.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Name:
    """One thing and what it may be called. ``phrase_en`` is how prompts say it."""

    canonical: str
    ja: str
    ja_aliases: tuple[str, ...]
    en_aliases: tuple[str, ...]
    phrase_en: str

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every accepted spelling, the canonical one first."""
        return (self.canonical, *self.en_aliases, self.ja, *self.ja_aliases)


@functools.cache
def _tables() -> Mapping[str, tuple[Name, ...]]:
    import yaml

    text = files("vidgen.storyboard").joinpath("vocabulary.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return {
        kind: tuple(
            Name(canonical, row["ja"][0], tuple(row["ja"][1:]), tuple(row.get("en", ())), row.get("phrase", ""))
            for canonical, row in rows.items()
        )
        for kind, rows in yaml.load(text, loader).items()
    }


def names(kind: str) -> tuple[Name, ...]:
    """All names of a kind: camera_move, motion_type, shot_size, camera_angle, camera_speed, transition, text_role, ..."""
    return _tables()[kind]


@functools.cache
def _index(kind: str) -> Mapping[str, str]:
    return {_folded(spelling): name.canonical for name in names(kind) for spelling in name.spellings}


@functools.cache
def _phrases(kind: str) -> Mapping[str, str]:
    return {name.canonical: name.phrase_en for name in names(kind)}


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return plain.replace("_", "").replace("-", "").replace(" ", "").replace("・", "")


def canonical_name(kind: str, value: Any) -> str:
    """The canonical form of a name. Raises ValueError with "(did you mean ...?)" where it is not known."""
    what = kind.replace("_", " ")
    if isinstance(value, list):
        raise ValueError(f"one {what} a shot; make two shots of it")
    if not isinstance(value, str):
        raise ValueError(f"a {what} is a name, such as {names(kind)[0].canonical} or {names(kind)[0].ja}")
    found = _index(kind).get(_folded(value))
    if found:
        return found
    near = nearest(kind, value)
    raise ValueError(f"{value!r} is not a {what}{f' (did you mean {near}?)' if near else ''}")


def nearest(kind: str, text: str) -> str | None:
    """The spelling closest to ``text``, in the language it is written in; None where nothing is close."""
    import difflib

    spellings = {_folded(spelling): spelling for name in names(kind) for spelling in name.spellings}
    near = difflib.get_close_matches(_folded(text), spellings, 1, cutoff=0.6)
    return spellings[near[0]] if near else None


def phrase(kind: str, name: str, language: str = "en") -> str:
    """How a prompt says a canonical name: the English phrase, or the Japanese name."""
    if language == "ja":
        return next((entry.ja for entry in names(kind) if entry.canonical == name), "")
    return _phrases(kind).get(name, "")
