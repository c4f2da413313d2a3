"""One storyboard's project on disk: its work folder, its store of takes, its journal and its lock file."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vidgen.errors import InputError, Notice
from vidgen.logs import work_log
from vidgen.media.files import write_text
from vidgen.media.places import writable
from vidgen.render.commands import Commands
from vidgen.speech.saying import settle_all
from vidgen.takes.exclusive import project_lock
from vidgen.takes.journal import Journal
from vidgen.takes.lockfile import Pick, Picks, lock_owner, lock_path, read_lock, update_lock, with_pick
from vidgen.takes.remarks import Remarks, read_remarks
from vidgen.takes.store import TakeStore

OWNER = "project.json"
"""In the work folder: which storyboard it belongs to, by its path from there."""


@dataclass
class Workspace:
    """An open project: store, journal and picks, and where those are kept. ``run_id`` groups what this run spends;
    ``notices`` tell of paid work whose fate an earlier run left open; ``commands`` are what a person may type about it;
    ``shots`` are the ids of all shots in the storyboard, where they are known; ``remarks`` are what a person said of takes.
    """

    root: Path
    store: TakeStore | None
    journal: Journal | None
    picks: dict[str, Pick]
    commands: Commands
    notices: list[Notice] = field(default_factory=list)
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    shots: frozenset[str] = frozenset()
    remarks: Remarks = Remarks()

    def pick_of(self, shot: str, is_for: Callable[[str], bool]) -> Pick | None:
        """The recorded pick of a shot, where it is for its request (``is_for`` tells by the request key). A shot that a person
        gave another id keeps that person's pick.
        """
        own = self.picks.get(shot)
        if own and is_for(own.request_key):
            return own
        gone = sorted(set(self.picks) - self.shots) if self.shots else []
        former = (pick for name in gone if (pick := self.picks[name]).by == "person" and is_for(pick.request_key))
        return next(former, None)


@dataclass(frozen=True)
class Project:
    """Where a storyboard's things are. ``board`` is None for a shot without a storyboard, which has no picks to keep."""

    root: Path
    board: Path | None
    work: Path | None = None

    @classmethod
    def of(cls, board: Path, work: Path | None = None) -> Project:
        """``.vidgen/<stem>`` beside the storyboard, or the folder named with ``--work``.

        Raises InputError ``project.other_board`` where that, or the lock file, is another storyboard's: ``film.yaml`` and
        ``film.yml`` in one folder would undo each other's picks; ``storyboard.not_found`` where a folder is named.
        """
        if os.path.isdir(board):  # noqa: PTH112 - False, not an error, for names that no disk takes
            text = f"{board} is a folder, not a storyboard"
            raise InputError("storyboard.not_found", text, hint="name the FILE.yaml", where=str(board))
        project = cls(root_of(board, work), board, work)
        if owner := lock_owner(lock_path(board)):
            _refuse_other(lock_path(board), board.with_name(owner), board)
        if owner := _owner(project.root):
            _refuse_other(project.root, project.root / owner, board)
        return project

    @property
    def lock_file(self) -> Path | None:
        """Where picks are written: beside the storyboard, or in the work folder where nothing can be written there."""
        if self.board is None:
            return None
        return lock_path(self.board) if writable(self.board.absolute().parent) else self._kept_aside

    @property
    def _kept_aside(self) -> Path:
        assert self.board is not None
        return self.root / lock_path(self.board).name

    @property
    def commands(self) -> Commands:
        """Command lines about this project, as they are typed."""
        if self.board:
            return Commands(self.board, self.work)
        above = Path() if self.work else self.root.parent.parent
        return Commands(above / f"{self.root.name or 'shot'}.yaml", self.work, film=False)

    @contextmanager
    def locked(self) -> Iterator[Workspace]:
        """Open for a run: refused while another run has it. Settles what a run that died left behind."""
        with project_lock(self.root), work_log(self.root):
            journal = Journal(self.root)
            store = TakeStore(self.root, journal=journal)
            store.sweep()
            settle_all(journal, self.root)
            notices = [self.commands.unfinished(attempt) for attempt in journal.recover(store.find)]
            if self.board:
                self._claim(self.board)
                if self.lock_file == self._kept_aside:
                    text = f"{self.board.parent} cannot be written: picks are kept as {self._kept_aside}"
                    notices.append(Notice("pick.kept_aside", text))
            yield Workspace(self.root, store, journal, self._picks(), self.commands, notices, remarks=read_remarks(self.root))

    @contextmanager
    def reading(self) -> Iterator[Workspace]:
        """Open to look: writes nothing, and a project that was never rendered is simply empty."""
        journal = Journal(self.root) if (self.root / "journal.db").is_file() else None
        here = journal or (self.root / "takes").is_dir()
        store = TakeStore(self.root, journal=journal, look_only=True) if here else None
        yield Workspace(self.root, store, journal, self._picks(), self.commands, remarks=read_remarks(self.root))

    def save_picks(self, fresh: Mapping[str, Pick], *, unpinned: Collection[str] = ()) -> None:
        """Write picks into the lock file; shots that are not among them keep theirs, and a person's pick stays until the
        shot's request changes, or where it is among the ``unpinned``.
        """

        def changed(before: dict[str, Pick]) -> Picks:
            picks = {shot: pick for shot, pick in before.items() if shot not in unpinned}
            for shot, pick in fresh.items():
                picks = with_pick(picks, shot, pick)
            return picks

        self.change_picks(changed)

    def change_picks(self, change: Callable[[dict[str, Pick]], Picks]) -> None:
        """Read, change and write the picks with no other process in between."""
        file = self.lock_file
        if file is None or self.board is None:
            return
        update_lock(file, lambda before: change({**before, **self._picks()}), self.board.name)
        if file != self._kept_aside:
            self._kept_aside.unlink(missing_ok=True)  # what it had is in the file beside the storyboard now

    def _picks(self) -> dict[str, Pick]:
        return {**read_lock(lock_path(self.board)), **read_lock(self._kept_aside)} if self.board else {}

    def _claim(self, board: Path) -> None:
        owner = os.path.relpath(board.absolute(), self.root.absolute())
        if owner != _owner(self.root):
            write_text(self.root / OWNER, json.dumps({"storyboard": owner}, ensure_ascii=False) + "\n")


def root_of(board: Path, work: Path | None) -> Path:
    """A storyboard's work folder."""
    return work or board.parent / ".vidgen" / board.stem


def _owner(root: Path) -> str | None:
    """The path from the work folder to its storyboard; None where nothing is known of it."""
    try:
        owner = json.loads((root / OWNER).read_text(encoding="utf-8"))["storyboard"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return owner if isinstance(owner, str) else None


def _refuse_other(what: Path, owner: Path, board: Path) -> None:
    """Raise InputError where ``owner`` is still there and another file than ``board``: a renamed storyboard is no other one."""
    if not owner.is_file() or not board.exists() or owner.samefile(board):
        return
    owner = Path(os.path.normpath(owner))
    text = f"{what} belongs to {owner}, so {board} cannot use it"
    hint = (
        "give one of the two storyboards another name" if owner.stem == board.stem else "give each a --work folder of its own"
    )
    raise InputError("project.other_board", text, hint=hint, where=str(board))
