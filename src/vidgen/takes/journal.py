"""The journal of paid work, ``journal.db``: each submission, its job id, cost and outcome.

States of one attempt to make a take::

    planned -> submitting -> submitted (job id) -> done
       ^            |              +-------------> failed
       +------------+ postponed (rejected for now: nothing was bought)
                    +-> failed (refused: nothing was bought)
                    +-> unknown (the response was lost: may have been bought) -> submitted | failed, only by the user
                        or by an engine that can look its job up

Every change is on disk before the next step, so that a crash loses nothing: ``submitting`` is written before the request is
sent, the job id before it is polled. A second submission of a take is refused while the first is open or unknown.

SQLite runs in rollback-journal mode with ``synchronous=EXTRA``: a commit is durable when it returns (FULL does not sync the
removal of the rollback file), and the journal stays one file that can be copied. WAL keeps new rows in a second file and needs
shared memory, which network file systems lack. Speed does not matter: there are a few commits per paid clip.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from vidgen.errors import BudgetError, InputError, ProcessingError
from vidgen.media.locks import Held, has_record_locks, held
from vidgen.takes.journal_file import bring_up_to_date, corrupt, is_current, make_journal
from vidgen.takes.keys import seeded_key
from vidgen.takes.purchase import JournalEntry
from vidgen.takes.request import Order, Take, TakeRequest

State = Literal["planned", "submitting", "submitted", "done", "failed", "unknown"]
MICRO = 1_000_000
LONGEST_PATH = 500
"""Longest path in bytes: SQLite allows 512 with its own suffixes."""

_DAMAGED = re.compile("malformed|no such table")
"""SQLite's errors for a damaged database."""

_SPENT = """SELECT COALESCE(SUM(CASE state WHEN 'failed' THEN COALESCE(actual, 0)
            WHEN 'done' THEN COALESCE(actual, estimated, 0) ELSE COALESCE(estimated, 0) END), 0)
            FROM attempts WHERE (:run IS NULL OR run_id = :run)"""


@dataclass(frozen=True)
class Attempt:
    """One attempt to make a take. ``reference``: our own id; costs in US dollars, None if unknown; ``words``: the last
    message.
    """

    id: int
    take_key: str
    request_key: str
    run_id: str
    shot: str
    take: int
    seed: int
    engine: str
    model: str | None
    reference: str
    state: State
    job_id: str | None
    estimated_usd: float | None
    actual_usd: float | None
    words: str
    sha256: str | None
    created: str
    updated: str
    order: Order | None = None
    """The order; None for attempts of vidgen up to 0.1."""

    @property
    def cost(self) -> dict[str, float | str | None]:
        """``cost_usd`` and ``cost_basis``: what it cost or may have cost, by the provider's figure, else the list price.

        A failed attempt may have cost something too. None if no price is known.
        """
        over = self.state in ("planned", "failed")
        cost = self.actual_usd if self.actual_usd is not None else 0.0 if self.state == "planned" else self.estimated_usd
        listed = self.actual_usd is None or (over and self.actual_usd == self.estimated_usd)
        return {"cost_usd": cost, "cost_basis": None if cost is None else "list" if listed else "provider"}

    @property
    def undelivered(self) -> bool:
        """Whether the job ended with a result that cannot be fetched or used; ``words`` has the reason."""
        return self.state == "submitted" and bool(self.words)


