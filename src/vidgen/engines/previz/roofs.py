"""Japanese buildings: curved roofs, halls, pagodas, gates, town houses, lanterns."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from vidgen.engines.previz.colour import mix, rgb, vary
from vidgen.engines.previz.noise import Array
from vidgen.engines.previz.palette import Palette
from vidgen.engines.previz.sheet import Sheet


@dataclass(frozen=True)
class Timber:
    """The lit colours of a building at its distance."""

    roof: Array
    roof_light: Array
    wood: Array
    wood_light: Array
    wall: Array
    dark: Array
    glow: Array
    vermilion: Array
    stone: Array
    snow: Array | None

    @classmethod
    def under(cls, p: Palette, z: float, winter: bool, dark: float = 0.0) -> Timber:
        """Colours under a palette's light; ``dark`` pulls them to silhouette."""

        def tone(name: str, light: float) -> Array:
            return mix(p.air(p.lit(rgb(name), light), z), p.near, dark)

        lamps = mix(tone("#3a2c25", 0.1), rgb("#ffc873"), p.lamps)
        snow = tone("#f3f7fd", 0.8) if winter else None
        return cls(
            tone("#46505c", 0.28),
            tone("#6b7683", 0.85),
            tone("#4a342a", 0.2),
            tone("#8a6247", 0.75),
            tone("#e9dfca", 0.7),
            tone("#241c1a", 0.05),
            lamps,
            tone("#cf4a2c", 0.75),
            tone("#a9a69b", 0.6),
            snow,
        )


@dataclass(frozen=True)
class Roof:
    """A tiled roof's shape: its middle ``u``, the ``eave`` (v), half its width there, its height, and half its ridge.

    ``curl``: how far the eaves' corners turn up, as a share of the height; ``tiles``: whether rows of tiles are drawn."""

    u: float
    eave: float
    half: float
    rise: float
    ridge: float
    curl: float = 0.12
    tiles: bool = True


def roof(sheet: Sheet, shape: Roof, t: Timber, side: float) -> None:
    """Concave slopes from a short ridge to long eaves whose corners turn up."""
    u, eave, half, rise, ridge, curl = shape.u, shape.eave, shape.half, shape.rise, shape.ridge, shape.curl
    share = np.linspace(0, 1, 14)
    slope = share**1.75
    left = np.column_stack([u - ridge - (half - ridge) * (1 - share), eave - curl * rise * (1 - share) ** 6 - rise * slope])
    right = left[::-1] * (-1, 1) + (2 * u, 0)
    belly = np.array(
        [(u + half * k, eave - curl * rise * abs(k) ** 5 + rise * 0.05 * (1 - k * k)) for k in np.linspace(1, -1, 17)]
    )
    outline = np.vstack([left, right, belly])
    sheet.poly(outline, t.roof)
    lit = outline.copy()
    middle = u - side * half * 0.08
    lit[:, 0] = np.maximum(lit[:, 0], middle) if side > 0 else np.minimum(lit[:, 0], middle)
    sheet.poly(lit, mix(t.roof, t.roof_light, 0.45))
    if shape.tiles and half * sheet.density > 26:
        count = int(np.clip(half * sheet.density / 5, 10, 60))
        for k in np.linspace(-0.96, 0.96, count):
            top, low = (u + ridge * k, eave - rise * 0.97), (u + half * k, eave - curl * rise * abs(k) ** 5 + rise * 0.03)
            bend = (u + (ridge + (half - ridge) * 0.45) * k, eave - rise * 0.36)
            sheet.line([top, bend, low], mix(t.roof, t.roof_light, 0.75 if k * side > 0 else 0.25), half * 0.006)
    sheet.line(belly, mix(t.roof, t.dark, 0.65), rise * 0.05)
    bar = max(rise * 0.075, 0.002)
    sheet.poly(
        [
            (u - ridge * 1.04, eave - rise * 1.05),
            (u + ridge * 1.04, eave - rise * 1.05),
            (u + ridge, eave - rise + bar),
            (u - ridge, eave - rise + bar),
        ],
        mix(t.roof, t.roof_light, 0.3),
    )
    if t.snow is not None:
        drip = eave - rise * 0.13
        melt = np.array([(u + half * k * 0.84, drip + rise * 0.05 * math.sin(k * 9)) for k in np.linspace(1, -1, 17)])
        cap = np.vstack([left[3:], right[:-3], melt])
        sheet.poly(cap, t.snow)


