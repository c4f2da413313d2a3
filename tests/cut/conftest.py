"""Small clips whose every frame can be told from its brightness."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.cut.clips import HEIGHT, RATE, STEP, WIDTH, MakeShot

from vidgen.cut.timeline import TimelineShot, Transition
from vidgen.media.encode import MASTER, EncodeProfile
from vidgen.media.files import sha256_file
from vidgen.media.frames import FrameWriter


@pytest.fixture
def make_shot(tmp_path: Path) -> MakeShot:
    """``make_shot("s01", base=40, frames=24, ...)``: a shot whose frame k is plain grey of ``level(base, k)``."""

    def make(
        name: str,
        base: int = 40,
        frames: int = 24,
        *,
        step: int = STEP,
        rate: Fraction = RATE,
        size: tuple[int, int] = (WIDTH, HEIGHT),
        profile: EncodeProfile = MASTER,
        transition: tuple[str, int] | None = None,
        **other: object,
    ) -> TimelineShot:
        path = tmp_path / "clips" / f"{name}.mp4"
        with FrameWriter(path, *size, rate, frames=frames, profile=profile) as writer:
            for frame in range(frames):
                writer.write(np.full((size[1], size[0], 3), base + step * frame, np.uint8))
        shot = TimelineShot(name, path, sha256_file(path), frames, encoded_as=profile.key(), draft=profile.draft)
        return replace(shot, transition=Transition(*transition) if transition else Transition(), **other)

    return make
