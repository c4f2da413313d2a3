"""The two bars of a storyboard: with a take at ``score.good`` no more are made; where none reaches ``score.floor``, more are.

Both are totals of a take that is judged on its own, against ordinary clean clips: they depend on no other take, so that the
order in which takes come decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vidgen.planning.plan import GeneratedShot
from vidgen.render.resolved import ResolvedShot
from vidgen.render.take_lookup import FoundTakes
from vidgen.render.take_scores import Verdict, judge_takes
from vidgen.scoring import Scorecard
from vidgen.scoring.scorers import Scorers
from vidgen.storyboard.model import Score
from vidgen.takes.request import ShotRequest, Take, Window


@dataclass
class Bars:
    """Judges takes by the storyboard's ``score``. Any thread may ask.

    Args:
        cache: folder of readings.
        scorers: those of other packages that measure too.
        continued: ids of shots that others go on from; their takes are used as they begin.
    """

    score: Score | None
    cache: Path
    scorers: Scorers
    continued: frozenset[str] = frozenset()
    _alone: dict[tuple[str, str, Window], Verdict | None] = field(default_factory=dict)

    @property
    def good(self) -> float | None:
        """The total from which a take is good; None: all candidates are made."""
        return self.score.good if self.score else None

    @property
    def floor(self) -> float | None:
        """The total below which a take needs review; None: only one with a veto does."""
        return self.score.floor if self.score else None

    @property
    def given(self) -> bool:
        """Whether the storyboard has a bar, so that even a single take is judged."""
        return self.good is not None or self.floor is not None

    def verdict(self, takes: Sequence[Take], request: ShotRequest) -> Verdict:
        """What the judge says of takes of one shot. Raises as ``judge_takes``."""
        verdict = self._judge(takes, request)
        if not self.given:
            return verdict
        alone = {take.take: self.alone(take, request) for take in takes}
        bars = [bar for bar in (self.good, self.floor) if bar is not None]
        reaching = ([take for take, total in alone.items() if total is not None and total >= bar] for bar in bars)
        return verdict.with_bars(alone, next(filter(None, reaching), ()), self.floor)

    def alone(self, take: Take, request: ShotRequest) -> float | None:
        """The total of a take on its own; None where it has a veto, or cannot be judged."""
        verdict = self._judged(take, request)
        return None if verdict is None or verdict.needs_review else verdict.score(take.take)

    def cards(self, takes: Iterable[Take], request: ShotRequest) -> list[Scorecard]:
        """The cards of takes, each judged on its own, as far as they can be judged."""
        verdicts = (self._judged(take, request) for take in takes)
        return [card for verdict in verdicts if verdict for card in verdict.cards]

    def _judged(self, take: Take, request: ShotRequest) -> Verdict | None:
        """What the judge says of a take on its own; None where it cannot be judged."""
        name = (take.key, take.sha256, replace(take, begins=None).window(request))
        if name not in self._alone:  # two threads that ask at once find the same
            try:
                self._alone[name] = self._judge([take], request)
            except Exception:  # told where all takes are judged; money is not spent less carefully for it
                self._alone[name] = None
        return self._alone[name]

    def _judge(self, takes: Sequence[Take], request: ShotRequest) -> Verdict:
        steady = request.shot in self.continued
        return judge_takes(takes, request, self.cache, self.score, self.scorers, steady=steady)

    def needed(self, shot: ResolvedShot, found: FoundTakes) -> FoundTakes:
        """Of the takes of a shot those that are still needed, as far as the ones at hand tell. Judges these."""
        if found.new and self.enough(shot, found, found.takes):
            return replace(found, new=(), more=(), spare=found.new)
        if found.more and not found.missing and not self.below(shot, found, found.takes):
            return replace(found, more=())
        return found

    def enough(self, shot: ResolvedShot, found: FoundTakes, takes: Collection[Take]) -> bool:
        """Whether the takes that are there make further ones needless: one is good, or is picked by a person."""
        if self.good is None or not isinstance(shot.planned, GeneratedShot):
            return False
        if found.pinned is not None and not found.anew:
            return any(take.take == found.pinned for take in takes)
        kept = found.pinned if found.anew else None
        return self._any_at(self.good, shot, (take for take in takes if take.take != kept))

    def below(self, shot: ResolvedShot, found: FoundTakes, takes: Collection[Take]) -> bool:
        """Whether no take reaches the floor, and nobody has picked one."""
        if self.floor is None or not takes or any(take.take == found.pinned for take in takes):
            return False
        return not self._any_at(self.floor, shot, takes)

    def _any_at(self, bar: float, shot: ResolvedShot, takes: Iterable[Take]) -> bool:
        totals = (self.alone(take, shot.request) for take in takes)
        return any(total is not None and total >= bar for total in totals)
