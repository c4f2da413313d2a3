"""Makes takes on this machine: one engine call for all that a shot lacks, where that is cheaper than one for each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidgen.engines.base import Cancelled as CancelledCheck
from vidgen.engines.base import LocalEngine, Progress
from vidgen.engines.guard import failure_of
from vidgen.errors import Cancelled, Notice, VidgenError
from vidgen.planning.plan import EngineShot
from vidgen.render.resolved import ResolvedShot
from vidgen.render.run import Run
from vidgen.takes.request import Generated, ShotRequest, Take, TakeRequest

PREVIEW_EVERY_S = 2.0
"""Unfinished pictures of one shot come no faster than this."""


@dataclass
class LocalRunner:
    """Runs one engine of this machine.

    Args:
        requests: every request of the run whose takes are missing, so that the engine can prepare for all of them at once.
        followers: the shots that can be made by the same model once the given one is.
    """

    engine: LocalEngine
    run: Run
    requests: Sequence[ShotRequest]
    followers: Callable[[EngineShot], Iterable[str]]
    _prepared: asyncio.Task[None] | None = None
    _previewed: dict[str, float] = field(default_factory=dict)

    async def make(self, shot: ResolvedShot, numbers: Sequence[int]) -> list[Take | VidgenError]:
        """As ``Runner.make``. An engine that makes takes together is called once for all of them."""
        if not numbers:
            return []
        if self.engine.together:
            return await self._reported(shot, numbers)
        single = await asyncio.gather(*(self._reported(shot, [number]) for number in numbers))
        return [result for results in single for result in results]

    async def _reported(self, shot: ResolvedShot, numbers: Sequence[int]) -> list[Take | VidgenError]:
        results: list[Take | VidgenError]
        try:
            results = await self._scheduled(shot, numbers)
        except Exception as error:
            results = [failure_of(error, self.engine, shot.planned.id, number) for number in numbers]
        return [self.run.report(shot.planned, number, result) for number, result in zip(numbers, results, strict=True)]

    async def _scheduled(self, shot: ResolvedShot, numbers: Sequence[int]) -> list[Take | VidgenError]:
        """The takes, once it is this shot's turn on the device."""
        await self._prepare()
        planned, takes = shot.planned, [shot.take(number) for number in numbers]
        places = self.run.capacity.places(planned)
        async with places.turn(planned.id, planned.model or ""):
            self.run.stop.check()
            self.run.report_started(planned, takes)
            results = await asyncio.to_thread(self._generate, shot, takes)
            for follower in self.followers(planned) if self.engine.together else ():
                places.expect(follower, planned.model or "")
            return results

    async def _prepare(self) -> None:
        """Wait until the engine has prepared for the whole run; the first caller starts it."""
        if self._prepared is None:
            self.engine.on_preview, self.engine.stopped = self._preview, self.run.stop.event.is_set
            self._prepared = asyncio.create_task(asyncio.to_thread(self.engine.prepare, list(self.requests)))
        await asyncio.shield(self._prepared)

    def _preview(self, shot: str, picture: Mapping[str, Any]) -> None:
        """Pass an unfinished picture on, now and then."""
        now = time.monotonic()
        if now - self._previewed.get(shot, -PREVIEW_EVERY_S) >= PREVIEW_EVERY_S:
            self._previewed[shot] = now
            self.run.listener("take.preview", shot=shot, **picture)

    def _generate(self, shot: ResolvedShot, takes: Sequence[TakeRequest]) -> list[Take | VidgenError]:
        """Make takes and put them into the store; what came of each. Raises what concerns all of them."""
        parts = [self.run.store.part_for(shot.take_key(take.take)) for take in takes]
        progress = self.run.progress(shot.planned, [take.take for take in takes])
        try:
            made = self._made(takes, parts, progress, self.run.stop.event.is_set)
            return [self._kept(shot, take, part, one) for take, part, one in zip(takes, parts, made, strict=True)]
        finally:
            for part in parts:
                part.unlink(missing_ok=True)

    def _made(
        self, takes: Sequence[TakeRequest], parts: Sequence[Path], progress: Progress, cancelled: CancelledCheck
    ) -> Sequence[Generated | VidgenError]:
        """What came of each take, in its file. Raises what concerns all of them."""
        if self.engine.together:
            return self.engine.generate_many(takes, parts, progress=progress, cancelled=cancelled)
        return [self.engine.generate(takes[0], parts[0], progress=progress, cancelled=cancelled)]

    def _kept(self, shot: ResolvedShot, take: TakeRequest, part: Path, made: Generated | VidgenError) -> Take | VidgenError:
        """A take that was made, put into the store; of one that the engine gave up, a note that it is not to be made again."""
        if isinstance(made, VidgenError):
            if made.code == "take.rejected":
                self.run.store.reject(shot.take_key(take.take), made.message)
            return made
        try:
            notices = [Notice.of_engine(code, message, take.request.shot) for code, message in made.notices]
            stored = self.run.store.put(part, take, made, request_key=shot.key, order=shot.order)
        except Cancelled:
            raise
        except Exception as error:
            return failure_of(error, self.engine, take.request.shot, take.take)
        self.run.notices += notices
        return stored
