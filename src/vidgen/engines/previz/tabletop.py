"""A recipe for products: an object turned on a lathe, on a lit table before a soft backdrop."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vidgen.engines.previz import trees
from vidgen.engines.previz.colour import mix, rgb, smoothstep
from vidgen.engines.previz.layers import Ground, Plate
from vidgen.engines.previz.noise import Array, Field
from vidgen.engines.previz.particles import Motes
from vidgen.engines.previz.sheet import Sheet
from vidgen.engines.previz.world import World

INF = math.inf


@dataclass(frozen=True)
class Turned:
    """An object of revolution: (height, radius) pairs from foot to top as shares of its height, its stuff and colours."""

    outline: Sequence[tuple[float, float]]
    stuff: str
    colour: str
    height: float
    cap: float = 2.0
    cap_colour: str = "#2b2724"
    filled: float = 0.0
    label: tuple[float, float] | None = None
    handle: bool = False
    open_top: bool = False


_THINGS: dict[str, Turned] = {
    "bottle": Turned(
        (
            (0, 0.145),
            (0.015, 0.16),
            (0.52, 0.16),
            (0.62, 0.145),
            (0.70, 0.085),
            (0.76, 0.058),
            (0.90, 0.055),
            (0.905, 0.066),
            (1.0, 0.064),
        ),
        "glass",
        "#7fb3a6",
        0.62,
        0.90,
        "#c79a55",
        0.60,
        (0.16, 0.40),
    ),
    "jar": Turned(
        ((0, 0.36), (0.03, 0.40), (0.66, 0.40), (0.70, 0.37), (0.72, 0.41), (1.0, 0.40)),
        "ceramic",
        "#efe6da",
        0.26,
        0.71,
        "#c8a15e",
        0,
        (0.2, 0.52),
    ),
    "can": Turned(
        ((0, 0.20), (0.04, 0.235), (0.90, 0.235), (0.96, 0.20), (1.0, 0.20)),
        "metal",
        "#c9433a",
        0.40,
        2,
        "#ffffff",
        0,
        (0.25, 0.62),
    ),
    "vase": Turned(
        ((0, 0.15), (0.10, 0.23), (0.34, 0.30), (0.58, 0.25), (0.78, 0.13), (0.90, 0.11), (1.0, 0.15)),
        "ceramic",
        "#6f8fa8",
        0.46,
        open_top=True,
    ),
    "cup": Turned(
        ((0, 0.27), (0.05, 0.31), (0.35, 0.43), (0.7, 0.49), (1.0, 0.51)),
        "ceramic",
        "#f1ece2",
        0.21,
        open_top=True,
        handle=True,
    ),
}


def tabletop(w: World) -> None:
    """Backdrop, table, shadow, object with its reflection, highlights that slide as the camera moves, something near."""
    w.bloom = 0.65
    named = [name for name in ("bottle", "jar", "can", "vase", "cup", "box") if w.spec.has(name)] or ["bottle"]
    kinds = [name for name in named for _ in range(w.spec.counts.get(name, 1))]
    side, rng = -w.side, w.rng("table")
    w.add(Plate(9.0, _backdrop(w), name="backdrop"), _window_light(w))
    w.add(Ground(0.9, _wood(w), (-INF, w.stage.foot(7.5), INF, INF), name="table"))
    spots = [(0.02 * side, 3.2), (-side * min(0.30, w.aspect * 0.2), 2.9), (side * min(0.34, w.aspect * 0.24), 4.2)]
    spots += [
        (side * w.aspect * at, z) for at, z in ((-0.26, 4.6), (0.33, 3.6), (-0.38, 3.8), (0.13, 5.2), (-0.12, 5.0), (0.42, 5.4))
    ]
    for (u, z), kind in sorted(zip(spots, kinds, strict=False), key=lambda spot: -spot[0][1]):
        _stand(w, kind, u, z)
    if kinds == ["bottle"] and not w.spec.counts and rng.random() < 0.5:
        _stand(w, "cup", spots[1][0] * 1.15, 3.9)
    w.add(Motes(w.seed, [w.p.light.colour, rgb("#ffe9c0")], 26, w.spec.wind * 0.5), _sprig(w))


def _tone(w: World) -> tuple[Array, Array]:
    """Backdrop colours: lit and in shade."""
    pairs = (("#e9dcc8", "#a89078"), ("#d5dcd6", "#8a9a92"), ("#e6cfc4", "#a07e74"), ("#cfd6dd", "#7f8c9a"))
    lit, shade = pairs[int(w.rng("tone").integers(len(pairs)))]
    if w.p.time in ("night", "blue_hour", "storm"):
        return mix(rgb(lit), rgb("#20304d"), 0.72), mix(rgb(shade), rgb("#0a1020"), 0.8)
    warm = {"golden": "#ffb566", "dusk": "#ff8f6b", "dawn": "#ffb9a0"}.get(w.p.time)
    return (mix(rgb(lit), rgb(warm), 0.35), mix(rgb(shade), rgb(warm) * 0.5, 0.35)) if warm else (rgb(lit), rgb(shade))


def _backdrop(w: World) -> Callable[[Sheet], None]:
    lit, shade = _tone(w)
    side = math.copysign(1, w.p.light.side)

    def paint(sheet: Sheet) -> None:
        u, v = np.meshgrid(sheet.u, sheet.v)
        away = np.hypot((u - side * 0.45) / 1.25, (v + 0.22) / 0.85)
        cloud = Field(w.seed, "plaster").at(u * 2.5, v * 2.5, 4) * 0.05
        sheet.blend(mix(lit, shade, np.clip(smoothstep(0.0, 1.15, away) + cloud, 0, 1)[..., None]), 1.0)
        rng = w.rng("blur")
        for _ in range(9):
            cu, cv_, r = rng.uniform(-1.2, 1.2), rng.uniform(-0.45, 0.0), rng.uniform(0.03, 0.09)
            rows, columns = sheet.window((cu - r, cv_ - r, cu + r, cv_ + r))
            d = np.hypot(sheet.u[columns][None, :] - cu, sheet.v[rows][:, None] - cv_) / r
            if d.size:
                sheet.blend(mix(lit, rgb("#fff6e0"), 0.6), smoothstep(1.0, 0.72, d) * rng.uniform(0.06, 0.20), rows, columns)

    return paint


def _window_light(w: World) -> Plate:
    """The light of a window on the wall: four soft panes, aslant."""
    side = math.copysign(1, w.p.light.side)
    strong = 0.10 if w.p.time in ("night", "blue_hour", "storm", "overcast") else 0.42

    def paint(sheet: Sheet) -> None:
        panes = []
        for row in range(3):
            for column in range(2):
                x, y = -0.34 * side + side * 0.30 * column, -0.52 + 0.24 * row + 0.07 * column
                panes.append([(x, y), (x + side * 0.26, y + 0.06), (x + side * 0.21, y + 0.26), (x - side * 0.05, y + 0.20)])
        mask = cv2.GaussianBlur(sheet.mask(panes), (0, 0), max(0.6, 0.018 * sheet.density))
        leaf = Field(w.seed, "leaf-shadow").grid(sheet.u, sheet.v, 6.5, 3)
        sheet.blend(mix(rgb("#fff3d6"), w.p.light.glow, 0.25), mask * strong * (0.72 + 0.28 * smoothstep(-0.2, 0.25, leaf)))

    return Plate(8.9, paint, (-1.2, -0.75, 1.2, 0.25), glow=True, coarse=2, sway=w.sway(0.004, 0.2), name="window")


def _wood(w: World) -> Callable[[Sheet], None]:
    h, v0 = w.stage.height, w.stage.horizon
    lit, _ = _tone(w)
    dark_wood = w.rng("wood").random() < 0.45 or w.p.time in ("night", "blue_hour")
    light, deep = (rgb("#7d5a41"), rgb("#3f2a20")) if dark_wood else (rgb("#c79a6c"), rgb("#8d6242"))
    side = math.copysign(1, w.p.light.side)

    def paint(sheet: Sheet) -> None:
        u, v = np.meshgrid(sheet.u, sheet.v)
        z = h / np.maximum(v - v0, 0.01)
        x = u * z
        noise = Field(w.seed, "grain")
        plank = np.floor(z / 0.62)
        seam = np.abs(z / 0.62 % 1 - 0.5)
        rings = noise.at(x * 0.55 + plank * 7.7, z * 5.5 + plank * 3.1, 3)
        fibre = noise.at(x * 2.2 + plank * 11, z * 60, 3) * np.clip(3.2 / z, 0, 1)
        tone = np.clip(0.5 + 0.42 * np.sin(rings * 9) * 0.55 + 0.35 * fibre + 0.14 * np.sin(plank * 12.9), 0, 1)
        picture = mix(deep, light, tone[..., None])
        picture = picture * (1 - 0.5 * smoothstep(0.492, 0.5, seam))[..., None]
        pool = np.exp(-(((x - side * 0.7) / 2.4) ** 2) - ((z - 3.6) / 2.4) ** 2)
        picture = picture * (0.42 + 0.72 * pool)[..., None]
        sheen = np.exp(-(((u - side * 0.35) / 0.45) ** 2)) * smoothstep(2.0, 6.5, z) * 0.5
        picture = mix(picture, lit, (sheen + 0.10 * smoothstep(3, 7, z))[..., None])
        sheet.blend(picture, smoothstep(v0 + h / 7.4, v0 + h / 7.4 + 0.006, v))

    return paint


def _stand(w: World, kind: str, u: float, z: float) -> None:
    """Shadow, reflection, object and its highlights."""
    foot, side = w.stage.foot(z), math.copysign(1, w.p.light.side)
    scale = 3.2 / z
    thing = _THINGS.get(kind)
    height = (thing.height if thing else 0.30) * scale * min(1.0, w.aspect * 1.15)
    half = height * (max(r for _, r in thing.outline) if thing else 0.42) * 1.35

    def shadow(sheet: Sheet) -> None:
        su, sv = sheet.u[None, :], sheet.v[:, None]
        long = np.exp(
            -(((su - u + side * half * 1.1 + side * (sv - foot) * 2.0) / (half * 1.25)) ** 2)
            - ((sv - foot) / (0.055 * scale)) ** 2
        )
        close = np.exp(-(((su - u) / (half * 0.85)) ** 2) - ((sv - foot) / (0.020 * scale)) ** 2)
        sheet.blend(rgb("#140d0a"), np.clip(long * 0.52 + close * 0.75, 0, 0.9))

    w.add(Ground(0.9, shadow, (u - half * 5, foot - 0.2, u + half * 5, foot + 0.22), coarse=2, name=f"shadow-{kind}"))
    bounds = (u - half * 2.0, foot - height * 1.15, u + half * 2.0, foot + height * 0.12)

    def body(sheet: Sheet) -> None:
        if thing is None:
            _box(sheet, w, u, foot, height, side)
        else:
            _turned(sheet, w, thing, u, foot, height, side)

    def reflected(sheet: Sheet) -> None:
        body(sheet)
        sheet.rgba = np.ascontiguousarray(sheet.rgba[::-1])
        sheet.v0 = 2 * (foot + 0.004) - sheet.v0 - sheet.height / sheet.density
        fade = np.clip(1 - (sheet.v - foot) / (height * 0.55), 0, 1)
        sheet.erase((fade**1.5 * 0.34)[:, None] * np.ones((1, sheet.width)))
        sheet.blur(0.004)

    w.add(Plate(z, reflected, bounds, name=f"reflection-{kind}"), Plate(z, body, bounds, name=kind, racked_blur=0.0))
    if thing is not None:
        w.add(
            Plate(
                z * 0.93,
                lambda sheet: _highlights(sheet, thing, u, foot, height, side),
                bounds,
                glow=True,
                name=f"shine-{kind}",
            )
        )


def _radius(thing: Turned, share: Array) -> Array:
    at = np.array([height for height, _ in thing.outline])
    wide = np.array([radius for _, radius in thing.outline])
    return np.asarray(np.interp(share, at, wide))


def _solid(sheet: Sheet, thing: Turned, u: float, foot: float, height: float) -> tuple[Array, Array, Array]:
    """Across (-1 to 1), up (0 to 1) and coverage of every pixel of a turned object seen from a little above."""
    du, v = (sheet.u - u)[None, :], sheet.v[:, None]
    up = (foot - v) / height
    r = _radius(thing, np.clip(up, 0, 1)) * height
    drop = 0.16 * np.sqrt(np.maximum(r * r - du * du, 0))
    up = (foot + drop - v) / height
    r = _radius(thing, np.clip(up, 0, 1)) * height
    across = du / np.maximum(r, 1e-6)
    cover = np.clip((r - np.abs(du)) * sheet.density + 0.5, 0, 1)
    cover = cover * np.clip(up * height * sheet.density + 0.5, 0, 1) * np.clip((1 - up) * height * sheet.density + 0.5, 0, 1)
    return np.clip(across, -1, 1), up, cover


Look = tuple[Array, Array]
"""The colour ([H, W, 3]) and the opacity ([H, W]) of a turned object's surface."""


