"""Recipes for landscapes: what stands where, from the sky to one's feet."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vidgen.engines.previz import land, sky, trees
from vidgen.engines.previz.colour import mix, rgb, smoothstep
from vidgen.engines.previz.layers import Plate
from vidgen.engines.previz.noise import Field, cells
from vidgen.engines.previz.sheet import Sheet
from vidgen.engines.previz.water import Water
from vidgen.engines.previz.world import World

INF = math.inf


def heavens(w: World, cumulus: bool | None = None) -> None:
    """Sky, aurora, clouds and the light's halo."""
    p, spec, v0 = w.p, w.spec, w.v0
    w.add(Plate(INF, sky.sky_painter(p, v0, w.seed), name="sky"))
    if spec.has("aurora"):
        w.add(sky.Aurora(w.seed, v0, speed=w.fast))
    rng, drift = w.rng("clouds"), 0.006 * w.fast * float(w.rng("wind").choice([-1, 1]))
    heaped = spec.time in ("noon", "morning") and not spec.has("rain", "snow") if cumulus is None else cumulus
    if spec.time in ("overcast", "storm") or spec.has("rain", "snow"):
        w.add(sky.cloud_deck(p, v0, w.seed, 0.95, drift * 1.5), sky.cloud_deck(p, v0, w.seed + 1, 0.5, drift * 2.4, "deck2"))
    elif not spec.has("clear"):
        many = spec.has("clouds")
        w.add(sky.cirrus(p, v0, w.seed, drift * 0.6, 0.55 if spec.time != "night" else 0.3))
        if heaped:
            w.add(sky.cumulus(p, v0, w.seed, int(rng.integers(3, 6)), drift))
        else:
            w.add(sky.cloud_deck(p, v0, w.seed, 0.55 if many else rng.uniform(0.22, 0.42), drift))
    if spec.has("lightning"):
        w.add(sky.Lightning(w.seed, v0, 0.5))
    w.add(sky.halo(p, v0))


@dataclass(frozen=True)
class Ranges:
    """Ranges one behind the other: how many, and how high the tallest rises over the horizon (``top``, frame heights).

    ``sharp`` 0 rolling to 1 alpine, ``snow`` 0-1, ``near_z`` the distance of the nearest; ``misty`` and ``skirt`` as of a
    ``land.Ridge``."""

    count: int
    top: float
    name: str = "range"
    sharp: float = 0.55
    snow: float = 0.0
    near_z: float = 9.0
    firs: bool = True
    misty: float = 0.55
    skirt: float = 0.0


def far_ranges(w: World, ranges: Ranges) -> None:
    """Ranges from the far haze towards the front, with mist between them where the words say so."""
    rng = w.rng(ranges.name)
    for number in range(ranges.count):
        share = number / max(ranges.count - 1, 1)
        height = ranges.top * (0.55 - 0.30 * share) * float(rng.uniform(0.85, 1.15))
        if w.spec.has("fuji"):
            height *= 0.45  # the others step back
        level = w.v0 - ranges.top * (0.62 - 0.60 * share)
        frequency = 0.8 + 0.55 * share + rng.uniform(0, 0.3)
        line = land.crest(w.seed, f"{ranges.name}{number}", level, height, frequency, ranges.sharp * (1 - 0.55 * share))
        ridge = _range(w, ranges, number, line)
        w.add(land.ridge_plate(w.p, ridge, w.seed))
        if w.spec.has("mist") and number < ranges.count - 1:
            drift = 0.012 * w.fast * (-1) ** number
            w.add(sky.mist(w.p, ridge.z * 0.9, level + height, 0.05 + 0.03 * share, w.seed, drift, 0.75))


def _range(w: World, ranges: Ranges, number: int, line: land.Profile) -> land.Ridge:
    """One of them, counted from the farthest; that one is Mount Fuji where the words name it."""
    share, fuji = number / max(ranges.count - 1, 1), w.spec.has("fuji") and number == 0
    snow = ranges.snow if number < ranges.count - 1 or w.spec.season == "winter" else ranges.snow * 0.4
    return land.Ridge(
        z=float(np.interp(share, [0, 0.5, 1], [42, 20, ranges.near_z])),
        crest=land.cone(line, w.side * w.aspect * 0.14, w.v0 - 0.37, 0.70, w.v0 + 0.02) if fuji else line,
        foot=w.v0 + 0.02 + 0.05 * share + 0.06,
        colour=mix(w.p.forest, rgb("#6d7488"), 0.75 - 0.6 * share),
        rugged=0.9 - 0.45 * share,
        firs=0.020 + 0.028 * share if ranges.firs and share > 0.45 else 0.0,
        snow=max(snow, 0.75) if fuji else snow,
        misty=ranges.misty,
        name=f"{ranges.name}{number}",
        skirt=ranges.skirt,
    )


