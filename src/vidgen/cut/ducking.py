"""Make room for speech: music is lowered under it, most of all where the ear takes words from.

All follows one curve over the film, from where somebody speaks and not from how loud, so that the same timeline always gives
the same mix and music never pumps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vidgen.cut.spoken import Part, joined
from vidgen.media.audio import Samples
from vidgen.media.rate import SAMPLE_RATE

DUCK_DB = -12.0
DUCK_ATTACK = int(0.25 * SAMPLE_RATE)
"""Samples before somebody speaks at which the music starts to fall, so that it is down by then."""
DUCK_RELEASE = int(0.6 * SAMPLE_RATE)
DUCK_SHORTEST_RETURN = int(0.5 * SAMPLE_RATE)
"""Music that could come back for less than this stays down."""

DIP_DB = -5.0
"""How much less there is of the music under speech at ``DIP_HZ``, beside the ducking; 3 dB at half and double of that, 1 dB at
a quarter and four times."""
DIP_HZ = 2000.0
_DIP_Q = 0.4
_TAPS = 256
"""The filter's response is over by then: its slowest part falls by e in 8 samples."""


@dataclass(frozen=True)
class Ducking:
    """The curve of a film: ``points`` in samples, and how far down the music is at each, 0 to 1."""

    points: tuple[int, ...] = ()
    depths: tuple[float, ...] = ()

    @classmethod
    def under(cls, spoken: Iterable[Part]) -> Ducking:
        """The curve for parts of the film in which somebody speaks, in any order."""
        spans = list(joined(sorted(spoken), DUCK_ATTACK + DUCK_RELEASE + DUCK_SHORTEST_RETURN))
        points = tuple(one for begin, end in spans for one in (begin - DUCK_ATTACK, begin, end, end + DUCK_RELEASE))
        return cls(points, (0.0, 1.0, 1.0, 0.0) * len(spans))

    def depth(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """How far down the music is at samples of the film, 0 to 1."""
        return np.interp(positions, self.points, self.depths) if self.points else np.zeros(len(positions))


class Ducked:
    """One piece of music under a curve, block by block."""

    def __init__(self) -> None:
        self._before: Samples = np.zeros((_TAPS - 1, 2), np.float32)

    def apply(self, sound: Samples, depth: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The next block of the music, [n, 2], lowered by its ``depth``, [n]."""
        heard = np.concatenate((self._before, sound))
        self._before = heard[len(sound) :]
        lowered = sound.astype(np.float64)
        if depth.any():
            band = np.stack([np.convolve(side, _RESPONSE, "valid") for side in heard.T], axis=1)
            lowered -= depth[:, None] * band
            lowered *= 10 ** (DUCK_DB * depth / 20)[:, None]
        return lowered


def _response() -> npt.NDArray[np.float64]:
    """What is taken away where the depth is 1: a band-pass. Music without a share of it has a dip of that depth, and the same
    bandwidth at every depth. (Audio EQ Cookbook, band-pass with constant peak.)
    """
    turn = 2 * math.pi * DIP_HZ / SAMPLE_RATE
    alpha = math.sin(turn) / (2 * _DIP_Q)
    given = [alpha, 0.0, -alpha] + [0.0] * (_TAPS - 3)
    found: list[float] = []
    for place, value in enumerate(given):
        one, two = (found[place - back] if place >= back else 0.0 for back in (1, 2))
        found.append((value + 2 * math.cos(turn) * one - (1 - alpha) * two) / (1 + alpha))
    return (1 - 10 ** (DIP_DB / 20)) * np.array(found)


_RESPONSE = _response()
