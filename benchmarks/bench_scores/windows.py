"""Faults in the first or the last quarter of a clip: whether the best part leaves them out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.bench_scores import faults, readings, scenes
from benchmarks.bench_scores.scenes import FRAMES
from vidgen.scoring.types import Wanted
from vidgen.scoring.window import best_window

FAULTS = ("flicker", "jitter", "swaps", "freeze", "blur", "noise")
BAD = round(FRAMES * 0.25)
LENGTH = FRAMES - BAD - 3


def results(sources: Sequence[str]) -> dict[tuple[str, str, str], tuple[float, float]]:
    """By clip, fault and end: which share of the best part is undamaged, and of the part that would be used otherwise (the
    first frames, where the fault is in them, else the last).
    """
    found = {}
    for source in sources:
        for fault in FAULTS:
            for first in (True, False):
                reading = readings.at_end(source, fault, first)
                default = 0 if first else reading.frames - LENGTH
                window = best_window(reading, Wanted(LENGTH, default=default))
                good = _undamaged(source, fault, first)
                shares = [float(np.mean(good[start : start + LENGTH])) for start in (window.start, default)]
                found[source, fault, "first" if first else "last"] = (shares[0], shares[1])
    return found


def _undamaged(source: str, fault: str, first: bool) -> list[bool]:
    """Which frames the damage left as they were: some of the bad quarter too, where only some pictures change places."""
    clip = scenes.pictures(source)
    bad = faults.at_end(clip, source, fault, first=first)
    return [np.array_equal(one, other) for one, other in zip(clip, bad, strict=True)]


def false_alarms(sources: Sequence[str]) -> int:
    """In how many clean clips another part than the first frames is taken."""
    return sum(best_window(readings.clean(source), Wanted(LENGTH)).start > 0 for source in sources)
