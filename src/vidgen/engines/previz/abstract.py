"""Recipes without a place: flowing colour, streaks of light, drifting particles, shapes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np

from vidgen.engines.previz.colour import mix, ramp, rgb, smoothstep
from vidgen.engines.previz.layers import Layer, Moment, View
from vidgen.engines.previz.noise import Array, random_for, tile
from vidgen.engines.previz.particles import Motes
from vidgen.engines.previz.world import World

_SCHEMES = (
    ("#04070f", "#0b2a4a", "#1368a8", "#4fc3d9", "#ffe3a3", "#fff8e6"),
    ("#0a0416", "#3a0f4f", "#8a1f6b", "#e0485f", "#ffab5e", "#fff0cf"),
    ("#03100f", "#0c3b3a", "#12786b", "#5fc98f", "#e8e59a", "#fffbe3"),
    ("#07040f", "#1b1c5a", "#3b3fc4", "#8f5be8", "#f08bd0", "#ffe9f4"),
    ("#0b0604", "#4a1708", "#a83a0f", "#f08a24", "#ffd76b", "#fffbe8"),
)
_BLUE_GOLD = ("#030814", "#0c2450", "#1c58a0", "#3f8fc9", "#e8b85a", "#fff3cf")


def abstract(w: World) -> None:
    """A ground of flowing colour; over it streaks or particles as the words say."""
    w.bloom = 1.0
    rng = w.rng("scheme")
    scheme = _SCHEMES[int(rng.integers(len(_SCHEMES)))]
    if w.spec.has("neon"):
        scheme = _SCHEMES[3]
    if w.spec.has("gold"):
        scheme = _BLUE_GOLD
    colours = [rgb(name) for name in scheme]
    streaks = w.spec.has("streaks")
    w.add(Flow(colours, w.seed, w.spec.wind, dim=0.45 if streaks else 1.0))
    if streaks:
        w.add(Streaks(colours, w.seed, w.spec.wind))
    if w.spec.has("geometric"):
        w.add(Tunnel(colours, w.seed, w.spec.wind))
    w.add(Motes(w.seed, colours[-2:], 150 if not w.spec.has("particles") else 320, w.spec.wind))


@dataclass
class Flow(Layer):
    """Domain-warped noise, like ink or silk in slow water; drawn small and enlarged."""

    colours: list[Array]
    seed: int
    wind: float
    dim: float = 1.0
    z: float = 12.0
    name: str = "flow"
    _tiles: list[Array] = field(default_factory=list, repr=False)
    _table: Array | None = field(default=None, repr=False)

    def prepare(self, view: View) -> None:
        """Noise tiles and the table of colours."""
        self._tiles = [tile(self.seed, f"flow{i}", 512, 4 + 2 * (i == 2), 4).astype(np.float32) for i in range(4)]
        steps = np.linspace(0, 1, 256)
        stops = [(i / (len(self.colours) - 1), colour) for i, colour in enumerate(self.colours)]
        table = ramp(stops, steps**0.95) * self.dim
        self._table = (np.clip(table, 0, 1) * 255).astype(np.uint8).reshape(256, 1, 3)

    def _look(self, number: int, x: Array, y: Array) -> Array:
        return cv2.remap(self._tiles[number], x % 511, y % 511, cv2.INTER_LINEAR)

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """Two rounds of warping, then folds turned into light."""
        assert self._table is not None
        h = min(270, frame.shape[0])
        w = max(8, round(h * view.aspect))
        back = np.linalg.inv(view.to_pixels @ view.stage.layer(now.state, self.z))
        px, py = np.meshgrid((np.arange(w) + 0.5) * frame.shape[1] / w, (np.arange(h) + 0.5) * frame.shape[0] / h)
        u = ((back[0, 0] * px + back[0, 1] * py + back[0, 2]) * 210 + 2048).astype(np.float32)
        v = ((back[1, 0] * px + back[1, 1] * py + back[1, 2]) * 210 + 2048).astype(np.float32)
        t = np.float32(now.time * 9 * self.wind)
        q1, q2 = self._look(0, u + t, v - t * 0.6), self._look(1, u - t * 0.7, v + t)
        r1 = self._look(2, u + q1 * 110 + t * 0.5, v + q2 * 110)
        f = self._look(3, u * 0.7 + r1 * 130 - t * 0.3, v * 0.7 + q1 * 90 + t * 0.4)
        value = 0.42 + 0.60 * f + 0.16 * q2
        ridge = 1 - np.abs(r1 * 2.2 + q1 * 0.8)
        value = np.clip(value * 0.72 + 0.40 * np.clip(ridge, 0, 1) ** 5 - 0.06, 0, 1)
        big = cv2.resize((value * 255).astype(np.float32), (frame.shape[1], frame.shape[0]), interpolation=cv2.INTER_CUBIC)
        index = cv2.convertScaleAbs(np.maximum(big, 0))
        frame[:] = cv2.LUT(cv2.cvtColor(index, cv2.COLOR_GRAY2RGB), self._table)


@dataclass
class Streaks(Layer):
    """Lines of light that rush past, in perspective about the centre."""

    colours: list[Array]
    seed: int
    wind: float
    z: float = 5.0
    name: str = "streaks"

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """Each streak comes from far away and passes the lens."""
        rng = random_for(self.seed, "streaks")
        matrix = view.to_pixels @ view.stage.lens(now.state)
        h = frame.shape[0]
        light = np.zeros_like(frame)
        depth_shift = now.state.z * 1.5
        for _ in range(170):
            angle, radius = rng.uniform(0, 2 * math.pi), rng.uniform(0.25, 1.9)
            phase, speed, length = rng.random(), rng.uniform(0.10, 0.28) * self.wind, rng.uniform(0.5, 2.2)
            colour = self.colours[int(rng.integers(2, len(self.colours)))]
            z = 9 * (1 - (phase + now.time * speed + depth_shift / 9) % 1) + 0.35
            u, v = math.cos(angle + z * 0.05) * radius, math.sin(angle + z * 0.05) * radius
            ends = matrix @ np.array(
                [
                    [(u - now.state.x * 0.2) / z, (u - now.state.x * 0.2) / (z + length)],
                    [(v + now.state.y * 0.2) / z, (v + now.state.y * 0.2) / (z + length)],
                    [1, 1],
                ]
            )
            line = np.round(np.clip(ends[:2].T, -20000, 20000) * 16).astype(np.int32)
            bright = min(1.0, 1.6 / z) * min(1.0, (9.3 - z) / 2)
            thick = max(1, round(h * 0.0045 / z))
            cv2.line(
                light, tuple(line[0].tolist()), tuple(line[1].tolist()), (colour * 255 * bright).tolist(), thick, cv2.LINE_AA, 4
            )
        small = cv2.resize(light, (max(4, frame.shape[1] // 4), max(4, h // 4)), interpolation=cv2.INTER_AREA)
        glow = cv2.resize(
            cv2.GaussianBlur(small, (0, 0), max(1.0, h / 160)), (frame.shape[1], h), interpolation=cv2.INTER_LINEAR
        )
        cv2.add(frame, light, frame)
        cv2.add(frame, glow, frame)


@dataclass
class Tunnel(Layer):
    """Polygons one inside the other, coming closer as they turn."""

    colours: list[Array]
    seed: int
    wind: float
    z: float = 5.0
    name: str = "tunnel"

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """Rings of a polygon at even distances."""
        rng = random_for(self.seed, "tunnel")
        sides = int(rng.choice([3, 4, 6]))
        matrix = view.to_pixels @ view.stage.lens(now.state)
        light = np.zeros_like(frame)
        for k in range(26):
            z = (k + 1 - (now.time * 0.8 * self.wind + now.state.z) % 1) * 0.42
            if z < 0.12:
                continue
            turn = z * 0.22 + now.time * 0.12 * self.wind
            angles = turn + np.arange(sides) * 2 * math.pi / sides
            at = matrix @ np.vstack([np.cos(angles) * 0.62 / z, np.sin(angles) * 0.62 / z, np.ones(sides)])
            points = np.round(np.clip(at[:2].T, -20000, 20000) * 16).astype(np.int32)
            colour = mix(self.colours[-2], self.colours[2], smoothstep(0.3, 8, z))
            cv2.polylines(
                light,
                [points],
                True,
                (colour * 255 * float(np.clip(1.4 / (0.6 + z * 0.35), 0, 1))).tolist(),
                max(1, round(frame.shape[0] * 0.004 / z)),
                cv2.LINE_AA,
                4,
            )
        cv2.add(frame, light, frame)
