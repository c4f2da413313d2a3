"""Which beat opens a bar: the period at which loud, low or different beats come back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vidgen.music.onsets import Floats
from vidgen.music.tempo import Whole

METERS = (4, 3)
"""Beats a bar. The first is taken where nothing speaks for any."""
_AFTER = 6
"""Frames after a beat that are heard as its sound."""
_LOW = 5
"""Bands that a bass drum has: up to about 200 Hz."""
_CLEARLY = 1.1
"""A later meter or place must explain so many times as much as an earlier one."""
_ACCENTED = 0.3
"""Share of the differences between beats that bars explain, from which on they count as heard."""
_ALONE, _TIMES = 0.15, 3
"""So does a smaller share, where it is so many times that of every other meter: a waltz, played softly."""


@dataclass(frozen=True)
class Meter:
    """``beats`` in a bar; the first bar opens with beat number ``first``; ``clear``: share of the differences between the
    beats that this explains, 0 to 1.
    """

    beats: int
    first: int
    clear: float


def find_meter(bands: Floats, strength: Floats, beats: Whole) -> Meter:
    """The meter of the beats (frames)."""
    features = _features(bands, strength, beats)
    found = {}
    for meter in METERS:
        places = range(meter) if len(beats) >= 2 * meter else ()
        best = Meter(meter, 0, 0.0)
        for first in places:
            clear = _explained(features, meter, first)
            if clear > max(_CLEARLY * best.clear, 0.02):
                best = Meter(meter, first, clear)
        found[meter] = best
    four, three = (found[meter] for meter in METERS)
    best, other = (three, four) if three.clear > _CLEARLY * four.clear else (four, three)
    alone = best.clear >= _ALONE and best.clear >= _TIMES * other.clear
    return best if best.clear >= _ACCENTED or alone else Meter(METERS[0], 0, best.clear)


def _features(bands: Floats, strength: Floats, beats: Whole) -> npt.NDArray[np.float64]:
    """[beats, 4]: how loud, how low, how high, and how sudden each beat is; each with mean 0 and, where it differs at all,
    deviation 1.
    """
    around = [slice(max(0, beat - 2), beat + _AFTER) for beat in beats]
    heard = np.array([bands[one].max(axis=0) for one in around], dtype=np.float64)
    begun = np.array([strength[one].max() for one in around], dtype=np.float64)
    rows = np.stack((heard.mean(axis=1), heard[:, :_LOW].mean(axis=1), heard[:, -_LOW * 3 :].mean(axis=1), begun), axis=1)
    spread = rows.std(axis=0)
    smallest = np.array((0.02, 0.02, 0.02, 0.1))
    return np.asarray(np.round((rows - rows.mean(axis=0)) / np.maximum(spread, smallest), 4))


def _explained(features: npt.NDArray[np.float64], meter: int, first: int) -> float:
    """Share of the variance that the beats which open bars have against the others, where they are the stronger ones.

    It is corrected for what chance explains.
    """
    count = len(features)
    opens = np.arange(count) % meter == first
    inside, outside = features[opens].mean(axis=0), features[~opens].mean(axis=0)
    share = opens.mean()
    between = share * (1 - share) * np.square(inside - outside)
    stronger = (inside > outside) | (np.arange(features.shape[1]) == 2)  # a high click opens bars as well as a low drum
    total = max(float(np.square(features).mean(axis=0).sum()), 1e-9)
    return float(np.clip((between * stronger).sum() / total - 1 / count, 0, 1))
