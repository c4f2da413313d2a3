"""Layers of the picture: plates (painted once, moved every frame), ground planes, and the base of what is alive."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np

from vidgen.engines.previz.camera import Stage, State
from vidgen.engines.previz.noise import Array
from vidgen.engines.previz.seeds import seed_for
from vidgen.engines.previz.sheet import Box, Sheet
from vidgen.engines.previz.sight import Extent, Grid, Part, Sight

EVERYWHERE: Box = (-math.inf, -math.inf, math.inf, math.inf)
_MAX_PIXELS = 9_000_000
_COARSEST = 3
"""Soft plates are moved with one pixel for at most so many a side."""
_UNSEEN, _SOLID = 0.004, 0.996
"""Opacities from which on nothing, or everything, is seen."""


@dataclass
class View:
    """The frame and the camera's path through the shot. Frame centre is (0, 0), its height is 1."""

    width: int
    height: int
    fps: float
    stage: Stage
    states: Sequence[State]
    seed: int
    time: float = 0.0
    """Seconds that passed in this world before the shot."""

    def __post_init__(self) -> None:
        h = self.height
        self.to_pixels: Array = np.array([[h, 0, self.width / 2 - 0.5], [0, h, h / 2 - 0.5], [0, 0, 1]], np.float64)
        self.corners: Array = np.array([[x, y, 1] for x in (-0.5, self.width - 0.5) for y in (-0.5, h - 0.5)], np.float64).T

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height

    @property
    def seconds(self) -> float:
        """Length of the shot."""
        return len(self.states) / self.fps

    def below(self, rows: int) -> View:
        """The same for the picture that begins this many pixels further down."""
        out = copy.copy(self)
        out.to_pixels = np.array([[1, 0, 0], [0, 1, -rows], [0, 0, 1]]) @ self.to_pixels
        return out

    def samples(self) -> list[State]:
        """Enough states to know how far the camera gets."""
        step = max(1, len(self.states) // 40)
        return [*self.states[::step], self.states[-1]]

    def seen(self, matrix_of: Callable[[State], Array]) -> tuple[Box, float]:
        """The world box that is visible during the shot under base-to-screen matrices, and the largest enlargement."""
        boxes, scale = [], 0.0
        for state in self.samples():
            matrix = self.to_pixels @ matrix_of(state)
            at = np.linalg.inv(matrix) @ self.corners
            points = at[:2] / at[2]
            boxes.append((*points.min(axis=1), *points.max(axis=1)))
            scale = max(scale, math.sqrt(abs(np.linalg.det(matrix[:2, :2]))) / self.height)
        edges = np.array(boxes)
        return (edges[:, 0].min(), edges[:, 1].min(), edges[:, 2].max(), edges[:, 3].max()), scale


@dataclass
class Moment:
    """What a layer needs to draw one frame. ``wind`` is the world's wind, 1 a breeze; ``later`` 0-1 the time-lapse's share."""

    state: State
    time: float
    index: int = 0
    later: float = 0.0


class Placing:
    """Where a sheet is in the frame. ``matrix`` [3, 3] float64 leads from its pixels to the frame's, ``back`` the other way."""

    def __init__(self, matrix: Array) -> None:
        self.matrix, self.back = matrix, np.linalg.inv(matrix)
        self.key = np.round(matrix, 5).tobytes()
        """The same for matrices that place it alike."""


class Piece(NamedTuple):
    """Pixels to lay over a part of the frame: ``colour`` [h, w, 3] uint8, already multiplied by ``alpha`` [h, w] uint8; None
    where all is opaque."""

    colour: Array
    alpha: Array | None

    @classmethod
    def of(cls, rgba: Array, opaque: bool = False) -> Piece:
        """Of a picture [h, w, 4] that is multiplied by its alpha."""
        return cls(cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB), None if opaque else cv2.extractChannel(rgba, 3))

    def faded(self, opacity: float) -> Piece:
        """The same, seen through; ``opacity`` 0-1."""
        return self._each(lambda pixels: cv2.convertScaleAbs(pixels, alpha=opacity))

    def inside(self, rows: slice, columns: slice) -> Piece:
        """A part of it."""
        return self._each(lambda pixels: pixels[rows, columns])

    def enlarged(self, step: int) -> Piece:
        """The same at ``step`` x ``step`` pixels for one, smoothly."""
        size = self.colour.shape[1] * step, self.colour.shape[0] * step
        return self._each(lambda pixels: cv2.resize(pixels, size))

    def _each(self, of: Callable[[Array], Array]) -> Piece:
        return Piece(of(self.colour), None if self.alpha is None else of(self.alpha))


