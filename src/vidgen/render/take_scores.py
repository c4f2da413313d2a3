"""The judge's scorecards of a shot's takes, against what the shot asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidgen.errors import ProcessingError
from vidgen.scoring import Choice, Expectation, Scorecard, choose, score_takes
from vidgen.scoring.scorer import Clip
from vidgen.scoring.scorers import Scorers
from vidgen.storyboard.model import Score
from vidgen.takes.request import ShotRequest, Take


@dataclass(frozen=True)
class Verdict:
    """The judge's cards of a shot's takes, in the takes' order, and its choice."""

    takes: tuple[int, ...]
    cards: tuple[Scorecard, ...]
    choice: Choice

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
    def needs_review(self) -> bool:
        """Whether even the best take has a veto."""
        return self.choice.needs_review

    def score(self, take: int) -> float | None:
        """The total of a take; None where it was not measured."""
        card = self._card(take)
        return card.total if card else None

    def vetoes(self, take: int) -> list[dict[str, Any]]:
        """The faults of a take that no other quality makes good."""
        card = self._card(take)
        return [{"code": veto.code, "at_s": veto.at_s, "detail": veto.detail} for veto in (card.vetoes if card else ())]

    def _card(self, take: int) -> Scorecard | None:
        """The take's card; None where the judge could not look at it."""
        return dict(zip(self.takes, self.cards, strict=True)).get(take)


def judge_takes(
    takes: Sequence[Take], request: ShotRequest, cache: Path, rules: Score | None = None, scorers: Scorers | None = None
) -> Verdict:
    """Score the takes of one shot against what it asked for. Readings are kept in ``cache`` by the clip's content.

    ``rules``: the storyboard's ``score:`` (weights of the families, and which vetoes count). ``scorers``: those of other
    packages that measure too.

    Raises ProcessingError where no take can be played.
    """
    files = [take.file for take in takes]
    # A camera original has a form of its own: what was ordered exactly, the store has checked.
    expectation = replace(Expectation.of(request), frames=None, fps=None, width=None, height=None)
    shown = [take.window(request) for take in takes]
    windows = [
        None if part.frames == take.frames else (part.start, part.frames) for part, take in zip(shown, takes, strict=True)
    ]
    weights, veto = (rules.weights, rules.veto) if rules else (None, None)
    clips = [Clip(take.file, take.sha256, window) for take, window in zip(takes, windows, strict=True)]
    measured = scorers.measure(clips, expectation, request.shot) if scorers else []
    cards = tuple(score_takes(files, expectation, windows=windows, cache=cache, weights=weights, veto=veto, measured=measured))
    choice = choose(cards)
    if choice.winner is None:
        raise ProcessingError("media.bad_output", f"{request.shot}: {choice.why}", hint="--regenerate it", where=request.shot)
    return Verdict(tuple(take.take for take in takes), cards, choice)
