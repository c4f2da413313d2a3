"""Recipes with modern and seaside buildings: city, harbour, village."""

from __future__ import annotations

import math

import numpy as np

from vidgen.engines.previz import land, outdoors, sky, trees
from vidgen.engines.previz.colour import mix, rgb, smoothstep, vary
from vidgen.engines.previz.layers import Plate
from vidgen.engines.previz.noise import Array, cells, random_for
from vidgen.engines.previz.sheet import Sheet
from vidgen.engines.previz.water import Water
from vidgen.engines.previz.world import World

INF = math.inf
_LAMPS = ("#ffd98f", "#ffe9bd", "#ffc46b", "#fff4dc", "#bfe0ff")
_NEON = ("#ff4fa3", "#38e0ff", "#a45cff", "#ffd24f", "#ff6b4a", "#5affc8")


def city(w: World) -> None:
    """A skyline in four depths across the water, its windows lit as the day goes."""
    outdoors.heavens(w, cumulus=None if w.spec.time in ("noon", "morning") else False)
    neon = w.spec.has("neon")
    for z, tall, wide in ((32.0, 0.16, 0.035), (22.0, 0.27, 0.050), (15.0, 0.36, 0.062), (10.5, 0.22, 0.080)):
        w.add(blocks(w, z, tall, wide, neon))
        if z > 12 and (w.spec.has("mist") or w.p.lamps > 0.5):
            w.add(sky.mist(w.p, z - 1, w.v0 + 0.0, 0.05, w.seed + int(z), 0.006 * w.fast, 0.45))
    shore = w.stage.foot(10.0)
    w.add(Water(w.p, w.seed, shore, w.rough(0.22 + 0.05 * w.spec.wind), w.fast_water, clarity=0.1))
    if w.p.lamps > 0.5:
        w.bloom = 0.75
        w.add(bokeh(w, neon))
    else:
        railing(w)


def blocks(w: World, z: float, tall: float, wide: float, neon: bool) -> Plate:
    """High-rises side by side: set-backs, roof gear, windows."""
    p = w.p
    foot = w.stage.foot(max(z, 10.5)) + 0.004

    def paint(sheet: Sheet) -> None:
        left, _, right, _ = sheet.box
        for at, rng in cells(w.seed, f"blocks{z}", left - wide * 2, right + wide * 2, wide):
            centre = math.exp(-((at / (0.42 * w.aspect)) ** 2) * 0.8)
            height = tall * (0.28 + 0.72 * rng.random() ** 1.4) * (0.45 + 0.65 * centre)
            _tower(sheet, w, at, foot, wide * rng.uniform(0.8, 1.7), height, z, rng, neon)
        sheet.tint(p.haze, (smoothstep(foot - tall * 0.55, foot, sheet.v) * (0.30 + 0.012 * z))[:, None])

    return Plate(z, paint, (-INF, foot - tall * 1.5, INF, foot), name=f"blocks{z}")


def _tower(
    sheet: Sheet, w: World, u: float, foot: float, wide: float, height: float, z: float, rng: np.random.Generator, neon: bool
) -> None:
    p = w.p
    local = vary(rgb(rng.choice(["#6f7c8c", "#8a8f97", "#59677a", "#9c9488", "#4d5b6e"])), rng, 0.08)
    heavy = (0.18 + 0.40 * float(smoothstep(34, 9, z))) * min(1.0, 0.35 + p.lamps)
    front = mix(p.air(p.lit(local, 0.55), z * 0.8), p.near, heavy * 0.75)
    shade = mix(p.air(p.lit(local, 0.10), z * 0.8), p.near, heavy)
    side = math.copysign(1, p.light.side)
    parts = [(u, wide, height)]
    if rng.random() < 0.4:
        parts.append((u + wide * 0.18, wide * 0.64, height * rng.uniform(1.08, 1.25)))
    for x, breadth, h in reversed(parts):
        sheet.poly([(x, foot), (x + breadth, foot), (x + breadth, foot - h), (x, foot - h)], front)
        edge = (x, x + breadth * 0.30) if side > 0 else (x + breadth * 0.70, x + breadth)
        sheet.poly([(edge[0], foot), (edge[1], foot), (edge[1], foot - h), (edge[0], foot - h)], shade)
        _windows(sheet, w, x, breadth, foot, h, z, rng, front)
    top = foot - parts[-1][2]
    if rng.random() < 0.45:
        x = u + wide * rng.uniform(0.3, 0.7)
        sheet.line([(x, top), (x, top - height * rng.uniform(0.06, 0.22))], shade, 0.0016)
        if p.lamps > 0.4:
            sheet.dot(x, top - height * 0.14, 0.0022, rgb("#ff5a4a"))
    if neon and rng.random() < 0.35 and z < 24:
        colour = rgb(rng.choice(_NEON))
        x, v = u + wide * rng.uniform(0.1, 0.7), foot - height * rng.uniform(0.35, 0.85)
        sheet.poly(
            [(x, v), (x + wide * 0.14, v), (x + wide * 0.14, v + height * 0.22), (x, v + height * 0.22)],
            mix(colour, rgb((1, 1, 1)), 0.15),
        )


