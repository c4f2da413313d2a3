"""The colours of a world: its time of day, season and weather as one set, and what light and air do to a local colour."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vidgen.engines.previz.colour import by_channel, mix, ramp, rgb
from vidgen.engines.previz.noise import Array, random_for
from vidgen.engines.previz.spec import SceneSpec
from vidgen.media.tables import read_table


@dataclass(frozen=True)
class Light:
    """Sun or moon: ``side`` (u), ``height`` over the horizon, ``radius`` in frame heights, colours, glow strength 0-1."""

    side: float
    height: float
    radius: float
    colour: Array
    glow: Array
    strength: float
    moon: bool = False


@dataclass(frozen=True)
class Palette:
    """Every colour is [3] float32 sRGB 0-1. ``lamps`` and ``stars`` 0-1; ``clear`` is how far one sees (in distances)."""

    sky: tuple[tuple[float, Array], ...]
    light: Light
    haze: Array
    far: Array
    near: Array
    key: Array
    fill: Array
    cloud_lit: Array
    cloud_shade: Array
    water: Array
    lamps: float
    stars: float
    clear: float
    grass: Array
    forest: Array
    canopy: tuple[Array, ...]
    second: tuple[Array, ...]
    petals: tuple[Array, ...]
    flowers: tuple[Array, ...]
    time: str = "noon"
    bare: bool = False
    """No trees are drawn."""
    snowless: bool = False
    """No snow is drawn, on no mountain."""

    def lit(self, colour: Any, light: Any = 0.75) -> Array:
        """A local colour under this light, 0 in shadow to 1 facing the sun: [3], or [..., 3] for an array of light."""
        share = np.asarray(light, np.float32)
        if share.ndim == 2:
            colours = rgb(colour), self.fill, self.key
            return by_channel(lambda local, fill, key: np.clip(local * fill + local * key * share, 0, 1), *colours)
        share = share[..., None]
        return np.clip(rgb(colour) * (self.fill + self.key * share), 0, 1)

    def air(self, colour: Array, z: float) -> Array:
        """What a colour looks like from a distance: it turns into haze."""
        veil = mix(self.far, self.haze, float(np.clip((z - 6) / 34, 0.15, 1.0)))
        return mix(colour, veil, 1 - np.exp(-max(z - 1, 0) / self.clear))

    def sky_at(self, height: Any) -> Array:
        """Sky colour at a height above the horizon in frame heights: [..., 3]."""
        return ramp(self.sky, np.clip(np.asarray(height) / 0.78, 0, 1))


_UNLIT = 0.25
"""What is left of the light's glow where the words say that neither sun nor moon is there."""


@functools.cache
def _table() -> Mapping[str, Any]:
    data: Mapping[str, Any] = read_table("vidgen.engines.previz", "palettes.yaml")
    return data


def palette_for(spec: SceneSpec, seed: int, aspect: float, time: str | None = None) -> Palette:
    """The palette of a world; ``time`` takes the place of the spec's (for the end of a time-lapse)."""
    name = time or spec.time
    if "neon" in spec.features and name in ("dusk", "night", "blue_hour", "golden") and spec.place != "city":
        name = "neon"
    row, season = _table()["times"][name], _table()["seasons"][spec.season]
    starless = "stars" in spec.without or spec.has("clouds") and name != "night"
    flowers = () if "flowers" in spec.without else season["flowers"]
    colours = Palette(
        sky=tuple((place, rgb(colour)) for place, colour in row["sky"]),
        light=_light(spec, row, seed, aspect),
        haze=rgb(row["haze"]), far=rgb(row["far"]), near=rgb(row["near"]), key=rgb(row["key"]), fill=rgb(row["fill"]),
        cloud_lit=rgb(row["cloud"]["lit"]), cloud_shade=rgb(row["cloud"]["shade"]), water=rgb(row["water"]),
        lamps=0.0 if "lights" in spec.without else row["lamps"], stars=0.0 if starless else row["stars"],
        clear=14.0,
        grass=rgb(season["grass"]), forest=rgb(season["forest"]),
        canopy=tuple(map(rgb, season["canopy"])), second=tuple(map(rgb, season["second"])),
        petals=tuple(map(rgb, season["petals"])), flowers=tuple(map(rgb, flowers)),
        time=name, bare="trees" in spec.without, snowless="snowy" in spec.without,
    )  # fmt: skip
    return _weathered(colours, spec)


def _light(spec: SceneSpec, row: Mapping[str, Any], seed: int, aspect: float) -> Light:
    rng = random_for(seed, "light")
    side = float(rng.choice([-1, 1]) * rng.uniform(0.12, 0.30) * max(aspect, 0.9))
    data, moon = (row["moon"], True) if "moon" in row else (row["sun"], False)
    height = data["height"] * float(rng.uniform(0.85, 1.12))
    radius = data["radius"]
    if spec.has("bigmoon") or (spec.has("moon") and not moon and row["stars"]):
        moon = True
        data = _table()["times"]["night"]["moon"] if not moon else data
        height = max(height, 0.24)
        radius = _table()["times"]["night"]["moon"]["radius"]
    if spec.has("bigmoon"):
        radius, height = 0.17, 0.27
    denied = ("moon" if moon else "sun") in spec.without
    if denied or (moon and spec.has("rain", "storm")):
        radius = 0.0
    strength = data["strength"] * (_UNLIT if denied else 1)
    return Light(side, height, radius, rgb(data["colour"]), rgb(data["glow"]), strength, moon)


def _weathered(colours: Palette, spec: SceneSpec) -> Palette:
    """Rain and snow grey the sky and thicken the air; mist thickens the air alone."""
    out = colours
    if spec.has("rain", "snow") and out.time not in ("overcast", "storm"):
        grey = rgb([0.56, 0.60, 0.64]) * (0.35 + 0.65 * float(out.fill.mean() + out.key.mean()))
        share = 0.45 if spec.has("rain") else 0.35
        out = replace(
            out,
            sky=tuple((place, mix(colour, grey * (1.12 - 0.3 * place), share)) for place, colour in out.sky),
            haze=mix(out.haze, grey, share * 0.8),
            key=out.key * 0.65,
            fill=np.asarray(out.fill * 1.08, np.float32),
            light=replace(
                out.light,
                radius=out.light.radius * 0.0 if spec.has("rain") else out.light.radius,
                strength=out.light.strength * 0.5,
            ),
            clear=8.0,
        )
    if spec.has("mist"):
        out = replace(out, clear=out.clear * 0.62)
    if spec.season == "winter":
        out = replace(out, haze=mix(out.haze, rgb("#e6eef5") * float(out.haze.mean() + 0.15), 0.35))
    return out
