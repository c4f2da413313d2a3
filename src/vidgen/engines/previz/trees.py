"""Trees and plants, drawn from trunk to leaf with a few tones each, the light on the sun's side."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vidgen.engines.previz.colour import mix, varied, vary
from vidgen.engines.previz.noise import Array
from vidgen.engines.previz.palette import Palette
from vidgen.engines.previz.sheet import Sheet

Tones = Sequence[Array]
"""Leaf colours from shade to light, lit already."""


def tones(p: Palette, colours: Sequence[Array], z: float, dark: float = 0.0) -> list[Array]:
    """Leaf colours under the palette's light at a distance: shadow side first; ``dark`` pulls them to silhouette."""
    levels = np.linspace(0.06, 1.0, len(colours))
    return [mix(p.air(p.lit(colour, level), z), p.near, dark) for colour, level in zip(colours, levels, strict=True)]


def conifer(sheet: Sheet, u: float, foot: float, height: float, tone: Tones, rng: np.random.Generator, side: float = 1) -> None:
    """A fir: jagged tiers, widest at the bottom; two tones, the lighter on the sun's ``side``."""
    spread = height * rng.uniform(0.17, 0.24)
    tiers = 5 if height * sheet.density < 22 else 9
    left: list[tuple[float, float]] = []
    right: list[tuple[float, float]] = []
    spine, random = [], rng.random
    for i in range(tiers):
        share = (i + 1) / tiers
        v = foot - height * (1 - share * 0.94)
        for points, sign in ((left, -1), (right, 1)):
            out = spread * share**0.85 * (0.8 + 0.35 * random())
            points.append((u + sign * out, v + height * 0.025))
            points.append((u + sign * out * 0.52, v - height * 0.005))
        spine.append((u + spread * 0.12 * rng.standard_normal(), v))
    tip = (u + rng.normal(0, spread * 0.06), foot - height)
    trunk = [(u + spread * 0.07, foot), (u - spread * 0.07, foot)]
    sheet.poly([tip, *right, *trunk, *reversed(left)], tone[0])
    if len(tone) > 1 and height * sheet.density > 14:
        half = right if side > 0 else left
        sheet.poly([tip, *half, *reversed(spine)], tone[1])


def dabs(
    sheet: Sheet, u: float, v: float, size: float, count: int, leaf: float, tone: Tones, side: float, rng: np.random.Generator
) -> None:
    """A cluster of leaves: dabs in a ball, light above and on the sun's ``side``, dark below."""
    at = rng.normal(0, 0.42, (count, 2))
    order = np.argsort(at[:, 1] * -1 + rng.normal(0, 0.25, count))
    levels, last, normal, random = [each.tolist() for each in tone], len(tone) - 1, rng.standard_normal, rng.random
    for x, y in at[order].tolist():
        light = 0.5 - 0.55 * y + 0.30 * x * side + 0.20 * normal()
        pick = levels[int(min(max(light * len(levels), 0), last))]
        half = leaf * (0.7 + 0.6 * random()), leaf * (0.4 + 0.35 * random())
        sheet.leaf(u + x * size, v + y * size * 0.72, half, 180 * random(), varied(pick, rng, 0.05))


def limb(
    sheet: Sheet,
    u: float,
    v: float,
    angle: float,
    length: float,
    width: float,
    bark: Array,
    rng: np.random.Generator,
    depth: int,
) -> list[tuple[float, float, float]]:
    """A branch and its branches; returns where leaves grow: (u, v, size)."""
    ends: list[tuple[float, float, float]] = []
    points, steps = [(u, v)], 5
    turn = rng.normal(0, 0.10)
    for _ in range(steps):
        angle += turn / steps + rng.normal(0, 0.05)
        u, v = u + math.cos(angle) * length / steps, v - math.sin(angle) * length / steps
        points.append((u, v))
    for i in range(steps):
        sheet.line(points[i : i + 2], bark, width * (1 - 0.5 * i / steps))
    if depth == 0:
        return [(u, v, length)]
    for sign in (-1, 1, rng.choice([-1, 1])):
        start = points[-1] if sign != 0 else points[3]
        ends += limb(
            sheet,
            *start,
            angle + sign * rng.uniform(0.28, 0.62),
            length * rng.uniform(0.62, 0.8),
            width * 0.56,
            bark,
            rng,
            depth - 1,
        )
    return ends if depth > 1 else [*ends, (u, v, length * 0.9)]


def crown_tree(
    sheet: Sheet,
    u: float,
    foot: float,
    height: float,
    tone: Tones,
    bark: Array,
    side: float,
    rng: np.random.Generator,
    full: float = 1.0,
) -> None:
    """A spreading tree (maple, cherry, oak): trunk, limbs, then leaves in clusters from back to front."""
    ends = limb(sheet, u, foot, math.pi / 2 + rng.normal(0, 0.08), height * 0.36, height * 0.055, bark, rng, 2)
    leaf = max(height * 0.0135, 1.3 / sheet.density)
    count = int(np.clip(70 * full * (height * sheet.density / 260) ** 0.6, 14, 170))
    ends += [(u + rng.normal(0, height * 0.13), foot - height * rng.uniform(0.60, 0.92), 0.0) for _ in range(5)]
    for eu, ev, _ in ends:
        mass = height * rng.uniform(0.10, 0.15)
        sheet.leaf(eu, ev, (mass, mass * 0.72), rng.uniform(-20, 20), vary(mix(tone[0], tone[1], 0.25), rng, 0.06))
    for eu, ev, _ in sorted(ends, key=lambda end: end[1], reverse=True):
        dabs(sheet, eu, ev - height * 0.02, height * rng.uniform(0.19, 0.30), count, leaf, tone, side, rng)


