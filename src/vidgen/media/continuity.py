"""Where sound is missing, comes twice or begins anew, told from the times that a file gives its pieces. Pure arithmetic."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

STEADY_S = 0.01
"""Times may be this far from where the pieces before them end: coarse clocks round, and nobody sees or hears it."""

AGREEING = 8
"""So many pieces in a row have to agree that something is missing. Recorders give times that sway; their sound has no holes."""

BACK_S = 0.1
"""Times that go back by more were joined from two recordings: the second is heard after the first."""


def gaps(pieces: Iterable[tuple[T, float | None, float]], longest: float) -> Iterator[tuple[T, float]]:
    """Each piece with the seconds of silence that belong before it: 0 almost always, below 0 where its beginning comes twice.

    Args:
        pieces: what, when it begins by its own file (seconds; None where the file does not say), and how long it is.
        longest: a gap over so many seconds is taken for a fault of the clock, and is left out.
    """
    waiting: deque[tuple[T, float | None]] = deque()
    length = 0.0  # of all pieces so far
    lag: float | None = None  # of the file's clock over them
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
    """The clock's lag from the first of the waiting pieces on, and the silence before it."""
    lags = [found for _, found in waiting if found is not None]
    own = waiting[0][1]
    if lag is None or own is None:
        return (lag if own is None else own), 0.0
    moved = _agreed([found - lag for found in lags])
    if len(waiting) <= AGREEING // 2 and abs(moved) <= BACK_S:
        return lag, 0.0  # at the very end too few are left to agree on little
    if -BACK_S <= moved <= longest:
        return lag + moved, moved
    return lag + moved, 0.0


def _agreed(moves: Sequence[float]) -> float:
    """What all agree on at least; 0 where some see nothing, or the opposite."""
    least = min(moves, key=abs)
    return least if abs(least) > STEADY_S and all(move * least > 0 for move in moves) else 0.0
