"""A drawn scene as a source of frames: the world's layers under the camera, motion blur, and the finish."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import cv2
import numpy as np

from vidgen.engines.previz import camera as cameras
from vidgen.engines.previz.camera import Stage, State
from vidgen.engines.previz.grade import Grade
from vidgen.engines.previz.layers import Moment, View
from vidgen.engines.previz.noise import Array
from vidgen.engines.previz.places import build
from vidgen.engines.previz.sight import Part, grid_for, plan
from vidgen.engines.previz.spec import SceneSpec
from vidgen.engines.previz.world import World
from vidgen.takes.request import ShotRequest

_SMALL = 80_000
"""Frames of fewer pixels are drawn whole: to look at what is seen would take longer."""
_TOGETHER = 4
"""Frames for which it is found out together what is seen: from one to the next little moves."""


@dataclass(frozen=True)
class Opening:
    """Where a scene goes on: the world's seed, its layout, the camera's state and the time that passed."""

    spec: SceneSpec
    seed: int
    stage: Stage
    state: State
    time: float

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "spec": self.spec.as_dict(),
            "seed": self.seed,
            "stage": asdict(self.stage),
            "state": asdict(self.state),
            "time": self.time,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Opening:
        """What ``as_dict`` gave; raises KeyError, TypeError or ValueError for anything else."""
        stage = {**values["stage"], "aim": tuple(values["stage"]["aim"])}
        return cls(
            SceneSpec.from_dict(values["spec"]),
            int(values["seed"]),
            Stage(**stage),
            State(**values["state"]),
            float(values["time"]),
        )


@dataclass
class Scene:
    """Frames of one drawn scene."""

    request: ShotRequest
    spec: SceneSpec
    seed: int
    opening: Opening | None = None
    world: World = field(init=False)
    _plan: tuple[int, list[list[Part] | None]] = field(default=(-1, []), init=False, repr=False)

    def __post_init__(self) -> None:
        r = self.request
        aspect, begin = r.width / r.height, self.opening
        self.world = build(self.spec, begin.seed if begin else self.seed, aspect, r.camera, begin.stage if begin else None)
        start = begin.state if begin else cameras.framed(r.camera, float(r.frames / r.fps), self.world.stage)
        self.states = cameras.path(r.camera, self.world.stage, aspect, r.frames, float(r.fps), self.seed, start)
        self.view = View(
            r.width, r.height, float(r.fps), self.world.stage, self.states, self.world.seed, begin.time if begin else 0.0
        )
        self.grade = Grade(self.spec, r.width, r.height, self.seed, self.world.bloom)

    def prepare(self) -> None:
        """Paint everything that stays."""
        for layer in self.world.layers:
            layer.prepare(self.view)
        self.grade.prepare()

    def frame(self, index: int) -> Array:
        """One finished frame: [H, W, 3] uint8."""
        now = self._moment(index)
        picture = np.zeros((self.request.height, self.request.width, 3), np.uint8)
        for layer, parts in zip(self.world.layers, self._seen(now), strict=True):
            if parts is None:
                layer.draw(picture, self.view, now)
            else:
                layer.draw_parts(picture, self.view, now, parts)
        return self.grade.apply(blurred(picture, self.states, index, self.request.height), index)

    def _moment(self, index: int) -> Moment:
        return Moment(self.states[index], self.view.time + index / self.view.fps, index, self._later(index))

    def _seen(self, now: Moment) -> list[list[Part] | None]:
        """What each layer has to draw; None: let it draw. It holds for ``_TOGETHER`` frames."""
        if self.request.width * self.request.height < _SMALL:
            return [None] * len(self.world.layers)
        first = now.index - now.index % _TOGETHER
        if self._plan[0] != first:
            grid = grid_for(self.request.width, self.request.height)
            moments = [self._moment(index) for index in range(first, min(first + _TOGETHER, len(self.states)))]
            self._plan = first, plan([layer.sight(self.view, moments, grid) for layer in self.world.layers], grid)
        return self._plan[1]

    def _later(self, index: int) -> float:
        return cameras.curve(index / max(self.request.frames - 1, 1), "smooth") if self.spec.later else 0.0

    def ending(self) -> Opening:
        """Where a shot that continues this one begins."""
        time = self.view.time + self.request.frames / self.view.fps
        return Opening(self.spec, self.world.seed, self.world.stage, self.states[-1], time)


def blurred(picture: Array, states: Sequence[State], index: int, height: int) -> Array:
    """Motion blur of a fast turn: the way that the picture moves in half a frame's time."""
    if len(states) < 2:
        return picture
    a, b = states[max(index - 1, 0)], states[min(index + 1, len(states) - 1)]
    steps = min(index + 1, len(states) - 1) - max(index - 1, 0)
    across = abs(b.yaw - a.yaw) / steps * height * math.exp(a.zoom) * 0.5
    down = abs(b.pitch - a.pitch) / steps * height * math.exp(a.zoom) * 0.5
    if across < 4 and down < 4:
        return picture
    return cv2.blur(picture, (max(1, round(across)), max(1, round(down))))