def hanging_branch(
    sheet: Sheet,
    u: float,
    v: float,
    reach: float,
    tone: Tones,
    bark: Array,
    side: float,
    rng: np.random.Generator,
    leafy: float = 1.0,
) -> None:
    """A branch that comes into the picture from a corner, leaves along it."""
    direction = math.copysign(1, reach)
    length = abs(reach)
    starts = [(u, v, -0.22), (u - direction * 0.05, v + length * 0.1, -0.5), (u, v - length * 0.08, -0.02)]
    for number, (bu, bv, angle) in enumerate(starts):
        heading = angle + rng.normal(0, 0.08)
        size, points = length * (1.0 - 0.22 * number), [(bu, bv)]
        for _ in range(9):
            heading += rng.normal(-0.01, 0.12)
            points.append(
                (points[-1][0] + direction * math.cos(heading) * size / 9, points[-1][1] - math.sin(heading) * size / 9)
            )
        for i in range(9):
            sheet.line(points[i : i + 2], bark, length * 0.020 * (1.15 - i / 9))
        for i, (pu, pv) in enumerate(points[2:], start=2):
            for _ in range(2):
                tu, tv = pu + rng.normal(0, size * 0.07), pv + rng.normal(size * 0.02, size * 0.05)
                sheet.line([(pu, pv), (tu, tv)], bark, length * 0.006)
                dabs(
                    sheet,
                    tu,
                    tv,
                    size * rng.uniform(0.10, 0.17),
                    int(34 * leafy * (0.5 + i / 9)),
                    length * 0.0125,
                    tone,
                    side,
                    rng,
                )


def trunk(
    sheet: Sheet,
    u: float,
    top: float,
    foot: float,
    width: float,
    dark: Array,
    light: Array,
    side: float,
    rng: np.random.Generator,
) -> None:
    """A tall trunk through the picture, lit along one edge."""
    lean, flare = rng.normal(0, 0.012), width * rng.uniform(0.35, 0.7)
    height = foot - top
    steps = 14
    wobble = rng.normal(0, width * 0.035, (steps + 1, 2))
    left, right, rim = [], [], []
    for i in range(steps + 1):
        share = i / steps
        v = top + height * share
        half = width * (0.36 + 0.14 * share) + flare * max(0.0, share - 0.86) ** 1.5 * 6
        c = u + lean * (1 - share) * height
        left.append((c - half + wobble[i, 0], v))
        right.append((c + half + wobble[i, 1], v))
        edge = half * (1 if side > 0 else -1)
        rim.append((c + edge * rng.uniform(0.42, 0.68), v))
    sheet.poly([*left, *reversed(right)], dark)
    lit = right if side > 0 else left
    sheet.poly([*lit, *reversed(rim)], mix(dark, light, 0.75))
    for _ in range(int(height * 16)):
        v, x = rng.uniform(top, foot), u + rng.normal(0, width * 0.2)
        sheet.line(
            [(x, v), (x + rng.normal(0, width * 0.03), v + rng.uniform(0.02, 0.06))],
            mix(dark, light, rng.uniform(-0.25, 0.3)),
            width * 0.03,
        )


def bamboo(
    sheet: Sheet,
    u: float,
    top: float,
    foot: float,
    width: float,
    dark: Array,
    light: Array,
    side: float,
    rng: np.random.Generator,
) -> None:
    """A bamboo stalk with its rings."""
    lean, v = rng.normal(0, 0.03), foot
    while v > top:
        length = rng.uniform(7, 9.5) * width
        c0, c1 = u + lean * (foot - v), u + lean * (foot - v + length)
        half = width / 2
        sheet.poly([(c0 - half, v), (c0 + half, v), (c1 + half, v - length), (c1 - half, v - length)], dark)
        a, b = (0.05, 0.42) if side > 0 else (-0.42, -0.05)
        sheet.poly(
            [(c0 + a * width, v), (c0 + b * width, v), (c1 + b * width, v - length), (c1 + a * width, v - length)], light
        )
        sheet.line([(c0 - half, v), (c0 + half, v)], mix(dark, light, 0.85), width * 0.09)
        v -= length + width * 0.06


def grass(
    sheet: Sheet,
    start: float,
    stop: float,
    foot: float,
    height: float,
    tone: Tones,
    rng: np.random.Generator,
    count: int,
    flowers: Sequence[Array] = (),
) -> None:
    """Blades of grass along a stretch, some with flowers."""
    for _ in range(count):
        u, h = rng.uniform(start, stop), height * rng.uniform(0.45, 1.1)
        bend = rng.normal(0.05, 0.22) * h
        w = h * 0.022 + 0.0008
        colour = vary(tone[int(rng.integers(len(tone)))], rng, 0.07)
        sheet.poly(
            [
                (u - w, foot),
                (u + bend * 0.45 - w * 0.6, foot - h * 0.6),
                (u + bend, foot - h),
                (u + bend * 0.45 + w * 0.6, foot - h * 0.6),
                (u + w, foot),
            ],
            colour,
        )
        if len(flowers) and rng.random() < 0.22:
            head = vary(flowers[int(rng.integers(len(flowers)))], rng, 0.06)
            for petal in range(5):
                a = petal * 2 * math.pi / 5 + rng.uniform(0, 1)
                sheet.leaf(
                    u + bend + math.cos(a) * h * 0.035,
                    foot - h + math.sin(a) * h * 0.03,
                    (h * 0.034, h * 0.024),
                    math.degrees(a),
                    head,
                )
            sheet.dot(u + bend, foot - h, h * 0.017, mix(head, np.array([0.95, 0.75, 0.2], np.float32), 0.7))
