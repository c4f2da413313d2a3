"""Where spoken lines are kept, by content: finished ones as WAV, and answers that were paid for as they came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.artifacts import ArtifactStore, Note
from vidgen.media.home import vidgen_home
from vidgen.media.rate import SAMPLE_RATE

FOLDER = "speech"
ANSWERS = "answers"


@dataclass(frozen=True)
class KeptLine:
    """A spoken line on disk. ``cost_usd``: what it has cost when it was made; None: not known."""

    file: Path
    samples: int
    silent: bool
    cost_usd: float | None

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.samples / SAMPLE_RATE


class KeptLines:
    """The spoken lines in one work folder. ``look_only``: nothing on disk is changed."""

    def __init__(self, root: Path, *, look_only: bool) -> None:
        self.root = root
        self.store = ArtifactStore(root / FOLDER, ".wav", look_only=look_only)

    @property
    def damaged(self) -> list[str]:
        """Keys of lines that were found damaged."""
        return self.store.damaged

    def find(self, key: str) -> KeptLine | None:
        """A line that is whole."""
        note = self.store.find(key)
        return self._line(key, note) if note else None

    def keep(self, key: str, write: Callable[[Path], Mapping[str, Any]]) -> KeptLine:
        """Store a line under its content. ``write`` makes and checks it at a temporary path and returns what to note of it."""
        (note,) = self.store.make([key], lambda parts: [write(parts[0])])
        return self._line(key, note)

    def checksum(self, key: str) -> str:
        """SHA-256 of a line that is kept."""
        note = self.store.find(key)
        return str(note["sha256"]) if note else ""

    def answer(self, key: str) -> Path:
        """Where the answer of a paid request is, as it came. The line can be made of it again at no cost."""
        return self.root / FOLDER / ANSWERS / f"{key}.answer"

    def _line(self, key: str, note: Note) -> KeptLine:
        return KeptLine(self.store.path(key), int(note["samples"]), bool(note["silent"]), note.get("cost_usd"))


def home() -> Path:
    """The work folder of lines without a film."""
    return vidgen_home()
