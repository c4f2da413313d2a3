"""Temporary folders, also where the system's folder for them is missing, full or read-only."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vidgen.errors import MissingError
from vidgen.media.home import vidgen_home


@contextmanager
def scratch_folder(near: Path | None = None, prefix: str = "vidgen-") -> Iterator[Path]:
    """A temporary folder, removed when the block ends.

    It is created in the system's temporary folder, else in ``near``, else in vidgen's home. Raises MissingError
    ``home.no_scratch`` if none of them is writable.
    """
    with _create(near, prefix) as name:
        yield Path(name)


def _create(near: Path | None, prefix: str) -> tempfile.TemporaryDirectory[str]:
    reasons = []
    for parent in (None, near, vidgen_home() / "cache"):
        try:
            if parent:
                parent.mkdir(parents=True, exist_ok=True)
            return tempfile.TemporaryDirectory(
                dir=parent, prefix=f".{prefix}" if parent else prefix, ignore_cleanup_errors=True
            )
        except OSError as error:
            reasons.append(error.strerror or str(error))
    raise MissingError(
        "home.no_scratch",
        f"there is no folder for temporary files ({reasons[0]})",
        hint="set TMPDIR to a folder that you can write to, on a disk that is not full",
    )