class Journal:
    """The journal of a project's work folder. Safe for several threads and processes.

    Raises InputError if the file is damaged or was written by a newer vidgen.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / "journal.db"
        if len(os.fsencode(os.path.realpath(self.path))) > LONGEST_PATH:
            text = f"{root}: the path of the work folder is too long for the record of paid work"
            hint = "give a folder with a shorter path with --work DIR"
            raise InputError("file.bad_name", text, hint=hint, where=str(root))
        root.mkdir(parents=True, exist_ok=True)
        self._locks = has_record_locks(root)
        make_journal(self.path)
        self._upgrade()

    def reserve(
        self,
        take: TakeRequest | JournalEntry,
        *,
        request_key: str,
        run_id: str,
        estimated_usd: float | None,
        order: Order | None = None,
        earlier_key: str | None = None,
        limit_usd: float | None = None,
        again: bool = False,
    ) -> Attempt:
        """Plan an attempt and reserve its price, in one transaction, so that parallel shots cannot exceed the limit together.

        Args:
            order: the form that is ordered.
            earlier_key: the take key of vidgen up to 0.1.
            limit_usd: most that this run may spend in all, reservations included; None: no limit.
            again: allow a take whose earlier submission has an unknown outcome, because the user asked for it.

        Raises BudgetError if the limit would be exceeded or the price is unknown under a limit; ProcessingError
        ``submit.unknown`` or ``journal.conflict`` if an earlier attempt is still open.
        """
        entry = take if isinstance(take, JournalEntry) else JournalEntry.of_take(take, order)
        key = seeded_key(request_key, entry.seed)
        with self._change() as db:
            for name in filter(None, (key, earlier_key)):
                _refuse_second(db, name, entry, again)
            _refuse_over(db, entry, run_id, estimated_usd, limit_usd)
            now = _now()
            cursor = db.execute(
                "INSERT INTO attempts (take_key, request_key, run_id, shot, take, seed, engine, model, request, reference,"
                " state, estimated, created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'planned', ?, ?, ?)",
                (
                    *(key, request_key, run_id, entry.shot, entry.take, entry.seed),
                    *(entry.engine, entry.model, json.dumps(entry.summary, ensure_ascii=False), f"vidgen-{uuid.uuid4().hex}"),
                    *(_micro(estimated_usd), now, now),
                ),
            )
            assert cursor.lastrowid is not None
            _log(db, cursor.lastrowid, "planned", "")
            return _get(db, cursor.lastrowid)

    def begin(self, attempt: int) -> Attempt:
        """planned -> submitting: call it right before the request is sent."""
        return self._move(attempt, ("planned",), "submitting")

    def postponed(self, attempt: int, message: str) -> Attempt:
        """submitting -> planned: the provider rejected the request for now, and it may be sent again."""
        return self._move(attempt, ("submitting",), "planned", words=message)

    def submitted(self, attempt: int, job_id: str) -> Attempt:
        """-> submitted: the provider accepted the request. Also settles an unknown attempt, or corrects a job id."""
        return self._move(attempt, ("submitting", "unknown", "submitted"), "submitted", job_id=job_id, words="")

    def undelivered(self, attempt: int, message: str) -> Attempt:
        """Note that the job ended without a usable result. It stays submitted, because it is paid for."""
        return self._move(attempt, ("submitted",), "submitted", words=message)

    def done(self, attempt: int, *, sha256: str, actual_usd: float | None = None) -> Attempt:
        """submitted -> done: the take is in the store. ``actual_usd``: the provider's figure; None: the estimate counts."""
        return self._move(attempt, ("submitted",), "done", sha256=sha256, actual=_micro(actual_usd), words="")

    def fetched_again(self, attempt: int, *, sha256: str) -> Attempt:
        """Note that a lost take is in the store again. The provider may have sent a different file for the same job."""
        return self._move(attempt, ("done",), "done", sha256=sha256)

    def failed(self, attempt: int, message: str, *, actual_usd: float | None = 0.0) -> Attempt:
        """-> failed: it ended without a take. ``message``: the provider's; ``actual_usd``: what it cost all the same."""
        open_states: tuple[State, ...] = ("planned", "submitting", "submitted", "unknown")
        return self._move(attempt, open_states, "failed", words=message, actual=_micro(actual_usd))

    def unknown(self, attempt: int, message: str) -> Attempt:
        """submitting -> unknown: the response was lost. Its price stays reserved, and it is not sent again automatically."""
        return self._move(attempt, ("submitting",), "unknown", words=message)

    def lost(self, *take_keys: str) -> Attempt | None:
        """The unknown attempt of a take, by any of its keys; None if there is none."""
        return self._first(take_keys, "unknown")

    def open_job(self, *take_keys: str) -> Attempt | None:
        """The submitted attempt of a take, by any of its keys, to be polled instead of bought again; None if there is none."""
        return self._first(take_keys, "submitted")

    def _first(self, take_keys: Sequence[str], state: State) -> Attempt | None:
        return next((row for key in take_keys for row in self.attempts(key) if row.state == state), None)

    def list_price(self, take_key: str) -> float | None:
        """The list price of the attempt that made a take, in US dollars."""
        return next((row.estimated_usd for row in self.attempts(take_key) if row.state == "done"), None)

    def attempts(self, take_key: str | None = None) -> list[Attempt]:
        """All attempts (at one take), newest first."""
        with self._connect() as db:
            rows = db.execute("SELECT * FROM attempts WHERE ?1 IS NULL OR take_key = ?1 ORDER BY id DESC", (take_key,))
            return [_attempt(row) for row in rows]

    def spent(self, run_id: str | None = None) -> float:
        """US dollars spent and reserved by a run, or in all: the actual cost if known, else the estimate."""
        with self._connect() as db:
            return _spent(db, run_id) / MICRO

    def unpriced(self, run_id: str | None = None) -> int:
        """Number of attempts, of a run or in all, that may have cost an unknown amount."""
        query = """SELECT COUNT(*) FROM attempts WHERE estimated IS NULL AND actual IS NULL
                   AND state NOT IN ('planned', 'failed') AND (?1 IS NULL OR run_id = ?1)"""
        with self._connect() as db:
            return int(db.execute(query, (run_id,)).fetchone()[0])

    def recover(self, stored: Callable[[str, Order | None], Take | None] = lambda take_key, order: None) -> list[Attempt]:
        """Settle the attempts of a run that was killed. Call it once at the start of a run, with the project's lock.

        ``planned`` was never sent: failed. ``submitting`` may have been sent: unknown. ``submitted`` is done if its take is in
        the store (``stored`` looks it up). Returns all attempts that are unknown now, to be reported to the user.
        """
        for row in self.attempts():
            if row.state == "planned":
                self.failed(row.id, "never sent: the run ended first")
            elif row.state == "submitting":
                self.unknown(row.id, "the run ended while the request was being sent")
            elif row.state == "submitted" and (take := stored(row.take_key, row.order)):
                actual = take.cost_usd if take.cost_basis == "provider" else None
                self.done(row.id, sha256=take.sha256, actual_usd=actual)
        return [row for row in self.attempts() if row.state == "unknown"]

    def last_note(self, take_key: str, kind: str) -> str | None:
        """The newest note on a take, if it is of that kind."""
        query = "SELECT kind, words FROM notes WHERE take_key = ? ORDER BY rowid DESC LIMIT 1"
        with self._connect() as db:
            row = db.execute(query, (take_key,)).fetchone()
            return row["words"] if row and row["kind"] == kind else None

    def note(self, kind: str, message: str, *, take_key: str | None = None) -> None:
        """Store a note: a damaged take, a rejected clip."""
        with self._change() as db:
            db.execute("INSERT INTO notes (at, kind, take_key, words) VALUES (?, ?, ?, ?)", (_now(), kind, take_key, message))

    def notes(self) -> list[tuple[str, str]]:
        """All notes as (kind, message), oldest first."""
        with self._connect() as db:
            return [(row["kind"], row["words"]) for row in db.execute("SELECT kind, words FROM notes ORDER BY rowid")]

    def _move(self, attempt: int, before: tuple[State, ...], state: State, **values: Any) -> Attempt:
        with self._change() as db:
            now = _get(db, attempt)
            if now.state not in before:
                raise ProcessingError(
                    "journal.conflict",
                    f"take {now.take} of {now.shot}: the job is {now.state}, so it cannot become {state}",
                    hint="another run may have gone on with it; run the same command again",
                    where=now.shot,
                )
            columns = {"state": state, "updated": _now(), **values}
            names = ", ".join(f"{name} = :{name}" for name in columns)
            db.execute(f"UPDATE attempts SET {names} WHERE id = :id", {**columns, "id": attempt})
            _log(db, attempt, state, str(values.get("words", "")))
            return _get(db, attempt)

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        """A connection for one step. It costs little compared with a commit, and works in any thread or forked process."""
        try:
            with self._turn(), closing(self._open()) as db:
                db.row_factory = sqlite3.Row
                db.execute("PRAGMA journal_mode=DELETE")
                db.execute("PRAGMA synchronous=EXTRA")
                yield db
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError | sqlite3.IntegrityError) and not _DAMAGED.search(str(error)):
                raise ProcessingError(
                    "journal.conflict",
                    f"{self.path} cannot be read or written: {error}",
                    hint="free disk space or end the other run",
                ) from error
            raise corrupt(self.path, f"cannot be read ({error})") from error

    def _open(self) -> sqlite3.Connection:
        """Open with ``mode=rw``: a missing file is an error, not a new empty journal."""
        name = f"{self.path.absolute().as_uri()}?mode=rw{'' if self._locks else '&vfs=unix-none'}"
        return sqlite3.connect(name, timeout=30.0, isolation_level=None, uri=True)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Serialise steps with our own lock file on file systems that lack SQLite's locks."""
        if self._locks:
            yield
            return
        with ExitStack() as stack:
            try:
                stack.enter_context(held(self.path.with_suffix(".lock"), wait=True))
            except Held as other:
                text = f"{self.path} is in use by {other.holder}"
                hint = f"end it; if no such process runs, delete {other.file}"
                raise ProcessingError("journal.conflict", text, hint=hint, where=str(self.path)) from None
            yield

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._connect() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def _upgrade(self) -> None:
        with self._connect() as db:
            if is_current(db, self.path):
                return
        with self._change() as db:
            bring_up_to_date(db)


