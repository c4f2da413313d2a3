"""``vidgen review --apply``: what a person decided in a bundle comes back as picks, rejections and notes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vidgen.app.review import Dailies, dailies
from vidgen.errors import InputError
from vidgen.escapes import shown
from vidgen.media.files import beside
from vidgen.media.wording import counted
from vidgen.takes.lockfile import Pick, Picks
from vidgen.takes.record import row_of
from vidgen.takes.remarks import MOST_TEXT, Note, Rejection, Remarks, update_remarks
from vidgen.takes.request import Take

SCHEMA = "vidgen.notes.v1"
MOST_BYTES = 16_000_000
MOST_PROBLEMS = 20
"""Most problems of a file that are told at once."""

Name = Annotated[str, Field(min_length=1, max_length=200)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Number = Annotated[int, Field(ge=1, le=1_000_000)]
Words = Annotated[str, Field(pattern=r"\S", max_length=MOST_TEXT)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class SaidPick(_Strict):
    """A take that a person wants in the film, by the checksum of its file; its number is what the page called it."""

    shot: Name
    take: Number
    sha256: Sha256


class SaidRejection(SaidPick):
    """A take that a person does not want, and why."""

    reason: Words


class SaidNote(_Strict):
    """A remark on a shot, or on a place in one of its takes, in seconds of its file."""

    shot: Name
    take: Number | None
    sha256: Sha256 | None
    at_s: Seconds | None
    text: Words


class Notes(_Strict):
    """A file of notes. ``project`` is the one that the bundle was made of."""

    schema_: Literal["vidgen.notes.v1"] = Field(alias="schema")
    project: Name
    board: Name
    picks: tuple[SaidPick, ...]
    rejections: tuple[SaidRejection, ...]
    notes: tuple[SaidNote, ...]


def notes_name(board: Path) -> str:
    """What a bundle calls the file of notes that a person saves: ``film.notes.json``."""
    return beside(board, ".notes.json").name


@dataclass(frozen=True)
class Applied:
    """What a file of notes changes, as JSON rows; ``same``: how many decisions had been made before."""

    changes: tuple[Mapping[str, Any], ...]
    same: int
    written: bool

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``review --apply --json``."""
        return {"changes": [dict(one) for one in self.changes], "unchanged": self.same, "written": self.written}

    def lines(self) -> Iterator[str]:
        """A line for each change, and how many decisions were known."""
        for one in self.changes:
            words = f": {one['text']}" if one["text"] else ""
            take = "" if one["take"] is None else f" take {one['take']}"
            at = "" if one["at_s"] is None else f" at {one['at_s']:.2f} s"
            yield f"{one['shot']}: {one['kind']}{take}{at}{words}"
        done = "written" if self.written else "nothing was written"
        yield f"{counted(len(self.changes), 'change')}, {self.same} known before; {done}"


def read_notes(file: Path) -> Notes:
    """A file of notes. Raises InputError ``notes.invalid`` for what is none, with every place that is wrong."""
    try:
        size = file.stat().st_size
        if size > MOST_BYTES:
            raise ValueError(f"it has {size} bytes, and a file of notes at most {MOST_BYTES}")
        value = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_once)
        if isinstance(value, dict) and value.get("schema") != SCHEMA:
            raise ValueError(f"its schema is {shown(repr(value.get('schema')))[:80]}; this vidgen knows {SCHEMA}")
        return Notes.model_validate_json(json.dumps(value))
    except ValidationError as error:
        places = [f"{'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}" for one in error.errors(include_input=False)]
        raise _invalid(file, _some(places)) from None
    except FileNotFoundError:
        raise InputError(
            "notes.invalid", f"{file} is not there", hint="name the file that was saved", where=str(file)
        ) from None
    except OSError as error:
        raise _invalid(file, error.strerror or str(error)) from None
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, or too deep
        raise _invalid(file, str(error)) from None


def apply_notes(board: Path, file: Path, *, work: Path | None = None, dry_run: bool = False) -> Applied:
    """Write a file of notes into the project: all of it, or nothing. Once applied, the same file changes nothing.

    Raises InputError ``notes.invalid``; ``notes.other_project`` for those on another film; ``notes.outdated`` where a shot or a
    take that they are about is not there, or is another one now.
    """
    notes = read_notes(file)
    film = dailies(board, work=work)
    if notes.project != film.project.identity():
        text = f"{file} has notes on another project ({shown(notes.board)}), not on this one"
        raise InputError("notes.other_project", text, hint="name its storyboard, or its folder with --work", where=str(file))
    decided = _Decided.of(notes, film, file)
    remarks, picks = film.remarks, film.project.picks()
    changes = [*decided.picked(picks), *decided.remarked(remarks)]
    if changes and not dry_run:
        before = remarks
        update_remarks(film.project.root, decided.remarks)
        try:
            film.project.change_picks(decided.picks)
        except BaseException:
            update_remarks(film.project.root, lambda now: before if now == decided.remarks(before) else now)
            raise
    same = len(decided.all) - len(changes)
    return Applied(tuple(changes), same, bool(changes) and not dry_run)


