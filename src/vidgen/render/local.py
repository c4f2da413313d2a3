"""Makes takes on this machine: one engine call for all that a shot lacks, where that is cheaper than one for each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidgen.engines.base import LocalEngine
from vidgen.engines.guard import failure_of
from vidgen.errors import Cancelled, Notice, VidgenError
from vidgen.render.events import Listener
from vidgen.render.resolved import ResolvedShot
from vidgen.takes.request import Generated, ShotRequest, Take, TakeRequest
from vidgen.takes.store import TakeStore

PROGRESS_EVERY_S = 0.25
"""Progress events of one take come no faster than this."""
PREVIEW_EVERY_S = 2.0
"""Unfinished pictures of one shot come no faster than this."""


@dataclass
class LocalMaker:
    """What the local engines of one run share. ``asked`` are the requests whose takes are missing, by engine."""

    store: TakeStore
    listener: Listener
    notices: list[Notice]
    cancelled: Callable[[], bool]
    asked: dict[str, list[ShotRequest]] = field(default_factory=dict)
    _ready: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._shown: dict[str, float] = {}

    def _preview(self, shot: str, told: Mapping[str, Any]) -> None:
        """Pass an unfinished picture on, now and then."""
        now = time.monotonic()
        if now - self._shown.get(shot, -PREVIEW_EVERY_S) >= PREVIEW_EVERY_S:
            self._shown[shot] = now
            self.listener("take.preview", shot=shot, **told)

    async def prepared(self, engine: LocalEngine) -> None:
        """Wait until the engine has prepared for the whole run; the first caller starts it."""
        if engine.name not in self._ready:
            engine.on_preview, engine.stopped = self._preview, self.cancelled
            requests = self.asked.get(engine.name, [])
            self._ready[engine.name] = asyncio.create_task(asyncio.to_thread(engine.prepare, requests))
        await asyncio.shield(self._ready[engine.name])

    def make(self, engine: LocalEngine, shot: ResolvedShot, wanted: Sequence[TakeRequest]) -> list[Take | VidgenError]:
        """Make takes of one shot and put them into the store; what came of each. Raises what concerns all of them."""
        parts = [self.store.part_for(shot.take_key(take.take)) for take in wanted]
        progress = self._progress(wanted)
        made: list[Generated | VidgenError]
        try:
            if len(wanted) == 1 and not engine.together:
                made = [engine.generate(wanted[0], parts[0], progress=progress, cancelled=self.cancelled)]
            else:
                made = engine.generate_many(wanted, parts, progress=progress, cancelled=self.cancelled)
            results: list[Take | VidgenError] = []
            for take, part, result in zip(wanted, parts, made, strict=True):
                try:
                    results.append(self._stored(shot, take, part, result))
                except Cancelled:
                    raise
                except Exception as error:
                    results.append(failure_of(error, engine, take.request.shot, take.take))
            return results
        finally:
            for part in parts:
                part.unlink(missing_ok=True)

    def _stored(self, shot: ResolvedShot, take: TakeRequest, part: Path, made: Generated | VidgenError) -> Take | VidgenError:
        """A take that was made, put into the store; of one that an engine gave up, a note that it is not to be made again."""
        if isinstance(made, VidgenError):
            if made.code == "take.rejected":
                self.store.reject(shot.take_key(take.take), made.message)
            return made
        notices = [Notice.of_engine(code, message, take.request.shot) for code, message in made.notices]
        stored = self.store.put(part, take, made, request_key=shot.key, order=shot.order)
        self.notices += notices
        return stored

    def _progress(self, wanted: Sequence[TakeRequest]) -> Callable[[float], None]:
        told = 0.0

        def progress(share: float) -> None:
            nonlocal told
            if time.monotonic() - told < PROGRESS_EVERY_S:
                return
            told = time.monotonic()
            for take in wanted:
                self.listener("take.progress", shot=take.request.shot, take=take.take, share=round(share, 4))

        return progress
