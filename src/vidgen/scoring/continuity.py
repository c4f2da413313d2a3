"""Whether people and places stay the same from shot to shot: a bank of looks, and how far a take is from it.

The bank holds reference pictures of the user's and the takes that were picked so far, in film order. A take is compared with
those that are meant to show the same: the same characters, or the same place. What was meant to change is not compared:
another place, another cast, a close-up against a wide shot. At another time of day, in other weather or lighting, only what a
change of light leaves as it was is compared.

============ ============================================================================================ ==============
measure      what it is                                                                                   unit
============ ============================================================================================ ==============
identity     distance of the subject to the nearest look of the same cast                                  share of the limit
place        the same of what is around the subject, to the nearest look of the same place                 share of the limit
exposure     difference of the light of the place to the last look of it                                    stops
light        difference of the slope of light from left to right to the last look of the place             stops
direction    1: the subject of the shot before now heads the other way; 0: it does not                     -
============ ============================================================================================ ==============

Limits: a subject is a mixture of colours and a texture, so two people in the same clothes are one, and a change of clothes is
another person. Several characters are compared only as a group. With the extra ``looks`` shapes count too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from vidgen.media.tables import read_table
from vidgen.scoring.looks import DIRECTIONS, Look, Region
from vidgen.scoring.rules import Rule
from vidgen.scoring.scorer import Measurement
from vidgen.scoring.scorers import Measured
from vidgen.storyboard.model import Camera, Shot

RULES: Mapping[str, Any] = read_table("vidgen.scoring", "continuity.yaml")
"""Scales and limits (measured: ``benchmarks/continuity.py``), and the words that tell of time, weather and framing."""

NAMES = ("identity", "place", "exposure", "light", "direction")


@dataclass(frozen=True)
class Shown:
    """What a shot is meant to show.

    Args:
        shot: its id. cast: names of its characters. place: name of the place, without words of time and weather; empty: none.
        light: words of time, weather and lighting. framing: size and angle, as far as they change what of a place is seen.
        turns: whether the words say that somebody turns or comes back.
        start_s, end_s: where it is in the film, in seconds.
    """

    shot: str
    cast: frozenset[str] = frozenset()
    place: str = ""
    light: frozenset[str] = frozenset()
    framing: str = ""
    turns: bool = False
    start_s: float = 0.0
    end_s: float = 0.0

    @classmethod
    def of(cls, shot: Shot, name: str, start_s: float, end_s: float) -> Shown:
        """From a shot of the storyboard and its time in the film. ``name``: what to call it."""
        place, light = place_of(shot.scene or "")
        _, more = place_of(" ".join(filter(None, (shot.lighting, shot.style))))
        camera = shot.camera or Camera()
        close = camera.size if camera.size in RULES["close"] else ""
        told = " ".join(filter(None, (shot.action, shot.subject, shot.prompt, shot.prompt_extra)))
        lit = frozenset({*light, *more, " ".join((shot.lighting or "").casefold().split())} - {""})
        framing = " ".join(filter(None, (close, camera.angle)))
        return cls(name, frozenset(shot.characters or ()), place, lit, framing, says_turn(told), start_s, end_s)

    def shares(self, other: Shown) -> bool:
        """Whether something is meant to be the same in both."""
        return self.same_cast(other) or self.same_place(other)

    def same_cast(self, other: Shown) -> bool:
        """Whether both show the same people, and somebody at all."""
        return bool(self.cast) and self.cast == other.cast

    def same_place(self, other: Shown) -> bool:
        """Whether both show the same place in a comparable framing."""
        return bool(self.place) and self.place == other.place and self.framing == other.framing


def place_of(scene: str) -> tuple[str, frozenset[str]]:
    """The name of a place in the words of a scene, and the words of time and weather that stood in it."""
    text, found = " ".join(scene.casefold().split()), set()
    for kind, words in RULES["light"].items():
        for word in sorted(words, key=len, reverse=True):
            pattern = rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word)
            text, times = re.subn(pattern, " ", text)
            if times:
                found.add(kind)
    place = re.sub(r"\b(at|in|by|on|the|a|an|of|with|under|during)\b", " ", text)
    return " ".join(re.sub(r"[^\w]+", " ", place).split()), frozenset(found)


def says_turn(words: str) -> bool:
    """Whether words say that somebody turns, comes back or goes to a side."""
    text = words.casefold()
    return any(re.search(rf"\b{word}" if word.isascii() else word, text) for word in RULES["turns"])


@dataclass(frozen=True)
class Finding:
    """What was found about one take. ``values``: by measure; ``why``: of those that there are none of; ``swapped``: sentences
    about what does not look like what it is meant to be.
    """

    values: Mapping[str, float]
    why: Mapping[str, str]
    swapped: tuple[str, ...] = ()


Kind = Literal["identity", "place", "identity relit", "place relit", "identity portrait"]
"""What is compared, and how: in another light only colours relative to each other count, to a portrait only colours."""

Role = Literal["reference", "picked", "doubted"]
"""Where a look is from: a user's reference picture of a character, a picked take, or a picked take that looks swapped."""


