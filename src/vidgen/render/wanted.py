"""Which takes of a shot a run wants: those at hand, those that are bought but not here, and those still to be made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vidgen.engines.base import Engine
from vidgen.errors import Notice
from vidgen.media.wording import listed, there_are
from vidgen.planning.plan import PlannedShot
from vidgen.render.project import Workspace
from vidgen.takes.journal import Attempt
from vidgen.takes.keys import seeded_key
from vidgen.takes.request import ShotRequest, Take, TakeRequest


@dataclass(frozen=True)
class Wanted:
    """The takes of one shot. ``numbers``: all; ``takes``: those at hand; ``bought``: those that a provider has, or should have,
    since they are paid for; ``new``: the rest.
    """

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
    """What a project has when a run starts. ``regenerate``: ids of shots whose takes a person wants anew.

    ``gone``: why takes that were paid for can be had no more, by take key. ``unpinned``: shots that lost a person's pin, since
    its take is lost and new ones were asked for. ``notices``: what a person should know before money is spent.
    """

    space: Workspace
    engines: Mapping[str, Engine]
    regenerate: frozenset[str] = frozenset()
    gone: dict[str, str] = field(default_factory=dict)
    unpinned: set[str] = field(default_factory=set)
    notices: list[Notice] = field(default_factory=list)
    _attempts: Mapping[str, Sequence[Attempt]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read what the journal has, by request, as the run begins: later it also has what this very run does."""
        found: dict[str, list[Attempt]] = {}
        for row in self.space.journal.attempts() if self.space.journal else ():
            found.setdefault(row.request_key, []).append(row)
        self._attempts = found

    def wanted(self, planned: PlannedShot, request: ShotRequest, key: str) -> Wanted:
        """Every take that the run wants of a shot whose request has this key, whatever it takes to have it."""
        numbers = tuple(self._numbers(planned, request, key))
        takes = {number: take for number in numbers if (take := self.find(request, key, number))}
        rest = [number for number in numbers if number not in takes and not self._rejected(request, key, number)]
        running = {row.take for row in self._attempts.get(key, ()) if row.state == "submitted"}
        bought = tuple(number for number in rest if number in running or self.paid(request, key, number))
        return Wanted(numbers, tuple(takes.values()), bought, tuple(number for number in rest if number not in bought))

    def find(self, request: ShotRequest, key: str, number: int) -> Take | None:
        """The stored take of that number; where it was paid for, also one whose record is damaged and whose clip is whole."""
        store, seed = self.space.store, request.seed_of(number)
        if store is None:
            return None
        found = store.find(seeded_key(key, seed))
        if found is None and (paid := self._ended(key, seeded_key(key, seed))):
            able = self.engines[request.engine].capabilities(request.model)
            found = store.restore(TakeRequest(request, number, seed), paid, diffusion=able.diffusion)
        return found

    def paid(self, request: ShotRequest, key: str, number: int) -> Attempt | None:
        """The attempt that a take was bought with which is lost here, and which its provider may still have."""
        name = seeded_key(key, request.seed_of(number))
        return None if name in self.gone or self.find(request, key, number) else self._ended(key, name)

    def lost(self, request: ShotRequest, key: str, number: int) -> str | None:
        """Why a take can be had no more that was made before; None for one that is simply new."""
        name = seeded_key(key, request.seed_of(number))
        attempt = self._ended(key, name)
        if attempt and name in self.gone:
            return f"{self.damage(attempt)}; {attempt.engine} cannot give it again (job {attempt.job_id}: {self.gone[name]})"
        return self.space.store.damage_of(name) if self.space.store else None

    def damage(self, attempt: Attempt) -> str:
        """Why a take that was bought is not at hand."""
        known = self.space.store.damage_of(attempt.take_key) if self.space.store else None
        return known or f"take {attempt.take} is not in the store any more"

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

    def _ended(self, key: str, take_key: str) -> Attempt | None:
        """The newest attempt that a take came of, as the run began."""
        rows = self._attempts.get(key, ())
        return next((row for row in rows if row.take_key == take_key and row.state == "done" and row.job_id), None)

    def _numbers(self, planned: PlannedShot, request: ShotRequest, key: str) -> list[int]:
        """1 to N, the pinned one, and what is bought already; for --regenerate the next N, and the pinned one."""
        wanted = list(range(1, planned.candidates + 1))
        attempts = self._attempts.get(key, ())
        if {planned.id, planned.parent} & self.regenerate and self.space.store:
            anew = self._anew(planned.candidates, attempts, [take.take for take in self.space.store.takes_of(key)])
            return [*self._still_pinned(planned, request, key, anew), *anew]
        pins = dict(self._pins(planned, key))
        for number, place in pins.items():
            if number not in wanted:
                self._say_pinned(planned, request, key, number, place)
        more = (*pins, *(row.take for row in attempts if row.state == "submitted"))
        return [*wanted, *dict.fromkeys(number for number in more if number not in wanted)]

    def _pins(self, planned: PlannedShot, key: str) -> Iterator[tuple[int, str]]:
        """The takes that are picked for the film, and where that is written."""
        pick, (locked, board) = self.space.picks.get(planned.id), self.space.commands.pick_files
        if planned.shot.pick:
            yield planned.shot.pick, board
        if pick and pick.request_key == key:
            yield pick.take, locked

    def _say_pinned(self, planned: PlannedShot, request: ShotRequest, key: str, number: int, place: str) -> None:
        """Tell of a picked take that is neither here nor among the candidates."""
        if self.find(request, key, number) or self.paid(request, key, number):
            return
        stored = [take.take for take in self.space.store.takes_of(key)] if self.space.store else []
        text = f"{place} picks take {number}, which is not in the store ({there_are(stored)}); it is to be made"
        self._tell(Notice("pick.missing", text, planned.id))

    def _still_pinned(self, planned: PlannedShot, request: ShotRequest, key: str, anew: Sequence[int]) -> list[int]:
        """The take that stays in the film beside new ones: a person's, or the storyboard's, as long as it can be had."""
        pick = self.space.picks.get(planned.id)
        by_person = pick if pick and pick.by == "person" and pick.request_key == key else None
        number = by_person.take if by_person else planned.shot.pick
        if number is None or number in anew:
            return []
        place = self.space.commands.pick_files[0 if by_person else 1]
        if self.find(request, key, number):
            new = f"{'take' if len(anew) == 1 else 'takes'} {listed(anew)}"
            text = (
                f"take {number} is picked in {place} and stays in the film; {new} will be new, and to use one of those:"
                f" {self.space.commands.pick(planned.id, anew[0])}"
            )
            self._tell(Notice("pick.kept", text, planned.id))
            return [number]
        if self.paid(request, key, number):
            return [number]
        self.unpinned.add(planned.id)
        text = f"take {number} is picked in {place}, but it is not in the store any more; the best of the new takes is used"
        self._tell(Notice("pick.missing", text, planned.id))
        return []

    def _tell(self, notice: Notice) -> None:
        if notice not in self.notices:
            self.notices.append(notice)

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
