"""How many takes are made at once: places for models on this machine, jobs at each provider."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from vidgen.engines.base import Engine, LocalEngine
from vidgen.inventory.machine import jobs_at_once
from vidgen.planning.plan import EngineShot
from vidgen.render.model_scheduler import ModelScheduler


@dataclass
class Capacity:
    """What the engines of one run can do at once. ``here``: how many takes at most are made on this machine by an engine that
    does not say how many it makes itself. For one event loop.
    """

    engines: Mapping[str, Engine]
    here: int
    _places: dict[str, ModelScheduler] = field(default_factory=dict)
    _jobs: dict[str, asyncio.Semaphore] = field(default_factory=dict)

    def places(self, shot: EngineShot) -> ModelScheduler:
        """Where a local engine makes takes. Its models share this machine."""
        engine = self.engines[shot.engine]
        if shot.engine not in self._places:
            own = engine.at_once if isinstance(engine, LocalEngine) else None
            allowed = own or min(engine.capabilities(shot.model).concurrency, self.here)
            self._places[shot.engine] = ModelScheduler(max(1, allowed))
        return self._places[shot.engine]

    def jobs(self, shot: EngineShot) -> asyncio.Semaphore:
        """As many jobs at once as the provider works on for the shot's model."""
        name = f"{shot.engine}/{shot.model}"
        if name not in self._jobs:
            usual = self.engines[shot.engine].capabilities(shot.model).concurrency
            self._jobs[name] = asyncio.Semaphore(max(1, jobs_at_once(shot.engine, shot.model, usual)))
        return self._jobs[name]

    def gone(self, shot: EngineShot) -> None:
        """A shot needs no place any more."""
        if shot.engine in self._places:
            self._places[shot.engine].gone(shot.id)
