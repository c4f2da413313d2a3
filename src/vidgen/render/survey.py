"""What is at hand when a run starts, what is to be made or bought, and what that would cost. Makes nothing."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace

from vidgen.errors import Notice
from vidgen.planning.plan import EngineShot, GeneratedShot, PlannedShot, UserClip
from vidgen.render.choosing import Chooser
from vidgen.render.made import MadeShot, Survey
from vidgen.render.recovery import Owed
from vidgen.render.resolved import ResolvedShot, Resolver, why_new
from vidgen.render.run import Run
from vidgen.render.spending import Bill, BillItem, shot_limits
from vidgen.render.take_lookup import TakeLookup
from vidgen.takes.budget import price_text
from vidgen.takes.request import Order

_OTHER_OPENING = "takes are at hand, but they go on from another picture than the one that {parent} ends with now"
NewTake = tuple[str, Order | None]
"""A take that is to be made: its key, and what is ordered."""


@dataclass
class Surveyor:
    """Surveys the shots of a run, in film order.

    ``owed``: takes that are lost here, were paid for, and may be had again at no cost, by take key, as found last.
    """

    shots: Sequence[PlannedShot]
    run: Run
    lookup: TakeLookup
    resolver: Resolver
    chooser: Chooser
    owed: dict[str, tuple[ResolvedShot, int, Owed]] = field(default_factory=dict)

    def survey(self) -> Survey:
        """Look at what is there. What it finds damaged is set aside, and records that it can mend are mended."""
        found: dict[str, MadeShot] = {}
        items: list[BillItem] = []
        counted: set[NewTake] = set()
        self.owed.clear()
        again: dict[str, Notice] = {}
        bought: list[tuple[EngineShot, float | None]] = []
        more: list[BillItem] = []
        for planned in self.shots:
            if isinstance(planned, UserClip):
                found[planned.id] = MadeShot(planned, picked_by="clip")
                continue
            found[planned.id], new, further = self._surveyed(planned, found.get(planned.continues or ""), again)
            fresh = set(new) - counted  # shots that ask for the same share their takes
            beyond = set(further) - counted
            counted |= fresh | beyond
            if fresh:
                items.append(_item(planned, len(fresh)))
            if beyond:
                more.append(_item(planned, len(beyond)))
            if fresh or beyond:
                bought.append((planned, _item(planned, len(fresh)).usd))
        self._say(found, again)
        journal = self.run.space.journal
        bill = Bill.of(items, *(journal.spent(), journal.unpriced()) if journal else ())
        shots = [planned for planned in self.shots if not isinstance(planned, UserClip)]
        limits = shot_limits(bought, shots, journal)
        bill = replace(bill, again=tuple(again.values()), limits=limits, more=Bill.of(more).items)
        return Survey(tuple(found.values()), bill)

    @property
    def unpinned(self) -> Set[str]:
        """Shots that lose a person's pick, since its take is lost and new ones were asked for."""
        return self.lookup.unpinned

    def _surveyed(
        self, planned: EngineShot, parent: MadeShot | None, again: dict[str, Notice]
    ) -> tuple[MadeShot, Sequence[NewTake], Sequence[NewTake]]:
        """A shot as it is at hand, the takes that are neither at hand nor bought, and those that come after them where all are
        below ``score.floor``; those that were bought once are added to ``again``.
        """
        opening = parent.opening(planned) if parent else None
        if parent and opening is None:
            count = planned.candidates
            unnamed: list[NewTake] = [(f"{planned.id}/{number}", None) for number in range(2 * count)]
            further = unnamed[count:] if self.lookup.floor and isinstance(planned, GeneratedShot) else []
            return MadeShot(planned, missing=count), unnamed[:count], further
        resolved = self.resolver.resolve(planned, opening)
        takes = self.chooser.bars.needed(resolved, self.lookup.takes_for(resolved))
        shot = MadeShot(
            planned, resolved, takes.takes, missing=takes.missing, new=takes.new, reused=not takes.missing, spare=takes.spare
        )
        shot.may_grow = bool(takes.more)
        if not takes.missing:
            shot = self.chooser.choose(shot, resolved, fresh=False)
        for number in takes.bought:
            if attempt := self.lookup.paid(resolved, number):
                owed = Owed(attempt, self.lookup.damage(attempt), resolved.take_usd)
                self.owed.setdefault(attempt.take_key, (resolved, number, owed))
        for number in takes.new:
            if resolved.take_usd != 0 and (why := self.lookup.lost(resolved, number)):
                text = f"{why}, so it is to be bought anew, for {price_text(resolved.take_usd)}"
                again.setdefault(resolved.take_key(number), Notice("take.lost", text, planned.id))
        if store := self.run.space.store:
            whys = dict.fromkeys(why for number in takes.new if (why := why_new(resolved, number, store)))
            if opening and takes.new and not takes.takes and not whys and store.has_takes_of(planned.id):
                whys[_OTHER_OPENING.format(parent=planned.continues)] = None
            self.run.notices += [Notice("take.not_covering", why, planned.id) for why in whys]
        new, more = ([(resolved.take_key(number), resolved.order) for number in each] for each in (takes.new, takes.more))
        return shot, new, more

    def _say(self, found: dict[str, MadeShot], again: dict[str, Notice]) -> None:
        """Add the notices of what was found. A take that is lost is told once, with what becomes of it."""
        self.run.add_notices(self.lookup.take_notices())
        self.run.notices += self.lookup.left_behind({name: shot.resolved for name, shot in found.items()})
        lost = [owed.fetching for *_, owed in self.owed.values()] + list(again.values())
        self.run.notices = [one for one in self.run.notices if not any(one.message in more.message for more in lost)] + lost


def _item(planned: EngineShot, takes: int) -> BillItem:
    """So many takes of a shot on the bill."""
    each = None if planned.estimated_usd is None else planned.estimated_usd / planned.candidates
    price = None if each is None else each * takes
    return BillItem(" ".join(filter(None, (planned.engine, planned.model))), takes, price)
