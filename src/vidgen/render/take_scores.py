"""The judge's scorecards of a shot's takes, against what the shot asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vidgen.errors import ProcessingError
from vidgen.render.trimming import is_timed, opens_given, usual_part
from vidgen.scoring import Choice, Expectation, Scorecard, Wanted, Window, choose, find_windows, score_takes
from vidgen.scoring.preferences import own_weights
from vidgen.scoring.scorer import Clip
from vidgen.scoring.scorers import Scorers
from vidgen.storyboard.model import Score
from vidgen.takes.request import ShotRequest, Take

CALMER = "; a lower motion.amount may help"
"""Advice for takes that flicker or jitter: what an engine is asked to move less, it breaks less."""


@dataclass(frozen=True)
class Verdict:
    """The judge's cards of a shot's takes, in the takes' order, and its choice."""

    takes: tuple[int, ...]
    cards: tuple[Scorecard, ...]
    choice: Choice
    alone: Mapping[int, float | None] = field(default_factory=dict)
    floor: float | None = None
    reaching: frozenset[int] = frozenset()

    def with_bars(self, alone: Mapping[int, float | None], reaching: Collection[int], floor: float | None) -> Verdict:
        """The same where the storyboard sets bars: the best of the takes that reach one wins, if any does.

        ``alone``: the total of each take on its own; None where it has a veto. ``reaching``: the takes that reach the higher
        bar, or the lower one where none does.
        """
        order = [index for index in self.choice.order if self.takes[index] in reaching]
        choice = self.choice
        if order and order[0] != choice.winner:
            which = "is the only one that reaches" if len(order) == 1 else "is the best of those that reach"
            why = f"take {self.takes[order[0]]} {which} the storyboard's bar"
            choice = replace(choice, winner=order[0], order=(order[0], *(i for i in choice.order if i != order[0])), why=why)
        return replace(self, choice=choice, alone=alone, floor=floor, reaching=frozenset(reaching))

    def without(self, rejected: Collection[int]) -> Verdict:
        """The same where a person rejected some takes: the best of the others wins, if there are others."""
        order = tuple(index for index in self.choice.order if self.takes[index] not in rejected)
        if not order or len(order) == len(self.choice.order):
            return self
        choice = replace(self.choice, order=order)
        if order[0] != choice.winner:
            which = "the only one" if len(order) == 1 else "the best of those"
            choice = replace(choice, winner=order[0], why=f"take {self.takes[order[0]]} is {which} that nobody rejected")
        return replace(self, choice=choice, reaching=self.reaching - set(rejected))

    @property
    def winner(self) -> int:
        """The number of the best take."""
        assert self.choice.winner is not None
        return self.takes[self.choice.winner]

    @property
    def tie(self) -> bool:
        """Whether the second best is as good within the noise."""
        return self.choice.tie

    @property
    def tied(self) -> tuple[int, ...]:
        """The numbers of the takes that are as good as the best within the noise, best first, with itself."""
        return tuple(self.takes[index] for index in tied_with_best(self.cards, self.choice) if self.may_win(self.takes[index]))

    def may_win(self, take: int) -> bool:
        """Whether a take reaches the storyboard's bar, or none does."""
        return not self.reaching or take in self.reaching

    @property
    def needs_review(self) -> bool:
        """Whether even the best take has a veto, or is below the storyboard's floor."""
        return self.choice.needs_review or self.is_below(self.winner)

    @property
    def below(self) -> str:
        """In words, how far the best take is below the floor."""
        total = self.alone.get(self.winner)
        card = self.card(self.winner)
        worst = min((value, name) for name, value in card.families.items() if value is not None)[1] if card else ""
        advice = f" (worst in {worst}{CALMER if worst in ('temporal', 'motion') else ''})" if worst else ""
        return f"{'a veto' if total is None else f'{total:.2f}'} on its own, below score.floor {self.floor:g}{advice}"

    def is_below(self, take: int) -> bool:
        """Whether a take is below the storyboard's ``score.floor``."""
        total = self.alone.get(take)
        return self.floor is not None and (total is None or total < self.floor)

    def score(self, take: int) -> float | None:
        """The total of a take; None where it was not measured."""
        card = self.card(take)
        return card.total if card else None

    def vetoes(self, take: int) -> list[dict[str, Any]]:
        """The faults of a take that no other quality makes good."""
        card = self.card(take)
        return [veto.as_dict() for veto in (card.vetoes if card else ())]

    def window(self, take: int) -> Window | None:
        """The best part of a take; None where there is no choice."""
        card = self.card(take)
        return card.window if card else None

    def card(self, take: int) -> Scorecard | None:
        """The take's card; None where the judge could not look at it."""
        return dict(zip(self.takes, self.cards, strict=True)).get(take)


