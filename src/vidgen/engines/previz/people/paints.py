"""The colours of what the marker draws: pale on a card's paper, under the world's light in a drawn scene."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from vidgen.engines.previz.colour import mix, rgb
from vidgen.engines.previz.noise import Array, random_for
from vidgen.engines.previz.palette import Palette
from vidgen.engines.previz.people import forms
from vidgen.engines.previz.people.animals import table as animals
from vidgen.engines.previz.people.looks import Look, colours
from vidgen.engines.previz.people.marker import Paint, Style

_TOPS = ("#b5564c", "#4f7090", "#7c9160", "#c99d52", "#7f6c92", "#5c8a88", "#a97a62", "#8d9aa6")
_BOTTOMS = ("#4b566a", "#5d534a", "#434d48", "#66656f", "#6e5b4c")
_COATS = ("#5a5e66", "#4a5364", "#6b5f55", "#4f4a4c")
_HAIR = ("#3a302b", "#58422f", "#2c2b30", "#775838", "#4a3a34")
_SKIN = ("#f3d8bd", "#ecc8a6", "#dcb18c")
_GREY = "#b3bcc8"
_FIXED = {
    "shoe": "#3d3a3a", "shirt": "#f4f1ea", "tie": "#8f3f3b", "apron": "#f1eee6", "mark": "#38302c", "crease": "#a97f63",
    "mouth": "#7d3a36", "metal": "#a9b4bb", "gold": "#d2ab5c", "belt": "#39415a",
}  # fmt: skip

_DARK = 0.3
"""The mean level below which a hide is dark."""
_PLUMES = {"beak": "#d9a045", "comb": "#c0504a", "foam": "#eef5f6"}

Light = Callable[[Array], tuple[Array, Array]]
"""What light makes of a local colour ([3], 0-1): where it is lit, and in shade."""


def _paint(colour: Array) -> Paint:
    red, green, blue = (float(level) * 255 for level in np.clip(colour, 0, 1))
    return red, green, blue, 255.0


def _style(tones: Mapping[str, Any], light: Light, ink: Array, side: float, line: float = 0.006) -> Style:
    pairs = {name: light(rgb(colour)) for name, colour in tones.items()}
    return Style({name: (_paint(lit), _paint(shade)) for name, (lit, shade) in pairs.items()}, _paint(ink), line, side)


class Paints:
    """How local colours look in one picture."""

    def __init__(self, light: Light, ink: Array, side: float) -> None:
        self._light, self._ink, self._side = light, ink, side

    def person(self, look: Look, seed: int, near: bool = False) -> Style:
        """Of somebody: the same seed has the same clothes. ``near``: as a dark shape before the picture."""
        tones = _clothes(look, seed)
        if not near:
            return _style(tones, self._light, self._ink, self._side)
        dark = {name: mix(rgb(colour), rgb("#2a2b30"), 0.62) for name, colour in tones.items()}
        return _style(dark, self._light, self._ink, self._side)

    def form(self, seed: int, pale: float = 0.0, colour: str = "") -> Style:
        """Of vehicles and furniture. ``pale`` 0-1: how far things step back behind people; ``colour``: one of kinds.yaml."""
        paint = random_for(seed, "paint").choice(("#b4564b", "#55789a", "#c8a053", "#6d8f78", "#8a8f98"))
        paint = colours()[colour]["tone"] if colour else paint
        tones = {**forms.table()["tones"], "paint": str(paint)}
        faded = {name: mix(rgb(colour), rgb("#efe8da"), pale) for name, colour in tones.items()}
        ink = mix(self._ink, rgb("#efe8da"), pale * 0.9)
        return _style(faded, self._light, ink, self._side, 0.008)

    def animal(self, kind: str, colour: str = "") -> Style:
        """Of an animal. ``colour``: "" its own, else one of kinds.yaml."""
        row = animals()[kind]
        hide = rgb(colours()[colour]["tone"] if colour else row["tone"])
        mane = mix(hide, rgb("#f4ede0"), 0.16) if colour else row["mane"]
        mark = "#e8d691" if float(hide.mean()) < _DARK else "#2d2826"  # eyes that are seen
        tones = {"hide": hide, "hide_far": mix(hide, rgb("#3c332e"), 0.30), "mane": mane, "mark": mark, **_PLUMES}
        return _style(tones, self._light, self._ink, self._side, 0.012)


def _clothes(look: Look, seed: int) -> dict[str, str]:
    def one(name: str, of: tuple[str, ...]) -> str:
        return of[int(random_for(seed, name).integers(len(of)))]

    hair = _GREY if look.hair_tone == "grey" else look.hair_tone or one("hair", _HAIR)
    coat = look.top if look.coat and look.top else one("coat", _COATS)
    hat = look.hat_tone or (look.top if look.hat == "cap" else "") or one("hat", _COATS)
    skin, top = one("skin", _SKIN), look.top or _TOPS[seed % len(_TOPS)]
    bottom = look.bottom or (coat if look.coat == "suit" else one("bottom", _BOTTOMS))
    bare = {name: skin if tone == "skin" else tone for name, tone in (("top", top), ("bottom", bottom))}
    return {**_FIXED, **bare, "skin": skin, "hair": hair, "coat": coat, "hat": hat, "scarf": look.scarf or _FIXED["tie"]}


def on_paper() -> Paints:
    """On a card: marker on paper."""

    def light(colour: Array) -> tuple[Array, Array]:
        lit = mix(colour, rgb("#fffaf0"), 0.22)
        return lit, mix(np.asarray(lit * 0.80, np.float32), rgb("#5b4f5e"), 0.10)

    return Paints(light, rgb("#39332e"), 1.0)


def in_world(p: Palette, z: float) -> Paints:
    """In a drawn scene at a distance: under its light, and in its air."""
    dark = float(p.fill.mean() + p.key.mean()) < 0.6

    def light(colour: Array) -> tuple[Array, Array]:
        lit, shade = p.lit(colour, 0.80), p.lit(colour, 0.28)
        if dark:
            lit, shade = (
                mix(mix(one, colour * 0.62, 0.42), p.light.glow, share) for one, share in ((lit, 0.16), (shade, 0.04))
            )
        return p.air(lit, z), p.air(mix(shade, p.near, 0.10), z)

    line = mix(p.near, p.light.glow, 0.34) if dark else mix(p.near, p.lit(rgb("#3a3440"), 0.2), 0.35)
    ink = p.air(line, z)
    return Paints(light, ink, float(np.sign(p.light.side) or 1.0))