def _refuse_second(db: sqlite3.Connection, key: str, take: JournalEntry, again: bool) -> None:
    query = "SELECT * FROM attempts WHERE take_key = ? AND state NOT IN ('done', 'failed') ORDER BY id DESC LIMIT 1"
    row = db.execute(query, (key,)).fetchone()
    if row is None:
        return
    before = _attempt(row)
    if before.state in ("unknown", "submitting"):
        if before.state == "unknown" and again:
            # Its possible cost still counts: better to reach the limit early than to overspend.
            give_up = "UPDATE attempts SET state = 'failed', actual = estimated, updated = ? WHERE id = ?"
            db.execute(give_up, (_now(), before.id))
            _log(db, before.id, "failed", "given up: sent again on request")
            return
        raise ProcessingError(
            "submit.unknown",
            f"take {take.take} of {take.shot} was sent to {before.engine} on {before.created[:19]}, but whether it was"
            f" accepted is not known ({before.words or 'still being sent'})",
            hint="vidgen takes list shows what was sent, vidgen takes resolve settles it",
            where=take.shot,
        )
    raise ProcessingError(
        "journal.conflict",
        f"take {take.take} of {take.shot} is already {before.state} at {before.engine} as job {before.job_id or '-'}",
        hint="run the same command again: it goes on with that job",
        where=take.shot,
    )


