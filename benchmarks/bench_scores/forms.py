"""Whether the figures hold when both clips of a pair are written in another way: other rate factors, other frame rates.

Every fault of every clip is taken at one severity, in turn, so that a form has a quarter of all pairs, and of each fault and
clip as many of one severity as of another. The same pairs are counted as the other tables write them, which the second figure
of each cell says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from benchmarks.bench_scores import faults, readings, scenes, trials
from benchmarks.bench_scores.fit import Fit, left_out
from benchmarks.bench_scores.scenes import ALL, Pictures
from benchmarks.bench_scores.trials import Pair
from benchmarks.record import commit, machine, write
from vidgen.scoring.comparing import Row
from vidgen.scoring.values import values_of

CRF = 16
"""The rate factor of the other tables."""


@dataclass(frozen=True)
class Form:
    """How a clip is written. ``rate``: frames a second that the same pictures are shown at; all moves as much faster."""

    crf: int = CRF
    rate: int = readings.RATE


FORMS: Mapping[str, Form] = {
    "crf 18": Form(crf=18),
    "crf 23": Form(crf=23),
    "crf 28": Form(crf=28),
    "shown at 24 a second": Form(rate=24),
    "shown at 30 a second": Form(rate=30),
    "shown at 60 a second": Form(rate=60),
}


def pairs(sources: Sequence[str] = ALL) -> list[Pair]:
    """Each fault of each clip at one severity."""
    return [
        (source, fault, (ALL.index(source) + number) % 4) for source in sources for number, fault in enumerate(faults.FAULTS)
    ]


def table(fits: Mapping[str, Fit]) -> str:
    """A row for each form: the share of pairs in which the clean clip is ahead by more than the tie band, there and as the
    other tables write it; how many verdicts are others; and in how many the damaged copy is ahead.
    """
    usual = {pair: ahead(fits, pair) for pair in pairs()}
    lines = [_row(name, usual, {pair: ahead(fits, pair, name) for pair in pairs()}) for name in FORMS]
    head = "| both clips | pairs | the two stronger severities | the two weaker | other verdict | damaged beats clean |"
    return "\n".join([head, "|---" * 6 + "|", *lines])


def _row(name: str, usual: Mapping[Pair, float], found: Mapping[Pair, float]) -> str:
    def share(margins: Mapping[Pair, float], severities: Sequence[int]) -> str:
        return f"{np.mean([margin >= 1 for (_, _, severity), margin in margins.items() if severity in severities]):.3f}"

    parts = [f"{share(found, chosen)} (as above: {share(usual, chosen)})" for chosen in ((2, 3), (0, 1))]
    others = sum((found[pair] >= 1) != (usual[pair] >= 1) for pair in found)
    wrong = sum(margin <= -1 for margin in found.values())
    return f"| {name} | {len(found)} | {' | '.join(parts)} | {others} | {wrong} |"


def ahead(fits: Mapping[str, Fit], pair: Pair, form: str | None = None) -> float:
    """By how many tie bands the clean clip is ahead; by the fit on the other clips. ``form`` None: as the other tables."""
    source, fault, severity = pair
    fit = fits[source]
    if form is None:
        clean, damaged = trials.clean_row(source), trials.damaged_row(source, fault, severity)
    else:
        clean, damaged = _clean(source, form), _damaged(pair, form)
    return trials.margin(fit.rules, clean, damaged) / fit.band


@cache
def _clean(source: str, form: str) -> Row:
    return _read(f"{source}.clean", form, lambda: scenes.pictures(source))


def _damaged(pair: Pair, form: str) -> Row:
    source, fault, severity = pair
    return _read(f"{source}.{fault}.{severity}", form, lambda: faults.damaged(scenes.pictures(source), source, fault, severity))


def _read(name: str, form: str, make: Callable[[], Pictures]) -> Row:
    how = FORMS[form]
    return values_of(readings.kept(f"{name}.{form}", make, crf=how.crf, rate=how.rate))


if __name__ == "__main__":
    commit()
    made = table(left_out(ALL))
    print(made)
    write("bench_scores.forms", made, machine())
