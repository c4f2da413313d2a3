"""The skeleton: a pose as points in space, and how they look from the side on which the camera is.

x is forward, y up and z to the body's own left, in body heights of a grown-up; the ground is y = 0.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import NamedTuple

from vidgen.engines.previz.people.acting import Act, Pose, act, pose_at

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Bones:
    """Lengths of a body, as shares of its own height."""

    thigh: float = 0.245
    shin: float = 0.245
    ankle: float = 0.042
    spine: float = 0.185
    chest: float = 0.125
    neck: float = 0.088
    arm: float = 0.165
    forearm: float = 0.145
    shoulders: float = 0.112
    hips: float = 0.052
    head: float = 0.133


GROWN_UP = Bones()
"""Seven and a half heads high."""
CHILD = Bones(0.205, 0.200, 0.045, 0.175, 0.125, 0.115, 0.145, 0.130, 0.098, 0.050, 0.190)
"""Five heads high."""
BABY = Bones(0.150, 0.145, 0.040, 0.190, 0.140, 0.150, 0.125, 0.110, 0.098, 0.056, 0.250)


class Pair(NamedTuple):
    """A joint of the left and of the right side."""

    left: Point
    right: Point


class Joints(NamedTuple):
    """Where the joints are in space. ``face``: the way the face looks, and up (two unit vectors); ``scale``: body heights."""

    pelvis: Point
    waist: Point
    neck: Point
    head: Point
    hip: Pair
    knee: Pair
    ankle: Pair
    toe: Pair
    shoulder: Pair
    elbow: Pair
    hand: Pair
    face: tuple[Point, Point]
    bones: Bones
    scale: float


def _along(start: Point, length: float, pitch: float, side: float) -> Point:
    """From ``start`` down by ``length``: ``pitch`` degrees forward, ``side`` degrees to the left."""
    a, b = math.radians(pitch), math.radians(side)
    return (
        start[0] + length * math.sin(a) * math.cos(b),
        start[1] - length * math.cos(a) * math.cos(b),
        start[2] + length * math.sin(b),
    )


def _up(start: Point, length: float, lean: float, tilt: float) -> Point:
    return _along(start, -length, -lean, -tilt)


def joints(pose: Pose, bones: Bones, scale: float) -> Joints:
    """The skeleton in this pose, on the ground or on what carries it; ``scale`` is its height in a grown-up's heights."""
    b = bones
    pelvis: Point = (0.0, 0.0, 0.0)
    waist = _up(pelvis, b.spine, pose.lean, pose.tilt)
    neck = _up(waist, b.chest, pose.lean + pose.bend, pose.tilt * 1.4)
    nod = pose.lean * 0.25 + pose.bend * 0.5 + pose.nod if abs(pose.lean) < 45 else pose.lean + pose.nod
    head = _up(neck, b.neck, (pose.lean + pose.bend + nod) / 2, pose.tilt)
    legs = [_leg(pelvis, pose, b, side) for side in (0, 1)]
    arms = [_arm(neck, pose, b, side) for side in (0, 1)]
    lowest = min(min(leg[2][1] for leg in legs) - b.ankle, min(leg[1][1] for leg in legs) - 0.045)
    rise = (pose.seat if pose.seat else -lowest) + pose.hop

    def at(point: Point) -> Point:
        return point[0] * scale, (point[1] + rise) * scale, point[2] * scale

    def pair(index: int, limbs: list[tuple[Point, ...]]) -> Pair:
        return Pair(at(limbs[0][index]), at(limbs[1][index]))

    return Joints(
        at(pelvis), at(waist), at(neck), at(head),
        pair(0, legs), pair(1, legs), pair(2, legs), pair(3, legs), pair(0, arms), pair(1, arms), pair(2, arms),
        _face(nod, pose.turn, pose.tilt), bones, scale,
    )  # fmt: skip