def mountains(w: World) -> None:
    """Ranges behind ranges, a wooded hillside, and something near to look past."""
    heavens(w)
    rng, winter = w.rng("mountains"), w.spec.season == "winter"
    top = float(rng.uniform(0.36, 0.48))
    far_ranges(
        w,
        Ranges(
            4,
            top,
            skirt=0.2,
            sharp=float(rng.uniform(0.6, 0.95)),
            snow=0.9 if winter else (0.25 if rng.random() < 0.5 else 0.0),
        ),
    )
    hill = land.crest(w.seed, "hill", w.v0 + 0.12, 0.07, 0.9, 0.15)
    if w.spec.season in ("autumn", "spring") or w.spec.has("maple", "sakura"):
        w.add(land.wooded_hill(w.p, land.Hillside(5.5, hill, 0.75, "hill", 0.042, second=0.45), w.seed))
    else:
        w.add(
            land.ridge_plate(
                w.p, land.Ridge(5.5, hill, 0.75, w.p.forest, 0.5, 0.085, 0.5 if winter else 0.0, 0.3, "hill"), w.seed
            )
        )
    if w.spec.has("mist"):
        w.add(sky.mist(w.p, 4.5, w.v0 + 0.16, 0.07, w.seed, 0.018 * w.fast, 0.8))
    foreground_firs(w) if winter or w.spec.season == "summer" else foreground_tree(w)


def foreground_firs(w: World, z: float = 2.2, tall: float = 0.5) -> None:
    """Dark firs at the sides of the picture."""
    p = w.p
    dark = mix(p.lit(p.forest * 0.4, 0.1), p.near, 0.65)
    light = mix(p.lit(p.forest * 0.6, 0.35), p.near, 0.45)
    snowy = w.spec.season == "winter"
    ground = land.crest(w.seed, "front", 0.40, 0.05, 0.7, 0.1, 4)

    def paint(sheet: Sheet) -> None:
        left, _, right, _ = sheet.box
        top = ground(sheet.u)[None, :]
        soil = p.lit(rgb("#e9f0f8"), 0.5) if snowy else mix(p.lit(p.grass * 0.5, 0.2), p.near, 0.5)
        shade = np.clip((sheet.v[:, None] - top) * 2.2, 0, 1)[..., None]
        for at, rng in cells(w.seed, "front-firs", left - 0.2, right + 0.2, 0.085):
            u = at + rng.uniform(0, 0.05)
            edge = abs(u) / (w.aspect * 0.5)
            height = tall * float(np.clip((edge - 0.25) * 1.3, 0.10, 1.0)) * rng.uniform(0.6, 1.1)
            tone = [dark, mix(light, p.lit(rgb("#f2f6fc"), 0.7), 0.5) if snowy else light]
            trees.conifer(sheet, u, float(ground(np.array([u]))[0]) + 0.03, height, tone, rng, math.copysign(1, p.light.side))
        sheet.blend(mix(soil, p.near, shade * 0.5), np.clip((sheet.v[:, None] - top) * sheet.density + 0.5, 0, 1))

    w.add(Plate(z, paint, (-INF, -0.45, INF, INF), sway=w.sway(0.0012, 0.24), foot=0.45, name="front-firs"))


def foreground_tree(w: World, z: float = 1.9) -> None:
    """A branch of the season hanging in from the side of the light, out of focus."""
    p = w.p
    colours = p.canopy if w.spec.season != "winter" else p.second
    tone = trees.tones(p, colours, 1.2, dark=0.12)
    bark = mix(p.lit(rgb("#4a3a33"), 0.2), p.near, 0.55)
    side = -w.side

    def paint(sheet: Sheet) -> None:
        rng = w.rng("branch")
        reach = -side * min(0.62, w.aspect * 0.36)
        trees.hanging_branch(
            sheet, side * (w.aspect * 0.5 + 0.06), -0.47, reach, tone, bark, math.copysign(1, p.light.side), rng
        )
        if w.aspect > 1.2:
            trees.hanging_branch(
                sheet,
                -side * (w.aspect * 0.5 + 0.10),
                -0.52,
                -reach * 0.62,
                tone,
                bark,
                math.copysign(1, p.light.side),
                rng,
                0.9,
            )

    bounds = (-w.aspect * 0.5 - 0.9, -0.95, w.aspect * 0.5 + 0.9, 0.25)
    w.add(Plate(z, paint, bounds, blur=0.0011, racked_blur=0.009, sway=w.sway(0.010, 0.22), foot=-0.6, name="branch"))


