"""Makes takes at a provider over the journal, so that a crash between any two steps never buys a take twice.

What may have been accepted is looked up where the provider can be asked, and else left to a person. A job that is paid for is
polled through missing answers; its result is fetched, never bought anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import cast, get_args

from vidgen.engines.base import Job, RemoteEngine
from vidgen.engines.cloud.failures import Kind, ProviderError
from vidgen.engines.guard import failure_of
from vidgen.errors import Cancelled, Notice, ProcessingError, VidgenError
from vidgen.render.resolved import ResolvedShot
from vidgen.render.run import Run
from vidgen.render.runners.submission import LONGEST_PAUSE_S, Purchase, Submission, wait_for_provider
from vidgen.render.runners.waiting import cancellable
from vidgen.settings import settings
from vidgen.takes.journal import Attempt
from vidgen.takes.request import Take

MISSING_ANSWERS = 20
"""How many answers in a row may be missing while a job is polled."""
LISTED_AFTER_S, LISTED_UNTIL_S = 300.0, 86_400.0
"""A job that a provider does not list at this age was never accepted: younger, the list may lag behind; older, it may have been
cleared away.
"""
UNDELIVERED = frozenset({"result.expired", "provider.bad_result", "media.bad_output"})
"""Errors of a job that ended well and is paid for, but whose result cannot be had or used."""


@dataclass
class RemoteRunner:
    """Runs one engine at a provider.

    Args:
        find_paid: the attempt that a take was bought with which is lost here, and which the provider may still have.
    """

    engine: RemoteEngine
    run: Run
    find_paid: Callable[[ResolvedShot, int], Attempt | None]

    async def make(self, shot: ResolvedShot, numbers: Sequence[int]) -> list[Take | VidgenError]:
        """As ``Runner.make``."""
        return list(await asyncio.gather(*(self._reported(shot, number) for number in numbers)))

    async def fetch_again(self, shot: ResolvedShot, number: int, attempt: Attempt) -> Take:
        """A take that was paid for and is lost here, from its provider, at no cost. Never buys anything; what is raised says
        whether the provider still has it.
        """
        purchase = self._purchase(shot, number)
        async with self._slot(purchase):
            job = await self._ended(purchase, attempt)
        if job.state == "failed":
            raise self._job_failed(purchase, job)
        take, _ = await self._fetched(purchase, attempt, job)
        self.run.journal.fetched_again(attempt.id, sha256=take.sha256)
        return take

    def _purchase(self, shot: ResolvedShot, number: int) -> Purchase:
        return Purchase(shot, shot.take(number), anew=self.run.makes_anew(shot.planned))

    def _slot(self, purchase: Purchase) -> asyncio.Semaphore:
        """Held while the provider works: how many jobs it takes at once. Fetching and checking are outside of it."""
        return self.run.capacity.jobs(purchase.shot.planned)

    async def _reported(self, shot: ResolvedShot, number: int) -> Take | VidgenError:
        result: Take | VidgenError
        try:
            paid = await asyncio.to_thread(self.find_paid, shot, number)
            result = await (self.fetch_again(shot, number, paid) if paid else self._had(self._purchase(shot, number)))
        except Exception as error:
            result = failure_of(error, self.engine, shot.planned.id, number)
        return self.run.report(shot.planned, number, result)

    async def _had(self, purchase: Purchase) -> Take:
        """One take: go on with an open job, or reserve its price, send it once, and wait for it."""
        journal = self.run.journal
        await self._settle(purchase)
        attempt = journal.open_job(*purchase.keys)
        try:
            if attempt is None:
                return await self._bought(purchase)
            async with self._slot(purchase):
                self.run.report_started(purchase.shot.planned, [purchase.take])
                job = await self._ended(purchase, attempt)
            take = await self._finished(purchase, attempt, job)
            if take.covers(purchase.shot.order, purchase.take.request.duration_s):
                return take
        except ProcessingError as error:
            if error.code == "submit.unknown" and (lost := journal.lost(*purchase.keys)):
                error.hint = self.run.space.commands.settle_answer(lost)
            if error.code not in UNDELIVERED or attempt is None or not purchase.anew:
                raise
            journal.failed(attempt.id, error.message, actual_usd=attempt.estimated_usd)
        return await self._bought(purchase)

    async def _bought(self, purchase: Purchase) -> Take:
        async with self._slot(purchase):
            if self.run.stop.event.is_set():
                raise Cancelled()
            self.run.report_started(purchase.shot.planned, [purchase.take])
            attempt = await Submission(self.engine, self.run, purchase).submit()
            job = await self._ended(purchase, attempt)
        return await self._finished(purchase, attempt, job)

    async def _settle(self, purchase: Purchase) -> None:
        """Settle a submission whose answer was lost, where the provider can be asked for it by our reference."""
        lost = self.run.journal.lost(*purchase.keys)
        if lost is None:
            return
        try:
            job_id = await self.engine.find(lost.reference)
        except NotImplementedError:
            return
        if job_id:
            self.run.journal.submitted(lost.id, job_id)
        elif LISTED_AFTER_S < _age_s(lost) < LISTED_UNTIL_S:
            self.run.journal.failed(lost.id, "the provider knows of no such job: it was never accepted")

    async def _ended(self, purchase: Purchase, attempt: Attempt) -> Job:
        """Poll until the job ends. Missing answers in between do not matter; what is paid for stays open in the journal."""
        assert attempt.job_id is not None
        stop, interval_s = self.run.stop.event, settings().poll_interval(self.engine.poll_interval_s)
        progress = self.run.progress(purchase.shot.planned, [purchase.take.take])
        until = time.monotonic() + self.engine.deadline_s
        missing = 0
        while True:
            if stop.is_set():
                raise Cancelled()
            try:
                job = await cancellable(self.engine.poll(attempt.job_id), stop)
            except ProviderError as error:
                missing += 1
                pause_s = error.retry_after_s or min(interval_s * missing, LONGEST_PAUSE_S)
                lasts = error.kind not in ("provider_fault", "rate")
                if lasts or missing > MISSING_ANSWERS or time.monotonic() + pause_s > until:
                    raise
                await wait_for_provider(self.run, purchase, pause_s, error.message)
                continue
            missing = 0
            if job.state in ("succeeded", "failed"):
                return job
            if job.progress is not None:
                progress(job.progress)
            if time.monotonic() > until:
                raise ProviderError("timeout", self.engine.name, f"job {attempt.job_id} is still {job.state}")
            await wait_for_provider(self.run, purchase, interval_s)

    async def _finished(self, purchase: Purchase, attempt: Attempt, job: Job) -> Take:
        """Fetch what a job that ended has made and put it into the store."""
        journal = self.run.journal
        if job.state == "failed":
            journal.failed(attempt.id, job.error or "no reason given", actual_usd=job.cost_usd)
            raise self._job_failed(purchase, job)
        try:
            take, cost_usd = await self._fetched(purchase, attempt, job)
        except ProcessingError as error:
            if error.code in UNDELIVERED:
                journal.undelivered(attempt.id, error.message)
                error.hint = self.run.space.commands.settle_result(attempt)
            raise
        journal.done(attempt.id, sha256=take.sha256, actual_usd=cost_usd)
        return take

    async def _fetched(self, purchase: Purchase, attempt: Attempt, job: Job) -> tuple[Take, float | None]:
        """What a job has made, in the store, and what it cost by the provider's own figure."""
        store, shot, request = self.run.store, purchase.shot, purchase.take
        part = store.part_for(purchase.key)
        try:
            generated = await cancellable(self.engine.fetch(job, request, part), self.run.stop.event)
            priced = generated
            if generated.cost_usd is None and attempt.estimated_usd is not None:
                priced = replace(generated, cost_usd=attempt.estimated_usd, cost_basis="list")
            order = attempt.order or shot.order
            take = await asyncio.to_thread(store.put, part, request, priced, request_key=shot.key, order=order)
        finally:
            part.unlink(missing_ok=True)
        self.run.notices += [Notice.of_engine(code, message, request.request.shot) for code, message in generated.notices]
        return take, generated.cost_usd

    def _job_failed(self, purchase: Purchase, job: Job) -> ProcessingError:
        """Why there is no take: by its kind where the provider says it, so that code and hint fit."""
        reason, shot = job.error or "no reason given", purchase.take.request.shot
        if job.kind in get_args(Kind):
            error: ProcessingError = ProviderError(cast(Kind, job.kind), self.engine.name, reason)
            error.message = f"take {purchase.take.take} of {shot}: {error.message}"
            error.where = shot
            return error
        return ProcessingError(
            "generation.failed",
            f"take {purchase.take.take} of {shot}: {self.engine.name} says: {reason}",
            hint="change the shot, or choose another engine; what was made is kept",
            where=shot,
        )


def _age_s(attempt: Attempt) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(attempt.updated)).total_seconds()
