"""Reads one clip, once, streamed, into curves over time from which everything else is made.

All of it is at most 384 pixels wide; noise and block edges, which scaling would hide, are read from a crop at full size.
Nothing here knows what was asked for, so that readings can be kept by the clip's checksum. Any part of a clip can be judged
from the reading of the whole.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from vidgen.media.frames import Frame, read_frames
from vidgen.media.probe import probe
from vidgen.scoring import pictures
from vidgen.scoring.flow import LEAST_CELLS, FlowMeter, Gray, Pair, Picture
from vidgen.scoring.tracks import Course, Move, Tracker
from vidgen.scoring.trails import steepest, traces

CROP_EVERY = 4
"""Every n-th picture is read for noise, blocks and bands."""
CONTOUR = 0.05
"""The share of the picture, its steepest, whose steepness is followed."""
LEAP_S = 0.25
"""The camera is followed over so many seconds at once: a tenth of a pixel a frame would not be seen."""
LOST = 0.6
"""... or until fewer of the points than this share are left."""


@dataclass(frozen=True)
class Leap:
    """How the picture as a whole moved from frame ``start`` to ``start + frames``; see ``tracks.Course``."""

    start: int
    frames: int
    move: tuple[float, float, float, float]
    lead: float
    cover: float
    side: float
    layers: tuple[float | None, float | None, float | None]
    near: tuple[float, float, float, float] | None

    @classmethod
    def of(cls, start: int, frames: int, course: Course) -> Leap:
        """From what a tracker found."""
        far, middle, near = (None if part is None else _round(part) for part in course.layers)
        lead, cover, side = _round(course.lead), _round(course.cover), _round(course.side)
        return cls(
            start, frames, _rounded(course.move), lead, cover, side, (far, middle, near), course.near and _rounded(course.near)
        )

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Leap:
        """From ``asdict``, by way of JSON."""
        near = data["near"] and tuple(data["near"])
        return cls(**{**data, "move": tuple(data["move"]), "layers": tuple(data["layers"]), "near": near})


@dataclass(frozen=True)
class Reading:
    """A clip's curves. One has a value for each frame, or for each two or three neighbours: the first value belongs to the
    first of them. ``values.CURVES`` says what each is.
    """

    frames: int
    fps: str
    width: int
    height: int
    curves: dict[str, list[float]]
    leaps: tuple[Leap, ...]

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Reading:
        """From ``as_json``. Raises TypeError or KeyError where it is something else."""
        return cls(leaps=tuple(Leap.from_json(leap) for leap in data.pop("leaps")), **data)

    @property
    def seconds_each(self) -> float:
        """How long one frame is shown."""
        return float(1 / Fraction(self.fps))


def read_clip(path: Path) -> Reading:
    """Read a clip. Raises InputError where it cannot be decoded."""
    info = probe(path)
    return read_pictures(read_frames(path), Fraction(info.rate), info.display_size)


def read_pictures(frames: Iterable[Frame], fps: Fraction, size: tuple[int, int]) -> Reading:
    """Read pictures: [height, width, 3] uint8 RGB each, shown ``fps`` a second. ``size``: width and height as displayed."""
    tally = _Tally(max(1, round(float(fps) * LEAP_S)))
    for frame in frames:
        tally.add(frame)
    curves = {name: [_round(value) for value in values] for name, values in tally.finished().items()}
    return Reading(tally.frames, str(fps), *size, curves, tuple(tally.leaps))


class _Tally:
    """What is kept of the pictures as they stream by: a few numbers for each, and the last pictures."""

    def __init__(self, stride: int) -> None:
        self.frames = 0
        self.curves: defaultdict[str, list[float]] = defaultdict(list)
        self.leaps: list[Leap] = []
        self._stride = stride
        self._flow = FlowMeter()
        self._last: deque[Picture] = deque(maxlen=2)
        self._pair: Pair | None = None
        self._colour: tuple[pictures.Levels, npt.NDArray[np.float64]] | None = None
        self._tracker: Tracker | None = None

    def add(self, frame: Frame) -> None:
        gray = pictures.small_gray(frame)
        if self.frames % CROP_EVERY == 0:
            part = pictures.full_size_part(frame)
            self._note(noise=pictures.noise(part), blocks=pictures.blocks(part), bands=pictures.bands(frame))
        mean, spread = cv2.meanStdDev(gray)
        self._note(luma=float(mean[0, 0]), spread=float(spread[0, 0]), sharp=pictures.sharpness(gray))
        small, picture = pictures.small_colour(frame), Picture.of(gray)
        colour = small, pictures.histogram(small)
        self._note(contour=steepest(picture.steep, CONTOUR))
        if self._colour is not None:
            pair = self._flow.pair(self._last[-1], picture)
            self._add_pair(pair, self._last[-1], picture)
            turn, fade = _colour_change(pair, self._colour[0], small)
            self._note(distance=float(np.abs(self._colour[1] - colour[1]).sum() / 2), turn=turn, fade=fade)
            self._pair = pair
        self._colour = colour
        if len(self._last) == 2:
            self._note(order=_order(self._last[0].gray, self._last[1].gray, gray))
        self._add_leap(gray)
        self._last.append(picture)
        self.frames += 1

    def finished(self) -> dict[str, list[float]]:
        """The curves. What is read from some pictures alone holds until the next."""
        for name in ("noise", "blocks", "bands"):
            self.curves[name] = list(np.repeat(self.curves[name], CROP_EVERY)[: self.frames])
        self._end_leap(self.frames - 1)
        return dict(self.curves)

    def _note(self, **values: float) -> None:
        for name, value in values.items():
            self.curves[name].append(value)

    def _add_pair(self, pair: Pair, before: Picture, after: Picture) -> None:
        left = traces(after, pair.back)
        self._note(
            change=float(cv2.absdiff(before.gray, after.gray).mean()),
            residual=pair.residual,
            speed=pair.speed,
            gain=float(np.median(pair.gains)),
            trail=left.trail,
            moving=left.moving,
            crisp=left.crisp,
        )
        if self._pair is not None:
            self._add_triple(self._pair, pair)

    def _add_triple(self, before: Pair, after: Pair) -> None:
        bend, gains = after.grid - before.grid, after.gains - before.gains
        firm = before.firm & after.firm
        firm = firm if firm.sum() >= LEAST_CELLS else np.ones_like(firm)
        whole = np.median(bend[firm], axis=0)
        lengths, own = np.hypot(bend[..., 0], bend[..., 1]), np.hypot(bend[..., 0] - whole[0], bend[..., 1] - whole[1])
        self._note(
            jerk=float(lengths[firm].mean()),
            shake=float(np.hypot(*whole)),
            wobble=float(np.quantile(own[firm], 0.2)),
            patches=float(np.abs(gains - np.median(gains)).mean()),
        )

    def _add_leap(self, gray: Gray) -> None:
        """Follow the camera from one picture every ``LEAP_S`` to the next."""
        if self._tracker is not None:
            self._tracker.follow(gray)
            if self._tracker.frames < self._stride and self._tracker.kept > LOST:
                return
            self._end_leap(self.frames)
        self._tracker = Tracker(gray)

    def _end_leap(self, index: int) -> None:
        if self._tracker is None or not self._tracker.frames:
            return
        course = self._tracker.course()
        for move in course.moves:
            self._note(**dict(zip(("move_x", "move_y", "move_zoom", "move_roll"), move, strict=True)))
        self.leaps.append(Leap.of(index - self._tracker.frames, self._tracker.frames, course))


def _order(first: Gray, second: Gray, third: Gray) -> float:
    """How much nearer the third picture is to the first than its neighbours are: 0 in order, to 1 where they changed places."""
    one, two, three = (
        cv2.resize(part, (96, 54), interpolation=cv2.INTER_AREA).astype(np.float32) for part in (first, second, third)
    )
    one, two, three = one - one.mean(), two - two.mean(), three - three.mean()
    near, far = float(np.abs(two - one).mean() + np.abs(three - two).mean()) / 2, float(np.abs(three - one).mean())
    return max(0.0, (near - far) / (near + far + 1.0))


def _colour_change(pair: Pair, before: pictures.Levels, after: pictures.Levels) -> tuple[float, float]:
    """How far all colours turned on their wheel (degrees) and faded (percent) along their motion, by least squares over the
    pixels whose motion is certain.
    """
    height, width = before.shape[:2]
    sure = cv2.resize(pair.certain.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA) + 1e-3
    flow = cv2.resize(pair.forward, (width, height), interpolation=cv2.INTER_AREA)
    scale = np.array([width, height], np.float32) / (2.0 * np.array(pair.forward.shape[1::-1], np.float32))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    to = np.ascontiguousarray(np.dstack([x, y]) + flow * scale, np.float32)
    moved = cv2.remap(after, to, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    (blue, red), (blue_now, red_now) = pictures.chroma(before), pictures.chroma(moved)
    strength = float((sure * (blue * blue + red * red + 16.0)).sum())  # grey pictures have no hue to turn
    turned = float((sure * (blue * red_now - red * blue_now)).sum()) / strength
    grown = float((sure * (blue * (blue_now - blue) + red * (red_now - red))).sum()) / strength
    return float(np.degrees(turned)), 100.0 * grown


def _rounded(move: Move) -> Move:
    x, y, zoom, roll = (_round(part) for part in move)
    return x, y, zoom, roll


def _round(value: float | np.floating[Any]) -> float:
    """Six figures: the last bits differ between processors and mean nothing."""
    return float(f"{float(value):.6g}")
