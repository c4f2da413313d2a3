"""Recipes with Japanese buildings: temple, shrine gate, old town."""

from __future__ import annotations

import math

import numpy as np

from vidgen.engines.previz import land, outdoors, roofs, sky, trees
from vidgen.engines.previz.colour import mix, rgb, smoothstep
from vidgen.engines.previz.layers import Ground, Layer, Plate
from vidgen.engines.previz.noise import Field, cells
from vidgen.engines.previz.roofs import Timber
from vidgen.engines.previz.sheet import Sheet
from vidgen.engines.previz.water import Water
from vidgen.engines.previz.world import World

INF = math.inf


def timber(w: World, z: float, dark: float = 0.0) -> Timber:
    """Building colours of this world at a distance."""
    return Timber.under(w.p, z, w.spec.season == "winter", dark)


def side_of_light(w: World) -> float:
    """+1 where the light comes from the right."""
    return math.copysign(1, w.p.light.side)


def wooded(w: World, near: float = 6.5, low: float = 0.02) -> None:
    """Two far ranges and a hillside of the season's trees."""
    outdoors.far_ranges(w, outdoors.Ranges(3, 0.22, "back", 0.25, near_z=14, firs=False, misty=0.6))
    hill = land.crest(w.seed, "wood", w.v0 - 0.075, 0.07, 0.8, 0.1)
    colours = "canopy" if w.spec.season in ("autumn", "spring") or w.spec.has("maple", "sakura") else "second"
    w.add(land.wooded_hill(w.p, land.Hillside(near + 3, hill, w.v0 + 0.08, "wood", 0.042, colours, 0.40, second=0.35), w.seed))
    if w.spec.has("mist"):
        w.add(sky.mist(w.p, near + 2, w.v0 - 0.03, 0.055, w.seed, 0.014 * w.fast, 0.85))
    shoulder = land.crest(w.seed, "shoulder", w.v0 + low, 0.035, 1.2, 0.1)
    w.add(
        land.wooded_hill(w.p, land.Hillside(near, shoulder, w.v0 + 0.10, "shoulder", 0.065, colours, 0.22, second=0.45), w.seed)
    )


def trees_beside(w: World, z: float, places: tuple[tuple[float, float], ...], name: str) -> Plate:
    """Single trees of the season at (u, height) on the ground at distance ``z``."""
    p, foot = w.p, w.stage.foot(z)
    tone = trees.tones(p, p.canopy if w.spec.season != "summer" else p.second, z)
    bark = p.air(p.lit(rgb("#54423a"), 0.25), z)

    def paint(sheet: Sheet) -> None:
        for number, (u, height) in enumerate(places):
            rng = w.rng(name, number)
            trees.crown_tree(sheet, u, foot + 0.004, height, tone, bark, side_of_light(w), rng)

    reach = max(height for _, height in places)
    bounds = (min(u for u, _ in places) - reach, foot - reach * 1.35, max(u for u, _ in places) + reach, foot + 0.01)
    return Plate(z, paint, bounds, sway=w.sway(0.005, 0.21), foot=foot, name=name)


def temple(w: World) -> None:
    """A hall at the end of a court, trees around it, a branch in front."""
    outdoors.heavens(w, cumulus=False)
    wooded(w)
    z, rng = 4.6, w.rng("temple")
    foot, size = w.stage.foot(z), float(min(0.30, w.aspect * 0.30))
    u = w.side * w.aspect * float(rng.uniform(0.02, 0.10))
    court = rgb("#cfc4ae") if w.spec.season != "winter" else rgb("#e9eff6")
    w.add(
        land.ground_plate(
            w.p, w.v0, w.stage.height, mix(court, w.p.grass, 0.25), w.seed, "court", 0.35, second=mix(w.p.grass, court, 0.25)
        )
    )
    if w.spec.has("pagoda") or rng.random() < 0.5:
        far = 8.0
        tower = timber(w, far)
        at = -w.side * w.aspect * 0.27
        w.add(
            Plate(
                far,
                lambda sheet: roofs.pagoda(sheet, at, w.stage.foot(far) - 0.01, 0.40, tower, side_of_light(w)),
                (at - 0.13, w.stage.foot(far) - 0.46, at + 0.13, w.stage.foot(far)),
                name="pagoda",
            )
        )
    w.add(
        trees_beside(
            w, 5.6, ((u - size * 1.75, 0.30), (u + size * 1.85, 0.34), (u + size * 2.9, 0.26), (u - size * 2.8, 0.30)), "behind"
        )
    )
    tone = timber(w, z)
    w.add(
        Plate(
            z,
            lambda sheet: roofs.hall(sheet, u, foot, size, tone, side_of_light(w), w.rng("hall")),
            (u - size * 1.25, foot - size * 1.1, u + size * 1.25, foot + 0.004),
            name="hall",
        )
    )
    w.add(path_plate(w, u, foot))
    if w.spec.has("mist"):
        w.add(sky.mist(w.p, 4.0, foot + 0.01, 0.045, w.seed + 5, 0.02 * w.fast, 0.7))
    half = w.aspect * 0.5
    w.add(trees_beside(w, 2.9, ((-half * 1.04, 0.74), (half * 1.10, 0.62)), "beside"))
    w.add(stone_lanterns(w, u))
    outdoors.foreground_tree(w, 1.7)


