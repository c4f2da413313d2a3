"""What a person said of takes: rejections with their reasons, and notes at a time. It is kept as ``remarks.json``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from vidgen.errors import InputError
from vidgen.media.files import write_text
from vidgen.takes.exclusive import folder_lock

NAME = "remarks.json"
VERSION = 1
MOST_TEXT = 2000
"""Most characters of a reason or a note."""


@dataclass(frozen=True)
class Rejection:
    """A take that a person does not want in the film. ``key``: its take key, so that a changed shot starts afresh."""

    shot: str
    take: int
    key: str
    reason: str


@dataclass(frozen=True)
class Note:
    """A remark on a shot; ``take`` and ``at_s`` (seconds in that take's file) where it is about a place in one."""

    shot: str
    text: str
    take: int | None = None
    at_s: float | None = None


@dataclass(frozen=True)
class Remarks:
    """All remarks of a project, in the order in which they were made."""

    rejections: tuple[Rejection, ...] = ()
    notes: tuple[Note, ...] = ()

    def rejected(self, shot: str) -> Mapping[str, str]:
        """Reasons for a shot's rejected takes, by take key."""
        return {one.key: one.reason for one in self.rejections if one.shot == shot}

    def with_rejection(self, new: Rejection) -> Remarks:
        """The same with one take rejected; an earlier reason is replaced."""
        return replace(self, rejections=(*self.without_rejection(new.shot, new.key).rejections, new))

    def without_rejection(self, shot: str, key: str) -> Remarks:
        """The same with a take not rejected."""
        return replace(self, rejections=tuple(one for one in self.rejections if (one.shot, one.key) != (shot, key)))

    def with_note(self, new: Note) -> Remarks:
        """The same with one more note."""
        return replace(self, notes=(*self.notes, new))


def read_remarks(root: Path) -> Remarks:
    """The remarks of a project; none where there is no file. Raises InputError ``remarks.invalid`` for a damaged one."""
    file = root / NAME
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        if data["version"] != VERSION:
            raise ValueError(f"it has version {data['version']!r}; this vidgen knows version {VERSION}")
        return Remarks(tuple(map(_rejection, data["rejected"])), tuple(map(_note, data["notes"])))
    except (FileNotFoundError, NotADirectoryError):
        return Remarks()
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        text = f"{file} cannot be read: {error}"
        hint = "restore it from a backup, or delete it: takes and picks stay, rejections and notes are lost"
        raise InputError("remarks.invalid", text, hint=hint, where=str(file)) from None


def update_remarks(root: Path, change: Callable[[Remarks], Remarks]) -> Remarks:
    """Read, change and write the remarks with no other process in between; returns the new ones."""
    root.mkdir(parents=True, exist_ok=True)
    with folder_lock(root):
        before = read_remarks(root)
        after = change(before)
        if after != before:
            rows = {"rejected": [asdict(one) for one in after.rejections], "notes": [asdict(one) for one in after.notes]}
            write_text(root / NAME, json.dumps({"version": VERSION, **rows}, ensure_ascii=False, indent=2) + "\n")
    return after


def _rejection(row: Mapping[str, Any]) -> Rejection:
    shot, take, key, reason = (row[name] for name in ("shot", "take", "key", "reason"))
    if type(take) is not int or not all(isinstance(text, str) for text in (shot, key, reason)):
        raise ValueError("a rejection is not one")
    return Rejection(shot, take, key, reason)


def _note(row: Mapping[str, Any]) -> Note:
    shot, text, take, at_s = (row[name] for name in ("shot", "text", "take", "at_s"))
    known = isinstance(shot, str) and isinstance(text, str) and (take is None or type(take) is int)
    if not known or not (at_s is None or type(at_s) in (int, float)):
        raise ValueError("a note is not one")
    return Note(shot, text, take, at_s)
