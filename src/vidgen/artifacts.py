"""Files that are named by what they are or what they are made of, and checked before use.

An artifact is there when its sidecar ``<key>.json`` tells its size and SHA-256 and the file agrees. The sidecar is written
after the file, so a crash leaves either a whole artifact or none. A file that does not agree is set aside, never used and
never deleted. Takes, segments of the cut, sound, post-processed clips and their checkpoints are kept like this.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from vidgen.media.files import atomic, sha256_file, write_text
from vidgen.media.wording import counted

QUARANTINE = "quarantine"
Note = dict[str, Any]
"""What a sidecar says: ``size`` in bytes, ``sha256``, and whatever its owner adds."""


class ArtifactStore:
    """Artifacts of one kind in one folder. Threads may use different keys at once.

    Args:
        folder: made where it is missing.
        suffix: ending of the files' names, such as ``.mp4``.
        quarantine: where damaged files go; None: a folder ``quarantine`` in ``folder``.
        fan_out: whether files lie in folders that are named after the first two characters of their keys.
        look_only: change nothing on disk: what is damaged stays where it is.

    ``damaged`` lists the keys that were found damaged since the store was opened.
    """

    def __init__(
        self, folder: Path, suffix: str, *, quarantine: Path | None = None, fan_out: bool = False, look_only: bool = False
    ) -> None:
        self.folder, self._suffix, self._fan_out, self._look_only = folder, suffix, fan_out, look_only
        self._quarantine = quarantine or folder / QUARANTINE
        self._checked: set[tuple[str, str]] = set()
        """Keys and checksums of files that were read and agreed; their size alone is looked at again."""
        self.damaged: list[str] = []
        if not look_only:
            folder.mkdir(parents=True, exist_ok=True)

    def path(self, key: str) -> Path:
        """Where the file is, or will be."""
        folder = self.folder / key[:2] if self._fan_out else self.folder
        return folder / f"{key}{self._suffix}"

    def sidecar(self, key: str) -> Path:
        """Where its sidecar is, or will be."""
        return self.path(key).with_suffix(".json")

    def find(self, key: str) -> Note | None:
        """The sidecar of an artifact that is whole, else None. A damaged file is set aside."""
        sidecar, file = self.sidecar(key), self.path(key)
        if not sidecar.is_file() or not file.is_file():
            return None
        try:
            note: Note = json.loads(sidecar.read_text(encoding="utf-8"))
            wrong = self.damage(key, note)
        except (ValueError, KeyError, TypeError):
            wrong = "its sidecar is damaged"
        if wrong is None:
            return note
        self._drop(key)
        return None

    def damage(self, key: str, note: Mapping[str, Any]) -> str | None:
        """What is wrong with a file, given its sidecar: size each time, checksum once in this store's life. None: nothing."""
        file = self.path(key)
        if not file.is_file():
            return "is gone"
        size = file.stat().st_size
        if size == note["size"] and (key, note["sha256"]) in self._checked:
            return None
        if sha256_file(file) != note["sha256"]:
            same = size == note["size"]
            return "does not match its checksum" if same else f"has {counted(size, 'byte')} instead of {note['size']}"
        self._checked.add((key, note["sha256"]))
        return None

    def make(self, keys: Sequence[str], write: Callable[[list[Path]], Sequence[Mapping[str, Any]]]) -> list[Note]:
        """Let ``write`` make and check files at temporary paths and return what to note of each; then store them."""
        for key in keys:
            self.make_room(self.path(key))
        with ExitStack() as stack:
            parts = [stack.enter_context(atomic(self.path(key))) for key in keys]
            more = write(parts)
            notes = [{**note, **self._measured(part)} for note, part in zip(more, parts, strict=True)]
        return [self._noted(key, note) for key, note in zip(keys, notes, strict=True)]

    def seal(self, key: str, more: Mapping[str, Any] | None = None) -> Note:
        """Note a file that is whole under its final name: from now on the artifact is there. ``more``: what else to note."""
        return self._noted(key, {**(more or {}), **self._measured(self.path(key))})

    def keep_only(self, keys: Set[str]) -> None:
        """Remove every other artifact."""
        for sidecar in self.folder.glob("*.json"):
            if sidecar.stem not in keys:
                sidecar.unlink(missing_ok=True)
        for file in self.folder.glob(f"*{self._suffix}"):
            if file.stem not in keys and not file.name.startswith("."):
                file.unlink(missing_ok=True)

    def trust(self, key: str, sha256: str) -> None:
        """Tell that a file was just written or read and has this checksum."""
        self._checked.add((key, sha256))

    def set_aside(self, file: Path) -> Path:
        """Move a file into the quarantine, never over one that is there; returns where it is now."""
        self._quarantine.mkdir(parents=True, exist_ok=True)
        count = 0
        while (kept := self._quarantine / f"{file.stem}{f'-{count}' if count else ''}{file.suffix}").exists():
            count += 1
        move(file, kept)
        return kept

    def make_room(self, file: Path) -> None:
        """Set a folder aside that is where a file belongs."""
        if file.is_dir():
            self.set_aside(file)

    def _measured(self, file: Path) -> Note:
        return {"size": file.stat().st_size, "sha256": sha256_file(file)}

    def _noted(self, key: str, note: Note) -> Note:
        self.make_room(self.sidecar(key))
        write_text(self.sidecar(key), json.dumps(note, sort_keys=True) + "\n")
        self.trust(key, note["sha256"])
        return note

    def _drop(self, key: str) -> None:
        self.damaged.append(key)
        if not self._look_only:
            self.sidecar(key).unlink(missing_ok=True)
            self.set_aside(self.path(key))


def move(source: Path, target: Path) -> None:
    """Move a file, also to another file system."""
    try:
        source.rename(target)
    except OSError:
        shutil.copyfile(source, target)
        source.unlink()


def copy_of(source: Path, target: Path) -> None:
    """Have a file that is never changed in place under a second name: a link where the file system has such, else a copy."""
    target.unlink(missing_ok=True)
    try:
        os.link(source.resolve(), target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)
