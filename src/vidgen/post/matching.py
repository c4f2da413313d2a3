"""Brings the exposure, white balance and contrast of one clip to those of another: one transform for a clip, as a .cube table.

Light is measured where it says something of the lamp and not of the things: the white balance from pixels that are nearly grey
(grey world over near-neutral pixels; Huo et al., IEEE Trans. Consumer Electronics 52, 2006), the exposure as the median of
log2 luminance, the contrast as its spread. It is a guess where two clips show different things, and so all of it is bounded.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vidgen.media.cube import Table, identity
from vidgen.media.frames import Frame
from vidgen.post.grade import GAMMA, LUMA
from vidgen.post.settings import Match

Pixels = npt.NDArray[np.float64]
"""[n, 3] linear red, green and blue, 0-1."""

QUANTILES = tuple(range(5, 100, 5))
"""In per cent."""
MOST_STOPS, MOST_CAST, MOST_CONTRAST = 1.5, 0.8, 1.18
"""Bounds of a match: exposure in stops; red and blue against green in stops; contrast as a factor, or one by it."""
_DARK, _CLIPPED = 0.002, 0.96
"""Linear levels outside of which a pixel says nothing: noise, or more light than there is room for."""
_GREY = 0.18
"""How far from grey a pixel may be, as a share of its level, to count fully for the white balance."""
_SHOULDER = 0.75
"""Linear level from which what gets brighter is bent down towards white, so that highlights keep their drawing."""
_LOWEST, _HIGHEST = float(np.log2(_DARK)), float(np.log2(0.9))
"""Quantiles beyond are cut off by black and white."""
_WORTH_IT = 0.9
"""What does not bring a clip nearer by a tenth is left."""
_SKIN_HUE, _SKIN_WIDTH = 0.06, 0.05
"""Hue of skin on a circle of 1, of all complexions (vectorscope: the I line), and how far around it skin may be."""


_ALIKE = 2.0
"""Delta E below which two clips look the same side by side."""


@dataclass(frozen=True)
class Compared:
    """What is done to a clip, and how different it looks from its reference before and after it; None where that cannot be
    measured. ``why``: why nothing is done, as ``strength`` (0), ``flat`` (the clip is black, white or one colour),
    ``reference_flat``, ``alike``, or ``no_nearer``; empty where something is.
    """

    match: Match = Match()
    before: float | None = None
    after: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Light:
    """The light of a clip: quantiles of log2 luminance (``QUANTILES``), and red and blue against green at what is grey, in
    stops. ``shades``: the mean colour of shadows, middle and highlights, CIE L*a*b*.
    """

    levels: tuple[float, ...]
    red: float
    blue: float
    shades: tuple[tuple[float, ...], ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Light:
        """The light of an ``as_dict``. Raises KeyError, TypeError or ValueError for anything else."""
        levels, *shades = (tuple(float(value) for value in row) for row in (data["levels"], *data["shades"]))
        if len(levels) != len(QUANTILES) or [len(row) for row in shades] != [3, 3, 3]:
            raise ValueError("not the light of a clip")
        return cls(levels, float(data["red"]), float(data["blue"]), tuple(shades))


def light_of(frames: Sequence[Frame]) -> Light | None:
    """The light of some small frames of a clip, BT.709 RGB of 8 bits; None where they are black, white or one colour."""
    pixels = np.concatenate([frame.reshape(-1, 3) for frame in frames]).astype(np.float64) / 255
    linear = pixels**GAMMA
    luma = linear @ LUMA
    usable = (luma > _DARK) & (linear.max(axis=1) < _CLIPPED)
    levels = tuple(float(value) for value in np.percentile(np.log2(np.maximum(luma, _DARK / 4)), QUANTILES))
    if usable.sum() < 0.05 * len(pixels) or levels[-1] - levels[0] < 0.05:
        return None
    red, blue = _grey_balance(linear[usable])
    thirds = np.array_split(np.argsort(luma, kind="stable"), 3)
    shades = tuple(tuple(float(value) for value in lab(linear[third]).mean(axis=0)) for third in thirds)
    return Light(levels, red, blue, shades)


def match_light(clip: Light, reference: Light, strength: float = 1.0) -> Match:
    """What brings a clip to a reference, bounded; ``strength`` 0-1: how much of the way."""
    pairs = [pair for pair in zip(clip.levels, reference.levels, strict=True) if min(pair) > _LOWEST and max(pair) < _HIGHEST]
    if len(pairs) < 3:
        return Match()
    stops = float(np.clip(np.median([there - here for here, there in pairs]), -MOST_STOPS, MOST_STOPS)) * strength
    red = float(np.clip(reference.red - clip.red, -MOST_CAST, MOST_CAST)) * strength
    blue = float(np.clip(reference.blue - clip.blue, -MOST_CAST, MOST_CAST)) * strength
    spread, wanted = (max(float(np.std(levels)), 0.05) for levels in zip(*pairs, strict=True))
    ratio = float(np.clip(wanted / spread, 1 / MOST_CONTRAST, MOST_CONTRAST))
    middle = float(2.0 ** np.median([here for here, _ in pairs]))
    match = Match(round(stops, 2), round(red, 2), round(blue, 2), round(ratio**strength, 2), round(middle, 3))
    return match if match.seen else Match()


def matched(frames: Sequence[Frame], reference: Light, strength: float) -> tuple[Match, float, float]:
    """What brings small frames of a clip to a reference, and how different they look before and after it. Nothing where it
    would bring them no nearer.
    """
    clip = light_of(frames)
    if clip is None:
        return Match(), 0.0, 0.0
    before = difference(clip, reference)
    match = match_light(clip, reference, strength)
    after = light_of([applied(match, frame) for frame in frames])
    if not match.seen or after is None or difference(after, reference) > _WORTH_IT * before:
        return Match(), before, before
    return match, before, difference(after, reference)


def compare(frames: Sequence[Frame], reference: Sequence[Frame], strength: float) -> Compared:
    """``matched`` for small frames of both clips, and why nothing is done where that is so."""
    light, own = light_of(reference), light_of(frames)
    if light is None or own is None:
        return Compared(why="reference_flat" if light is None else "flat")
    match, before, after = matched(frames, light, strength)
    left = "strength" if not strength else "alike" if before < _ALIKE else "no_nearer"
    return Compared(match, before, after, "" if match.seen else left)


def bake_match(match: Match, size: int = 33) -> Table:
    """The transform as a table: gains in linear light, contrast about the middle, a shoulder for highlights, skin kept."""
    colours = identity(size)
    gains = np.array([2.0**match.red, 1.0, 2.0**match.blue])
    gains *= 2.0**match.stops / float(gains @ LUMA)
    linear = colours**GAMMA * gains
    luma = np.maximum(linear @ LUMA, 1e-6)[..., None]
    pivot = match.middle * 2.0**match.stops
    linear = linear * (luma / pivot) ** (match.contrast - 1)
    if match.stops > 0 or match.contrast > 1:
        linear = _bent(linear)
    out = np.clip(linear, 0.0, 1.0) ** (1 / GAMMA)
    baked: Table = np.clip(_skin_kept(colours, out), 0.0, 1.0)
    return baked


def applied(match: Match, frame: Frame) -> Frame:
    """A frame after the transform, by the same table (trilinear)."""
    table = bake_match(match)
    places = frame.reshape(-1, 3) / 255 * (len(table) - 1)
    base = np.minimum(places.astype(int), len(table) - 2)
    share = places - base
    out = np.zeros_like(places)
    for corner in itertools.product((0, 1), repeat=3):
        weight = np.prod(np.where(corner, share, 1 - share), axis=1)
        red, green, blue = (base + corner).T
        out += weight[:, None] * table[blue, green, red]
    result: Frame = np.round(out * 255).astype(np.uint8).reshape(frame.shape)
    return result


def difference(one: Light, other: Light) -> float:
    """How different two clips look: the mean CIE 1976 colour difference of their shadows, middles and highlights."""
    pairs = zip(one.shades, other.shades, strict=True)
    return float(np.mean([np.linalg.norm(np.subtract(first, second)) for first, second in pairs]))


def lab(linear: Pixels) -> Pixels:
    """CIE L*a*b* (D65) of linear BT.709 colours."""
    xyz = linear @ np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).T
    scaled = xyz / np.array([0.9505, 1.0, 1.089])
    root = np.where(scaled > (6 / 29) ** 3, np.cbrt(scaled), scaled / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * root[:, 1] - 16, 500 * (root[:, 0] - root[:, 1]), 200 * (root[:, 1] - root[:, 2])], axis=1)


def _grey_balance(linear: Pixels) -> tuple[float, float]:
    """Red and blue against green of what is nearly grey, in stops."""
    gains = linear.mean(axis=0)
    for _ in range(4):
        balanced = linear / gains
        level = balanced.mean(axis=1, keepdims=True)
        distance = np.abs(balanced / np.maximum(level, 1e-9) - 1).max(axis=1)
        weights = np.exp(-np.square(distance / _GREY))
        if weights.sum() < 1e-3 * len(linear):
            break
        gains = (linear * weights[:, None]).sum(axis=0) / weights.sum()
    red, green, blue = np.log2(np.maximum(gains, 1e-6))
    return float(red - green), float(blue - green)


def _bent(linear: Pixels) -> Pixels:
    room = 1 - _SHOULDER
    bent: Pixels = np.where(linear > _SHOULDER, _SHOULDER + room * (1 - np.exp(-(linear - _SHOULDER) / room)), linear)
    return bent


def _skin_kept(before: Table, after: Table) -> Table:
    """What was skin and would be none any more keeps half of the way of its hue."""
    kept = _skin(before)
    lost = np.clip(kept - _skin(after), 0, 1)[..., None] / 2
    luma = (after @ LUMA)[..., None]
    own = (before @ LUMA)[..., None]
    same_hue = before * luma / np.maximum(own, 1e-6)
    mixed: Table = after * (1 - lost) + np.clip(same_hue, 0, 1) * lost
    return mixed


def _skin(colours: Table) -> npt.NDArray[np.float64]:
    """How much colours look like skin, 0-1."""
    high, low = colours.max(axis=-1), colours.min(axis=-1)
    chroma = high - low
    red, green, blue = np.moveaxis(colours, -1, 0)
    hue = np.where((high == red) & (chroma > 0), ((green - blue) / np.maximum(chroma, 1e-9) / 6) % 1, 0.5)
    near = np.clip(1 - np.abs(hue - _SKIN_HUE) / _SKIN_WIDTH, 0, 1)
    saturation = chroma / np.maximum(high, 1e-9)
    some = np.clip(saturation / 0.15, 0, 1) * np.clip((0.85 - saturation) / 0.15, 0, 1)
    weight: npt.NDArray[np.float64] = near * some * (high > 0.15)
    return weight
