"""A waterfall: streaks that run down a cliff, and spray at its foot."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from vidgen.engines.previz.colour import smoothstep
from vidgen.engines.previz.layers import Layer, Moment, Piece, View, lay, touched
from vidgen.engines.previz.noise import Array, tile
from vidgen.engines.previz.palette import Palette


@dataclass
class Falls(Layer):
    """``u`` its middle, from ``top`` to ``foot`` (v), ``half`` its half width, at distance ``z``."""

    z: float
    u: float
    top: float
    foot: float
    half: float
    p: Palette
    seed: int
    wind: float
    name: str = "falls"
    _streaks: Array | None = field(default=None, repr=False)
    _cover: Array | None = field(default=None, repr=False)

    def prepare(self, view: View) -> None:
        """A tile of streaks, and the fall's outline."""
        noise = tile(self.seed, "falls", 256, 24, 4)
        long = cv2.blur(np.tile(noise, (3, 1)), (1, 61))[256:512]
        long = (long - long.min()) / (long.max() - long.min())
        self._streaks = (255 * (0.30 + 0.70 * long)).astype(np.uint8)
        y, x = np.linspace(0, 1, 256)[:, None], np.linspace(-1, 1, 128)[None, :]
        spread = 0.55 + 0.35 * y + 0.05 * np.sin(y * 23)
        self._cover = (255 * smoothstep(1.0, 0.72, np.abs(x) / spread) * (0.86 + 0.14 * y)).astype(np.float32)

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """The tile runs down; faster lower on the cliff."""
        assert self._streaks is not None and self._cover is not None
        run = int(now.time * 210 * (0.5 + 0.5 * self.wind)) % 256
        streaks = np.roll(self._streaks, run, axis=0)[:, :128].astype(np.float32) / 255
        alpha = self._cover * (0.35 + 0.65 * streaks)
        bright = self.p.lit((0.95, 0.98, 1.0), streaks * 0.9 + 0.1)
        piece = np.dstack([bright * alpha[..., None], alpha]).astype(np.uint8)
        left, wide, tall = self.u - self.half, self.half * 2 / 128, (self.foot - self.top) / 256
        place = np.array([[wide, 0, left], [0, tall, self.top], [0, 0, 1]])
        matrix = view.to_pixels @ view.stage.layer(now.state, self.z) @ place
        if part := touched(frame, matrix, piece):
            matrix = np.array([[1, 0, -part.left], [0, 1, -part.top], [0, 0, 1]]) @ matrix
            moved = cv2.warpAffine(piece, matrix[:2], (part.right - part.left, part.bottom - part.top), flags=cv2.INTER_LINEAR)
            lay(frame[part.top : part.bottom, part.left : part.right], Piece.of(moved))
