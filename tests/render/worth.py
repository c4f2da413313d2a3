"""A provider whose takes are good or bad as a test says: real clips, of known worth to the judge."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vidgen.engines.base import Job
from vidgen.media.frames import FrameWriter
from vidgen.takes.request import Generated, TakeRequest
from vidgen.testing import ScriptedRemote

Worth = Literal["clean", "flicker", "frozen"]


class Worthy(ScriptedRemote):
    """A scripted provider. ``worth``: what take 1, 2, ... of every shot looks like; the last one is repeated."""

    def __init__(self, folder: Path, worth: Sequence[Worth], **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.worth = worth

    async def fetch(self, job: Job, take: TakeRequest, out: Path) -> Generated:
        made = await super().fetch(job, take, out)
        await asyncio.to_thread(draw, out, take, self.worth[min(take.take, len(self.worth)) - 1])
        return replace(made, file=out)


def draw(out: Path, take: TakeRequest, worth: Worth) -> None:
    """A textured picture that drifts to the left."""
    request = take.request
    noise = np.random.default_rng(7 + take.take).random((request.height // 6 + 1, request.width // 3 + 1, 3))
    wide = np.kron(noise, np.ones((6, 6, 1))) * 150 + 50
    with FrameWriter(out, request.width, request.height, Fraction(request.fps), frames=request.frames) as writer:
        for index in range(request.frames):
            left = 0 if worth == "frozen" else index % request.width
            gain = 0.7 if worth == "flicker" and index % 2 else 1.0
            picture = wide[: request.height, left : left + request.width] * gain
            writer.write(picture.astype(np.uint8))
