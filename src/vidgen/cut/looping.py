"""A sound that begins again and again without a click."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from vidgen.media.audio import Samples
from vidgen.media.rate import SAMPLE_RATE

CROSS_FADE = SAMPLE_RATE // 100
"""Samples before the joint in which the end fades into what comes before the place that it goes back to: equal power."""
_AT_THE_START = SAMPLE_RATE // 500
"""The same where nothing comes before that place: its first samples backwards, so that only a short while differs."""

Decode = Callable[[int, int | None], Iterator[Samples]]
"""Blocks of the sound from a sample on, and how many samples at most."""


def looped(decode: Decode, start: int, back: int, end: int | None) -> Iterator[Samples]:
    """Blocks of a sound from sample ``start`` on, without end: at ``end`` (None, or before ``start``: where the file ends) it
    goes back to ``back``. Each repetition has exactly the length between them. A sound without samples ends at once.
    """
    tail: Samples | None = None
    begin = start
    while True:
        lead = CROSS_FADE if tail is not None and back >= CROSS_FADE else 0
        most = None if end is None or begin >= end else end - begin + lead
        held: Samples = np.zeros((0, 2), np.float32)
        empty = True
        for block in decode(begin - lead, most):
            empty = empty and not len(block)
            held = np.concatenate((held, block))
            if tail is not None:
                fade = CROSS_FADE if lead else _AT_THE_START
                if len(held) < fade:
                    continue
                yield _joined(tail, held[:fade] if lead else held[:fade][::-1])
                tail, held = None, held[lead:]
            if len(held) > CROSS_FADE:
                yield held[:-CROSS_FADE]
                held = held[-CROSS_FADE:]
        if empty and begin == back:
            return
        tail = held if tail is None else np.concatenate((tail, held))
        begin = back


def _joined(tail: Samples, before: Samples) -> Samples:
    """The end of a repetition, faded into what comes before the next one, at equal power whether they are alike or not."""
    count = min(len(tail), len(before))
    if not count:
        return tail
    out, into = tail[-count:].astype(np.float64), before[-count:].astype(np.float64)
    alike = (out * into).sum() / max(np.sqrt((out * out).sum() * (into * into).sum()), 1e-12)
    angle = (np.arange(count)[:, None] + 0.5) / count * (np.pi / 2)
    power = 1 + max(0.0, alike) * np.sin(2 * angle)
    mixed = (out * np.cos(angle) + into * np.sin(angle)) / np.sqrt(power)
    return np.concatenate((tail[:-count], mixed.astype(np.float32)))
