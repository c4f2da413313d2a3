"""Locks of a project: one run at a time, and one writer of a file at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from vidgen.errors import ProcessingError
from vidgen.media.locks import Held, held
from vidgen.media.places import check_space, not_written

PROJECT_LOCK = "run.lock"


@contextmanager
def project_lock(root: Path) -> Iterator[None]:
    """Lock a project's work folder for one run. Creates the folder.

    Raises ProcessingError ``project.busy``, with the process, if another run holds it, and as ``not_written`` if the folder
    cannot be written.
    """
    with ExitStack() as stack:
        try:
            root.mkdir(parents=True, exist_ok=True)
            check_space(root)
            stack.enter_context(held(root / PROJECT_LOCK, wait=False))
        except Held as other:
            text = f"another run ({other.holder}) is working on this project"
            hint = "wait for it to end, or give this run another folder with --work"
            raise ProcessingError("project.busy", text, hint=f"{hint}{_stale_hint(other)}", where=str(root)) from None
        except OSError as error:
            raise not_written(root, error, "give another folder for takes with --work DIR") from error
        yield


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Lock an existing folder, waiting for others. For short read-modify-write steps; leaves no lock file.

    Raises ProcessingError ``project.busy`` if another process keeps the lock for a minute.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(held(folder, wait=True))
        except Held as other:
            text = f"{other.holder} has been writing in {folder} for a minute"
            raise ProcessingError("project.busy", text, hint=f"end it{_stale_hint(other)}", where=str(folder)) from None
        yield


def _stale_hint(other: Held) -> str:
    """A further hint for lock files, which outlive a killed process."""
    return f"; if no such process runs, delete {other.file}" if other.file.suffix == ".held" else ""
