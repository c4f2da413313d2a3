"""Makes takes on the nodes of a cluster, with engines that compute. Nothing that is paid for ever comes here.

What is asked of an engine there, and what is done with its takes here, is what ``LocalRunner`` asks and does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidgen.cluster.client import Cluster, Demand, OnEvent
from vidgen.cluster.demands import amount_of, kind_of, least_gb, model_name
from vidgen.cluster.work import TakeWork
from vidgen.engines.local.wire import error_of
from vidgen.errors import VidgenError
from vidgen.media.wording import listed
from vidgen.planning.plan import EngineShot
from vidgen.render.resolved import ResolvedShot
from vidgen.render.runners.local import LocalRunner
from vidgen.render.runners.waiting import cancellable
from vidgen.takes.request import Generated, Take, TakeRequest

FEW = 4
"""With fewer shots than this for each device, their takes are made apart, so that no device waits long at the end."""


@dataclass(kw_only=True)
class ClusterRunner(LocalRunner):
    """Runs one engine on a cluster's nodes.

    Args:
        apart: whether takes of one shot are made on several devices, though the engine makes them together on one.
        after: how much can begin only once a shot is made, by its id, in the unit of ``demands.amount_of``.
    """

    cluster: Cluster
    after: Mapping[str, float]
    apart: bool = False

    async def make(self, shot: ResolvedShot, numbers: Sequence[int]) -> list[Take | VidgenError]:
        """As ``Runner.make``. Where some takes are given up on the way, they are compared, and so stay together."""
        if self.apart and len(numbers) > 1 and not shot.request.params.get("reject"):
            single = await asyncio.gather(*(self._reported(shot, [number]) for number in numbers))
            return [result for results in single for result in results]
        return await super().make(shot, numbers)

    async def _scheduled(self, shot: ResolvedShot, numbers: Sequence[int]) -> list[Take | VidgenError]:
        """The takes, wherever and whenever the cluster's scheduler has them made."""
        self.run.stop.check()
        takes = [shot.take(number) for number in numbers]
        parts = [self.run.store.part_for(shot.take_key(take.take)) for take in takes]
        number = 0
        try:
            work = await asyncio.to_thread(self._work, takes)
            number, future = await asyncio.to_thread(
                self.cluster.submit, work, parts, self._demand(shot, takes),
                what=_named(shot.planned.id, numbers), on_event=self._follower(shot.planned, takes),
            )  # fmt: skip
            done = await cancellable(asyncio.wrap_future(future), self.run.stop.event)
            self.run.nodes.update({(shot.planned.id, take.take): done.node for take in takes})
            made = [_made(one, part) for one, part in zip(done.value, parts, strict=True)]
            return [
                await asyncio.to_thread(self._kept, shot, take, part, one)
                for take, part, one in zip(takes, parts, made, strict=True)
            ]
        finally:
            self.cluster.cancel(number)
            for part in parts:
                part.unlink(missing_ok=True)

    def _work(self, takes: Sequence[TakeRequest]) -> TakeWork:
        return TakeWork.of(self.engine, takes, self.engine.model_key(takes[0].request.model))

    def _demand(self, shot: ResolvedShot, takes: Sequence[TakeRequest]) -> Demand:
        engine, model = self.engine, shot.request.model
        amount, after = len(takes) * amount_of(shot.request), self.after.get(shot.planned.id, 0.0)
        return Demand(model_name(engine.name, model), kind_of(engine), amount, after, least_gb(engine.name, model))

    def _follower(self, planned: EngineShot, takes: Sequence[TakeRequest]) -> OnEvent:
        """Passes on what the cluster tells of the takes."""
        progress = self.run.progress(planned, [take.take for take in takes])

        def hear(event: Mapping[str, Any]) -> None:
            told = event.get("told", {})
            with contextlib.suppress(VidgenError):  # the user stops the run, which is seen by whoever waits for the takes
                if event["event"] == "started" and not event["again"]:
                    self.run.report_started(planned, takes, node=event["node"])
                elif event["event"] == "waiting":
                    for take in takes:
                        values = {"shot": planned.id, "take": take.take, "seconds": event["seconds"]}
                        self.run.listener("take.waiting", **values, why="no node of the cluster can make it now")
                elif told.get("event") == "progress":
                    progress(told["share"])
                elif told.get("event") == "preview":
                    self._preview(told["shot"], told["picture"])

        return hear


def _made(one: Generated | Mapping[str, Any], part: Path) -> Generated | VidgenError:
    """What came of a take, with the file that is here now."""
    return replace(one, file=part) if isinstance(one, Generated) else error_of(one)


def _named(shot: str, numbers: Sequence[int]) -> str:
    return f"take{'s' * (len(numbers) != 1)} {listed(numbers)} of {shot}"