def eaves(sheet: Sheet, u: float, eave: float, half: float, depth: float, t: Timber) -> None:
    """The shadow and rafters under a roof."""
    sheet.poly([(u - half, eave), (u + half, eave), (u + half * 0.86, eave + depth), (u - half * 0.86, eave + depth)], t.dark)
    if half * sheet.density > 40:
        for k in np.linspace(-0.93, 0.93, int(np.clip(half * sheet.density / 7, 8, 40))):
            sheet.line(
                [(u + half * k, eave), (u + half * 0.88 * k, eave + depth * 0.8)], mix(t.dark, t.wood_light, 0.4), half * 0.006
            )


_LANTERN = ((0.16, 0.0, 0.12, 0.08), (0.055, 0.08, 0.045, 0.50), (0.13, 0.50, 0.13, 0.70), (0.07, 0.53, 0.07, 0.67))
"""A stone lantern's base, post, fire box and window: half width below, height, half width above, height, as shares of it."""


def stone_lantern(sheet: Sheet, u: float, foot: float, size: float, t: Timber, side: float, lit: float) -> None:
    """A stone lantern about ``size`` high; ``lit`` 0-1 is how bright its window is."""
    stones = t.stone, mix(t.stone, t.dark, 0.15), mix(t.stone, t.dark, 0.3), mix(t.dark, rgb("#ffcf82"), lit)
    for (low, start, high, end), colour in zip(_LANTERN, stones, strict=True):
        below, above = foot - size * start, foot - size * end
        corners = (u - size * low, below), (u + size * low, below), (u + size * high, above), (u - size * high, above)
        sheet.poly(corners, colour)
    stone = replace(t, roof=t.stone, roof_light=mix(t.stone, t.wall, 0.5))
    roof(sheet, Roof(u, foot - size * 0.69, size * 0.22, size * 0.13, size * 0.05, 0.3, tiles=False), stone, side)
    sheet.dot(u, foot - size * 0.85, size * 0.035, t.stone)


def hall(sheet: Sheet, u: float, foot: float, size: float, t: Timber, side: float, rng: np.random.Generator) -> None:
    """A temple hall: stone base and steps, pillars, lit lattice doors, a great roof with a gable; about 2.2 ``size`` wide."""
    floor = foot - size * 0.10
    top = floor - size * 0.34
    _base(sheet, u, foot, floor, size, t)
    _block(sheet, u, floor, top, size * 0.80, t.wood)
    _bays(sheet, u, floor, top, size, t)
    _pillars(sheet, u, floor, top, size, t, side)
    for reach, v, dark, wide in ((0.82, floor - size * 0.085, 0.2, 0.014), (0.80, top + size * 0.055, 0.1, 0.02)):
        sheet.line([(u - size * reach, v), (u + size * reach, v)], mix(t.vermilion, t.dark, dark), size * wide)
    eaves(sheet, u, top - size * 0.012, size * 1.02, size * 0.05, t)
    roof(sheet, Roof(u, top, size * 1.12, size * 0.52, size * 0.42), t, side)
    gable = [(u - size * 0.23, top - size * 0.17), (u, top - size * 0.40), (u + size * 0.23, top - size * 0.17)]
    sheet.poly(gable, mix(t.wood, t.dark, 0.3))
    sheet.line(gable, mix(t.roof, t.roof_light, 0.8), size * 0.022)
    sheet.dot(u, top - size * 0.27, size * 0.022, mix(t.glow, rgb("#d8b25a"), 0.5))


def _block(sheet: Sheet, u: float, low: float, high: float, half: float, colour: Array, above: float | None = None) -> None:
    """An upright shape about ``u`` from ``low`` to ``high`` (v), half as wide as ``half``, at its top as ``above``."""
    top = half if above is None else above
    sheet.poly([(u - half, low), (u + half, low), (u + top, high), (u - top, high)], colour)


def _base(sheet: Sheet, u: float, foot: float, floor: float, size: float, t: Timber) -> None:
    """The stone base of a hall, and four steps up to it."""
    _block(sheet, u, foot, floor, size * 0.98, mix(t.stone, t.dark, 0.25), size * 0.93)
    for step in range(4):
        v = foot - (foot - floor) * step / 4
        tone = mix(t.stone, t.dark, 0.10 + 0.1 * (step % 2))
        _block(sheet, u, v, v - size * 0.027, size * (0.30 - step * 0.015), tone)


_BAYS = 7


