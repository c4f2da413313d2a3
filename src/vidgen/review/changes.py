"""What on disk a review is about, and which shots a change of it concerns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from vidgen.app.review import Dailies
from vidgen.planning.plan import GeneratedShot
from vidgen.render.project import Project
from vidgen.takes.lockfile import Picks
from vidgen.takes.record import read_record, rows_of
from vidgen.takes.remarks import Remarks, read_remarks

Stamp = tuple[int, int]
"""When a file was changed, in nanoseconds, and its size; zeros where there is none."""


@dataclass(frozen=True)
class Seen:
    """The files of a film as they were at some time."""

    board: Stamp
    decided: tuple[Stamp, Stamp]
    """The lock file and the remarks."""
    takes: Mapping[Path, Stamp]
    """The records of takes."""

    @classmethod
    def of(cls, project: Project) -> Seen:
        """As they are now."""
        root, lock = project.root, project.lock_file
        decided = (_stamp(lock) if lock else (0, 0), _stamp(root / "remarks.json"))
        records = sorted((root / "takes").glob("*/*.json"))
        return cls(_stamp(project.board) if project.board else (0, 0), decided, {file: _stamp(file) for file in records})


def changed_shots(film: Dailies, picks: Picks, before: Seen, now: Seen) -> frozenset[str] | None:
    """The shots of the film that may be other than they were; None: any. ``picks``: those of the lock file at ``before``."""
    if before.board != now.board or set(before.takes) - set(now.takes):
        return None
    names = set(_about(film, [file for file, stamp in now.takes.items() if before.takes.get(file) != stamp]))
    if before.decided != now.decided:
        after, remarks = film.project.picks(), read_remarks(film.project.root)
        names |= {name for name in {*picks, *after} if picks.get(name) != after.get(name)}
        names |= _remarked(film.remarks, remarks)
    return frozenset(names & {shot.planned.id for shot in film.shots})


def _about(film: Dailies, records: list[Path]) -> Iterator[str]:
    """The shots that these takes are of: those that ask for the same share their takes."""
    for record in records:
        for row in rows_of(read_record(record)):
            made_for = next((shot.planned for shot in film.shots if shot.planned.id == row.get("shot")), None)
            asked = replace(made_for.request, shot="") if isinstance(made_for, GeneratedShot) else None
            for shot in film.shots:
                planned = shot.planned
                known = shot.pick is not None and shot.pick.request_key == row.get("request_key")
                if known or (asked and isinstance(planned, GeneratedShot) and replace(planned.request, shot="") == asked):
                    yield planned.id


def _remarked(before: Remarks, after: Remarks) -> set[str]:
    """The shots with other remarks than before."""
    changed = set(before.rejections) ^ set(after.rejections)
    return {one.shot for one in changed} | {one.shot for one in set(before.notes) ^ set(after.notes)}


def _stamp(file: Path) -> Stamp:
    try:
        found = file.stat()
    except OSError:
        return (0, 0)
    return found.st_mtime_ns, found.st_size
