"""Makes the takes of a plan: finds those that are at hand, makes the rest in the right order, and picks one per shot."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from vidgen.cluster.demands import amount_of
from vidgen.config import config
from vidgen.engines.base import Engine, LocalEngine, RemoteEngine
from vidgen.errors import Cancelled, Notice, ProcessingError, VidgenError
from vidgen.media.os_errors import fault_of
from vidgen.planning.plan import EngineShot, GeneratedShot, PlannedShot, UserClip
from vidgen.render.bars import Bars
from vidgen.render.capacity import Capacity
from vidgen.render.choosing import Chooser
from vidgen.render.events import Listener, silent
from vidgen.render.failures import close_engine, worst
from vidgen.render.film_continuity import FilmContinuity
from vidgen.render.made import MadeShot, Survey
from vidgen.render.preflight import preflight_shots
from vidgen.render.project import Workspace
from vidgen.render.recovery import fetch_all
from vidgen.render.resolved import ResolvedShot, Resolver
from vidgen.render.rounds import Rounds
from vidgen.render.run import Run
from vidgen.render.runners import Runner
from vidgen.render.runners.local import LocalRunner
from vidgen.render.runners.remote import UNDELIVERED, RemoteRunner
from vidgen.render.sequence import choose_in_sequence
from vidgen.render.spending import Allowance, Bill
from vidgen.render.survey import Surveyor
from vidgen.render.take_lookup import FoundTakes, TakeLookup
from vidgen.render.take_scores import with_own_weights
from vidgen.render.trimming import trimmed
from vidgen.scoring.scorers import Scorers
from vidgen.storyboard.model import Score
from vidgen.takes.request import ShotRequest, Take

if TYPE_CHECKING:
    from vidgen.cluster.client import Cluster

DEFAULT_JOBS = min(4, os.cpu_count() or 1)


@dataclass
class ShotMaker:
    """Makes takes for ``shots`` (in film order, with every shot that they continue).

    Args:
        regenerate: ids of shots whose takes are made anew, with new seeds; the old ones stay in the store.
        jobs: how many takes are made on this machine at once.
        score: the storyboard's rules for judging takes.
        continuity: compares shots with each other; None where they are no film.
        cluster: makes the takes of engines that compute; None: this machine does.
        only: of some shots, by id, the one take that is wanted.
    """

    shots: tuple[PlannedShot, ...]
    engines: Mapping[str, Engine]
    space: Workspace
    regenerate: frozenset[str] = frozenset()
    listener: Listener = silent
    jobs: int | None = None
    score: Score | None = None
    continuity: FilmContinuity | None = None
    cluster: Cluster | None = None
    only: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._threads = self.jobs or DEFAULT_JOBS
        capacity = Capacity(self.engines, self._threads)
        self.run = Run(self.space, self.engines, capacity, self.listener, self.regenerate)
        floor = self.score is not None and self.score.floor is not None
        self._lookup = TakeLookup(self.space, self.engines, self.regenerate, floor, self.only)
        self._resolver = Resolver(self.engines)
        self._scorers = scorers = Scorers(self.space.root / "scores", warn=lambda notice: self.run.add_notices([notice]))
        continued = frozenset(shot.continues for shot in self.shots if isinstance(shot, GeneratedShot) and shot.continues)
        bars = Bars(with_own_weights(self.score), self.space.root / "scores", scorers, continued)
        self._chooser = Chooser(self.run, bars, self._lookup.unpinned)
        self._surveyor = Surveyor(self.shots, self.run, self._lookup, self._resolver, self._chooser)
        self._missing: set[str] | None = None
        self._bill = Bill(())
        self._rounds = Rounds(bars, self.run, Allowance(None, self._bill))
        self._made: dict[str, asyncio.Future[MadeShot]] = {}
        self._runners: dict[str, Runner] = {}
        self._ending = ExitStack()
        self._alike: dict[str, asyncio.Lock] = {}

    def survey(self) -> Survey:
        """Look at what is there. Makes nothing; what it finds damaged is set aside, and records that it can mend are mended."""
        found = self._surveyor.survey()
        self._missing = {shot.planned.id for shot in found.shots if shot.missing or shot.may_grow}
        self._bill = found.bill
        return found

    @property
    def owed(self) -> bool:
        """Whether takes are lost here that were paid for and may be had again at no cost, as the last survey found."""
        return bool(self._surveyor.owed)

    @property
    def unpinned(self) -> Set[str]:
        """Shots that lose a person's pick, since its take is lost and new ones were asked for."""
        return self._lookup.unpinned

    async def fetch_lost(self) -> None:
        """Fetch again, at no cost, what was paid for and is lost here."""
        with self.run.stop.listening(asyncio.get_running_loop()):
            self.run.notices += await fetch_all(
                [(self._remote(shot), shot, number, owed) for shot, number, owed in self._surveyor.owed.values()],
                self._lookup.gone,
            )
        self.run.add_notices(self._lookup.take_notices())
        self.run.stop.check()

    def preflight(self, survey: Survey) -> list[Notice]:
        """Options of missing shots that are left out or approximated. Raises InputError where a provider would refuse a shot.
        What is composed here is what is sent.
        """
        self.run.composed, notices = preflight_shots(survey.shots, self.engines)
        return notices

    async def make(self, limit_usd: float | None, *, judging_usd: float | None = None) -> list[MadeShot]:
        """Make what is missing and pick. ``limit_usd``: most that this run may spend on takes; ``judging_usd``: on judging
        them, where the configuration allows more.

        A shot that fails does not stop the others; the first failure is raised at the end, with all that was made kept.
        """
        self.run.limit_usd = limit_usd
        self._rounds = replace(self._rounds, allowance=Allowance(limit_usd, self._bill))
        self._scorers.limit_usd = min(config().score.max_cost, math.inf if judging_usd is None else judging_usd)
        loop = asyncio.get_running_loop()
        self._made = {planned.id: loop.create_future() for planned in self.shots}
        local = [engine for engine in self.engines.values() if isinstance(engine, LocalEngine)]
        threads = self._threads + 2 + sum(engine.at_once or 0 for engine in local)
        with self.run.stop.listening(loop), ThreadPoolExecutor(threads, "take") as pool, self._ending:
            loop.set_default_executor(pool)
            done = await asyncio.gather(*(self._shot(planned) for planned in self.shots), return_exceptions=True)
            made = [result for result in done if isinstance(result, MadeShot)]
            if len(made) == len(self.shots) and not self.run.stop.event.is_set():
                await asyncio.to_thread(self._look_over_film, made)
                await asyncio.to_thread(self._choose_in_sequence, made)
            closed = await asyncio.gather(*map(close_engine, self.engines.values()))
        self.run.add_notices([*(notice for notice in closed if notice), *self._lookup.take_notices()])
        self.run.stop.check()
        if failures := [result for result in done if isinstance(result, BaseException)]:
            raise worst(failures)
        return made

    def _choose_in_sequence(self, made: Sequence[MadeShot]) -> None:
        """Choose over the film, where all of it is here: parts of a film have other neighbours."""
        if self.space.shots <= {shot.planned.id for shot in made}:
            for shot in choose_in_sequence(made, self.space.root / "scores"):
                assert shot.picked is not None
                self.listener("shot.joined", shot=shot.planned.id, take=shot.picked.take, why=shot.joined)

    def _look_over_film(self, made: Sequence[MadeShot]) -> None:
        """Judge again what is compared with other shots, where all of the film is here: parts of it have other neighbours."""
        if self.continuity and self.space.shots <= {shot.planned.id for shot in made}:
            continued = {shot.planned.continues for shot in made}
            again = partial(self._choose_again, continued=continued)
            self.run.add_notices(self.continuity.go_over(made, self._scorers, again))
        if spent := self._scorers.spent_usd:
            self.run.add_notices([Notice("score.spent", f"judging takes has cost {spent:.4f} USD")])

    def _choose_again(self, shot: MadeShot, *, continued: Set[str | None]) -> None:
        """Choose anew by all that is known now; a take that another shot goes on from stays."""
        assert shot.resolved is not None  # it was judged
        picked = shot.picked
        self._chooser.choose(shot, shot.resolved, fresh=not shot.reused)
        if shot.planned.id in continued:
            shot.picked = picked

    async def _shot(self, planned: PlannedShot) -> MadeShot:
        """The shot, for whoever waits for it; whatever goes wrong is an error that names it."""
        future = self._made[planned.id]
        try:
            shot = MadeShot(planned, picked_by="clip") if isinstance(planned, UserClip) else await self._made_shot(planned)
        except BaseException as error:
            future.set_exception(error)
            future.exception()
            raise
        future.set_result(shot)
        picked = shot.picked.take if shot.picked else None
        self.listener("shot.picked", shot=planned.id, take=picked, by=shot.picked_by, made=shot.missing)
        return shot

    async def _made_shot(self, planned: EngineShot) -> MadeShot:
        try:
            return await self._make_shot(planned)
        except VidgenError:
            raise
        except Exception as error:
            raise fault_of(f"shot {planned.id}", error, where=planned.id) from error
        finally:
            self.run.capacity.gone(planned)

    async def _make_shot(self, planned: EngineShot) -> MadeShot:
        parent = await self._parent(planned)
        opening = await asyncio.to_thread(parent.opening, planned) if parent else None
        shot = await asyncio.to_thread(self._resolver.resolve, planned, opening)
        found = await asyncio.to_thread(self._lookup.takes_for, shot)
        self.listener("shot.started", shot=planned.id, engine=planned.engine, takes=len(found.numbers))
        async with self._alike.setdefault(shot.key, asyncio.Lock()):  # shots that ask for the same: the second finds its takes
            results = await self._takes(shot, found)
        spare = self._rounds.spare(shot, found, results)
        takes = [take for take in results.values() if isinstance(take, Take)]
        failed = [error for error in results.values() if isinstance(error, VidgenError)]
        self.run.stop.check()
        if failed and not takes:
            raise worst(failed)
        rejected = [error for error in failed if error.code != "take.rejected"]
        self.run.notices += [Notice("take.failed", _why(error), planned.id) for error in rejected]
        fresh = [take for take in takes if not take.reused]
        made = MadeShot(planned, shot, tuple(takes), missing=len(fresh), reused=not fresh, spare=spare)
        return await asyncio.to_thread(self._chooser.choose, made, shot, fresh=bool(fresh))

    async def _takes(self, shot: ResolvedShot, found: FoundTakes) -> dict[int, Take | VidgenError]:
        """What is at hand, and what came of the rest, by number. A rejected take is neither made again nor a failure."""
        results: dict[int, Take | VidgenError] = {**await asyncio.to_thread(self._at_hand, shot, found)}
        for number in results:
            self.listener("take.reused", shot=shot.planned.id, take=number)
        engine = self.engines[shot.planned.engine]
        together = isinstance(engine, LocalEngine) and engine.together
        while (turn := await asyncio.to_thread(self._rounds.next, shot, found, results, together=together)).numbers:
            made = await self._runner(shot.planned.engine).make(turn.shot, turn.numbers)
            taken = (trimmed(one, shot.planned) if isinstance(one, Take) else one for one in made)
            results |= dict(zip(turn.numbers, taken, strict=True))
            self.run.stop.check()
        return dict(sorted(results.items()))

    def _at_hand(self, shot: ResolvedShot, found: FoundTakes) -> dict[int, Take]:
        numbers = (*found.numbers, *found.more)
        return {number: take for number in numbers if (take := self._lookup.find(shot, number))}

    async def _parent(self, planned: EngineShot) -> MadeShot | None:
        if planned.continues is None or planned.continues not in self._made:
            return None
        try:
            return await asyncio.shield(self._made[planned.continues])
        except Cancelled:
            raise
        except VidgenError as error:
            raise ProcessingError(
                "shot.parent_failed",
                f"{planned.id} continues {planned.continues}, which failed: {error.message}",
                hint=error.hint,
                where=planned.id,
            ) from error

    def _runner(self, name: str) -> Runner:
        """The runner of an engine."""
        if name not in self._runners:
            engine = self.engines[name]
            if isinstance(engine, RemoteEngine):
                self._runners[name] = RemoteRunner(engine, self.run, self._lookup.paid)
            elif isinstance(engine, LocalEngine) and self.cluster:
                from vidgen.render.runners.cluster import FEW, ClusterRunner

                after = self._amounts_after
                few = self._missing is not None and len(self._missing) < FEW * self.cluster.devices
                self._runners[name] = ClusterRunner(
                    engine, self.run, (), self._followers, cluster=self.cluster, after=after, apart=few
                )
            elif isinstance(engine, LocalEngine):
                self._runners[name] = self._local_runner(name, engine)
            else:
                raise TypeError(f"{name} is neither a LocalEngine nor a RemoteEngine")
        return self._runners[name]

    def _local_runner(self, name: str, engine: LocalEngine) -> LocalRunner:
        from vidgen.render.runners.processes import Processes, ProcessRunner, processes_pay

        missing = list(self._missing_of(name))
        about = (engine, self.run, [request for request, _ in missing], self._followers)
        if not processes_pay(engine, missing):
            return LocalRunner(*about)
        return ProcessRunner(*about, processes=self._ending.enter_context(Processes()))

    def _remote(self, shot: ResolvedShot) -> RemoteRunner:
        runner = self._runner(shot.planned.engine)
        assert isinstance(runner, RemoteRunner)  # only what was bought is owed
        return runner

    def _missing_of(self, engine: str) -> Iterator[tuple[ShotRequest, int]]:
        """Every request that an engine is still to make, as far as it is known before the first take, and for how many takes
        at most.
        """
        for planned in self.shots:
            missing = self._missing is None or planned.id in self._missing
            if missing and not isinstance(planned, UserClip) and planned.engine == engine:
                yield planned.request, planned.candidates if isinstance(planned, GeneratedShot) else 1

    def _followers(self, planned: EngineShot) -> Iterator[str]:
        """The shots that can be made once this one is, by the same model."""
        for shot in self.shots:
            same = (shot.continues, shot.engine, shot.model) == (planned.id, planned.engine, planned.model)
            if same and (self._missing is None or shot.id in self._missing) and not self._made[shot.id].done():
                yield shot.id

    @cached_property
    def _amounts_after(self) -> Mapping[str, float]:
        """For each shot how much there is to make in the longest chain of shots that goes on from its end."""
        after = {shot.id: 0.0 for shot in self.shots}
        for shot in reversed(self.shots):  # who continues a shot comes after it
            if isinstance(shot, GeneratedShot) and shot.continues in after:
                own = amount_of(shot.request) * shot.candidates
                after[shot.continues] = max(after[shot.continues], own + after[shot.id])
        return after


def take_stock(
    maker: ShotMaker, runner: asyncio.Runner, warn: Callable[[Iterable[Notice]], None], *, fetch: bool = True
) -> Survey:
    """What is at hand and what is to be made or bought, once everything was fetched again that was paid for and is lost here.
    ``warn`` is called with what a person should know before money is spent. ``fetch``: False only to look.
    """
    survey = maker.survey()
    warn(maker.run.new_notices())
    if fetch and maker.owed:
        runner.run(maker.fetch_lost())
        survey = maker.survey()
        warn(maker.run.new_notices())
    return survey


def _why(error: VidgenError) -> str:
    """Why a take failed; where money hangs on it, with what to do."""
    return f"{error.message}; {error.hint}" if error.code in {"submit.unknown", *UNDELIVERED} else error.message