def _turned(sheet: Sheet, w: World, thing: Turned, u: float, foot: float, height: float, side: float) -> None:
    across, up, cover = _solid(sheet, thing, u, foot, height)
    lit, shade = _tone(w)
    facing = np.clip(0.5 + 0.55 * across * side + 0.25 * np.sqrt(1 - across**2), 0, 1)
    if thing.handle:
        _handle(sheet, thing, u + side * height * 0.60, foot - height * 0.52, height)
    if thing.stuff == "glass":
        look = _glass(thing, across, up, facing, lit, shade)
    elif thing.stuff == "metal":
        look = _metal(thing, across, up, facing, side)
    else:
        look = _ceramic(thing, facing, lit, shade)
    if thing.label:
        look = _labelled(thing.label, look, across, up, facing, height * sheet.density)
    if thing.cap < 1:
        look = _capped(thing, look, across, up, facing)
    sheet.blend(look[0], cover * look[1])
    if thing.open_top:
        _mouth(sheet, w, thing, u, foot - height, height)
    if w.spec.has("drops") and thing.stuff in ("glass", "metal"):
        _drops(sheet, w, thing, u, foot, height)


def _handle(sheet: Sheet, thing: Turned, u: float, v: float, height: float) -> None:
    """A ring behind the object."""
    sheet.leaf(u, v, (height * 0.30, height * 0.28), 0, rgb(thing.colour) * 0.72)
    rows, columns = sheet.window((u - height, v - height, u + height, v + height))
    hole = np.hypot((sheet.u[columns][None, :] - u) / (height * 0.20), (sheet.v[rows][:, None] - v) / (height * 0.185))
    keep = np.ones((sheet.height, sheet.width), np.float32)
    keep[rows, columns] = smoothstep(0.97, 1.03, hole)
    sheet.erase(keep)


