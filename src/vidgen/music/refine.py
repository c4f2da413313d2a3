"""Beats to the millisecond: where within a few hundredths of a second the sound rises most steeply."""

from __future__ import annotations

import numpy as np

from vidgen.music.onsets import FRAMES_A_SECOND, Floats
from vidgen.music.tempo import Whole

_NEAR_MS = 45
_BEFORE_MS, _AFTER_MS = 24, 6
_RISE_BELS = 0.5
"""From how much more energy on the place of an onset is known; else the beat stays where it is."""

_LATE_MS = 8
"""So much later than its sound a beat is whose onset is not clear."""


def refined(fine: Floats, beats: Whole) -> Whole:
    """The beats (frames) in milliseconds. ``fine``: energy of the sound and of its changes by millisecond."""
    return np.array([_steepest(fine, int(beat) * (1000 // FRAMES_A_SECOND)) for beat in beats], dtype=np.int64)


def _steepest(fine: Floats, at: int) -> int:
    """The first millisecond of the steepest rise around ``at``: low drums rise in the sound, clicks in its changes."""
    low = at - _NEAR_MS - _BEFORE_MS
    part = fine[max(0, low) : at + _NEAR_MS + _AFTER_MS].astype(np.float64)
    part = np.pad(part, ((max(0, -low), 0), (0, 0)))
    if len(part) < _BEFORE_MS + _AFTER_MS + 1:
        return at - _LATE_MS
    sums = np.concatenate((np.zeros((1, 2)), np.cumsum(part, axis=0)))
    places = np.arange(_BEFORE_MS, len(part) - _AFTER_MS + 1)
    after = (sums[places + _AFTER_MS] - sums[places]) / _AFTER_MS
    before = (sums[places] - sums[places - _BEFORE_MS]) / _BEFORE_MS
    floor = np.maximum(part.max(axis=0) * 1e-3, 1e-12)
    rise = np.round(np.log10((after + floor) / (before + floor)), 2)
    best = rise.argmax(axis=0)
    kind = int(rise.max(axis=0).argmax())
    return low + int(places[best[kind]]) if rise[best[kind], kind] >= _RISE_BELS else at - _LATE_MS
