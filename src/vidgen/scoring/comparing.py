"""Compares the values of takes of one shot: what each measure says for or against a take, families, and the total.

Several takes are compared with the middle one, in units of harmless variation. What lies within it counts nothing, so that
many small differences that mean nothing cannot add up to a decision.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from vidgen.scoring.rules import RULES, Rule

Row = Mapping[str, float]
"""Values of one take by measure; those that mean nothing for it are missing."""


def middles(rules: Mapping[str, Rule], rows: Sequence[Row]) -> dict[str, float]:
    """Where the middle take stands in each measure that takes have."""
    places = {name: [rule.place(row[name]) for row in rows if name in row] for name, rule in rules.items()}
    return {name: statistics.median(found) for name, found in places.items() if found}


def gains_of(rules: Mapping[str, Rule], row: Row, middle: Mapping[str, float]) -> dict[str, float]:
    """What each measure says for (above 0) or against a take among others."""
    return {
        name: rule.weight * min(RULES.gain_limit, _beyond(rule, row[name], middle[name], rule.noise))
        for name, rule in rules.items()
        if name in row
    }


def shortfalls_of(rules: Mapping[str, Rule], row: Row) -> dict[str, float]:
    """What each measure says against a take that has no other to be compared with; never above 0.

    Clean clips differ by what they show, far more than by harmless edits. So it is set against a typical one, in steps of what
    clean clips differ by, and being better than that one is no merit.
    """
    return {
        name: rule.weight * min(0.0, _beyond(rule, row[name], rule.place(rule.typical), max(rule.noise, rule.spread)))
        for name, rule in rules.items()
        if name in row and rule.typical is not None
    }


def _beyond(rule: Rule, value: float, centre: float, step: float) -> float:
    """How many steps a value is better than the centre, less what counts nothing."""
    steps = (rule.place(value) - centre) / step * (1.0 if rule.better == "high" else -1.0)
    beyond = math.copysign(max(0.0, abs(steps) - RULES.harmless), steps)
    return max(RULES.loss_limit, -rule.most, min(rule.most, beyond))


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