def _metal(thing: Turned, across: Array, up: Array, facing: Array, side: float) -> Look:
    """Bands of light and dark; bare rims at both ends."""
    band = 0.55 + 0.45 * np.cos(across * 5.2 + side) * (1 - 0.4 * across**2)
    bright = mix(rgb(thing.colour), rgb((1, 1, 1)), 0.12)
    colour = mix(rgb(thing.colour) * 0.30, bright, np.clip(band * 0.6 + facing * 0.45, 0, 1)[..., None])
    ends = (up < 0.045) | (up > 0.93)
    rim = mix(rgb("#5b6066"), rgb("#eef1f4"), np.clip(band * 0.7 + facing * 0.3, 0, 1)[..., None])
    return np.where(ends[..., None], rim, colour), np.ones_like(across)


def _ceramic(thing: Turned, facing: Array, lit: Array, shade: Array) -> Look:
    dark = mix(rgb(thing.colour) * 0.38, shade * 0.5, 0.3)
    colour = mix(dark, mix(rgb(thing.colour), lit, 0.25), smoothstep(0.05, 0.95, facing)[..., None])
    return colour, np.ones_like(facing)


def _labelled(at: tuple[float, float], look: Look, across: Array, up: Array, facing: Array, pixels: float) -> Look:
    """A paper label with two lines of print; the object is ``pixels`` high."""
    low, high = at
    inside = np.clip(np.minimum(up - low, high - up) * pixels + 0.5, 0, 1) * smoothstep(0.985, 0.95, np.abs(across))
    paper = mix(rgb("#f6f0e4") * 0.52, rgb("#fbf6ec"), facing[..., None])
    print_ = np.zeros(up.shape, bool)
    for share, thick, wide in ((0.62, 0.012, 0.5), (0.40, 0.005, 0.34)):
        print_ |= (np.abs(up - low - (high - low) * share) < thick) & (np.abs(across) < wide)
    paper = np.where(print_[..., None], rgb("#3a332d"), paper)
    return mix(look[0], paper, inside[..., None]), np.maximum(look[1], inside)


