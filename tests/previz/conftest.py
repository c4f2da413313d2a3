from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.previz.shots import Clip, shot

from vidgen.engines.previz import Previz
from vidgen.media.frames import read_frames
from vidgen.takes.request import Inputs, TakeRequest


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Clip]:
    """Make a take and read its frames back: ``draw("calm sea", move="pan_left", seed=3)``."""
    made = iter(range(1000))

    def run(scene: str, *, seed: int = 1, inputs: Inputs | None = None, **changes: Any) -> Clip:
        request = shot(scene, **changes)
        if inputs:
            request = replace(request, inputs=inputs)
        out = tmp_path / f"take{next(made)}.mp4"
        return Previz().generate(TakeRequest(request, 1, seed), out), list(read_frames(out))

    return run
