"""What the judge says of the readings: margins between takes, exactly as ``score_takes`` compares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from benchmarks.bench_scores import faults, readings
from vidgen.scoring.comparing import Row, families_of, gains_of, middles, total_of
from vidgen.scoring.rules import RULES, Rule
from vidgen.scoring.types import FAMILIES
from vidgen.scoring.values import values_of

Rules = Mapping[str, Rule]
Pair = tuple[str, str, int]
"""Clip, fault and severity, 0 (weakest) to 3."""
OWN: Rules = {name: rule for name, rule in RULES.measures.items() if name not in ("camera", "amount")}


def margin(rules: Rules, better: Row, worse: Row) -> float:
    """By how much the first is ahead of the second."""
    middle = middles(rules, [better, worse])
    totals = [total_of(families_of(rules, gains_of(rules, row, middle), FAMILIES), {}) or 0.0 for row in (better, worse)]
    return totals[0] - totals[1]


@dataclass(frozen=True)
class Pairs:
    """Many pairs of takes at once. ``ahead``: [pairs, measures], by how much the first stands above the second on each
    measure's scale, before noise and weights.
    """

    names: tuple[str, ...]
    ahead: npt.NDArray[np.float64]

    @classmethod
    def of(cls, pairs: Sequence[tuple[Row, Row]]) -> Pairs:
        """``pairs``: the first take and the second of each."""
        places = [[rule.place(one[name]) - rule.place(other[name]) for name, rule in OWN.items()] for one, other in pairs]
        return cls(tuple(OWN), np.array(places).reshape(len(pairs), len(OWN)))

    def margins(self, rules: Rules) -> npt.NDArray[np.float64]:
        """``margin`` of every pair, without its rounding."""
        better = np.array([1.0 if rules[name].better == "high" else -1.0 for name in self.names])
        parts = ("noise", "weight", "most")
        noise, weight, most = (np.array([getattr(rules[name], part) for name in self.names]) for part in parts)
        limits = np.maximum(RULES.loss_limit, -most), np.minimum(RULES.gain_limit, most)
        steps = self.ahead / 2 / noise * better
        beyond = np.sign(steps) * np.maximum(0.0, np.abs(steps) - RULES.harmless)
        totals = []
        for sign in (1.0, -1.0):
            gains = weight * np.clip(sign * beyond, *limits)
            families = [
                gains[:, [rules[name].family == family for name in self.names]].sum(axis=1)
                for family in ("temporal", "motion", "artifacts")
            ]
            totals.append(np.mean(families, axis=0) / 2 + np.min(families, axis=0) / 2)
        return np.asarray(totals[0] - totals[1])


def cases(sources: Sequence[str], without: str | None = None) -> list[Pair]:
    """Every clip with each fault, but for one, at each severity."""
    kinds = [fault for fault in faults.FAULTS if fault != without]
    return [(source, fault, severity) for source in sources for fault in kinds for severity in range(4)]


def damage_pairs(sources: Sequence[str], without: str | None = None) -> Pairs:
    """Every clean clip with each of its damaged copies, but for one fault."""
    return Pairs.of([(clean_row(pair[0]), damaged_row(*pair)) for pair in cases(sources, without)])


def edit_pairs(sources: Sequence[str]) -> Pairs:
    """Every clean clip with each of its harmless edits."""
    return Pairs.of([(clean_row(source), edited_row(source, edit)) for source in sources for edit in faults.EDITS])


@cache
def clean_row(source: str) -> Row:
    return values_of(readings.clean(source))


@cache
def damaged_row(source: str, fault: str, severity: int) -> Row:
    return values_of(readings.damaged(source, fault, severity))


@cache
def edited_row(source: str, edit: str) -> Row:
    return values_of(readings.edited(source, edit))


def damage_margins(rules: Rules, sources: Sequence[str]) -> dict[Pair, float]:
    """Of each clip, fault and severity: by how much the clean clip is ahead."""
    return {pair: margin(rules, clean_row(pair[0]), damaged_row(*pair)) for pair in cases(sources)}


def edit_margins(rules: Rules, sources: Sequence[str]) -> dict[tuple[str, str], float]:
    """Of each clip and harmless edit: by how much the clip is ahead of the edited one."""
    return {
        (source, edit): margin(rules, clean_row(source), edited_row(source, edit))
        for source in sources
        for edit in faults.EDITS
    }
