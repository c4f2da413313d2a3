"""Where somebody speaks in a recording: by its level, as nothing else is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vidgen.media.audio import Samples
from vidgen.media.rate import SAMPLE_RATE

_STEP = SAMPLE_RATE // 50
"""Samples of one measured level."""
_PAUSE = SAMPLE_RATE // 2
"""Shorter silences are between words, and belong to what is said."""
_SHORTEST = 3 * _STEP
"""What is shorter is a knock or a click."""
_RANGE_DB = 30.0
"""How far below its usual loud level somebody still speaks."""
_FLOOR_DB = -60.0
"""Below this nobody speaks."""

Part = tuple[int, int]
"""From a sample to before another."""


@dataclass(frozen=True)
class Recording:
    """A voice: its length in ``samples``, and the ``parts`` of it in which somebody speaks, in order."""

    samples: int
    parts: tuple[Part, ...]


def listen(blocks: Iterable[Samples]) -> Recording:
    """Find where somebody speaks. Noise that is nearly as loud as the voice counts as voice; silence alone has no parts."""
    levels, samples = _levels(blocks)
    heard = levels[levels > _FLOOR_DB]
    if not len(heard):
        return Recording(samples, ())
    loud = levels > max(_FLOOR_DB, float(np.quantile(heard, 0.9)) - _RANGE_DB)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], loud.astype(np.int8), [0])))) * _STEP
    parts = joined(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True), _PAUSE)
    return Recording(samples, tuple((begin, min(end, samples)) for begin, end in parts if end - begin >= _SHORTEST))


def joined(parts: Iterable[Part], gap: int) -> Iterator[Part]:
    """Parts in order of their begin, with those as one that overlap or are less than ``gap`` samples apart."""
    last: Part | None = None
    for begin, end in parts:
        if last is not None and begin - last[1] < gap:
            last = (last[0], max(last[1], end))
            continue
        if last is not None:
            yield last
        last = (begin, end)
    if last is not None:
        yield last


def _levels(blocks: Iterable[Samples]) -> tuple[npt.NDArray[np.float64], int]:
    """The level of each step in dB of full scale, and how many samples there are."""
    found, rest, samples = [], np.zeros(0), 0
    for block in blocks:
        samples += len(block)
        power = np.concatenate((rest, np.square(block, dtype=np.float64).mean(axis=1)))
        whole = len(power) // _STEP * _STEP
        found.append(power[:whole].reshape(-1, _STEP).mean(axis=1))
        rest = power[whole:]
    if len(rest):
        found.append(np.array([rest.sum() / _STEP]))
    means = np.concatenate(found) if found else np.zeros(0)
    return 10 * np.log10(np.maximum(means, 1e-12)), samples
