"""Keeps time for Python interpolators: which pictures at which moments, exact counts, cuts held, equal pictures copied."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain

import numpy as np

from vidgen.media.frames import Frame
from vidgen.post.stages import PairInterpolator

SAME = 0.35
"""Mean difference in grey levels of 255 below which two pictures are one picture, and nothing lies between them."""


def retime(
    pictures: Iterable[Frame],
    times: Sequence[Fraction],
    cuts: Collection[int],
    engine: PairInterpolator,
    rate: Fraction,
    frames: int,
) -> Iterator[Frame]:
    """Exactly ``frames`` pictures at multiples of 1/rate from ``pictures`` shown at ``times`` (seconds, from 0).

    A moment on which a picture falls gets that picture itself. Across a cut (``cuts``: index of the first picture after it)
    and after the last picture, the earlier picture is held. Two pictures are held in memory at any time.
    """
    stream = iter(pictures)
    try:
        current = next(stream)
    except StopIteration:
        return
    done = 0
    for index, following in enumerate(chain(stream, (None,))):
        end = times[index + 1] if following is not None else None
        moments: list[Fraction] = []
        while done + len(moments) < frames and (end is None or Fraction(done + len(moments)) / rate < end):
            moments.append(Fraction(done + len(moments)) / rate)
        done += len(moments)
        if following is None or end is None:
            yield from (current for _ in moments)
            return
        yield from _between(current, following, moments, times[index], end, index + 1 in cuts, engine)
        current = following


def _between(
    before: Frame,
    after: Frame,
    moments: Sequence[Fraction],
    start: Fraction,
    end: Fraction,
    cut: bool,
    engine: PairInterpolator,
) -> Iterator[Frame]:
    shares = [float((moment - start) / (end - start)) for moment in moments]
    inner = [share for share in shares if share > 1e-6]
    hold = cut or not inner or _same(before, after)
    made = iter([] if hold else engine.between(before, after, inner))
    for share in shares:
        yield before if hold or share <= 1e-6 else next(made)


def _same(one: Frame, other: Frame) -> bool:
    step = max(1, min(one.shape[:2]) // 180)
    difference = one[::step, ::step].astype(np.int16) - other[::step, ::step]
    return float(np.abs(difference).mean()) < SAME
