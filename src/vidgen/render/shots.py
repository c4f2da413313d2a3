"""Makes the takes of a plan: finds those that are at hand, makes the rest in the right order, and picks one per shot."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from vidgen.engines.base import Engine, LocalEngine, RemoteEngine
from vidgen.engines.guard import failure_of
from vidgen.errors import Cancelled, Notice, ProcessingError, VidgenError
from vidgen.media.os_errors import fault_of
from vidgen.planning.plan import PlannedShot
from vidgen.render.capacity import Capacity
from vidgen.render.deciding import decide
from vidgen.render.events import Listener, silent
from vidgen.render.failures import close_engine, shown, worst
from vidgen.render.local import PROGRESS_EVERY_S, LocalMaker
from vidgen.render.made import MadeShot, Survey
from vidgen.render.preflight import preflight_shots
from vidgen.render.project import Workspace
from vidgen.render.recovery import Owed, fetch_all
from vidgen.render.remote import UNDELIVERED, Purchase, fetch_again, run_remote
from vidgen.render.resolved import ResolvedShot, frames_shown, resolve, why_new
from vidgen.render.spending import Bill, BillItem, shot_limits
from vidgen.render.stopping import Stop
from vidgen.render.take_lookup import TakeLookup
from vidgen.render.take_scores import Verdict, judge_takes
from vidgen.scoring.scorers import Scorers
from vidgen.storyboard.model import Score
from vidgen.takes.budget import price_text
from vidgen.takes.request import Order, ShotRequest, Take, TakeRequest

DEFAULT_JOBS = min(4, os.cpu_count() or 1)
_New = tuple[str, Order | None]
"""A take that is to be made: its key, and what is ordered."""


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
        self._stop = Stop()
        self._limit: float | None = None
        self._capacity = Capacity(self.engines, self.jobs or DEFAULT_JOBS)
        self._made: dict[str, asyncio.Future[MadeShot]] = {}
        self._missing: set[str] | None = None
        self._model_keys: dict[tuple[str, str | None], str | None] = {}
        self._naming = threading.Lock()
        self._local: LocalMaker | None = None
        self._lookup = TakeLookup(self.space, self.engines, self.regenerate)
        self._scorers = Scorers(self.space.root / "scores", warn=lambda notice: self.notices.append(notice))
        self._said: set[Notice] = set()
        self._owed: dict[str, tuple[ResolvedShot, int, Owed]] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    def survey(self) -> Survey:
        """Look at what is there. Makes nothing; what it finds damaged is set aside, and records that it can mend are mended."""
        found: dict[str, MadeShot] = {}
        items: list[BillItem] = []
        counted: set[_New] = set()
        self._owed.clear()
        again: dict[str, Notice] = {}
        bought: list[tuple[PlannedShot, float | None]] = []
        for planned in self.shots:
            shot, new = self._surveyed(planned, found, again)
            found[planned.id] = shot
            fresh = set(new) - counted  # shots that ask for the same share their takes
            counted |= fresh
            if fresh:
                each = self._price_of(planned)
                price = None if each is None else each * len(fresh)
                items.append(BillItem(" ".join(filter(None, (planned.engine, planned.model))), len(fresh), price))
                bought.append((planned, price))
        self._missing = {shot.planned.id for shot in found.values() if shot.missing}
        self._gather_notices()
        self.notices += self._lookup.left_behind({shot.planned.id: shot.resolved for shot in found.values()})
        lost = [owed.fetching for *_, owed in self._owed.values()] + list(again.values())
        self.notices = [one for one in self.notices if not any(one.message in more.message for more in lost)] + lost
        journal = self.space.journal
        bill = Bill.of(items, *(journal.spent(), journal.unpriced()) if journal else ())
        return Survey(
            tuple(found.values()), replace(bill, again=tuple(again.values()), limits=shot_limits(bought, self.shots, journal))
        )

    def told(self) -> list[Notice]:
        """What there is to tell since the last time."""
        fresh = [notice for notice in dict.fromkeys(self.notices) if notice not in self._said]
        self._said.update(fresh)
        return fresh

    @property
    def owed(self) -> bool:
        """Whether takes are lost here that were paid for and may be had again at no cost, as the last survey found."""
        return bool(self._owed)

    @property
    def unpinned(self) -> Set[str]:
        """Shots that lose a person's pick, since its take is lost and new ones were asked for."""
        return self._lookup.unpinned

    async def fetch_lost(self) -> None:
        """Fetch again, at no cost, what was paid for and is lost here."""
        with self._stop.heard(asyncio.get_running_loop()):
            owed = [(self._purchase(shot, number), owed) for shot, number, owed in self._owed.values()]
            self.notices += await fetch_all(owed, self._lookup.gone)
        self._gather_notices()
        self._stop.check()

    def preflight(self, survey: Survey) -> list[Notice]:
        """What will not be as asked of missing shots. Raises InputError where a provider would refuse one."""
        found = {shot.planned.id: shot for shot in survey.shots}

        def resolved(planned: PlannedShot) -> ShotRequest | None:
            parent = found.get(planned.continues) if planned.continues else None
            if parent and parent.picked is None and parent.picked_by != "clip":
                return None
            return self._resolved(planned, parent).request

        return preflight_shots([shot.planned for shot in survey.shots if shot.missing], self.engines, resolved)

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
        with self._stop.heard(loop), ThreadPoolExecutor(threads, "take") as pool:
            loop.set_default_executor(pool)
            self._local = self._local_maker()
            done = await asyncio.gather(*(self._shot(planned) for planned in self.shots), return_exceptions=True)
            closed = await asyncio.gather(*map(close_engine, self.engines.values()))
            self.notices += [notice for notice in closed if notice]
        self._gather_notices()
        self._stop.check()
        if failures := [result for result in done if isinstance(result, BaseException)]:
            raise worst(failures)
        return [result for result in done if isinstance(result, MadeShot)]

    def _surveyed(
        self, planned: PlannedShot, found: Mapping[str, MadeShot], again: dict[str, Notice]
    ) -> tuple[MadeShot, Sequence[_New]]:
        """A shot as it is at hand, and the takes that are neither at hand nor bought; those that were bought once are
        added to ``again``.
        """
        if planned.request is None:
            return MadeShot(planned, picked_by="clip"), []
        parent = found.get(planned.continues) if planned.continues else None
        if parent and parent.picked is None and parent.picked_by != "clip":
            unnamed = [(f"{planned.id}/{number}", None) for number in range(planned.candidates)]
            return MadeShot(planned, missing=planned.candidates), unnamed
        resolved = self._resolved(planned, parent)
        wanted = self._lookup.wanted(resolved)
        shot = MadeShot(planned, resolved, wanted.takes, missing=wanted.missing, reused=not wanted.missing)
        if not wanted.missing:
            shot = self._picked(shot, resolved, fresh=False)
        price = self._price_of(planned)
        for number in wanted.bought:
            if attempt := self._lookup.paid(resolved, number):
                owed = Owed(attempt, self._lookup.damage(attempt), price)
                self._owed.setdefault(attempt.take_key, (resolved, number, owed))
        for number in wanted.new:
            if price != 0 and (why := self._lookup.lost(resolved, number)):
                text = f"{why}, so it is to be bought anew, for {price_text(price)}"
                again.setdefault(resolved.take_key(number), Notice("take.lost", text, planned.id))
        if store := self.space.store:
            whys = dict.fromkeys(why for number in wanted.new if (why := why_new(resolved, number, store)))
            self.notices += [Notice("take.not_covering", why, planned.id) for why in whys]
        return shot, [(resolved.take_key(number), resolved.order) for number in wanted.new]

    def _resolved(self, planned: PlannedShot, parent: MadeShot | None) -> ResolvedShot:
        """The request with the file that it continues, its keys, and what would be ordered."""
        assert planned.request is not None
        request = planned.request
        if parent and parent.picked and parent.resolved:
            shown = parent.picked.window(parent.resolved.request)
            whole = shown.start + shown.frames == parent.picked.frames
            request = planned.opened(parent.picked.file, None if whole else shown.start + shown.frames)
        elif parent and parent.planned.clip:
            request = planned.opened(parent.planned.clip, frames_shown(parent.planned.clip, parent.planned.seconds_each))
        return resolve(planned, request, self.engines[planned.engine], self._model_key)

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
        return LocalMaker(self.space.store, self.listener, self.notices, self._stop.event.is_set, asked)

    async def _shot(self, planned: PlannedShot) -> MadeShot:
        future = self._made[planned.id]
        try:
            shot = await self._made_shot(planned)
        except BaseException as error:
            future.set_exception(error)
            future.exception()
            raise
        finally:
            self._capacity.gone(planned)
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
        shot = await asyncio.to_thread(self._resolved, planned, parent)
        wanted = await asyncio.to_thread(self._lookup.wanted, shot)
        numbers = wanted.numbers
        self.listener("shot.started", shot=planned.id, engine=planned.engine, takes=len(numbers))
        engine = self.engines[planned.engine]
        results: Sequence[Take | VidgenError]
        async with self._turns.setdefault(shot.key, asyncio.Lock()):  # shots that ask for the same: the second finds its takes
            if isinstance(engine, LocalEngine) and engine.together:
                results = await self._takes_together(engine, shot, numbers)
            else:
                results = await asyncio.gather(*(self._take(shot, number) for number in numbers))
        takes = [take for take in results if isinstance(take, Take)]
        failed = [error for error in results if isinstance(error, VidgenError)]
        self._stop.check()
        if failed and not takes:
            raise worst(failed)
        self.notices += [Notice("take.failed", _why(error), planned.id) for error in failed if error.code != "take.rejected"]
        fresh = [take for take in takes if not take.reused]
        made = MadeShot(planned, shot, tuple(takes), missing=len(fresh), reused=not fresh)
        return await asyncio.to_thread(self._picked, made, shot, fresh=bool(fresh))

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

    async def _take(self, shot: ResolvedShot, number: int) -> Take | VidgenError:
        """One take, or why there is none: whatever went wrong, the other takes go on."""
        planned = shot.planned
        try:
            found = await asyncio.to_thread(self._lookup.find, shot, number)
            if found:
                self.listener("take.reused", shot=planned.id, take=number)
                return found
            made = await self._made_by(shot, number)
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

    @staticmethod
    def _price_of(planned: PlannedShot) -> float | None:
        """US dollars of one take; None where that is not known."""
        return None if planned.estimated_usd is None else planned.estimated_usd / planned.candidates

    async def _made_by(self, shot: ResolvedShot, number: int) -> Take | VidgenError:
        engine = self.engines[shot.planned.engine]
        if isinstance(engine, RemoteEngine):
            buy = self._purchase(shot, number)
            paid = await asyncio.to_thread(self._lookup.paid, shot, number)
            return await (fetch_again(buy, paid) if paid else run_remote(buy))
        assert isinstance(engine, LocalEngine)
        (made,) = await self._made_here(engine, shot, [shot.take(number)])
        return made

    def _purchase(self, shot: ResolvedShot, number: int) -> Purchase:
        planned, wanted = shot.planned, shot.take(number)
        engine, store, journal = self.engines[planned.engine], self.space.store, self.space.journal
        assert isinstance(engine, RemoteEngine) and store is not None and journal is not None
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

        return Purchase(
            engine, shot, wanted, store, journal, run_id=self.space.run_id, price_usd=self._price_of(planned),
            limit_usd=self._limit, again=bool({planned.id, planned.parent} & self.regenerate),
            slot=self._capacity.jobs(planned), started=started,
            waiting=waiting, progress=progress, stop=self._stop.event, notices=self.notices,
            commands=self.space.commands,
        )  # fmt: skip

    async def _made_here(
        self, engine: LocalEngine, shot: ResolvedShot, wanted: Sequence[TakeRequest]
    ) -> list[Take | VidgenError]:
        """Takes of one shot by one call of a local engine, when it is this shot's turn."""
        planned = shot.planned
        assert self._local is not None
        await self._local.prepared(engine)
        places = self._capacity.places(planned)
        async with places.turn(planned.id, planned.model or ""):
            self._stop.check()
            for take in wanted:
                self.listener("take.started", shot=planned.id, take=take.take, engine=planned.engine, seed=take.seed)
            made = await asyncio.to_thread(self._local.make, engine, shot, wanted)
            for child in self._heirs(planned) if engine.together else ():
                places.expect(child, planned.model or "")
            return made

    async def _takes_together(
        self, engine: LocalEngine, shot: ResolvedShot, numbers: Sequence[int]
    ) -> list[Take | VidgenError]:
        """All takes of a shot: those at hand, and the rest by one call. A rejected take is neither made again nor a failure."""
        planned, store = shot.planned, self.space.store
        assert store is not None
        results: list[Take | VidgenError] = []
        wanted = []
        for number in numbers:
            found = await asyncio.to_thread(self._lookup.find, shot, number)
            if found:
                self.listener("take.reused", shot=planned.id, take=number)
                results.append(found)
            elif not store.was_rejected(shot.take_key(number)):
                wanted.append(shot.take(number))
        if not wanted:
            return results
        made: list[Take | VidgenError]
        try:
            made = await self._made_here(engine, shot, wanted)
        except Exception as error:
            made = [failure_of(error, engine, planned.id, take.take) for take in wanted]
        return [*results, *(self._told(planned, take.take, one) for take, one in zip(wanted, made, strict=True))]

    def _heirs(self, planned: PlannedShot) -> Iterator[str]:
        """The shots that can be made once this one is, by the same model."""
        for shot in self.shots:
            same = (shot.continues, shot.engine, shot.model) == (planned.id, planned.engine, planned.model)
            if same and (self._missing is None or shot.id in self._missing) and not self._made[shot.id].done():
                yield shot.id

    def _picked(self, shot: MadeShot, resolved: ResolvedShot, *, fresh: bool) -> MadeShot:
        """Choose among the takes."""

        def judge(takes: Sequence[Take]) -> Verdict:
            return judge_takes(takes, resolved.request, self.space.root / "scores", self.score, self._scorers)

        planned, pick = shot.planned, self.space.picks.get(shot.planned.id)
        decision = decide(
            planned.id, shot.takes,
            before=pick if pick and resolved.is_for(pick.request_key) and planned.id not in self.unpinned else None,
            asked=planned.shot.pick if planned.id not in self.unpinned else None,
            fresh=fresh,
            judge=judge,
            judged=any(take.diffusion for take in shot.takes) and not planned.enlarges,
            places=self.space.commands.pick_files,
        )  # fmt: skip
        shot.picked, shot.picked_by, shot.verdict = decision.picked, decision.by, decision.verdict
        shot.unseen = any(notice.code == "take.not_judged" for notice in decision.notices)
        self.notices += decision.notices
        if shot.verdict:
            self.listener("shot.scored", shot=planned.id, winner=shot.verdict.winner, tie=shot.verdict.tie)
        return shot

    def _gather_notices(self) -> None:
        if self.space.store:
            self.notices += self.space.store.notices
            self.space.store.notices = []
        self.notices += self._lookup.notices
        self._lookup.notices = []


def _why(error: VidgenError) -> str:
    """Why a take failed; where money hangs on it, with what to do."""
    return f"{error.message}; {error.hint}" if error.code in {"submit.unknown", *UNDELIVERED} else error.message