def _windows(
    sheet: Sheet, w: World, u: float, wide: float, foot: float, height: float, z: float, rng: np.random.Generator, wall: Array
) -> None:
    p = w.p
    pitch = max(0.0098, 0.10 / z)
    columns, rows = max(1, int(wide / pitch)), max(1, int(height / (pitch * 1.25)))
    gap_u, gap_v = wide / columns, height / rows
    style = rng.random()
    lit_share = p.lamps * rng.uniform(0.06, 0.42)
    day = mix(wall, p.sky_at(0.4), 0.35)
    for row in range(rows):
        floor_lit = rng.random() < 0.08 * p.lamps
        for column in range(columns):
            on = floor_lit or rng.random() < lit_share
            if not on and p.lamps > 0.75:
                continue
            colour = (
                mix(wall, rgb(_LAMPS[int(rng.integers(len(_LAMPS)))]), rng.uniform(0.40, 1.0) * (1.0 if z < 20 else 0.72))
                if on
                else mix(wall, day, rng.uniform(0.2, 0.9))
            )
            a, b = u + gap_u * (column + 0.2), u + gap_u * (column + (0.8 if style > 0.35 else 1.0))
            v = foot - gap_v * (row + 0.25)
            sheet.poly([(a, v), (b, v), (b, v - gap_v * 0.52), (a, v - gap_v * 0.52)], colour)


def bokeh(w: World, neon: bool) -> Plate:
    """Lights out of focus in the foreground, in the lower corners."""

    def paint(sheet: Sheet) -> None:
        rng = w.rng("bokeh")
        half = w.aspect * 0.5
        for _ in range(26):
            u = rng.choice([-1, 1]) * half * (1.05 - abs(rng.normal(0, 0.30)))
            v, r = 0.5 - abs(rng.normal(0, 0.075)), rng.uniform(0.016, 0.048)
            colour = rgb(rng.choice(_NEON if neon or rng.random() < 0.25 else _LAMPS[:3]))
            rows, columns = sheet.window((u - r * 1.1, v - r * 1.1, u + r * 1.1, v + r * 1.1))
            d = np.hypot(sheet.u[columns][None, :] - u, sheet.v[rows][:, None] - v) / r
            if d.size:
                sheet.blend(
                    colour,
                    (smoothstep(1.0, 0.9, d) * (0.34 + 0.42 * smoothstep(0.55, 1.0, d))) * rng.uniform(0.35, 0.85),
                    rows,
                    columns,
                )

    return Plate(1.5, paint, (-INF, 0.1, INF, 0.75), glow=True, coarse=2, name="bokeh")


def railing(w: World) -> None:
    """By day: a strip of park in front of the water."""
    edge = land.crest(w.seed, "park", 0.43, 0.012, 1.3, 0.1)
    w.add(
        land.wooded_hill(
            w.p,
            land.Hillside(
                2.6, edge, 0.8, "park", 0.075, "canopy" if w.spec.season in ("autumn", "spring") else "second", 0.05, 0.3
            ),
            w.seed,
        )
    )


