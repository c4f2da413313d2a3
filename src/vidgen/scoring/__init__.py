"""Judges the takes of one shot and chooses among them. Types load at once; what needs OpenCV loads when it is called."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vidgen.scoring.types import FAMILIES, VETOES, Choice, Decision, Expectation, Scorecard, Veto, Wanted, Window

if TYPE_CHECKING:
    from vidgen.scoring.scorers import Measured

__all__ = [
    "FAMILIES",
    "VETOES",
    "Choice",
    "Decision",
    "Expectation",
    "Scorecard",
    "Veto",
    "Wanted",
    "Window",
    "choose",
    "find_windows",
    "score_takes",
]


def score_takes(
    files: Sequence[Path],
    expectation: Expectation = Expectation(),
    *,
    windows: Sequence[Window | None] | None = None,
    cache: Path | None = None,
    evidence: Path | None = None,
    weights: Mapping[str, float] | None = None,
    veto: Collection[str] | None = None,
    measured: Sequence[Measured] = (),
) -> list[Scorecard]:
    """Judge the takes of one shot; one card per file, in the order given. See ``scoring.judge.score_takes``."""
    from vidgen.scoring import judge

    return judge.score_takes(
        files,
        expectation,
        windows=windows,
        cache=cache,
        evidence=evidence,
        weights=weights,
        veto=veto,
        measured=measured,
    )


def find_windows(files: Sequence[Path], wanted: Sequence[Wanted], *, cache: Path | None = None) -> list[Window | None]:
    """The best part of each clip. See ``scoring.judge.find_windows``."""
    from vidgen.scoring import judge

    return judge.find_windows(files, wanted, cache=cache)


def choose(cards: Sequence[Scorecard], *, calibrated: bool = True) -> Choice:
    """Order the cards from best to worst and name the winner. See ``scoring.choice.choose``."""
    from vidgen.scoring import choice

    return choice.choose(cards, calibrated=calibrated)
