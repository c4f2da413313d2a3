"""A shot with everything that names its takes, worked out once a run and passed on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from vidgen.engines.base import Engine, LocalEngine
from vidgen.planning.plan import EngineShot
from vidgen.takes.keys import earlier_key, request_key, seeded_key
from vidgen.takes.request import Order, ShotRequest, TakeRequest
from vidgen.takes.store import TakeStore

NameModel = Callable[[LocalEngine, str | None], str | None]
"""What names a local engine's model in keys: ``LocalEngine.model_key``, or that with its answers kept."""


@dataclass(frozen=True)
class Opening:
    """The clip that a shot goes on from: frames ``start`` to ``frames`` (not included; None: all) of the file are in the film,
    and the last of them opens the shot.
    """

    file: Path
    frames: int | None = None
    start: int = 0


@dataclass(frozen=True)
class ResolvedShot:
    """The request with the file that it continues, its key, the key under which vidgen up to 0.1 kept it, and the form that
    would be ordered now.
    """

    planned: EngineShot
    request: ShotRequest
    key: str
    earlier_key: str
    order: Order

    @property
    def take_usd(self) -> float | None:
        """US dollars of one take; None where that is not known."""
        planned = self.planned
        return None if planned.estimated_usd is None else planned.estimated_usd / planned.candidates

    def take(self, number: int) -> TakeRequest:
        """What is asked for take 1, 2, ..."""
        return TakeRequest(self.request, number, self.request.seed_of(number))

    def take_key(self, number: int) -> str:
        """The key of take 1, 2, ..."""
        return seeded_key(self.key, self.request.seed_of(number))

    def earlier_take_key(self, number: int) -> str:
        """The same as vidgen up to 0.1 made it."""
        return seeded_key(self.earlier_key, self.request.seed_of(number))

    def is_for(self, request_key: str) -> bool:
        """Whether a record of that request key is of this very request."""
        return request_key in (self.key, self.earlier_key)

    def covered_by(self, order: Order | None) -> bool:
        """Whether a clip that is made for an order will do; None: for exactly this request, by vidgen up to 0.1."""
        return order is None or order.covers(self.order, has_s=order.seconds, needs_s=self.request.duration_s)


def resolve(
    planned: EngineShot,
    request: ShotRequest,
    engine: Engine,
    name_model: NameModel = lambda engine, model: engine.model_key(model),
) -> ResolvedShot:
    """Name the takes of a request and what would be ordered for it. Raises as ``LocalEngine.model_key`` and ``request_key``."""
    named = request
    if isinstance(engine, LocalEngine):
        named = replace(request, model=name_model(engine, request.model))
    reading = engine.reading(named)
    keys = [make(named, draws_words=engine.draws_words, reading=reading) for make in (request_key, earlier_key)]
    sound = request.sound or engine.capabilities(request.model).audio == "always"
    order = replace(engine.order(request), closes=request.inputs.end_frame is not None, sound=sound)
    return ResolvedShot(planned, request, keys[0], keys[1], order)


@dataclass
class Resolver:
    """Resolves the shots of a run, each once for each clip that it goes on from. Any thread may ask."""

    engines: Mapping[str, Engine]
    _resolved: dict[tuple[str, Opening | None], ResolvedShot] = field(default_factory=dict)
    _models: dict[tuple[str, str | None], str | None] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def resolve(self, planned: EngineShot, opening: Opening | None) -> ResolvedShot:
        """The shot, where it continues one with the end of that. Raises as ``resolve``."""
        with self._lock:
            if (planned.id, opening) not in self._resolved:
                request = planned.opened(opening.file, opening.frames, opening.start) if opening else planned.request
                shot = resolve(planned, request, self.engines[planned.engine], self._model_key)
                self._resolved[(planned.id, opening)] = shot
            return self._resolved[(planned.id, opening)]

    def _model_key(self, engine: LocalEngine, model: str | None) -> str | None:
        if (engine.name, model) not in self._models:
            self._models[(engine.name, model)] = engine.model_key(model)
        return self._models[(engine.name, model)]


def why_new(shot: ResolvedShot, number: int, store: TakeStore) -> str | None:
    """Why a take that is at hand does not do; None where there is none, or it does."""
    take = store.find(shot.take_key(number))
    if take is None or take.order is None or store.find(shot.take_key(number), shot.order, needs_s=shot.request.duration_s):
        return None
    have, need = take.order, shot.order
    if need.sound and not have.sound:
        return "a take is at hand, but it was ordered without sound"
    if have.size != need.size:
        return f"a take is at hand, but it was ordered at {have.size}, and {need.size} is needed"
    if need.rate and have.rate != need.rate:
        return f"a take is at hand, but it was ordered at {have.rate} frames/s, and {need.rate} are needed"
    return f"a take is at hand, but it has {take.duration_s:.2f} s, and {shot.request.duration_s:.2f} s are needed"
