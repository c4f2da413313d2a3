"""Which takes of a shot a run wants: those at hand, those that are bought but not fetched, and those still to be made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vidgen.errors import Notice
from vidgen.planning.plan import PlannedShot
from vidgen.render.project import Workspace
from vidgen.takes.journal import Attempt
from vidgen.takes.keys import seeded_key
from vidgen.takes.request import Order, ShotRequest, Take, TakeRequest


@dataclass(frozen=True)
class ResolvedShot:
    """A shot with everything that names its takes, worked out once: the request with the file that it continues, its key, the
    key under which vidgen up to 0.1 kept it, and the form that would be ordered now.
    """

    planned: PlannedShot
    request: ShotRequest
    key: str
    earlier_key: str
    order: Order

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


@dataclass(frozen=True)
class Wanted:
    """The takes of one shot. ``numbers``: all; ``takes``: those at hand; ``bought``: those at a provider; ``new``: the rest."""

    numbers: tuple[int, ...]
    takes: tuple[Take, ...]
    bought: tuple[int, ...]
    new: tuple[int, ...]

    @property
    def missing(self) -> int:
        """How many are not at hand."""
        return len(self.bought) + len(self.new)


@dataclass
class Shelf:
    """What a project has when a run starts. ``regenerate``: ids of shots whose takes a person wants anew."""

    space: Workspace
    regenerate: frozenset[str] = frozenset()
    _attempts: Mapping[str, Sequence[Attempt]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read what the journal has, by request, as the run begins: later it also has what this very run does."""
        found: dict[str, list[Attempt]] = {}
        for row in self.space.journal.attempts() if self.space.journal else ():
            found.setdefault(row.request_key, []).append(row)
        self._attempts = found

    def wanted(self, shot: ResolvedShot) -> Wanted:
        """Every take that the run wants of a shot, whatever it takes to have it."""
        numbers = self._numbers(shot)
        takes = {number: take for number in numbers if (take := self.find(shot, number))}
        open_jobs = {row.take for row in self._attempts_at(shot) if row.state == "submitted" and self._will_do(shot, row)}
        rest = [number for number in numbers if number not in takes and not self._rejected(shot, number)]
        return Wanted(
            tuple(numbers),
            tuple(takes.values()),
            tuple(number for number in rest if number in open_jobs),
            tuple(number for number in rest if number not in open_jobs),
        )

    def find(self, shot: ResolvedShot, number: int) -> Take | None:
        """The stored take of that number that covers what the shot needs."""
        store = self.space.store
        if store is None:
            return None
        needs_s = shot.request.duration_s
        return store.find(shot.take_key(number), shot.order, needs_s=needs_s) or store.find(shot.earlier_take_key(number))

    def why_new(self, shot: ResolvedShot, number: int) -> str | None:
        """Why a take that is at hand does not do; None where there is none, or it does."""
        store = self.space.store
        take = store.find(shot.take_key(number)) if store else None
        if take is None or take.order is None or take.covers(shot.order, shot.request.duration_s):
            return None
        have, need = take.order, shot.order
        if have.size != need.size:
            return f"it was ordered at {have.size}, and {need.size} is needed"
        if need.rate and have.rate != need.rate:
            return f"it was ordered at {have.rate} frames/s, and {need.rate} are needed"
        return f"it has {take.duration_s:.2f} s, and {shot.request.duration_s:.2f} s are needed"

    def _will_do(self, shot: ResolvedShot, row: Attempt) -> bool:
        """Whether what an open job makes will cover the shot."""
        needs_s = shot.request.duration_s
        return row.order is None or row.order.covers(shot.order, has_s=row.order.seconds, needs_s=needs_s)

    def _attempts_at(self, shot: ResolvedShot) -> Sequence[Attempt]:
        return [*self._attempts.get(shot.key, ()), *self._attempts.get(shot.earlier_key, ())]

    def left_behind(self, shots: Mapping[str, ResolvedShot | None]) -> list[Notice]:
        """What to say of paid jobs that nothing asks for any more. ``shots``: each shot in the run by its id; None where it
        cannot be resolved yet.
        """
        rows = [row for rows in self._attempts.values() for row in rows if row.state == "submitted"]
        wanted = {key for shot in shots.values() if shot for key in (shot.key, shot.earlier_key)}
        return [
            Notice(
                "take.unfinished",
                f"take {row.take} was bought at {row.engine} (job {row.job_id}) before the shot was changed; it is not fetched",
                row.shot,
            )
            for row in rows
            if row.shot in shots and row.request_key not in wanted
        ]

    def _numbers(self, shot: ResolvedShot) -> list[int]:
        """1 to N, the pinned one, and what is bought already; for --regenerate the next N."""
        planned = shot.planned
        wanted = list(range(1, planned.candidates + 1))
        attempts, store = self._attempts_at(shot), self.space.store
        if {planned.id, planned.parent} & self.regenerate and store:
            stored = [take.take for key in (shot.key, shot.earlier_key) for take in store.takes_of(key)]
            return self._anew(planned.candidates, attempts, stored)
        pick = self.space.picks.get(planned.id)
        pinned = (pick.take if pick and shot.is_for(pick.request_key) else None, planned.shot.pick)
        more = (*pinned, *(row.take for row in attempts if row.state == "submitted"))
        return [*wanted, *dict.fromkeys(number for number in more if number and number not in wanted)]

    @staticmethod
    def _anew(count: int, attempts: Sequence[Attempt], stored: Sequence[int]) -> list[int]:
        """The next numbers; or the last ones again, where an earlier wish for new takes did not come to its end."""
        last = max((*stored, *(row.take for row in attempts)), default=0)
        latest = range(max(1, last - count + 1), last + 1)
        if any(row.take in latest and row.state in ("submitted", "unknown") for row in attempts):
            return list(latest)
        return list(range(last + 1, last + count + 1))

    def _rejected(self, shot: ResolvedShot, number: int) -> bool:
        """Whether an engine gave this take up on the way, in this run or an earlier one."""
        store = self.space.store
        return store is not None and store.was_rejected(shot.take_key(number))
