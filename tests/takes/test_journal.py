from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from vidgen.errors import BudgetError, InputError, ProcessingError
from vidgen.takes import journal_file
from vidgen.takes.journal import Attempt, Journal
from vidgen.takes.keys import seeded_key
from vidgen.takes.request import Take, TakeRequest

KEY = "c" * 64


def reserve(journal: Journal, take: TakeRequest, run: str = "run1", cost: float | None = 0.6, **more: object) -> Attempt:
    return journal.reserve(take, request_key=KEY, run_id=run, estimated_usd=cost, **more)


def number(take: TakeRequest, n: int) -> TakeRequest:
    return TakeRequest(take.request, n, take.request.seed_of(n))


def test_a_paid_take_goes_from_planned_to_done(tmp_path: Path, take: TakeRequest) -> None:
    journal = Journal(tmp_path)
    attempt = reserve(journal, take)
    assert attempt.state == "planned"
    assert attempt.reference.startswith("vidgen-")
    assert journal.begin(attempt.id).state == "submitting"
    assert journal.submitted(attempt.id, "job-1").job_id == "job-1"
    done = journal.done(attempt.id, sha256="ab", actual_usd=0.55)
    assert (done.state, done.actual_usd, done.sha256) == ("done", 0.55, "ab")
    assert journal.spent("run1") == 0.55


def test_every_step_is_on_disk_before_the_next(tmp_path: Path, take: TakeRequest) -> None:
    journal = Journal(tmp_path)
    attempt = reserve(journal, take)
    for step, state in ((lambda: journal.begin(1), "submitting"), (lambda: journal.submitted(1, "j"), "submitted")):
        step()
        assert Journal(tmp_path).attempts(attempt.take_key)[0].state == state
    with sqlite3.connect(tmp_path / "journal.db") as db:
        assert [row[0] for row in db.execute("SELECT state FROM steps")] == ["planned", "submitting", "submitted"]
    db.close()


def test_a_process_killed_after_submitting_leaves_a_job_to_resume(tmp_path: Path, take: TakeRequest) -> None:
    attempt = reserve(Journal(tmp_path), take)
    code = (
        "import os, sys; from pathlib import Path; from vidgen.takes.journal import Journal; j = Journal(Path(sys.argv[1]));"
        "j.begin(1); j.submitted(1, 'job-9'); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == -9
    journal = Journal(tmp_path)
    assert journal.recover() == []
    job = journal.open_job(attempt.take_key)
    assert job is not None
    assert job.job_id == "job-9"
    with pytest.raises(ProcessingError, match="already submitted at runway as job job-9"):
        reserve(journal, take)


def test_a_submission_that_was_cut_off_is_unknown_and_never_sent_again_by_itself(tmp_path: Path, take: TakeRequest) -> None:
    journal = Journal(tmp_path)
    first = journal.begin(reserve(journal, take).id)
    (unknown,) = Journal(tmp_path).recover()
    assert (unknown.id, unknown.state) == (first.id, "unknown")
    assert first.reference == unknown.reference
    assert journal.spent() == 0.6
    with pytest.raises(ProcessingError) as error:
        reserve(journal, take, run="run2")
    assert error.value.code == "submit.unknown"


def test_a_person_may_send_an_unknown_submission_again(tmp_path: Path, take: TakeRequest) -> None:
    journal = Journal(tmp_path)
    first = reserve(journal, take)
    journal.begin(first.id)
    journal.unknown(first.id, "timeout")
    second = reserve(journal, take, run="run2", again=True)
    assert second.id != first.id
    assert second.reference != first.reference
    assert journal.recover() == []
    assert journal.spent() == pytest.approx(0.6)


def test_an_unknown_submission_whose_job_is_found_goes_on(tmp_path: Path, take: TakeRequest) -> None:
    journal = Journal(tmp_path)
    attempt = reserve(journal, take)
    journal.begin(attempt.id)
    journal.unknown(attempt.id, "timeout")
    assert journal.submitted(attempt.id, "job-2").state == "submitted"


def test_a_take_that_was_stored_before_the_crash_is_done(tmp_path: Path, take: TakeRequest) -> None:
    journal = Journal(tmp_path)
    attempt = reserve(journal, take)
    journal.begin(attempt.id)
    journal.submitted(attempt.id, "job")
    stored = Take(1, attempt.take_key, tmp_path / "x.mp4", "ab", 7, "runway", None, True, 0.5, {}, 6, Fraction(24), 64, 48)
    journal.recover(lambda key, order: {attempt.take_key: stored}.get(key))
    assert journal.attempts()[0].state == "done"
    assert journal.spent() == 0.5


def test_what_was_never_sent_costs_nothing_and_may_be_planned_again(tmp_path: Path, take: TakeRequest) -> None:
    journal = Journal(tmp_path)
    reserve(journal, take)
    assert journal.recover() == []
    assert journal.spent() == 0
    assert reserve(journal, take).state == "planned"


@pytest.mark.parametrize(
    ("before", "step"),
    [
        ((), lambda j: j.submitted(1, "x")),
        ((), lambda j: j.done(1, sha256="ab")),
        (("begin",), lambda j: j.begin(1)),
        (("begin",), lambda j: j.done(1, sha256="ab")),
        (("begin", "submit"), lambda j: j.begin(1)),
        (("begin", "submit"), lambda j: j.unknown(1, "")),
        (("begin", "submit", "done"), lambda j: j.failed(1, "")),
    ],
)
def test_a_step_out_of_order_is_refused_and_changes_nothing(
    tmp_path: Path, take: TakeRequest, before: tuple[str, ...], step: object
) -> None:
    journal = Journal(tmp_path)
    reserve(journal, take)
    steps = {
        "begin": lambda: journal.begin(1),
        "submit": lambda: journal.submitted(1, "job"),
        "done": lambda: journal.done(1, sha256="ab"),
    }
    for name in before:
        steps[name]()
    row = journal.attempts()[0]
    with pytest.raises(ProcessingError, match="cannot become"):
        step(journal)
    assert journal.attempts()[0] == row


def test_a_failed_attempt_gives_its_money_back(tmp_path: Path, take: TakeRequest) -> None:
    journal = Journal(tmp_path)
    attempt = reserve(journal, take, limit_usd=1.0)
    with pytest.raises(BudgetError, match=r"0.60 of 1.00 USD are spent or set aside"):
        reserve(journal, number(take, 2), limit_usd=1.0)
    journal.begin(attempt.id)
    journal.failed(attempt.id, "SAFETY.INPUT.TEXT")
    assert journal.attempts()[0].words == "SAFETY.INPUT.TEXT"
    assert reserve(journal, number(take, 2), limit_usd=1.0).state == "planned"


def test_the_limit_itself_may_be_spent_to_the_cent(tmp_path: Path, take: TakeRequest) -> None:
    journal = Journal(tmp_path)
    for n in (1, 2, 3):
        reserve(journal, number(take, n), cost=0.1, limit_usd=0.3)
    with pytest.raises(BudgetError) as error:
        reserve(journal, number(take, 4), cost=0.000001, limit_usd=0.3)
    assert error.value.exit_code == 5


def test_an_unknown_price_cannot_be_bought_under_a_limit(tmp_path: Path, take: TakeRequest) -> None:
    with pytest.raises(BudgetError) as error:
        reserve(Journal(tmp_path), take, cost=None, limit_usd=100)
    assert error.value.code == "budget.unknown_price"
    assert reserve(Journal(tmp_path), take, cost=None).estimated_usd is None


def test_parallel_shots_cannot_pass_the_limit_together(tmp_path: Path, take: TakeRequest) -> None:
    Journal(tmp_path)

    def buy(n: int) -> bool:
        try:
            reserve(Journal(tmp_path), number(take, n), cost=1.0, limit_usd=3.0)
        except BudgetError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(buy, range(1, 9))) == 3


