"""Takes that were paid for and are lost here: fetched once more from their provider, before anything is bought."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidgen.engines.cloud.failures import ProviderError, is_gone
from vidgen.engines.registry import Engines
from vidgen.errors import Cancelled, Notice, VidgenError
from vidgen.planning.plan import GeneratedShot, Plan
from vidgen.render.project import root_of
from vidgen.render.resolved import ResolvedShot, resolve, why_new
from vidgen.takes.budget import price_text
from vidgen.takes.journal import Attempt, Journal
from vidgen.takes.keys import earlier_key, request_key
from vidgen.takes.store import TakeStore

if TYPE_CHECKING:
    from vidgen.render.runners.remote import RemoteRunner

FOR_GOOD = frozenset({"result.expired", "provider.bad_result", "media.bad_output", "generation.failed", "generation.moderated"})
"""Errors by which a provider says that the result of a job that had ended well can be had no more. All others may pass."""


@dataclass(frozen=True)
class Owed:
    """A take that was bought and is lost here: the attempt that it was bought with, why it is not at hand, and what it would
    cost to buy it anew (US dollars; None: not known).
    """

    attempt: Attempt
    damage: str
    price_usd: float | None

    @property
    def fetching(self) -> Notice:
        """What to say before it is fetched."""
        fetched = f"a render fetches it again from {self.attempt.engine} (job {self.attempt.job_id}), at no cost"
        text = f"{self.damage}; {fetched}, or asks for {price_text(self.price_usd)} to buy it anew"
        return Notice("take.fetched_again", text, self.attempt.shot)

    @property
    def fetched(self) -> Notice:
        """What to say once it is here."""
        attempt = self.attempt
        text = f"take {attempt.take} was fetched again from {attempt.engine} (job {attempt.job_id}), at no cost"
        return Notice("take.fetched_again", text, attempt.shot)


async def fetch_all(owed: Iterable[tuple[RemoteRunner, ResolvedShot, int, Owed]], gone: dict[str, str]) -> list[Notice]:
    """Fetch takes again; what can be had no more is added to ``gone``, by take key, with the reason. What fails for now stays
    owed. Returns what there is to say.
    """

    async def one(runner: RemoteRunner, shot: ResolvedShot, number: int, take: Owed) -> Notice | None:
        try:
            await runner.fetch_again(shot, number, take.attempt)
        except Cancelled:
            raise
        except VidgenError as error:
            if is_for_good(error):
                gone[take.attempt.take_key] = error.message
            return None
        runner.run.journal.note("fetched_again", take.fetched.message, take_key=take.attempt.take_key)
        return take.fetched

    results = await asyncio.gather(*(one(*each) for each in owed))
    return [notice for notice in results if notice]


def is_for_good(error: VidgenError) -> bool:
    """Whether a provider can give the result of a job no more."""
    return error.code in FOR_GOOD or (isinstance(error, ProviderError) and is_gone(error))


def stored_troubles(plan: Plan, board: Path, work: Path | None, engines: Engines) -> list[Notice]:
    """What is damaged or gone of the plan's takes that were paid for, as far as can be seen without reading clips, and which
    stored takes do not cover their shots any more. Writes nothing.
    """
    root = root_of(board, work)
    if not (root / "journal.db").is_file():
        return []
    try:
        journal = Journal(root)
        store = TakeStore(root, journal=journal, look_only=True)
        newest: dict[str, Attempt] = {}
        for attempt in journal.attempts():
            if attempt.state == "done":
                newest.setdefault(attempt.take_key, attempt)
        shots = {shot.id: shot for shot in plan.generated}
        found = [(attempt, store.trouble(attempt)) for attempt in newest.values() if attempt.shot in shots]
        troubles = [
            Notice("take.corrupt", f"take {attempt.take}, bought from {attempt.engine}: {trouble}", attempt.shot)
            for attempt, trouble in found
            if trouble and _asks_for(shots[attempt.shot], attempt)
        ]
        return [*troubles, *_not_covering(shots.values(), store, engines)]
    except VidgenError as error:
        return [Notice("take.not_checked", f"the stored takes could not be looked at: {error.message}")]


def _not_covering(shots: Iterable[GeneratedShot], store: TakeStore, engines: Engines) -> Iterator[Notice]:
    """Stored takes that are too short, or of another size or rate than would be ordered now; of shots that continue none."""
    for shot in shots:
        if shot.continues or shot.engine not in engines:
            continue
        try:
            resolved = resolve(shot, shot.request, engines.get(shot.engine))
        except VidgenError:  # a model or a file that is not here: said where it is needed
            continue
        whys = (why_new(resolved, number, store) for number in range(1, shot.candidates + 1))
        yield from (Notice("take.not_covering", why, shot.id) for why in dict.fromkeys(whys) if why)


def _asks_for(shot: GeneratedShot, attempt: Attempt) -> bool:
    """Whether the shot is still the one that the attempt was made for, as far as that can be told before a take is picked."""
    return shot.continues is not None or attempt.request_key in (request_key(shot.request), earlier_key(shot.request))
