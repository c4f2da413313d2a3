"""Find gaps, overlaps and restarts of a sound from the timestamps of its blocks. Pure arithmetic."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

STEADY_S = 0.01
"""Tolerance of a timestamp in seconds: coarse clocks round, and this is not audible."""

AGREEING = 8
"""Blocks in a row that must agree on a gap. Timestamps of some recorders jitter although nothing is missing."""

BACK_S = 0.1
"""A timestamp that goes back by more than this is a second recording, which plays after the first."""


def gaps(pieces: Iterable[tuple[T, float | None, float]], longest: float) -> Iterator[tuple[T, float]]:
    """Each block with the seconds of silence to put before it: almost always 0, negative where it overlaps the one before.

    Args:
        pieces: (block, timestamp in seconds or None, duration in seconds).
        longest: a gap of more seconds is a clock error and is ignored.
    """
    waiting: deque[tuple[T, float | None]] = deque()
    length = 0.0  # of all blocks so far
    lag: float | None = None  # timestamp minus that length
    for piece, begins, seconds in pieces:
        waiting.append((piece, None if begins is None else begins - length))
        length += seconds
        if len(waiting) > AGREEING:
            lag, silence = _step(lag, waiting, longest)
            yield waiting.popleft()[0], silence
    while waiting:
        lag, silence = _step(lag, waiting, longest)
        yield waiting.popleft()[0], silence


def _step(lag: float | None, waiting: Sequence[tuple[T, float | None]], longest: float) -> tuple[float | None, float]:
    """The new offset between timestamps and played length, and the silence before the first waiting block."""
    lags = [found for _, found in waiting if found is not None]
    first = waiting[0][1]
    if lag is None or first is None:
        return (lag if first is None else first), 0.0
    moved = _agreed([found - lag for found in lags])
    if len(waiting) <= AGREEING // 2 and abs(moved) <= BACK_S:
        return lag, 0.0  # near the end too few blocks are left to prove a small gap
    if -BACK_S <= moved <= longest:
        return lag + moved, moved
    return lag + moved, 0.0


def _agreed(moves: Sequence[float]) -> float:
    """The smallest of the moves if all have the same sign and exceed the tolerance, else 0."""
    least = min(moves, key=abs)
    return least if abs(least) > STEADY_S and all(move * least > 0 for move in moves) else 0.0
