"""Which work is done where, and when a second time. Plain values and a clock that is handed in: simulations run this very code.

A place (a GPU, or a core) keeps the model that it worked with last. Work is given out longest first, to places that have its
model; a place changes its model only where nobody waits for the one it has. Near the end, work that takes much longer than it
should is started a second time elsewhere: same key, same frames, so the first result counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["core", "device"]

MOST_LOSSES = 3
"""How often work may take its place down with it before it is given up."""
STRAGGLES = 1.6
"""Work that takes this many times as long as expected is started a second time where places are idle."""
LEARNT_FROM = 3
"""So many pieces of one model must be done before an expectation counts."""


@dataclass(frozen=True)
class Task:
    """One piece of work.

    Args:
        id: its name.
        model: what has to be loaded for it; pieces of one model are alike.
        kind: what it runs on.
        work: how much there is to do, in any unit that is the same for all pieces of one model.
        after: the same of what can begin only once it is done.
        gb: memory that its place needs, in GB.
    """

    id: int
    model: str
    kind: Kind = "core"
    work: float = 1.0
    after: float = 0.0
    gb: float = 0.0


@dataclass
class Place:
    """Where one piece of work is done at a time.

    Args:
        id: its name, unique for ever.
        node: the machine that it is part of.
        models: what it can do; None: everything of its kind.
        gb: its memory; 0: not known, enough for all.
        spare: it gets only what no other place can do: a processor, for models that are made for GPUs.
    """

    id: str
    node: str
    kind: Kind = "core"
    models: frozenset[str] | None = None
    gb: float = 0.0
    spare: bool = False
    loaded: str | None = None

    def can(self, task: Task) -> bool:
        """Whether the place can do it at all."""
        able = self.models is None or task.model in self.models
        return able and self.kind == task.kind and (not self.gb or task.gb <= self.gb)


@dataclass(frozen=True)
class Assignment:
    """Work that begins now at a place. ``again``: it runs elsewhere already."""

    task: Task
    place: str
    again: bool = False


@dataclass
class _Pace:
    """How long work of one model takes, as seen so far."""

    done: int = 0
    work: float = 0.0
    seconds: float = 0.0

    def expected(self, work: float) -> float | None:
        return work * self.seconds / self.work if self.done >= LEARNT_FROM and self.work else None


@dataclass
class Scheduler:
    """Gives out work. ``load``: seconds that changing a model costs, roughly. ``slack_s``: what work may take longer than
    expected for reasons that pass.
    """

    load: float = 0.0
    slack_s: float = 0.0
    _wanted: set[int] = field(default_factory=set)
    _waiting: dict[int, Task] = field(default_factory=dict)
    _places: dict[str, Place] = field(default_factory=dict)
    _running: dict[str, tuple[Task, float]] = field(default_factory=dict)
    _losses: dict[int, int] = field(default_factory=dict)
    _refused: dict[int, set[str]] = field(default_factory=dict)
    _paces: dict[str, _Pace] = field(default_factory=dict)

    def add(self, task: Task) -> None:
        """Take work on."""
        self._wanted.add(task.id)
        self._waiting[task.id] = task

    def place_up(self, place: Place) -> None:
        """A place is there."""
        self._places[place.id] = place

    def place_down(self, place: str) -> None:
        """A place is gone for good, through no fault of the work that ran there, which waits again."""
        self._places.pop(place, None)
        self._wait_again(place)

    def crashed(self, place: str) -> Task | None:
        """Work has failed at a place without an answer, and may be to blame. It waits again, or is given up and returned where
        that happened too often.
        """
        task = self._wait_again(place)
        if task is None or task.id not in self._wanted:
            return None
        self._losses[task.id] = self._losses.get(task.id, 0) + 1
        if self._losses[task.id] < MOST_LOSSES:
            return None
        self.drop(task.id)
        return task

    def _wait_again(self, place: str) -> Task | None:
        running = self._running.pop(place, None)
        if running and running[0].id in self._wanted and not self._runs(running[0].id):
            self._waiting[running[0].id] = running[0]
        return running[0] if running else None

    def drop(self, task: int) -> list[str]:
        """Forget work; the places where it still runs."""
        self._wanted.discard(task)
        self._waiting.pop(task, None)
        return [place for place, (one, _) in self._running.items() if one.id == task]

    def ended(self, place: str, now: float, *, done: bool) -> list[str]:
        """A place is free again. ``done``: its work is done; returns the places where it runs a second time."""
        running = self._running.pop(place, None)
        if not done or running is None:
            return []
        task, began = running
        pace = self._paces.setdefault(task.model, _Pace())
        pace.done, pace.work, pace.seconds = pace.done + 1, pace.work + task.work, pace.seconds + now - began
        return self.drop(task.id)

    def refused(self, place: str) -> None:
        """The node of a place cannot do what it was given; the work waits for another node."""
        if task := self._wait_again(place):
            self._refused.setdefault(task.id, set()).add(self._places[place].node)

    def hopeless(self) -> list[Task]:
        """Work that waits and that no place can do that is here."""
        return [task for task in self._waiting.values() if not any(self._fits(place, task) for place in self._places.values())]

    def assign(self, now: float) -> list[Assignment]:
        """What begins now. Call it whenever anything has changed, and now and then."""
        given: list[Assignment] = []
        free = [place for place in self._places.values() if place.id not in self._running]
        free.sort(key=lambda place: (place.loaded is None, -place.gb))  # who has a model first, so that it goes on with it
        for place in free:
            task = self._next_for(place)
            if task is not None:
                del self._waiting[task.id]
                given.append(self._give(place, task, now))
            elif (late := self._straggler(place, now)) is not None:
                given.append(self._give(place, late, now, again=True))
        return given

    def _give(self, place: Place, task: Task, now: float, *, again: bool = False) -> Assignment:
        place.loaded = task.model
        self._running[place.id] = (task, now)
        return Assignment(task, place.id, again)

    def _next_for(self, place: Place) -> Task | None:
        by_model: dict[str, list[Task]] = {}
        for task in self._waiting.values():
            if self._fits(place, task):
                by_model.setdefault(task.model, []).append(task)
        if not by_model:
            return None
        if place.loaded in by_model:
            return _longest(by_model[place.loaded])
        at_work = self._at_work()
        shares = {model: _amount(tasks) / (at_work.get(model, 0) + 1) for model, tasks in by_model.items()}
        model = max(shares, key=lambda name: (shares[name], name))
        # Loading pays where the work would wait longer than that for those who have the model.
        wait_s = self._paces.get(model, _Pace()).expected(shares[model])
        if place.loaded is not None and at_work.get(model) and wait_s is not None and wait_s < self.load:
            return None
        return _longest(by_model[model])

    def _at_work(self) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for task, _ in self._running.values():
            counts[task.model] = counts.get(task.model, 0) + 1
        return counts

    def _straggler(self, place: Place, now: float) -> Task | None:
        """Work that runs elsewhere, much longer than it should, and would be done here sooner than it seems to be there."""
        if any(self._fits(place, task) for task in self._waiting.values()):
            return None
        late: list[tuple[float, Task]] = []
        for elsewhere, (task, began) in self._running.items():
            expected = self._paces.get(task.model, _Pace()).expected(task.work)
            if expected is None or task.id not in self._wanted or not self._fits(place, task) or self._copies(task.id) > 1:
                continue
            if now - began > STRAGGLES * expected + self.slack_s and self._places[elsewhere].node != place.node:
                late.append((now - began - expected, task))
        return max(late, key=lambda one: one[0])[1] if late else None

    def _fits(self, place: Place, task: Task) -> bool:
        if not place.can(task) or place.node in self._refused.get(task.id, ()):
            return False
        return not place.spare or not any(other.can(task) for other in self._places.values() if not other.spare)

    def _runs(self, task: int) -> bool:
        return self._copies(task) > 0

    def _copies(self, task: int) -> int:
        return sum(one.id == task for one, _ in self._running.values())


def _longest(tasks: Iterable[Task]) -> Task:
    return max(tasks, key=lambda task: (task.work + task.after, -task.id))


def _amount(tasks: Iterable[Task]) -> float:
    return sum(task.work for task in tasks)
