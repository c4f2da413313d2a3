"""People, animals, vehicles and their furniture as layers of a picture, moving."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from vidgen.engines.previz.layers import Layer, Moment, View
from vidgen.engines.previz.noise import Array
from vidgen.engines.previz.people import acting, animals, forms
from vidgen.engines.previz.people.blocking import Spot, gesture_of, posture_of, turn_of
from vidgen.engines.previz.people.body import Body, Face
from vidgen.engines.previz.people.marker import Part, Style, draw, placed
from vidgen.engines.previz.people.paints import Paints
from vidgen.engines.previz.people.rig import Joints, Side, joints, travelled
from vidgen.engines.previz.spec import SceneSpec

_SINGING = ("sing", "laugh", "argue", "cheer")
_SMILES = {"laugh": 1.0, "cheer": 1.0, "wave": 0.8, "hug": 0.6, "cry": -1.0, "argue": -0.6, "fight": -0.5}
_STROLL = 0.7
"""How fast those move of whom nothing is said."""
_WALK_ON = 0.5
"""How far behind the frame's edge somebody walks on before coming back in on the other side, in body heights."""


@dataclass
class Actor(Layer):
    """One person of ``count`` in the shot. ``follows``: the camera keeps up with them; ``tabled``: they sit at a table."""

    spot: Spot
    spec: SceneSpec
    paints: Paints
    count: int
    follows: bool = False
    tabled: bool = False
    name: str = "person"
    z: float = field(init=False)

    def __post_init__(self) -> None:
        self.z = self.spot.z
        self.tempo = self.spec.tempo * (1.0 if self.spec.posture else _STROLL)
        rides = next((kind for kind in ("motorcycle", "bicycle") if kind in self.spec.colours), "")
        things = self.paints.form(self.spot.seed, colour=self.spec.colours.get(rides, ""))
        own = self.paints.person(self.spot.look, self.spot.seed, self.spot.near)
        mount = self.paints.animal("horse", self.spec.colours.get("horse", ""))
        self.style = Style({**things.tones, **mount.tones, **own.tones}, own.ink, own.line, own.light)
        self.posture = "stand" if self.spot.near else "lie" if self.spot.held else posture_of(self.spec, self.spot.number)

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """The body as it is at this time."""
        spot, time = self.spot, now.time * self.tempo + self.spot.start
        gestures, spoken = self._gestures(now.time)
        pose = acting.pose_at(self.posture, gestures, time)
        if abs(pose.lean) < 45:
            pose = pose._replace(
                lean=pose.lean + spot.look.stoop * 0.6, bend=pose.bend + spot.look.stoop, nod=pose.nod - spot.look.stoop
            )
        body = joints(pose, spot.look.bones, spot.look.height)
        affine = placed(view.to_pixels @ view.stage.layer(now.state, self.z), self._u(view, now), spot.foot, spot.size)
        detail = spot.size * spot.look.height * spot.look.bones.head * view.height
        parts = Body(body, spot.look, spot.yaw, self._face(time, spoken, detail)).parts()
        draw(frame, [*parts, *self._things(body, gestures, time)], affine, self.style)

    @property
    def at(self) -> tuple[float, float]:
        """Where they stand in the base picture."""
        return self.spot.u, self.spot.foot

    def _gestures(self, time: float) -> tuple[list[tuple[str, float]], float]:
        """What lies over the posture now, and how far they speak."""
        gesture, talks = gesture_of(self.spec), self.spec.gesture in ("talk", "argue")
        if self.spot.near or self.spot.held:
            return [("listen", 1.0)] if self.spot.near else [], 0.0
        if gesture == "cradle" and self.spot.number and not self.spec.speaking:
            return [("listen", 1.0)], 0.0
        rests = [("at_table", 1.0)] if self.tabled else []
        if not (talks or self.spec.speaking):
            return [*rests, (gesture, 1.0)] if gesture else rests, 0.0
        who = [number for number in self.spec.speaking if number < self.count] or range(self.count)
        turn, share = turn_of(time, len(who))
        mine = share if who[turn] == self.spot.number else 0.0
        if not talks and gesture:
            return [*rests, (gesture, 1.0)], mine
        says = "argue" if gesture == "argue" else "talk_at_table" if self.tabled else "talk"
        return [*rests, ("listen", 1.0), (says, mine)], mine

    def _face(self, time: float, spoken: float, detail: float) -> Face:
        sound = (0.55 + 0.45 * math.sin(time * 20.7)) * (0.65 + 0.35 * math.sin(time * 5.3))
        if self.spec.gesture in _SINGING and not self.spot.near:
            spoken = max(spoken, 0.8)
        smile = _SMILES.get(self.spec.gesture, _SMILES.get(self.posture, 0.25))
        asleep = self.posture == "lie" or self.spec.gesture in ("kiss", "pray", "cry")
        return Face(spoken * max(0.0, sound), asleep or (time + 1.7 * self.spot.number + 1.1) % 3.9 < 0.13, smile, detail)

    def _u(self, view: View, now: Moment) -> float:
        """Where they are: feet that walk carry them; out of the frame they come in again on the other side."""
        spot = self.spot
        if self.follows:
            return now.state.x / self.z + spot.u
        if not spot.way:
            return spot.u
        way = travelled(self.posture, spot.look.bones, now.time * self.tempo) * spot.look.height * spot.size
        return _round(spot.u, spot.way * way, view.aspect / 2 + _WALK_ON * spot.size, spot.aside)

    def _things(self, body: Joints, gestures: Sequence[tuple[str, float]], time: float) -> list[Part]:
        """What they hold, and what carries them."""
        side, out = Side(self.spot.yaw), list[Part]()
        left, k = math.sin(math.radians(self.spot.yaw)) < 0, self.spot.look.height
        for name, share in gestures:
            row = acting.act("gestures", name).row
            if "prop" in row and share > 0.5:
                hands = [side.of(hand) for hand in (body.hand if row.get("both") else body.hand[1:])]
                x, y = (sum(values) / len(hands) for values in ([hand.x for hand in hands], [hand.y for hand in hands]))
                out += forms.moved(forms.form("held", row["prop"]), x, y, max(hand.near for hand in hands) + 0.05, left, k)
        return [*out, *self._mount(side.of(body.pelvis).x, left, time)]

    def _mount(self, x: float, left: bool, time: float) -> list[Part]:
        """What carries them: a bicycle, a horse, the water."""
        k = self.spot.look.height
        if self.posture in ("cycle", "motorbike"):
            way = travelled(self.posture, self.spot.look.bones, time)
            kind = "bicycle" if self.posture == "cycle" else "motorcycle"
            return forms.moved(forms.vehicle(kind, way), x + (0.04 if left else -0.04) * k, 0.0, -0.05, left, k)
        if self.posture == "swim":
            return forms.moved([part._replace(line=False) for part in forms.form("held", "foam")], x, 0.0, 1.0, left, k)
        if self.posture == "ride":
            return forms.moved(animals.animal("horse", time), x, 0.0, -0.02, left, animals.size_of("horse") * k)
        return []


