"""Compares the values of takes of one shot: what each measure says for or against a take, families, and the total.

All is relative to the middle take, in units of harmless variation. What lies within it counts nothing, so that many small
differences that mean nothing cannot add up to a decision.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from vidgen.scoring.rules import RULES, Rule

Row = Mapping[str, float]
"""Values of one take by measure; those that mean nothing for it are missing."""


def middles(rules: Mapping[str, Rule], rows: Sequence[Row]) -> dict[str, float | None]:
    """Where the middle take stands in each measure; with one take, where a typical clip does, None where that is not known."""
    return {name: _middle(rule, [row[name] for row in rows if name in row]) for name, rule in rules.items()}


def _middle(rule: Rule, values: Sequence[float]) -> float | None:
    if len(values) > 1:
        return statistics.median(rule.place(value) for value in values)
    return None if rule.typical is None else rule.place(rule.typical)


def gains_of(rules: Mapping[str, Rule], row: Row, middle: Mapping[str, float | None]) -> dict[str, float]:
    """What each measure says for (above 0) or against a take."""
    gains = {}
    for name, rule in rules.items():
        centre = middle[name]
        if name not in row or centre is None:
            continue
        steps = (rule.place(row[name]) - centre) / rule.noise * (1.0 if rule.better == "high" else -1.0)
        beyond = math.copysign(max(0.0, abs(steps) - RULES.harmless), steps)
        most = min(RULES.gain_limit, rule.most)
        gains[name] = rule.weight * max(RULES.loss_limit, -rule.most, min(most, beyond))
    return gains


def families_of(rules: Mapping[str, Rule], gains: Mapping[str, float], families: Sequence[str]) -> dict[str, float | None]:
    """The sum of each family's gains; None where nothing of it was measured."""
    return {
        family: round(sum(found), 3)
        if (found := [gain for name, gain in gains.items() if rules[name].family == family])
        else None
        for family in families
    }


def total_of(families: Mapping[str, float | None], weights: Mapping[str, float]) -> float | None:
    """Half the weighted mean of the families, half the worst of them: sharpness cannot buy back a freeze."""
    known = {name: value for name, value in families.items() if value is not None and weights.get(name, 1.0) > 0}
    if not known:
        return None
    shares = {name: weights.get(name, 1.0) for name in known}
    mean = sum(value * shares[name] for name, value in known.items()) / sum(shares.values())
    return round(0.5 * mean + 0.5 * min(known.values()), 3)


def confidence_of(margin: float) -> float:
    """Share of pairs with such a margin between their totals that the benchmark ordered rightly."""
    table = RULES.calibration
    return next((share for least, share in reversed(table) if margin >= least), table[0][1])
