"""``python -m benchmarks.continuity``: how surely a swapped person or place is found in a drawn film."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from functools import lru_cache

import numpy as np

from benchmarks.drawn_film import RATE, View, portrait, shot, some_view
from benchmarks.record import commit, machine, write
from vidgen.scoring.continuity import ContinuityBank, Role, Shown
from vidgen.scoring.looks import Look, look_at, small

FIRST, PAIRS = 1000, 60
"""Seeds of drawn films that no limit was set on."""
SAME = Shown("a", frozenset({"Mia"}), "harbour", end_s=4)
NEXT = Shown("b", frozenset({"Mia"}), "harbour", start_s=4, end_s=8)
BY_NIGHT = Shown("b", frozenset({"Mia"}), "harbour", frozenset({"night"}), start_s=4, end_s=8)


@lru_cache(4096)
def look(view: View) -> Look:
    return look_at([small(picture) for picture in shot(view)], Fraction(RATE))


def gaps(first: Look, shown: Shown, second: Look, role: Role) -> dict[str, float]:
    """Distances of a shot to the one before or to a reference picture, without what an audience forgets."""
    bank = ContinuityBank()
    bank.add(SAME, first, role)
    return dict(bank.compare(shown, second).values)


def pairs(seed: int) -> dict[str, tuple[Look, Shown, Look]]:
    """Pairs of shots around one person and one place."""
    here, other = some_view(seed, seed, 2 * seed), some_view(seed, seed, 2 * seed + 1)
    swapped = some_view(seed + 5000, seed, 2 * seed + 1)
    elsewhere = some_view(seed, seed + 5000, 2 * seed + 1)
    return {
        "same": (look(here), NEXT, look(other)),
        "person swapped": (look(here), NEXT, look(swapped)),
        "place swapped": (look(here), NEXT, look(elsewhere)),
        "same, by night": (look(here), BY_NIGHT, look(other.night())),
        "person swapped, by night": (look(here), BY_NIGHT, look(swapped.night())),
        "place swapped, by night": (look(here), BY_NIGHT, look(elsewhere.night())),
        "portrait, same": (look_at([small(portrait(seed))], Fraction(1)), NEXT, look(other)),
        "portrait, other": (look_at([small(portrait(seed + 5000))], Fraction(1)), NEXT, look(other)),
    }


KINDS = {
    "same": "same person and place",
    "person swapped": "another person",
    "place swapped": "another place",
    "same, by night": "the same, by night as the words ask",
    "person swapped, by night": "another person, by night",
    "place swapped, by night": "another place, by night",
    "portrait, same": "a reference picture of the person",
    "portrait, other": "a reference picture of somebody else",
}


def table() -> str:
    """For each kind of pair the share that is called swapped."""
    found: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for seed in range(FIRST, FIRST + PAIRS):
        for kind, (first, shown, second) in pairs(seed).items():
            role: Role = "reference" if kind.startswith("portrait") else "picked"
            for name, value in gaps(first, shown, second, role).items():
                found[kind, name].append(value > 1)

    def cell(kind: str, name: str) -> str:
        return f"{np.mean(found[kind, name]):.3f} of {len(found[kind, name])}" if (kind, name) in found else "not compared"

    rows = ["| pairs of shots | person called swapped | place called swapped |", "|---|---|---|"]
    for kind, words in KINDS.items():
        rows.append(f"| {words} | {cell(kind, 'identity')} | {cell(kind, 'place')} |")
    return "\n".join(rows)


if __name__ == "__main__":
    commit()
    made = table()
    print(made)
    write("continuity", made, machine())
