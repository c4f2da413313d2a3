"""The file of the journal, ``journal.db``: create it atomically, upgrade it, and reject it if it lost data.

SQLite takes an empty file for a new database. Here the file is created with all tables under a temporary name and renamed, so
an empty ``journal.db`` has lost its data (power cut, sync tool). Taking it for a new one would buy running jobs again.
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
"""Migration scripts: the n-th upgrades version n - 1 to version n. Append-only."""


def make_journal(path: Path) -> None:
    """Create the journal if it does not exist, once even if several processes start together.

    Raises InputError ``journal.corrupt`` if the file is empty, or missing although its rollback file exists.
    """
    if not _exists(path):
        with folder_lock(path.parent):
            if not _exists(path):
                _make(path)


def _exists(path: Path) -> bool:
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
        # No other process knows the temporary name, so no locks and no rollback file are needed.
        with closing(sqlite3.connect(f"{part.absolute().as_uri()}?vfs=unix-none", isolation_level=None, uri=True)) as db:
            db.execute("PRAGMA journal_mode=MEMORY")
            db.execute("BEGIN")
            bring_up_to_date(db)
            db.execute("COMMIT")


def is_current(db: sqlite3.Connection, path: Path) -> bool:
    """Whether the file has the newest version. Raises InputError if it is newer than this vidgen, or has no tables."""
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
    """Run the missing migrations inside the caller's transaction."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    for number, name in enumerate(STEPS[version:], version + 1):
        for statement in _statements(_script(name)):
            db.execute(statement)
        db.execute(f"PRAGMA user_version={number}")


def corrupt(path: Path, why: str, *, away: str = "it") -> InputError:
    """The error for a journal that lost data. ``away``: what the user may move away to start a new one."""
    hint = f"restore it from a copy, or move {away} away: paid jobs that are still running are then forgotten"
    return InputError("journal.corrupt", f"{path} {why}", hint=hint, where=str(path))


def _script(name: str) -> str:
    return files("vidgen.takes").joinpath(name).read_text(encoding="utf-8")


def _statements(script: str) -> list[str]:
    """The statements of a script. ``executescript`` would commit the transaction of the upgrade."""
    return [statement for statement in script.split(";\n") if statement.strip()]
