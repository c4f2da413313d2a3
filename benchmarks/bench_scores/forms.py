"""Whether the figures hold when both clips of a pair are written in another way: other rate factors, other frame rates.

``python -m benchmarks.bench_scores.forms`` rewrites the table; with ``--kept`` from what is kept of readings, after a run that
did not end. Of each clip every second fault is taken, at one severity, in turn: one pair in eight. They are judged with the
scales that vidgen ships, once written so and once as the other tables write them, and the two verdicts are compared.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from benchmarks.bench_scores import faults, readings, scenes, trials
from benchmarks.bench_scores.scenes import ALL, Pictures
from benchmarks.bench_scores.trials import Pair
from benchmarks.record import commit, machine, write
from vidgen.scoring.comparing import Row
from vidgen.scoring.rules import RULES
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


def pairs() -> list[Pair]:
    """Of each clip every second fault, at one severity: each fault in half of the clips, each severity in a quarter of them."""
    found = []
    for clip, source in enumerate(ALL):
        numbered = enumerate(faults.FAULTS)
        found += [(source, fault, (clip + number) % 4) for number, fault in numbered if (clip // 2 + number) % 2 == 0]
    return found


def table(*, kept: bool = False) -> str:
    """A row for each form: in how many pairs the clean clip is ahead by more than the tie band, there and as the other tables
    write it; how often it is no more, or only now; and in how many the damaged copy is ahead. ``kept``: nothing is read, and
    the pairs are those whose readings are there.
    """
    chosen = [pair for pair in pairs() if not kept or readings.is_kept(pair)]
    rows = [_row(form, [pair for pair in chosen if not kept or readings.is_kept(pair, form)]) for form in FORMS]
    head = "| both clips | pairs (clips) | the two stronger severities | the two weaker | lost | won | damaged beats clean |"
    return "\n".join([head, "|---" * 7 + "|", *rows])


def _row(form: str, chosen: Sequence[Pair]) -> str:
    usual, found = {pair: ahead(pair) for pair in chosen}, {pair: ahead(pair, form) for pair in chosen}

    def share(margins: Mapping[Pair, float], severities: Sequence[int]) -> str:
        right = [margin >= 1 for (_, _, severity), margin in margins.items() if severity in severities]
        return f"{sum(right)} of {len(right)}"

    parts = [f"{share(found, severities)} (as above: {share(usual, severities)})" for severities in ((2, 3), (0, 1))]
    lost, won = ([pair for pair in usual if one[pair] >= 1 > other[pair]] for one, other in ((usual, found), (found, usual)))
    wrong = [pair for pair, margin in found.items() if margin <= -1]
    count = f"{len(chosen)} ({len({source for source, _, _ in chosen})})"
    return f"| {' | '.join([form, count, *parts, _named(lost), _named(won), _named(wrong)])} |"


def _named(chosen: Sequence[Pair]) -> str:
    """How many pairs, and which faults they have, with severities from 1 to 4."""
    names = ", ".join(sorted(f"{fault} {severity + 1}" for _, fault, severity in chosen))
    return f"{len(chosen)}: {names}" if chosen else "0"


def ahead(pair: Pair, form: str | None = None) -> float:
    """By how many tie bands the clean clip is ahead. ``form`` None: as the other tables write it."""
    if form is None:
        clean, damaged = trials.clean_row(pair[0]), trials.damaged_row(*pair)
    else:
        clean, damaged = _clean(pair[0], form), _damaged(pair, form)
    return trials.margin(trials.OWN, clean, damaged) / RULES.tie_band


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
    parser = ArgumentParser(prog="python -m benchmarks.bench_scores.forms")
    parser.add_argument("--kept", action="store_true", help="read nothing: the pairs whose readings are kept")
    asked = parser.parse_args()
    commit()
    made = table(kept=asked.kept)
    print(made)
    write("bench_scores.forms", made, machine())
