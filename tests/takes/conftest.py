"""A small shot, and clips that answer it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from vidgen.media.frames import FrameWriter
from vidgen.takes.request import Generated, ShotRequest, TakeRequest


@pytest.fixture
def request_() -> ShotRequest:
    return ShotRequest(
        shot="s01",
        engine="runway",
        model="gen4.5",
        task="text_to_video",
        prompt="a harbour at dawn",
        frames=6,
        fps=Fraction(24),
        width=64,
        height=48,
        base_seed=7,
    )


@pytest.fixture
def take(request_: ShotRequest) -> TakeRequest:
    return TakeRequest(request_, take=1, seed=7)


@pytest.fixture
def clip(tmp_path: Path) -> Callable[..., Path]:
    """Writes a real clip of one grey level: ``clip(name, level, frames)``."""

    def write(name: str = "part.mp4", level: int = 90, frames: int = 6) -> Path:
        path = tmp_path / name
        with FrameWriter(path, 64, 48, Fraction(24), frames=frames) as writer:
            for _ in range(frames):
                writer.write(np.full((48, 64, 3), level, np.uint8))
        return path

    return write


@pytest.fixture
def generated() -> Callable[..., Generated]:
    def make(file: Path, cost: float | None = 0.6) -> Generated:
        return Generated(file=file, manifest={"model": "gen4.5", "seed": 7}, diffusion=True, cost_usd=cost)

    return make
