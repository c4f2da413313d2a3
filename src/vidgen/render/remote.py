"""Drives a remote engine over the journal, so that a crash between any two steps never buys a take twice.

What was surely refused for now is sent again after a pause. What may have been accepted is looked up where the provider can
be asked, and else left to a person. A job that is paid for is polled through blips; its result is fetched, never bought anew.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast, get_args

from vidgen.engines.base import Job, RemoteEngine, Send
from vidgen.engines.cloud.failures import Kind, ProviderError
from vidgen.errors import Cancelled, Notice, ProcessingError, VidgenError
from vidgen.render.commands import Commands
from vidgen.render.resolved import ResolvedShot
from vidgen.settings import settings
from vidgen.takes.journal import Attempt, Journal
from vidgen.takes.request import Take, TakeRequest
from vidgen.takes.store import TakeStore

T = TypeVar("T")

RATE_TRIES = 40
"""How often a request is sent that the provider turns away for now."""
BLIPS = 20
"""How many answers in a row may be missing while a job is polled."""
CONNECT_TRIES = 6
"""How often a request is sent that could not leave, because there was no connection."""
WAIT_S = 3600.0
"""How long a run waits for a provider that turns a request away for now; one that asks for longer is left at once."""
LISTED_AFTER_S, LISTED_UNTIL_S = 300.0, 86_400.0
"""A job that a provider does not list at this age was never accepted: younger, the list may lag behind; older, it may have been
cleared away.
"""
LONGEST_PAUSE_S = 60.0
"""The longest pause of our own choice; one that a provider asks for is kept as it is."""
TOLD_FROM_S = 5.0
"""Pauses of this length are told."""
UNDELIVERED = frozenset({"result.expired", "provider.bad_result", "media.bad_output"})
"""Errors of a job that ended well and is paid for, but whose result cannot be had or used."""
TICK_S = 0.2
"""How soon a wish to stop is heard while waiting."""


@dataclass(frozen=True)
class Purchase:
    """One take to be had from a provider: what is wanted, under which key, at which price, and where it is kept.

    Args:
        limit_usd: most that this run may spend; None: no limit.
        again: a person asked for new takes, so that a result which is lost at the provider may be bought once more.
        slot: held while the provider works: how many jobs it takes at once. Fetching and checking are outside of it.
        started: called once it is this take's turn. waiting: called with seconds and the reason before a pause that a person
            would wonder about. notices: where remarks on the take are added. commands: what a person may type about it.
    """

    engine: RemoteEngine
    shot: ResolvedShot
    wanted: TakeRequest
    store: TakeStore
    journal: Journal
    run_id: str
    price_usd: float | None
    limit_usd: float | None
    stop: threading.Event
    again: bool = False
    slot: asyncio.Semaphore = field(default_factory=asyncio.Semaphore)
    started: Callable[[], None] = lambda: None
    waiting: Callable[[float, str], None] = lambda seconds, why: None
    progress: Callable[[float], None] = lambda share: None
    notices: list[Notice] = field(default_factory=list)
    commands: Commands = Commands(Path("BOARD.yaml"))

    @property
    def take_key(self) -> str:
        """Key of this very take."""
        return self.shot.take_key(self.wanted.take)

    @property
    def take_keys(self) -> tuple[str, str]:
        """The same, and what vidgen up to 0.1 called it."""
        return self.take_key, self.shot.earlier_take_key(self.wanted.take)

    @property
    def interval_s(self) -> float:
        """Pause between two looks at a job."""
        return settings().poll_interval(self.engine.poll_interval_s)


async def run_remote(buy: Purchase) -> Take:
    """One take from a provider: go on with an open job, or reserve its price, send it once, and wait for it.

    An unclear answer to the create request is journaled as unknown and never sent again by itself.
    """
    await _look_up(buy)
    attempt = buy.journal.open_job(*buy.take_keys)
    try:
        if attempt is None:
            return await _new(buy)
        async with buy.slot:
            buy.started()
            job = await _wait(buy, attempt)
        take = await _finish(buy, attempt, job)
        if take.covers(buy.shot.order, buy.wanted.request.duration_s):
            return take
    except ProcessingError as error:
        if error.code == "submit.unknown" and (lost := buy.journal.lost(*buy.take_keys)):
            error.hint = buy.commands.settle_answer(lost)
        if error.code not in UNDELIVERED or attempt is None or not buy.again:
            raise
        buy.journal.failed(attempt.id, error.message, actual_usd=attempt.estimated_usd)
    return await _new(buy)


async def fetch_again(buy: Purchase, attempt: Attempt) -> Take:
    """A take that was paid for and is lost here, from its provider, at no cost. Never buys anything; what is raised says
    whether the provider still has it.
    """
    async with buy.slot:
        job = await _wait(buy, attempt)
    if job.state == "failed":
        raise _job_failed(buy, job)
    take, _ = await _fetched(buy, attempt, job)
    buy.journal.fetched_again(attempt.id, sha256=take.sha256)
    return take


async def _new(buy: Purchase) -> Take:
    async with buy.slot:
        if buy.stop.is_set():
            raise Cancelled()
        buy.started()
        attempt = await _bought(buy)
        job = await _wait(buy, attempt)
    return await _finish(buy, attempt, job)


async def _look_up(buy: Purchase) -> None:
    """Settle a submission whose answer was lost, where the provider can be asked for it by our reference."""
    lost = buy.journal.lost(*buy.take_keys)
    if lost is None:
        return
    try:
        job_id = await buy.engine.find(lost.reference)
    except NotImplementedError:
        return
    if job_id:
        buy.journal.submitted(lost.id, job_id)
    elif LISTED_AFTER_S < _age_s(lost) < LISTED_UNTIL_S:
        buy.journal.failed(lost.id, "the provider knows of no such job: it was never accepted")


def _age_s(attempt: Attempt) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(attempt.updated)).total_seconds()


async def _bought(buy: Purchase) -> Attempt:
    attempt = buy.journal.reserve(
        buy.wanted,
        request_key=buy.shot.key,
        run_id=buy.run_id,
        estimated_usd=buy.price_usd,
        order=buy.shot.order,
        earlier_key=buy.take_keys[1],
        limit_usd=buy.limit_usd,
        again=buy.again,
    )
    send: Send | None = None
    until = time.monotonic() + WAIT_S
    for number in range(1, RATE_TRIES + 1):
        try:
            send = send or await _made_ready(buy, attempt)
            return await _sent(buy, attempt, send)
        except ProviderError as error:
            if error.kind != "rate" and not error.unsent:
                raise
            try:
                pause_s = error.retry_after_s or min(buy.interval_s * 2 ** min(number, 6), LONGEST_PAUSE_S)
                over = number == (CONNECT_TRIES if error.unsent else RATE_TRIES) or time.monotonic() + pause_s > until
                if over or error.lasting:
                    raise _not_waited_for(error, pause_s) if over and error.retry_after_s else error
                await _pause(buy, pause_s, error.message)
            except VidgenError as given_up:
                buy.journal.failed(attempt.id, f"never accepted: {given_up.message}")
                raise
    raise AssertionError("unreachable")


def _not_waited_for(error: ProviderError, pause_s: float) -> ProviderError:
    """The same, with the time from which on it makes sense to try again."""
    again = datetime.now().astimezone() + timedelta(seconds=pause_s)
    error.hint = f"run the same command again after {again:%Y-%m-%d %H:%M}, when it takes requests again; nothing is lost"
    return error


async def _made_ready(buy: Purchase, attempt: Attempt) -> Send:
    """Everything of the submission that costs nothing. Whatever breaks here was surely not sent: nothing stays set aside."""
    try:
        return await _heard(buy, buy.engine.ready(buy.wanted, reference=attempt.reference))
    except BaseException as error:
        if not isinstance(error, ProviderError) or not (error.kind == "rate" or error.unsent):
            buy.journal.failed(attempt.id, f"never sent: {error if isinstance(error, VidgenError) else type(error).__name__}")
        raise


async def _sent(buy: Purchase, attempt: Attempt, send: Send) -> Attempt:
    """Send the create request once; the journal knows before and after."""
    journal = buy.journal
    journal.begin(attempt.id)
    try:
        job_id = await send()
    except VidgenError as error:
        if error.code == "submit.unknown":
            journal.unknown(attempt.id, error.message)
        elif isinstance(error, ProviderError) and (error.kind == "rate" or error.unsent):
            journal.postponed(attempt.id, error.message)
        else:
            journal.failed(attempt.id, error.message)
        raise
    except BaseException as error:
        cause = " ".join(f"{type(error).__name__}: {error}".split())[:400]
        journal.unknown(attempt.id, cause)
        if not isinstance(error, Exception):
            raise
        text = (
            f"the engine {buy.engine.name} failed while it sent take {attempt.take} of {attempt.shot}, so whether that was"
            f" accepted is not known: {cause}"
        )
        raise ProcessingError("submit.unknown", text, where=attempt.shot) from error
    try:
        return journal.submitted(attempt.id, job_id)
    except VidgenError as error:
        error.message += f"; {buy.engine.name} has accepted take {attempt.take} of {attempt.shot} as job {job_id}"
        error.hint = f"{error.hint}; then {buy.commands.found(attempt.id, job_id)}"
        raise


async def _heard(buy: Purchase, work: Awaitable[T]) -> T:
    """Wait for what may be broken off without loss; a wish to stop breaks it off."""
    task = asyncio.ensure_future(work)
    while not task.done():
        await asyncio.wait({task}, timeout=TICK_S)
        if buy.stop.is_set() and not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise Cancelled()
    return task.result()


async def _finish(buy: Purchase, attempt: Attempt, job: Job) -> Take:
    """Fetch what a job that ended has made and put it into the store."""
    if job.state == "failed":
        buy.journal.failed(attempt.id, job.error or "no reason given", actual_usd=job.cost_usd)
        raise _job_failed(buy, job)
    try:
        take, cost_usd = await _fetched(buy, attempt, job)
    except ProcessingError as error:
        if error.code in UNDELIVERED:
            buy.journal.undelivered(attempt.id, error.message)
            error.hint = buy.commands.settle_result(attempt)
        raise
    buy.journal.done(attempt.id, sha256=take.sha256, actual_usd=cost_usd)
    return take


async def _fetched(buy: Purchase, attempt: Attempt, job: Job) -> tuple[Take, float | None]:
    """What a job has made, in the store, and what it cost by the provider's own figure."""
    part = buy.store.part_for(buy.take_key)
    try:
        generated = await _heard(buy, buy.engine.fetch(job, buy.wanted, part))
        paid = generated
        if generated.cost_usd is None and attempt.estimated_usd is not None:
            paid = replace(generated, cost_usd=attempt.estimated_usd, cost_basis="list")
        order = attempt.order or buy.shot.order
        take = await asyncio.to_thread(buy.store.put, part, buy.wanted, paid, request_key=buy.shot.key, order=order)
    finally:
        part.unlink(missing_ok=True)
    buy.notices.extend(Notice.of_engine(code, message, buy.wanted.request.shot) for code, message in generated.notices)
    return take, generated.cost_usd


