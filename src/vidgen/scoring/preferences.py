"""Learns from a person's picks: which take was preferred to which, and the weights of the families that fit these best.

Light: numpy loads when weights are fitted.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vidgen.errors import InputError
from vidgen.media.files import write_text
from vidgen.media.home import vidgen_home
from vidgen.scoring.comparing import total_of
from vidgen.scoring.types import ALL_FAMILIES, Scorecard
from vidgen.takes.exclusive import folder_lock

LOG = "preferences.jsonl"
"""In a work folder: one line a pair, oldest first."""
MOST_PAIRS = 10_000
"""Pairs that are kept in one log; older ones go."""
LEAST_PAIRS = 50
"""Fewer tell nothing about weights."""
FOLDS = 5
VERSION = 1

Families = Mapping[str, float | None]
Weights = Mapping[str, float]


@dataclass(frozen=True)
class Side:
    """One take of a pair as the judge saw it: number, checksum, families and measures."""

    take: int
    sha256: str
    families: Families
    measures: Mapping[str, float]

    @classmethod
    def of(cls, take: int, card: Scorecard) -> Side:
        """From the judge's card."""
        return cls(take, card.sha256, dict(card.families), dict(card.measures))


@dataclass(frozen=True)
class Pair:
    """A person prefers one take of a shot to another: to the one that the judge would use, or to its second where both agree.

    ``request_key`` is that of the shot: pairs of one shot are never split between fitting and testing.
    """

    shot: str
    request_key: str
    preferred: Side
    other: Side

    @property
    def name(self) -> tuple[str, frozenset[str]]:
        """The same for the same two takes, whichever is preferred."""
        return self.request_key, frozenset((self.preferred.sha256, self.other.sha256))


@dataclass(frozen=True)
class Fit:
    """Weights fitted to ``pairs``. ``right_before``: how many of them the old weights order rightly; ``right_after``: the new
    ones, where those that are counted were left out of the fit.
    """

    pairs: int
    old: Weights
    new: Weights
    right_before: int
    right_after: int


def log_pair(folder: Path, pair: Pair) -> None:
    """Add a pair to the log of a work folder. An earlier word on the same two takes is replaced."""
    file = folder / LOG
    with folder_lock(folder):
        pairs = [one for one in read_pairs(file) if one.name != pair.name]
        lines = (json.dumps({"version": VERSION, **asdict(one)}, ensure_ascii=False) for one in [*pairs, pair][-MOST_PAIRS:])
        write_text(file, "".join(f"{line}\n" for line in lines))


def read_pairs(file: Path) -> list[Pair]:
    """The pairs of a log; lines that are damaged or of another version are left out. None where there is no log."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return [pair for line in lines if (pair := _pair(line))]


def _pair(line: str) -> Pair | None:
    try:
        data = json.loads(line)
        if data["version"] != VERSION:
            return None
        return Pair(str(data["shot"]), str(data["request_key"]), _side(data["preferred"]), _side(data["other"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _side(data: Any) -> Side:
    families = {str(name): None if value is None else _number(value) for name, value in data["families"].items()}
    measures = {str(name): _number(value) for name, value in data["measures"].items()}
    return Side(int(data["take"]), str(data["sha256"]), families, measures)


def _number(value: Any) -> float:
    number = float(value)
    if isinstance(value, str | bool) or not math.isfinite(number):
        raise ValueError(f"{value!r} is not a number")
    return number


def refit(pairs: Sequence[Pair], old: Weights) -> Fit:
    """Fit weights to one's own pairs. The same pairs, in any order, give the same weights."""
    ordered = sorted(pairs, key=lambda pair: (pair.request_key, pair.preferred.sha256, pair.other.sha256))
    after = 0
    for fold in range(FOLDS):
        held_out = [pair for pair in ordered if _fold(pair) == fold]
        if held_out:
            after += _right(held_out, _fitted([pair for pair in ordered if _fold(pair) != fold]))
    return Fit(len(ordered), dict(old), _fitted(ordered), _right(ordered, old), after)


def _fold(pair: Pair) -> int:
    return int.from_bytes(hashlib.sha256(pair.request_key.encode()).digest()[:4], "big") % FOLDS


def _fitted(pairs: Sequence[Pair]) -> dict[str, float]:
    """Non-negative logistic regression on the differences of families, drawn towards equal weights. Mean weight 1.

    Projected gradient descent with a fixed number of steps: convex, so it comes to one answer.
    """
    import numpy as np

    gaps = {
        name: [_gap(pair.preferred.families.get(name), pair.other.families.get(name)) for pair in pairs]
        for name in ALL_FAMILIES
    }
    names = [name for name, values in gaps.items() if any(values)]
    if not names:
        return {}
    table = np.array([gaps[name] for name in names])  # [families, pairs]
    spread = float(np.sqrt(np.mean(table**2)))
    table = table / spread
    weights = np.ones(len(names))
    pull = 2.0 / len(pairs)
    speed = 1.0 / (0.25 * float(np.linalg.norm(table, 2)) ** 2 / len(pairs) + pull)
    for _ in range(2000):
        doubt = 1.0 / (1.0 + np.exp(np.clip(weights @ table, -50, 50)))
        slope = -(table @ doubt) / len(pairs) + pull * (weights - weights.mean())
        weights = np.maximum(0.0, weights + speed * -slope)
    mean = float(weights.mean())
    return {name: round(float(weight) / mean, 2) if mean > 0 else 1.0 for name, weight in zip(names, weights, strict=True)}


def _gap(preferred: float | None, other: float | None) -> float:
    return 0.0 if preferred is None or other is None else preferred - other


def _right(pairs: Sequence[Pair], weights: Weights) -> int:
    """How many pairs the totals order as the person did."""

    def total(one: Side) -> float:
        return total_of(one.families, weights) or 0.0

    return sum(total(pair.preferred) > total(pair.other) for pair in pairs)


def weights_file() -> Path:
    """Where one's own weights are kept."""
    return vidgen_home() / "score-weights.json"


def own_weights() -> dict[str, float]:
    """One's own weights, by family; empty where none were fitted. A storyboard's ``score.weights`` go before them.

    Raises InputError ``config.invalid`` where the file is damaged.
    """
    file = weights_file()
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        weights = {str(name): _number(value) for name, value in data["weights"].items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _invalid(file, f"cannot be read: {type(error).__name__}") from None
    if wrong := [name for name, value in weights.items() if name not in ALL_FAMILIES or value < 0]:
        raise _invalid(file, f"has a weight that cannot be: {wrong[0]}")
    return weights


def _invalid(file: Path, why: str) -> InputError:
    return InputError("config.invalid", f"{file} {why}", hint="delete it, or fit again: vidgen score --refit", where=str(file))


def keep_weights(fit: Fit) -> Path:
    """Keep the new weights as one's own; returns the file."""
    file = weights_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"version": VERSION, "weights": dict(fit.new), "pairs": fit.pairs}, indent=1)
    write_text(file, f"{text}\n")
    return file
