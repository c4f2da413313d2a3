"""The camera: named moves as paths of a camera in a layered world, and what each layer's picture does under them.

The base picture is a plane of ``u`` (right) and ``v`` (down) in frame heights, its centre at (0, 0). A layer lies at a
distance ``z``; ``near`` = 1 / z is 0 for the sky. The ground is a plane ``height`` below the camera.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vidgen.engines.previz.moves import move_of, speeds
from vidgen.engines.previz.noise import Array, Field
from vidgen.storyboard.model import Camera

_NEAREST = 0.3
"""A layer is never enlarged beyond 1 / this: the camera is about to pass through it and it has faded out."""


@dataclass(frozen=True)
class State:
    """Where the camera is. Positions in frame heights at distance 1, ``yaw`` and ``pitch`` as shifts in frame heights,
    ``roll`` in degrees (clockwise), ``zoom`` a log of magnification, ``focus`` 0 (composed) to 1 (racked)."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    zoom: float = 0.0
    focus: float = 0.0


@dataclass(frozen=True)
class Stage:
    """How the world is laid out: horizon (v), camera ``height`` over the ground, the subject's distance and direction."""

    horizon: float = 0.1
    height: float = 0.35
    subject: float = 4.0
    aim: tuple[float, float] = (0.0, 0.0)

    def layer(self, state: State, z: float) -> Array:
        """[3, 3] float64: base picture to screen, for things at distance ``z`` (inf for the sky)."""
        near = 0.0 if np.isinf(z) else 1 / z
        scale = 1 / max(1 - state.z * near, _NEAREST)
        tx, ty = self._offset(state)
        move = np.array([[scale, 0, -tx * near * scale], [0, scale, self.horizon * (1 - scale) - ty * near * scale], [0, 0, 1]])
        return np.asarray(self.lens(state) @ move)

    def ground(self, state: State) -> Array:
        """[3, 3] float64: base picture to screen, for the ground plane."""
        tx, ty = self._offset(state)
        h, v0 = self.height, self.horizon
        shift, back = np.array([[1, 0, 0], [0, 1, -v0], [0, 0, 1]]), np.array([[1, 0, 0], [0, 1, v0], [0, 0, 1]])
        plane = np.array([[h, -tx, 0], [0, h - ty, 0], [0, -state.z, h]]) / h
        return np.asarray(self.lens(state) @ back @ plane @ shift)

    def _offset(self, state: State) -> tuple[float, float]:
        """Camera position: what was asked for, plus the way towards the aim that moving in takes."""
        return state.x + state.z * self.aim[0], -state.y + state.z * (self.aim[1] - self.horizon)

    def lens(self, state: State) -> Array:
        """[3, 3] float64: what turning, rolling and zooming do to the whole picture alike."""
        return _lens(state.roll, state.zoom, state.yaw, state.pitch)

    def presence(self, state: State, z: float) -> float:
        """How much of a near layer is still to be seen as the camera reaches it: 1 far, 0 when passing through."""
        if np.isinf(z):
            return 1.0
        return float(np.clip((1 - state.z / z - _NEAREST) / 0.22, 0, 1))

    def foot(self, z: float) -> float:
        """The v at which something that stands on the ground at distance ``z`` touches it."""
        return self.horizon + self.height / z


@functools.lru_cache(maxsize=64)
def _lens(roll: float, zoom: float, yaw: float, pitch: float) -> Array:
    turn, size = np.radians(-roll), np.exp(zoom)
    c, s = np.cos(turn) * size, np.sin(turn) * size
    lens: Array = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, -yaw], [0, 1, pitch], [0, 0, 1]])
    lens.flags.writeable = False
    return lens


def travel(camera: Camera, seconds: float) -> dict[str, float]:
    """How far each channel goes in a shot of this length, in the units of moves.yaml."""
    move, speed = move_of(camera), speeds().get(camera.speed, 1.0)
    strength = 0.55 + 0.9 * camera.strength
    way = {key: value * strength for key, value in move.get("total", {}).items()}
    length = seconds if seconds <= 6 else 6 + (seconds - 6) * 0.5
    return {**way, **{key: value * speed * strength * length for key, value in move.get("rate", {}).items()}}


def composed(camera: Camera, seconds: float, stage: Stage, zoom: float, roll: float) -> State | None:
    """The state a shot begins in where its framing differs from the composed picture; None where it does not."""
    if not zoom and not roll:
        return None
    move = move_of(camera)
    back = {key: -value * float(move.get("from", 0.0)) for key, value in travel(camera, seconds).items()}
    state = _state(State(), stage, 1.6, back, (0.0,) * 5)
    return replace(state, zoom=state.zoom + zoom, roll=state.roll + roll)


_ZOOMS = {
    "ews": -0.12, "mws": 0.12, "ms": 0.22, "mcu": 0.34, "cu": 0.45, "ecu": 0.65, "insert": 0.5, "two_shot": 0.22, "ots": 0.2,
}  # fmt: skip
"""How far a shot size magnifies the composed picture (log)."""


def zoom_of(size: str | None) -> float:
    """How far a shot size magnifies the composed picture (log)."""
    return _ZOOMS.get(size or "", 0.0)


