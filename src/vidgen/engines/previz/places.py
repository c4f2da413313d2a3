"""The places that can be drawn, and what lives in them: a world is laid out by its place's recipe, then peopled."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from vidgen.engines.previz import abstract, birds, kyoto, outdoors, particles, tabletop, town, wilds
from vidgen.engines.previz.camera import Stage, zoom_of
from vidgen.engines.previz.colour import mix, rgb, smoothstep
from vidgen.engines.previz.layers import Ground, Layer, Plate
from vidgen.engines.previz.moves import move_of
from vidgen.engines.previz.noise import Field, random_for
from vidgen.engines.previz.palette import palette_for
from vidgen.engines.previz.people.blocking import Ground as Stand
from vidgen.engines.previz.people.blocking import faces_of
from vidgen.engines.previz.people.onstage import Actor, Thing
from vidgen.engines.previz.people.paints import in_world
from vidgen.engines.previz.people.stage import close_up, on_stage
from vidgen.engines.previz.sheet import Sheet
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
    """Birds, people and what is in the air, in front of any place."""
    spec, p, indoors = w.spec, w.p, w.spec.place in ("tabletop", "abstract")
    if indoors:
        return
    if spec.animal == "birds" or (not spec.animal and w.rng("flock").random() < 0.3 and spec.time not in ("night", "storm")):
        flock = spec.counts.get("birds", FLOCK) if spec.animal == "birds" else 5
        _before_front(w, birds.Birds(w.seed, flock, spec.wind, p))
    _enter(w, camera)
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


_WET = ("city", "sea", "lake", "harbour", "river", "waterfall", "oldtown", "sky")
"""Places without ground before the camera: there people stand on a quay or a ledge."""
_HEIGHT = 0.95
"""How high a grown-up is at distance 1, in frame heights."""


def _enter(w: World, camera: Camera) -> None:
    """People, animals and vehicles; those who are seen from close stand before everything."""
    spec, follows = w.spec, bool(move_of(camera).get("follows"))
    if follows and not spec.cast and not spec.animal and not spec.vehicle and not w.lacks("people"):
        spec = replace(spec, people=1, cast=("person/1",))
    usual = "shore" if spec.place == "beach" else "quay" if spec.place in _WET else "far"
    ground = Stand(w.v0, w.stage.height, _HEIGHT, w.aspect, w.side, usual, zoom_of(camera.size))
    coming = w.not_denied(on_stage(spec, ground, lambda z: in_world(w.p, z), follows))
    if not coming:
        return
    floats = spec.vehicle in ("plane", "helicopter", "spaceship", "rocket", "rowboat", "ship") or spec.posture == "swim"
    if spec.place in _WET and not floats:
        coming.insert(0, _ledge(w, coming))
    if spec.place == "oldtown" or close_up(spec, ground):
        w.add(*coming)
    else:
        _before_front(w, *coming)


def _ledge(w: World, coming: list[Layer]) -> Plate:
    """A strip of quay or rock under those who would stand on water, on roofs or in the air."""
    stands = [layer for layer in coming if isinstance(layer, Actor | Thing)]
    far = max(layer.z for layer in stands)
    top = min(layer.at[1] for layer in stands) - 0.012
    rough = Field(w.seed, "ledge")
    tone = w.p.air(mix(w.p.lit(rgb("#6d675f"), 0.35), w.p.near, 0.45), far)

    def paint(sheet: Sheet) -> None:
        edge = top + 0.006 * rough.line(sheet.u, 3.0, 4)[None, :]
        sheet.blend(tone, np.clip((sheet.v[:, None] - edge) * sheet.density + 0.5, 0, 1))
        sheet.tint(w.p.near, (smoothstep(top, top + 0.35, sheet.v) * 0.55)[:, None])

    return Plate(far + 0.01, paint, (-math.inf, top - 0.01, math.inf, math.inf), name="ledge")


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
    faces = faces_of(spec, zoom_of(camera.size))
    return Stage(horizon, 0.34 * lift * high, 4.0, (0.0, horizon * 0.5 if faces is None else faces))


def _built(spec: SceneSpec, seed: int, aspect: float, camera: Camera, stage: Stage, time: str | None) -> World:
    world = World(replace(spec, time=time) if time else spec, seed, aspect, palette_for(spec, seed, aspect, time), stage)
    recipes()[spec.place](world)
    life(world, camera)
    return world