def sea(w: World) -> None:
    """Open water to the horizon, islands, perhaps a boat."""
    heavens(w)
    rng = w.rng("sea")
    if rng.random() < 0.75:
        isle = land.crest(w.seed, "isle", w.v0 + 0.012, 0.045, 1.1, 0.25)
        w.add(land.ridge_plate(w.p, land.Ridge(34, isle, w.v0 + 0.03, w.p.far * 0.9, 0.5, 0, 0, 0.7, "isle"), w.seed))
    if w.spec.has("mist"):
        w.add(sky.mist(w.p, 30, w.v0, 0.035, w.seed, 0.01 * w.fast, 0.8))
    boats = fleet(w, 9.0) if w.spec.has("boat") or rng.random() < 0.35 else []
    rough = min(1.4, 0.28 + 0.20 * w.spec.wind + (0.4 if w.spec.time == "storm" else 0))
    w.add(Water(w.p, w.seed, w.v0, w.rough(rough), w.fast_water, near=boats, z=30))
    w.add(*boats)


def fleet(w: World, z: float) -> list[Plate]:
    """As many boats as the words say, none where they say so; the others stand beside the first and a little farther."""
    first = w.side * w.aspect * float(w.rng("boat").uniform(0.12, 0.26))
    count = 0 if w.lacks("boat") else w.spec.counts.get("boat", 1)
    step = -w.side * min(0.26, 0.72 * w.aspect / max(count, 1))
    return [boat_plate(w, z * (1 + 0.12 * (n * 2 % 5)), first + n * step, n) for n in range(count)]


def boat_plate(w: World, z: float, at: float, number: int = 0) -> Plate:
    """A small sailing boat, dark against the water, its lamp lit in the dark."""
    p = w.p
    foot, size = w.stage.foot(z), 0.075
    hull, sail = mix(p.air(p.lit(rgb("#4b3a36"), 0.2), z), p.near, 0.35), p.air(p.lit(rgb("#efe6d6"), 0.8), z)

    def paint(sheet: Sheet) -> None:
        s = size
        sheet.line([(at, foot - s * 0.2), (at, foot - s * 1.75)], hull, s * 0.035)
        sheet.poly([(at + s * 0.04, foot - s * 1.7), (at + s * 0.62, foot - s * 0.32), (at + s * 0.04, foot - s * 0.34)], sail)
        sheet.poly(
            [(at - s * 0.05, foot - s * 1.55), (at - s * 0.42, foot - s * 0.34), (at - s * 0.05, foot - s * 0.34)],
            mix(sail, hull, 0.35),
        )
        sheet.poly(
            [(at - s * 0.62, foot - s * 0.26), (at + s * 0.72, foot - s * 0.26), (at + s * 0.50, foot), (at - s * 0.44, foot)],
            hull,
        )
        if p.lamps > 0.4:
            sheet.dot(at - s * 0.3, foot - s * 0.33, s * 0.05, rgb("#ffd58a"))

    bounds = (at - size * 1.2, foot - size * 2, at + size * 1.2, foot + size * 0.05)
    return Plate(
        z,
        paint,
        bounds,
        sway=w.sway(0.03, 0.16),
        foot=foot,
        mirror=foot,
        drift=(0.002 * w.spec.wind, 0),
        name=f"boat{number or ''}",
    )


