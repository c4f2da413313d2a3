"""A world: palette, stage and layers of one shot, put together by the recipe of its place."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from vidgen.engines.previz.camera import Stage
from vidgen.engines.previz.layers import Layer
from vidgen.engines.previz.noise import random_for
from vidgen.engines.previz.palette import Palette
from vidgen.engines.previz.spec import SceneSpec
from vidgen.engines.previz.words import table


@dataclass
class World:
    """What a recipe works with. Layers are kept back to front by ``add`` order."""

    spec: SceneSpec
    seed: int
    aspect: float
    p: Palette
    stage: Stage
    layers: list[Layer] = field(default_factory=list)
    bloom: float = 0.5

    def add(self, *layers: Layer | None) -> None:
        """Put layers in front of those that are there; what the words deny is left out."""
        self.layers += self.not_denied(layers)

    def not_denied(self, layers: Iterable[Layer | None]) -> list[Layer]:
        """Those of the layers that the words do not deny."""
        rows = table()["left_out"]
        denied = {name for thing in self.spec.without for name in rows.get(thing, ())}
        return [layer for layer in layers if layer is not None and layer.name.rstrip("0123456789.") not in denied]

    def lacks(self, thing: str) -> bool:
        """Whether the words say that there is none of it."""
        return thing in self.spec.without

    def rng(self, *names: object) -> np.random.Generator:
        """Random numbers of a named part."""
        return random_for(self.seed, *names)

    def rough(self, waves: float) -> float:
        """How rough water is: hardly at all where the words say that there are no waves."""
        return waves * (0.1 if self.lacks("waves") else 1)

    @property
    def side(self) -> float:
        """The side on which the subject stands: opposite the light."""
        return -math.copysign(1, self.p.light.side)

    @property
    def v0(self) -> float:
        """The horizon."""
        return self.stage.horizon

    @property
    def fast(self) -> float:
        """Wind, and much more in a time-lapse."""
        return self.spec.wind * (14 if self.spec.motion == "timelapse" else 1)

    def sway(self, size: float, hertz: float) -> tuple[float, float]:
        """How far and how often something bends in this wind: (world units per unit of height, Hz)."""
        return size * self.spec.wind, hertz * max(self.spec.wind, 0.3) ** 0.5

    @property
    def fast_water(self) -> float:
        """How fast waves run."""
        return self.spec.wind * (3 if self.spec.motion == "timelapse" else 1)
