"""Frame times: the rate, whether it is constant, and which frames are missing."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from vidgen.media.exact import usual_rate
from vidgen.media.probe import rate_of


@dataclass(frozen=True)
class Timing:
    """What frame times tell.

    Attributes:
        rate: frames per second: exact, or of the usual gap.
        uneven: gaps that differ from the usual one by more than the file's clock rounds.
        missing: frames that would fill gaps of two frames and more.
        uneven_at, missing_at: ticks of the first.
    """

    rate: Fraction
    uneven: int = 0
    missing: int = 0
    uneven_at: int | None = None
    missing_at: int | None = None


def timing_of(times: array[int], tick: Fraction, named_rates: Sequence[Fraction | None]) -> Timing:
    """The timing of frames whose times in ticks are given in order. ``named_rates``: rates from the header."""
    if len(times) < 2:
        return Timing(rate_of(times, tick, named_rates)[0])
    exact, constant = rate_of(times, tick, named_rates)
    rate = exact if constant else usual_rate(times, tick)
    step = 1 / (rate * tick)
    slack = Fraction(0) if step.denominator == 1 else Fraction(1)
    uneven, missing = 0, 0
    uneven_at: int | None = None
    missing_at: int | None = None
    usual = {gap for gap in (int(step), int(step) + 1) if gap == step or abs(gap - step) < slack}
    for before, after in pairwise(times):
        if (gap := after - before) in usual:
            continue
        uneven += 1
        uneven_at = before if uneven_at is None else uneven_at
        if 2 * gap >= 3 * step:
            missing += round(gap / step) - 1
            missing_at = before if missing_at is None else missing_at
    if not constant and not uneven:
        uneven, uneven_at = 1, times[0]  # each gap is near the usual one, but they do not add up
    return Timing(rate, uneven, missing, uneven_at, missing_at)