def _bays(sheet: Sheet, u: float, floor: float, top: float, size: float, t: Timber) -> None:
    """Lattice between the pillars of a hall, lit in its five middle bays."""
    low, high, inner = floor - size * 0.02, top + size * 0.09, size * 0.022
    for i in range(_BAYS):
        a, b = u - size * 0.78 + i * size * 1.56 / _BAYS, u - size * 0.78 + (i + 1) * size * 1.56 / _BAYS
        fill = t.glow if abs(i - _BAYS // 2) <= 2 else mix(t.wall, t.dark, 0.15)
        corners = [(a + inner, low), (b - inner, low), (b - inner, high), (a + inner, high)]
        sheet.poly(corners, mix(fill, t.dark, 0.12 * (i % 2)))
        for k in range(1, 5):
            x = a + (b - a) * k / 5
            sheet.line([(x, low), (x, high)], t.dark, size * 0.006)
        for k in range(1, 4):
            y = low - k * size * 0.06
            sheet.line([(a + inner, y), (b - inner, y)], t.dark, size * 0.005)


def _pillars(sheet: Sheet, u: float, floor: float, top: float, size: float, t: Timber, side: float) -> None:
    for i in range(_BAYS + 1):
        x = u - size * 0.78 + i * size * 1.56 / _BAYS
        _block(sheet, x, floor, top, size * 0.022, t.vermilion, size * 0.018)
        edge = x + side * size * 0.012
        sheet.line([(edge, floor), (edge, top)], mix(t.vermilion, t.wood_light, 0.5), size * 0.008)


def pagoda(sheet: Sheet, u: float, foot: float, size: float, t: Timber, side: float, tiers: int = 5) -> None:
    """A pagoda, ``size`` high with its finial."""
    step = size * 0.78 / tiers
    sheet.poly(
        [
            (u - size * 0.19, foot),
            (u + size * 0.19, foot),
            (u + size * 0.17, foot - step * 0.14),
            (u - size * 0.17, foot - step * 0.14),
        ],
        t.stone,
    )
    for i in range(tiers):
        narrow = 1 - 0.10 * i
        low = foot - step * 0.14 - step * i
        body = size * 0.105 * narrow
        top = low - step * (0.62 if i == 0 else 0.46)
        sheet.poly([(u - body, low), (u + body, low), (u + body, top), (u - body, top)], t.vermilion)
        sheet.poly(
            [
                (u - body * 0.62, low - step * 0.06),
                (u + body * 0.62, low - step * 0.06),
                (u + body * 0.62, top + step * 0.1),
                (u - body * 0.62, top + step * 0.1),
            ],
            mix(t.wall, t.glow, 0.6 if i == 0 else 0.25),
        )
        for k in (-0.62, -0.2, 0.2, 0.62):
            sheet.line([(u + body * k, low), (u + body * k, top)], mix(t.vermilion, t.dark, 0.35), size * 0.006)
        sheet.line([(u - body * 1.3, low - step * 0.02), (u + body * 1.3, low - step * 0.02)], t.wood, size * 0.007)
        eaves(sheet, u, top - step * 0.05, size * 0.185 * narrow, step * 0.12, t)
        roof(
            sheet,
            Roof(
                u, top, size * 0.205 * narrow, step * 0.36, size * 0.075 * narrow, curl=0.30, tiles=size * sheet.density > 260
            ),
            t,
            side,
        )
    tip = foot - step * 0.14 - step * (tiers - 1) - step * 0.9
    sheet.line([(u, tip + step * 0.1), (u, foot - size)], t.dark, size * 0.008)
    for k in range(6):
        v = tip - (tip - foot + size) * (0.12 + 0.11 * k)
        sheet.line(
            [(u - size * 0.017 * (1 - k * 0.08), v), (u + size * 0.017 * (1 - k * 0.08), v)],
            mix(t.dark, t.glow, 0.2),
            size * 0.006,
        )


def torii(sheet: Sheet, u: float, foot: float, size: float, t: Timber, side: float) -> None:
    """A shrine gate, ``size`` high and a little wider."""
    red, shade, bright = t.vermilion, mix(t.vermilion, t.dark, 0.42), mix(t.vermilion, t.wood_light, 0.35)
    for sign in (-1, 1):
        low, high, w = u + sign * size * 0.45, u + sign * size * 0.385, size * 0.052
        sheet.poly(
            [(low - w, foot), (low + w, foot), (high + w * 0.86, foot - size * 0.86), (high - w * 0.86, foot - size * 0.86)],
            red,
        )
        a, b = (0.25, 1.0) if side < 0 else (-1.0, -0.25)
        sheet.poly(
            [
                (low + w * a, foot),
                (low + w * b, foot),
                (high + w * b * 0.86, foot - size * 0.86),
                (high + w * a * 0.86, foot - size * 0.86),
            ],
            shade,
        )
        sheet.line([(low + side * w * 0.7, foot), (high + side * w * 0.6, foot - size * 0.86)], bright, w * 0.14)
        sheet.poly(
            [
                (low - w * 1.25, foot),
                (low + w * 1.25, foot),
                (low + w * 1.12, foot - size * 0.10),
                (low - w * 1.12, foot - size * 0.10),
            ],
            t.dark,
        )
    beam = foot - size * 0.66
    sheet.poly(
        [
            (u - size * 0.57, beam),
            (u + size * 0.57, beam),
            (u + size * 0.57, beam - size * 0.062),
            (u - size * 0.57, beam - size * 0.062),
        ],
        red,
    )
    sheet.line([(u - size * 0.57, beam - size * 0.004), (u + size * 0.57, beam - size * 0.004)], shade, size * 0.014)
    sheet.poly(
        [
            (u - size * 0.05, beam - size * 0.06),
            (u + size * 0.05, beam - size * 0.06),
            (u + size * 0.05, foot - size * 0.88),
            (u - size * 0.05, foot - size * 0.88),
        ],
        t.dark,
    )
    across = np.linspace(-1, 1, 25)
    curve = 0.075 * np.abs(across) ** 2.6 * size
    for low, high, wide, colour in ((0.855, 0.925, 0.66, red), (0.925, 0.985, 0.72, t.dark)):
        lower = np.column_stack([u + across * size * wide, foot - size * low - curve])
        upper = np.column_stack([u + across * size * (wide + 0.02), foot - size * high - curve])
        sheet.poly(np.vstack([lower, upper[::-1]]), colour)
    lower = np.column_stack([u + across * size * 0.66, foot - size * 0.862 - curve])
    sheet.line(lower, shade, size * 0.016)
    if t.snow is not None:
        top = np.column_stack([u + across * size * 0.74, foot - size * 0.992 - curve])
        sheet.line(top, t.snow, size * 0.022)


def lantern(sheet: Sheet, u: float, v: float, size: float, lit: float, p: Palette) -> None:
    """A hanging paper lantern, glowing when it is dark."""
    body = mix(p.lit(rgb("#d9422f"), 0.6), rgb("#ff8a4a"), lit)
    sheet.line([(u, v - size * 1.1), (u, v - size * 0.6)], p.near, size * 0.06)
    sheet.leaf(u, v, (size * 0.36, size * 0.52), 0, body)
    sheet.leaf(u, v, (size * 0.22, size * 0.42), 0, mix(body, rgb("#ffe2a0"), 0.3 + 0.5 * lit))
    for k in (-0.3, -0.1, 0.1, 0.3):
        w = math.sqrt(1 - (k / 0.52) ** 2) * size * 0.36
        sheet.line([(u - w, v + k * size), (u + w, v + k * size)], mix(body, p.near, 0.35), size * 0.03)
    for sign in (-1, 1):
        sheet.poly(
            [
                (u - size * 0.18, v + sign * size * 0.46),
                (u + size * 0.18, v + sign * size * 0.46),
                (u + size * 0.18, v + sign * size * 0.58),
                (u - size * 0.18, v + sign * size * 0.58),
            ],
            p.near,
        )


def town_house(sheet: Sheet, u: float, foot: float, size: float, t: Timber, side: float, rng: np.random.Generator) -> None:
    """A two-storey town house with lattice windows; ``size`` is its half width."""
    wall = mix(vary(t.wall, rng, 0.08), t.wood_light, float(rng.choice([0.0, 0.35, 0.75])))
    floor = size * rng.uniform(0.62, 0.78)
    lower_roof, top = foot - floor, foot - floor * 1.75
    sheet.poly([(u - size, foot), (u + size, foot), (u + size, lower_roof), (u - size, lower_roof)], mix(wall, t.wood, 0.45))
    sheet.poly([(u - size * 0.9, lower_roof), (u + size * 0.9, lower_roof), (u + size * 0.9, top), (u - size * 0.9, top)], wall)
    for low, high, count, reach in (
        (foot - floor * 0.06, lower_roof + floor * 0.26, 3, 0.92),
        (lower_roof - floor * 0.12, top + floor * 0.22, 2, 0.78),
    ):
        for k in range(count):
            a, b = u - size * reach + k * 2 * size * reach / count, u - size * reach + (k + 1) * 2 * size * reach / count
            gap = (b - a) * 0.10
            on = rng.random() < 0.55
            pane = t.glow if on else mix(t.dark, t.wall, 0.15)
            sheet.poly([(a + gap, low), (b - gap, low), (b - gap, high), (a + gap, high)], vary(pane, rng, 0.05))
            bars = 6 if size * sheet.density > 30 else 3
            for j in range(1, bars):
                x = a + gap + (b - a - 2 * gap) * j / bars
                sheet.line([(x, low), (x, high)], mix(t.dark, t.wood, 0.5), size * 0.014)
    roof(sheet, Roof(u, lower_roof + floor * 0.06, size * 1.12, floor * 0.24, size * 0.98, curl=0.0, tiles=False), t, side)
    roof(
        sheet,
        Roof(u, top + floor * 0.05, size * 1.10, floor * 0.52, size * 0.86, curl=0.04, tiles=size * sheet.density > 34),
        t,
        side,
    )
