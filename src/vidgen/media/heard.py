"""Where in a recording something is heard."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from vidgen.media.audio import decode_audio
from vidgen.media.rate import SAMPLE_RATE

STEP = SAMPLE_RATE // 100
"""Samples of one reading: 10 ms."""
SILENCE, BELOW_LOUDEST = 0.001, 0.02
"""A reading is silent below -60 dBFS, or 34 dB below the loudest: breath and room are no words."""


@dataclass(frozen=True)
class Heard:
    """The part of a recording in which something is heard, in seconds; and its whole length."""

    start: Fraction
    end: Fraction
    length: Fraction


def heard_part(file: Path) -> Heard:
    """Where the first and the last sound are; the whole of a silent recording. Raises as ``decode_audio``."""
    levels: list[float] = []
    rest, count = np.zeros((0, 2), np.float32), 0
    for block in decode_audio(file):
        count += len(block)
        joined = np.concatenate([rest, block])
        whole = len(joined) // STEP * STEP
        squares = np.square(joined[:whole].reshape(-1, STEP, 2).astype(np.float64)).mean(axis=(1, 2))
        levels += np.sqrt(squares).tolist()
        rest = joined[whole:]
    length = Fraction(count, SAMPLE_RATE)
    limit = max(SILENCE, BELOW_LOUDEST * max(levels, default=0.0))
    loud = [index for index, level in enumerate(levels) if level > limit]
    if not loud:
        return Heard(Fraction(0), length, length)
    return Heard(Fraction(loud[0] * STEP, SAMPLE_RATE), Fraction((loud[-1] + 1) * STEP, SAMPLE_RATE), length)