def _leg(pelvis: Point, pose: Pose, b: Bones, side: int) -> tuple[Point, ...]:
    out = 1.0 if side == 0 else -1.0
    hip = (pelvis[0], pelvis[1], pelvis[2] + out * b.hips)
    pitch, spread = pose.hip[side], out * pose.spread[side] * max(0.35, math.cos(math.radians(pose.hip[side])))
    knee = _along(hip, b.thigh, pitch, spread)
    shin = pitch - pose.knee[side]
    ankle = _along(knee, b.shin, shin, spread * 0.4)
    flat = max(-75.0, min(60.0, shin * 0.55 if shin < 0 else shin * 0.4))
    toe = _along(ankle, 0.085, 78 + flat, spread * 0.8 + out * 5)
    return hip, knee, ankle, toe


def _arm(neck: Point, pose: Pose, b: Bones, side: int) -> tuple[Point, ...]:
    out = 1.0 if side == 0 else -1.0
    lean = math.radians(pose.lean + pose.bend)
    low = 0.022
    shoulder = (
        neck[0] - low * math.sin(lean),
        neck[1] - low * math.cos(lean) + out * b.shoulders * math.sin(math.radians(-pose.tilt)),
        neck[2] + out * b.shoulders,
    )
    upright = abs(pose.lean) < 45
    # Arms hang down; of somebody who lies they lie along the body.
    pitch = pose.arm[side] - (0.25 * (pose.lean + pose.bend) if upright else pose.lean)
    spread = out * pose.out[side]
    elbow = _along(shoulder, b.arm, pitch, spread)
    inward = spread * 0.5 - out * pose.cross[side]
    return shoulder, elbow, _along(elbow, b.forearm, pitch + pose.elbow[side], inward)


def _face(nod: float, turn: float, tilt: float) -> tuple[Point, Point]:
    down, left, roll = math.radians(nod), math.radians(turn), math.radians(tilt * 0.6)
    forward = (math.cos(down) * math.cos(left), -math.sin(down), math.sin(left) * math.cos(down))
    up = (math.sin(down) * math.cos(left), math.cos(down), math.sin(down) * math.sin(left) + math.sin(roll))
    return forward, up


class Seen(NamedTuple):
    """A point as the camera sees it: x to the right, y up, and how near it is."""

    x: float
    y: float
    near: float


class Side:
    """The side from which a body is seen: ``yaw`` 0 from its front, 90 it faces to the right, 180 from behind."""

    def __init__(self, yaw: float) -> None:
        self.sin, self.cos = math.sin(math.radians(yaw)), math.cos(math.radians(yaw))

    def of(self, point: Point) -> Seen:
        """The point as it is seen."""
        x, y, z = point
        return Seen(x * self.sin + z * self.cos, y, x * self.cos - z * self.sin)


_STEPS = 64


@functools.cache
def _strides(posture: str, bones: Bones) -> tuple[float, ...]:
    """How far the body has come at each of ``_STEPS`` moments of a round, and at its end: the foot on the ground stays put."""
    one: Act = act("postures", posture)
    feet = []
    for step in range(_STEPS + 1):
        legs = joints(pose_at(posture, (), one.cycle * step / _STEPS), bones, 1.0)
        feet.append((legs.ankle.left, legs.ankle.right))
    way, out = 0.0, [0.0]
    for before, after in zip(feet, feet[1:], strict=False):
        planted = 0 if before[0][1] + after[0][1] <= before[1][1] + after[1][1] else 1
        way += max(0.0, before[planted][0] - after[planted][0])
        out.append(way)
    return tuple(out)


def travelled(posture: str, bones: Bones, time: float) -> float:
    """How far feet (or what it rides on) have carried a body at a time in seconds, in its own heights; 0 for a posture that
    stays."""
    one = act("postures", posture)
    if "speed" in one.row:
        return float(one.row["speed"]) * time
    if not one.row.get("travels"):
        return 0.0
    strides = _strides(posture, bones)
    rounds = math.floor(time / one.cycle)
    place = (time / one.cycle - rounds) * _STEPS
    at = min(int(place), _STEPS - 1)
    return rounds * strides[-1] + strides[at] + (strides[at + 1] - strides[at]) * (place - at)