def path_plate(w: World, u: float, foot: float) -> Layer:
    """A flagged path that leads to the steps."""
    p, v0, h = w.p, w.v0, w.stage.height
    z_far = h / (foot - v0)

    def paint(sheet: Sheet) -> None:
        stone, joint = p.lit(rgb("#b9b4a6"), 0.62), p.lit(rgb("#8f8a7c"), 0.4)
        rng, z = w.rng("flags"), z_far * 0.985
        while z > 0.45:
            deep = 0.16 * rng.uniform(0.8, 1.3)
            x = -0.36
            while x < 0.36:
                wide = min(rng.uniform(0.13, 0.24), 0.36 - x + 0.02)
                corners = [
                    (x + 0.008, z),
                    (x + wide - 0.008, z),
                    (x + wide - 0.008, z - deep + 0.012),
                    (x + 0.008, z - deep + 0.012),
                ]
                shift = u * z_far
                tone = mix(stone, joint, rng.uniform(0, 0.45))
                sheet.poly([((cx + shift * 1.0) / max(cz, 0.2), v0 + h / max(cz, 0.2)) for cx, cz in corners], p.air(tone, z))
                x += wide
            z -= deep
        sheet.tint(p.near, (smoothstep(0.30, 0.62, sheet.v) * 0.25)[:, None])

    return Ground(0.9, paint, name="path")


def stone_lanterns(w: World, centre: float) -> Plate:
    """Stone lanterns along the path, lit in the evening."""

    def paint(sheet: Sheet) -> None:
        for z in (3.9, 3.0):
            for sign in (-1, 1):
                u, foot = (centre * 4.6 + sign * 0.62) / z, w.v0 + w.stage.height / z
                roofs.stone_lantern(sheet, u, foot, 0.34 / z, timber(w, z), side_of_light(w), w.p.lamps)

    return Plate(3.3, paint, (-INF, w.v0 - 0.1, INF, 0.5), name="lanterns")


def torii(w: World) -> None:
    """A vermilion gate before a wooded hill, in water where water is named."""
    outdoors.heavens(w, cumulus=False)
    wooded(w, near=8.0, low=0.0)
    rng, z = w.rng("torii"), 4.2
    size = float(min(0.52, w.aspect * 0.55))
    u, foot = w.side * w.aspect * float(rng.uniform(0.03, 0.12)), w.stage.foot(z)
    t = timber(w, z)
    wet = w.spec.has("lake", "sea", "river", "beach", "harbour")
    gate = Plate(
        z,
        lambda sheet: roofs.torii(sheet, u, foot, size, t, side_of_light(w)),
        (u - size * 0.82, foot - size * 1.12, u + size * 0.82, foot),
        mirror=foot,
        name="gate",
    )
    if wet:
        w.add(
            Water(w.p, w.seed, w.stage.foot(8.0), w.rough(0.14 + 0.06 * w.spec.wind), w.fast_water, near=[gate], clarity=0.15)
        )
    else:
        w.add(
            land.ground_plate(
                w.p, w.v0, w.stage.height, mix(w.p.grass, rgb("#9a8f7a"), 0.35), w.seed, "court", 0.5, second=w.p.forest
            )
        )
        w.add(path_plate(w, u, w.stage.foot(6.5)))
        w.add(trees_beside(w, 5.2, ((u - size * 1.2, 0.46), (u + size * 1.25, 0.40)), "behind"))
    w.add(gate)
    if w.spec.has("mist"):
        w.add(sky.mist(w.p, 3.6, foot - 0.01, 0.05, w.seed + 5, 0.02 * w.fast, 0.65))
    outdoors.foreground_tree(w, 1.7)