@dataclass(frozen=True)
class _Decided:
    """The decisions of a file, each with the take that it is about."""

    wanted: tuple[tuple[str, Take, str], ...]
    """Shot, take, and the key of the shot's request."""
    refused: tuple[Rejection, ...]
    said: tuple[Note, ...]

    @classmethod
    def of(cls, notes: Notes, film: Dailies, file: Path) -> _Decided:
        """Find every take. Raises InputError ``notes.outdated`` with all that are not there."""
        problems: list[str] = []
        find = _Finder(film, problems.append)
        picks = [
            (one.shot, take, find.key(one.shot, take))
            for one in notes.picks
            if (take := find.take(one.shot, one.sha256, one.take))
        ]
        refused = [
            Rejection(one.shot, take.take, take.key, one.reason)
            for one in notes.rejections
            if (take := find.take(one.shot, one.sha256, one.take))
        ]
        said = []
        for one in notes.notes:
            if one.sha256 is None or one.take is None:
                if find.shot(one.shot):
                    said.append(Note(one.shot, one.text))
            elif take := find.take(one.shot, one.sha256, one.take):
                said.append(Note(one.shot, one.text, take.take, one.at_s))
        problems += _contradictions(notes)
        if problems:
            hint = "make a new bundle and look again, or take these decisions out of the file; nothing was written"
            raise InputError("notes.outdated", f"{file}: {_some(problems)}", hint=hint, where=str(file))
        return cls(tuple(picks), tuple(refused), tuple(dict.fromkeys(said)))

    @property
    def all(self) -> Sequence[object]:
        """Every decision."""
        return (*self.wanted, *self.refused, *self.said)

    def picks(self, before: dict[str, Pick]) -> Picks:
        """The lock file's picks with these; a pin on a take that is rejected goes."""
        gone = {(one.shot, one.take) for one in self.refused}
        after = {name: pick for name, pick in before.items() if (name, pick.take) not in gone}
        for shot, take, key in self.wanted:
            if not _is_pinned(before.get(shot), take, key):
                after[shot] = Pick(key, take.take, "person", take.sha256)
        return after

    def remarks(self, before: Remarks) -> Remarks:
        """The remarks with these; a take that is picked is not rejected any more."""
        after = before
        for shot, take, _ in self.wanted:
            after = after.without_rejection(shot, take.key)
        for one in self.refused:
            if one not in after.rejections:
                after = after.with_rejection(one)
        for note in self.said:
            if note not in after.notes:
                after = after.with_note(note)
        return after

    def picked(self, picks: Picks) -> Iterator[dict[str, Any]]:
        """The picks that are new."""
        for shot, take, key in self.wanted:
            if not _is_pinned(picks.get(shot), take, key):
                yield _row("pick", shot, take.take)

    def remarked(self, remarks: Remarks) -> Iterator[dict[str, Any]]:
        """The rejections and notes that are new."""
        for one in self.refused:
            if one not in remarks.rejections:
                yield _row("reject", one.shot, one.take, one.reason)
        for note in self.said:
            if note not in remarks.notes:
                yield _row("note", note.shot, note.take, note.text, note.at_s)


def _is_pinned(pick: Pick | None, take: Take, key: str) -> bool:
    return pick is not None and (pick.by, pick.take, pick.request_key) == ("person", take.take, key)


def _row(kind: str, shot: str, take: int | None, text: str = "", at_s: float | None = None) -> dict[str, Any]:
    return {"kind": kind, "shot": shot, "take": take, "at_s": at_s, "text": text}


@dataclass(frozen=True)
class _Finder:
    """Finds what notes are about in the film; ``tell`` is called with what is not there."""

    film: Dailies
    tell: Callable[[str], None]

    def shot(self, name: str) -> bool:
        """Whether there is such a shot."""
        if self.film.shot(name) is None:
            self.tell(f"there is no shot {shown(name)} any more")
            return False
        return True

    def take(self, name: str, sha256: str, number: int) -> Take | None:
        """The take with this content."""
        found = self.film.shot(name)
        if found is None:
            self.shot(name)
            return None
        takes = [one for one in found.takes if one.sha256 == sha256]
        if not takes:
            there = any(one.take == number for one in found.takes)
            self.tell(f"take {number} of {shown(name)} is {'another one now' if there else 'not there any more'}")
        return min(takes, key=lambda one: (one.take != number, one.take), default=None)

    def key(self, name: str, take: Take) -> str:
        """The key of the request that a pick is for."""
        found, recorded = self.film.shot(name), self.film.project.picks().get(name)
        known = (found.pick if found else None) or recorded
        return known.request_key if known else str(row_of(take).get("request_key", take.key))


def _contradictions(notes: Notes) -> Iterator[str]:
    """Decisions that cannot both be meant."""
    wanted = [one.shot for one in notes.picks]
    for shot in sorted({name for name in wanted if wanted.count(name) > 1}):
        yield f"two takes of {shown(shot)} are picked"
    both = {(one.shot, one.sha256) for one in notes.picks} & {(one.shot, one.sha256) for one in notes.rejections}
    yield from (f"a take of {shown(shot)} is both picked and rejected" for shot, _ in sorted(both))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a JSON file. Raises ValueError where a name is there twice: readers would differ in what they take."""
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a name is there twice in one object")
    return found


def _some(problems: Iterable[str]) -> str:
    told = list(dict.fromkeys(problems))
    more = f"; and {len(told) - MOST_PROBLEMS} more" if len(told) > MOST_PROBLEMS else ""
    return "; ".join(told[:MOST_PROBLEMS]) + more


def _invalid(file: Path, why: str) -> InputError:
    hint = "use the file as the page saved it"
    return InputError("notes.invalid", f"{file} is no file of notes: {why}", hint=hint, where=str(file))
