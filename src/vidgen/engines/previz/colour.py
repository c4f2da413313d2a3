"""Colour as painters use it: hex names, mixing in OKLab, gradients, light and air."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from vidgen.engines.previz.noise import Array

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


_LARGEST = 32000
"""OpenCV looks things up in pictures that are no wider or taller."""


def rgb(value: Any) -> Array:
    """``"#f2b56b"`` or three numbers 0-1 as [3] float32."""
    if isinstance(value, str):
        return np.array([int(value[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32)
    return np.asarray(value, np.float32)


def to_oklab(colours: Array) -> Array:
    """sRGB 0-1 [..., 3] to OKLab, in which mixtures stay clean instead of going grey."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T)


def from_oklab(lab: Array) -> Array:
    """OKLab [..., 3] to sRGB 0-1, clipped."""
    linear = np.clip((lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T, 0, 1)
    return np.asarray(np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055), np.float32)


def mix(first: Array, second: Array, share: Any) -> Array:
    """Straight mixture: ``first`` at 0, ``second`` at 1."""
    if isinstance(share, np.ndarray) and share.ndim == 3 and share.shape[2] == 1 and max(np.shape(first)[-1:]) == 3:
        part = share[..., 0].astype(np.float32)
        return by_channel(lambda low, high: low + (high - low) * part, first, second)
    return np.asarray(first + (second - first) * share, np.float32)


def by_channel(of: Callable[..., Array], *colours: Array) -> Array:
    """What ``of`` makes of each channel of the colours ([3] or [H, W, 3]): [H, W, 3] float32. A picture is reckoned much
    faster in planes than in pixels of three numbers."""
    return cv2.merge([np.ascontiguousarray(of(*(c[..., i] for c in colours)), np.float32) for i in range(3)])


def ramp(stops: Sequence[tuple[float, Array]], at: Array) -> Array:
    """Colours along a smooth gradient: ``stops`` are (place, [3]) in rising order; [..., 3] float32 for ``at`` [...]."""
    places = np.array([place for place, _ in stops], np.float64)
    lab = to_oklab(np.stack([np.asarray(colour, np.float64) for _, colour in stops]))
    table_at = np.linspace(places[0], places[-1], 1024)
    channels = np.stack([np.interp(table_at, places, lab[:, i]) for i in range(3)], axis=-1)
    kernel = np.hanning(101) / np.hanning(101).sum()  # rounds the corners at the stops
    padded = np.pad(channels, ((50, 50), (0, 0)), mode="edge")
    table = from_oklab(np.stack([np.convolve(padded[:, i], kernel, mode="valid") for i in range(3)], axis=-1))
    index = np.clip((np.asarray(at) - places[0]) / (places[-1] - places[0]) * 1023, 0, 1023)
    if index.ndim == 2 and max(index.shape) < _LARGEST:
        return np.asarray(cv2.remap(table[None], index.astype(np.float32), np.zeros(index.shape, np.float32), cv2.INTER_LINEAR))
    low = np.minimum(index.astype(np.int32), 1022)
    part = (index - low).astype(np.float32)[..., None]
    return np.asarray(table[low] * (1 - part) + table[low + 1] * part, np.float32)


def vary(colour: Array, rng: np.random.Generator, amount: float = 0.06) -> Array:
    """A neighbour of a colour: the same hue family, a little lighter or darker, warmer or cooler."""
    return np.array([min(max(level, 0.0), 1.0) for level in varied(colour.tolist(), rng, amount)], np.float32)


def varied(levels: Sequence[float], rng: np.random.Generator, amount: float) -> tuple[float, float, float]:
    """``vary`` for plain numbers, and not cut off at 0 and 1: a tree has thousands of leaves."""
    whole, red, green, blue = rng.standard_normal(4).tolist()
    whole, part = 1 + whole * amount, amount * 0.4
    return levels[0] * (whole + red * part), levels[1] * (whole + green * part), levels[2] * (whole + blue * part)


def smoothstep(low: Any, high: Any, value: Any) -> Any:
    """0 below ``low``, 1 above ``high``, an S-curve between; ``low`` may be the larger one."""
    share = np.clip((np.asarray(value, np.float32) - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)
