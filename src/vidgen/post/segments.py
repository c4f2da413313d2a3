"""A long job in checkpoints: encoded segments beside the output, and a manifest that is written before the work.

Killed at any moment, the same command goes on after the last finished segment. A manifest of another job (other input,
settings, engines or version) is cleared away. The folder is removed when the output is whole.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from vidgen.artifacts import ArtifactStore
from vidgen.errors import ProcessingError
from vidgen.media.files import LONGEST_NAME, shortened, write_text
from vidgen.media.locks import HELD, Held, held

MANIFEST = "manifest.json"
SUFFIX = ".mp4"
SECONDS = 10.0
"""How much work is lost at most, by the estimate, which knows the machine's kind and no clock: segments are always the same."""
SHORTEST, LONGEST = 24, 120
"""Frames of a segment: fewer would cost bytes, as each begins with a key picture; more is a long time where the estimate, which
goes by pixels, is too short, as for small pictures."""


def segment_frames(frames: int, seconds: float) -> int:
    """Frames of a segment for a job of so many frames that will take about so long."""
    return max(SHORTEST, min(LONGEST, round(frames * SECONDS / max(seconds, 1e-3))))


def folder_of(out: Path) -> Path:
    """Where the segments of an output are kept while it is made."""
    ending = ".segments"
    return out.with_name(f".{shortened(out.name, LONGEST_NAME - len(ending) - 1)}{ending}")


def kept_frames(out: Path) -> int:
    """Frames of an output that is not whole yet that the same command would go on after."""
    folder = folder_of(out)
    each = int(_manifest(folder).get("each", 0))
    sidecars = [file for file in folder.glob("*.json") if file.name != MANIFEST and file.with_suffix(SUFFIX).is_file()]
    return len(sidecars) * each


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


class Segments:
    """The segments of one job: ``frames`` frames, a segment every ``each``."""

    def __init__(self, folder: Path, key: str, frames: int, each: int) -> None:
        self._folder, self._key, self._frames, self._each = folder, key, frames, each
        self._store = ArtifactStore(folder, SUFFIX)

    def resume(self) -> int:
        """Look what an earlier run left; returns how many frames from the start are there. Clears away what is of no use."""
        found, done = _manifest(self._folder), 0
        if (found.get("key"), found.get("frames")) == (self._key, self._frames) and isinstance(found.get("each"), int):
            self._each = max(1, found["each"])
            firsts = range(0, self._frames, self._each)
            done = next((number for number, first in enumerate(firsts) if not self._store.find(_name(first))), len(firsts))
        kept = {f"{_name(number * self._each)}{ending}" for number in range(done) for ending in (SUFFIX, ".json")}
        for file in self._folder.iterdir():
            if file.is_file() and file.name not in {*kept, MANIFEST} and not file.name.startswith(HELD):
                file.unlink()
        manifest = {"version": 2, "key": self._key, "frames": self._frames, "each": self._each}
        write_text(self._folder / MANIFEST, json.dumps(manifest, indent=1))
        return min(self._frames, done * self._each)

    def todo(self, first: int) -> Iterator[tuple[Path, int]]:
        """File and number of frames of each segment from frame ``first`` on."""
        for start in range(first, self._frames, self._each):
            yield self._store.path(_name(start)), min(self._each, self._frames - start)

    def finished(self, file: Path) -> None:
        """Note that a segment is whole and under its final name."""
        self._store.seal(file.stem)

    def pieces(self) -> list[tuple[Path, int]]:
        """Every segment with its number of frames, in order."""
        return list(self.todo(0))


def _name(first: int) -> str:
    return f"{first:08d}"


@contextmanager
def segment_folder(out: Path) -> Iterator[Path]:
    """The folder of an output's segments, held by this process; removed once the block ends well.

    Raises ProcessingError where another process is making the same output.
    """
    folder = folder_of(out)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(held(folder, wait=False))
        except Held as other:
            text, hint = f"{other.holder} is writing {out}", "wait for it to end, or write elsewhere"
            raise ProcessingError("post.busy", text, hint=hint, where=str(out)) from None
        try:
            yield folder
        except BaseException:
            if any(folder.glob("[0-9]*.mp4")):
                raise  # worth going on with
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)
