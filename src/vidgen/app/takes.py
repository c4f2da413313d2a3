"""What was bought for a project, and how a person settles a purchase whose fate is not known."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from vidgen.errors import InputError
from vidgen.render.commands import Commands
from vidgen.render.project import Project
from vidgen.takes.exclusive import project_lock
from vidgen.takes.journal import Attempt, Journal
from vidgen.takes.store import TakeStore

UNDELIVERED = "undelivered"
"""State of a job that ended and is paid for, but whose result cannot be had or used: open to the journal, over to a person."""


def ledger(board: Path, work: Path | None = None) -> dict[str, Any]:
    """``data`` of ``takes list``: every paid attempt, oldest first, and what they cost together."""
    root = Project.of(board, work).root
    if not (root / "journal.db").is_file():
        return {"takes": [], "spent_usd": 0.0, "unpriced": 0, "unsettled": 0, UNDELIVERED: 0}
    journal = Journal(root)
    rows = [_row(attempt) for attempt in reversed(journal.attempts())]
    spent, unpriced = round(journal.spent(), 6), journal.unpriced()
    counts = {
        "unsettled": sum(row["state"] in ("unknown", "submitting") for row in rows),
        UNDELIVERED: sum(row["state"] == UNDELIVERED for row in rows),
    }
    return {"takes": rows, "spent_usd": spent, "unpriced": unpriced, **counts}


def resolve(
    board: Path, number: int, *, job: str | None = None, lost: bool = False, work: Path | None = None
) -> dict[str, Any]:
    """Settle attempt ``number``, whose answer was lost: it is that ``job``, or it was never accepted (``lost``). A job that is
    known may be named anew, or given up at its price.

    Raises InputError where there is no such attempt, it is not unsettled, or the job is another attempt's; ProcessingError
    while a run is going on.
    """
    if (job is None) == (not lost) or (job is not None and not job.strip()):
        raise InputError("usage.invalid", "say what became of it: --job ID or --lost, one of the two")
    root = Project.of(board, work).root
    known = (root / "journal.db").is_file()
    with project_lock(root):
        journal = Journal(root)
        if known:
            journal.recover(TakeStore(root, journal=journal).find)  # what a run left behind that was killed
        found = next((row for row in journal.attempts() if row.id == number), None) if known else None
        if found is None:
            raise InputError("takes.unknown", f"there is no attempt {number}", hint=Commands(board, work).takes_list())
        if found.state not in ("unknown", "submitted"):
            raise InputError("takes.settled", f"attempt {number} is {found.state}: there is nothing to settle")
        if job:
            owner = next((row for row in journal.attempts() if row.job_id and _bare(row.job_id) == _bare(job)), None)
            if owner:
                text = f"job {job} is that of attempt {owner.id} (take {owner.take} of {owner.shot}): it cannot be both"
                raise InputError("takes.settled", text, hint=f"look for another job at {found.engine}, or say --lost")
            return _row(journal.submitted(number, job))
        if found.state == "submitted":  # it was accepted, so it may have to be paid
            return _row(journal.failed(number, "given up by a person", actual_usd=found.estimated_usd))
        return _row(journal.failed(number, "never accepted, as a person found out"))


def _bare(job_id: str) -> str:
    """The provider's own number of a job, without what vidgen keeps with it."""
    return re.split("[:/]", job_id)[-1]


def _row(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.id,
        "shot": attempt.shot,
        "take": attempt.take,
        "engine": attempt.engine,
        "model": attempt.model,
        "state": UNDELIVERED if attempt.undelivered else attempt.state,
        "job": attempt.job_id,
        "reference": attempt.reference,
        **attempt.cost,
        "estimated_usd": attempt.estimated_usd,
        "actual_usd": attempt.actual_usd,
        "created": attempt.created,
        "words": attempt.words,
    }