def _capped(thing: Turned, look: Look, across: Array, up: Array, facing: Array) -> Look:
    """A lid of metal on top."""
    lid = smoothstep(thing.cap - 0.004, thing.cap + 0.004, up)
    bright = mix(rgb(thing.cap_colour), rgb((1, 1, 1)), 0.25)
    metal = mix(rgb(thing.cap_colour) * 0.35, bright, np.clip(facing * 0.8 + 0.25 * np.cos(across * 9), 0, 1)[..., None])
    return mix(look[0], metal, lid[..., None]), np.maximum(look[1], lid)


def _mouth(sheet: Sheet, w: World, thing: Turned, u: float, v: float, height: float) -> None:
    """The rim and the inside of what is open on top, tea or coffee in a cup."""
    lit, _ = _tone(w)
    r = float(_radius(thing, np.array([1.0]))[0]) * height
    sheet.leaf(u, v, (r, r * 0.17), 0, mix(rgb(thing.colour), lit, 0.4))
    sheet.leaf(u, v + r * 0.012, (r * 0.93, r * 0.145), 0, rgb(thing.colour) * 0.45)
    if w.spec.has("cup"):
        sheet.leaf(u, v + r * 0.05, (r * 0.86, r * 0.10), 0, rgb("#6b3d1f"))


