"""Makes takes in processes of this machine, with engines that work in Python: in one process they would wait for each other."""

from __future__ import annotations

import itertools
import logging
import os
import pickle
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from vidgen.cluster.demands import amount_of
from vidgen.cluster.packing import pack_plainly
from vidgen.cluster.process import WorkerProcess
from vidgen.cluster.troubles import death
from vidgen.cluster.work import TakeWork
from vidgen.engines.base import Cancelled as CancelledCheck
from vidgen.engines.base import LocalEngine, Progress
from vidgen.engines.local.wire import error_of
from vidgen.errors import Cancelled, ProcessingError, VidgenError
from vidgen.render.runners.local import LocalRunner
from vidgen.takes.request import Generated, ShotRequest, TakeRequest

MUCH = 100.0
"""Megapixels to make, of more takes than one, from which on processes pay for their start: 6 seconds of drawing or more."""
_TRIES = 3
"""How often a process may end with a piece of work before that is given up, as on a cluster."""
_TICK_S, _GRACE_S = 0.1, 1.0
"""How often it is seen whether the user stops the run, and what a process may then take to end its work in good order."""


def processes_pay(engine: LocalEngine, missing: Sequence[tuple[ShotRequest, int]]) -> bool:
    """Whether an engine's missing takes are made in processes. ``missing``: requests, each with how many takes it lacks at
    most. What decides is the work, and never the machine, but for systems on which a process cannot hand on its sockets.
    """
    much = sum(amount_of(request) * count for request, count in missing) >= MUCH
    return engine.own_process and os.name == "posix" and much and sum(count for _, count in missing) > 1


class Processes:
    """The processes of one run, each started when all others are at work. Leaving the context ends them."""

    def __init__(self) -> None:
        self._free: list[WorkerProcess] = []
        self._all: list[WorkerProcess] = []
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process in self._all:
            process.end()

    def do(self, work: Any, outs: Sequence[Path], hear: Callable[[Mapping[str, Any]], None], cancelled: CancelledCheck) -> Any:
        """Have work done (``cluster.work.Work``) that writes ``outs``. ``hear`` is called with what it tells on the way. Raises
        what the work raises, Cancelled, ProcessingError where its processes end.
        """
        process, why = self._taken(), ""
        message: dict[str, Any] = {"do": "run", "places": {}, "outs": [str(out) for out in outs], "folder": str(outs[0].parent)}
        message["work"] = pack_plainly(work)
        try:
            for _ in range(_TRIES):
                process.start()
                job = str(next(self._numbers))
                process.send({**message, "job": job})
                try:
                    return _answer(process, job, hear, cancelled)
                except _Died as error:
                    why = str(error)
        finally:
            with self._lock:
                self._free.append(process)
        hint = "run the same command again; takes that are done are kept"
        raise ProcessingError("generation.failed", f"the process that drew it ended {_TRIES} times: {why}", hint=hint)

    def _taken(self) -> WorkerProcess:
        with self._lock:
            if self._free:
                return self._free.pop()
            self._all.append(process := WorkerProcess({}, apart=False))
            return process


class _Died(Exception):
    """The process has ended without an answer."""


def _answer(process: WorkerProcess, job: str, hear: Callable[[Mapping[str, Any]], None], cancelled: CancelledCheck) -> Any:
    until: float | None = None
    while True:
        if until is None and cancelled():
            process.send({"do": "cancel", "job": job})  # so that it clears away what it has begun
            until = time.monotonic() + _GRACE_S
        if until is not None and time.monotonic() > until:
            process.end()
            raise Cancelled
        try:
            event = process.events.get(timeout=_TICK_S)
        except queue.Empty:
            continue
        if event["event"] == "done":
            return pickle.loads(event["value"])
        if event["event"] == "failed":
            raise error_of(event["error"])
        if event["event"] == "died":
            raise _Died(death(event))
        if event["event"] == "log":
            logging.getLogger(event["name"]).log(event["level"], "%s", event["text"])
        else:
            hear(event)


@dataclass(kw_only=True)
class ProcessRunner(LocalRunner):
    """Runs one engine of this machine in processes."""

    processes: Processes = field(repr=False)

    def _made(
        self, takes: Sequence[TakeRequest], parts: Sequence[Path], progress: Progress, cancelled: CancelledCheck
    ) -> Sequence[Generated | VidgenError]:
        """As ``LocalRunner``, elsewhere."""

        def hear(event: Mapping[str, Any]) -> None:
            if event["event"] == "progress":
                progress(event["share"])

        work = TakeWork.of(self.engine, takes, self.engine.model_key(takes[0].request.model))
        made = self.processes.do(work, parts, hear, cancelled)
        return [
            replace(one, file=part) if isinstance(one, Generated) else error_of(one)
            for one, part in zip(made, parts, strict=True)
        ]
