"""Faults of generated clips, each at four severities, and edits that harm nothing. All are the same on every run."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.bench_scores.scenes import Pictures, texture

Picture = npt.NDArray[np.uint8]
Damage = Callable[[Pictures, float, np.random.Generator], Pictures]
RATE = 25.0


def _byte(picture: npt.NDArray[Any]) -> Picture:
    return np.asarray(np.clip(np.rint(picture), 0, 255), np.uint8)


def _shifted(picture: Picture, x: npt.NDArray[Any] | float, y: npt.NDArray[Any] | float) -> Picture:
    down, across = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    maps = (across + x).astype(np.float32), (down + y).astype(np.float32)
    return np.asarray(cv2.remap(picture, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8)


def flicker(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Every picture has a brightness of its own."""
    return [_byte(picture * (1 + rng.normal() * strength)) for picture in clip]


def slow_flicker(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Brightness swings one and a half times a second."""
    phase = rng.uniform(0, 2 * np.pi)
    return [_byte(picture * (1 + strength * np.sin(phase + 2 * np.pi * 1.5 * t / RATE))) for t, picture in enumerate(clip)]


def local_flicker(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Patches of the picture brighten and darken."""
    height, width = clip[0].shape[:2]
    result = []
    for picture in clip:
        coarse = rng.normal(size=(4, 6)).astype(np.float32)
        gain = 1 + strength * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        result.append(_byte(picture * gain[..., None]))
    return result


def jitter(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """The whole picture shakes, in pixels."""
    return [_shifted(picture, *(rng.normal(size=2) * strength)) for picture in clip]


def wobble(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Shapes melt: a smooth field of pixels that changes with time."""
    height, width = clip[0].shape[:2]
    fields = [
        cv2.resize(rng.normal(size=(5, 7, 2)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        for _ in range(5)
    ]
    result = []
    for t, picture in enumerate(clip):
        place = t / 4 % len(fields)
        first, share = int(place), place % 1
        field = strength * (fields[first] * (1 - share) + fields[(first + 1) % len(fields)] * share)
        result.append(_shifted(picture, field[..., 0], field[..., 1]))
    return result


def swaps(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Neighbours change places; the share of them."""
    result, pairs = list(clip), (len(clip) - 1) // 2
    for pair in rng.choice(pairs, max(1, round(strength * pairs)), replace=False):
        one = 2 * int(pair)
        result[one], result[one + 1] = result[one + 1], result[one]
    return result


def duplicates(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Pictures repeat the one before; the share of them."""
    result = list(clip)
    for t in sorted(rng.choice(np.arange(1, len(clip)), max(1, round(strength * len(clip))), replace=False)):
        result[int(t)] = result[int(t) - 1]
    return result


def freeze(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """A stretch stands still; its share of the clip."""
    length = max(2, round(strength * len(clip)))
    start = int(rng.integers(1, max(2, len(clip) - length)))
    return [clip[start] if start <= t < start + length else picture for t, picture in enumerate(clip)]


def blur(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Softness, standard deviation in pixels."""
    return [np.asarray(cv2.GaussianBlur(picture, (0, 0), strength), np.uint8) for picture in clip]


def blocks(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Pictures squeezed as JPEG of this quality."""
    coded = (cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(strength)])[1] for picture in clip)
    return [np.asarray(cv2.imdecode(one, cv2.IMREAD_COLOR), np.uint8) for one in coded]


def ghosts(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Earlier pictures shine through, all of them; the share of what was."""
    mixed, result = clip[0].astype(np.float32), []
    for picture in clip:
        mixed = mixed * strength + picture * (1 - strength)
        result.append(_byte(mixed))
    return result


def double(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """The picture two before shines through; its share."""
    return [
        _byte(clip[max(0, t - 2)] * strength + picture.astype(np.float32) * (1 - strength)) for t, picture in enumerate(clip)
    ]


def noise(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Noise, standard deviation in levels."""
    return [_byte(picture + rng.normal(size=picture.shape) * strength) for picture in clip]


def hue_drift(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Colours turn on their wheel; degrees from the first picture to the last."""
    result = []
    for t, picture in enumerate(clip):
        lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        angle = np.deg2rad(strength * t / (len(clip) - 1))
        turned = lab[..., 1:] @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
        result.append(_byte(cv2.cvtColor(np.dstack([lab[..., :1], turned]), cv2.COLOR_LAB2RGB) * 255))
    return result


def cut(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """The view jumps in the middle: closer by this share; above 1 to another place."""
    height, width = clip[0].shape[:2]
    middle, result = len(clip) // 2, list(clip)
    other = _byte(texture(77, width, height))
    for t in range(middle, len(clip)):
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 0, 1 + min(strength, 1))
        result[t] = np.asarray(cv2.warpAffine(clip[t], matrix, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)
        if strength > 1:
            result[t] = np.ascontiguousarray(np.roll(other, t, axis=1))
    return result


def bands(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Smooth shades break into steps of so many levels."""
    return [_byte((picture // strength + 0.5) * strength) for picture in clip]


def pulsing(clip: Pictures, strength: float, rng: np.random.Generator) -> Pictures:
    """Sharpness comes and goes twice a second; the greatest softness in pixels."""
    soft = [strength * abs(np.sin(2 * np.pi * t / RATE)) for t in range(len(clip))]
    return [
        np.asarray(cv2.GaussianBlur(picture, (0, 0), max(0.05, s)), np.uint8) for picture, s in zip(clip, soft, strict=True)
    ]


FAULTS: dict[str, tuple[Damage, tuple[float, float, float, float]]] = {
    "flicker": (flicker, (0.01, 0.025, 0.05, 0.1)),
    "slow flicker": (slow_flicker, (0.02, 0.05, 0.1, 0.2)),
    "local flicker": (local_flicker, (0.02, 0.04, 0.08, 0.16)),
    "jitter": (jitter, (0.4, 1.0, 2.0, 4.0)),
    "wobble": (wobble, (0.5, 1.0, 2.5, 5.0)),
    "swaps": (swaps, (0.08, 0.2, 0.4, 0.8)),
    "duplicates": (duplicates, (0.08, 0.16, 0.3, 0.5)),
    "freeze": (freeze, (0.12, 0.25, 0.5, 0.85)),
    "blur": (blur, (0.5, 1.0, 2.0, 4.0)),
    "blocks": (blocks, (45, 25, 12, 5)),
    "ghosts": (ghosts, (0.25, 0.45, 0.65, 0.8)),
    "double": (double, (0.15, 0.25, 0.35, 0.5)),
    "noise": (noise, (2, 5, 10, 20)),
    "hue drift": (hue_drift, (5, 10, 20, 40)),
    "cut": (cut, (0.08, 0.2, 0.35, 2.0)),
    "bands": (bands, (6, 12, 20, 32)),
    "pulsing": (pulsing, (0.6, 1.0, 2.0, 4.0)),
}


def _cropped(clip: Pictures) -> Pictures:
    height, width = clip[0].shape[:2]
    x, y = max(1, round(width * 0.01)), max(1, round(height * 0.01))
    part = (slice(y, height - y), slice(x, width - x))
    return [
        np.asarray(cv2.resize(picture[part], (width, height), interpolation=cv2.INTER_LANCZOS4), np.uint8) for picture in clip
    ]


EDITS: dict[str, tuple[Callable[[Pictures], Pictures], int]] = {
    "mirrored": (lambda clip: [np.ascontiguousarray(picture[:, ::-1]) for picture in clip], 16),
    "brighter 4 %": (lambda clip: [_byte(picture * 1.04) for picture in clip], 16),
    "cropped 2 %": (_cropped, 16),
    "crf 18": (list, 18),
    "crf 23": (list, 23),
    "crf 28": (list, 28),
}
"""Edits that harm nothing, and the rate factor that they are encoded with."""


def damaged(clip: Pictures, source: str, fault: str, severity: int) -> Pictures:
    """``severity`` 0 (weakest) to 3."""
    damage, strengths = FAULTS[fault]
    return damage(clip, strengths[severity], np.random.default_rng(zlib.crc32(f"{source} {fault} {severity}".encode())))


def at_end(clip: Pictures, source: str, fault: str, *, first: bool, share: float = 0.25) -> Pictures:
    """A strong fault in the first or the last share of the clip alone."""
    length = round(len(clip) * share)
    part = clip[:length] if first else clip[-length:]
    bad = damaged(part, source, fault, 3 if fault == "freeze" else 2)  # half of a quarter would be hardly anything
    return bad + clip[length:] if first else clip[:-length] + bad
