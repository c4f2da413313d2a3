"""The file of the journal, ``journal.db``: made whole, brought up to date, and refused where something was lost of it.

To SQLite an empty file is a new database. Here it never is one: the file is made under a temporary name, with all its tables,
and renamed into place. So an empty ``journal.db`` was emptied (a power cut, a sync tool), and jobs that are still running at
providers would be bought again if it passed for a new one.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path

from vidgen.errors import InputError
from vidgen.media.files import atomic
from vidgen.media.sweep import sweep
from vidgen.takes.exclusive import folder_lock

STEPS: tuple[str, ...] = ("journal.sql",)
"""Scripts that bring an older file up to date: the n-th one makes version n from version n - 1. Append-only."""


def make_journal(path: Path) -> None:
    """Make the journal where there is none. Processes that start together make one.

    Raises InputError ``journal.corrupt`` where what is there is empty, or is only the part that a crash left beside it.
    """
    if not _is_there(path):
        with folder_lock(path.parent):
            if not _is_there(path):
                _make(path)


def _is_there(path: Path) -> bool:
    if not os.path.lexists(path):
        return False
    if path.is_file() and not path.stat().st_size:
        raise corrupt(path, "is empty")
    return True


def _make(path: Path) -> None:
    rest = path.with_name(f"{path.name}-journal")
    if rest.exists():
        raise corrupt(path, f"is gone, though {rest.name}, which belongs to it, is there", away=rest.name)
    sweep(path.parent)
    with atomic(path) as part:
        part.unlink(missing_ok=True)
        # Nobody else knows the temporary name: no locks, and no file of SQLite's own beside it.
        with closing(sqlite3.connect(f"{part.absolute().as_uri()}?vfs=unix-none", isolation_level=None, uri=True)) as db:
            db.execute("PRAGMA journal_mode=MEMORY")
            db.execute("BEGIN")
            bring_up_to_date(db)
            db.execute("COMMIT")


def is_current(db: sqlite3.Connection, path: Path) -> bool:
    """Whether no step is lacking. Raises InputError where the file is of a newer vidgen, or has no record in it."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > len(STEPS):
        raise InputError(
            "journal.newer",
            f"{path} was written by a newer vidgen (version {version}, this one knows {len(STEPS)})",
            hint="upgrade vidgen, or use another folder with --work",
            where=str(path),
        )
    if version < 1:
        raise corrupt(path, "has no record in it")
    return version == len(STEPS)


def bring_up_to_date(db: sqlite3.Connection) -> None:
    """Run the steps that a file lacks, inside the caller's transaction."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    for number, name in enumerate(STEPS[version:], version + 1):
        for statement in _statements(_script(name)):
            db.execute(statement)
        db.execute(f"PRAGMA user_version={number}")


def corrupt(path: Path, why: str, *, away: str = "it") -> InputError:
    """The error for a journal of which something is lost; ``away``: what a person may move away to begin a new one."""
    hint = f"restore it from a copy, or move {away} away: paid jobs that are still running are then forgotten"
    return InputError("journal.corrupt", f"{path} {why}", hint=hint, where=str(path))


def _script(name: str) -> str:
    return files("vidgen.takes").joinpath(name).read_text(encoding="utf-8")


def _statements(script: str) -> list[str]:
    """The statements of a script; ``executescript`` would commit the transaction that protects an upgrade."""
    return [statement for statement in script.split(";\n") if statement.strip()]
