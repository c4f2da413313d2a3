"""What a clip or a picture looks like: its subject and its place apart, each as a few numbers, small enough to keep.

The subject is what moves against the picture as a whole; where nothing does, and in stills, what is coloured unlike the
picture's border. The place is the rest. Nothing here knows names: a person is a mixture of colours and a texture.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from vidgen.media.files import write_text
from vidgen.media.frames import Frame, frames_at
from vidgen.media.probe import probe_video
from vidgen.media.stills import read_image
from vidgen.scoring.scorer import Clip

VERSION = 1
"""Raised when the same clip would get other numbers."""

WIDTH = 192
MOMENTS = 6
"""Moments of a clip that are looked at, evenly spread."""
APART_S = 0.125
"""Seconds between the two pictures of a moment, which motion is read from."""
MOST_FRAMES = 720
QUANTILES = 16
LEAST_SUBJECT = 0.004
"""Share of the picture below which there is no subject."""
MOST_SUBJECT = 0.6
BORDER = 0.1
BINS = 12

FLAT = 1.5
"""Detail, in levels, below which there is none: noise has a texture of its own."""

Array = npt.NDArray[Any]


def _directions() -> Array:
    """Directions in a space of three dimensions, evenly spread: the axes, and the diagonals between them. [9, 3]"""
    rows = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, -1, 0), (1, 0, 1), (1, 0, -1), (0, 1, 1), (0, 1, -1)]
    given = np.array(rows, np.float64)
    return np.asarray(given / np.linalg.norm(given, axis=1, keepdims=True))


DIRECTIONS = _directions()


@dataclass(frozen=True)
class Region:
    """The subject or the place.

    Args:
        share: of the picture, 0 to 1.
        colours: quantiles of its CIELAB colours along ``DIRECTIONS``, lightness at half weight. [9 * 16]
        tints: the same of its light in stops (log2 of linear RGB), less their mean: what a change of light leaves as it was.
        texture: strength of detail at three scales (log2, relative to contrast), then shares of 4 directions of edges. [7]
        vector: features of an image network, of length 1; empty where there is none.
    """

    share: float
    colours: tuple[float, ...]
    tints: tuple[float, ...]
    texture: tuple[float, ...]
    vector: tuple[float, ...] = ()


@dataclass(frozen=True)
class Look:
    """A clip or picture.

    Args:
        subject: None where nothing stands out. place: None where the subject fills the picture.
        exposure: mean light of the place in stops below full white.
        light: how much brighter the right side of the place is than its left, in stops across the picture.
        heading: motion of the subject against the place to the right, in picture widths a second; 0 where none is clear.
    """

    subject: Region | None
    place: Region | None
    exposure: float
    light: float
    heading: float

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Look:
        """From ``as_json``. Raises TypeError or KeyError where it is something else."""
        regions = {name: _region(data[name]) for name in ("subject", "place")}
        return cls(**{**data, **regions})


def _region(data: dict[str, Any] | None) -> Region | None:
    if data is None:
        return None
    rows = {name: tuple(data[name]) for name in ("colours", "tints", "texture", "vector")}
    return Region(float(data["share"]), **rows)


def look_of(clip: Clip, cache: Path | None = None) -> Look:
    """What a clip looks like within its window; kept in ``cache`` by content. Raises InputError where it cannot be read."""
    from vidgen.scoring import backbone

    part = "" if clip.window is None else f".{clip.window[0]}+{clip.window[1]}"
    kept = cache / f"{clip.sha256}{part}.look-{VERSION}{backbone.MARK if backbone.available() else ''}.json" if cache else None
    if kept and kept.is_file():
        try:
            return Look.from_json(json.loads(kept.read_text(encoding="utf-8")))
        except (ValueError, TypeError, KeyError):
            pass  # damaged: look again
    look = _look(*_pairs_of(clip))
    if kept:
        write_text(kept, json.dumps(look.as_json()) + "\n")
    return look


def look_of_picture(file: Path) -> Look:
    """What a reference picture looks like. Raises InputError for one that cannot be read."""
    return look_at([small(read_image(file))], Fraction(1))


def look_at(frames: Sequence[Frame], rate: Fraction) -> Look:
    """What these pictures of one clip look like: [height, width, 3] uint8 RGB each, at most ``WIDTH`` wide."""
    return _look([(frames[first], frames[second]) for first, second in _places(len(frames), rate)], rate)


def _places(count: int, rate: Fraction) -> list[tuple[int, int]]:
    """Which of ``count`` pictures are looked at: pairs, each close enough together to see what moves."""
    step = _step(rate)
    last = max(0, count - 1 - step)
    firsts = sorted({round(last * index / max(1, MOMENTS - 1)) for index in range(MOMENTS)})
    return [(first, min(first + step, count - 1)) for first in firsts]


def _step(rate: Fraction) -> int:
    return max(1, round(float(rate) * APART_S))


def _pairs_of(clip: Clip) -> tuple[list[tuple[Frame, Frame]], Fraction]:
    """The pictures of a clip that are looked at, and its rate. Only these are converted; all of a clip that has fewer frames
    than it says is read again for them.
    """
    info = probe_video(clip.file)
    start, count = clip.window or (0, info.frames)
    stride = max(1, count // MOST_FRAMES)
    rate = info.rate / stride
    pairs = _places(len(range(0, count, stride)), rate)
    frame_of = {place: start + place * stride for pair in pairs for place in pair}
    found = {number: small(frame) for number, frame in frames_at(clip.file, frame_of.values())}
    if len(found) < len(set(frame_of.values())):
        frames = [small(frame) for index, frame in enumerate(clip.frames()) if index % stride == 0]
        return [(frames[first], frames[second]) for first, second in _places(len(frames), rate)], rate
    return [(found[frame_of[first]], found[frame_of[second]]) for first, second in pairs], rate


def _look(pairs: Sequence[tuple[Frame, Frame]], rate: Fraction) -> Look:
    moments = [_Moment.of(first, second) for first, second in pairs]
    seconds = _step(rate) / float(rate)
    moving = [moment for moment in moments if LEAST_SUBJECT <= moment.moving.mean() <= MOST_SUBJECT]
    by_motion = len(moving) * 2 >= len(moments)
    pictures = [moment.picture for moment in (moving if by_motion else moments)]
    seeds = [moment.moving for moment in moving] if by_motion else [_unlike_border(picture) for picture in pictures]
    masks = _refined(pictures, seeds)
    places = [~_grown(mask, 5) for mask in masks]
    heading = _heading(moving, seconds) if by_motion else 0.0
    exposure, light = _light(pictures, places)
    return Look(_measured(pictures, masks), _measured(pictures, places), exposure, light, heading)


def small(frame: Frame) -> Frame:
    """At most ``WIDTH`` wide, with its aspect; at least 16 pixels a side."""
    height, width = frame.shape[:2]
    if width <= WIDTH and min(height, width) >= 16:
        return frame
    size = (min(WIDTH, max(16, width)), max(16, round(height * min(WIDTH, max(16, width)) / width)))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


@dataclass(frozen=True)
class _Moment:
    """A picture, which of its pixels move otherwise than the picture as a whole, and that motion: [height, width, 2] pixels."""

    picture: Frame
    moving: Array
    motion: Array

    @classmethod
    def of(cls, before: Frame, after: Frame) -> _Moment:
        gray = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (before, after)]
        meter: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        flow: Array = meter.calc(gray[0], gray[1], None)
        own = flow - _shared(flow)
        speed = np.hypot(own[..., 0], own[..., 1])
        moving = speed > max(0.8, 3.0 * float(np.median(speed)))
        closed = cv2.morphologyEx(moving.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
        opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        return cls(before, opened.astype(bool), own)


def _shared(flow: Array) -> Array:
    """The motion of the picture as a whole, at every pixel: shift, zoom and roll that most of it shares."""
    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    points = np.stack([x, y], axis=2)
    some = (slice(4, None, 8), slice(4, None, 8))
    start, end = points[some].reshape(-1, 2), (points + flow)[some].reshape(-1, 2)
    matrix, _ = cv2.estimateAffinePartial2D(start, end, method=cv2.RANSAC, ransacReprojThreshold=0.6, maxIters=500)
    if matrix is None:
        return np.zeros_like(flow)
    moved: Array = points @ matrix[:, :2].T + matrix[:, 2]
    return moved - points


def _unlike_border(picture: Frame) -> Array:
    """Which pixels of the middle have colours that the border has not. [height, width]"""
    height, width = picture.shape[:2]
    rows, columns = max(1, round(height * BORDER)), max(1, round(width * BORDER))
    middle = np.zeros((height, width), bool)
    middle[rows:, columns : width - columns] = True
    edge = ~middle
    edge[: height - rows, :columns] = True
    bins = _bins(picture)
    border = _histogram(bins[edge])
    rare: Array = border[tuple(np.moveaxis(bins, -1, 0))] < 0.15 * border.max()
    opened = cv2.morphologyEx((rare & middle).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return opened.astype(bool)


def _refined(pictures: Sequence[Frame], seeds: Sequence[Array]) -> list[Array]:
    """The seeds, less what is coloured like their surroundings (motion is found with a halo), and with what touches them and
    is coloured like them.
    """
    bins = [_bins(picture) for picture in pictures]
    near, far = ([_grown(seed, size) for seed in seeds] for size in (9, 31))
    inside = np.concatenate([one[seed] for one, seed in zip(bins, seeds, strict=True)])
    ring = np.concatenate([one[wide & ~seed] for one, wide, seed in zip(bins, far, seeds, strict=True)])
    rest = np.concatenate([one[~close] for one, close in zip(bins, near, strict=True)])
    if not len(inside) or not len(ring) or not len(rest):
        return list(seeds)
    likelier = _histogram(inside) > np.maximum(_histogram(ring), _histogram(rest))
    found = []
    for one, close in zip(bins, near, strict=True):
        mask = (likelier[tuple(np.moveaxis(one, -1, 0))] & close).astype(np.uint8)
        found.append(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)).astype(bool))
    return found


def _grown(mask: Array, size: int) -> Array:
    """A mask and so many pixels around it, half of them on each side."""
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((size, size), np.uint8)).astype(bool))


def _bins(picture: Frame) -> Array:
    """The bin of each pixel's colour: [height, width, 3] whole numbers."""
    return np.asarray(cv2.GaussianBlur(picture, (3, 3), 0).astype(np.int64) * BINS // 256)


def _histogram(bins: Array) -> Array:
    """Share of each colour, spread over its neighbours. [12, 12, 12]"""
    flat = np.bincount((bins @ np.array([BINS * BINS, BINS, 1])).ravel(), minlength=BINS**3)
    counts = flat.reshape(BINS, BINS, BINS).astype(np.float64)
    for axis in range(3):
        lower, upper = np.roll(counts, 1, axis), np.roll(counts, -1, axis)
        np.moveaxis(lower, axis, 0)[0] = 0
        np.moveaxis(upper, axis, 0)[-1] = 0
        counts = counts * 0.5 + lower * 0.25 + upper * 0.25
    return np.asarray(counts / max(1.0, float(counts.sum())))


def _measured(pictures: Sequence[Frame], masks: Sequence[Array]) -> Region | None:
    """A region's numbers; None where it is too small to tell anything."""
    from vidgen.scoring import backbone

    share = float(np.mean([mask.mean() for mask in masks]))
    if share < LEAST_SUBJECT or sum(int(mask.sum()) for mask in masks) < 60:
        return None
    lab = np.concatenate([_lab(picture)[mask] for picture, mask in zip(pictures, masks, strict=True)])
    stops = np.concatenate([_stops(picture)[mask] for picture, mask in zip(pictures, masks, strict=True)])
    texture = np.mean([_texture(p, m) for p, m in zip(pictures, masks, strict=True) if m.sum() >= 20] or [np.zeros(7)], axis=0)
    vector = backbone.vector(pictures, masks) if backbone.available() else ()
    return Region(_round(share), _quantiles(lab), _quantiles(stops - stops.mean(axis=0)), _rounded(texture), vector)


def _quantiles(values: Array) -> tuple[float, ...]:
    """Quantiles along each of ``DIRECTIONS``, of [n, 3]."""
    at = (np.arange(QUANTILES) + 0.5) / QUANTILES
    return _rounded(np.quantile(values @ DIRECTIONS.T, at, axis=0).T.ravel())


def _lab(picture: Frame) -> Array:
    """CIELAB, lightness at half weight: a shade is less of a difference than a hue."""
    lab: Array = cv2.cvtColor(picture.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    return np.asarray(lab * np.array([0.5, 1.0, 1.0]))


def _stops(picture: Frame) -> Array:
    """Light in stops: log2 of linear RGB, with a floor that keeps noise in the dark from counting."""
    linear: Array = (picture.astype(np.float64) / 255.0) ** 2.2
    return np.asarray(np.log2(linear + 0.005))


def _texture(picture: Frame, mask: Array) -> Array:
    """Detail of one picture's region; see ``Region.texture``."""
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    contrast = float(gray[mask].std()) + 4.0
    strengths, levels = [], np.asarray(gray)
    for _ in range(3):
        softer: Array = cv2.GaussianBlur(levels, (0, 0), 1.5)
        strengths.append(np.log2((float(np.abs(levels - softer)[mask].mean()) + FLAT) / (contrast + FLAT)))
        levels = softer
    x, y = cv2.Sobel(gray, cv2.CV_32F, 1, 0)[mask], cv2.Sobel(gray, cv2.CV_32F, 0, 1)[mask]
    energy, angle = np.hypot(x, y), np.arctan2(y, x)
    ways = [float((energy * np.cos(angle - turn) ** 4).sum()) for turn in np.arange(4) * np.pi / 4]
    shares = np.array(ways) + 10.0 * FLAT * len(energy)
    return np.array([*strengths, *(shares / shares.sum())])


def _light(pictures: Sequence[Frame], places: Sequence[Array]) -> tuple[float, float]:
    """Exposure in stops, and how it rises from left to right: a straight line through the light of the place."""
    exposures, slopes = [], []
    for picture, place in zip(pictures, places, strict=True):
        if place.mean() < LEAST_SUBJECT:
            continue
        stops = _stops(picture).mean(axis=2)
        x = np.broadcast_to(np.linspace(-0.5, 0.5, stops.shape[1]), stops.shape)[place]
        values = stops[place]
        exposures.append(float(values.mean()))
        spread = float(((x - x.mean()) ** 2).sum())
        slopes.append(float(((x - x.mean()) * (values - values.mean())).sum()) / spread if spread > 0 else 0.0)
    return (_round(np.mean(exposures)), _round(np.mean(slopes))) if exposures else (0.0, 0.0)


def _heading(moments: Sequence[_Moment], seconds: float) -> float:
    """See ``Look.heading``: clear where it is sideways rather than up or down, and the same way most of the time."""
    moves = np.array([moment.motion[moment.moving].mean(axis=0) for moment in moments])
    x, y = moves.mean(axis=0)
    steady = float(np.abs(np.sign(moves[:, 0]).mean()))
    if abs(x) < abs(y) or steady < 0.6:
        return 0.0
    return _round(float(x) / moments[0].picture.shape[1] / seconds)


def _rounded(values: Array) -> tuple[float, ...]:
    return tuple(float(f"{float(value):.5g}") for value in values)


def _round(value: float | np.floating[Any]) -> float:
    return float(f"{float(value):.5g}")
