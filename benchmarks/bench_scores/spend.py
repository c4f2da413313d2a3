"""What ``score.good`` saves: takes come one after the other until one is good, against all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.bench_scores import faults, trials
from vidgen.scoring.comparing import Row, families_of, gains_of, middles, shortfalls_of, total_of
from vidgen.scoring.types import FAMILIES

TAKES, DRAWS = 4, 200
CLEAN = 0.4
"""Share of takes without a fault; the others have one fault of one of four severities."""
BARS = (-0.25, -0.5, -0.75, -1.0, -2.0)


def totals(rows: Sequence[Row]) -> list[float]:
    """Totals of takes that are judged together, or of one that is judged alone."""
    middle = middles(trials.OWN, rows)
    gains = [gains_of(trials.OWN, row, middle) if len(rows) > 1 else shortfalls_of(trials.OWN, row) for row in rows]
    return [total_of(families_of(trials.OWN, found, FAMILIES), {}) or 0.0 for found in gains]


def spend(sources: Sequence[str]) -> list[tuple[float, float, float]]:
    """For each bar: the bar, the share of the takes that are made, and how often the pick is as good as the best of all."""
    alone: dict[tuple[str, str, int], float] = {}
    counts = {bar: [0, 0] for bar in BARS}
    random = np.random.default_rng(11)
    for source in sources:
        for _ in range(DRAWS):
            takes = [_drawn(random) for _ in range(TAKES)]
            rows = [_row(source, *take) for take in takes]
            chosen = takes[int(np.argmax(totals(rows)))][1]
            for take, row in zip(takes, rows, strict=True):
                if (source, *take) not in alone:
                    alone[(source, *take)] = totals([row])[0]
            for bar in BARS:
                good = next((index for index, take in enumerate(takes) if alone[(source, *take)] >= bar), None)
                made = TAKES if good is None else good + 1
                picked = chosen if good is None else takes[good][1]
                counts[bar][0] += made
                counts[bar][1] += picked <= chosen
    draws = len(sources) * DRAWS
    return [(bar, made / (draws * TAKES), as_good / draws) for bar, (made, as_good) in counts.items()]


def _drawn(random: np.random.Generator) -> tuple[str, int]:
    """A fault and its severity from 1 to 4; 0 is none."""
    if random.random() < CLEAN:
        return "", 0
    return str(random.choice(list(faults.FAULTS))), int(random.integers(1, 5))


def _row(source: str, fault: str, severity: int) -> Row:
    return trials.damaged_row(source, fault, severity - 1) if severity else trials.clean_row(source)
