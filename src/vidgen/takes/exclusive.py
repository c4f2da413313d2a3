"""Who works on a project: one run at a time, and one writer of a file at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from vidgen.errors import ProcessingError
from vidgen.media.locks import Held, held
from vidgen.media.places import check_room, not_written

PROJECT_LOCK = "run.lock"


@contextmanager
def project_lock(root: Path) -> Iterator[None]:
    """Hold a project's work folder for one run.

    Raises ProcessingError ``project.busy``, naming the process, where another run holds it, and as ``not_written`` where the
    folder cannot be written.
    """
    with ExitStack() as stack:
        try:
            root.mkdir(parents=True, exist_ok=True)
            check_room(root)
            stack.enter_context(held(root / PROJECT_LOCK, wait=False))
        except Held as other:
            text = f"another run ({other.holder}) is working on this project"
            hint = "wait for it to end, or give this run another folder with --work"
            raise ProcessingError("project.busy", text, hint=f"{hint}{_by_hand(other)}", where=str(root)) from None
        except OSError as error:
            raise not_written(root, error, "give another folder for takes with --work DIR") from error
        yield


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Wait for, then hold, a folder that exists. For short read-change-write steps; leaves no lock file.

    Raises ProcessingError ``project.busy`` where it is not given back for a minute.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(held(folder, wait=True))
        except Held as other:
            text = f"{other.holder} has been writing in {folder} for a minute"
            raise ProcessingError("project.busy", text, hint=f"end it{_by_hand(other)}", where=str(folder)) from None
        yield


def _by_hand(other: Held) -> str:
    """What else to do where the kernel knows nothing of the lock."""
    return f"; if no such process runs, delete {other.file}" if other.file.suffix == ".held" else ""