def lake(w: World) -> None:
    """Mountains in still water, firs on the banks."""
    heavens(w)
    rng, winter = w.rng("lake"), w.spec.season == "winter"
    far_ranges(
        w,
        Ranges(
            4, float(rng.uniform(0.34, 0.44)), sharp=0.8, snow=0.8 if winter else 0.3 * float(rng.random() < 0.6), near_z=11
        ),
    )
    shore = land.crest(w.seed, "shore", w.v0 + 0.002, 0.018, 1.6, 0.1)
    if w.spec.season in ("autumn", "spring"):
        w.add(land.wooded_hill(w.p, land.Hillside(9.5, shore, w.v0 + 0.05, "shore", 0.03, second=0.5, misty=0.25), w.seed))
    else:
        w.add(
            land.ridge_plate(
                w.p, land.Ridge(9.5, shore, w.v0 + 0.05, w.p.forest, 0.3, 0.06, 0.3 if winter else 0, 0.3, "shore"), w.seed
            )
        )
    if w.spec.has("mist"):
        w.add(sky.mist(w.p, 9, w.v0 + 0.0, 0.045, w.seed, 0.016 * w.fast, 0.85))
    near = fleet(w, 6.0) if w.spec.has("boat") else []
    w.add(Water(w.p, w.seed, w.stage.foot(9.5), w.rough(0.10 + 0.06 * w.spec.wind), w.fast_water, near=near, z=8, clarity=0.12))
    w.add(*near)
    if w.spec.has("mist"):
        w.add(sky.mist(w.p, 3.5, w.v0 + 0.12, 0.05, w.seed + 3, 0.022 * w.fast, 0.5))
    reeds(w) if w.spec.season != "autumn" else foreground_tree(w)


def reeds(w: World, z: float = 1.6) -> None:
    """Reeds in the lower corners."""
    p = w.p
    tone = [mix(p.lit(p.grass * k, 0.25), p.near, 0.55) for k in (0.5, 0.7, 0.95)]

    def paint(sheet: Sheet) -> None:
        rng = w.rng("reeds")
        half = w.aspect * 0.5
        for centre, count, height in ((-half * 0.86, 95, 0.30), (half * 0.9, 75, 0.24), (-half * 0.55, 30, 0.16)):
            for _ in range(count):
                u = centre * w.side * -1 + rng.normal(0, 0.10)
                trees.grass(sheet, u, u + 0.01, 0.58, height * rng.uniform(0.6, 1.15), tone, rng, 1)

    w.add(
        Plate(
            z,
            paint,
            (-INF, 0.0, INF, 0.62),
            blur=0.0012,
            racked_blur=0.010,
            sway=w.sway(0.012, 0.28),
            foot=0.58,
            name="reeds",
        )
    )


def meadow_front(w: World, sparse: bool = False) -> None:
    """Grass and flowers close to the lens."""
    p = w.p
    tone = [
        mix(p.lit((rgb("#dfe7ee") if w.spec.season == "winter" else p.grass) * k, 0.15 + 0.5 * k), p.near, 0.28)
        for k in (0.55, 0.8, 1.0)
    ]
    flowers = p.flowers if w.spec.season != "winter" else ()
    lit = [p.lit(colour, 0.75) for colour in flowers]

    def paint(sheet: Sheet) -> None:
        left, _, right, _ = sheet.box
        for at, rng in cells(w.seed, "front-grass", left, right, 0.05):
            edge = min(1.0, abs(at) / (w.aspect * 0.5)) ** 2
            if sparse and edge < 0.45:
                continue
            trees.grass(
                sheet, at, at + 0.05, 0.60, 0.13 + 0.16 * edge * rng.random(), tone, rng, 9, lit if rng.random() < 0.5 else ()
            )

    w.add(
        Plate(
            1.7,
            paint,
            (-INF, 0.1, INF, 0.64),
            blur=0.0008,
            racked_blur=0.009,
            sway=w.sway(0.010, 0.27),
            foot=0.62,
            name="front-grass",
        )
    )


def cloud_shadows(w: World) -> Plate | None:
    """Soft shadows of clouds that run over the land; none where there is no sun to cast them."""
    if w.p.light.strength < 0.4 or w.spec.time in ("night", "overcast", "storm") or w.spec.has("rain", "snow"):
        return None
    p = w.p

    def paint(sheet: Sheet) -> None:
        u, v = np.meshgrid(sheet.u, sheet.v)
        down = np.maximum(v - w.v0, 0.0) + 0.09
        body = Field(w.seed, "shadows").at(u * 0.42 / down, 0.42 / down, 3)
        share = smoothstep(0.0, 0.42, body) * smoothstep(w.v0 - 0.01, w.v0 + 0.06, v)
        sheet.blend(mix(p.near, p.lit(p.forest, 0.1), 0.4), share * 0.30)

    return Plate(3.2, paint, (-INF, w.v0 - 0.01, INF, INF), coarse=4, drift=(0.035 * w.fast, 0), name="shadows")
