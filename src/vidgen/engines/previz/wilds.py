"""Recipes for woods, fields, deserts, roads, rivers and the open sky."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from vidgen.engines.previz import land, outdoors, sky, trees
from vidgen.engines.previz.colour import mix, rgb, smoothstep, vary
from vidgen.engines.previz.falls import Falls
from vidgen.engines.previz.layers import Plate
from vidgen.engines.previz.noise import Array, Field, cells
from vidgen.engines.previz.sheet import Sheet
from vidgen.engines.previz.water import Water
from vidgen.engines.previz.world import World

INF = math.inf


def forest(w: World) -> None:
    """Inside a wood: trunks behind trunks into the light, shafts of it, ferns in front."""
    p = w.p
    bamboo = w.spec.place == "bamboo"
    w.add(Plate(INF, _glade(w), name="glade"))
    w.add(sky.halo(p, w.v0))
    for z, level in ((30.0, 0.02), (23.0, 0.05)):
        line = land.crest(w.seed, f"far-wood{z}", w.v0 - level, 0.05, 1.1, 0.1)
        w.add(land.ridge_plate(p, land.Ridge(z * 0.6, line, w.v0 + 0.16, p.forest, 0.3, 0.30, 0, 0.75, f"far-wood{z}"), w.seed))
    soil = rgb("#8a6a3f") if w.spec.season == "autumn" else rgb("#e8eef5") if w.spec.season == "winter" else p.forest
    w.add(land.ground_plate(p, w.v0, w.stage.height, soil, w.seed, "soil", 0.6, second=mix(soil, p.grass, 0.5)))
    for number, (z, step, wide) in enumerate(
        ((17.0, 0.075, 0.013), (11.0, 0.115, 0.022), (7.0, 0.18, 0.036), (4.4, 0.30, 0.060))
    ):
        w.add(_stand(w, z, step, wide, bamboo))
        if number < 3:
            strength = 0.34 if w.spec.has("mist") else 0.16
            w.add(sky.mist(p, z - 1, w.v0 + 0.06, 0.16, w.seed + number, 0.014 * w.fast, strength))
    w.add(_shafts(w))
    w.add(_floor(w, 3.0, 0.33, 0.14, "ferns"))
    w.add(_stand(w, 2.3, 0.85, 0.105, bamboo, dark=0.45, edges=True))
    w.add(_floor(w, 1.7, 0.46, 0.18, "ferns-near", dark=0.6))
    if w.spec.season in ("autumn", "spring"):
        outdoors.foreground_tree(w, 1.6)


def _glade(w: World) -> Callable[[Sheet], None]:
    p = w.p

    def paint(sheet: Sheet) -> None:
        u, v = np.meshgrid(sheet.u, sheet.v)
        leafage = Field(w.seed, "leafage").at(u * 3.2, v * 3.2, 5, 0.6)
        deep = p.air(p.lit(p.canopy[0] if w.spec.season == "autumn" else p.forest, 0.3), 14)
        bright = mix(p.sky_at(0.05), p.light.glow, 0.3 * p.light.strength)
        centre = np.exp(-(((u - p.light.side * 0.5) / 0.55) ** 2) - ((v - w.v0 + 0.16) / 0.36) ** 2)
        share = np.clip(centre * 1.25 + 0.35 * leafage, 0, 1)
        sheet.blend(mix(deep, bright, share[..., None]), 1.0)

    return paint


def _stand(w: World, z: float, step: float, wide: float, bamboo: bool, dark: float = 0.0, edges: bool = False) -> Plate:
    p = w.p
    foot = w.stage.foot(z) + 0.01
    bark = rgb("#5d8a4a") if bamboo else rgb("#efe9dd") if w.spec.has("birch") else rgb("#6b4d3c")
    shade = mix(p.air(p.lit(bark * 0.6, 0.05), z), p.near, dark)
    light = mix(p.air(p.lit(bark * 1.15, 0.9), z), p.near, dark * 0.7)
    leaves = trees.tones(p, p.canopy if w.spec.season in ("autumn", "spring") else p.second, z, dark * 0.8)
    side = math.copysign(1, p.light.side)

    def paint(sheet: Sheet) -> None:
        left, top, right, _ = sheet.box
        high = min(top, -0.6) - 0.05
        spots = list(cells(w.seed, f"stand{z}", left - wide, right + wide, step))
        for at, rng in spots:
            u = at + rng.uniform(0, step * 0.8)
            if edges and abs(u) < w.aspect * 0.26:
                continue
            if bamboo:
                for _ in range(3):
                    trees.bamboo(
                        sheet,
                        u + rng.uniform(-0.5, 0.5) * step,
                        high,
                        foot + rng.uniform(-0.01, 0.02),
                        wide * rng.uniform(0.35, 0.62),
                        shade,
                        light,
                        side,
                        rng,
                    )
            else:
                trees.trunk(
                    sheet, u, high, foot + rng.uniform(-0.012, 0.02), wide * rng.uniform(0.6, 1.25), shade, light, side, rng
                )
        for at, rng in spots:
            for _ in range(5 if not edges else 9):
                v = high + (-0.16 - high) * rng.random() ** (1.6 if not bamboo else 1.1)
                size = min(step, 0.34) * rng.uniform(0.45, 0.9)
                leaf = max(min(0.030 / z, 0.009), 1.1 / sheet.density)
                if bamboo:
                    _blades(sheet, at + rng.uniform(-step, step), v, size, leaf * 1.5, leaves, rng)
                else:
                    trees.dabs(sheet, at + rng.uniform(-step, step), v, size, 46, leaf, leaves, side, rng)

    return Plate(z, paint, (-INF, -INF, INF, foot + 0.03), sway=w.sway(0.0022, 0.2), foot=foot, name=f"stand{z}")


def _blades(sheet: Sheet, u: float, v: float, size: float, leaf: float, tone: trees.Tones, rng: np.random.Generator) -> None:
    """Bamboo leaves: narrow, in hanging fans."""
    for _ in range(9):
        fu, fv = u + rng.normal(0, size * 0.5), v + rng.normal(0, size * 0.35)
        colour = vary(tone[int(rng.integers(len(tone)))], rng, 0.05).tolist()
        for k in range(5):
            angle = 90 + (k - 2) * 24 + 16 * rng.random() - 8
            a = math.radians(angle)
            sheet.leaf(fu + math.cos(a) * leaf * 1.8, fv + math.sin(a) * leaf * 1.8, (leaf * 1.9, leaf * 0.30), angle, colour)


def _floor(w: World, z: float, level: float, tall: float, name: str, dark: float = 0.15) -> Plate:
    p = w.p
    base = rgb("#8a6a3f") if w.spec.season == "autumn" else rgb("#e8eef5") if w.spec.season == "winter" else p.forest
    tone = [mix(p.lit(p.grass * k, 0.2 + 0.5 * k), p.near, dark) for k in (0.5, 0.75, 1.0)]
    line = land.crest(w.seed, name, level, 0.025, 1.4, 0.1)

    def paint(sheet: Sheet) -> None:
        top = line(sheet.u)[None, :]
        below = sheet.v[:, None] - top
        dapple = Field(w.seed, name).grid(sheet.u, sheet.v, 9, 4, stretch=3)
        soil = mix(p.lit(base, np.clip(0.35 + 0.5 * dapple, 0, 1)), p.near, dark + np.clip(below * 0.8, 0, 0.35)[..., None])
        left, _, right, _ = sheet.box
        for at, rng in cells(w.seed, name, left, right, 0.05):
            foot = float(line(np.array([at]))[0]) + 0.02
            trees.grass(
                sheet,
                at,
                at + 0.05,
                foot,
                tall * rng.uniform(0.25, 0.7),
                tone,
                rng,
                7,
                p.flowers if rng.random() < 0.12 else (),
            )
        sheet.blend(soil, np.clip(below * sheet.density + 0.5, 0, 1))

    return Plate(z, paint, (-INF, level - 0.2, INF, INF), sway=w.sway(0.004, 0.3), foot=level, name=name, racked_blur=0.007)


def _shafts(w: World) -> Plate:
    """Light between the trees: slanting beams, screened over what is behind."""
    p = w.p
    strength = {"morning": 0.5, "dawn": 0.5, "golden": 0.55, "noon": 0.35, "dusk": 0.4}.get(p.time, 0.18)

    def paint(sheet: Sheet) -> None:
        u, v = np.meshgrid(sheet.u, sheet.v)
        angle = np.arctan2(u - p.light.side * 1.3, v + 1.1)
        beams = Field(w.seed, "shafts").line(angle * 7.5, 3.0, 3) + 0.1
        fade = smoothstep(0.45, -0.35, v) * 0.7 + 0.3 * smoothstep(0.5, 0.0, v)
        sheet.blend(mix(p.light.glow, p.light.colour, 0.5), np.clip(beams * 1.5, 0, 1) * fade * strength)

    return Plate(5.0, paint, (-INF, -INF, INF, 0.46), glow=True, coarse=4, drift=(0.006 * w.spec.wind, 0), name="shafts")


def field(w: World) -> None:
    """A meadow, rice terraces or flowers under a large sky, a tree standing alone."""
    outdoors.heavens(w)
    p, rng, winter = w.p, w.rng("field"), w.spec.season == "winter"
    outdoors.far_ranges(
        w, outdoors.Ranges(3, float(rng.uniform(0.14, 0.2)), "rim", 0.35, snow=0.7 if winter else 0.0, near_z=16)
    )
    grass = rgb("#e8eff6") if winter else p.grass
    w.add(
        land.ground_plate(
            p,
            w.v0,
            w.stage.height,
            grass,
            w.seed,
            "meadow",
            0.55,
            second=mix(grass, p.flowers[0] if w.spec.has("flowers") and p.flowers else p.forest, 0.45),
        )
    )
    roll = land.crest(w.seed, "roll", w.v0 + 0.02, 0.03, 0.7, 0.0)
    w.add(
        land.ridge_plate(
            p,
            land.Ridge(11, roll, w.v0 + 0.13, mix(grass, p.forest, 0.35), 0.25, 0.03, 0.4 if winter else 0, 0.25, "roll", 0.07),
            w.seed,
        )
    )
    if w.spec.has("mist"):
        w.add(sky.mist(p, 8, w.v0 + 0.05, 0.05, w.seed, 0.016 * w.fast, 0.7))
    if w.spec.has("paddy"):
        w.add(Water(p, w.seed, w.stage.foot(10), 0.06, w.fast_water, shape=_paddies, clarity=0.1))
    w.add(outdoors.cloud_shadows(w), lone_tree(w, w.side * w.aspect * float(rng.uniform(0.14, 0.24)), 5.0, 0.42))
    outdoors.meadow_front(w)


def _paddies(x: Array, z: Array) -> Array:
    """Water between winding banks."""
    bank = np.abs(((z + 0.35 * np.sin(x * 0.9) + 0.2 * np.sin(x * 2.3)) / (0.35 + 0.10 * z)) % 1 - 0.5)
    side = np.abs((x / 2.6 + 0.13 * np.sin(z * 1.7)) % 1 - 0.5)
    return np.asarray(smoothstep(0.47, 0.43, bank) * smoothstep(0.488, 0.475, side))


def lone_tree(w: World, u: float, z: float, height: float) -> Plate:
    """One big tree of the season with its shadow."""
    p, foot = w.p, w.stage.foot(z)
    tone = trees.tones(p, p.canopy if w.spec.season != "winter" else p.second, z)
    bark = p.air(p.lit(rgb("#4f3d35"), 0.25), z)

    def paint(sheet: Sheet) -> None:
        away = ((sheet.u[None, :] - u + math.copysign(height * 0.14, p.light.side)) / (height * 0.40)) ** 2
        shade = np.exp(-((away + ((sheet.v[:, None] - foot - 0.006) / (height * 0.030)) ** 2) ** 1.5))
        sheet.blend(mix(p.lit(p.grass * 0.5, 0.05), p.near, 0.35), shade * 0.6)
        trees.crown_tree(sheet, u, foot, height, tone, bark, math.copysign(1, p.light.side), w.rng("lone"), 1.3)

    return Plate(
        z,
        paint,
        (u - height, foot - height * 1.35, u + height, foot + 0.03),
        sway=w.sway(0.006, 0.2),
        foot=foot,
        name="lone-tree",
    )


def desert(w: World) -> None:
    """Dunes behind dunes, their edges sharp in low light."""
    outdoors.heavens(w, cumulus=False)
    p, rng = w.p, w.rng("desert")
    rocks = land.crest(w.seed, "mesa", w.v0 + 0.005, 0.05, 0.9, 0.2)
    w.add(land.ridge_plate(p, land.Ridge(36, rocks, w.v0 + 0.06, rgb("#b0785a"), 0.4, 0, 0, 0.7, "mesa"), w.seed))
    for i, (z, level, height) in enumerate(
        ((20.0, 0.015, 0.03), (12.0, 0.055, 0.055), (7.0, 0.13, 0.085), (4.0, 0.235, 0.11), (2.2, 0.36, 0.09))
    ):
        line = land.crest(w.seed, f"dune{i}", w.v0 + level, height * float(rng.uniform(0.8, 1.2)), 0.85 - 0.07 * i, 0.12, 3)
        w.add(land.dune_plate(p, z, line, 1.2, w.seed, f"dune{i}"))


def road(w: World) -> None:
    """A road to the horizon between hills, posts beside it."""
    outdoors.heavens(w)
    p, winter = w.p, w.spec.season == "winter"
    outdoors.far_ranges(
        w, outdoors.Ranges(4, float(w.rng("road").uniform(0.22, 0.3)), "pass", 0.65, snow=0.8 if winter else 0.3, near_z=15)
    )
    grass = rgb("#e8eff6") if winter else mix(p.grass, rgb("#a08a63"), 0.3)
    w.add(land.ground_plate(p, w.v0, w.stage.height, grass, w.seed, "verge", 0.6, second=mix(grass, p.forest, 0.5)))
    w.add(land.road_plate(p, w.v0, w.stage.height, w.seed, w.spec.has("rain")))
    for z in (14.0, 9.0, 6.0, 4.2, 3.0):
        w.add(_roadside(w, z))


def _roadside(w: World, z: float) -> Plate:
    p, foot = w.p, w.stage.foot(z)

    def paint(sheet: Sheet) -> None:
        dark = p.air(p.lit(rgb("#3c3a3a"), 0.2), z)
        for sign in (-1, 1):
            u = sign * 1.05 / z
            sheet.poly(
                [
                    (u - 0.016 / z, foot),
                    (u + 0.016 / z, foot),
                    (u + 0.016 / z, foot - 0.26 / z),
                    (u - 0.016 / z, foot - 0.26 / z),
                ],
                p.air(p.lit(rgb("#efece4"), 0.7), z),
            )
            sheet.poly(
                [
                    (u - 0.017 / z, foot - 0.19 / z),
                    (u + 0.017 / z, foot - 0.19 / z),
                    (u + 0.017 / z, foot - 0.225 / z),
                    (u - 0.017 / z, foot - 0.225 / z),
                ],
                mix(rgb("#e5502e"), dark, 0.2),
            )
        tone = [p.air(p.lit(p.forest * k, 0.1 + 0.4 * k), z) for k in (0.5, 0.85)]
        rng = w.rng("roadside", z)
        for _ in range(0 if p.bare else 7):
            u = rng.choice([-1, 1]) * rng.uniform(1.7, 4.0) / z
            trees.conifer(sheet, u, foot, rng.uniform(0.7, 1.5) / z, tone, rng, math.copysign(1, p.light.side))

    return Plate(z, paint, (-4.4 / z, foot - 1.7 / z, 4.4 / z, foot + 0.004), name=f"roadside{z}")


def river(w: World) -> None:
    """A river winding towards us through a wooded valley."""
    outdoors.heavens(w)
    p, winter = w.p, w.spec.season == "winter"
    outdoors.far_ranges(w, outdoors.Ranges(4, 0.30, "gorge", 0.6, snow=0.7 if winter else 0.2, near_z=12))
    grass = rgb("#e8eff6") if winter else p.grass
    w.add(land.ground_plate(p, w.v0, w.stage.height, grass, w.seed, "bank", 0.55, second=mix(grass, p.forest, 0.6)))
    rocks = land.crest(w.seed, "bankside", w.v0 + 0.03, 0.04, 1.3, 0.1)
    if w.spec.season in ("autumn", "spring"):
        w.add(land.wooded_hill(p, land.Hillside(9, rocks, w.v0 + 0.06, "bankside", 0.05, misty=0.25, second=0.4), w.seed))
    else:
        w.add(
            land.ridge_plate(
                p, land.Ridge(9, rocks, w.v0 + 0.06, p.forest, 0.3, 0.07, 0.4 if winter else 0, 0.3, "bankside"), w.seed
            )
        )
    if w.spec.has("mist"):
        w.add(sky.mist(p, 8, w.v0 + 0.03, 0.05, w.seed, 0.016 * w.fast, 0.75))
    bend = Field(w.seed, "river")

    def shape(x: Array, z: Array) -> Array:
        z0 = z[:, 0]
        centre = (0.9 * bend.line(z0, 0.22, 2) * smoothstep(0.9, 3.0, z0))[:, None]
        return np.asarray(np.clip((0.50 + 0.05 * z - np.abs(x - centre)) * 14, 0, 1) * (z < 9))

    w.add(Water(p, w.seed, w.stage.foot(9), w.rough(0.25), w.fast_water * 1.6, shape=shape, clarity=0.15))
    outdoors.meadow_front(w, sparse=True)


def waterfall(w: World) -> None:
    """A fall between wooded cliffs into a pool."""
    outdoors.heavens(w)
    p = w.p
    outdoors.far_ranges(w, outdoors.Ranges(2, 0.26, "head", 0.5, near_z=16))
    u = w.side * w.aspect * 0.06
    cliff = rgb("#6d6a66")
    left = _cliff_line(w, u - 0.10, -1)
    right = _cliff_line(w, u + 0.10, 1)
    back = land.crest(w.seed, "lip", w.v0 - 0.26, 0.02, 1.6, 0.2)
    w.add(land.ridge_plate(p, land.Ridge(8.5, back, w.v0 + 0.12, mix(cliff, p.forest, 0.4), 1.3, 0.05, 0, 0.15, "lip"), w.seed))
    w.add(Falls(8.0, u, w.v0 - 0.27, w.stage.foot(8.0), 0.085, p, w.seed, w.spec.wind))
    for line, name in ((left, "cliff-l"), (right, "cliff-r")):
        w.add(
            land.ridge_plate(
                p, land.Ridge(7.0, line, w.v0 + 0.10, mix(cliff, p.forest, 0.55), 1.3, 0.055, 0, 0.12, name), w.seed
            )
        )
    w.add(Water(p, w.seed, w.stage.foot(8.0), w.rough(0.3), w.fast_water * 1.3, clarity=0.25))
    w.add(sky.mist(p, 6.5, w.stage.foot(8.0), 0.06, w.seed, 0.02 * w.fast, 0.8))
    outdoors.foreground_tree(w) if w.spec.season != "winter" else outdoors.foreground_firs(w)


def _cliff_line(w: World, edge: float, sign: int) -> land.Profile:
    rough = land.crest(w.seed, f"cliff{sign}", w.v0 - 0.32, 0.06, 1.5, 0.4)

    def line(u: Array) -> Array:
        out = (u - edge) * sign
        return np.asarray(w.v0 + 0.12 + (rough(u) - w.v0 - 0.12) * smoothstep(-0.01, 0.10, out + 0.03 * np.sin(u * 40)))

    return line


def beach(w: World) -> None:
    """Sea and sand, a palm or a pine at the side."""
    outdoors.sea(w)
    p = w.p
    sand = rgb("#ecd6a8")
    shore = Field(w.seed, "shore")

    def paint(sheet: Sheet) -> None:
        u, v = np.meshgrid(sheet.u, sheet.v)
        edge = 0.30 + 0.05 * shore.line(sheet.u, 1.1, 3)[None, :] - 0.06 * u * w.side
        below = v - edge
        ripple = shore.at(u * 14, v * 40, 3)
        picture = p.lit(sand, np.clip(0.66 + 0.2 * ripple * below * 6, 0, 1))
        wet = smoothstep(0.055, 0.0, below)
        picture = mix(picture, p.lit(sand * 0.55, 0.5) * 0.6 + p.sky_at(0.15) * 0.4, wet[..., None] * 0.8)
        foam = np.exp(-(((below + 0.010 * shore.at(u * 20, v * 3, 2)) / 0.007) ** 2))
        picture = mix(picture, p.lit(rgb("#ffffff"), 0.8), np.clip(foam, 0, 1)[..., None] * 0.85)
        sheet.blend(picture, smoothstep(-0.012, 0.004, below))

    w.add(Plate(1.9, paint, (-INF, 0.15, INF, INF), sway=(0.0, 0.1), name="sand"))
    if w.spec.season == "summer":
        w.add(_palm(w))


def _palm(w: World) -> Plate:
    p, side = w.p, -w.side
    tone = trees.tones(p, p.second, 1.5, 0.35)
    u, foot = side * w.aspect * 0.42, 0.52

    def paint(sheet: Sheet) -> None:
        rng = w.rng("palm")
        points = [(u - side * 0.16 * k**1.6, foot - 0.72 * k) for k in np.linspace(0, 1, 16)]
        for i in range(15):
            sheet.line(points[i : i + 2], mix(p.lit(rgb("#6a503c"), 0.3), p.near, 0.45), 0.032 - 0.0009 * i)
        cu, cv_ = points[-1]
        for _ in range(15):
            a, length = rng.uniform(-0.6, math.pi + 0.6), rng.uniform(0.24, 0.36)
            frond = [
                (cu + math.cos(a) * length * k, cv_ - math.sin(a) * length * k * 0.75 + 0.26 * k * k)
                for k in np.linspace(0, 1, 18)
            ]
            colour = vary(tone[int(rng.integers(len(tone)))], rng)
            sheet.line(frond, colour, 0.004)
            for k in range(2, 18):
                fu, fv = frond[k]
                drop = 0.075 * (1 - abs(k - 8) / 14)
                for lean in (-0.4, 0.4):
                    sheet.line([(fu, fv), (fu + lean * drop, fv + drop)], colour, 0.0032)

    return Plate(1.7, paint, (u - 0.7, -0.62, u + 0.7, 0.56), sway=w.sway(0.014, 0.25), foot=foot, name="palm")


def open_sky(w: World) -> None:
    """Sky above all, a low silhouette or a sea of clouds beneath it."""
    outdoors.heavens(w)
    p = w.p
    if w.spec.has("seaofclouds"):
        for i, (z, level) in enumerate(((30.0, 0.02), (18.0, 0.08), (10.0, 0.17), (5.0, 0.30))):
            if i == 1:
                peak = land.crest(w.seed, "peak", w.v0 + 0.06, 0.09, 0.9, 0.8)
                w.add(land.ridge_plate(p, land.Ridge(24, peak, w.v0 + 0.12, p.forest, 0.9, 0, 0.4, 0.6, "peak"), w.seed))
            w.add(_cloud_sea(w, z, w.v0 + level, i))
        return
    outdoors.far_ranges(w, outdoors.Ranges(3, 0.13, "low", 0.4, near_z=14))
    w.add(lone_tree(w, w.side * w.aspect * 0.22, 4.2, 0.30)) if w.rng("sky").random() < 0.6 else None
    front = land.crest(w.seed, "dark", w.v0 + 0.20, 0.035, 0.6, 0.1)
    w.add(land.ridge_plate(p, land.Ridge(4.5, front, 1.2, mix(p.forest, p.near, 0.5), 0.3, 0.04, 0, 0.0, "dark"), w.seed))


def _cloud_sea(w: World, z: float, level: float, number: int) -> Plate:
    p = w.p
    line = land.crest(w.seed, f"cloudsea{number}", level, 0.022 + 0.008 * number, 1.5 - 0.2 * number, 0.0, 5)

    def paint(sheet: Sheet) -> None:
        u, v = np.meshgrid(sheet.u, sheet.v)
        noise = Field(w.seed, "cloudsea", number)
        puff = noise.at(u * (9 - number), v * (16 - 2 * number), 5, 0.6)
        below = v - line(sheet.u)[None, :] + puff * 0.026
        light = np.clip(0.92 - below * 9 + puff * 0.8, 0, 1)
        near_light = np.exp(-np.abs(u - p.light.side) / 0.5)[..., None] * p.light.strength * 0.4
        colour = mix(p.cloud_shade, p.cloud_lit, light[..., None])
        colour = p.air(1 - (1 - colour) * (1 - p.light.glow * near_light), z * 0.22)
        sheet.blend(colour, smoothstep(-0.004, 0.02, below))

    return Plate(
        z, paint, (-INF, level - 0.12, INF, INF), drift=(0.012 * w.fast / math.sqrt(z), 0), coarse=1.8, name=f"cloudsea{number}"
    )