def _glass(thing: Turned, across: Array, up: Array, facing: Array, lit: Array, shade: Array) -> tuple[Array, Array]:
    """Glass: clear in the middle, dark at its edges; the liquid turns the light round."""
    edge = np.abs(across) ** 3.2
    tint = rgb(thing.colour)
    colour = mix(mix(tint, lit, 0.5), tint * 0.28, edge[..., None])
    alpha = 0.26 + 0.62 * edge
    wet = smoothstep(thing.filled + 0.006, thing.filled - 0.004, up)
    inside = smoothstep(1.0, 0.93, np.abs(across) / 0.97)
    through = mix(
        tint * 0.42, mix(tint, rgb("#fff2cf"), 0.55), np.clip(1.05 - facing + 0.15 * np.cos(across * 4), 0, 1)[..., None]
    )
    share = wet * inside
    colour, alpha = mix(colour, through, (share * 0.92)[..., None]), np.maximum(alpha, share * 0.86)
    surface = np.exp(-(((up - thing.filled) / 0.006) ** 2)) * inside
    colour = mix(colour, rgb("#ffffff"), (surface * 0.55)[..., None])
    base = smoothstep(0.035, 0.0, up)
    return mix(colour, tint * 0.25, (base * 0.6)[..., None]), np.clip(alpha + base * 0.3 + surface * 0.3, 0, 1)


def _drops(sheet: Sheet, w: World, thing: Turned, u: float, foot: float, height: float) -> None:
    rng = w.rng("drops")
    for _ in range(120):
        up, across = rng.uniform(0.03, min(thing.cap, 0.88)), rng.uniform(-0.93, 0.93)
        if thing.label and thing.label[0] - 0.02 < up < thing.label[1] + 0.02:
            continue
        r = float(_radius(thing, np.array([up]))[0]) * height
        size = height * rng.uniform(0.003, 0.0095) * math.sqrt(1 - across**2 * 0.8)
        x, y = u + across * r, foot - up * height
        sheet.leaf(x, y, (size, size * 1.25), 0, rgb(thing.colour) * 0.45)
        sheet.leaf(x, y + size * 0.3, (size * 0.72, size * 0.72), 0, mix(rgb(thing.colour), rgb((1, 1, 1)), 0.55))
        sheet.leaf(x - size * 0.3, y - size * 0.5, (size * 0.25, size * 0.3), 0, rgb((1, 1, 1)))


