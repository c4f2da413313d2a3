"""How well the scheduler fills 50 GPUs: its very code, with simulated durations and nodes that are lost.

``python -m benchmarks.cluster`` prints the share of the ideal schedule (all work, evenly on all GPUs, nothing ever loaded).
"""

from __future__ import annotations

import heapq
import itertools
import random
import sys
from dataclasses import dataclass, field

from vidgen.cluster.scheduler import Place, Scheduler, Task
from vidgen.render.runners.cluster import FEW

MODELS = {"wan2.2-a14b": 240.0, "ltx-2": 75.0}
"""Seconds of one take, on the mean."""
LOAD_S = {"wan2.2-a14b": 90.0, "ltx-2": 45.0}
TAKES = 5
DETECTED_S, REPLACED_S = 30.0, 240.0
"""When a lost node is missed, and when another takes its place."""


@dataclass
class Simulation:
    """One film on one cluster.

    Args:
        gpus: how many there are. shots: of the film, each of ``TAKES`` takes.
        lost_every_s: a node is lost so often; 0: never.
        slow: share of GPUs that work at half the speed without anybody knowing.
    """

    gpus: int = 50
    shots: int = 500
    lost_every_s: float = 0.0
    slow: float = 0.0
    seed: int = 1
    scheduler: Scheduler = field(default_factory=lambda: Scheduler(load=60.0, slack_s=30.0))

    def __post_init__(self) -> None:
        self.luck = random.Random(self.seed)
        self.truth: dict[int, float] = {}
        self.events: list[tuple[float, int, str, object]] = []
        self.order = itertools.count()
        self.loaded: dict[str, str] = {}
        self.speeds: dict[str, float] = {}
        self.runs: dict[str, int] = {}
        self.node_numbers = itertools.count()
        self.places: list[str] = []
        self.lost = 0

    def run(self) -> float:
        """Share of the ideal schedule, 0 to 1."""
        todo = self._film()
        for _ in range(self.gpus):
            self._node_up()
        if self.lost_every_s:
            self._at(self.lost_every_s, "loss", None)
        now = 0.0
        while todo:
            self._start(now)
            now, _, what, data = heapq.heappop(self.events)
            if what == "done":
                place, run, task = data  # type: ignore[misc]
                if self.runs.get(place) == run:
                    if task in todo:
                        todo.discard(task)
                        for copy in self.scheduler.ended(place, now, done=True):
                            self._at(now, "stopped", copy)
                    else:
                        self.scheduler.ended(place, now, done=False)
            elif what == "stopped":
                self.runs.pop(str(data), None)
                self.scheduler.ended(str(data), now, done=False)
            elif what == "loss":
                self._lose(now)
            elif what == "missed":
                self.scheduler.place_down(str(data))
            elif what == "up":
                self._node_up()
        return sum(self.truth.values()) / self.gpus / now

    def _film(self) -> set[int]:
        apart = self.shots < FEW * self.gpus
        pieces, takes = (TAKES, 1) if apart else (1, TAKES)
        for shot in range(self.shots):
            model = list(MODELS)[shot % 2]
            frames = self.luck.choice((49, 65, 81, 97, 121))
            for piece in range(shot * pieces, (shot + 1) * pieces):
                self.truth[piece] = takes * MODELS[model] * frames / 83 * self.luck.uniform(0.92, 1.08)
                self.scheduler.add(Task(piece, model, "device", work=float(takes * frames)))
        return set(self.truth)

    def _at(self, when: float, what: str, data: object) -> None:
        heapq.heappush(self.events, (when, next(self.order), what, data))

    def _node_up(self) -> None:
        name = f"node{next(self.node_numbers)}"
        self.places.append(name)
        self.speeds[name] = 0.5 if self.luck.random() < self.slow else 1.0
        self.scheduler.place_up(Place(name, name, "device"))

    def _start(self, now: float) -> None:
        for given in self.scheduler.assign(now):
            place, model = given.place, given.task.model
            seconds = self.truth[given.task.id] / self.speeds[place]
            if self.loaded.get(place) != model:
                seconds += LOAD_S[model]
                self.loaded[place] = model
            self.runs[place] = self.runs.get(place, 0) + 1
            if place in self.places:
                self._at(now + seconds, "done", (place, self.runs[place], given.task.id))

    def _lose(self, now: float) -> None:
        place = self.luck.choice(self.places)
        self.places.remove(place)
        self.runs[place] = -1
        self.lost += 1
        self._at(now + DETECTED_S, "missed", place)
        self._at(now + REPLACED_S, "up", None)
        self._at(now + self.lost_every_s, "loss", None)


CASES = (
    ("500 shots x 5 takes on 50 GPUs, 2 models", {}, 0.92),
    ("the same, a node lost every 20 minutes", {"lost_every_s": 1200.0}, 0.85),
    ("the same, a node lost every 5 minutes", {"lost_every_s": 300.0}, 0.0),
    ("the same, none lost, a tenth of the GPUs at half speed", {"slow": 0.1}, 0.0),
    ("60 shots x 5 takes on 50 GPUs", {"shots": 60}, 0.0),
)


def main() -> None:
    failed = False
    for name, options, bar in CASES:
        shares = []
        for seed in range(1, 6):
            simulation = Simulation(seed=seed, **options)  # type: ignore[arg-type]
            shares.append(simulation.run())
        worst = min(shares)
        failed |= worst < bar
        bar_text = f", bar {100 * bar:.0f} %" if bar else ""
        print(f"{name}: {100 * worst:.1f} to {100 * max(shares):.1f} % of ideal over {len(shares)} films{bar_text}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
