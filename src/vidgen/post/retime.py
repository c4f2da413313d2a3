"""Keeps time for Python interpolators: which pictures at which moments, exact counts, scene changes, equal pictures."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

import numpy as np

from vidgen.post.stages import Pair, PairInterpolator, Picture

SAME = 0.35
"""Mean difference in grey levels of 255 below which two pictures are one picture, and nothing lies between them."""

_AT_ONCE = 1e-6
"""Share of a gap below which a moment falls on the picture before it."""


@dataclass(frozen=True)
class _Gap:
    """A picture, the moments from its own up to the next picture's (shares of the gap), and the pair to make those from."""

    picture: Picture
    shares: tuple[float, ...]
    pair: Pair | None


def start_of(times: Sequence[Fraction], moment: Fraction) -> int:
    """Index of the picture that is shown at a moment: what lies before it is not needed for what comes at or after it."""
    later = (index for index, time in enumerate(times) if time > moment)
    return max(0, next(later, len(times)) - 1)


def retime(
    pictures: Iterable[Picture],
    times: Sequence[Fraction],
    scene_changes: Container[int],
    engine: PairInterpolator,
    rate: Fraction,
    frames: int,
    *,
    first: int = 0,
) -> Iterator[Picture]:
    """Pictures number ``first`` to ``frames`` (not included) at multiples of 1/rate, from pictures shown at ``times``.

    Args:
        pictures: from number ``start_of(times, first / rate)`` on.
        times: seconds from 0, of all pictures. scene_changes: index of each picture with which another scene begins; known
            at the latest when that picture comes.

    A moment on which a picture falls gets that picture itself. Across a scene change and after the last picture, the earlier
    picture is held. Beside what the engine is given at once, two pictures are held in memory.
    """
    waiting: list[_Gap] = []
    for gap in _gaps(pictures, times, scene_changes, rate, frames, first):
        waiting.append(gap)
        if sum(waited.pair is not None for waited in waiting) >= engine.batch or len(waiting) >= 2 * engine.batch:
            yield from _made(waiting, engine)
            waiting = []
    yield from _made(waiting, engine)


def _gaps(
    pictures: Iterable[Picture],
    times: Sequence[Fraction],
    scene_changes: Container[int],
    rate: Fraction,
    frames: int,
    done: int,
) -> Iterator[_Gap]:
    start = start_of(times, done / rate)
    stream = iter(pictures)
    try:
        current = next(stream)
    except StopIteration:
        return
    for index, following in enumerate(chain(stream, (None,)), start):
        end = times[index + 1] if following is not None else None
        moments: list[Fraction] = []
        while done + len(moments) < frames and (end is None or Fraction(done + len(moments)) / rate < end):
            moments.append(Fraction(done + len(moments)) / rate)
        done += len(moments)
        if following is None or end is None:
            yield _Gap(current, (0.0,) * len(moments), None)
            return
        shares = tuple(float((moment - times[index]) / (end - times[index])) for moment in moments)
        inner = tuple(share for share in shares if share > _AT_ONCE)
        hold = index + 1 in scene_changes or not inner or _same(current, following)
        if shares:
            yield _Gap(current, shares, None if hold else Pair(current, following, inner))
        current = following


def _made(gaps: Sequence[_Gap], engine: PairInterpolator) -> Iterator[Picture]:
    pairs = [gap.pair for gap in gaps if gap.pair is not None]
    between = iter(engine.between(pairs) if pairs else [])
    for gap in gaps:
        new = iter(next(between) if gap.pair is not None else [])
        for share in gap.shares:
            yield next(new) if gap.pair is not None and share > _AT_ONCE else gap.picture


def _same(one: Picture, other: Picture) -> bool:
    step = max(1, min(one.shape[:2]) // 180)
    difference = one[::step, ::step].astype(np.int32) - other[::step, ::step]
    return float(np.abs(difference).mean()) < (SAME if one.dtype == np.uint8 else SAME * 257)
