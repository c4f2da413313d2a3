"""Locks between processes, held by the kernel: a killed process leaves none behind."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vidgen.errors import InputError, ProcessingError

PROJECT_LOCK = "run.lock"


@contextmanager
def project_lock(root: Path) -> Iterator[None]:
    """Hold a project's work folder for one run.

    Raises ProcessingError ``project.busy``, naming the process, where another run holds it, and InputError where the folder
    cannot be written.
    """
    path = root / PROJECT_LOCK
    try:
        root.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        text = f"the work folder {root} cannot be written: {error.strerror}"
        hint = "write elsewhere with -o, or give another folder with --work"
        raise InputError("output.bad_name", text, hint=hint, where=str(root)) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode("ascii", "replace").strip() or "unknown"
            raise ProcessingError(
                "project.busy",
                f"another run (process {holder}) is working on this project",
                hint="wait for it to end, or give this run another folder with --work",
                where=str(root),
            ) from None
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Wait for, then hold, a folder that exists. For short read-change-write steps; leaves no lock file."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