def tied_with_best(cards: Sequence[Scorecard], choice: Choice) -> Iterator[int]:
    """Indices of the cards that are tied with the winner's, which comes first, in the order of the choice."""
    from vidgen.scoring.rules import RULES

    best = cards[choice.order[0]]
    yield choice.order[0]
    for index in choice.order[1:] if best.total is not None and not best.vetoes else ():
        total = cards[index].total
        if total is not None and not cards[index].vetoes and abs((best.total or 0.0) - total) < RULES.tie_band:
            yield index


def with_own_weights(rules: Score | None) -> Score | None:
    """The rules, with the weights that were fitted to one's own picks where the storyboard has none. Raises InputError where
    those cannot be read.
    """
    if rules and rules.weights:
        return rules
    weights = own_weights()
    if not weights:
        return rules
    return rules.model_copy(update={"weights": weights}) if rules else Score(weights=weights)


def judge_takes(
    takes: Sequence[Take],
    request: ShotRequest,
    cache: Path,
    rules: Score | None = None,
    scorers: Scorers | None = None,
    *,
    steady: bool = False,
) -> Verdict:
    """Score the best parts of the takes of one shot against what it asked for. Readings are kept in ``cache`` by the clip's
    content, and a picture of each veto there.

    ``rules``: the storyboard's ``score:`` (weights of the families, and which vetoes count). ``scorers``: those of other
    packages that measure too. ``steady``: no other part of a take than the usual one may be used.

    Raises ProcessingError where no take can be played.
    """
    # A camera original has a form of its own: what was ordered exactly, the store has checked.
    expectation = replace(Expectation.of(request), frames=None, fps=None, width=None, height=None)
    windows = _windows(takes, request, cache, steady or is_timed(request))
    parts = [(part.start, part.frames) if part else None for part in windows]
    clips = [Clip(take.file, take.sha256, part) for take, part in zip(takes, parts, strict=True)]
    measured = scorers.measure(clips, expectation, request.shot) if scorers else []
    weights, veto = (rules.weights, rules.veto) if rules else (None, None)
    cards = score_takes(
        [take.file for take in takes],
        expectation,
        windows=windows,
        cache=cache,
        evidence=cache / "faults",
        weights=weights,
        veto=veto,
        measured=measured,
    )
    choice = choose(cards, calibrated=not weights and not any(one.complete for one in measured))
    if choice.winner is None:
        raise ProcessingError("media.bad_output", f"{request.shot}: {choice.why}", hint="--regenerate it", where=request.shot)
    return Verdict(tuple(take.take for take in takes), tuple(cards), choice)


def _windows(takes: Sequence[Take], request: ShotRequest, cache: Path, steady: bool) -> list[Window | None]:
    """The part of each take that is judged; None: all of it, as it is no longer than the shot."""
    begins, ends = opens_given(request), request.inputs.end_frame is not None
    found: dict[int, Window | None] = {}
    open_: dict[int, Wanted] = {}
    for index, take in enumerate(takes):
        usual = usual_part(take, request, steady=steady)
        if usual.frames == take.frames:
            found[index] = None
        elif take.trim.start is not None:
            found[index] = Window(usual.start, usual.frames, 0.0, "the storyboard trims it")
        elif steady or take.first or not take.has_choice(request):
            found[index] = Window(usual.start, usual.frames, 0.0, "its time is given")
        else:
            open_[index] = Wanted(usual.frames, begins, ends, usual.start)
    best = find_windows([takes[index].file for index in open_], list(open_.values()), cache=cache)
    found |= dict(zip(open_, best, strict=True))
    return [found[index] for index in range(len(takes))]