def test_two_runs_cannot_both_send_one_take(tmp_path: Path, take: TakeRequest) -> None:
    journal = Journal(tmp_path)
    reserve(journal, take)
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: _begin(tmp_path), range(4)))
    assert sum(sent) == 1


def _begin(root: Path) -> bool:
    try:
        Journal(root).begin(1)
    except ProcessingError:
        return False
    return True


def test_the_limit_is_for_one_run_but_the_journal_knows_all(tmp_path: Path, take: TakeRequest) -> None:
    journal = Journal(tmp_path)
    reserve(journal, take, run="run1", cost=0.5)
    reserve(journal, number(take, 2), run="run2", cost=0.25, limit_usd=0.25)
    assert (journal.spent("run1"), journal.spent("run2"), journal.spent()) == (0.5, 0.25, 0.75)


def test_what_nobody_knows_the_price_of_is_counted_apart(tmp_path: Path, take: TakeRequest) -> None:
    journal = Journal(tmp_path)
    attempt = reserve(journal, take, cost=None)
    journal.begin(attempt.id)
    assert (journal.spent("run1"), journal.unpriced("run1"), journal.unpriced("run2")) == (0, 1, 0)
    journal.submitted(attempt.id, "job")
    journal.done(attempt.id, sha256="0" * 64, actual_usd=0.3)
    assert (journal.spent(), journal.unpriced()) == (0.3, 0)


def test_another_seed_is_another_take(tmp_path: Path, take: TakeRequest) -> None:
    journal = Journal(tmp_path)
    assert reserve(journal, take).take_key == seeded_key(KEY, 7)
    assert reserve(journal, replace(take, seed=8)).take_key == seeded_key(KEY, 8)


def test_a_damaged_journal_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"this is not a database, it only looks like one" * 40)
    with pytest.raises(InputError) as error:
        Journal(tmp_path)
    assert (error.value.code, error.value.where) == ("journal.corrupt", str(tmp_path / "journal.db"))


def test_a_journal_from_a_newer_vidgen_is_left_alone(tmp_path: Path) -> None:
    Journal(tmp_path)
    with sqlite3.connect(tmp_path / "journal.db") as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    before = (tmp_path / "journal.db").read_bytes()
    with pytest.raises(InputError, match="newer vidgen"):
        Journal(tmp_path)
    assert (tmp_path / "journal.db").read_bytes() == before


def test_an_older_journal_is_brought_up_to_date_and_keeps_its_rows(
    tmp_path: Path, take: TakeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve(Journal(tmp_path), take)
    real = journal_file._script
    scripts = {"later.sql": "ALTER TABLE notes ADD COLUMN run_id TEXT;\nCREATE INDEX later ON notes (run_id);\n"}
    monkeypatch.setattr(journal_file, "STEPS", (*journal_file.STEPS, "later.sql"))
    monkeypatch.setattr(journal_file, "_script", lambda name: scripts.get(name) or real(name))
    journal = Journal(tmp_path)
    assert len(journal.attempts()) == 1
    with sqlite3.connect(tmp_path / "journal.db") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (2,)
        assert "run_id" in [row[1] for row in db.execute("PRAGMA table_info(notes)")]
    db.close()
