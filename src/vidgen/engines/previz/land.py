"""Land: ridges with air between them, hills of trees, ground, dunes, roads."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from vidgen.engines.previz import trees
from vidgen.engines.previz.colour import mix, rgb, smoothstep, varied, vary
from vidgen.engines.previz.layers import Ground, Plate
from vidgen.engines.previz.noise import Array, Field, cells
from vidgen.engines.previz.palette import Palette
from vidgen.engines.previz.sheet import Sheet

_CLOSE = 4.0
"""Distance up to which the ground's noise is larger than a few pixels."""

Profile = Callable[[Array], Array]
"""World u [N] to the v of the crest [N]."""


@dataclass(frozen=True)
class Ridge:
    """One range: distance, crest line, where its foot is (v), its local colour, and how rugged, wooded and snowy it is.

    ``melts``: over how much of its foot (v) it fades into the ground before it; ``skirt``: how far it goes on below
    its foot, where nothing nearer is sure to cover it."""

    z: float
    crest: Profile
    foot: float
    colour: Array
    rugged: float = 1.0
    firs: float = 0.0
    snow: float = 0.0
    misty: float = 0.5
    name: str = "ridge"
    melts: float = 0.0
    skirt: float = 0.0


def crest(seed: int, name: str, level: float, height: float, frequency: float, sharp: float = 0.5, octaves: int = 6) -> Profile:
    """A crest line around ``level`` (v), ``height`` high; ``sharp`` 0 rolling hills to 1 alpine."""
    noise = Field(seed, "crest", name)

    def line(u: Array) -> Array:
        rolling = noise.line(u, frequency, octaves, 0.46) * 1.25
        alpine = noise.line(u + 17, frequency * 0.8, octaves, 0.5, ridged=True)
        return level - height * (rolling * (1 - sharp) + alpine * sharp)

    return line


def cone(base: Profile, top_u: float, top_v: float, width: float, foot: float) -> Profile:
    """A volcano standing in a crest line: concave sides, a small flat top."""

    def line(u: Array) -> Array:
        away = np.maximum(np.abs(u - top_u) - width * 0.045, 0) / width
        mountain = top_v + (foot - top_v) * (1 - np.exp(-away * 2.6)) * 1.08 + np.sin(u * 190) * 0.0007
        return np.asarray(np.minimum(base(u), mountain))

    return line


def ridge_plate(p: Palette, ridge: Ridge, seed: int) -> Plate:
    """Paint a range: body with faces towards and away from the light, snow, firs on its crest, mist at its foot."""
    ridge = replace(ridge, snow=0.0 if p.snowless else ridge.snow, firs=0.0 if p.bare else ridge.firs)

    def paint(sheet: Sheet) -> None:
        u, v = sheet.u, sheet.v[:, None]
        top = ridge.crest(u)[None, :]
        below = v - top
        cover = np.clip(below * sheet.density + 0.5, 0, 1)
        if ridge.melts:
            cover = cover * smoothstep(ridge.foot, ridge.foot - ridge.melts, v)
        body = p.lit(ridge.colour, _faces(sheet, ridge, below, p, seed))
        if ridge.snow > 0:
            body = _snowed(sheet, ridge, body, below, p, seed)
        body = p.air(body, ridge.z)
        depth = np.clip(below / max(ridge.foot - float(top.min()), 0.02), 0, 1)
        body = mix(body, p.haze, (smoothstep(0.12, 1.0, depth) * ridge.misty)[..., None])
        sheet.blend(body, cover)
        if ridge.firs > 0:
            _firs(sheet, ridge, p, seed)

    probe = ridge.crest(np.linspace(-6, 6, 900))
    return Plate(
        ridge.z, paint, (-math.inf, float(probe.min()) - 0.02 - ridge.firs, math.inf, ridge.foot + ridge.skirt), name=ridge.name
    )


