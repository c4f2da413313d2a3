"""In which rounds the takes of a shot are made: all at once, or one after the other until one is good enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vidgen.catalog.capabilities import Capabilities
from vidgen.errors import Notice, VidgenError
from vidgen.media.wording import counted, listed
from vidgen.render.bars import Bars
from vidgen.render.resolved import ResolvedShot
from vidgen.render.reworking import rework_for, reworked
from vidgen.render.run import Run
from vidgen.render.spending import Allowance
from vidgen.render.take_lookup import FoundTakes
from vidgen.takes.budget import price_text
from vidgen.takes.request import Take

Results = Mapping[int, Take | VidgenError]
"""What is at hand of a shot, and what came of the takes that were made, by number."""

BATCH = 2
"""Takes of one round where an engine makes takes cheaper together: two share its loading, and the third may not be needed."""


@dataclass(frozen=True)
class Round:
    """The takes to make now, by number, and the shot as they are asked for."""

    shot: ResolvedShot
    numbers: Sequence[int] = ()


@dataclass(frozen=True)
class Rounds:
    """Says which takes of a shot are made next. Any thread may ask; one at a time for one shot."""

    bars: Bars
    run: Run
    allowance: Allowance

    def next(self, shot: ResolvedShot, found: FoundTakes, results: Results, *, together: bool) -> Round:
        """What to make now; no takes where there are enough. ``together``: whether two are cheaper at once. Judges what is
        there where the storyboard has a bar.
        """
        if bought := [number for number in found.bought if number not in results]:
            return Round(shot, bought)
        takes = [result for result in results.values() if isinstance(result, Take)]
        new = [number for number in found.new if number not in results]
        if new and self.bars.good is None:
            return Round(shot, new)
        size = BATCH if together else 1
        if new:
            new.sort(key=lambda number: number != found.pinned)
            return Round(shot, () if self.bars.enough(shot, found, takes) else new[:size])
        return self._beyond(shot, found, results, takes, size)

    def _beyond(self, shot: ResolvedShot, found: FoundTakes, results: Results, takes: Sequence[Take], size: int) -> Round:
        """The next takes where all so far are below the floor, as far as money allows, asked for by what is wrong with those.
        One that failed ends it.
        """
        more = [number for number in found.more if number not in results]
        failed = any(isinstance(results.get(number), VidgenError) for number in found.more)
        if not more or failed or not self.bars.below(shot, found, takes):
            return Round(shot)
        granted = [number for number in more[:size] if self.allowance.grant(shot.planned, shot.take_usd)]
        rework = rework_for(self.bars.cards(takes, shot.request))
        asked = reworked(shot, rework, self._capabilities(shot)) if rework else shot
        first = len(more) == len(found.more)
        if first or not granted:
            then = f"up to {counted(len(more), 'more take')} with other seeds{_changed(shot, asked)}"
            if not granted:
                then = f"one more would cost {price_text(shot.take_usd)}, which the spending limit does not leave"
            self.run.notices.append(Notice("take.below_floor", f"{self._shortfall(shot, takes)}; {then}", shot.planned.id))
        return Round(asked, granted)

    def _capabilities(self, shot: ResolvedShot) -> Capabilities:
        return self.run.engines[shot.planned.engine].capabilities(shot.request.model)

    def spare(self, shot: ResolvedShot, found: FoundTakes, results: Results) -> tuple[int, ...]:
        """The numbers of planned takes that were not needed. Where this run stopped at a good one, what they would have cost
        may be spent on other shots.
        """
        spare = tuple(number for number in found.new if number not in results)
        if spare and any(isinstance(result, Take) and not result.reused for result in results.values()):
            usd = None if shot.take_usd is None else shot.take_usd * len(spare)
            self.allowance.give_back(shot.planned, usd)
            saved = f", which saves {price_text(usd)}" if usd else ""
            were = "was" if len(spare) == 1 else "were"
            text = f"{self._reason(shot, found, results)}; {named(spare)} {were} not needed{saved}"
            self.run.notices.append(Notice("take.not_needed", text, shot.planned.id))
        return spare

    def _reason(self, shot: ResolvedShot, found: FoundTakes, results: Results) -> str:
        takes = [result for result in results.values() if isinstance(result, Take)]
        if found.pinned is not None and not found.anew:
            return f"take {found.pinned} is picked"
        totals = {take.take: total for take in takes if (total := self.bars.alone(take, shot.request)) is not None}
        good = next(take for take, total in totals.items() if self.bars.good is not None and total >= self.bars.good)
        return f"take {good} is good ({totals[good]:.2f} on its own, score.good is {self.bars.good:g})"

    def _shortfall(self, shot: ResolvedShot, takes: Sequence[Take]) -> str:
        """How far the takes are below the floor."""
        totals = [total for take in takes if (total := self.bars.alone(take, shot.request)) is not None]
        if not totals:
            return "the only take has a veto" if len(takes) == 1 else f"all {len(takes)} takes have a veto"
        return f"the best take has {max(totals):.2f} on its own, below score.floor {self.bars.floor:g}"


def _changed(shot: ResolvedShot, asked: ResolvedShot) -> str:
    """How further takes are asked for in another way."""
    before, now = shot.request, asked.request
    parts = [f"motion.amount {now.motion.amount:g} instead of {before.motion.amount:g}"] * (before.motion != now.motion)
    if before.prompt != now.prompt:
        parts.append(f"“{now.words.motion.removeprefix(before.words.motion).lstrip(', ')}” in the prompt")
    return f" and {' and '.join(parts)}" if parts else ""


def named(numbers: Sequence[int]) -> str:
    """``take 3``, ``takes 3 and 4``."""
    return f"take{'s' * (len(numbers) != 1)} {listed(numbers)}"
