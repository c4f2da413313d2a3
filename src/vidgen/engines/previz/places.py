"""The places that can be drawn, and what lives in them: a world is laid out by its place's recipe, then peopled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vidgen.engines.previz import abstract, figures, kyoto, outdoors, particles, tabletop, town, wilds
from vidgen.engines.previz.camera import Stage, move_of
from vidgen.engines.previz.colour import rgb
from vidgen.engines.previz.figures import Walker
from vidgen.engines.previz.layers import Ground, Layer
from vidgen.engines.previz.noise import random_for
from vidgen.engines.previz.palette import palette_for
from vidgen.engines.previz.spec import FLOCK, SceneSpec
from vidgen.engines.previz.world import World
from vidgen.storyboard.model import Camera

Recipe = Callable[[World], None]


def recipes() -> dict[str, Recipe]:
    """The recipe of every place."""
    return {
        "mountains": outdoors.mountains, "sea": outdoors.sea, "lake": outdoors.lake,
        "forest": wilds.forest, "bamboo": wilds.forest, "field": wilds.field, "desert": wilds.desert, "road": wilds.road,
        "river": wilds.river, "waterfall": wilds.waterfall, "beach": wilds.beach, "sky": wilds.open_sky,
        "temple": kyoto.temple, "torii": kyoto.torii, "oldtown": kyoto.oldtown,
        "city": town.city, "harbour": town.harbour, "town": town.village,
        "tabletop": tabletop.tabletop, "abstract": abstract.abstract,
    }  # fmt: skip


def life(w: World, camera: Camera) -> None:
    """Birds, walkers and what is in the air, in front of any place."""
    spec, p, indoors = w.spec, w.p, w.spec.place in ("tabletop", "abstract")
    if indoors:
        return
    if spec.animal == "birds" or (not spec.animal and w.rng("flock").random() < 0.3 and spec.time not in ("night", "storm")):
        flock = spec.counts.get("birds", FLOCK) if spec.animal == "birds" else 5
        _before_front(w, figures.Birds(w.seed, flock, spec.wind, p))
    _before_front(w, *_walkers(w, camera))
    air: list[Layer] = []
    if spec.has("rain"):
        air.append(particles.Rain(w.seed, 420, spec.wind, fall=6.5, blow=0.9, near=0.8, far=5.0, name="rain"))
    if spec.has("snow"):
        air.append(particles.Snow(w.seed, 300, spec.wind, fall=0.30, blow=0.12, flutter=0.10, near=0.7, far=6.0, name="snow"))
    for name, shape, size in (("petals", "petal", 0.015), ("leaves", "leaf", 0.021)):
        if spec.has(name):
            colours = [p.lit(colour, 0.8) for colour in p.petals]
            air.append(
                particles.Leaves(
                    w.seed,
                    70,
                    spec.wind,
                    fall=0.26,
                    blow=0.16,
                    flutter=0.16,
                    near=0.8,
                    far=5.5,
                    name=name,
                    colours=colours,
                    shape=shape,
                    size=size,
                )
            )
    if spec.has("fireflies"):
        colours = [rgb("#e6ff7a"), rgb("#fff08a")]
        air.append(
            particles.Glow(
                w.seed,
                46,
                spec.wind,
                fall=-0.02,
                blow=0.02,
                flutter=0.20,
                near=1.0,
                far=5.0,
                name="fireflies",
                colours=colours,
                pulse=0.95,
            )
        )
    w.add(*air)


def _walkers(w: World, camera: Camera) -> list[Layer]:
    spec, rng = w.spec, w.rng("walkers")
    follows = bool(move_of(camera).get("follows"))
    way = 1.0 if follows else float(rng.choice([-1, 1]))
    pace = 0.035 * spec.wind**0.6
    z = 3.4 if spec.place not in ("city", "sea", "lake", "harbour", "oldtown") else 2.3
    tall = 0.95 / z
    out: list[Layer] = []
    first = -0.16 * way * w.aspect * (0 if follows or spec.people > 3 else 1)
    for number, (at, deep) in enumerate(_spread(spec.people, 0.55 / z, w.aspect)):
        far, high, name = z + deep * 0.12, tall * (1 - 0.06 * deep), f"person{number}"
        out.append(Walker(far, first + at, way * pace, high, w.p, "person", number * 1.9, follows, name))
    if spec.animal and spec.animal != "birds":
        follow, first = follows and not spec.people, -0.2 * way
        for number, (at, deep) in enumerate(_spread(spec.counts.get(spec.animal, 1), 0.75 / z, w.aspect)):
            far, high, name = z + 0.4 + deep * 0.12, tall * 0.72 * (1 - 0.06 * deep), spec.animal + f"{number or ''}"
            walker = Walker(far, first + at, way * pace * 1.2, high, w.p, spec.animal, number * 1.9, follow, name)
            out.append(walker)
    if follows and not out and not w.lacks("people"):
        out.append(Walker(z, 0.0, way * pace, tall, w.p, "person", 0.0, True, "person0"))
    return out


def _spread(count: int, step: float, aspect: float) -> list[tuple[float, int]]:
    """Where each of several stands beside the others (u about the middle), and how many steps behind the first."""
    step = min(step, 0.9 * aspect / max(count, 1))
    return [((n - (count - 1) / 2) * step, n if count <= 3 else n * 2 % 5) for n in range(count)]


def _before_front(w: World, *layers: Layer) -> None:
    """Put layers behind the first plate that is nearer than they are."""
    for layer in w.not_denied(layers):
        spot = next(
            (
                i
                for i, other in enumerate(w.layers)
                if other.z < layer.z and other.name != "water" and not isinstance(other, Ground)
            ),
            len(w.layers),
        )
        last_water = max(
            (
                i
                for i, other in enumerate(w.layers)
                if other.name in ("water", "soil", "bank", "verge", "court", "meadow", "road")
            ),
            default=-1,
        )
        w.layers.insert(max(spot, last_water + 1) if layer.z < 9 else spot, layer)


_HIGH = {
    "high": (1.5, -0.10),
    "birds_eye": (2.2, -0.2),
    "overhead": (2.4, -0.22),
    "low": (0.6, 0.13),
    "ground": (0.4, 0.16),
    "worms_eye": (0.5, 0.24),
}
"""Camera angle to height factor and how far the horizon moves down (frame heights)."""


def build(spec: SceneSpec, seed: int, aspect: float, camera: Camera, stage: Stage | None = None) -> World:
    """Lay out a world, on a ``stage`` that is given or a new one. In a time-lapse every plate knows its end, too."""
    stage = stage or _stage(spec, seed, camera)
    world = _built(spec, seed, aspect, camera, stage, None)
    if spec.later:
        end = {
            (layer.z, getattr(layer, "name", "")): layer
            for layer in _built(spec, seed, aspect, camera, stage, spec.later).layers
        }
        for layer in world.layers:
            other = end.get((layer.z, getattr(layer, "name", "")))
            if other is not None:
                layer.becomes(other)
    return world


def _stage(spec: SceneSpec, seed: int, camera: Camera) -> Stage:
    if spec.place == "tabletop":
        return Stage(-0.10, 0.9, 3.2, (0.0, -0.06))
    lift, lower = _HIGH.get(spec.angle, (1.0, 0.0))
    high = float(move_of(camera).get("lift", 1.0))
    horizon = float(random_for(seed, "stage").uniform(0.10, 0.19)) + lower - 0.10 * (high - 1)
    return Stage(horizon, 0.34 * lift * high, 4.0, (0.0, horizon * 0.5))


def _built(spec: SceneSpec, seed: int, aspect: float, camera: Camera, stage: Stage, time: str | None) -> World:
    world = World(replace(spec, time=time) if time else spec, seed, aspect, palette_for(spec, seed, aspect, time), stage)
    recipes()[spec.place](world)
    life(world, camera)
    return world