def _job_failed(buy: Purchase, job: Job) -> ProcessingError:
    """Why there is no take: by its kind where the provider says it, so that code and hint fit."""
    told = job.error or "no reason given"
    if job.kind in get_args(Kind):
        error: ProcessingError = ProviderError(cast(Kind, job.kind), buy.engine.name, told)
        error.message = f"take {buy.wanted.take} of {buy.wanted.request.shot}: {error.message}"
        error.where = buy.wanted.request.shot
        return error
    return ProcessingError(
        "generation.failed",
        f"take {buy.wanted.take} of {buy.wanted.request.shot}: {buy.engine.name} says: {told}",
        hint="change the shot, or choose another engine; what was made is kept",
        where=buy.wanted.request.shot,
    )


async def _wait(buy: Purchase, attempt: Attempt) -> Job:
    """Poll until the job ends. Missing answers in between do not matter; what is paid for stays open in the journal."""
    assert attempt.job_id is not None
    until = time.monotonic() + buy.engine.deadline_s
    blips = 0
    while True:
        if buy.stop.is_set():
            raise Cancelled()
        try:
            job = await _heard(buy, buy.engine.poll(attempt.job_id))
        except ProviderError as error:
            blips += 1
            pause_s = error.retry_after_s or min(buy.interval_s * blips, LONGEST_PAUSE_S)
            if error.kind not in ("provider_fault", "rate") or blips > BLIPS or time.monotonic() + pause_s > until:
                raise
            await _pause(buy, pause_s, error.message)
            continue
        blips = 0
        if job.state in ("succeeded", "failed"):
            return job
        if job.progress is not None:
            buy.progress(job.progress)
        if time.monotonic() > until:
            raise ProviderError("timeout", buy.engine.name, f"job {attempt.job_id} is still {job.state}")
        await _pause(buy, buy.interval_s)


async def _pause(buy: Purchase, seconds: float, why: str = "") -> None:
    """Wait, a little longer for some takes so that they do not ask all at once; ends early, with Cancelled, when the user wants
    to stop.
    """
    if seconds >= TOLD_FROM_S and why:
        buy.waiting(seconds, why)
    until = time.monotonic() + seconds * random.uniform(1.0, 1.15)
    while (left := until - time.monotonic()) > 0:
        if buy.stop.is_set():
            raise Cancelled()
        await asyncio.sleep(min(left, TICK_S))
