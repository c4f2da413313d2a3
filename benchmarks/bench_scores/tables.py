"""The table: every clip is judged with what the other clips gave; measures and floors were chosen on those for tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.bench_scores import faults, moves, readings, spend, trials, windows
from benchmarks.bench_scores.fit import Fit, fitted, left_out
from benchmarks.bench_scores.scenes import ALL, HELD_OUT, TUNING
from vidgen.scoring.rules import RULES

SETS = {"tuned": TUNING, "kept out": HELD_OUT}
GOOD = -0.75
"""The bar that docs/storyboard.md calls fair."""


@dataclass(frozen=True)
class Judged:
    """Margins of the clean clip over damaged copies, and over harmless edits; each in units of its tie band."""

    damage: Mapping[tuple[str, str, int], float]
    edits: Mapping[tuple[str, str], float]

    @classmethod
    def by(cls, fits: Mapping[str, Fit]) -> Judged:
        """Each clip by the fit that belongs to it."""
        damage: dict[tuple[str, str, int], float] = {}
        edits: dict[tuple[str, str], float] = {}
        for source, fit in fits.items():
            damage |= {key: value / fit.band for key, value in trials.damage_margins(fit.rules, [source]).items()}
            edits |= {key: value / fit.band for key, value in trials.edit_margins(fit.rules, [source]).items()}
        return cls(damage, edits)

    def right(self, severities: Sequence[int], fault: str | None = None) -> float:
        """Share of pairs in which the clean clip is ahead by more than the tie band."""
        chosen = [
            value >= 1 for (_, name, severity), value in self.damage.items() if severity in severities and fault in (None, name)
        ]
        return float(np.mean(chosen))

    def monotone(self) -> float:
        """Share of steps to the next severity at which the margin does not shrink."""
        steps = [
            self.damage[source, fault, severity + 1] >= value - RULES.equal
            for (source, fault, severity), value in self.damage.items()
            if severity < 3
        ]
        return float(np.mean(steps))

    def alarms(self) -> float:
        """Share of harmless edits that decide."""
        return float(np.mean([abs(value) >= 1 for value in self.edits.values()]))

    def wrong(self) -> float:
        """Share of pairs in which the damaged copy is ahead by more than the tie band."""
        return float(np.mean([value <= -1 for value in self.damage.values()]))


def whole() -> str:
    """Everything, as Markdown."""
    fits = left_out(ALL)
    sets = {name: Judged.by({source: fits[source] for source in chosen}) for name, chosen in SETS.items()}
    return "\n\n".join([_summary(sets), _by_fault(sets), _unseen(), _others()])


def _summary(sets: Mapping[str, Judged]) -> str:
    camera = {
        "tuned": moves.results(moves.LIVE, moves.STILL),
        "kept out": moves.results(moves.LIVE_HELD_OUT, moves.STILL_HELD_OUT),
    }
    parts = {"tuned": windows.results(TUNING), "kept out": windows.results(HELD_OUT)}
    alarms = {"tuned": windows.false_alarms(TUNING), "kept out": windows.false_alarms(HELD_OUT)}

    saved = {"tuned": spend.spend(TUNING, GOOD), "kept out": spend.spend(HELD_OUT, GOOD)}

    def moved(name: str, kind: str) -> str:
        found = [move == answer for (content, _, move, _), answer in camera[name].items() if content == kind]
        return f"{np.mean(found):.2f} of {len(found)}"

    rows = {
        "clean beats damaged, all (bar .96)": [f"{one.right(range(4)):.3f}" for one in sets.values()],
        "... the two stronger severities (bar .92)": [f"{one.right((2, 3)):.3f}" for one in sets.values()],
        "... the two weaker (bar .80)": [f"{one.right((0, 1)):.3f}" for one in sets.values()],
        "damaged beats clean": [f"{one.wrong():.3f}" for one in sets.values()],
        "monotone (bar .88)": [f"{one.monotone():.3f}" for one in sets.values()],
        "harmless edits that decide (bar .04)": [f"{one.alarms():.3f}" for one in sets.values()],
        "camera, still content (bar .96)": [moved(name, "still") for name in sets],
        "camera, live content (bar .96)": [moved(name, "live") for name in sets],
        "best part at least 95 % undamaged (bar .95)": [
            f"{np.mean([best >= 0.95 for best, _ in parts[name].values()]):.3f} of {len(parts[name])}" for name in sets
        ],
        "... worse than the default part": [
            f"{np.mean([best < default for best, default in parts[name].values()]):.3f}" for name in sets
        ],
        "takes made with good: -0.75, of four": [f"{saved[name][0]:.2f}" for name in sets],
        "... where the pick is as good as that of four": [f"{saved[name][1]:.2f}" for name in sets],
        "clean clips of which a later part is taken": [str(alarms[name]) for name in sets],
        "clips": [str(len(TUNING)), str(len(HELD_OUT))],
    }
    lines = [f"| {name} | {' | '.join(values)} |" for name, values in rows.items()]
    return "\n".join([f"| | {' | '.join(sets)} |", "|---" * (len(sets) + 1) + "|", *lines])


def _by_fault(sets: Mapping[str, Judged]) -> str:
    head = "| fault | " + " | ".join(f"{name}: weaker | stronger" for name in sets) + " |"
    lines = [
        f"| {fault} | "
        + " | ".join(f"{one.right((0, 1), fault):.2f} | {one.right((2, 3), fault):.2f}" for one in sets.values())
        + " |"
        for fault in faults.FAULTS
    ]
    return "\n".join([head, "|---" * (2 * len(sets) + 1) + "|", *lines])


def _unseen() -> str:
    """Each fault judged by what was fitted without it."""
    shares = []
    for fault in faults.FAULTS:
        fit = fitted(ALL, without=fault)
        margins = [
            trials.margin(fit.rules, trials.clean_row(s), trials.damaged_row(s, fault, k)) for s in ALL for k in range(4)
        ]
        shares.append((fault, float(np.mean([margin >= fit.band for margin in margins]))))
    mean = np.mean([share for _, share in shares])
    text = ", ".join(f"{fault} {share:.2f}" for fault, share in shares)
    return f"A fault kind that the fit never saw (bar .75): mean {mean:.2f}; {text}."


def _others() -> str:
    """VBench's formula for flicker (mean absolute difference of neighbours, here of luma) on the same pairs."""
    right = []
    for source in (*TUNING, *HELD_OUT):
        clean = np.mean(readings.clean(source).curves["change"])
        for fault in faults.FAULTS:
            right += [np.mean(readings.damaged(source, fault, k).curves["change"]) > clean for k in range(4)]
    return f"VBench's flicker formula puts the clean clip first in {np.mean(right):.2f} of the same pairs (no tie band)."
