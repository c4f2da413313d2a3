"""Which takes of a shot a run wants: those at hand, those that are bought but not fetched, and those still to be made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vidgen.errors import Notice
from vidgen.planning.plan import PlannedShot
from vidgen.render.project import Workspace
from vidgen.takes.journal import Attempt
from vidgen.takes.keys import seeded_key
from vidgen.takes.request import ShotRequest, Take


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

    def wanted(self, planned: PlannedShot, request: ShotRequest, key: str) -> Wanted:
        """Every take that the run wants of a shot whose request has this key, whatever it takes to have it."""
        numbers = self._numbers(planned, key)
        takes = {number: take for number in numbers if (take := self.find(request, key, number))}
        open_jobs = {row.take for row in self._attempts.get(key, ()) if row.state == "submitted"} - set(takes)
        rest = [number for number in numbers if number not in takes and not self._rejected(request, key, number)]
        return Wanted(
            tuple(numbers),
            tuple(takes.values()),
            tuple(number for number in rest if number in open_jobs),
            tuple(number for number in rest if number not in open_jobs),
        )

    def find(self, request: ShotRequest, key: str, number: int) -> Take | None:
        """The stored take of that number."""
        if self.space.store is None:
            return None
        return self.space.store.find(seeded_key(key, request.seed_of(number)))

    def left_behind(self, shots: Mapping[str, str]) -> list[Notice]:
        """What to say of paid jobs that nothing asks for any more. ``shots``: id of each shot in the run, and its key now."""
        rows = [row for rows in self._attempts.values() for row in rows if row.state == "submitted"]
        return [
            Notice(
                "take.unfinished",
                f"take {row.take} was bought at {row.engine} (job {row.job_id}) before the shot was changed; it is not fetched",
                row.shot,
            )
            for row in rows
            if row.shot in shots and row.request_key not in shots.values()
        ]

    def _numbers(self, planned: PlannedShot, key: str) -> list[int]:
        """1 to N, the pinned one, and what is bought already; for --regenerate the next N."""
        wanted = list(range(1, planned.candidates + 1))
        attempts = self._attempts.get(key, ())
        if {planned.id, planned.parent} & self.regenerate and self.space.store:
            return self._anew(planned.candidates, attempts, [take.take for take in self.space.store.takes_of(key)])
        pick = self.space.picks.get(planned.id)
        pinned = (pick.take if pick and pick.request_key == key else None, planned.shot.pick)
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

    def _rejected(self, request: ShotRequest, key: str, number: int) -> bool:
        """Whether an engine gave this take up on the way, in this run or an earlier one."""
        store = self.space.store
        return store is not None and store.was_rejected(seeded_key(key, request.seed_of(number)))
