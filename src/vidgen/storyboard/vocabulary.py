"""Names with English and Japanese spellings, read from ``vocabulary.yaml``.

Case, full or half width, and spaces, hyphens or underscores make no difference.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vidgen.media.tables import read_table
from vidgen.spelling import folded
from vidgen.spelling import nearest as nearest_of

_SAME_PLACE = ("camera_move", "shot_size", "camera_angle", "camera_speed", "focus")
"""Kinds that people confuse with each other; the key of each is in ``_KEYS``."""

_KEYS = {"camera_move": "move", "shot_size": "size", "camera_angle": "angle", "camera_speed": "speed", "focus": "focus"}


@dataclass(frozen=True)
class Name:
    """A canonical name, its other spellings, and its phrases in prompts."""

    canonical: str
    ja: str
    ja_aliases: tuple[str, ...]
    en_aliases: tuple[str, ...]
    phrase_en: str
    phrase_ja: str

    @property
    def spellings(self) -> tuple[str, ...]:
        """All accepted spellings, the canonical one first."""
        return (self.canonical, *self.en_aliases, self.ja, *self.ja_aliases)


@functools.cache
def _tables() -> Mapping[str, tuple[Name, ...]]:
    return {
        kind: tuple(_name(canonical, row) for canonical, row in rows.items())
        for kind, rows in read_table("vidgen.storyboard", "vocabulary.yaml", as_written=True).items()
    }


def _name(canonical: str, row: Mapping[str, Any]) -> Name:
    ja, *more = row["ja"]
    return Name(canonical, ja, tuple(more), tuple(row.get("en", ())), row.get("phrase", ""), row.get("phrase_ja", ja))


def kinds() -> tuple[str, ...]:
    """All kinds of names: camera_move, motion_type, shot_size, camera_angle, camera_speed, transition, text_role, ..."""
    return tuple(_tables())


def names(kind: str) -> tuple[Name, ...]:
    """All names of a kind."""
    return _tables()[kind]


@functools.cache
def _index(kind: str) -> Mapping[str, Name]:
    return {folded(spelling): name for name in names(kind) for spelling in name.spellings}


@functools.cache
def _by_canonical(kind: str) -> Mapping[str, Name]:
    return {name.canonical: name for name in names(kind)}


def canonical_name(kind: str, value: Any) -> str:
    """The canonical form of a name. Raises ValueError with a suggestion if it is unknown."""
    what = kind.replace("_", " ")
    if isinstance(value, list):
        raise ValueError(f"one {what} a shot; make two shots of it")
    if not isinstance(value, str):
        raise ValueError(f"a {what} is a name, such as {names(kind)[0].canonical} or {names(kind)[0].ja}")
    found = _index(kind).get(folded(value))
    if found:
        return found.canonical
    raise ValueError(f"{value!r} is not a {what}{_instead(kind, value)}")


def known_name(kind: str, text: str) -> str | None:
    """The canonical form of a name; None if it is unknown."""
    found = _index(kind).get(folded(text))
    return found.canonical if found else None


def name_or_text(kind: str, value: Any) -> Any:
    """The canonical form of a known name; any other text unchanged, for a user's own names."""
    return (known_name(kind, value) or value) if isinstance(value, str) else value


def _instead(kind: str, value: str) -> str:
    """A suggestion for an unknown name: the key it belongs to, a similar name, or the known names."""
    for other in _SAME_PLACE if kind in _SAME_PLACE else ():
        elsewhere = _index(other).get(folded(value))
        if elsewhere:
            return f" but a {other.replace('_', ' ')}: camera: {{{_KEYS[other]}: {elsewhere.canonical}}}"
    near = nearest(kind, value)
    if near:
        return f" (did you mean {near}?)"
    known = [name.canonical for name in names(kind)]
    return f"; known: {', '.join(known)}" if len(known) <= 12 else f"; known: {', '.join(known[:10])}, ..."


@functools.lru_cache(4096)
def nearest(kind: str, text: str) -> str | None:
    """The most similar spelling, in the language of ``text``; None if nothing is similar."""
    return nearest_of(text, [one for name in names(kind) for one in name.spellings])


def phrase(kind: str, name: str, language: str = "en") -> str:
    """The phrase for a canonical name in a prompt, in English or Japanese; may be empty."""
    found = _by_canonical(kind).get(name)
    if found is None:
        return ""
    return found.phrase_ja if language == "ja" else found.phrase_en


def label(kind: str, name: str, language: str = "en") -> str:
    """A canonical name as people of the language write it: ``dolly in``, ドリーイン."""
    found = _by_canonical(kind).get(name)
    return found.ja if found and language == "ja" else name.replace("_", " ")
