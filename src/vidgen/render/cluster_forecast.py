"""How long a film would take on a cluster: from seconds per step that were measured, by the scheduler that would do it."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from vidgen.cluster.demands import model_name
from vidgen.cluster.scheduler import Place, Scheduler, Task
from vidgen.planning.plan import GeneratedShot, Plan
from vidgen.takes.record import read_record

LOAD_S = 60.0
"""What loading a model takes, roughly, where it changes on a GPU."""


@dataclass(frozen=True)
class ClusterForecast:
    """An estimate for ``nodes`` nodes with one GPU each.

    Args:
        seconds: wall time of all takes; None where figures are missing.
        gpu_hours: time that GPUs work.
        usd: price of the nodes for that time; None where their price is not said.
        missing: models of which no figure is known.
        measured: how many takes each figure rests on, by model.
    """

    nodes: int
    gpu: str
    seconds: float | None
    gpu_hours: float | None
    usd: float | None
    missing: tuple[str, ...]
    measured: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """``cluster`` in ``data`` of ``plan --json``."""
        return {
            "nodes": self.nodes,
            "gpu": self.gpu,
            "seconds": self.seconds,
            "gpu_hours": self.gpu_hours,
            "usd": self.usd,
            "missing": list(self.missing),
            "measured": dict(self.measured),
        }

    def line(self) -> str:
        """What a person reads."""
        nodes = f"{self.nodes} nodes with {self.gpu}"
        if self.missing:
            text = f"no take of {', '.join(self.missing)} that was made on {self.gpu} is in the work folder"
            return f"{nodes}: not known: {text}; make one there first"
        assert self.seconds is not None and self.gpu_hours is not None
        price = f", about ${self.usd:.2f}" if self.usd is not None else ""
        wall = f"{self.seconds / 60:.0f} minutes" if self.seconds > 90 else f"{self.seconds:.0f} s"
        return f"{nodes}: about {wall} for all takes, {self.gpu_hours:.2f} hours of work{price}"


def forecast(plan: Plan, root: Path, nodes: int, gpu: str, usd_per_hour: float | None = None) -> ClusterForecast:
    """The estimate. ``root``: the work folder, whose takes tell what a step takes; ``gpu``: (part of) the name of the GPU;
    ``usd_per_hour``: the price of one node.
    """
    shots = [shot for shot in plan.shots if isinstance(shot, GeneratedShot) and _computes(shot)]
    paces = measured(root, gpu)
    used = {name for shot in shots if (name := _named(shot)) in paces and shot.make_seconds is None}
    seconds = {shot.id: _seconds_of(shot, paces) for shot in shots}
    missing = tuple(sorted({_named(shot) for shot in shots if seconds[shot.id] is None}))
    known = {name: value for name, value in seconds.items() if value is not None}
    wall = None if missing else round(_wall_s(shots, known, nodes), 1)
    usd = None if wall is None or usd_per_hour is None else round(wall / 3600 * nodes * usd_per_hour, 2)
    hours = None if missing else round(sum(known.values()) / 3600, 3)
    return ClusterForecast(nodes, gpu, wall, hours, usd, missing, {name: len(paces[name]) for name in sorted(used)})


@dataclass(frozen=True)
class Pace:
    """What one take has shown: seconds for a megapixel of a step, and how many steps it had."""

    seconds: float
    steps: int


def measured(root: Path, gpu: str) -> dict[str, list[Pace]]:
    """What takes in a work folder say that were made on such a GPU, by model."""
    found: dict[str, list[Pace]] = {}
    for sidecar in sorted((root / "takes").glob("??/*.json")):
        record = read_record(sidecar) or {}
        made = record.get("manifest") or {}
        try:
            if gpu.lower() not in str(made["device"]).lower():
                continue
            size = made["made"]
            amount = size["width"] * size["height"] * size["frames"] / 1e6 * made["steps"] * max(1, made["batch"])
            found.setdefault(str(made["model"]), []).append(Pace(float(made["seconds"]) / amount, int(made["steps"])))
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            continue
    return found


def _computes(shot: GeneratedShot) -> bool:
    """Whether its takes are made by a machine of one's own, and not bought."""
    return not shot.estimated_usd


def _named(shot: GeneratedShot) -> str:
    return Path(shot.model or shot.engine).name  # as manifests call the folder of a model


def _seconds_of(shot: GeneratedShot, paces: Mapping[str, list[Pace]]) -> float | None:
    """How long all takes of a shot take; None where that is not known."""
    if shot.make_seconds is not None:
        return shot.make_seconds
    seen = paces.get(_named(shot))
    if not seen:
        return None
    request = shot.request
    steps = request.params.get("steps", median(one.steps for one in seen))
    pixels = request.frames * request.width * request.height / 1e6
    return median(one.seconds for one in seen) * pixels * float(steps) * shot.candidates


def _wall_s(shots: Iterable[GeneratedShot], seconds: Mapping[str, float], nodes: int) -> float:
    """When the last take is done."""
    waiting = dict(enumerate(shots))
    ids = {shot.id: number for number, shot in waiting.items()}
    scheduler = Scheduler(load=LOAD_S)
    for number in range(nodes):
        scheduler.place_up(Place(f"node{number}", f"node{number}"))

    def add(number: int) -> None:
        shot = waiting[number]
        scheduler.add(Task(number, model_name(shot.engine, shot.model), work=seconds[shot.id]))

    for number, shot in waiting.items():
        if shot.continues not in ids:
            add(number)
    now, running, loaded = 0.0, list[tuple[float, str, int]](), dict[str, str]()
    while True:
        for given in scheduler.assign(now):
            change = LOAD_S if loaded.get(given.place) != given.task.model and waiting[given.task.id].engine == "local" else 0.0
            loaded[given.place] = given.task.model
            heapq.heappush(running, (now + seconds[waiting[given.task.id].id] + change, given.place, given.task.id))
        if not running:
            return now
        now, place, done = heapq.heappop(running)
        scheduler.ended(place, now, done=True)
        for number, shot in waiting.items():
            if shot.continues == waiting[done].id:
                add(number)