@dataclass
class ContinuityBank:
    """The looks so far. Fill it in film order: ``compare`` the takes of a shot, then ``add`` the picked one."""

    _kept: list[tuple[Shown, Look, Role]] = field(default_factory=list)

    def add(self, shown: Shown, look: Look, role: Role = "picked") -> None:
        """Keep a look. In what is ``doubted`` nobody is recognised; light and direction go on from it all the same."""
        self._kept.append((shown, look, role))

    def knows(self, shown: Shown) -> bool:
        """Whether there is something to compare a shot with."""
        return any(shown.shares(other) for other, *_ in self._kept)

    def compare(self, shown: Shown, look: Look) -> Finding:
        """How far a take is from what was kept, of what is meant to be the same."""
        values: dict[str, float] = {}
        why = dict.fromkeys(NAMES, "no earlier shot is meant to show the same")
        cast = [one for one in self._kept if shown.same_cast(one[0]) and one[2] != "doubted"]
        places = [(other, kept) for other, kept, role in self._kept if shown.same_place(other) and role == "picked"]
        swapped = []
        people: list[tuple[Kind, Region | None]] = [
            ("identity portrait" if role == "reference" else _lit("identity", shown, other), kept.subject)
            for other, kept, role in cast
        ]
        around: list[tuple[Kind, Region | None]] = [(_lit("place", shown, other), kept.place) for other, kept in places]
        identity, place = _nearest(look.subject, people), _nearest(look.place, around)
        if cast:
            lasting = any(role == "reference" for *_, role in cast)
            why["identity"] = "no subject stands out"
            if identity is not None:
                values["identity"] = identity * (1.0 if lasting else _memory(shown, [other for other, *_ in cast]))
                if identity > 1:
                    names = " and ".join(sorted(shown.cast))
                    swapped.append(f"{names} looks unlike {cast[-1][0].shot} ({identity:.1f} times the limit)")
        if places:
            why["place"] = "the subject fills the picture"
            if place is not None:
                values["place"] = place * _memory(shown, [other for other, _ in places])
                if place > 1:
                    swapped.append(f"the place looks unlike {places[-1][0].shot} ({place:.1f} times the limit)")
            if shown.light == places[-1][0].light:
                last = places[-1][1]
                values |= {"exposure": abs(look.exposure - last.exposure), "light": abs(look.light - last.light)}
            why["exposure"] = why["light"] = f"the words ask for another light than in {places[-1][0].shot}"
        before = self._before(shown)
        if before and shown.same_cast(before[0]) and before[1].heading and not shown.turns:
            values["direction"] = float(_clear(look) and _clear(before[1]) and look.heading * before[1].heading < 0)
        elif before:
            why["direction"] = "the shot before has other people, no clear direction, or the words ask for a turn"
        rounded = {name: float(f"{value:.5g}") for name, value in values.items()}
        return Finding(rounded, {name: text for name, text in why.items() if name not in values}, tuple(swapped))

    def measured(self, shown: Shown, looks: Sequence[Look | None]) -> list[Measured]:
        """Measures of all takes of a shot for their scorecards (family ``continuity``); None: a take that has no look. What is
        the same in all takes is left out where something else differs: it would only water that down.
        """
        found = [None if look is None else self.compare(shown, look) for look in looks]
        columns = []
        for name in NAMES:
            results = tuple(_result(name, one) for one in found)
            rule = Rule("continuity", "low", 0.0, RULES["noise"][name], RULES["typical"][name], scale="linear")
            columns.append(Measured(name, rule, results))
        counted = [column for column in columns if column.complete]
        differing = [column for column in counted if _spread(column) > column.rule.noise]
        return differing or counted or columns[:1]

    def _before(self, shown: Shown) -> tuple[Shown, Look] | None:
        """The shot just before this one."""
        picked = [(other, look) for other, look, role in self._kept if role != "reference"]
        earlier = [one for one in picked if one[0].end_s <= shown.start_s + RULES["adjacent_s"]]
        if not earlier:
            return None
        last = max(earlier, key=lambda one: one[0].end_s)
        return last if shown.start_s - last[0].end_s <= RULES["adjacent_s"] else None


