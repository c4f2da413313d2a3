"""Drives a remote engine over the journal, so that a crash between any two steps never buys a take twice."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable

from vidgen.engines.base import Job, RemoteEngine
from vidgen.errors import Cancelled, ProcessingError, VidgenError
from vidgen.takes.journal import Attempt, Journal
from vidgen.takes.keys import seeded_key
from vidgen.takes.request import Take, TakeRequest
from vidgen.takes.store import TakeStore


async def run_remote(
    engine: RemoteEngine,
    wanted: TakeRequest,
    key: str,
    store: TakeStore,
    journal: Journal,
    *,
    run_id: str,
    price_usd: float | None,
    limit_usd: float | None,
    progress: Callable[[float], None],
    stop: threading.Event,
) -> Take:
    """One take from a provider: go on with an open job, or reserve its price, send it once, and wait for it.

    An unclear answer to the create request is journaled as unknown and never sent again by itself.
    """
    attempt = journal.open_job(seeded_key(key, wanted.seed))
    if attempt:
        attempt = journal.resume(attempt.id, run_id)
    else:
        attempt = await _submit(engine, wanted, key, journal, run_id=run_id, price_usd=price_usd, limit_usd=limit_usd)
    assert attempt.job_id is not None
    job = await _wait(engine, attempt, progress, stop)
    if job.state == "failed":
        journal.failed(attempt.id, job.error or "no reason given")
        raise ProcessingError(
            "generation.failed",
            f"take {wanted.take} of {wanted.request.shot}: {engine.name} says: {job.error or 'no reason given'}",
            hint="change the shot, or choose another engine; what was made is kept",
            where=wanted.request.shot,
        )
    part = store.part_for(seeded_key(key, wanted.seed))
    try:
        generated = await engine.fetch(job, wanted, part)
        take = await asyncio.to_thread(store.put, part, wanted, generated, request_key=key)
    finally:
        part.unlink(missing_ok=True)
    journal.done(attempt.id, sha256=take.sha256, actual_usd=generated.cost_usd)
    return take


async def _submit(
    engine: RemoteEngine,
    wanted: TakeRequest,
    key: str,
    journal: Journal,
    *,
    run_id: str,
    price_usd: float | None,
    limit_usd: float | None,
) -> Attempt:
    attempt = journal.reserve(wanted, request_key=key, run_id=run_id, estimated_usd=price_usd, limit_usd=limit_usd)
    attempt = journal.begin(attempt.id)
    try:
        job_id = await engine.submit(wanted, reference=attempt.reference)
    except VidgenError as error:
        if error.code == "submit.unknown":
            journal.unknown(attempt.id, error.message)
        else:
            journal.failed(attempt.id, error.message)
        raise
    except Exception as error:
        journal.unknown(attempt.id, f"{type(error).__name__}: {error}")
        raise
    return journal.submitted(attempt.id, job_id)


async def _wait(engine: RemoteEngine, attempt: Attempt, progress: Callable[[float], None], stop: threading.Event) -> Job:
    interval = float(os.environ.get("VIDGEN_POLL_INTERVAL") or engine.poll_interval_s)
    assert attempt.job_id is not None
    while True:
        if stop.is_set():
            raise Cancelled()
        job = await engine.poll(attempt.job_id)
        if job.state in ("succeeded", "failed"):
            return job
        if job.progress is not None:
            progress(job.progress)
        await asyncio.sleep(interval)
