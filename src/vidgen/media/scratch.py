"""Temporary folders, also on machines whose usual place for them is missing, full or read-only."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vidgen.errors import MissingError
from vidgen.media.home import vidgen_home


@contextmanager
def scratch_folder(near: Path | None = None, prefix: str = "vidgen-") -> Iterator[Path]:
    """An empty folder that is removed with all that is in it when the block ends.

    It lies in the system's folder for temporary files, else in ``near``, else in vidgen's own home. Raises MissingError
    ``home.no_scratch`` where none of them can be written.
    """
    with _made(near, prefix) as name:
        yield Path(name)


def _made(near: Path | None, prefix: str) -> tempfile.TemporaryDirectory[str]:
    reasons = []
    for place in (None, near, vidgen_home() / "cache"):
        try:
            if place:
                place.mkdir(parents=True, exist_ok=True)
            return tempfile.TemporaryDirectory(dir=place, prefix=f".{prefix}" if place else prefix, ignore_cleanup_errors=True)
        except OSError as error:
            reasons.append(error.strerror or str(error))
    raise MissingError(
        "home.no_scratch",
        f"there is no folder for temporary files ({reasons[0]})",
        hint="set TMPDIR to a folder that you can write to, and see that its disk is not full",
    )