def distance(kind: Kind, one: Region, other: Region) -> float:
    """How unlike two regions are, as a share of the limit above which they are called swapped."""
    rule = RULES["distances"][kind]
    rough = np.abs(np.array(one.texture) - np.array(other.texture))
    gaps = {
        "colours": _gap(one.colours, other.colours),
        "tints": _gap(one.tints, other.tints),
        "detail": float(rough[:3].mean()),
        "edges": float(rough[3:].sum()),
    }
    if one.vector and other.vector:
        gaps["vector"] = 1.0 - float(np.dot(one.vector, other.vector))
    weights = {name: weight for name, weight in rule["weights"].items() if name in gaps}
    mean = sum(weight * gaps[name] / rule["scale"][name] for name, weight in weights.items()) / sum(weights.values())
    return float(mean / rule["limit"])


def _gap(one: Sequence[float], other: Sequence[float]) -> float:
    """Sliced Wasserstein distance: mean difference of quantiles, over all directions."""
    a, b = (np.reshape(np.asarray(side, np.float64), (len(DIRECTIONS), -1)) for side in (one, other))
    gaps: npt.NDArray[np.float64] = np.abs(a - b).mean(axis=1)
    return float(np.sqrt((gaps**2).mean()))


def _lit(kind: Literal["identity", "place"], shown: Shown, other: Shown) -> Kind:
    if shown.light == other.light:
        return kind
    return "identity relit" if kind == "identity" else "place relit"


def _nearest(region: Region | None, others: Sequence[tuple[Kind, Region | None]]) -> float | None:
    """Distance to the nearest look; None where there is no region to compare."""
    if region is None:
        return None
    return min((distance(kind, region, kept) for kind, kept in others if kept is not None), default=None)


def _spread(column: Measured) -> float:
    values = [result.value for result in column.results if result.value is not None]
    return max(values) - min(values)


def _memory(shown: Shown, others: Sequence[Shown]) -> float:
    """How well an audience remembers: 1 just after, half after ``half_life_s``, never below ``least_memory``."""
    away = max(0.0, shown.start_s - max(other.end_s for other in others))
    return float(max(RULES["least_memory"], 0.5 ** (away / RULES["half_life_s"])))


def _clear(look: Look) -> bool:
    return abs(look.heading) >= float(RULES["clear_heading"])


def _result(name: str, found: Finding | None) -> Measurement:
    if found is None:
        return Measurement(None, "the file cannot be decoded")
    return Measurement(found.values.get(name), found.why.get(name, ""))
