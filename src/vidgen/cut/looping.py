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

SECOND = SAMPLE_RATE
_NOTHING: Samples = np.zeros((0, 2), np.float32)

Decode = Callable[[int, int | None], Iterator[Samples]]
"""Blocks of the sound from a sample on, and how many samples at most."""


def looped(decode: Decode, start: int, back: int, end: int | None) -> Iterator[Samples]:
    """Blocks of a sound from sample ``start`` on, without end: at ``end`` (None, or before ``start``: where the file ends) it
    goes back to ``back``. Each repetition has exactly the length between them. A sound without samples ends at once.
    """
    piece = _first(decode(back, None if end is None else end - back), SECOND + 1)
    before = _first(decode(back - CROSS_FADE, CROSS_FADE), CROSS_FADE) if back >= CROSS_FADE else piece[:_AT_THE_START][::-1]
    before = before[len(before) - min(len(before), len(piece) // 2) :]
    yield from _once(decode(start, None if end is None or start >= end else end - start), before)
    if 0 < len(piece) <= SECOND:  # not decoded again a thousand times
        piece = np.tile(_joined(piece, before), (SECOND // len(piece) + 1, 1))
        while True:
            yield piece
    while len(piece):
        yield from _once(decode(back, None if end is None else end - back), before)


def _first(blocks: Iterator[Samples], most: int) -> Samples:
    """The first samples, ``most`` at most."""
    parts, have = [_NOTHING], 0
    for block in blocks:
        parts.append(block)
        have += len(block)
        if have >= most:
            break
    return np.concatenate(parts)[:most]


def _once(blocks: Iterator[Samples], before: Samples) -> Iterator[Samples]:
    """One repetition, its end faded into what comes ``before`` the next one."""
    held = _NOTHING
    for block in blocks:
        held = np.concatenate((held, block))
        if len(held) > len(before):
            yield held[: len(held) - len(before)]
            held = held[len(held) - len(before) :]
    yield _joined(held, before)


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
