"""The record of paid work, ``journal.db``: what was sent, under which job id, what it cost and how it ended.

States of one attempt at one take::

    planned -> submitting -> submitted (job id) -> done
       ^            |              +-------------> failed
       +------------+ postponed (turned away for now: nothing was bought)
                    +-> failed (refused: nothing was bought)
                    +-> unknown (the answer was lost: may have been bought) -> submitted | failed, only by a person or
                        by an engine that can look its job up

Every change is on disk before the next step acts, so that a crash between any two steps loses nothing: ``submitting`` is
written before the request leaves, the job id before it is polled. The journal refuses a second submission of a take whose
first one is still open or unknown, whoever asks.

SQLite in rollback-journal mode with ``synchronous=EXTRA``: a commit is durable once it returns (FULL leaves the removal of
the rollback file unsynced), and the record stays one file that can be copied. WAL would be as durable but keeps fresh rows in
a second file and needs shared memory, which network file systems lack; a few commits per paid clip need no speed.
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
from vidgen.media.rate import rate_text
from vidgen.takes.journal_file import bring_up_to_date, corrupt, is_current, make_journal
from vidgen.takes.keys import seeded_key
from vidgen.takes.request import Order, Take, TakeRequest

State = Literal["planned", "submitting", "submitted", "done", "failed", "unknown"]
MICRO = 1_000_000
LONGEST_PATH = 500
"""Bytes of a path that SQLite opens; it takes 512 with the endings that it adds."""

_DAMAGED = re.compile("malformed|no such table")
"""What SQLite says of a file that is a database and no longer a whole journal."""

_SPENT = """SELECT COALESCE(SUM(CASE state WHEN 'failed' THEN COALESCE(actual, 0)
            WHEN 'done' THEN COALESCE(actual, estimated, 0) ELSE COALESCE(estimated, 0) END), 0)
            FROM attempts WHERE (:run IS NULL OR run_id = :run)"""


@dataclass(frozen=True)
class Attempt:
    """One attempt at one take. ``reference`` is our own id for it; costs in US dollars, None where unknown."""

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
    """What was ordered; None for attempts of vidgen up to 0.1."""

    @property
    def cost(self) -> dict[str, float | str | None]:
        """What it has cost, or may have: the provider's figure, else the list price; where it failed, what was paid all the
        same. None where no price is known.
        """
        over = self.state in ("planned", "failed")
        cost = self.actual_usd if self.actual_usd is not None else 0.0 if self.state == "planned" else self.estimated_usd
        listed = self.actual_usd is None or (over and self.actual_usd == self.estimated_usd)
        return {"cost_usd": cost, "cost_basis": None if cost is None else "list" if listed else "provider"}

    @property
    def undelivered(self) -> bool:
        """Whether the job ended with a result that cannot be had or used; ``words`` say why."""
        return self.state == "submitted" and bool(self.words)


class Journal:
    """The journal of one project's work folder. Safe to use from several threads and processes at once.

    Raises InputError where the file is damaged or was written by a newer vidgen.
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
        take: TakeRequest,
        *,
        request_key: str,
        run_id: str,
        estimated_usd: float | None,
        order: Order | None = None,
        earlier_key: str | None = None,
        limit_usd: float | None = None,
        again: bool = False,
    ) -> Attempt:
        """Plan an attempt and set its price aside, in one step, so that parallel shots cannot pass the limit together.

        Args:
            order: the form that is ordered. earlier_key: the take key under which vidgen up to 0.1 would have bought it.
            limit_usd: most that this run may spend, what it has spent and set aside included; None: no limit.
            again: a person asked for it: the take may be sent although an earlier submission's fate is unknown.

        Raises BudgetError where the limit would be passed or the price is unknown under a limit; ProcessingError
        ``submit.unknown`` or ``journal.conflict`` where an earlier attempt at this take is unsettled.
        """
        key = seeded_key(request_key, take.seed)
        with self._change() as db:
            for name in filter(None, (key, earlier_key)):
                _refuse_second(db, name, take, again)
            _refuse_over(db, take, run_id, estimated_usd, limit_usd)
            now = _now()
            cursor = db.execute(
                "INSERT INTO attempts (take_key, request_key, run_id, shot, take, seed, engine, model, request, reference,"
                " state, estimated, created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'planned', ?, ?, ?)",
                (
                    *(key, request_key, run_id, take.request.shot, take.take, take.seed),
                    *(take.request.engine, take.request.model, _summary(take, order), f"vidgen-{uuid.uuid4().hex}"),
                    *(_micro(estimated_usd), now, now),
                ),
            )
            assert cursor.lastrowid is not None
            _log(db, cursor.lastrowid, "planned", "")
            return _get(db, cursor.lastrowid)

    def begin(self, attempt: int) -> Attempt:
        """The create request leaves next."""
        return self._move(attempt, ("planned",), "submitting")

    def postponed(self, attempt: int, words: str) -> Attempt:
        """The provider surely turned the request away for now; it may be sent again."""
        return self._move(attempt, ("submitting",), "planned", words=words)

    def submitted(self, attempt: int, job_id: str) -> Attempt:
        """The provider accepted it under this job id. Also settles an unknown submission whose job was found, or one
        that was given the wrong job.
        """
        return self._move(attempt, ("submitting", "unknown", "submitted"), "submitted", job_id=job_id, words="")

    def undelivered(self, attempt: int, words: str) -> Attempt:
        """The job ended, but what it made cannot be had or used: it stays open, since it is paid for, and says so."""
        return self._move(attempt, ("submitted",), "submitted", words=words)

    def done(self, attempt: int, *, sha256: str, actual_usd: float | None = None) -> Attempt:
        """The take is in the store. ``actual_usd`` is the provider's figure; None: the estimate stands."""
        return self._move(attempt, ("submitted",), "done", sha256=sha256, actual=_micro(actual_usd), words="")

    def fetched_again(self, attempt: int, *, sha256: str) -> Attempt:
        """The take was lost here and is in the store again; providers may give another file for the same job."""
        return self._move(attempt, ("done",), "done", sha256=sha256)

    def failed(self, attempt: int, words: str, *, actual_usd: float | None = 0.0) -> Attempt:
        """It ended without a take; ``words`` are the provider's own. Its reservation is given back but for what it cost."""
        open_states: tuple[State, ...] = ("planned", "submitting", "submitted", "unknown")
        return self._move(attempt, open_states, "failed", words=words, actual=_micro(actual_usd))

    def unknown(self, attempt: int, words: str) -> Attempt:
        """The answer to the create request was lost. Its price stays set aside and it is never sent again by itself."""
        return self._move(attempt, ("submitting",), "unknown", words=words)

    def lost(self, *take_keys: str) -> Attempt | None:
        """The unsettled attempt of a take whose answer was lost, by any of its keys."""
        return self._first(take_keys, "unknown")

    def open_job(self, *take_keys: str) -> Attempt | None:
        """The submitted job of a take that has not ended, by any of its keys: to be polled rather than bought again."""
        return self._first(take_keys, "submitted")

    def _first(self, take_keys: Sequence[str], state: State) -> Attempt | None:
        return next((row for key in take_keys for row in self.attempts(key) if row.state == state), None)

    def list_price(self, take_key: str) -> float | None:
        """What the price list said of the attempt that a take came of."""
        return next((row.estimated_usd for row in self.attempts(take_key) if row.state == "done"), None)

    def attempts(self, take_key: str | None = None) -> list[Attempt]:
        """Every attempt (at one take), newest first."""
        with self._connect() as db:
            rows = db.execute("SELECT * FROM attempts WHERE ?1 IS NULL OR take_key = ?1 ORDER BY id DESC", (take_key,))
            return [_attempt(row) for row in rows]

    def spent(self, run_id: str | None = None) -> float:
        """US dollars spent and set aside by a run, or ever: actual cost where known, else the estimate."""
        with self._connect() as db:
            return _spent(db, run_id) / MICRO

    def unpriced(self, run_id: str | None = None) -> int:
        """How many attempts of a run, or ever, may have cost something that nobody knows."""
        query = """SELECT COUNT(*) FROM attempts WHERE estimated IS NULL AND actual IS NULL
                   AND state NOT IN ('planned', 'failed') AND (?1 IS NULL OR run_id = ?1)"""
        with self._connect() as db:
            return int(db.execute(query, (run_id,)).fetchone()[0])

    def recover(self, stored: Callable[[str, Order | None], Take | None] = lambda take_key, order: None) -> list[Attempt]:
        """Settle what a run that died left behind; call it once at a run's start, under the project's lock.

        ``planned`` was never sent: failed. ``submitting`` may have been sent: unknown. ``submitted`` whose take is in the
        store (``stored`` finds it) is done. Returns the attempts that are unknown now, for the user to be told.
        """
        for row in self.attempts():
            if row.state == "planned":
                self.failed(row.id, "never sent: the run ended first")
            elif row.state == "submitting":
                self.unknown(row.id, "the run ended while the request was being sent")
            elif row.state == "submitted" and (take := stored(row.take_key, row.order)):
                told = take.cost_usd if take.cost_basis == "provider" else None
                self.done(row.id, sha256=take.sha256, actual_usd=told)
        return [row for row in self.attempts() if row.state == "unknown"]

    def last_note(self, take_key: str, kind: str) -> str | None:
        """The newest remark on a take, where it is of that kind."""
        query = "SELECT kind, words FROM notes WHERE take_key = ? ORDER BY rowid DESC LIMIT 1"
        with self._connect() as db:
            row = db.execute(query, (take_key,)).fetchone()
            return row["words"] if row and row["kind"] == kind else None

    def note(self, kind: str, words: str, *, take_key: str | None = None) -> None:
        """Keep a remark for later reading: a damaged take, a rejected clip."""
        with self._change() as db:
            db.execute("INSERT INTO notes (at, kind, take_key, words) VALUES (?, ?, ?, ?)", (_now(), kind, take_key, words))

    def notes(self) -> list[tuple[str, str]]:
        """Every remark as (kind, words), oldest first."""
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
        """A connection for one step: cheap beside a synced commit, and right in any thread or forked process."""
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
        """``mode=rw``: a file that is not there any more is an error, never a new and empty journal."""
        name = f"{self.path.absolute().as_uri()}?mode=rw{'' if self._locks else '&vfs=unix-none'}"
        return sqlite3.connect(name, timeout=30.0, isolation_level=None, uri=True)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """SQLite's own locks keep steps apart; on a file system that has none, a lock file of ours does."""
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