def oldtown(w: World) -> None:
    """Tiled roofs in rows under a pagoda and hills, lanterns in the street."""
    outdoors.heavens(w, cumulus=False)
    wooded(w, near=13.0, low=0.01)
    rng = w.rng("oldtown")
    at = w.side * w.aspect * float(rng.uniform(0.14, 0.24))
    tower, far = timber(w, 9.0, 0.08), w.v0 + 0.055
    w.add(
        Plate(
            9.0,
            lambda sheet: roofs.pagoda(sheet, at, far, 0.46, tower, side_of_light(w)),
            (at - 0.14, far - 0.53, at + 0.14, far),
            name="pagoda",
        )
    )
    for z, drop, size in (
        (8.0, 0.045, 0.050),
        (6.2, 0.100, 0.068),
        (4.8, 0.170, 0.095),
        (3.6, 0.265, 0.135),
        (2.7, 0.400, 0.190),
    ):
        w.add(houses_row(w, z, w.v0 + drop, size))
        if w.p.lamps > 0.4:
            w.add(street_glow(w, z * 0.98, w.v0 + drop + size * 0.1, size))
        if w.spec.has("mist") and z > 4:
            w.add(sky.mist(w.p, z - 0.2, w.v0 + drop - 0.02, 0.035, w.seed + int(z), 0.015 * w.fast, 0.5))
    if w.p.lamps > 0.3 or w.spec.has("lanterns"):
        w.add(lantern_string(w))
    outdoors.foreground_tree(w, 1.8)


def houses_row(w: World, z: float, foot: float, size: float) -> Plate:
    """A row of town houses side by side."""
    t, p = timber(w, z), w.p
    tone = trees.tones(p, p.canopy if w.spec.season in ("autumn", "spring") else p.second, z)

    def paint(sheet: Sheet) -> None:
        left, _, right, bottom = sheet.box
        for at, rng in cells(w.seed, f"row{z}", left - size * 2, right + size * 2, size * 2.15):
            if rng.random() < 0.16 and not p.bare:
                trees.crown_tree(sheet, at + size, foot, size * 2.6, tone, t.wood, side_of_light(w), rng, 0.6)
            else:
                roofs.town_house(
                    sheet,
                    at + size + rng.uniform(-0.1, 0.1) * size,
                    foot + size * rng.uniform(-0.08, 0.10),
                    size * rng.uniform(0.86, 1.08),
                    t,
                    side_of_light(w),
                    rng,
                )
        street = mix(p.air(p.lit(rgb("#5d564e"), 0.3), z), t.dark, 0.3)
        sheet.blend(street, np.clip((sheet.v[:, None] - foot) * sheet.density + 0.5, 0, 1) * np.ones((1, sheet.width)))
        sheet.tint(p.haze, (smoothstep(foot - size, foot + size * 0.6, sheet.v) * 0.22)[:, None])

    return Plate(z, paint, (-INF, foot - size * 2.6, INF, foot + size * 2.2), name=f"row{z}")


def street_glow(w: World, z: float, centre: float, size: float) -> Plate:
    """Warm light that rises from a street at night."""

    def paint(sheet: Sheet) -> None:
        pools = smoothstep(-0.25, 0.5, Field(w.seed, "pools", z).line(sheet.u, 2.2, 2))[None, :]
        rise = (
            np.exp(-np.maximum(centre - sheet.v, 0) / (size * 0.75))[:, None]
            * smoothstep(centre + size, centre, sheet.v)[:, None]
        )
        sheet.blend(rgb("#ff9d4a"), pools * rise * 0.42 * w.p.lamps)

    return Plate(z, paint, (-INF, centre - size * 3, INF, centre + size), glow=True, coarse=3, name=f"glow{z}")


def lantern_string(w: World) -> Plate:
    """Lanterns on a cord across the upper part of the picture."""
    p, lit = w.p, max(w.p.lamps, 0.25)

    def paint(sheet: Sheet) -> None:
        half = w.aspect * 0.5
        for sign in (-1, 1):
            ends = np.linspace(0, 1, 30)
            cord = np.column_stack(
                [sign * (half + 0.15 - ends * half * 0.95), -0.36 + 0.16 * ends - 0.22 * ends**2 + 0.10 * sign * ends]
            )
            sheet.line(cord, p.near, 0.003)
            for k in (4, 9, 14, 19, 24):
                roofs.lantern(sheet, float(cord[k, 0]), float(cord[k, 1]) + 0.058, 0.052, lit, p)

    return Plate(
        2.1,
        paint,
        (-w.aspect * 0.5 - 0.3, -0.5, w.aspect * 0.5 + 0.3, 0.0),
        sway=w.sway(0.008, 0.3),
        foot=-0.4,
        racked_blur=0.008,
        name="lantern-string",
    )