def zoomed_in(camera: Camera, seconds: float) -> float:
    """How much larger everything is at the end of a move that zooms in; 1 for others."""
    return (
        float(np.exp(max(0.0, travel(camera, seconds).get("zoom", 0.0)))) if "z" not in move_of(camera).get("rate", {}) else 1.0
    )


def framed(camera: Camera, seconds: float, stage: Stage) -> State | None:
    """What the shot size and a tilted angle make of the composed picture; None where it stays as it is."""
    return composed(camera, seconds, stage, zoom_of(camera.size), 7.0 if camera.angle == "dutch" else 0.0)


def path(
    camera: Camera, stage: Stage, aspect: float, frames: int, fps: float, seed: int, start: State | None = None
) -> list[State]:
    """The camera's state at every frame.

    Args:
        aspect: width over height; ``yaw`` in the table is in frame widths.
        start: where the shot before left the camera; None: the move is laid around the composed picture.
    """
    move = move_of(camera)
    way = travel(camera, frames / fps)
    shares = np.array([curve(i / max(frames - 1, 1), move.get("curve", "smooth")) for i in range(frames)])
    begin = start or State(zoom=move.get("zoomed", 0.0))
    offset = 0.0 if start else float(move.get("from", 0.0))
    tremor = _tremor(move, frames, fps, seed, settle=start is not None)
    ways = [{key: value * (share - offset) for key, value in way.items()} for share in shares]
    states = [_state(begin, stage, aspect, gone, shake) for gone, shake in zip(ways, tremor, strict=True)]
    return _above_ground(states, stage, fixed=start is not None)


def _above_ground(states: list[State], stage: Stage, fixed: bool) -> list[State]:
    """Keep the camera over the ground: a move that would go under it starts higher, or (where its start is ``fixed``)
    settles just above."""
    lowest = -0.5 * stage.height
    under = min(state.y for state in states)
    if under >= lowest:
        return states
    if not fixed:
        return [replace(state, y=state.y + lowest - under) for state in states]
    room = stage.height * 0.25
    return [replace(state, y=lowest + room * float(np.logaddexp(0, (state.y - lowest) / room))) for state in states]


def _state(begin: State, stage: Stage, aspect: float, way: Mapping[str, float], shake: Sequence[float]) -> State:
    """One state: ``way`` is how far each channel has come from ``begin``."""
    z0 = stage.subject
    orbit = way.get("orbit", 0.0) * z0
    left = (1 - begin.z / z0) * np.exp(-way.get("z", 0.0))  # share of the way to the subject that is left
    return replace(
        begin,
        x=begin.x + (way.get("x", 0.0) + shake[0]) * z0 + orbit,
        y=begin.y + (way.get("y", 0.0) + shake[1]) * z0,
        z=float(z0 * (1 - left)),
        yaw=begin.yaw + way.get("yaw", 0.0) * aspect + shake[2] - way.get("orbit", 0.0),
        pitch=begin.pitch + way.get("pitch", 0.0) + shake[3],
        roll=begin.roll + way.get("roll", 0.0) + shake[4],
        zoom=begin.zoom + way.get("zoom", 0.0),
        focus=min(1.0, begin.focus + way.get("focus", 0.0)),
    )


def curve(t: float, kind: str) -> float:
    """Share of the way at time ``t`` (0-1). smooth: even, with soft ends; snap: a burst in the middle; settle: a late S."""
    if kind == "snap":
        return float(1 / (1 + np.exp(-(t - 0.42) * 26))) if 0 < t < 1 else float(t >= 1)
    if kind == "settle":
        s = float(np.clip((t - 0.25) / 0.5, 0, 1))
        return s * s * (3 - 2 * s)
    ramp = 0.16
    full = 1 - ramp
    if t < ramp:
        return t * t / (2 * ramp) / full
    if t > 1 - ramp:
        return 1 - (1 - t) ** 2 / (2 * ramp) / full
    return (t - ramp / 2) / full


def _tremor(move: Mapping[str, Any], frames: int, fps: float, seed: int, settle: bool) -> Array:
    """[frames, 5]: unsteadiness in x, y (frame heights at the subject), yaw, pitch (frame heights) and roll (degrees)."""
    out = np.zeros((frames, 5))
    seconds = np.arange(frames) / fps
    position, angle, hertz = move.get("shake", (0.0, 0.0, 1.0))
    noise = [Field(seed, "shake", axis) for axis in range(5)]
    for axis, size in enumerate((position, position, angle, angle, angle * 60)):
        if size:
            out[:, axis] += noise[axis].line(seconds, hertz, octaves=3) * size
    if "bob" in move:
        size, rate = move["bob"]
        out[:, 3] += np.abs(np.sin(seconds * rate * np.pi)) * size
        out[:, 4] += np.sin(seconds * rate * np.pi) * size * 25
    if "weave" in move:
        side, rise, bank, rate = move["weave"]
        out[:, 0] += np.sin(seconds * rate * 2 * np.pi) * side
        out[:, 1] += np.sin(seconds * rate * 4 * np.pi) * rise * 0.4
        out[:, 4] += np.cos(seconds * rate * 2 * np.pi) * bank
    if settle:
        out *= np.clip(seconds / 0.6, 0, 1)[:, None]
    return out
