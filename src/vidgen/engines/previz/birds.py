"""A flock of birds in the sky."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from vidgen.engines.previz.colour import mix
from vidgen.engines.previz.layers import Layer, Moment, View
from vidgen.engines.previz.noise import Array, random_for
from vidgen.engines.previz.palette import Palette


@dataclass
class Birds(Layer):
    """A flock that crosses the sky, wings beating."""

    seed: int
    count: int
    wind: float
    p: Palette
    z: float = 14.0
    name: str = "birds"

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """Each bird is two curved wings."""
        rng = random_for(self.seed, "birds")
        way = float(rng.choice([-1, 1]))
        matrix = view.to_pixels @ view.stage.layer(now.state, self.z)
        tone = tuple(float(part) * 255 for part in mix(self.p.near, self.p.far, 0.25))
        speed = 0.028 * (0.5 + 0.5 * self.wind)
        span = view.aspect + 1.0
        start, level = rng.uniform(0.2, 0.7), view.stage.horizon - rng.uniform(0.22, 0.34)
        for number in range(self.count):
            row = (number + 1) // 2 * (-1) ** number
            jitter = rng.normal(0, 0.012, 2)
            size = 0.017 * rng.uniform(0.8, 1.2)
            u = way * ((start + speed * now.time / span) % 1 * span - span / 2) - way * abs(row) * 0.034 + jitter[0]
            v = level + row * 0.017 + jitter[1] + 0.004 * math.sin(now.time * 1.3 + number)
            beat = math.sin(now.time * (5.5 + rng.uniform(-0.6, 0.6)) * (0.6 + 0.4 * self.wind) + number * 1.7)
            points = [
                (-1.0, -0.35 - 0.65 * beat),
                (-0.5, -0.42 - 0.22 * beat),
                (0.0, 0.0),
                (0.5, -0.42 - 0.22 * beat),
                (1.0, -0.35 - 0.65 * beat),
                (0.5, -0.26 - 0.2 * beat),
                (0, 0.18),
                (-0.5, -0.26 - 0.2 * beat),
            ]
            world = np.array([(u + x * size, v + y * size, 1) for x, y in points]).T
            at = np.round((matrix @ world)[:2].T * 16).astype(np.int32)
            cv2.fillPoly(frame, [at], tone, cv2.LINE_AA, 4)
