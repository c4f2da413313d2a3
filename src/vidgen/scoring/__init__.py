"""Judges the takes of one shot and chooses among them. Types load at once; what needs OpenCV loads when it is called."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vidgen.scoring.types import FAMILIES, VETOES, Choice, Expectation, Scorecard, Veto

if TYPE_CHECKING:
    from vidgen.scoring.scorers import Measured

__all__ = ["FAMILIES", "VETOES", "Choice", "Expectation", "Scorecard", "Veto", "choose", "score_takes"]


def score_takes(
    files: Sequence[Path],
    expectation: Expectation = Expectation(),
    *,
    windows: Sequence[tuple[int, int] | None] | None = None,
    cache: Path | None = None,
    weights: Mapping[str, float] | None = None,
    veto: Collection[str] | None = None,
    measured: Sequence[Measured] = (),
) -> list[Scorecard]:
    """Judge the takes of one shot; one card per file, in the order given. See ``scoring.judge.score_takes``."""
    from vidgen.scoring import judge

    return judge.score_takes(files, expectation, windows=windows, cache=cache, weights=weights, veto=veto, measured=measured)


def choose(cards: Sequence[Scorecard]) -> Choice:
    """Order the cards from best to worst and name the winner. See ``scoring.choice.choose``."""
    from vidgen.scoring import choice

    return choice.choose(cards)