def _faces(sheet: Sheet, ridge: Ridge, below: Array, p: Palette, seed: int) -> Array:
    """How much each spot faces the light: [H, W] 0-1. Gullies run down from the crest."""
    noise = Field(seed, "faces", ridge.name)
    step = 3
    u, v = np.meshgrid(sheet.u[::step], sheet.v[::step])
    lower = below[::step, ::step]
    sway = noise.at(u * 5, v * 6, 2) * 0.035
    side = math.copysign(1, p.light.side)
    gully = noise.at((u + sway) * 11 + side * lower * 6, lower * 2.2 + 5, 4, 0.6)
    slope = np.gradient(ridge.crest(sheet.u[::step]), sheet.u[::step]) * side
    light = 0.42 + 0.42 * ridge.rugged * gully + 0.20 * np.clip(slope, -1, 1)[None, :]
    big = cv2.resize(np.clip(light, 0, 1).astype(np.float32), (sheet.width, sheet.height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(big, np.float32)


def _snowed(sheet: Sheet, ridge: Ridge, body: Array, below: Array, p: Palette, seed: int) -> Array:
    noise = Field(seed, "snow", ridge.name)
    ragged = noise.grid(sheet.u, sheet.v, 14, 4, stretch=0.6) * 0.09 * ridge.snow
    line = ridge.snow * 0.16 + ragged
    share = smoothstep(line + 0.012, line - 0.012, below)
    light = _faces(sheet, ridge, below, p, seed)
    snow = p.lit(rgb("#f4f8ff"), np.clip((light - 0.42) * 2.6 + 0.45, 0, 1))
    return mix(body, snow, share[..., None])


def _firs(sheet: Sheet, ridge: Ridge, p: Palette, seed: int) -> None:
    """Firs along the crest and in staggered rows below it, darker and larger towards the front."""
    size = ridge.firs
    dark = p.air(p.lit(ridge.colour * 0.52, 0.12), ridge.z)
    light = p.air(p.lit(ridge.colour * 0.78, 0.5), ridge.z)
    side = math.copysign(1, p.light.side)
    left, _, right, _ = sheet.box
    rows = 4
    density = Field(seed, "firs", ridge.name)
    for row in range(rows):
        spots = [
            (at + rng.uniform(0, size * 0.3), rng)
            for at, rng in cells(seed, f"{ridge.name}-firs{row}", left, right, size * (0.30 + 0.05 * row))
        ]
        along = np.array([u for u, _ in spots])
        fade = row / rows * ridge.misty * 0.75
        tone = [mix(dark, p.haze, fade), mix(light, p.haze, fade)]
        if ridge.snow > 0:
            tone[1] = mix(tone[1], p.air(p.lit(rgb("#eef4fb"), 0.8), ridge.z), 0.55)
        thickness, crests = density.line(along + row * 3.1, 3.0, 3).tolist(), ridge.crest(along).tolist()
        for (u, rng), thick, crest_v in zip(spots, thickness, crests, strict=True):
            if thick < -0.25:
                continue
            foot = crest_v + size * (0.12 + row * 0.55) + size * 0.2 * rng.random()
            height = size * rng.uniform(0.55, 1.1) * (1 + 0.25 * max(thick, 0))
            trees.conifer(sheet, u, foot, height, tone, rng, side)


@dataclass(frozen=True)
class Hillside:
    """A wooded hillside: distance, crest line, where its foot is (v), and the size of its crowns (frame heights).

    ``colours`` names those of the palette for its trees, ``second`` is the share of other trees, ``misty`` how far its foot
    fades into haze."""

    z: float
    crest: Profile
    foot: float
    name: str
    size: float
    colours: str = "canopy"
    misty: float = 0.35
    second: float = 0.3


def wooded_hill(p: Palette, hill: Hillside, seed: int) -> Plate:
    """Round crowns in the season's colours, light from the sun's side; grass where there are no trees."""
    z, line, foot, name, size = hill.z, hill.crest, hill.foot, hill.name, hill.size
    if p.bare:
        return ridge_plate(p, Ridge(z, line, foot, mix(p.grass, p.forest, 0.35), 0.3, misty=hill.misty, name=name), seed)
    side = math.copysign(1, p.light.side)
    canopy = trees.tones(p, getattr(p, hill.colours), z)
    others = trees.tones(p, p.second, z)
    under = p.air(p.lit(p.forest * 0.5, 0.1), z)

    def paint(sheet: Sheet) -> None:
        crests = line(sheet.u)[None, :]
        sheet.blend(under, np.clip((sheet.v[:, None] - crests - size * 0.4) * sheet.density + 0.5, 0, 1))
        left, _, right, bottom = sheet.box
        stand = Field(seed, "stand", name)
        row, depth = 0, 0.0
        while depth < min(bottom, foot) - float(crests.min()) + size:
            grow = size * (1 + 0.10 * row)
            spots = [
                (at + rng.uniform(-0.3, 0.3) * grow, rng)
                for at, rng in cells(seed, f"{name}-{row}", left - size, right + size, grow * 0.72)
            ]
            along = np.array([u for u, _ in spots])
            kinds, levels = stand.line(along + row * 0.13, 2.2, 3).tolist(), line(along).tolist()
            for (u, rng), kind, level in zip(spots, kinds, levels, strict=True):
                v = level + depth + rng.normal(0, size * 0.14)
                tone = others if kind + rng.normal(0, 0.25) > 1 - 2 * hill.second else canopy
                _crown(sheet, u, v, grow * rng.uniform(0.75, 1.2), tone, side, rng)
            depth += grow * 0.44
            row += 1
        below = sheet.v[:, None] - crests
        sheet.light(1 + 0.30 * stand.grid(sheet.u, sheet.v, 2.4, 3, stretch=2.0) - 0.25 * np.clip(below, 0, 0.4))
        sheet.tint(p.haze, smoothstep(0.0, foot - float(crests.min()), below) * hill.misty)

    probe = line(np.linspace(-6, 6, 600))
    return Plate(z, paint, (-math.inf, float(probe.min()) - size, math.inf, foot), name=name)


def _crown(sheet: Sheet, u: float, v: float, size: float, tone: trees.Tones, side: float, rng: np.random.Generator) -> None:
    """One crown seen from afar: a dark mass, then dabs of leaves, lighter towards the light."""
    r = size * 0.5
    small = r * sheet.density < 5
    sheet.leaf(u, v + r * 0.08, (r * 0.96, r * 0.84), 0, vary(tone[0], rng, 0.05))
    levels, last, random, full = [each.tolist() for each in tone], len(tone) - 1, rng.random, 2 * math.pi
    for _ in range(5 if small else 22):
        angle, out = full * random(), (0.1 + 0.88 * random()) ** 0.7
        x, y = math.cos(angle) * out, math.sin(angle) * out * 0.88
        light = 0.42 - 0.62 * y + 0.34 * x * side + 0.16 * rng.standard_normal()
        pick = levels[min(max(round(light * last), 0), last)]
        dab = r * (0.42 if small else 0.25) * (0.7 + 0.55 * random())
        sheet.leaf(u + x * r, v + y * r, (dab, dab * 0.72), 70 * random() - 35, varied(pick, rng, 0.05))


def ground_plate(
    p: Palette,
    horizon: float,
    height: float,
    colour: Array,
    seed: int,
    name: str = "ground",
    patches: float = 0.5,
    second: Array | None = None,
) -> Ground:
    """A flat ground: colour in patches that shrink with distance, hazy far away, darker at one's feet."""

    def paint(sheet: Sheet) -> None:
        z = (height / np.maximum(sheet.v - horizon, 0.002))[:, None]
        noise = Field(seed, name)
        coarse = _on_ground(sheet, z, lambda x, z: noise.at(x * 1.1, z * 0.8, 3))
        fine = _on_ground(sheet, z, lambda x, z: noise.at(x * 7, z * 4.5, 4, 0.65)) * np.clip(9 / z, 0, 1)
        light = np.clip(0.62 + patches * (0.45 * coarse + 0.5 * fine), 0, 1)
        base = colour if second is None else mix(colour, second, smoothstep(-0.15, 0.35, coarse + fine * 0.5)[..., None])
        picture = p.lit(base, light)
        air = 1 - np.exp(-np.maximum(z - 1, 0) / (p.clear * 1.3))
        picture = mix(picture, p.haze, air[..., None])
        picture = picture * (1 - 0.35 * smoothstep(1.6, 0.75, z))[..., None]
        sheet.blend(picture, 1.0)

    return Ground(0.9, paint, name=name)


def _on_ground(sheet: Sheet, z: Array, noise: Callable[[Array, Array], Array]) -> Array:
    """[H, W]: noise of places on the ground (x, distance). What is near is much larger than a pixel, so a quarter of its
    pixels is enough; ``z`` [H, 1] is the distance of each row, far rows first."""
    far = int(np.count_nonzero(z > _CLOSE))
    out = np.empty((sheet.height, sheet.width), np.float32)
    out[:far] = noise(sheet.u * z[:far], np.broadcast_to(z[:far], (far, sheet.width)))
    if near := sheet.height - far:
        size = max(1, sheet.width // 2), max(1, near // 2)
        u, depth = cv2.resize(sheet.u[None], (size[0], 1)), 1 / cv2.resize(1 / z[far:].astype(np.float32), (1, size[1]))
        few = noise(u * depth, np.broadcast_to(depth, size[::-1]))
        out[far:] = cv2.resize(few, (sheet.width, near))
    return out


def dune_plate(p: Palette, z: float, line: Profile, foot: float, seed: int, name: str) -> Plate:
    """A dune: one side in light, the lee side in shade along a winding edge, ripples in the light."""
    sand = rgb("#e3a866") if p.time not in ("night", "blue_hour") else rgb("#c9a883")
    side = math.copysign(1, p.light.side)

    reach = np.linspace(-8, 8, 6000)
    lean = np.gradient(line(reach), reach) * side

    def paint(sheet: Sheet) -> None:
        u, v = np.meshgrid(sheet.u, sheet.v)
        below = v - line(sheet.u)[None, :]
        noise = Field(seed, "dune", name)
        swing = noise.line(sheet.v, 5.0, 2)[:, None] * 0.10 + noise.at(u * 1.5, v * 3, 2) * 0.05
        across = u + side * np.maximum(below, 0) * 0.95 + swing * smoothstep(0.0, 0.12, below)
        steep = np.interp(across.ravel(), reach, lean).reshape(across.shape)
        lee = smoothstep(0.02, -0.03, steep) * np.exp(-np.maximum(below, 0) / 0.30)
        ripple = np.sin((below * 170 + noise.at(u * 5, v * 6, 3) * 8 + u * 26) / (0.45 + z * 0.14)) * (0.07 / (0.7 + z * 0.15))
        light = 0.86 - 0.80 * lee - 0.30 * np.clip(below, 0, 0.5) + ripple * (1 - lee) + 0.06 * noise.at(u * 2, v * 3, 3)
        picture = p.air(p.lit(sand, np.clip(light, 0, 1)), z)
        rim = np.exp(-np.maximum(below, 0) / 0.004) * (1 - lee) * 0.45
        picture = mix(picture, p.light.glow, rim[..., None] * p.light.strength)
        picture = mix(picture, p.haze, (smoothstep(0.04, 0.25, below) * min(z / 9, 1) * 0.45)[..., None])
        sheet.blend(picture, np.clip(below * sheet.density + 0.5, 0, 1))

    probe = line(np.linspace(-6, 6, 600))
    return Plate(z, paint, (-math.inf, float(probe.min()) - 0.01, math.inf, foot), name=name)


def road_plate(p: Palette, horizon: float, height: float, seed: int, wet: bool = False) -> Ground:
    """A road to the horizon that winds a little: asphalt, edge lines, a dashed middle."""
    phase = Field(seed, "road")

    def centre(z: Array) -> Array:
        return np.asarray(0.9 * phase.line(z, 0.055, 2) * smoothstep(3, 22, z) * z * 0.12)

    def paint(sheet: Sheet) -> None:
        u, v = np.meshgrid(sheet.u, sheet.v)
        z = height / np.maximum(v - horizon, 0.002)
        x = u * z - centre(sheet_z(sheet, horizon, height))[:, None]
        soft = 1.2 * z / sheet.density
        asphalt = p.lit(rgb("#5b5e66"), 0.55 + 0.2 * phase.at(x * 9, z * 5, 3))
        air = (1 - np.exp(-np.maximum(z - 1, 0) / (p.clear * 1.4)))[..., None]
        half = 0.62
        sheet.blend(mix(asphalt, p.haze, air), np.clip((half - np.abs(x)) / soft + 0.5, 0, 1))
        paint_colour = mix(p.lit(rgb("#f5f2e6"), 0.8), p.haze, air)
        for at, wide in ((-0.54, 0.02), (0.54, 0.02)):
            sheet.blend(paint_colour, np.clip((wide - np.abs(x - at)) / soft + 0.5, 0, 1) * 0.85)
        dash = smoothstep(0.40, 0.46, np.abs((z * 0.75) % 1 - 0.5) + 0.18)
        sheet.blend(paint_colour, np.clip((0.018 - np.abs(x)) / soft + 0.5, 0, 1) * (1 - dash) * 0.9)

    return Ground(0.9, paint, name="road")


def sheet_z(sheet: Sheet, horizon: float, height: float) -> Array:
    """Distance of each row of a ground sheet: [H]."""
    return np.asarray(height / np.maximum(sheet.v - horizon, 0.002))
