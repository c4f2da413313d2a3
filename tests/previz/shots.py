"""Short, small shots for the tests of previz."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from vidgen.storyboard.model import Camera, Motion
from vidgen.takes.request import Generated, ShotRequest, Words

Clip = tuple[Generated, list[np.ndarray]]


def shot(scene: str, **changes: Any) -> ShotRequest:
    """A short, small shot of these words."""
    words = Words(
        scene=scene, **{key: changes.pop(key) for key in ("subject", "action", "lighting", "style") if key in changes}
    )
    camera = Camera(
        move=changes.pop("move", "static"), speed=changes.pop("speed", "slow"), strength=changes.pop("strength", 0.5)
    )
    motion = Motion(type=changes.pop("motion", "natural"), amount=changes.pop("amount", 5))
    base = ShotRequest(
        shot="s01", engine="previz", task="text_to_video", prompt=scene, frames=12, fps=Fraction(12), width=160, height=90,
        base_seed=1, words=words, camera=camera, motion=motion, params={"slate": False},
    )  # fmt: skip
    return replace(base, **changes)
