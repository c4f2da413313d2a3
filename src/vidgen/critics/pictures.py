"""Moments of a clip, evenly spread over its window."""

from __future__ import annotations

import cv2
import numpy as np

from vidgen.media.frames import Frame
from vidgen.media.probe import probe_video
from vidgen.scoring.scorer import Clip


def moments(clip: Clip, count: int, side: int) -> list[Frame]:
    """At most ``count`` frames, [height, width, 3] uint8 RGB, whose longer side is at most ``side`` pixels.

    Raises InputError for a clip that cannot be read.
    """
    total = clip.window[1] if clip.window else probe_video(clip.file).frames
    wanted = {int((index + 0.5) * total / count) for index in range(count)}
    return [_fitted(frame, side) for index, frame in enumerate(clip.frames()) if index in wanted]


def _fitted(frame: Frame, side: int) -> Frame:
    height, width = frame.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return frame
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
