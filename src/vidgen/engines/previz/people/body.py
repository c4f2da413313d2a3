"""A skeleton dressed: its shapes as the marker draws them, from the side on which the camera is."""

from __future__ import annotations

import math
from typing import NamedTuple

from vidgen.engines.previz.people.looks import Look, table
from vidgen.engines.previz.people.marker import Circle, Part
from vidgen.engines.previz.people.rig import Joints, Point, Seen, Side

_FACING = 0.15
"""How far a face must be turned to the camera (cosine) before anything of it is drawn."""
_PROFILE = 0.45


class Face(NamedTuple):
    """What a face does: ``open`` 0-1 the mouth, ``shut`` the eyes, ``smile`` -1 to 1; ``detail``: pixels of the head's
    height."""

    open: float = 0.0
    shut: bool = False
    smile: float = 0.0
    detail: float = 100.0


class Body:
    """The shapes of one person in one moment."""

    def __init__(self, joints: Joints, look: Look, yaw: float, face: Face) -> None:
        self.joints, self.look, self.side, self.face = joints, look, Side(yaw), face
        self.k, self.wide = joints.scale, joints.scale * look.wide
        self.head_size = joints.bones.head / 0.133 * joints.scale

    def parts(self) -> list[Part]:
        """All of it, each with its depth."""
        legs = [self._leg(side) for side in (0, 1)]
        arms = [part for side in (0, 1) for part in self._arm(side)]
        return [*legs, *self._feet(), *self._trunk(), *arms, *self._head()]

    def _circle(self, point: Point, radius: float) -> Circle:
        seen = self.side.of(point)
        return seen.x, seen.y, radius

    def _chain(self, points: list[tuple[Point, float]], scale: float) -> list[list[Circle]]:
        """Tapered limbs from joint to joint."""
        circles = [self._circle(point, radius * scale) for point, radius in points]
        return [[a, b] for a, b in zip(circles, circles[1:], strict=False)]

    def _near(self, *points: Point) -> float:
        return sum(self.side.of(point).near for point in points) / len(points)

    def _leg(self, side: int) -> Part:
        j = self.joints
        limb = [(j.hip[side], 0.056), (j.knee[side], 0.043), (j.ankle[side], 0.029)]
        return Part("bottom", self._chain(limb, self.wide), self._near(j.hip[side], j.knee[side]) * 0.6 - 0.02)

    def _feet(self) -> list[Part]:
        j, k, out = self.joints, self.k, []
        for side in (0, 1):
            heel = j.ankle[side]
            shoe = [self._circle((heel[0], heel[1] - 0.014 * k, heel[2]), 0.027 * k), self._circle(j.toe[side], 0.019 * k)]
            out.append(Part("shoe", [shoe], self._near(heel) * 0.6 - 0.03))
        return out

    def _arm(self, side: int) -> list[Part]:
        j, look = self.joints, self.look
        sleeve = self._chain([(j.shoulder[side], 0.036), (j.elbow[side], 0.031), (j.hand[side], 0.024)], self.wide)
        near = self._near(j.elbow[side], j.hand[side], j.shoulder[side])
        depth = near + (0.04 if near > 0 else -0.04)
        reach = _towards(j.elbow[side], j.hand[side], 0.034 * self.k)
        hand = [self._circle(j.hand[side], 0.021 * self.k), self._circle(reach, 0.018 * self.k)]
        tone = "coat" if look.coat else "top"
        return [Part(look.skin, [hand], depth - 0.001), Part(tone, sleeve, depth)]

    def _trunk(self) -> list[Part]:
        j, k, w, look = self.joints, self.k, self.wide, self.look
        chest = _middle(j.neck, j.waist, 0.40)
        hem = [_middle(j.waist, hip, 0.62) for hip in j.hip]
        upper = [
            *(self._circle(shoulder, 0.034 * w) for shoulder in j.shoulder),
            self._circle((chest[0] + 0.006 * k, chest[1], chest[2]), 0.074 * w),
            *(self._circle(side, 0.058 * w) for side in hem),
        ]
        lower = [self._circle(j.waist, 0.060 * w), *(self._circle(hip, 0.058 * w) for hip in j.hip)]
        tone = "coat" if look.coat else "top"
        parts = [
            Part("bottom" if not (look.coat or look.skirt == "robe") else tone, [lower], -0.005),
            Part(tone, [upper], 0.006),
        ]
        neck = [self._circle(j.neck, 0.030 * w), self._circle(_middle(j.neck, j.head, 0.6), 0.028 * w)]
        parts.append(Part(look.skin, [neck], 0.007 if self._near(j.face[0]) > -0.2 else -0.001))
        if look.scarf:
            wrap = [
                self._circle((j.neck[0] + 0.008 * k, j.neck[1] + 0.012 * k, sign * 0.02 * k), 0.040 * w) for sign in (-1, 1)
            ]
            parts.append(Part("scarf", [wrap], 0.022 if self.side.cos > -0.2 else 0.008))
        if look.belt:
            ends = [self._circle(hip, 0.066 * w) for hip in j.hip]
            parts.append(Part("belt", [[self._circle(_middle(j.waist, hip, 0.7), 0.060 * w) for hip in j.hip], ends], 0.012))
        return [*parts, *self._skirt(tone), *self._front(chest)]

    def _skirt(self, coat: str) -> list[Part]:
        """A skirt, a robe or the tails of a coat: a bell from the waist to its hem."""
        j, w, look = self.joints, self.wide, self.look
        length = {"knee": 0.95, "long": 1.0, "robe": 1.0, "tails": 0.62}.get(look.skirt or ("tails" if look.coat else ""))
        if length is None:
            return []
        ends = [_middle(hip, knee, length) for hip, knee in zip(j.hip, j.knee, strict=True)]
        radius = 0.066
        if look.skirt in ("long", "robe"):
            ends, radius = [_middle(knee, ankle, 0.86) for knee, ankle in zip(j.knee, j.ankle, strict=True)], 0.062
        tone = "bottom" if look.skirt and look.skirt != "robe" else coat
        knees = [self._circle(knee, 0.066 * w) for knee in j.knee] if look.skirt in ("long", "robe") else []
        bell = [*(self._circle(hip, 0.062 * w) for hip in j.hip), *knees, *(self._circle(end, radius * w) for end in ends)]
        top = [self._circle(j.waist, 0.062 * w), *(self._circle(hip, 0.062 * w) for hip in j.hip)]
        return [Part(tone, [bell, top], 0.005)]

    def _front(self, chest: Point) -> list[Part]:
        """What is seen of clothes from the front: a collar, a tie, an apron."""
        j, k, w, look = self.joints, self.k, self.wide, self.look
        facing = self.side.cos
        if facing < 0.3:
            return []
        out = []
        if look.apron:
            bib = [
                (chest[0] + 0.075 * k, chest[1] - 0.02 * k, chest[2]),
                (j.waist[0] + 0.06 * k, j.waist[1] - 0.12 * k, j.waist[2]),
            ]
            wide = 0.040 * w * facing
            edges = [self._circle((p[0], p[1], p[2] + sign * 0.04 * w), wide * 0.5) for p in bib for sign in (-1, 1)]
            out.append(Part("apron", [edges], 0.030))
        if look.coat == "suit":
            throat, low = (
                (j.neck[0] + 0.03 * k, j.neck[1] - 0.015 * k, j.neck[2]),
                (chest[0] + 0.072 * k, chest[1] - 0.07 * k, chest[2]),
            )
            shirt = [self._circle((throat[0], throat[1], throat[2] + sign * 0.026 * w), 0.008 * k) for sign in (-1, 1)]
            out.append(Part("shirt", [[*shirt, self._circle(low, 0.004 * k)]], 0.020))
            out.append(Part("tie", [[self._circle(throat, 0.008 * k), self._circle(low, 0.006 * k)]], 0.021, False))
        return out

    # The head: a skull in the hair's tone, and before it the face, a little lower and further forward.

    def _on_head(self, forward: float, up: float, left: float = 0.0) -> Seen:
        """A place on the head, in heads of a grown-up's size: from its middle forward, up and to its left."""
        ahead, above = self.joints.face
        across = _cross(ahead, above)
        size, head = self.head_size, self.joints.head
        x, y, z = (head[i] + size * (ahead[i] * forward + above[i] * up + across[i] * left) for i in range(3))
        return self.side.of((x, y, z))

    def _spot(self, forward: float, up: float, left: float, radius: float) -> Circle:
        seen = self._on_head(forward, up, left)
        return seen.x, seen.y, radius * self.head_size

    @property
    def _turned(self) -> float:
        """How far the face is turned to the camera: 1 quite, 0 in profile, below 0 away."""
        return self.side.of(self.joints.face[0]).near

    def _head(self) -> list[Part]:
        look, turned = self.look, self._turned
        skull = [self._spot(-0.006, 0.012, 0, 0.0555), self._spot(-0.008, -0.004, 0, 0.050)]
        base = 0.10 if self.joints.face[0][1] > -0.8 else 0.12
        top = "hat" if self._covered else look.skin if look.hair == "bald" else "hair"
        parts = [Part(top, [skull], base), *self._long_hair(turned, base)]
        if turned > -0.72:
            face = [
                self._spot(0.010, -0.002, 0, 0.0445),
                self._spot(0.014, -0.020, 0, 0.040),
                self._spot(0.018, -0.040, 0, 0.026),
            ]
            parts.append(Part(look.skin, [face], base + 0.002))
            parts += self._ears(turned, base)
        if turned > _FACING - 0.35 and self.face.detail > 12:
            parts += self._features(turned, base + 0.01)
        return parts + self._fringe(turned, base) + self._beard(turned, base) + self._hat(base + 0.02)

    @property
    def _covered(self) -> bool:
        """Whether what is on the head hides all hair."""
        return self.look.hat in table()["covering"]

    def _beard(self, turned: float, base: float) -> list[Part]:
        """A beard about the mouth and the chin, or a moustache."""
        kind = self.look.beard
        if not kind or turned < -0.35:
            return []
        lip = [self._spot(0.050, -0.023, sign * 0.015, 0.0055) for sign in (-1, 1)]
        if kind == "lip":
            return [Part("hair", [lip], base + 0.0085, False)]
        chin = [self._spot(0.024, -0.056, sign * 0.012, 0.020) for sign in (-1, 1)]
        cheeks = [self._spot(0.016, -0.028, sign * 0.037, 0.010) for sign in (-1, 1)]
        sides = [[cheeks[n], self._spot(0.006, 0.002, sign * 0.042, 0.006)] for n, sign in enumerate((-1, 1))]
        return [Part("hair", [[*chin, *cheeks], *sides, lip], base + 0.004, False)]

    def _glasses(self, depth: float) -> list[Part]:
        """A frame with a lens before each eye; dark ones hide it."""
        dark, middle, parts = self.look.glasses == "dark", self.side.of(self.joints.head).near, list[Part]()
        for sign in (-1, 1):
            if self._on_head(0.046, 0.004, sign * 0.020).near < middle + 0.004 * self.head_size:
                continue
            lens = [[self._spot(0.049, 0.002, sign * 0.021, 0.0165)]]
            arm = [self._spot(0.046, 0.006, sign * 0.036, 0.0022), self._spot(-0.004, 0.006, sign * 0.047, 0.0022)]
            parts.append(Part("mark", [*lens, arm], depth + (0.002 if dark else -0.002), False))
            if not dark:
                parts.append(Part(self.look.skin, [[self._spot(0.049, 0.002, sign * 0.021, 0.0130)]], depth - 0.001, False))
        bridge = [self._spot(0.053, 0.004, sign * 0.006, 0.0024) for sign in (-1, 1)]
        return [*parts, Part("mark", [bridge], depth + 0.001, False)]

    def _ears(self, turned: float, base: float) -> list[Part]:
        out = []
        for sign in (-1, 1):
            seen = self._on_head(-0.004, -0.006, sign * 0.046)
            if (
                seen.near > self.side.of(self.joints.head).near - 0.030 * self.head_size
                and self.look.hair
                not in (
                    "long",
                    "bob",
                )
                and not self._covered
            ):
                out.append(
                    Part(self.look.skin, [[self._spot(-0.004, y, sign * 0.047, 0.010) for y in (0.0, -0.014)]], base + 0.001)
                )
        return out if turned < 0.97 or self.look.hair == "bald" else out

    def _features(self, turned: float, depth: float) -> list[Part]:
        parts, tiny = [], self.face.detail < 26
        middle = self.side.of(self.joints.head).near
        for sign in (-1, 1):
            if self._on_head(0.046, 0.004, sign * 0.020).near < middle + 0.012 * self.head_size:
                continue
            eye = [self._spot(0.047, y, sign * 0.019, 0.0052) for y in ((0.0015,) if self.face.shut else (0.005, -0.001))]
            if self.face.shut:
                eye = [self._spot(0.046, 0.001, sign * 0.019 + x, 0.0022) for x in (-0.008, 0.008)]
            parts.append(Part("mark", [eye], depth, False))
            if not tiny:
                brow = [self._spot(0.047, 0.020, sign * 0.011, 0.0026), self._spot(0.043, 0.0215, sign * 0.028, 0.0022)]
                parts.append(Part("mark", [brow], depth, False))
        glasses = self._glasses(depth) if self.look.glasses else []
        return [*parts, *glasses, *self._nose(turned, depth, tiny), *self._mouth(depth, tiny)]

    def _nose(self, turned: float, depth: float, tiny: bool) -> list[Part]:
        bridge, tip = self._spot(0.048, 0.004, 0, 0.006), self._spot(0.062, -0.014, 0, 0.008)
        if turned < _PROFILE + 0.25:
            return [Part(self.look.skin, [[bridge, tip, self._spot(0.046, -0.018, 0, 0.006)]], depth - 0.009)]
        if tiny:
            return []
        side = math.copysign(0.007, self.side.sin or 1)
        return [Part("crease", [[self._spot(0.058, -0.012, side * x, 0.0020) for x in (0.2, 1.2)]], depth, False)]

    def _mouth(self, depth: float, tiny: bool) -> list[Part]:
        opened, smile = self.face.open, 0.004 * self.face.smile
        if opened > 0.12:
            wide, low = 0.010 - 0.003 * opened, -0.031 - 0.011 * opened
            lips = [self._spot(0.045, up, sign * wide, 0.0036) for sign in (-1, 1) for up in (-0.030, low)]
            return [Part("mouth", [lips], depth, False)]
        thick = 0.0020 if not tiny else 0.0030
        halves = [
            [self._spot(0.046, -0.0325, 0, thick), self._spot(0.042, -0.0325 + smile, sign * 0.014, thick)] for sign in (-1, 1)
        ]
        return [Part("mark", halves, depth, False)]

    def _long_hair(self, turned: float, base: float) -> list[Part]:
        hair = "" if self._covered else self.look.hair
        ends = {"long": (-0.030, -0.095, 0.036), "bob": (-0.016, -0.052, 0.042), "pony": (-0.078, -0.070, 0.014)}.get(hair)
        behind = -0.03 if turned > -0.1 else base + 0.03
        if hair in ("bun", "topknot"):
            up = 0.034 if hair == "bun" else 0.062
            knot = self._spot(-0.060 if hair == "bun" else -0.024, up, 0, 0.023 if hair == "bun" else 0.014)
            return [Part("hair", [[knot]], behind)]
        if ends is None:
            return []
        forward, up, radius = ends
        wide = 0.030 if hair != "pony" else 0.0
        strands = [self._spot(forward, up, sign * wide, radius * 0.8) for sign in (-1, 1)]
        root = (
            [self._spot(-0.016, 0.0, sign * 0.012, 0.047) for sign in (-1, 1)]
            if hair != "pony"
            else [self._spot(-0.056, 0.02, 0, 0.016)]
        )
        return [Part("hair", [[*root, *strands]], behind)]

    def _fringe(self, turned: float, base: float) -> list[Part]:
        """The hairline over the brow, and a beard."""
        if turned < -0.5:
            return []
        if self.look.hair == "bald" and not self._covered:
            return []
        part = 0.018 if self.look.hair in ("short", "bun", "pony", "topknot") else -0.012
        line = [
            self._spot(0.020, 0.041, 0.030, 0.014),
            self._spot(0.022, 0.046, part, 0.014),
            self._spot(0.012, 0.040, -0.034, 0.013),
        ]
        return [Part("hat" if self._covered else "hair", [line], base + 0.006, False)]

    def _hat(self, depth: float) -> list[Part]:
        hat, turned = self.look.hat, self._turned
        if hat == "niqab" and turned > 0.0:
            return [*self._shapes("niqab", depth - 0.025), *self._shapes("mask", depth + 0.004)]
        if hat == "bubble":
            depth -= 0.021
        elif hat == "veil" and turned > -0.1:
            depth = -0.03
        elif self._covered and hat != "turban":
            depth -= 0.025  # about the neck, behind the face
        return self._shapes(hat, depth)

    def _shapes(self, hat: str, depth: float) -> list[Part]:
        return [
            Part(tone or "hat", [[self._spot(*spot) for spot in hull] for hull in hulls], depth + 0.001 * number)
            for number, (tone, *hulls) in enumerate(table()["hats"].get(hat, ()))
        ]


def _middle(a: Point, b: Point, share: float) -> Point:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share


def _towards(a: Point, b: Point, more: float) -> Point:
    """The point that lies ``more`` behind b, seen from a."""
    length = math.dist(a, b) or 1.0
    return _middle(a, b, 1 + more / length)


def _cross(a: Point, b: Point) -> Point:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
