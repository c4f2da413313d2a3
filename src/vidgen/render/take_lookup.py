"""Which takes of a shot a run wants: those at hand, those that are bought but not here, and those still to be made."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from vidgen.engines.base import Engine, RemoteEngine
from vidgen.errors import Notice
from vidgen.media.wording import listed, there_are
from vidgen.planning.plan import GeneratedShot
from vidgen.render.project import Workspace
from vidgen.render.resolved import ResolvedShot
from vidgen.render.trimming import trimmed
from vidgen.takes.journal import Attempt
from vidgen.takes.request import Take

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class FoundTakes:
    """The takes of one shot. ``numbers``: all that are wanted; ``takes``: those at hand; ``bought``: those that a provider has,
    or should have, since they are paid for; ``new``: the rest; ``more``: those that come next where all of these are below
    ``score.floor``.

    ``pinned``: the take that a person or the storyboard picks. ``anew``: whether new takes were asked for all the same.
    ``spare``: candidates that are not needed, since a take at hand is good.
    """

    numbers: tuple[int, ...]
    takes: tuple[Take, ...]
    bought: tuple[int, ...]
    new: tuple[int, ...]
    more: tuple[int, ...] = ()
    pinned: int | None = None
    anew: bool = False
    spare: tuple[int, ...] = ()

    @property
    def missing(self) -> int:
        """How many are not at hand."""
        return len(self.bought) + len(self.new)


@dataclass
class TakeLookup:
    """What a project has when a run starts. ``regenerate``: ids of shots whose takes a person wants anew. ``floor``: whether
    the storyboard has a ``score.floor``, so that as many takes again may be made. ``only``: of some shots, the one take that is
    wanted.

    ``gone``: why takes that were paid for can be had no more, by take key. ``unpinned``: shots that lost a person's pin, since
    its take is lost and new ones were asked for. ``notices``: what a person should know before money is spent.
    """

    space: Workspace
    engines: Mapping[str, Engine]
    regenerate: frozenset[str] = frozenset()
    floor: bool = False
    only: Mapping[str, int] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    unpinned: set[str] = field(default_factory=set)
    notices: list[Notice] = field(default_factory=list)
    _attempts: Mapping[str, Sequence[Attempt]] = field(init=False, repr=False)

    _logged: dict[str, FoundTakes] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Read what the journal has, by request, as the run begins: later it also has what this very run does."""
        found: dict[str, list[Attempt]] = {}
        for row in self.space.journal.attempts() if self.space.journal else ():
            found.setdefault(row.request_key, []).append(row)
        self._attempts = found

    def takes_for(self, shot: ResolvedShot) -> FoundTakes:
        """Every take that the run wants of a shot, whatever it takes to have it."""
        only = self.only.get(shot.planned.id)
        numbers = (only,) if only else tuple(self._numbers(shot))
        more = [] if only else [number for number in self._more(shot, numbers) if number not in numbers]
        takes = {number: take for number in (*numbers, *more) if (take := self.find(shot, number))}
        rest = [number for number in (*numbers, *more) if number not in takes and not self.was_rejected(shot, number)]
        running = {row.take for row in self._attempts_at(shot) if row.state == "submitted" and shot.covered_by(row.order)}
        bought = tuple(number for number in rest if number in running or self.paid(shot, number))
        left = [number for number in rest if number not in bought]
        found = FoundTakes(
            numbers=(*numbers, *(number for number in more if number not in left)),
            takes=tuple(takes.values()),
            bought=bought,
            new=tuple(number for number in left if number in numbers),
            more=tuple(number for number in left if number in more),
            pinned=self._pinned(shot),
            anew=self._is_anew(shot),
        )
        self._log(shot, found)
        return found

    def _log(self, shot: ResolvedShot, found: FoundTakes) -> None:
        if self._logged.get(shot.planned.id) == found:
            return
        self._logged[shot.planned.id] = found
        here = [take.take for take in found.takes]
        LOG.info("%s: request %s: takes at hand %s, paid for %s", shot.planned.id, shot.key[:12], here, list(found.bought))
        for number in found.new:
            why = self.lost(shot, number) or ("asked for anew" if self._is_anew(shot) else "no take of this request")
            LOG.info("%s: take %d is to be made: %s", shot.planned.id, number, why)

    def find(self, shot: ResolvedShot, number: int) -> Take | None:
        """The stored take of that number that covers what the shot needs; where it was paid for, also one whose record is
        damaged and whose clip is whole.
        """
        store, request = self.space.store, shot.request
        if store is None:
            return None
        found = store.find(shot.take_key(number), shot.order, needs_s=request.duration_s)
        found = found or store.find(shot.earlier_take_key(number))
        if found is None and (paid := self._ended(shot, number)):
            engine, job = self.engines[request.engine], paid.job_id or ""
            diffusion = engine.capabilities(request.model).diffusion
            first_of = partial(engine.first_frame, job) if isinstance(engine, RemoteEngine) else lambda clip: 0
            found = store.restore(shot.take(number), paid, diffusion=diffusion, first_of=first_of)
        return trimmed(found, shot.planned) if found else None

    def paid(self, shot: ResolvedShot, number: int) -> Attempt | None:
        """The attempt that a take was bought with which is lost here, and which its provider may still have."""
        ended = self._ended(shot, number)
        return None if ended is None or ended.take_key in self.gone or self.find(shot, number) else ended

    def lost(self, shot: ResolvedShot, number: int) -> str | None:
        """Why a take can be had no more that was made before; None for one that is simply new."""
        attempt = self._ended(shot, number)
        if attempt and (why := self.gone.get(attempt.take_key)):
            return f"{self.damage(attempt)}; {attempt.engine} cannot give it again (job {attempt.job_id}: {why})"
        return self.space.store.damage_of(shot.take_key(number)) if self.space.store else None

    def damage(self, attempt: Attempt) -> str:
        """Why a take that was bought is not at hand."""
        known = self.space.store.damage_of(attempt.take_key) if self.space.store else None
        return known or f"take {attempt.take} is not in the store any more"

    def left_behind(self, shots: Mapping[str, ResolvedShot | None]) -> list[Notice]:
        """What to say of paid jobs that nothing asks for any more. ``shots``: each shot in the run by its id; None where it
        cannot be resolved yet.
        """
        rows = [row for rows in self._attempts.values() for row in rows if row.state == "submitted"]
        requested = {key for shot in shots.values() if shot for key in (shot.key, shot.earlier_key)}
        return [
            Notice(
                "take.unfinished",
                f"take {row.take} was bought at {row.engine} (job {row.job_id}) before the shot was changed; it is not fetched",
                row.shot,
            )
            for row in rows
            if row.shot in shots and row.request_key not in requested
        ]

    def _attempts_at(self, shot: ResolvedShot) -> Sequence[Attempt]:
        """What the journal has of a shot, newest first, as the run began."""
        return [*self._attempts.get(shot.key, ()), *self._attempts.get(shot.earlier_key, ())]

    def _stored(self, shot: ResolvedShot) -> list[int]:
        """Numbers of all takes of a shot in the store, whatever their form."""
        store = self.space.store
        return sorted({take.take for key in (shot.key, shot.earlier_key) for take in (store.takes_of(key) if store else ())})

    def _ended(self, shot: ResolvedShot, number: int) -> Attempt | None:
        """The newest attempt that a take came of which would do now, as the run began."""
        keys = (shot.take_key(number), shot.earlier_take_key(number))
        rows = (row for row in self._attempts_at(shot) if row.take_key in keys and row.state == "done" and row.job_id)
        return next((row for row in rows if shot.covered_by(row.order)), None)

    def _numbers(self, shot: ResolvedShot) -> list[int]:
        """1 to N, the pinned one, and what is bought already; for --regenerate the next N, and the pinned one."""
        planned = shot.planned
        numbers = list(range(1, planned.candidates + 1))
        attempts = self._attempts_at(shot)
        if self._is_anew(shot) and self.space.store:
            anew = self._anew(planned.candidates, attempts, self._stored(shot))
            return [*self._still_pinned(shot, anew), *anew]
        pins = dict(self._pins(shot))
        for number, place in pins.items():
            if number not in numbers:
                self._say_pinned(shot, number, place)
        more = (*pins, *(row.take for row in attempts if row.state == "submitted"))
        return [*numbers, *dict.fromkeys(number for number in more if number not in numbers)]

    def _more(self, shot: ResolvedShot, numbers: Sequence[int]) -> Iterable[int]:
        """The numbers of the takes that may come after ``numbers``: as many again."""
        count = shot.planned.candidates if self.floor and isinstance(shot.planned, GeneratedShot) else 0
        last = numbers[-1] if self._is_anew(shot) else count
        return range(last + 1, last + count + 1)

    def _is_anew(self, shot: ResolvedShot) -> bool:
        return not {shot.planned.id, shot.planned.parent}.isdisjoint(self.regenerate)

    def _pinned(self, shot: ResolvedShot) -> int | None:
        """The take that a person picked for the film, else the storyboard."""
        if shot.planned.id in self.unpinned:
            return None
        pick = self.space.pick_of(shot.planned.id, shot.is_for)
        return pick.take if pick and pick.by == "person" else shot.planned.pinned

    def _pins(self, shot: ResolvedShot) -> Iterator[tuple[int, str]]:
        """The takes that are picked for the film, and where that is written."""
        planned = shot.planned
        pick, (locked, board) = self.space.pick_of(planned.id, shot.is_for), self.space.commands.pick_files
        if planned.pinned:
            yield planned.pinned, board
        if pick:
            yield pick.take, locked

    def _say_pinned(self, shot: ResolvedShot, number: int, place: str) -> None:
        """Tell of a picked take that is neither here nor among the candidates."""
        if self.find(shot, number) or self.paid(shot, number):
            return
        stored = self._stored(shot)
        which = (
            "which does not cover the shot any more" if number in stored else f"which is not in the store ({there_are(stored)})"
        )
        self._tell(Notice("pick.missing", f"{place} picks take {number}, {which}; it is to be made", shot.planned.id))

    def _still_pinned(self, shot: ResolvedShot, anew: Sequence[int]) -> list[int]:
        """The take that stays in the film beside new ones: a person's, or the storyboard's, as long as it can be had."""
        planned = shot.planned
        pick = self.space.pick_of(planned.id, shot.is_for)
        by_person = pick if pick and pick.by == "person" else None
        number = by_person.take if by_person else planned.pinned
        if number is None or number in anew:
            return []
        place = self.space.commands.pick_files[0 if by_person else 1]
        if self.find(shot, number):
            new = f"{'take' if len(anew) == 1 else 'takes'} {listed(anew)}"
            text = (
                f"take {number} is picked in {place} and stays in the film; {new} will be new, and to use one of those:"
                f" {self.space.commands.pick(planned.id, anew[0])}"
            )
            self._tell(Notice("pick.kept", text, planned.id))
            return [number]
        if self.paid(shot, number):
            return [number]
        self.unpinned.add(planned.id)
        text = f"take {number} is picked in {place}, but it is not in the store any more; the best of the new takes is used"
        self._tell(Notice("pick.missing", text, planned.id))
        return []

    def take_notices(self) -> list[Notice]:
        """What there is to say since the last call."""
        fresh, self.notices = self.notices, []
        return fresh

    def was_rejected(self, shot: ResolvedShot, number: int) -> bool:
        """Whether an engine gave this take up on the way, in this run or an earlier one."""
        store = self.space.store
        return store is not None and store.was_rejected(shot.take_key(number))

    def _tell(self, notice: Notice) -> None:
        if notice not in self.notices:
            self.notices.append(notice)

    @staticmethod
    def _anew(count: int, attempts: Sequence[Attempt], stored: Sequence[int]) -> list[int]:
        """The next numbers; or the last ones again, where an earlier run that made new takes did not come to its end."""
        last = max((*stored, *(row.take for row in attempts)), default=0)
        latest = range(max(1, last - count + 1), last + 1)
        if any(row.take in latest and row.state in ("submitted", "unknown") for row in attempts):
            return list(latest)
        return list(range(last + 1, last + count + 1))
