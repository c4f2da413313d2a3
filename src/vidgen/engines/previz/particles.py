"""What is in the air: rain, snow, petals, leaves, fireflies, motes; all functions of time, all moved by the camera."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from vidgen.engines.previz.colour import rgb
from vidgen.engines.previz.layers import Layer, Moment, Piece, View, lay, screen
from vidgen.engines.previz.noise import Array, random_for


@dataclass
class Cloud(Layer):
    """Points in a box before the camera. Subclasses say how they fall and how they look.

    ``count`` at wind 1; ``fall`` and ``blow`` in frame heights per second at distance 1; nearest and farthest distance.
    """

    seed: int
    count: int
    wind: float
    fall: float = 0.2
    blow: float = 0.1
    flutter: float = 0.05
    near: float = 0.8
    far: float = 5.0
    z: float = 0.5
    name: str = "air"
    _points: Array | None = field(default=None, repr=False)

    def prepare(self, view: View) -> None:
        """Choose where each starts: [N, 6] u, v (0-1 of the box), distance, phase, kind, size."""
        rng = random_for(self.seed, self.name)
        many = max(6, int(self.count * (0.35 + 0.65 * self.wind) * max(view.aspect, 0.8) / 1.78))
        points = rng.random((min(many, self.count * 4), 6))
        points[:, 2] = self.near * (self.far / self.near) ** points[:, 2]
        self._points = points[np.argsort(-points[:, 2])]
        self._paint(view)

    def _paint(self, view: View) -> None:
        """Make sprites."""

    def places(self, view: View, now: Moment) -> tuple[Array, Array, Array]:
        """Pixel positions [N, 2], enlargement [N] and the point table, at this time; wrapped so that none runs out."""
        assert self._points is not None
        p, t, s = self._points, now.time, now.state
        speed = 0.4 + 0.6 * self.wind
        z = p[:, 2]
        sway = self.flutter * (
            np.sin(t * (0.9 + p[:, 3]) * 1.7 * speed + p[:, 3] * 40) + 0.5 * np.sin(t * 3.1 * speed + p[:, 4] * 40)
        )
        box_u, box_v = view.aspect * 1.3, 1.3
        u = p[:, 0] * box_u + ((self.blow * self.wind * t) + sway - s.x) / z - s.yaw
        v = (
            p[:, 1] * box_v
            + (self.fall * speed * t * (0.7 + 0.6 * p[:, 5]) + 0.3 * sway * np.cos(t * 1.3 + p[:, 3] * 9) + s.y) / z
            + s.pitch
        )
        u, v = u % box_u - box_u / 2, v % box_v - box_v / 2
        grow = np.ones_like(z)
        if s.z:
            depth = (z - s.z * 0.25) % (self.far - self.near) + self.near
            grow = z / depth * 0 + np.clip(z / np.maximum(z - s.z * 0.06, self.near * 0.5), 0.6, 1.8)
            u, v = u * grow, v * grow
        lens = view.to_pixels @ view.stage.lens(now.state) @ np.array([[1, 0, s.yaw], [0, 1, -s.pitch], [0, 0, 1]])
        at = lens @ np.vstack([u, v, np.ones_like(u)])
        return at[:2].T, grow / z, p


@dataclass
class Snow(Cloud):
    """Flakes: soft discs, the near ones large and blurred."""

    colour: Array = field(default_factory=lambda: rgb("#ffffff"))
    _sprites: list[Array] = field(default_factory=list, repr=False)

    def _paint(self, view: View) -> None:
        self._sprites = []
        for level in range(8):
            r = max(1.0, view.height * 0.0022 * 1.45**level)
            half = math.ceil(r * 1.6) + 1
            y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float32)
            d = np.hypot(x, y) / r
            soft = np.clip((1.25 - d) / (0.5 + 0.06 * level), 0, 1) * (0.95 - 0.065 * level)
            self._sprites.append((soft[..., None] * self.colour * 255).astype(np.uint8))

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """Screen each flake on."""
        at, scale, points = self.places(view, now)
        for (x, y), grow, point in zip(at.tolist(), scale.tolist(), points.tolist(), strict=True):
            level = min(max(int(math.log(max(grow * (0.6 + point[5] * 0.7), 0.05) / 0.2) / math.log(1.45)), 0), 7)
            _screen(frame, self._sprites[level], x, y)


@dataclass
class Glow(Cloud):
    """Fireflies: small lights that wander and pulse."""

    colours: Sequence[Array] = ()
    pulse: float = 0.5
    size: float = 0.018
    _sprites: list[Array] = field(default_factory=list, repr=False)

    def _paint(self, view: View) -> None:
        self._sprites = []
        for colour in self.colours:
            for level in range(5):
                half = max(3, round(view.height * self.size * 1.5**level * 0.55))
                y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float32) / half
                d = np.hypot(x, y)
                light = np.clip(np.exp(-d * 3.6) * 0.62 + np.exp(-((d * 7.5) ** 2)) - 0.03, 0, 1)
                white = np.exp(-((d * 9) ** 2))[..., None]
                self._sprites.append(light[..., None] * (colour * (1 - white) + white))

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """Screen each light on, as bright as its pulse."""
        at, scale, points = self.places(view, now)
        rate = 0.4 + 0.6 * self.wind
        for (x, y), grow, point in zip(at.tolist(), scale.tolist(), points.tolist(), strict=True):
            level = min(max(int(math.log(max(grow, 0.05) / 0.25) / math.log(1.5)), 0), 4)
            beat = 0.5 + 0.5 * math.sin(now.time * (1.2 + point[4] * 1.6) * rate + point[3] * 6.28)
            bright = (1 - self.pulse) + self.pulse * beat**2
            kind = int(point[4] * len(self.colours)) % len(self.colours)
            _screen(frame, (self._sprites[kind * 5 + level] * (255 * bright)).astype(np.uint8), x, y)


def Motes(seed: int, colours: Sequence[Array], count: int, wind: float) -> Glow:
    """Drifting points of light, for abstract pictures and dust in a beam."""
    return Glow(
        seed,
        count,
        wind,
        fall=-0.05,
        blow=0.05,
        flutter=0.10,
        near=0.7,
        far=5.0,
        name="motes",
        colours=colours,
        pulse=0.75,
        size=0.011,
    )


@dataclass
class Leaves(Cloud):
    """Petals or leaves that turn as they fall."""

    colours: Sequence[Array] = ()
    shape: str = "petal"
    size: float = 0.016
    _sprites: dict[tuple[int, int, int, int], Piece] = field(default_factory=dict, repr=False)

    def _sprite(self, level: int, kind: int, turn: int, tumble: int, height: int) -> Piece:
        """A leaf of one of four sizes, in a colour, turned and tumbled; painted when it is first seen."""
        key = level, kind, turn, tumble
        if key not in self._sprites:
            size = max(2.5, height * self.size * 1.65**level * 0.5)
            blur = 0.25 + 0.35 * level if level > 1 else 0.0
            self._sprites[key] = Piece.of(
                _leaf(self.colours[kind], size, self.shape, turn * 45.0, (0.25, 0.55, 0.9)[tumble], blur)
            )
        return self._sprites[key]

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """Lay each one on, turned as it is at this moment."""
        at, scale, points = self.places(view, now)
        speed = 0.4 + 0.6 * self.wind
        for (x, y), grow, point in zip(at.tolist(), scale.tolist(), points.tolist(), strict=True):
            level = min(max(int(math.log(max(grow, 0.05) / 0.3) / math.log(1.65)), 0), 3)
            turn = int((point[3] * 8 + now.time * speed * (0.5 + point[4]) * 3) % 8)
            tumble = int((math.sin(now.time * speed * (1.2 + point[5]) + point[3] * 12) + 1) * 1.499)
            kind = int(point[4] * len(self.colours)) % len(self.colours)
            sprite = self._sprite(level, kind, turn, tumble, view.height)
            if spot := _overlap(frame, sprite.colour, x, y):
                part, inside = spot
                lay(part, sprite.inside(*inside))


def _leaf(colour: Array, size: float, shape: str, turn: float, tumble: float, blur: float) -> Array:
    half = math.ceil(size * 1.5) + 2
    out = np.zeros((half * 2 + 1, half * 2 + 1, 4), np.uint8)
    shade, light = (colour * 255 * 0.78).tolist(), np.clip(colour * 255 * 1.06, 0, 255).tolist()
    a = math.radians(turn)
    axes = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    if shape == "petal":
        outline = [
            (math.cos(t) * (1 - 0.18 * math.exp(-((t / 0.25) ** 2))), math.sin(t) * 0.62)
            for t in np.linspace(-math.pi, math.pi, 24)
        ]
    else:
        outline = [
            (math.cos(t) * r, math.sin(t) * r)
            for t, r in zip(
                np.linspace(0, 2 * math.pi, 15)[:-1],
                [1.15, 0.5, 1.0, 0.48, 0.9, 0.42, 0.55, 0.30, 0.55, 0.42, 0.9, 0.48, 1.0, 0.5],
                strict=True,
            )
        ]
    points = (np.array(outline) * (1, tumble)) @ axes.T * size + half
    fixed = np.round(points * 16).astype(np.int32)
    cv2.fillPoly(out, [fixed], (*(light if tumble > 0.4 else shade), 255), cv2.LINE_AA, 4)
    if shape != "petal" or tumble > 0.4:
        ends = np.array([(-0.9, 0.0), (0.6, 0.0)]) * (1, tumble) @ axes.T * size + half
        line = np.round(ends * 16).astype(np.int32)
        cv2.line(out, tuple(line[0].tolist()), tuple(line[1].tolist()), (*shade, 255), 1, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(out, (0, 0), size * 0.16 * blur + 0.01) if blur else out


@dataclass
class Rain(Cloud):
    """Streaks of rain, drawn on one mask and laid on as light."""

    colour: Array = field(default_factory=lambda: rgb("#cfd9e6"))

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """Lines as long as the shutter is open."""
        at, grow, points = self.places(view, now)
        speed = 0.4 + 0.6 * self.wind
        mask = np.zeros(frame.shape[:2], np.uint8)
        down = self.fall * speed * grow * (0.7 + 0.6 * points[:, 5]) * view.height / 48
        along = self.blow * self.wind * grow * view.height / 48
        ends = at - np.stack([along, down], axis=1) @ view.stage.lens(now.state)[:2, :2].T
        thick = np.where((grow < 0.75) | (view.height < 500), 1, np.maximum(1, np.round(grow * view.height / 620)))
        bright = np.clip(34 + 70 * grow, 30, 120).astype(int).tolist()
        lines = np.round(np.hstack([at, ends]) * 16).astype(int).tolist()
        for (x0, y0, x1, y1), level, width in zip(lines, bright, thick.astype(int).tolist(), strict=True):
            cv2.line(mask, (x0, y0), (x1, y1), level, width, cv2.LINE_AA, 4)
        screen(frame, cv2.merge([cv2.convertScaleAbs(mask, alpha=float(part)) for part in self.colour]))


def _screen(frame: Array, sprite: Array, x: float, y: float) -> None:
    if spot := _overlap(frame, sprite, x, y):
        part, inside = spot
        screen(part, sprite[inside])


def _overlap(frame: Array, sprite: Array, x: float, y: float) -> tuple[Array, tuple[slice, slice]] | None:
    """The part of the frame under a sprite centred at (x, y), and the sprite's rows and columns inside the frame."""
    h, w = sprite.shape[:2]
    left, top = round(x - w / 2), round(y - h / 2)
    a, b = max(0, -left), max(0, -top)
    c, d = min(w, frame.shape[1] - left), min(h, frame.shape[0] - top)
    if c <= a or d <= b:
        return None
    return frame[top + b : top + d, left + a : left + c], (slice(b, d), slice(a, c))
