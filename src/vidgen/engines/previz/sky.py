"""The sky: gradient, sun and moon with their glow, stars, aurora, clouds lit from the sun's side, lightning."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from vidgen.engines.previz.colour import mix, ramp, rgb, smoothstep
from vidgen.engines.previz.layers import Layer, Moment, Plate, View
from vidgen.engines.previz.noise import Array, Field, random_for
from vidgen.engines.previz.palette import Light, Palette
from vidgen.engines.previz.sheet import Sheet

Painter = Callable[[Sheet], None]
_SOFT = 2
"""Pixels a side for which the sky's gradient is found once."""


def sky_painter(p: Palette, horizon: float, seed: int) -> Painter:
    """The gradient with the light's glow in it, stars, and a slight unevenness so that it is not a computer's gradient."""

    def paint(sheet: Sheet) -> None:
        few = max(1, sheet.width // _SOFT), max(1, sheet.height // _SOFT)  # nothing of the gradient is finer
        u, v = cv2.resize(sheet.u[None], (few[0], 1))[0], cv2.resize(sheet.v[:, None], (1, few[1]))[:, 0]
        sheet.blend(cv2.resize(_gradient(p, horizon, seed, u, v), (sheet.width, sheet.height)), 1.0)
        lamp = p.light
        if p.stars > 0:
            _stars(sheet, p, horizon, seed)
        if lamp.radius > 0 and lamp.height > -lamp.radius:
            _disc(sheet, lamp, horizon, seed)

    return paint


def _gradient(p: Palette, horizon: float, seed: int, u: Array, v: Array) -> Array:
    """[H, W, 3] float32: the sky's colours with the light's glow, at ``u`` [W] and ``v`` [H]."""
    height, lamp = horizon - v[:, None], p.light
    picture = p.sky_at(height + Field(seed, "sky").grid(u, v, 1.3, 3, stretch=3.5) * 0.018)
    picture = mix(picture, p.sky[0][1], np.clip(-height * 4, 0, 1)[..., None])
    du, dv = u[None, :] - lamp.side, (v[:, None] - (horizon - lamp.height))
    wide = np.exp(-np.sqrt((du / 0.75) ** 2 + (dv / 0.34) ** 2) * 1.7) * lamp.strength
    close = np.exp(-np.sqrt(du**2 + dv**2) / 0.11) * lamp.strength * 0.7
    glow = np.minimum(wide * 0.75 + close, 1)[..., None]
    return np.asarray(1 - (1 - picture) * (1 - lamp.glow * glow * 0.85), np.float32)


def _stars(sheet: Sheet, p: Palette, horizon: float, seed: int) -> None:
    rng = random_for(seed, "stars")
    layer = np.zeros((sheet.height, sheet.width, 3), np.uint8)
    for _ in range(int(900 * p.stars)):
        u, v = rng.uniform(-2.2, 2.2), rng.uniform(-1.3, horizon)
        bright = rng.random() ** 3.2 * np.clip((horizon - v) * 3.2, 0, 1) * p.stars
        tone = mix(rgb("#cfe0ff"), rgb("#fff0d8"), rng.random())
        x, y = sheet.pixels([(u, v)])[0]
        size = max(5, round((0.0008 + 0.0013 * bright) * sheet.density * 16))
        cv2.circle(layer, (int(x), int(y)), size, (tone * 255 * (0.18 + 0.9 * bright)).tolist(), -1, cv2.LINE_AA, 4)
    sheet.rgba[..., :3] = cv2.add(np.ascontiguousarray(sheet.rgba[..., :3]), layer)


def _disc(sheet: Sheet, lamp: Light, horizon: float, seed: int) -> None:
    r, cv_ = lamp.radius, horizon - lamp.height
    rows, columns = sheet.window((lamp.side - r * 1.1, cv_ - r * 1.1, lamp.side + r * 1.1, cv_ + r * 1.1))
    u, v = sheet.u[columns][None, :], sheet.v[rows][:, None]
    distance = np.sqrt((u - lamp.side) ** 2 + (v - cv_) ** 2)
    cover = np.clip((r - distance) * sheet.density + 0.5, 0, 1)
    if not cover.size:
        return
    colour = np.broadcast_to(lamp.colour, (*cover.shape, 3))
    if lamp.moon:
        seas = smoothstep(0.0, 0.5, Field(seed, "moon").grid(sheet.u[columns], sheet.v[rows], 1.1 / r, 4))
        colour = colour * (1 - 0.16 * seas - 0.10 * (distance / r) ** 3)[..., None]
    sheet.blend(colour, cover, rows, columns)


def halo(p: Palette, horizon: float) -> Plate | None:
    """The soft light around sun or moon that lies over clouds and hills too."""
    lamp = p.light
    if lamp.strength <= 0.3 and lamp.radius == 0:
        return None
    reach = 0.30 + lamp.radius * 2.2

    def paint(sheet: Sheet) -> None:
        u, v = sheet.u[None, :], sheet.v[:, None]
        distance = np.sqrt((u - lamp.side) ** 2 + (v - horizon + lamp.height) ** 2)
        glow = (
            np.exp(-np.maximum(distance - lamp.radius, 0) / (0.05 + lamp.radius * 0.5)) * 0.42 + np.exp(-distance / 0.13) * 0.2
        )
        sheet.blend(lamp.glow, glow * lamp.strength * smoothstep(reach, reach * 0.55, distance))

    box = (lamp.side - reach, horizon - lamp.height - reach, lamp.side + reach, horizon - lamp.height + reach)
    return Plate(np.inf, paint, box, glow=True, coarse=4, name="halo")


def cloud_deck(p: Palette, horizon: float, seed: int, cover: float, drift: float, name: str = "deck") -> Plate:
    """Clouds in perspective, smaller towards the horizon; ``cover`` 0 (few) to 1 (overcast)."""

    def paint(sheet: Sheet) -> None:
        u, v = np.meshgrid(sheet.u, sheet.v)
        up = np.maximum(horizon - v, 0.0) + 0.13
        x, y = u / up * 0.32, 0.52 / up
        noise = Field(seed, name)
        warp = noise.at(x * 0.7 + 31, y * 0.7, 2)
        density = noise.at(x * 0.9 + warp * 0.5, y * 1.7 + warp * 0.3, 5, 0.55)
        side = math.copysign(0.14, p.light.side)
        toward = noise.at((x + side) * 0.9 + warp * 0.5, (y + 0.16) * 1.7 + warp * 0.3, 4, 0.55)
        low = 0.34 - cover * 0.75
        alpha = smoothstep(low, low + 0.42 - 0.1 * cover, density)
        lit = np.clip(0.5 + (density - toward) * 1.5 - (density - low) * 0.45 * cover, 0, 1)
        near_light = (
            np.exp(-np.hypot(u - p.light.side, (v - horizon + p.light.height) * 1.3) / 0.4)[..., None] * p.light.strength
        )
        colour = mix(p.cloud_shade, p.cloud_lit, lit[..., None])
        colour = 1 - (1 - colour) * (1 - p.light.glow * near_light * 0.45)
        fade = smoothstep(-0.01, 0.14, horizon - v)
        colour = mix(colour, p.sky_at(horizon - v), (1 - fade * 0.82)[..., None] * 0.75)
        sheet.blend(colour, alpha * fade * (0.62 + 0.33 * cover))

    return Plate(np.inf, paint, (-math.inf, -math.inf, math.inf, horizon + 0.01), drift=(drift, 0), coarse=2.2, name=name)


def cumulus(p: Palette, horizon: float, seed: int, count: int, drift: float, low: float = 0.08) -> Plate:
    """Heaped clouds over the horizon, built from many lit balls."""
    towers = []
    rng = random_for(seed, "cumulus")
    for i in range(count * 3):
        u = -2.6 + 5.2 * (i + rng.uniform(0.1, 0.9)) / (count * 3)
        towers.append(
            (
                u,
                low + rng.uniform(0.0, 0.10),
                rng.uniform(0.07, 0.20) * (1.4 if rng.random() < 0.25 else 0.8),
                rng.integers(1 << 30),
            )
        )

    def paint(sheet: Sheet) -> None:
        depth = np.full((sheet.height, sheet.width), -1.0, np.float32)
        light = np.zeros_like(depth)
        sun = np.array([math.copysign(0.55, p.light.side), -0.72, 0.42], np.float32)
        for u, base, size, number in towers:
            _heap(sheet, depth, light, sun, u, horizon - base, size, np.random.default_rng(number))
        puffs = Field(seed, "puffs")
        noise = puffs.grid(sheet.u, sheet.v, 15, 4, 0.6)
        depth, light = _ruffled(sheet, puffs, depth), _ruffled(sheet, puffs, light)
        edge = depth + noise * 0.016
        alpha = smoothstep(0.004, 0.022, edge)
        shade = np.clip(0.42 + 0.5 * light + noise * 0.16, 0, 1)
        v = sheet.v[:, None]
        shade = shade * smoothstep(-0.02, 0.16, horizon - v - low) * 0.75 + shade * 0.25
        colour = ramp(((0, p.cloud_shade), (0.45, mix(p.cloud_shade, p.cloud_lit, 0.55)), (1, p.cloud_lit)), shade)
        colour = mix(colour, p.sky_at(horizon - v), smoothstep(0.22, 0.0, horizon - v)[..., None] * 0.75)
        sheet.blend(colour, alpha * smoothstep(low - 0.03, low + 0.03, horizon - v + noise * 0.05) * 0.96)

    bounds = (-math.inf, horizon - 0.75, math.inf, horizon)
    return Plate(np.inf, paint, bounds, drift=(drift, 0), coarse=1.8, name="cumulus")


def _ruffled(sheet: Sheet, noise: Field, layer: Array) -> Array:
    """The layer with its round edges broken up."""
    size = 0.013 * sheet.density
    x, y = np.meshgrid(np.arange(sheet.width, dtype=np.float32), np.arange(sheet.height, dtype=np.float32))
    x += noise.grid(sheet.u, sheet.v, 26, 3, 0.6) * size
    y += noise.grid(sheet.u + 40, sheet.v, 26, 3, 0.6) * size
    return np.asarray(cv2.remap(layer, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _heap(
    sheet: Sheet, depth: Array, light: Array, sun: Array, u: float, base: float, size: float, rng: np.random.Generator
) -> None:
    for i in range(52):
        along = rng.normal(0, 0.75)
        peak = max(0.0, 1 - abs(along) / 1.7)
        r = size * rng.uniform(0.11, 0.36) * (0.55 + 0.6 * peak)
        cu, cv_ = u + along * size * 1.25, base - rng.uniform(0, 1) ** 0.8 * size * 1.25 * peak - r * 0.3
        rows, columns = sheet.window((cu - r, cv_ - r, cu + r, cv_ + r))
        x, y = (sheet.u[columns][None, :] - cu) / r, (sheet.v[rows][:, None] - cv_) / r
        if not x.size or not y.size:
            continue
        z2 = 1 - x * x - y * y
        z = np.sqrt(np.maximum(z2, 0))
        top = np.where(z2 > 0, z * r + i * 0.0006, -1)
        where = top > depth[rows, columns]
        facing = x * sun[0] + y * sun[1] + z * sun[2]
        light[rows, columns] = np.where(where, facing, light[rows, columns])
        depth[rows, columns] = np.maximum(depth[rows, columns], top)


def cirrus(p: Palette, horizon: float, seed: int, drift: float, amount: float = 0.5) -> Plate:
    """Long thin streaks high up."""

    def paint(sheet: Sheet) -> None:
        noise = Field(seed, "cirrus")
        u, v = np.meshgrid(sheet.u, sheet.v)
        bend = noise.at(u * 0.9, v * 1.5, 2) * 0.25
        streak = noise.at(u * 0.75 + bend, (v + bend * 0.35 + u * 0.06) * 7.5, 5, 0.58)
        patch = smoothstep(-0.15, 0.45, noise.at(u * 0.8 + 9, v * 1.6 + 4, 2))
        alpha = smoothstep(0.02, 0.6, streak) * patch * amount * smoothstep(0.02, 0.2, horizon - v)
        near_light = np.exp(-np.hypot(u - p.light.side, v - horizon + p.light.height) / 0.5)[..., None]
        sheet.blend(mix(mix(p.cloud_lit, p.cloud_shade, 0.25), p.cloud_lit, near_light), alpha)

    return Plate(np.inf, paint, (-math.inf, -math.inf, math.inf, horizon), drift=(drift, 0), coarse=2.0, name="cirrus")


def mist(p: Palette, z: float, centre: float, thick: float, seed: int, drift: float, strength: float = 0.8) -> Plate:
    """A bank of mist lying across the picture at ``centre`` (v), about ``thick`` high."""

    def paint(sheet: Sheet) -> None:
        noise = Field(seed, "mist", z)
        body = noise.grid(sheet.u, sheet.v, 2.6, 4, stretch=3.2)
        v = (sheet.v[:, None] - centre) / thick
        bank = np.exp(-(v**2) * 1.6) * smoothstep(-0.55, 0.5, body + 0.25)
        sheet.blend(mix(p.haze, p.cloud_lit, 0.35), bank * strength)

    bounds = (-math.inf, centre - thick * 2, math.inf, centre + thick * 2)
    return Plate(z, paint, bounds, drift=(drift, 0), coarse=3.5, name="mist")


@dataclass
class Aurora(Layer):
    """Curtains of light that wave; drawn small and enlarged, as they are soft."""

    seed: int
    horizon: float
    speed: float = 1.0
    z: float = math.inf
    name: str = "aurora"
    _rays: Array | None = field(default=None, repr=False)

    def prepare(self, view: View) -> None:
        """Rays along the curtain."""
        self._rays = Field(self.seed, "rays").line(np.linspace(-4, 4, 4096), 9, 4)

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """Two curtains, green below and violet above."""
        assert self._rays is not None
        h, w = 90, max(32, int(90 * view.aspect))
        back = np.linalg.inv(view.to_pixels @ view.stage.layer(now.state, self.z))
        x, y = np.meshgrid(np.arange(w) * frame.shape[1] / w, np.arange(h) * frame.shape[0] / h)
        u, v = back[0, 0] * x + back[0, 1] * y + back[0, 2], back[1, 0] * x + back[1, 1] * y + back[1, 2]
        out = np.zeros((h, w, 3), np.float32)
        t = now.time * self.speed
        for number, (base, size) in enumerate(((0.26, 0.30), (0.36, 0.22))):
            wave = (
                0.07 * np.sin(u * 2.3 + t * 0.35 + number)
                + 0.035 * np.sin(u * 5.7 - t * 0.5 + number * 2)
                - 0.06 * u * (-1) ** number
            )
            over = (self.horizon - base + wave - v) / size
            ray = self._rays[np.clip(((u + 0.05 * np.sin(t * 0.4 + u * 3) + t * 0.02) / 8 + 0.5) * 4095, 0, 4095).astype(int)]
            body = np.where(over > 0, np.exp(-over * 2.6), np.exp(over * 16)) * (0.62 + 0.55 * ray)
            body = np.maximum(body, 0) * (0.62 + 0.38 * np.sin(u * 1.7 + t * 0.22 + number * 1.3))
            tone = np.clip(over * 1.1, 0, 1)[..., None]
            out += body[..., None] * (rgb("#35e28f") * (1 - tone) + rgb("#7a4fd0") * tone) * (0.85 - 0.35 * number)
        small = (np.clip(out, 0, 1) * 225).astype(np.uint8)
        light = cv2.resize(small, (frame.shape[1], frame.shape[0]), interpolation=cv2.INTER_CUBIC)
        frame[:] = cv2.add(cv2.multiply(frame, cv2.bitwise_not(light), scale=1 / 255), light)


@dataclass
class Lightning(Layer):
    """Bolts at fixed moments: a forked line, and a flash over everything behind."""

    seed: int
    horizon: float
    rate: float = 0.35
    z: float = math.inf
    name: str = "lightning"

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """A flash decays in about a third of a second; the bolt is seen for its first part."""
        slot = int(now.time * self.rate)
        rng = random_for(self.seed, "bolt", slot)
        start = (slot + rng.uniform(0.15, 0.6)) / self.rate
        age = now.time - start
        if not 0 <= age < 0.5:
            return
        flicker = math.exp(-age * 8) * (1 if age < 0.06 or age > 0.12 else 0.25)
        matrix = view.to_pixels @ view.stage.layer(now.state, self.z)
        if age < 0.22:
            self._bolt(frame, matrix, rng, view)
        lift = int(90 * flicker)
        frame[:] = np.clip(frame.astype(np.int16) + np.array((lift * 0.8, lift * 0.88, lift), np.int16), 0, 255)

    def _bolt(self, frame: Array, matrix: Array, rng: np.random.Generator, view: View) -> None:
        u, v = rng.uniform(-0.35, 0.35) * view.aspect, self.horizon - rng.uniform(0.45, 0.6)
        branches = [(u, v, 0.0, 3.0)]
        while branches:
            u, v, lean, width = branches.pop()
            points = [(u, v)]
            while v < self.horizon - (0 if width > 2 else rng.uniform(0.05, 0.25)) and len(points) < 60:
                u, v = u + rng.normal(lean, 0.011), v + rng.uniform(0.006, 0.02)
                points.append((u, v))
                if width > 1 and rng.random() < 0.10:
                    branches.append((u, v, rng.choice([-1, 1]) * 0.012, width * 0.5))
            at = (matrix @ np.column_stack([points, np.ones(len(points))]).T)[:2].T
            line = np.round(at * 16).astype(np.int32)
            thick = max(1, round(width * view.height / 900))
            cv2.polylines(frame, [line], False, (190, 205, 255), thick * 2, cv2.LINE_AA, 4)
            cv2.polylines(frame, [line], False, (255, 255, 255), thick, cv2.LINE_AA, 4)
