"""People and animals as walking silhouettes, and birds. Plain on purpose: they show blocking and timing, not acting."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from vidgen.engines.previz.colour import mix, rgb
from vidgen.engines.previz.layers import Layer, Moment, View
from vidgen.engines.previz.noise import Array, random_for
from vidgen.engines.previz.palette import Palette


@dataclass
class Walker(Layer):
    """One person or four-legged animal that walks across the ground at distance ``z``, ``tall`` high there."""

    z: float
    u: float
    speed: float
    tall: float
    p: Palette
    kind: str = "person"
    phase: float = 0.0
    follows: bool = False
    name: str = "walker"

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """Stride by time; with ``follows`` the walker keeps up with the camera."""
        stage = view.stage
        foot = stage.foot(self.z)
        u = now.state.x / self.z + self.u if self.follows else self.u + self.speed * now.time
        matrix = view.to_pixels @ stage.layer(now.state, self.z)
        facing = math.copysign(1, self.speed or 1)
        pace = now.time * abs(self.speed) / self.tall * 5.2 if not self.follows else now.time * 5.0
        tone = mix(self.p.air(self.p.lit(rgb("#3a3440"), 0.25), self.z), self.p.near, 0.5)
        light = mix(tone, self.p.light.glow, 0.35 * self.p.light.strength)
        limbs = _person(pace + self.phase) if self.kind == "person" else _beast(pace + self.phase, self.kind)
        side = math.copysign(1, self.p.light.side) * facing
        for colour, shift in ((light, 0.012 * side), (tone, 0.0)):
            for points, width in limbs:
                world = [(u + (x * facing + shift * facing) * self.tall, foot - y * self.tall) for x, y in points]
                at = (matrix @ np.column_stack([world, np.ones(len(world))]).T)[:2].T
                fixed = np.round(np.clip(at, -20000, 20000) * 16).astype(np.int32)
                scale = self.tall * view.height * abs(matrix[0, 0] + 1j * matrix[1, 0]) / view.height
                paint = tuple(float(part) * 255 for part in colour)
                if width < 0:
                    cv2.fillPoly(frame, [fixed], paint, cv2.LINE_AA, 4)
                else:
                    cv2.polylines(frame, [fixed], False, paint, max(1, round(width * scale)), cv2.LINE_AA, 4)


Limbs = list[tuple[list[tuple[float, float]], float]]
"""Polylines in body heights (x forward, y up) with their width; width -1 fills the outline."""


def _leg(hip: tuple[float, float], thigh: float, shin: float, swing: float, bend: float) -> list[tuple[float, float]]:
    kx, ky = hip[0] + math.sin(swing) * thigh, hip[1] - math.cos(swing) * thigh
    return [hip, (kx, ky), (kx + math.sin(swing - bend) * shin, ky - math.cos(swing - bend) * shin)]


def _oval(x: float, y: float, rx: float, ry: float) -> list[tuple[float, float]]:
    return [(x + math.cos(t) * rx, y + math.sin(t) * ry) for t in np.linspace(0, 2 * math.pi, 20)]


def _person(t: float) -> Limbs:
    bob = 0.012 * math.cos(2 * t)
    hip, neck = (0.0, 0.50 + bob), (0.02, 0.82 + bob)
    limbs: Limbs = []
    for sign in (1, -1):
        swing = 0.48 * math.sin(t) * sign
        leg = _leg(hip, 0.25, 0.26, swing, max(0.0, 0.7 * math.sin(t * 1 + (0 if sign > 0 else math.pi) - 1.2)))
        limbs.append((leg, 0.060))
        limbs.append(([leg[-1], (leg[-1][0] + 0.07, leg[-1][1] - 0.005)], 0.045))
        arm = _leg((neck[0], neck[1] - 0.03), 0.17, 0.16, -0.42 * math.sin(t) * sign, -0.35)
        limbs.append((arm, 0.042))
    coat = [
        (neck[0] - 0.085, neck[1]),
        (neck[0] + 0.085, neck[1]),
        (hip[0] + 0.085, hip[1] - 0.07),
        (hip[0] - 0.11, hip[1] - 0.08),
    ]
    return [
        *limbs,
        (coat, -1),
        ([(neck[0], neck[1]), (neck[0] + 0.005, neck[1] + 0.06)], 0.05),
        (_oval(neck[0] + 0.015, neck[1] + 0.10, 0.052, 0.068), -1),
    ]


def _beast(t: float, kind: str) -> Limbs:
    long, neck_up, tail = {
        "horse": (0.95, 0.55, 0.35),
        "deer": (0.85, 0.60, 0.10),
        "dog": (0.95, 0.25, 0.40),
        "cat": (0.95, 0.18, 0.55),
    }.get(kind, (0.9, 0.4, 0.3))
    limbs: Limbs = []
    for x, offset in ((0.34, 0.0), (0.30, math.pi), (-0.34, math.pi * 0.5), (-0.38, math.pi * 1.5)):
        swing = 0.38 * math.sin(t + offset)
        limbs.append((_leg((x * long, 0.58), 0.28, 0.30, swing, max(0.0, 0.8 * math.sin(t + offset - 1.2))), 0.07))
    body = [
        (-0.44 * long, 0.66),
        (-0.36 * long, 0.80),
        (0.0, 0.77),
        (0.34 * long, 0.84),
        (0.44 * long, 0.70),
        (0.30 * long, 0.54),
        (-0.05, 0.58),
        (-0.38 * long, 0.54),
    ]
    head = (0.62 * long, 0.80 + neck_up * 0.55)
    neck = [(0.26 * long, 0.80), (head[0] - 0.05, head[1] + 0.05), (head[0] + 0.02, head[1] - 0.07), (0.44 * long, 0.66)]
    limbs += [(body, -1), (neck, -1), (_oval(head[0] + 0.07, head[1] - 0.02, 0.15, 0.072), -1)]
    limbs.append(
        (
            [
                (-0.42 * long, 0.76),
                (-0.54 * long, 0.70 + 0.03 * math.sin(t)),
                (-0.58 * long, 0.72 - tail * (1 if kind == "horse" else -0.6)),
            ],
            0.05,
        )
    )
    limbs.append(([(head[0], head[1] + 0.03), (head[0] - 0.03, head[1] + 0.12)], 0.035))
    if kind == "deer":
        for lean in (-0.10, 0.06):
            x, y = head[0] - 0.02, head[1] + 0.05
            limbs.append(([(x, y), (x + lean - 0.03, y + 0.16), (x + lean + 0.02, y + 0.30)], 0.022))
            limbs.append(([(x + lean - 0.03, y + 0.16), (x + lean + 0.08, y + 0.22)], 0.018))
    return limbs


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
