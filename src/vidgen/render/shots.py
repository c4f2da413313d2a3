"""Makes the takes of a plan: finds those that are at hand, makes the rest in the right order, and picks one per shot."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

from vidgen.engines.base import Engine, LocalEngine, RemoteEngine
from vidgen.engines.guard import failure_of
from vidgen.errors import Cancelled, Notice, ProcessingError, VidgenError
from vidgen.media.os_errors import fault_of
from vidgen.planning.plan import PlannedShot
from vidgen.render.deciding import decide
from vidgen.render.events import Listener, silent
from vidgen.render.failures import close_engine, shown, worst
from vidgen.render.judge import Verdict, judge_takes
from vidgen.render.local import PROGRESS_EVERY_S, LocalMaker
from vidgen.render.machine import jobs_at_once
from vidgen.render.project import Workspace
from vidgen.render.rehearsal import rehearse_shots
from vidgen.render.remote import Purchase, run_remote
from vidgen.render.spending import Bill, BillItem
from vidgen.render.turns import Turns
from vidgen.render.wanted import Shelf
from vidgen.storyboard.model import Score
from vidgen.takes.keys import request_key, seeded_key
from vidgen.takes.lockfile import Pick
from vidgen.takes.request import ShotRequest, Take, TakeRequest

_ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
DEFAULT_JOBS = min(4, os.cpu_count() or 1)


@dataclass
class MadeShot:
    """One shot after making: its takes, the picked one, who picked it, and what the judge said.

    ``missing`` counts takes that were not at hand when the run started; ``request_key`` is None while the shot that it
    continues has no take yet; ``unseen``: the judge failed on some of its takes.
    """

    planned: PlannedShot
    request_key: str | None = None
    takes: tuple[Take, ...] = ()
    picked: Take | None = None
    picked_by: Literal["auto", "person", "clip"] = "auto"
    verdict: Verdict | None = None
    missing: int = 0
    reused: bool = False
    unseen: bool = False

    @property
    def pick(self) -> Pick | None:
        """What the lock file says of the shot; None for a user's own clip."""
        if self.request_key is None or self.picked is None or self.picked_by == "clip" or self.planned.enlarges:
            return None
        return Pick(self.request_key, self.picked.take, self.picked_by, self.picked.sha256)

    @property
    def needs_review(self) -> bool:
        """Whether a person should look: nobody picked, and even the best take has a veto or the judge could not see all."""
        return self.picked_by == "auto" and (self.unseen or (self.verdict is not None and self.verdict.needs_review))


@dataclass(frozen=True)
class Survey:
    """What is at hand and what is not, before anything is made, and what the missing takes would cost."""

    shots: tuple[MadeShot, ...]
    bill: Bill

    @property
    def estimated_usd(self) -> float | None:
        """For the missing takes, in US dollars; None where a price is not known."""
        return self.bill.estimated_usd

    @property
    def missing(self) -> int:
        """Takes to make."""
        return sum(shot.missing for shot in self.shots)

    @property
    def present(self) -> int:
        """Takes at hand."""
        return sum(len(shot.takes) for shot in self.shots)