def _refuse_over(
    db: sqlite3.Connection, take: JournalEntry, run_id: str, estimated_usd: float | None, limit_usd: float | None
) -> None:
    if limit_usd is None:
        return
    if estimated_usd is None:
        raise BudgetError(
            "budget.unknown_price",
            f"the price of a take from {take.engine} is not known, so the limit of {limit_usd:.2f} USD cannot be kept",
            hint="choose a model with a known price, or take the limit away",
            where=take.shot,
        )
    spent = _spent(db, run_id)
    if spent + (_micro(estimated_usd) or 0) > (_micro(limit_usd) or 0):
        raise BudgetError(
            "budget.exceeded",
            f"take {take.take} of {take.shot} would cost {estimated_usd:.2f} USD; {spent / MICRO:.2f} of"
            f" {limit_usd:.2f} USD are spent or set aside",
            hint="raise the limit, or ask for fewer candidates or shorter shots",
            where=take.shot,
        )


def _spent(db: sqlite3.Connection, run_id: str | None) -> int:
    return int(db.execute(_SPENT, {"run": run_id}).fetchone()[0])


def _log(db: sqlite3.Connection, attempt: int, state: str, message: str) -> None:
    db.execute("INSERT INTO steps (attempt, state, at, words) VALUES (?, ?, ?, ?)", (attempt, state, _now(), message))


def _get(db: sqlite3.Connection, attempt: int) -> Attempt:
    row = db.execute("SELECT * FROM attempts WHERE id = ?", (attempt,)).fetchone()
    if row is None:
        raise LookupError(f"no attempt {attempt}")
    return _attempt(row)


def _attempt(row: sqlite3.Row) -> Attempt:
    values = {name: row[name] for name in row.keys() if name not in ("request", "estimated", "actual")}  # noqa: SIM118
    order = json.loads(row["request"]).get("order")
    return Attempt(
        **values,
        estimated_usd=_dollars(row["estimated"]),
        actual_usd=_dollars(row["actual"]),
        order=Order.from_dict(order) if order else None,
    )


def _micro(dollars: float | None) -> int | None:
    return None if dollars is None else round(dollars * MICRO)


def _dollars(micro: int | None) -> float | None:
    return None if micro is None else micro / MICRO


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
