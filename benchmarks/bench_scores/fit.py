"""Fits what ``measures.yaml`` says of noise, weights, tie band and confidence, on the clips for tuning alone.

``python -m benchmarks.bench_scores.fit`` prints the rows to put there. Steps:

The floors of ``measures.yaml`` were chosen by hand and by a grid on all clips for tuning, before the fit.

1. Noise of a measure: the farthest that its place moves under harmless edits, at least ``LEAST_NOISE``, times ``SAFETY``, as
   no six clips know it well.
2. Weights: from 1, each measure's weight in turn takes the value of ``WEIGHTS`` that orders the pairs best (``worth``), twice
   over. They are never negative: a measure may be useless, but a fault never speaks for a take.
3. Tie band: the 97th percentile of the margins between a clip and its harmless edits, and at least ``LEAST_BAND``.
4. Spread and typical value: over the clean clips; they judge a take that has no other to be compared with.
5. Confidence: shares of pairs ordered rightly by margin, each clip judged with what the other clips gave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.bench_scores import faults, trials
from benchmarks.bench_scores.scenes import TUNING
from benchmarks.bench_scores.trials import Pairs, Rules

LEAST_NOISE, LEAST_BAND, BAND_QUANTILE = 0.1, 0.1, 0.97
STEADY = {"trails": 0.02, "contour": 0.04, "crispness": 0.04, "pulsing": 0.08, "noise": 0.06}
"""Least noise of the measures that harmless edits hardly move in any clip; their floors are wide, or they are ratios."""
SAFETY = 1.5
"""Harmless edits of a clip that is not known move a measure farther than those of the few that are."""
WEIGHTS = (0.5, 1.0, 2.0)
WORTHWHILE = 0.003
"""A weight changes only for so much: few clips are known, and every fault must keep its detector."""
KNOWN: tuple[str, ...] = TUNING
"""Clips whose harmless edits tell the noise; weights and tie band are fitted without the clip that they judge."""
STEPS = (0.0, 0.1, 0.3, 0.6, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Fit:
    """Rules and the tie band that belongs to them."""

    rules: Rules
    band: float


def fitted(sources: Sequence[str], *, without: str | None = None) -> Fit:
    """The fit on some clips, and on all faults but one where one is named."""
    rules = {
        name: replace(rule, noise=noise, weight=1.0)
        for (name, rule), noise in zip(trials.OWN.items(), noises(KNOWN).values(), strict=True)
    }
    damage, edits = trials.damage_pairs(sources, without), trials.edit_pairs(sources)
    best = worth(rules, damage, edits)
    for _ in range(2):
        for name in rules:
            for weight in WEIGHTS:
                tried = {**rules, name: replace(rules[name], weight=weight)}
                found = worth(tried, damage, edits)
                if found > best + WORTHWHILE:
                    rules, best = tried, found
    return Fit(rules, band_of(rules, edits))


def noises(sources: Sequence[str]) -> dict[str, float]:
    """How far harmless edits move each measure."""
    found = {}
    for name, rule in trials.OWN.items():
        moves = [
            abs(rule.place(trials.edited_row(source, edit)[name]) - rule.place(trials.clean_row(source)[name]))
            for source in sources
            for edit in faults.EDITS
        ]
        found[name] = round(SAFETY * max(STEADY.get(name, LEAST_NOISE), *moves), 3)
    return found


def ordinary(sources: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Of each measure the value of a typical clean clip, and twice the standard deviation of its place between clips."""
    found = {}
    for name, rule in trials.OWN.items():
        values = [trials.clean_row(source)[name] for source in sources]
        spread = 2.0 * float(np.std([rule.place(value) for value in values]))
        found[name] = float(np.median(values)), round(max(rule.noise, spread), 3)
    return found


def band_of(rules: Rules, edits: Pairs) -> float:
    """The tie band of some rules."""
    return max(LEAST_BAND, round(float(np.quantile(np.abs(edits.margins(rules)), BAND_QUANTILE)), 2))


def worth(rules: Rules, damage: Pairs, edits: Pairs) -> float:
    """Mean over the pairs of how clearly the clean clip is ahead: margin over tie band, from -1 to 1.5."""
    return float(np.clip(damage.margins(rules) / band_of(rules, edits), -1.0, 1.5).mean())


def left_out(sources: Sequence[str]) -> dict[str, Fit]:
    """For each clip the fit on the others."""
    return {source: fitted([other for other in sources if other != source]) for source in sources}


def calibration(fits: Mapping[str, Fit]) -> list[tuple[float, float]]:
    """Share of pairs ordered rightly, by the size of the margin; no margin counts half.

    Shares are ``(right + 1) / (pairs + 2)``, so that few pairs claim little. Where a larger margin was right less often than
    a smaller one, the two are taken together: a share never comes from the luckier of them.
    """
    margins = np.concatenate([trials.damage_pairs([source]).margins(fit.rules) for source, fit in fits.items()])
    groups: list[tuple[float, float, int]] = []
    for least, most in zip(STEPS, (*STEPS[1:], np.inf), strict=True):
        chosen = margins[(np.abs(margins) >= least) & (np.abs(margins) < most)]
        groups.append((least, float(((chosen > 0) + (chosen == 0) / 2).sum()), len(chosen)))
        while len(groups) > 1 and _share(groups[-1]) <= _share(groups[-2]):
            (least_of_both, right, count), (_, more_right, more) = groups[-2:]
            groups[-2:] = [(least_of_both, right + more_right, count + more)]
    return [(group[0], round(_share(group), 2)) for group in groups]


def _share(group: tuple[float, float, int]) -> float:
    return (group[1] + 1) / (group[2] + 2)


def main() -> None:
    """Print what belongs into measures.yaml."""
    fit = fitted(TUNING)
    print(f"tie_band: {fit.band}")
    for name, rule in fit.rules.items():
        typical, spread = ordinary(TUNING)[name]
        print(f"  {name}: noise {rule.noise:.3f} weight {rule.weight} typical {typical:.3g} spread {spread:.3f}")
    print("calibration:", *(f"  - [{least}, {share}]" for least, share in calibration(left_out(TUNING))), sep="\n")


if __name__ == "__main__":
    main()