def _round(u: float, way: float, half: float, aside: float) -> float:
    """Where something is that went ``way`` from ``u``: past ``half`` a frame it comes in again on the other side. What is
    ``aside`` of the middle of its group does so with the group."""
    half += abs(aside)
    return (u - aside + way + half) % (2 * half) - half + aside


@dataclass
class Thing(Layer):
    """Furniture, a vehicle or an animal. ``parts`` gives its shapes at a time; ``speed``: how far it goes in a second, to the
    side that it faces, in its own units; ``bobs``: how far it rises and falls; ``reach``: how far past the frame it goes before
    it comes in again; ``aside``: how far it is off the middle of its group; ``wide``: how much wider it is than it is drawn."""

    style: Style
    kind: str
    u: float
    foot: float
    size: float
    z: float
    speed: float = 0.0
    bobs: float = 0.0
    mirrored: bool = False
    follows: bool = False
    start: float = 0.0
    tempo: float = 1.0
    name: str = "thing"
    reach: float = 0.5
    aside: float = 0.0
    wide: float = 1.0
    of: str = "furniture"

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """The thing where it is at this time."""
        time = now.time * self.tempo + self.start
        u, foot = self._u(view, now), self.foot - self.bobs * self.size * math.sin(time * 1.9)
        affine = placed(view.to_pixels @ view.stage.layer(now.state, self.z), u, foot, self.size, self.mirrored)
        affine[:, 0] *= self.wide
        draw(frame, self._parts(time), affine, self.style.turned() if self.mirrored else self.style)

    @property
    def at(self) -> tuple[float, float]:
        """Where it stands in the base picture."""
        return self.u, self.foot

    def _parts(self, time: float) -> Sequence[Part]:
        return forms.form(self.of, self.kind)

    def _way(self, time: float) -> float:
        return self.speed * time

    def _u(self, view: View, now: Moment) -> float:
        if self.follows:
            return now.state.x / self.z + self.u
        if not self.speed:
            return self.u
        way = self._way(now.time * self.tempo) * self.size * (-1 if self.mirrored else 1)
        return _round(self.u, way, view.aspect / 2 + self.reach, self.aside)


@dataclass
class Vehicle(Thing):
    """A vehicle that drives, sails or flies by; ``ridden``: with whoever sits on it."""

    ridden: bool = False

    def _parts(self, time: float) -> Sequence[Part]:
        return forms.vehicle(self.kind, self._way(time), self.ridden)


@dataclass
class Animal(Thing):
    """An animal that walks, lies or swims; ``beside``: whom it goes with, in the posture ``walks``."""

    lies: bool = False
    beside: Spot | None = None
    walks: str = ""

    def _parts(self, time: float) -> Sequence[Part]:
        return animals.animal(self.kind, time, moves=self.speed > 0 or self.follows, lies=self.lies)

    def _way(self, time: float) -> float:
        return animals.strides(self.kind, time) * self.speed

    def _u(self, view: View, now: Moment) -> float:
        lead = self.beside
        if lead is None or self.follows:
            return super()._u(view, now)
        posture = self.walks or "walk"
        way = lead.way * travelled(posture, lead.look.bones, now.time * self.tempo) * lead.look.height * lead.size
        return _round(lead.u, way, view.aspect / 2 + _WALK_ON * lead.size, lead.aside) + self.u - lead.u