@dataclass
class ShotMaker:
    """Makes takes for ``shots`` (in film order, with every shot that they continue).

    Args:
        regenerate: ids whose takes are made anew, with new seeds; the old ones stay in the store.
        jobs: how many takes are made on this machine at once.
        score: the storyboard's rules for judging takes.
    """

    shots: tuple[PlannedShot, ...]
    engines: Mapping[str, Engine]
    space: Workspace
    regenerate: frozenset[str] = frozenset()
    listener: Listener = silent
    jobs: int | None = None
    score: Score | None = None
    notices: list[Notice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._signal = int(signal.SIGINT)
        self._limit: float | None = None
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._places: dict[str, Turns] = {}
        self._made: dict[str, asyncio.Future[MadeShot]] = {}
        self._missing: set[str] | None = None
        self._model_keys: dict[tuple[str, str | None], str | None] = {}
        self._naming = threading.Lock()
        self._local: LocalMaker | None = None
        self._shelf = Shelf(self.space, self.regenerate)
        self._turns: dict[str, asyncio.Lock] = {}

    def survey(self) -> Survey:
        """Look at what is there. Writes nothing."""
        found: dict[str, MadeShot] = {}
        items: list[BillItem] = []
        counted: set[str] = set()
        for planned in self.shots:
            shot, new = self._surveyed(planned, found)
            found[planned.id] = shot
            fresh = set(new) - counted  # shots that ask for the same share their takes
            counted |= fresh
            if fresh:
                price = None if planned.estimated_usd is None else planned.estimated_usd / planned.candidates * len(fresh)
                items.append(BillItem(" ".join(filter(None, (planned.engine, planned.model))), len(fresh), price))
        self._missing = {shot.planned.id for shot in found.values() if shot.missing}
        self._gather_notices()
        self.notices += self._shelf.left_behind({shot.planned.id: shot.request_key or "" for shot in found.values()})
        journal = self.space.journal
        return Survey(tuple(found.values()), Bill.of(items, *(journal.spent(), journal.unpriced()) if journal else ()))

    def rehearse(self, survey: Survey) -> list[Notice]:
        """What will not be as asked of missing shots. Raises InputError where a provider would refuse one."""
        found = {shot.planned.id: shot for shot in survey.shots}

        def resolved(planned: PlannedShot) -> ShotRequest | None:
            parent = found.get(planned.continues) if planned.continues else None
            if parent and parent.picked is None and parent.picked_by != "clip":
                return None
            return self._resolved(planned, parent)[0]

        return rehearse_shots([shot.planned for shot in survey.shots if shot.missing], self.engines, resolved)

    @property
    def spent_usd(self) -> float | None:
        """US dollars that this run has spent: the provider's figures, else the estimate; None where a price is not known."""
        journal, run = self.space.journal, self.space.run_id
        return 0.0 if journal is None else None if journal.unpriced(run) else round(journal.spent(run), 6)

    async def make(self, limit_usd: float | None) -> list[MadeShot]:
        """Make what is missing and pick. ``limit_usd``: most that this run may spend.

        A shot that fails does not stop the others; the first failure is raised at the end, with all that was made kept.
        """
        self._limit = limit_usd
        loop = asyncio.get_running_loop()
        self._made = {planned.id: loop.create_future() for planned in self.shots}
        local = [engine for engine in self.engines.values() if isinstance(engine, LocalEngine)]
        threads = (self.jobs or DEFAULT_JOBS) + 2 + sum(engine.at_once or 0 for engine in local)
        with self._signals(loop), ThreadPoolExecutor(threads, "take") as pool:
            loop.set_default_executor(pool)
            self._local = self._local_maker()
            done = await asyncio.gather(*(self._shot(planned) for planned in self.shots), return_exceptions=True)
            closed = await asyncio.gather(*map(close_engine, self.engines.values()))
            self.notices += [notice for notice in closed if notice]
        self._gather_notices()
        if self._stop.is_set():
            raise Cancelled(self._signal)
        if failures := [result for result in done if isinstance(result, BaseException)]:
            raise worst(failures)
        return [result for result in done if isinstance(result, MadeShot)]

    def _surveyed(self, planned: PlannedShot, found: Mapping[str, MadeShot]) -> tuple[MadeShot, list[str]]:
        """A shot as it is at hand, and names of the takes that are neither at hand nor bought."""
        if planned.request is None:
            return MadeShot(planned, picked_by="clip"), []
        parent = found.get(planned.continues) if planned.continues else None
        if parent and parent.picked is None and parent.picked_by != "clip":
            unnamed = [f"{planned.id}/{number}" for number in range(planned.candidates)]
            return MadeShot(planned, missing=planned.candidates), unnamed
        request, key = self._resolved(planned, parent)
        wanted = self._shelf.wanted(planned, request, key)
        shot = MadeShot(planned, key, wanted.takes, missing=wanted.missing, reused=not wanted.missing)
        if not wanted.missing:
            shot = self._picked(shot, request, fresh=False)
        return shot, [seeded_key(key, request.seed_of(number)) for number in wanted.new]

    def _resolved(self, planned: PlannedShot, parent: MadeShot | None) -> tuple[ShotRequest, str]:
        """The request with the file that it continues, and its key."""
        assert planned.request is not None
        request = planned.request
        if parent:
            opening = parent.picked.file if parent.picked else parent.planned.clip
            request = planned.opened(opening) if opening else request
        engine = self.engines[planned.engine]
        named = request
        if isinstance(engine, LocalEngine):
            named = replace(request, model=self._model_key(engine, request.model))
        return request, request_key(named, draws_words=engine.draws_words, reading=engine.reading(named))

    def _model_key(self, engine: LocalEngine, model: str | None) -> str | None:
        with self._naming:
            if (engine.name, model) not in self._model_keys:
                self._model_keys[(engine.name, model)] = engine.model_key(model)
            return self._model_keys[(engine.name, model)]

    def _local_maker(self) -> LocalMaker | None:
        """What this run's local engines share: above all, every request that is still to be made."""
        if self.space.store is None:
            return None
        asked: dict[str, list[ShotRequest]] = {}
        for planned in self.shots:
            if planned.request and (self._missing is None or planned.id in self._missing):
                asked.setdefault(planned.engine, []).append(planned.request)
        return LocalMaker(self.space.store, self.listener, self.notices, self._stop.is_set, asked)

    async def _shot(self, planned: PlannedShot) -> MadeShot:
        future = self._made[planned.id]
        try:
            shot = await self._made_shot(planned)
        except BaseException as error:
            future.set_exception(error)
            future.exception()
            raise
        finally:
            if planned.engine in self._places:
                self._places[planned.engine].gone(planned.id)
        future.set_result(shot)
        picked = shot.picked.take if shot.picked else None
        self.listener("shot.picked", shot=planned.id, take=picked, by=shot.picked_by, made=shot.missing)
        return shot

    async def _made_shot(self, planned: PlannedShot) -> MadeShot:
        """The shot; whatever goes wrong is an error that names it."""
        try:
            return await self._make_shot(planned)
        except VidgenError:
            raise
        except Exception as error:
            raise fault_of(f"shot {planned.id}", error, where=planned.id) from error

    async def _make_shot(self, planned: PlannedShot) -> MadeShot:
        if planned.request is None:
            return MadeShot(planned, picked_by="clip")
        parent = await self._parent(planned)
        request, key = await asyncio.to_thread(self._resolved, planned, parent)
        wanted = await asyncio.to_thread(self._shelf.wanted, planned, request, key)
        numbers = wanted.numbers
        self.listener("shot.started", shot=planned.id, engine=planned.engine, takes=len(numbers))
        engine = self.engines[planned.engine]
        results: Sequence[Take | VidgenError]
        async with self._turns.setdefault(key, asyncio.Lock()):  # shots that ask for the same: the second finds its takes
            if isinstance(engine, LocalEngine) and engine.together:
                results = await self._takes_together(engine, planned, request, key, numbers)
            else:
                results = await asyncio.gather(*(self._take(planned, request, key, number) for number in numbers))
        takes = [take for take in results if isinstance(take, Take)]
        failed = [error for error in results if isinstance(error, VidgenError)]
        if self._stop.is_set():
            raise Cancelled(self._signal)
        if failed and not takes:
            raise worst(failed)
        self.notices += [Notice("take.failed", error.message, planned.id) for error in failed if error.code != "take.rejected"]
        fresh = [take for take in takes if not take.reused]
        shot = MadeShot(planned, key, tuple(takes), missing=len(fresh), reused=not fresh)
        return await asyncio.to_thread(self._picked, shot, request, fresh=bool(fresh))

    async def _parent(self, planned: PlannedShot) -> MadeShot | None:
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

    async def _take(self, planned: PlannedShot, request: ShotRequest, key: str, number: int) -> Take | VidgenError:
        """One take, or why there is none: whatever went wrong, the other takes go on."""
        try:
            found = await asyncio.to_thread(self._shelf.find, request, key, number)
            if found:
                self.listener("take.reused", shot=planned.id, take=number)
                return found
            made = await self._made_by(planned, TakeRequest(request, number, request.seed_of(number)), key)
        except Exception as error:
            made = failure_of(error, self.engines[planned.engine], planned.id, number)
        return self._told(planned, number, made)

    def _told(self, planned: PlannedShot, number: int, made: Take | VidgenError) -> Take | VidgenError:
        """Tell what came of a take."""
        if isinstance(made, Take):
            self.listener("take.done", shot=planned.id, take=number, file=str(made.file), **made.cost)
        elif not isinstance(made, Cancelled):
            self.listener("take.failed", shot=planned.id, take=number, code=made.code, message=shown(made).message)
        return made

    async def _made_by(self, planned: PlannedShot, wanted: TakeRequest, key: str) -> Take | VidgenError:
        engine = self.engines[planned.engine]
        store, journal = self.space.store, self.space.journal
        assert store is not None and journal is not None
        price_usd = None if planned.estimated_usd is None else planned.estimated_usd / planned.candidates

        told = 0.0

        def progress(share: float) -> None:
            nonlocal told
            if time.monotonic() - told < PROGRESS_EVERY_S:
                return
            told = time.monotonic()
            self.listener("take.progress", shot=wanted.request.shot, take=wanted.take, share=round(share, 4))

        def started() -> None:
            seed, request = wanted.seed, wanted.request
            self.listener("take.started", shot=request.shot, take=wanted.take, engine=planned.engine, seed=seed)

        def waiting(seconds: float, why: str) -> None:
            self.listener("take.waiting", shot=planned.id, take=wanted.take, seconds=round(seconds, 1), why=why)

        if isinstance(engine, RemoteEngine):
            return await run_remote(Purchase(
                engine, wanted, key, store, journal, run_id=self.space.run_id, price_usd=price_usd, limit_usd=self._limit,
                again=bool({planned.id, planned.parent} & self.regenerate), slot=self._slot(planned), started=started,
                waiting=waiting, progress=progress, stop=self._stop, notices=self.notices,
            ))  # fmt: skip
        assert isinstance(engine, LocalEngine)
        (made,) = await self._made_here(engine, planned, [wanted], key)
        return made

    async def _made_here(
        self, engine: LocalEngine, planned: PlannedShot, wanted: Sequence[TakeRequest], key: str
    ) -> list[Take | VidgenError]:
        """Takes of one shot by one call of a local engine, when it is this shot's turn."""
        assert self._local is not None
        await self._local.prepared(engine)
        places = self._places_of(engine, planned)
        async with places.turn(planned.id, planned.model or ""):
            if self._stop.is_set():
                raise Cancelled(self._signal)
            for take in wanted:
                self.listener("take.started", shot=planned.id, take=take.take, engine=planned.engine, seed=take.seed)
            made = await asyncio.to_thread(self._local.make, engine, wanted, key)
            for child in self._heirs(planned) if engine.together else ():
                places.expect(child, planned.model or "")
            return made

    async def _takes_together(
        self, engine: LocalEngine, planned: PlannedShot, request: ShotRequest, key: str, numbers: Sequence[int]
    ) -> list[Take | VidgenError]:
        """All takes of a shot: those at hand, and the rest by one call. A rejected take is neither made again nor a failure."""
        store = self.space.store
        assert store is not None
        results: list[Take | VidgenError] = []
        wanted = []
        for number in numbers:
            found = await asyncio.to_thread(self._shelf.find, request, key, number)
            if found:
                self.listener("take.reused", shot=planned.id, take=number)
                results.append(found)
            elif not store.was_rejected(seeded_key(key, request.seed_of(number))):
                wanted.append(TakeRequest(request, number, request.seed_of(number)))
        if not wanted:
            return results
        made: list[Take | VidgenError]
        try:
            made = await self._made_here(engine, planned, wanted, key)
        except Exception as error:
            made = [failure_of(error, engine, planned.id, take.take) for take in wanted]
        return [*results, *(self._told(planned, take.take, one) for take, one in zip(wanted, made, strict=True))]

    def _heirs(self, planned: PlannedShot) -> Iterator[str]:
        """The shots that can be made once this one is, by the same model."""
        for shot in self.shots:
            same = (shot.continues, shot.engine, shot.model) == (planned.id, planned.engine, planned.model)
            if same and (self._missing is None or shot.id in self._missing) and not self._made[shot.id].done():
                yield shot.id

    def _places_of(self, engine: LocalEngine, planned: PlannedShot) -> Turns:
        """Where the engine makes takes: as many at once as it says, or as there are jobs. Models share this machine."""
        if engine.name not in self._places:
            allowed = engine.at_once or min(engine.capabilities(planned.model).concurrency, self.jobs or DEFAULT_JOBS)
            self._places[engine.name] = Turns(max(1, allowed))
        return self._places[engine.name]

    def _slot(self, planned: PlannedShot) -> asyncio.Semaphore:
        """As many jobs at once as the provider works on for the model."""
        name = f"{planned.engine}/{planned.model}"
        if name not in self._slots:
            usual = self.engines[planned.engine].capabilities(planned.model).concurrency
            allowed = jobs_at_once(planned.engine, planned.model, usual)
            self._slots[name] = asyncio.Semaphore(max(1, allowed))
        return self._slots[name]

    def _picked(self, shot: MadeShot, request: ShotRequest, *, fresh: bool) -> MadeShot:
        """Choose among the takes."""

        def judge(takes: Sequence[Take]) -> Verdict:
            return judge_takes(takes, request, self.space.root / "scores", self.score)

        planned, pick = shot.planned, self.space.picks.get(shot.planned.id)
        decision = decide(
            planned.id, shot.takes,
            before=pick if pick and pick.request_key == shot.request_key else None,
            asked=planned.shot.pick,
            fresh=fresh,
            judge=judge,
            judged=any(take.diffusion for take in shot.takes) and not planned.enlarges,
        )  # fmt: skip
        shot.picked, shot.picked_by, shot.verdict = decision.picked, decision.by, decision.verdict
        shot.unseen = any(notice.code == "take.not_judged" for notice in decision.notices)
        self.notices += decision.notices
        if shot.verdict:
            self.listener("shot.scored", shot=planned.id, winner=shot.verdict.winner, tie=shot.verdict.tie)
        return shot

    @contextmanager
    def _signals(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """The first Ctrl-C, SIGTERM or SIGHUP stops the run in good order; a second Ctrl-C stops it at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in _ENDING}
        before = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}  # nohup, &

        def stop(number: int) -> None:
            self._signal = number
            self._stop.set()
            loop.remove_signal_handler(signal.SIGINT)

        for number in before:
            loop.add_signal_handler(number, stop, int(number))
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)

    def _gather_notices(self) -> None:
        if self.space.store:
            self.notices += self.space.store.notices
            self.space.store.notices = []
