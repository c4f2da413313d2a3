"""A provider whose takes are good or bad as a test says: real clips, of known worth to the judge."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from vidgen.engines.base import Job
from vidgen.media.frames import FrameWriter
from vidgen.takes.request import Generated, TakeRequest
from vidgen.testing import ScriptedRemote

Worth = Literal["clean", "flicker", "frozen"]


class Worthy(ScriptedRemote):
    """A scripted provider.

    ``worth``: what take 1, 2, ... of every shot looks like; the last one is repeated. ``warmth``: by shot and take how much
    redder its colours are.
    """

    def __init__(
        self,
        folder: Path,
        worth: Sequence[Worth],
        warmth: Mapping[tuple[str, int], float] = MappingProxyType({}),
        **settings: Any,
    ) -> None:
        super().__init__(folder, **settings)
        self.worth, self.warmth = worth, warmth

    async def fetch(self, job: Job, take: TakeRequest, out: Path) -> Generated:
        made = await super().fetch(job, take, out)
        warmth = self.warmth.get((take.request.shot, take.take), 0.0)
        await asyncio.to_thread(draw, out, take, self.worth[min(take.take, len(self.worth)) - 1], warmth)
        return replace(made, file=out)


def draw(out: Path, take: TakeRequest, worth: Worth, warmth: float) -> None:
    """A textured picture that drifts to the left."""
    request = take.request
    noise = np.random.default_rng(7).random((request.height // 6 + 1, request.width // 3 + 1, 3))
    wide = np.kron(noise, np.ones((6, 6, 1))) * 120 + 50
    with FrameWriter(out, request.width, request.height, Fraction(request.fps), frames=request.frames) as writer:
        for index in range(request.frames):
            left = 0 if worth == "frozen" else index % request.width
            gain = 0.94 if worth == "flicker" and index % 2 else 1.0
            picture = wide[: request.height, left : left + request.width] * gain * np.array([1 + warmth, 1, 1 - warmth])
            writer.write(picture.astype(np.uint8))
