"""Finished pieces on disk, named by key and checked before use.

A piece is there when its sidecar ``<key>.json`` says its size and SHA-256 and the file agrees. The sidecar is written
after the file, so a crash leaves either a whole piece or none. A file that does not agree is set aside, never used.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from vidgen.media.files import atomic, sha256_file, write_text

QUARANTINE = "quarantine"


class PieceStore:
    """Pieces of one kind in one folder; ``suffix`` is their file ending. Threads may use different keys at once."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self.folder, self._suffix = folder, suffix
        self.damaged: list[str] = []
        """Keys that were found damaged and set aside since this object was made."""
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, key: str) -> Path:
        """Where the piece is, or will be."""
        return self.folder / f"{key}{self._suffix}"

    def find(self, key: str) -> dict[str, Any] | None:
        """The notes stored with a piece if it is whole, else None. A damaged piece is set aside."""
        note, file = self._sidecar(key), self.path(key)
        if not note.is_file() or not file.is_file():
            return None
        try:
            stored: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
            whole = stored["size"] == file.stat().st_size and stored["sha256"] == sha256_file(file)
        except (ValueError, KeyError, TypeError):
            whole = False
        if whole:
            return stored
        self._set_aside(key)
        return None

    def make(self, keys: Sequence[str], write: Callable[[list[Path]], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        """Let ``write`` make and check pieces at temporary paths and return notes on each; then store them."""
        with ExitStack() as stack:
            parts = [stack.enter_context(atomic(self.path(key))) for key in keys]
            notes = write(parts)
            stored = [
                {**note, "size": part.stat().st_size, "sha256": sha256_file(part)}
                for note, part in zip(notes, parts, strict=True)
            ]
        for key, note in zip(keys, stored, strict=True):
            write_text(self._sidecar(key), json.dumps(note, sort_keys=True) + "\n")
        return stored

    def keep_only(self, keys: set[str]) -> None:
        """Remove every other piece."""
        for note in self.folder.glob("*.json"):
            if note.stem not in keys:
                note.unlink(missing_ok=True)
        for file in self.folder.glob(f"*{self._suffix}"):
            if file.stem not in keys and not file.name.startswith("."):
                file.unlink(missing_ok=True)

    def _sidecar(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _set_aside(self, key: str) -> None:
        aside = self.folder / QUARANTINE
        aside.mkdir(exist_ok=True)
        self._sidecar(key).unlink(missing_ok=True)
        self.path(key).replace(aside / self.path(key).name)
        self.damaged.append(key)
