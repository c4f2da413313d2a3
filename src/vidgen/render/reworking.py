"""Asks for a shot in another way where all takes so far are below the floor: with less or more motion, by what is wrong.

The shot stays the same, and so does its key: what changes is only how its further takes are asked for. Their records have the
prompt that was sent.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from vidgen.catalog.capabilities import Capabilities
from vidgen.media.tables import read_table
from vidgen.planning.plan import GeneratedShot
from vidgen.planning.prompt import prompt_of
from vidgen.render.resolved import ResolvedShot
from vidgen.scoring import Scorecard


@dataclass(frozen=True)
class Rework:
    """A row of ``reworks.yaml``: which faults it is for, the factor of ``motion.amount``, and words for the prompt."""

    name: str
    vetoes: tuple[str, ...]
    families: tuple[str, ...]
    amount: float
    words: str

    def is_for(self, card: Scorecard) -> bool:
        """Whether it may help a take: by its first veto, else by its worst family."""
        if card.vetoes:
            return card.vetoes[0].code in self.vetoes
        return _worst(card.families) in self.families


def rework_for(cards: Iterable[Scorecard]) -> Rework | None:
    """What may help most of the takes; of two that help as many the first of the table. None where nothing is known to help."""
    cards = list(cards)
    helped = Counter({name: sum(rework.is_for(card) for card in cards) for name, rework in _table().items()})
    best, count = max(helped.items(), key=lambda item: item[1])
    return _table()[best] if 2 * count >= max(1, len(cards)) else None


def reworked(shot: ResolvedShot, rework: Rework, capabilities: Capabilities) -> ResolvedShot:
    """The shot as further takes are asked for; its key stays."""
    assert isinstance(shot.planned, GeneratedShot)  # only those have further takes
    before = shot.request
    motion = before.motion.model_copy(update={"amount": min(10.0, max(1.0, float(before.motion.amount) * rework.amount))})
    words = replace(before.words, motion=", ".join(filter(None, (before.words.motion, rework.words))))
    prompt = prompt_of(shot.planned.shot, before.task, words, capabilities)
    return replace(shot, request=replace(before, motion=motion, words=words, prompt=prompt))


def _worst(families: Mapping[str, float | None]) -> str:
    measured = [(value, name) for name, value in families.items() if value is not None]
    return min(measured)[1] if measured else ""


@functools.cache
def _table() -> dict[str, Rework]:
    rows: dict[str, dict[str, Any]] = read_table("vidgen.render", "reworks.yaml")
    return {
        name: Rework(name, tuple(row["vetoes"]), tuple(row["families"]), row["amount"], row["words"])
        for name, row in rows.items()
    }
