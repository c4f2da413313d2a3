"""Picture engines as real ones are, with arithmetic in place of a network; they note what they were asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vidgen.post.stages import FrameUpscaler, Pair, PairInterpolator, Picture


class Blend(PairInterpolator):
    """Makes a picture between two by mixing them."""

    name = "blend"

    def __init__(self, batch: int = 1) -> None:
        self.batch = batch
        self.asked: list[list[float]] = []
        self.calls: list[int] = []

    def between(self, pairs: Sequence[Pair]) -> list[list[Picture]]:
        self.calls.append(len(pairs))
        self.asked += [[round(time, 3) for time in pair.times] for pair in pairs]
        return [
            [((1 - time) * pair.before + time * pair.after).astype(pair.before.dtype) for time in pair.times] for pair in pairs
        ]


class Doubled(FrameUpscaler):
    """Enlarges by repeating pixels."""

    name, model, factor = "doubled", "pixels", 2

    def __init__(self, batch: int = 1) -> None:
        self.batch = batch
        self.calls: list[int] = []

    def enlarge(self, pictures: Sequence[Picture]) -> list[Picture]:
        self.calls.append(len(pictures))
        return [picture.repeat(2, axis=0).repeat(2, axis=1) for picture in pictures]


def load(folder: Path, *model: str, **wishes: Any) -> PairInterpolator | FrameUpscaler:
    """As the modules of real engines: with a model an upscaler, without one an interpolator."""
    return Doubled() if model else Blend()


def levels(values: Sequence[int], dtype: type = np.uint8) -> list[Picture]:
    """Tiny flat pictures of these levels."""
    return [np.full((8, 8, 3), value, dtype) for value in values]