def _highlights(sheet: Sheet, thing: Turned, u: float, foot: float, height: float, side: float) -> None:
    """The window mirrored in the surface: a wide strip on the light's side, a thin one opposite."""
    across, up, cover = _solid(sheet, thing, u, foot, height)
    strong = {"glass": 0.85, "metal": 0.55, "ceramic": 0.34}[thing.stuff]
    a = across * side
    wide = smoothstep(0.34, 0.42, a) * smoothstep(0.70, 0.62, a) * smoothstep(0.06, 0.10, up) * smoothstep(0.97, 0.9, up)
    bars = 1 - 0.75 * np.exp(-((((up % 0.31) - 0.155) / 0.012) ** 2)) * (thing.stuff == "glass")
    thin = np.exp(-(((a + 0.82) / 0.05) ** 2)) * smoothstep(0.04, 0.1, up) * 0.55
    sheet.blend(rgb("#fffaf0"), (wide * bars + thin) * strong * cover)


def _box(sheet: Sheet, w: World, u: float, foot: float, height: float, side: float) -> None:
    """A gift box with a ribbon, one corner towards us."""
    colours = (rgb("#c9564a"), rgb("#3f6b7a"), rgb("#d7b98a"), rgb("#4d5a78"))
    base = colours[int(w.rng("box").integers(4))]
    lit, _ = _tone(w)
    a, b = u - height * 0.52, u + height * 0.46
    corner = u + height * 0.10 * side
    top, low = foot - height * 0.80, foot
    faces = (
        ([(a, low - height * 0.10), (corner, low), (corner, top + height * 0.10), (a, top)], 0.62 if side < 0 else 0.34),
        (
            [(corner, low), (b, low - height * 0.12), (b, top - height * 0.02), (corner, top + height * 0.10)],
            0.34 if side < 0 else 0.62,
        ),
        (
            [
                (a, top),
                (corner, top + height * 0.10),
                (b, top - height * 0.02),
                (corner - (corner - u) * 2, top - height * 0.13),
            ],
            0.95,
        ),
    )
    for points, light in faces:
        sheet.poly(points, mix(base * 0.35, mix(base, lit, 0.3), light))
    ribbon = mix(rgb("#f5ead2"), lit, 0.2)
    for points, light in faces[:2]:
        p = np.array(points)
        left, right = p[0] + (p[1] - p[0]) * 0.42, p[0] + (p[1] - p[0]) * 0.58
        high_l, high_r = p[3] + (p[2] - p[3]) * 0.42, p[3] + (p[2] - p[3]) * 0.58
        sheet.poly([left, right, high_r, high_l], ribbon * (0.5 + 0.5 * light))
    for sign in (-1, 1):
        sheet.leaf(u + sign * height * 0.12, top - height * 0.07, (height * 0.13, height * 0.06), sign * 25, ribbon * 0.9)


def _sprig(w: World) -> Plate:
    """A twig with leaves, near and out of focus, in a lower corner."""
    side = w.side
    tone = [mix(rgb(name), rgb("#1c1a16"), 0.25) for name in ("#3f5a3c", "#5c7d4f", "#86a46a")]

    def paint(sheet: Sheet) -> None:
        u, rng = side * (w.aspect * 0.5 + 0.08), w.rng("sprig")
        trees.hanging_branch(sheet, u, 0.50, -side * 0.34, tone, rgb("#3a2d24"), -side, rng, 0.5)

    return Plate(
        1.6,
        paint,
        (-w.aspect * 0.5 - 0.5, 0.05, w.aspect * 0.5 + 0.5, 0.8),
        blur=0.007,
        racked_blur=0.0005,
        sway=w.sway(0.006, 0.25),
        foot=0.5,
        name="sprig",
    )