def _refuse_second(db: sqlite3.Connection, key: str, take: TakeRequest, again: bool) -> None:
    query = "SELECT * FROM attempts WHERE take_key = ? AND state NOT IN ('done', 'failed') ORDER BY id DESC LIMIT 1"
    row = db.execute(query, (key,)).fetchone()
    if row is None:
        return
    before = _attempt(row)
    if before.state in ("unknown", "submitting"):
        if before.state == "unknown" and again:
            # What it may have cost keeps counting: better to stop early than to spend twice.
            give_up = "UPDATE attempts SET state = 'failed', actual = estimated, updated = ? WHERE id = ?"
            db.execute(give_up, (_now(), before.id))
            _log(db, before.id, "failed", "given up: sent again on demand")
            return
        raise ProcessingError(
            "submit.unknown",
            f"take {take.take} of {take.request.shot} was sent to {before.engine} on {before.created[:19]}, but whether it was"
            f" accepted is not known ({before.words or 'still being sent'})",
            hint="vidgen takes list says what was sent, vidgen takes resolve settles it",
            where=take.request.shot,
        )
    raise ProcessingError(
        "journal.conflict",
        f"take {take.take} of {take.request.shot} is already {before.state} at {before.engine} as job {before.job_id or '-'}",
        hint="run the same command again: it goes on with that job",
        where=take.request.shot,
    )