class Layer:
    """Something that draws itself into the frame. ``z`` is its distance."""

    z: float
    name: str = ""

    def prepare(self, view: View) -> None:
        """Do once what need not be done every frame."""

    def becomes(self, other: Layer) -> None:
        """Learn what this looks like at the end of a time-lapse: like ``other``."""

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """Draw into ``frame`` [H, W, 3] uint8, over what is there."""
        raise NotImplementedError

    def sight(self, view: View, moments: Sequence[Moment], grid: Grid) -> Sight | None:
        """Where it draws and what it hides in these moments; None: it draws where it likes, over what is there, and hides
        nothing."""
        return None

    def draw_parts(self, frame: Array, view: View, now: Moment, parts: Sequence[Part]) -> None:
        """Draw at least these parts of the frame; of a layer that tells its ``sight``."""
        if parts:
            self.draw(frame, view, now)


@dataclass
class Plate(Layer):
    """A painted sheet at a distance.

    ``paint`` draws on the sheet; ``bounds`` is the world box that holds anything at all; ``drift`` moves it, in world
    units per second; ``coarse`` > 1 paints with fewer pixels (clouds, mist); ``sway`` bends it about ``foot`` in the
    wind (world units, Hz); ``later`` paints what it looks like at the end of a time-lapse or when focus is racked.
    """

    z: float
    paint: Callable[[Sheet], None]
    bounds: Box = EVERYWHERE
    drift: tuple[float, float] = (0.0, 0.0)
    coarse: float = 1.0
    blur: float = 0.0
    sway: tuple[float, float] = (0.0, 0.3)
    foot: float = 0.5
    opacity: float = 1.0
    glow: bool = False
    later: Callable[[Sheet], None] | None = None
    racked_blur: float | None = None
    name: str = ""
    mirror: float | None = None
    _sheet: Sheet | None = field(default=None, repr=False)
    _second: Array | None = field(default=None, repr=False)
    _mixed: Array | None = field(default=None, repr=False)
    _extent: Extent | None = field(default=None, repr=False)
    _last: tuple[bytes, dict[Part, Piece]] = field(default=(b"", {}), repr=False)

    def becomes(self, other: Layer) -> None:
        """Paint the end as the other plate is painted."""
        if isinstance(other, Plate):
            self.later = other.paint

    def prepare(self, view: View) -> None:
        """Paint the part that the camera will see, at the resolution it will be seen at."""
        box, scale = view.seen(lambda state: self.base(view, state))
        begin, end = view.time, view.time + view.seconds
        for axis in (0, 1):
            moved = sorted((self.drift[axis] * begin, self.drift[axis] * end))
            box = _replaced(box, axis, box[axis] - moved[1], box[axis + 2] - moved[0])
        pad = 3 / view.height + abs(self.sway[0])
        box = tuple(max(a, b) for a, b in zip((box[0] - pad, box[1] - pad), self.bounds[:2], strict=True)) + tuple(
            min(a, b) for a, b in zip((box[2] + pad, box[3] + pad), self.bounds[2:], strict=True)
        )  # type: ignore[assignment]
        if box[2] <= box[0] or box[3] <= box[1]:
            return
        density = view.height * min(max(scale, 0.4), 1.6) / self.coarse
        area = (box[2] - box[0]) * (box[3] - box[1]) * density**2
        density *= min(1.0, math.sqrt(_MAX_PIXELS / area))
        self._sheet = self._painted(self.paint, box, density, view, self.blur)
        if self.later:
            self._second = self._painted(self.later, box, density, view, self.blur).rgba
        elif self.racked_blur is not None and any(state.focus for state in view.states):
            self._second = self._painted(self.paint, box, density, view, self.racked_blur).rgba
        self._measure()

    def _measure(self) -> None:
        assert self._sheet is not None
        self._extent = Extent([self._sheet.rgba] + ([] if self._second is None else [self._second]))

    def _painted(self, paint: Callable[[Sheet], None], box: Box, density: float, view: View, blur: float) -> Sheet:
        sheet = Sheet(box, density, seed_for(view.seed, self.name, self.z))
        paint(sheet)
        sheet.blur(blur)
        return sheet

    def base(self, view: View, state: State) -> Array:
        """Base picture to screen for this plate."""
        return view.stage.layer(state, self.z)

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """Move the sheet to where the camera sees it and lay it over the frame."""
        opacity = self._opacity(view, now.state)
        if self._sheet is not None and opacity > _UNSEEN:
            self._lay(frame, Placing(self._matrix(view, now)), now, opacity)

    def draw_parts(self, frame: Array, view: View, now: Moment, parts: Sequence[Part]) -> None:
        """The same, in a few places alone."""
        opacity = self._opacity(view, now.state)
        if parts and opacity > _UNSEEN:
            self._lay(frame, Placing(self._matrix(view, now)), now, opacity, parts)

    def sight(self, view: View, moments: Sequence[Moment], grid: Grid) -> Sight:
        """Where anything of the sheet is in the frame, and where it is opaque."""
        opacities, nowhere = [self._opacity(view, now.state) for now in moments], np.zeros(grid.shape, bool)
        if self._extent is None or max(opacities) <= _UNSEEN:
            return Sight(nowhere, nowhere)
        draws, full = self._extent.under(np.linalg.inv(np.stack([self._matrix(view, now) for now in moments])), grid)
        return Sight(draws, full if min(opacities) >= _SOLID and not self.glow else nowhere)

    def _matrix(self, view: View, now: Moment) -> Array:
        """[3, 3] float64: the sheet's pixels to the frame's."""
        assert self._sheet is not None
        return np.asarray(view.to_pixels @ self.base(view, now.state) @ self._bent(now) @ _sheet_matrix(self._sheet))

    def _opacity(self, view: View, state: State) -> float:
        return self.opacity * self._presence(view, state)

    def _presence(self, view: View, state: State) -> float:
        return view.stage.presence(state, self.z)

    def draw_mirrored(self, frame: Array, view: View, now: Moment) -> None:
        """Draw it upside down about its waterline ``mirror``, for a reflection."""
        if self._sheet is None or self.mirror is None:
            return
        flip = np.array([[1, 0, 0], [0, -1, 2 * self.mirror], [0, 0, 1]])
        matrix = view.to_pixels @ self.base(view, now.state) @ flip @ self._bent(now) @ _sheet_matrix(self._sheet)
        self._lay(frame, Placing(matrix), now, self.opacity)

    def cover(self, frame: Array, view: View, now: Moment) -> tuple[Part, Array] | None:
        """The part of the frame that the moved sheet touches, and its coverage [h, w] uint8 there."""
        if self._sheet is None:
            return None
        placing = Placing(self._matrix(view, now))
        parts = _whole(frame, placing.matrix, self._sheet.rgba)
        return next(((part, piece.alpha) for part, piece in self._pieces(parts, placing, now) if piece.alpha is not None), None)

    def _bent(self, now: Moment) -> Array:
        bend = self.sway[0] * math.sin(2 * math.pi * self.sway[1] * now.time + self.z * 7) if self.sway[0] else 0.0
        bend += 0.4 * self.sway[0] * math.sin(2 * math.pi * self.sway[1] * 2.7 * now.time + self.z * 3) if self.sway[0] else 0.0
        return np.array([[1, bend, self.drift[0] * now.time - bend * self.foot], [0, 1, self.drift[1] * now.time], [0, 0, 1]])

    def _lay(self, frame: Array, placing: Placing, now: Moment, opacity: float, parts: Sequence[Part] | None = None) -> None:
        assert self._sheet is not None
        parts = _whole(frame, placing.matrix, self._sheet.rgba) if parts is None else parts
        for part, piece in self._pieces(parts, placing, now):
            target = frame[part.top : part.bottom, part.left : part.right]
            lay(target, piece if part.opaque or opacity >= _SOLID else piece.faded(opacity), self.glow)

    def _pieces(self, parts: Sequence[Part], placing: Placing, now: Moment) -> Iterator[tuple[Part, Piece]]:
        """The moved sheet's pixels in parts of the frame; kept while nothing moves."""
        share = round((now.state.focus if self.racked_blur is not None else now.later) * 255) if self._second is not None else 0
        key = placing.key + bytes([share])
        if self._last[0] != key:
            self._last = key, {}
        kept = self._last[1]
        picture = self._picture(share, placing, [part for part in parts if part not in kept])
        step = min(int(self.coarse), _COARSEST)
        for part in parts:
            if part not in kept:
                kept[part] = (
                    self._moved_coarsely(picture, placing, part, step) if step > 1 else self._moved(picture, placing, part)
                )
            yield part, kept[part]

    def _picture(self, share: int, placing: Placing, parts: Sequence[Part]) -> Array:
        """The sheet as it is when ``share`` of 255 of the way to its end is gone, in what the parts show of it."""
        assert self._sheet is not None
        first, second, part = self._sheet.rgba, self._second, share / 255
        if second is None or share == 0 or not parts:
            return first
        if self._mixed is None:
            self._mixed = np.empty_like(first)
        rows, columns = _under(placing, parts, first.shape)
        cv2.addWeighted(first[rows, columns], 1 - part, second[rows, columns], part, 0, self._mixed[rows, columns])
        return self._mixed

    def _moved(self, picture: Array, placing: Placing, part: Part) -> Piece:
        back = placing.back.copy()
        back[:, 2] += back[:, 0] * part.left + back[:, 1] * part.top
        return Piece.of(self._warp(picture, back, (part.right - part.left, part.bottom - part.top)), part.opaque)

    def _moved_coarsely(self, picture: Array, placing: Placing, part: Part, step: int) -> Piece:
        """A soft picture moved with one pixel for ``step`` x ``step`` of the frame, and enlarged: it shows nothing finer."""
        left, top = part.left // step - 1, part.top // step - 1  # one more on each side, so that parts meet without a seam
        wide, high = -(-part.right // step) + 1 - left, -(-part.bottom // step) + 1 - top
        middle = (step - 1) / 2
        back = placing.back @ np.array([[step, 0, left * step + middle], [0, step, top * step + middle], [0, 0, 1]])
        few = Piece.of(self._warp(picture, back, (wide, high)), part.opaque)
        x, y = part.left - left * step, part.top - top * step
        return few.enlarged(step).inside(slice(y, y + part.bottom - part.top), slice(x, x + part.right - part.left))

    def _warp(self, picture: Array, back: Array, size: tuple[int, int]) -> Array:
        return cv2.warpAffine(picture, back[:2], size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


@dataclass
class Ground(Plate):
    """A sheet that lies on the ground: it narrows with distance and slides under the camera as ground does."""

    def base(self, view: View, state: State) -> Array:
        """Base picture to screen: the ground's homography."""
        return view.stage.ground(state)

    def _presence(self, view: View, state: State) -> float:
        return 1.0

    def prepare(self, view: View) -> None:
        """Paint from just under the horizon to a little below the frame."""
        low = view.stage.horizon + 0.002
        box = [-view.aspect * 0.5, low, view.aspect * 0.5, 0.5]
        for state in view.samples():
            back = np.linalg.inv(view.to_pixels @ self.base(view, state))
            for x in np.linspace(-0.5, view.width - 0.5, 5):
                for y in np.linspace(-0.5, view.height - 0.5, 9):
                    u, v, w = back @ (x, y, 1)
                    if w > 1e-6 and low < v / w < 1.6 and abs(u / w) < 6:
                        box = [min(box[0], u / w), low, max(box[2], u / w), max(box[3], v / w)]
        bounds = self.bounds
        area_box = (
            max(box[0] - 0.02, bounds[0]),
            max(low, bounds[1]),
            min(box[2] + 0.02, bounds[2]),
            min(box[3] + 0.02, bounds[3]),
        )
        rise = max(1 + state.y / view.stage.height for state in view.samples())
        density = view.height * min(max(rise, 1.05), 2.0) / self.coarse
        area = (area_box[2] - area_box[0]) * (area_box[3] - area_box[1]) * density**2
        if area <= 0:
            return
        density *= min(1.0, math.sqrt(_MAX_PIXELS / area))
        self._sheet = self._painted(self.paint, area_box, density, view, self.blur)
        if self.later:
            self._second = self._painted(self.later, area_box, density, view, self.blur).rgba
        self._measure()

    def _warp(self, picture: Array, back: Array, size: tuple[int, int]) -> Array:
        piece = cv2.warpPerspective(picture, back, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        return _in_front(piece, back)


def _in_front(piece: Array, back: Array) -> Array:
    """Without what lies behind the camera: there the screen-to-ground matrix has a scale below zero."""
    h, w = piece.shape[:2]
    a, b, c = back[2]
    if min(a * x + b * y + c for x in (0, w) for y in (0, h)) > 0:
        return piece
    ends = a * np.array([0, w]) + (b * np.arange(h) + c)[:, None]
    piece[ends.max(axis=1) <= 0] = 0
    rows = np.flatnonzero((ends.min(axis=1) <= 0) & (ends.max(axis=1) > 0))
    if rows.size:
        band = slice(rows[0], rows[-1] + 1)
        x, y = np.arange(w)[None, :], np.arange(h)[band, None]
        piece[band][a * x + b * y + c <= 0] = 0
    return piece


def lay(target: Array, piece: Piece, glow: bool = False) -> None:
    """Lay a piece over a part of the frame; ``glow`` screens its light on instead."""
    if piece.alpha is None:
        target[:] = piece.colour
    elif glow:
        screen(target, piece.colour)
    else:
        through = cv2.cvtColor(cv2.bitwise_not(piece.alpha), cv2.COLOR_GRAY2RGB)
        cv2.multiply(target, through, target, scale=1 / 255)
        cv2.add(target, piece.colour, target)


def screen(target: Array, light: Array) -> None:
    """Add light ([h, w, 3] uint8) to a part of the frame as light adds: the brighter it is, the less comes on top."""
    cv2.multiply(target, cv2.bitwise_not(light), target, scale=1 / 255)
    cv2.add(target, light, target)


def touched(frame: Array, matrix: Array, picture: Array) -> Part | None:
    """The part of the frame that a moved picture touches."""
    height, width = picture.shape[:2]
    edge = matrix @ np.array([[-1, width, -1, width], [-1, -1, height, height], [1, 1, 1, 1]], np.float64)
    if (edge[2] <= 1e-6).any():
        return Part(0, 0, frame.shape[0], frame.shape[1])
    points = edge[:2] / edge[2]
    left, top = (max(0, math.floor(value)) for value in points.min(axis=1))
    right, bottom = math.ceil(points[0].max()) + 1, math.ceil(points[1].max()) + 1
    right, bottom = min(frame.shape[1], right), min(frame.shape[0], bottom)
    return Part(top, left, bottom, right) if right > left and bottom > top else None


def _whole(frame: Array, matrix: Array, picture: Array) -> list[Part]:
    part = touched(frame, matrix, picture)
    return [part] if part else []


def _under(placing: Placing, parts: Sequence[Part], shape: Sequence[int]) -> tuple[slice, slice]:
    """Rows and columns of a sheet of this shape that are seen in the parts, and a few more; all where one cannot tell."""
    edges = [(x, y, 1) for part in parts for x in (part.left - 4, part.right + 4) for y in (part.top - 4, part.bottom + 4)]
    x, y, w = placing.back @ np.array(edges, np.float64).T
    if w.min() <= 1e-6:
        return slice(0, shape[0]), slice(0, shape[1])
    top, bottom = np.clip([(y / w).min() - 4, (y / w).max() + 5], 0, shape[0]).astype(int).tolist()
    left, right = np.clip([(x / w).min() - 4, (x / w).max() + 5], 0, shape[1]).astype(int).tolist()
    return slice(min(top, shape[0] - 1), max(bottom, top + 1)), slice(min(left, shape[1] - 1), max(right, left + 1))


def _sheet_matrix(sheet: Sheet) -> Array:
    d = 1 / sheet.density
    return np.array([[d, 0, sheet.u0 + 0.5 * d], [0, d, sheet.v0 + 0.5 * d], [0, 0, 1]])


def _replaced(box: Box, axis: int, low: float, high: float) -> Box:
    out = list(box)
    out[axis], out[axis + 2] = low, high
    return out[0], out[1], out[2], out[3]