def harbour(w: World) -> None:
    """A town on a hill above its harbour, boats before it."""
    outdoors.heavens(w)
    p, winter = w.p, w.spec.season == "winter"
    outdoors.far_ranges(w, outdoors.Ranges(2, 0.2, "coast", 0.4, near_z=22, snow=0.5 if winter else 0))
    hill = land.crest(w.seed, "town-hill", w.v0 - 0.13, 0.10, 0.7, 0.1)
    sloped = outdoors_hill(hill, w.side, w.v0)
    if winter or w.spec.season == "summer":
        w.add(
            land.ridge_plate(
                p, land.Ridge(13, sloped, w.v0 + 0.06, p.forest, 0.4, 0.035, 0.5 if winter else 0, 0.25, "town-hill"), w.seed
            )
        )
    else:
        w.add(land.wooded_hill(p, land.Hillside(13, sloped, w.v0 + 0.06, "town-hill", 0.032, misty=0.25, second=0.4), w.seed))
    w.add(cottages(w, 9.5, sloped))
    shore = w.stage.foot(9.0)
    boats = _moored(w)
    w.add(Water(p, w.seed, shore, w.rough(0.25 + 0.05 * w.spec.wind), w.fast_water, near=boats, clarity=0.2))
    w.add(*boats)
    outdoors.foreground_tree(w) if w.spec.season in ("spring", "autumn") else outdoors.reeds(w)


def _moored(w: World) -> list[Plate]:
    """Two boats, or as many as the words say."""
    count = 0 if w.lacks("boat") else w.spec.counts.get("boat", 2)
    spots = [
        (6.5, -0.18),
        (4.6, 0.10),
        (7.4, 0.30),
        (5.6, -0.36),
        (8.2, 0.04),
        (5.0, 0.38),
        (7.0, -0.06),
        (6.0, 0.20),
        (4.8, -0.26),
    ]
    return [outdoors.boat_plate(w, z, w.side * w.aspect * at, n) for n, (z, at) in enumerate(spots[:count])]


def outdoors_hill(line: land.Profile, side: float, v0: float) -> land.Profile:
    """A crest line that falls to the water on the side away from ``side``."""

    def sloped(u: Array) -> Array:
        share = smoothstep(-0.75, 0.35, u * side)
        return np.asarray(v0 + 0.03 + (line(u) - v0 - 0.03) * share)

    return sloped


def cottages(w: World, z: float, hill: land.Profile, grow: float = 1.0) -> Plate:
    """Small houses in rows up a hillside, gables and chimneys, windows lit in the evening."""
    p, foot = w.p, w.stage.foot(z) + 0.004
    walls = [rgb(name) for name in ("#f3ead8", "#e8c9a4", "#d98f74", "#b9cbd3", "#efe3c0", "#c9d2b8")]
    tiles = [rgb(name) for name in ("#9a4b3a", "#7d4a45", "#59606c", "#b0623f")]
    white = w.spec.season == "winter"
    tone = trees.tones(p, p.canopy if w.spec.season in ("autumn", "spring") else p.second, z)

    def paint(sheet: Sheet) -> None:
        left, _, right, _ = sheet.box
        for row in range(6):
            up = (5 - row) / 5
            for at, rng in cells(w.seed, f"cottages{row}", left, right, 0.048 * grow):
                u = at + rng.uniform(0, 0.02)
                top = float(hill(np.array([u]))[0])
                v = foot - (foot - top) * up * 0.72
                if foot - top < 0.05 and row < 5 or rng.random() < 0.25:
                    if rng.random() < 0.4 and foot - top > 0.03 and not p.bare:
                        trees.crown_tree(sheet, u, v, 0.055, tone, p.near, 1, rng, 0.35)
                    continue
                _cottage(
                    sheet,
                    w,
                    u,
                    v,
                    rng.uniform(0.016, 0.024) * grow,
                    walls[int(rng.integers(len(walls)))],
                    rgb("#f1f5fb") if white else tiles[int(rng.integers(len(tiles)))],
                    z,
                    rng,
                )
        quay = p.air(p.lit(rgb("#8d8577"), 0.4), z)
        sheet.poly([(left, foot - 0.010), (right, foot - 0.010), (right, foot), (left, foot)], quay)

    return Plate(z, paint, (-INF, w.v0 - 0.36, INF, foot), mirror=foot, name="cottages")


