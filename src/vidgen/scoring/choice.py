"""Chooses among judged takes. Deterministic; never random, never simply the first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from vidgen.scoring.comparing import confidence_of
from vidgen.scoring.rules import RULES
from vidgen.scoring.types import Choice, Decision, Scorecard

LOUDEST = 3
"""Measures that are told as what decided."""


def choose(cards: Sequence[Scorecard], *, calibrated: bool = True) -> Choice:
    """Order the cards from best to worst and name the winner.

    Takes without a veto come first, then higher totals, then the better worst family, then the checksum. Figures that are the
    same but for rounding count as equal, so that neither the order in which takes were given nor the processor decides.
    ``calibrated``: whether totals are mixed as in the benchmark, so that its confidence may be told.
    """
    if not cards:
        raise ValueError("there is nothing to choose from")
    order = tuple(_ranked(cards))
    best = cards[order[0]]
    if best.status == "unreadable":
        return Choice(order, None, False, True, "no take can be played")
    if best.vetoes:
        return Choice(order, order[0], False, True, f"every take has a veto; the least bad one: {best.vetoes[0].detail}")
    if len(cards) == 1:
        return Choice(order, order[0], False, False, "the only take")
    second = cards[order[1]]
    if second.vetoes:
        return Choice(order, order[0], False, False, f"the only one without a veto; the next: {second.vetoes[0].detail}")
    margin = max(0.0, round((best.total or 0.0) - (second.total or 0.0), 3))  # equal but for a rounding is no margin
    decisions, confidence = tuple(_decisions(best, second)), confidence_of(margin) if calibrated else None
    if margin < RULES.tie_band:
        why = f"a tie: the difference of {abs(margin):.2f} is within the noise"
        return Choice(order, order[0], True, False, why, margin, confidence, decisions)
    why = f"ahead by {margin:.2f}: {_decided(best, second)}"
    return Choice(order, order[0], False, False, why, margin, confidence, decisions)


def _ranked(cards: Sequence[Scorecard]) -> Iterator[int]:
    """Indices of the cards, best first."""
    standing = [(card.status == "unreadable", len(card.vetoes)) for card in cards]
    total = [_lowest([card.total]) for card in cards]
    worst = [_lowest(card.families.values()) for card in cards]
    for _, alike in groupby(sorted(range(len(cards)), key=standing.__getitem__), key=standing.__getitem__):
        for equal in _equals(alike, total):
            for same in _equals(equal, worst):
                yield from sorted(same, key=lambda index: cards[index].sha256)


def _equals(indices: Iterable[int], values: Sequence[float]) -> Iterator[list[int]]:
    """The indices in groups, highest values first. The values of a group are within ``RULES.equal`` of its highest."""
    left = sorted(indices, key=values.__getitem__, reverse=True)
    while left:
        bound = values[left[0]] - RULES.equal
        yield [index for index in left if values[index] >= bound]
        left = [index for index in left if values[index] < bound]


def _lowest(values: Iterable[float | None]) -> float:
    return min((value for value in values if value is not None and not math.isnan(value)), default=-math.inf)


def _decided(best: Scorecard, second: Scorecard) -> str:
    gaps = {
        family: value - other
        for family, value in best.families.items()
        if value is not None and (other := second.families[family]) is not None
    }
    names = sorted((name for name in gaps if gaps[name] > 0), key=lambda name: -gaps[name])
    return f"better in {' and '.join(names[:2])}" if names else "better overall"


def _decisions(best: Scorecard, second: Scorecard) -> Iterator[Decision]:
    """The measures that spoke loudest for the best, at most ``LOUDEST``."""
    gaps = {name: gain - second.gains[name][1] for name, (_, gain) in best.gains.items() if name in second.gains}
    for name in sorted((name for name in gaps if gaps[name] > RULES.equal), key=lambda name: (-round(gaps[name], 1), name))[
        :LOUDEST
    ]:
        yield Decision(best.gains[name][0], name, best.measures[name], second.measures[name])
