"""Sends the one create request of a take. The journal knows before and after, so that nothing is ever sent twice by itself.

What was surely refused for now is sent again after a pause.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from vidgen.engines.base import Composed, RemoteEngine, Send
from vidgen.engines.cloud.failures import ProviderError
from vidgen.errors import Notice, ProcessingError, VidgenError
from vidgen.render.resolved import ResolvedShot
from vidgen.render.run import Run
from vidgen.render.runners.waiting import cancellable, pause
from vidgen.settings import settings
from vidgen.takes.journal import Attempt
from vidgen.takes.request import TakeRequest

RATE_TRIES = 40
"""How often a request is sent that the provider turns away for now."""
CONNECT_TRIES = 6
"""How often a request is sent that could not leave, because there was no connection."""
WAIT_S = 3600.0
"""How long a run waits for a provider that turns a request away for now; one that asks for longer is left at once."""
LONGEST_PAUSE_S = 60.0
"""The longest pause of our own choice; one that a provider asks for is kept as it is."""
REPORTED_FROM_S = 5.0
"""Pauses of this length are reported."""


@dataclass(frozen=True)
class Purchase:
    """One take to be had from a provider. ``anew``: a person asked for new takes, so that a result which the provider has lost
    may be bought once more.
    """

    shot: ResolvedShot
    take: TakeRequest
    anew: bool

    @property
    def key(self) -> str:
        """Key of this very take."""
        return self.shot.take_key(self.take.take)

    @property
    def keys(self) -> tuple[str, str]:
        """The same, and what vidgen up to 0.1 called it."""
        return self.key, self.shot.earlier_take_key(self.take.take)


async def wait_for_provider(run: Run, purchase: Purchase, seconds: float, reason: str = "") -> None:
    """Wait before the provider is asked again; a wait that a person would wonder about is reported with its ``reason``."""
    if seconds >= REPORTED_FROM_S and reason:
        shot, take = purchase.shot.planned.id, purchase.take.take
        run.listener("take.waiting", shot=shot, take=take, seconds=round(seconds, 1), why=reason)
    await pause(seconds, run.stop.event)


@dataclass
class Submission:
    """Submits one take to one engine."""

    engine: RemoteEngine
    run: Run
    purchase: Purchase

    async def submit(self) -> Attempt:
        """Reserve the price and send, again and again while the provider turns it away for now. An unclear answer is journaled
        as unknown and never sent again by itself. Raises what the provider says.
        """
        attempt = self._reserve()
        send: Send | None = None
        until = time.monotonic() + WAIT_S
        for number in range(1, RATE_TRIES + 1):
            try:
                send = send or await self._ready(attempt)
                return await self._send(attempt, send)
            except ProviderError as error:
                if error.kind != "rate" and not error.unsent:
                    raise
                try:
                    pause_s = error.retry_after_s or min(self._interval_s * 2 ** min(number, 6), LONGEST_PAUSE_S)
                    over = number == (CONNECT_TRIES if error.unsent else RATE_TRIES) or time.monotonic() + pause_s > until
                    if over or error.lasting:
                        raise _not_waited_for(error, pause_s) if over and error.retry_after_s else error
                    await wait_for_provider(self.run, self.purchase, pause_s, error.message)
                except VidgenError as given_up:
                    self.run.journal.failed(attempt.id, f"never accepted: {given_up.message}")
                    raise
        raise AssertionError("unreachable")

    @property
    def _interval_s(self) -> float:
        return settings().poll_interval(self.engine.poll_interval_s)

    def _reserve(self) -> Attempt:
        purchase = self.purchase
        return self.run.journal.reserve(
            purchase.take,
            request_key=purchase.shot.key,
            run_id=self.run.space.run_id,
            estimated_usd=purchase.shot.take_usd,
            order=purchase.shot.order,
            earlier_key=purchase.keys[1],
            limit_usd=self.run.limit_usd,
            again=purchase.anew,
        )

    async def _ready(self, attempt: Attempt) -> Send:
        """Everything of the submission that costs nothing. What breaks here was surely not sent: nothing stays reserved."""
        try:
            composed = self.run.composed.pop((self.purchase.key, self.purchase.shot.order), None) or await self._composed()
            ready = self.engine.ready(composed, reference=attempt.reference)
            return await cancellable(ready, self.run.stop.event)
        except BaseException as error:
            if not isinstance(error, ProviderError) or not (error.kind == "rate" or error.unsent):
                cause = error if isinstance(error, VidgenError) else type(error).__name__
                self.run.journal.failed(attempt.id, f"never sent: {cause}")
            raise

    async def _composed(self) -> Composed:
        """The create request of a take that continues one which was made in this very run."""
        take = self.purchase.take
        composed = await asyncio.to_thread(self.engine.compose, take)
        self.run.notices += [Notice.of_engine(code, message, take.request.shot) for code, message in composed.notices]
        return composed

    async def _send(self, attempt: Attempt, send: Send) -> Attempt:
        """Send the create request once."""
        journal = self.run.journal
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
                f"the engine {self.engine.name} failed while it sent take {attempt.take} of {attempt.shot}, so whether that"
                f" was accepted is not known: {cause}"
            )
            raise ProcessingError("submit.unknown", text, where=attempt.shot) from error
        try:
            return journal.submitted(attempt.id, job_id)
        except VidgenError as error:
            error.message += f"; {self.engine.name} has accepted take {attempt.take} of {attempt.shot} as job {job_id}"
            error.hint = f"{error.hint}; then {self.run.space.commands.found(attempt.id, job_id)}"
            raise


def _not_waited_for(error: ProviderError, pause_s: float) -> ProviderError:
    """The same, with the time from which on it makes sense to try again."""
    again = datetime.now().astimezone() + timedelta(seconds=pause_s)
    error.hint = f"run the same command again after {again:%Y-%m-%d %H:%M}, when it takes requests again; nothing is lost"
    return error
