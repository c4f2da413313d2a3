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

from vidgen.errors import ProcessingError
from vidgen.media.files import LONGEST_NAME, sha256_file, shortened, write_text
from vidgen.media.locks import HELD, Held, held

MANIFEST = "manifest.json"
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
    found = _manifest(folder)
    return len([name for name in found.get("done", ()) if (folder / name).is_file()]) * int(found.get("each", 0))


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return found if isinstance(found, dict) and isinstance(found.get("done"), dict) else {}
    except (OSError, ValueError):
        return {}


class Segments:
    """The segments of one job: ``frames`` frames, a segment every ``each``."""

    def __init__(self, folder: Path, key: str, frames: int, each: int) -> None:
        self._folder, self._frames, self._each = folder, frames, each
        self._state: dict[str, Any] = {"version": 1, "key": key, "frames": frames, "each": each, "done": {}}

    def resume(self) -> int:
        """Look what an earlier run left; returns how many frames from the start are there. Clears away what is of no use."""
        found = _manifest(self._folder)
        if found.get("key") == self._state["key"] and found.get("frames") == self._frames:
            self._each = int(found["each"])
            self._state = {**self._state, "each": self._each, "done": self._whole(found["done"])}
        for file in self._folder.iterdir():
            if file.name not in {*self._state["done"], MANIFEST} and not file.name.startswith(HELD):
                file.unlink()
        self._write()
        return min(self._frames, len(self._state["done"]) * self._each)

    def _whole(self, done: dict[str, str]) -> dict[str, str]:
        """The segments from the start on that are what the manifest says, up to the first that is not."""
        whole: dict[str, str] = {}
        for first in range(0, self._frames, self._each):
            name = self._name(first)
            file = self._folder / name
            if not file.is_file() or sha256_file(file) != done.get(name):
                break
            whole[name] = done[name]
        return whole

    def todo(self, first: int) -> Iterator[tuple[Path, int]]:
        """File and number of frames of each segment from frame ``first`` on."""
        for start in range(first, self._frames, self._each):
            yield self._folder / self._name(start), min(self._each, self._frames - start)

    def finished(self, file: Path) -> None:
        """Note that a segment is whole and under its final name."""
        self._state["done"][file.name] = sha256_file(file)
        self._write()

    def pieces(self) -> list[tuple[Path, int]]:
        """Every segment with its number of frames, in order."""
        return list(self.todo(0))

    def _name(self, first: int) -> str:
        return f"{first:08d}.mp4"

    def _write(self) -> None:
        write_text(self._folder / MANIFEST, json.dumps(self._state, indent=1))


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
