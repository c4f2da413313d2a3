"""Holds the colours of shots that continue one another: each model shifts them a little, and a chain adds the shifts up.

Colours are six numbers: mean and spread of L*, a*, b* (CIELAB, L* 0-100). A new clip is moved so that its first picture has
the colours of its opening picture, drawn a little towards those of the chain's first shot. All its pictures get the same
change, so that what changes within the shot stays. The change is bounded, and nothing is done where scenes differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Frames = npt.NDArray[np.uint8]
    """[frames, height, width, 3] uint8 RGB."""

FARTHEST = 25.0
"""Difference of mean L*a*b* beyond which it is another scene."""
TOWARDS_FIRST = 0.5
_MOST_SHIFT = 12.0
_MOST_GAIN = 1.25


def colours(frame: npt.NDArray[np.uint8]) -> tuple[float, ...]:
    """Mean and spread of L*, a*, b* of a picture [height, width, 3] uint8 RGB."""
    lab = _lab(frame)
    return tuple(float(value) for value in (*lab.mean(axis=(0, 1)), *lab.std(axis=(0, 1))))


def held(frames: Frames, opening: npt.NDArray[np.uint8] | None, first: Sequence[float]) -> Frames:
    """The clip with the colours of its opening picture and, gently, of its chain's first shot.

    Args:
        frames: the new clip.
        opening: the picture that the request begins with, any size; None: only ``first`` counts.
        first: ``colours`` of the opening of the chain's first shot; () where there is no chain.
    """
    import numpy as np

    now = np.array(colours(frames[0]))
    target = np.array(colours(opening)) if opening is not None else now
    if len(first) == 6 and np.linalg.norm(np.array(first)[:3] - target[:3]) < FARTHEST:
        target = target + TOWARDS_FIRST * (np.array(first) - target)
    shift = target[:3] - now[:3]
    if np.linalg.norm(shift) > FARTHEST or np.linalg.norm(shift) < 0.15:
        return frames
    gain = np.clip(target[3:] / np.maximum(now[3:], 1e-3), 1 / _MOST_GAIN, _MOST_GAIN)
    shift = np.clip(shift, -_MOST_SHIFT, _MOST_SHIFT)
    done = np.empty_like(frames)
    for index, frame in enumerate(frames):
        lab = (_lab(frame) - now[:3]) * gain + now[:3] + shift
        done[index] = _rgb(lab)
    return done


def _lab(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    import cv2
    import numpy as np

    lab: Any = cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return lab  # type: ignore[no-any-return]


def _rgb(lab: npt.NDArray[np.floating]) -> Frames:
    import cv2
    import numpy as np

    rgb = cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB)
    picture: Frames = np.clip(rgb * 255 + 0.5, 0, 255).astype(np.uint8)
    return picture
