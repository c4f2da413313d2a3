"""What each delivered file was made of, so that one that is still right is not made again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.media.files import sha256_file, sha256_json, write_text

NOTES = "outputs.json"


@dataclass(frozen=True)
class Item:
    """A file to deliver, by its name and path.

    ``made_of``: every part that decides its content, named as a person would name it (``settings``, ``film``, ``sound``), as
    JSON values.
    """

    name: str
    file: Path
    made_of: Mapping[str, Any]

    def keys(self) -> dict[str, str]:
        """A checksum of each part."""
        return {part: sha256_json(value) for part, value in self.made_of.items()}


class Kept:
    """The notes on delivered files in a work folder (``outputs.json``)."""

    def __init__(self, work: Path) -> None:
        self._file = work / NOTES
        self._notes = _read(self._file)

    def why(self, item: Item) -> str:
        """Why a file has to be made, in a few words; empty where it is there as it should be."""
        note = self._notes.get(item.name)
        if note is None:
            return "it was not made yet"
        if not item.file.is_file():
            return "the file is gone"
        if changed := self.changed(item):
            return f"{' and '.join(changed)} changed"
        return "" if self._whole(item) else "the file was changed"

    def changed(self, item: Item) -> list[str]:
        """The parts that are not what they were when the file was made."""
        keys, before = item.keys(), self._notes.get(item.name, {}).get("made_of", {})
        return [part for part, key in keys.items() if before.get(part) != key]

    def only_changed(self, item: Item, parts: Iterable[str]) -> bool:
        """Whether a whole file is there, and at most these parts of it are not what they should be."""
        return item.name in self._notes and set(self.changed(item)) <= set(parts) and self._whole(item)

    def note(self, item: Item) -> None:
        """Note a file that was just made."""
        size, digest = item.file.stat().st_size, sha256_file(item.file)
        self._notes[item.name] = {"made_of": item.keys(), "size": size, "sha256": digest}
        write_text(self._file, json.dumps(self._notes, indent=1, sort_keys=True, ensure_ascii=False) + "\n")

    def _whole(self, item: Item) -> bool:
        note = self._notes[item.name]
        if not item.file.is_file() or item.file.stat().st_size != note.get("size"):
            return False
        return sha256_file(item.file) == note.get("sha256")


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: note for name, note in found.items() if isinstance(note, dict) and isinstance(note.get("made_of"), dict)}
