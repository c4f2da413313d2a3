"""One storyboard's project on disk: its work folder, its store of takes, its journal and its lock file."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vidgen.errors import Notice
from vidgen.takes.exclusive import project_lock
from vidgen.takes.journal import Journal
from vidgen.takes.lockfile import Pick, lock_path, read_lock, update_lock
from vidgen.takes.store import TakeStore


@dataclass
class Workspace:
    """An open project: store, journal and picks. ``run_id`` groups what this run spends; ``notices`` tell of paid
    work whose fate an earlier run left open."""

    root: Path
    store: TakeStore | None
    journal: Journal | None
    picks: dict[str, Pick]
    notices: list[Notice] = field(default_factory=list)
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True)
class Project:
    """Where a storyboard's things are. ``lock_file`` is None for a shot without a storyboard."""

    root: Path
    lock_file: Path | None

    @classmethod
    def of(cls, board: Path, work: Path | None = None) -> Project:
        """``.vidgen/<stem>`` beside the storyboard, or the folder named with ``--work``."""
        return cls(work or board.parent / ".vidgen" / board.stem, lock_path(board))

    @contextmanager
    def locked(self) -> Iterator[Workspace]:
        """Open for a run: refused while another run has it. Settles what a run that died left behind."""
        with project_lock(self.root):
            journal = Journal(self.root)
            store = TakeStore(self.root, journal=journal)
            store.sweep()
            lost = [attempt.notice() for attempt in journal.recover(store.find)]
            yield Workspace(self.root, store, journal, self._picks(), lost)

    @contextmanager
    def reading(self) -> Iterator[Workspace]:
        """Open to look: writes nothing, and a project that was never rendered is simply empty."""
        here = (self.root / "journal.db").is_file()
        journal = Journal(self.root) if here else None
        yield Workspace(self.root, TakeStore(self.root, journal=journal) if here else None, journal, self._picks())

    def save_picks(self, fresh: Mapping[str, Pick]) -> None:
        """Write picks into the lock file; shots that are not among them keep theirs."""
        if self.lock_file is not None:
            update_lock(self.lock_file, lambda before: {**before, **fresh})

    def _picks(self) -> dict[str, Pick]:
        return read_lock(self.lock_file) if self.lock_file else {}