def _cottage(
    sheet: Sheet, w: World, u: float, foot: float, size: float, wall: Array, tile: Array, z: float, rng: np.random.Generator
) -> None:
    p, side = w.p, math.copysign(1, w.p.light.side)
    face, shade, cap = p.air(p.lit(wall, 0.8), z), p.air(p.lit(wall, 0.15), z), p.air(p.lit(tile, 0.65), z)
    h, deep = size * rng.uniform(0.9, 1.35), size * 0.9
    peak = foot - h - size * 0.75
    sheet.poly(
        [(u - size, foot), (u + size, foot), (u + size, foot - h), (u, peak), (u - size, foot - h)], face if side < 0 else shade
    )
    sheet.poly(
        [(u + size, foot), (u + size + deep * 1.4, foot), (u + size + deep * 1.4, foot - h), (u + size, foot - h)],
        shade if side < 0 else face,
    )
    sheet.poly(
        [
            (u - size * 0.06, peak - size * 0.04),
            (u + deep * 1.4, peak),
            (u + size + deep * 1.5, foot - h + size * 0.1),
            (u + size * 1.1, foot - h + size * 0.08),
        ],
        cap,
    )
    sheet.line(
        [(u - size * 1.1, foot - h + size * 0.08), (u, peak - size * 0.04), (u + size * 1.1, foot - h + size * 0.08)],
        mix(cap, p.near, 0.25),
        size * 0.13,
    )
    for x, v in (
        (u - size * 0.4, foot - h * 0.55),
        (u + size * 0.4, foot - h * 0.55),
        (u + size + deep * 0.45, foot - h * 0.55),
        (u + size + deep * 1.0, foot - h * 0.55),
    ):
        lit = rng.random() < p.lamps * 0.85
        pane = rgb("#ffcd7a") if lit else mix(face, p.near, 0.55)
        sheet.poly(
            [(x - size * 0.16, v), (x + size * 0.16, v), (x + size * 0.16, v - h * 0.3), (x - size * 0.16, v - h * 0.3)], pane
        )


def village(w: World) -> None:
    """Cottages in a valley among fields and ranges."""
    outdoors.heavens(w)
    winter = w.spec.season == "winter"
    outdoors.far_ranges(w, outdoors.Ranges(4, 0.28, "valley", 0.6, snow=0.8 if winter else 0.2, near_z=14))
    grass = rgb("#e9eff6") if winter else w.p.grass
    w.add(land.ground_plate(w.p, w.v0, w.stage.height, grass, w.seed, "meadow", 0.5, second=mix(grass, w.p.forest, 0.5)))
    rise = outdoors_hill(land.crest(w.seed, "rise", w.v0 - 0.10, 0.05, 0.8, 0.1), w.side, w.v0 + 0.02)
    hill = land.Ridge(9.0, rise, w.v0 + 0.14, mix(grass, w.p.forest, 0.4), 0.35, 0.035, 0.4 if winter else 0, 0.2, "rise", 0.06)
    w.add(land.ridge_plate(w.p, hill, w.seed), cottages(w, 6.5, rise, 1.45), outdoors.cloud_shadows(w))
    if w.spec.has("mist"):
        w.add(sky.mist(w.p, 6, w.v0 + 0.06, 0.05, w.seed, 0.016 * w.fast, 0.7))
    outdoors.meadow_front(w)


def sparks(seed: int, name: str, count: int) -> list[tuple[float, float, float]]:
    """Random (u, v, phase) triples."""
    rng = random_for(seed, name)
    return [(float(rng.uniform(-1, 1)), float(rng.uniform(0, 1)), float(rng.uniform(0, 6.3))) for _ in range(count)]
