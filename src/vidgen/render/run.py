"""What all that works on one run shares."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vidgen.engines.base import Composed, Engine
from vidgen.errors import Cancelled, Notice, VidgenError
from vidgen.planning.plan import EngineShot
from vidgen.render.capacity import Capacity
from vidgen.render.events import Listener, silent
from vidgen.render.failures import shown
from vidgen.render.project import Workspace
from vidgen.render.stopping import Stop
from vidgen.takes.journal import Journal
from vidgen.takes.request import Order, Take, TakeRequest
from vidgen.takes.store import TakeStore

PROGRESS_EVERY_S = 0.25
"""Progress events of one take come no faster than this."""


@dataclass
class Run:
    """One run over a project.

    Args:
        capacity: how many takes its engines make at once.
        regenerate: ids of shots whose takes are made anew, with new seeds.
        limit_usd: the most that it may spend; None: no limit.
        composed: the create requests that were composed before consent, by take key and order; what is sent is taken out.
        notices: what there is to say, in the order in which it was found.
        nodes: the cluster's node that has made a take, by shot and number.
    """

    space: Workspace
    engines: Mapping[str, Engine]
    capacity: Capacity
    listener: Listener = silent
    regenerate: frozenset[str] = frozenset()
    limit_usd: float | None = None
    composed: dict[tuple[str, Order], Composed] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    nodes: dict[tuple[str, int], str] = field(default_factory=dict)
    stop: Stop = field(default_factory=Stop)
    _said: set[Notice] = field(default_factory=set)

    @property
    def store(self) -> TakeStore:
        """The project's takes. Only a project that is open for writing has a store for certain."""
        if self.space.store is None:
            raise RuntimeError("the project is open for reading alone")
        return self.space.store

    @property
    def journal(self) -> Journal:
        """The project's journal, likewise."""
        if self.space.journal is None:
            raise RuntimeError("the project is open for reading alone")
        return self.space.journal

    @property
    def spent_usd(self) -> float | None:
        """US dollars that this run has spent: the provider's figures, else the estimate; None where a price is not known."""
        journal, run = self.space.journal, self.space.run_id
        return 0.0 if journal is None else None if journal.unpriced(run) else round(journal.spent(run), 6)

    def makes_anew(self, shot: EngineShot) -> bool:
        """Whether a person asked for new takes of the shot."""
        return bool({shot.id, shot.parent} & self.regenerate)

    def add_notices(self, notices: Iterable[Notice]) -> None:
        """Keep what there is to say, and what the store has found by now."""
        self.notices += notices
        if store := self.space.store:
            self.notices += store.notices
            store.notices = []

    def new_notices(self) -> list[Notice]:
        """What there is to say since the last call."""
        fresh = [notice for notice in dict.fromkeys(self.notices) if notice not in self._said]
        self._said.update(fresh)
        return fresh

    def report_started(self, shot: EngineShot, takes: Sequence[TakeRequest], node: str | None = None) -> None:
        """Tell that takes are being made, and on which of a cluster's nodes."""
        where = {"node": node} if node else {}
        for take in takes:
            self.listener("take.started", shot=shot.id, take=take.take, engine=shot.engine, seed=take.seed, **where)

    def report(self, shot: EngineShot, number: int, result: Take | VidgenError) -> Take | VidgenError:
        """Tell what came of a take, and pass it on."""
        if isinstance(result, Take):
            self.listener("take.done", shot=shot.id, take=number, file=str(result.file), **result.cost)
        elif not isinstance(result, Cancelled):
            self.listener("take.failed", shot=shot.id, take=number, code=result.code, message=shown(result).message)
        return result

    def progress(self, shot: EngineShot, numbers: Sequence[int]) -> Callable[[float], None]:
        """What an engine calls with the share of its work that is done (0 to 1)."""
        last = 0.0

        def on_progress(share: float) -> None:
            nonlocal last
            if time.monotonic() - last < PROGRESS_EVERY_S:
                return
            last = time.monotonic()
            for number in numbers:
                self.listener("take.progress", shot=shot.id, take=number, share=round(share, 4))

        return on_progress