def _refuse_over(
    db: sqlite3.Connection, take: TakeRequest, run_id: str, estimated_usd: float | None, limit_usd: float | None
) -> None:
    if limit_usd is None:
        return
    if estimated_usd is None:
        raise BudgetError(
            "budget.unknown_price",
            f"the price of a take from {take.request.engine} is not known, so the limit of {limit_usd:.2f} USD cannot be kept",
            hint="choose a model with a known price, or take the limit away",
            where=take.request.shot,
        )
    spent = _spent(db, run_id)
    if spent + (_micro(estimated_usd) or 0) > (_micro(limit_usd) or 0):
        raise BudgetError(
            "budget.exceeded",
            f"take {take.take} of {take.request.shot} would cost {estimated_usd:.2f} USD; {spent / MICRO:.2f} of"
            f" {limit_usd:.2f} USD are spent or set aside",
            hint="raise the limit, or ask for fewer candidates or shorter shots",
            where=take.request.shot,
        )


def _spent(db: sqlite3.Connection, run_id: str | None) -> int:
    return int(db.execute(_SPENT, {"run": run_id}).fetchone()[0])


def _summary(take: TakeRequest, order: Order | None) -> str:
    asked = take.request
    summary = {
        "task": asked.task,
        "prompt": asked.prompt,
        "frames": asked.frames,
        "fps": rate_text(asked.fps),
        "size": f"{asked.width}x{asked.height}",
        "order": order.as_dict() if order else None,
    }
    return json.dumps(summary, ensure_ascii=False)


def _log(db: sqlite3.Connection, attempt: int, state: str, words: str) -> None:
    db.execute("INSERT INTO steps (attempt, state, at, words) VALUES (?, ?, ?, ?)", (attempt, state, _now(), words))


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
