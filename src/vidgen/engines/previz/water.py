"""Water: what is above it mirrored and broken by waves, its own colour below one's feet, the light's glitter."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from vidgen.engines.previz.camera import State
from vidgen.engines.previz.colour import mix, rgb
from vidgen.engines.previz.layers import Ground, Layer, Moment, Plate, View, screen
from vidgen.engines.previz.noise import Array, tile
from vidgen.engines.previz.palette import Palette
from vidgen.engines.previz.sheet import Sheet
from vidgen.engines.previz.sight import Grid, Sight

_TILE = 512
_STEP = 2
"""Pixels of a row for which waves are looked up once: they are long."""


@dataclass
class Water(Layer):
    """A water surface from ``top`` (v of its far edge) to one's feet.

    ``rough`` 0 mirror to 1 open sea; ``wind`` is how fast waves run; ``near`` are plates whose reflections are drawn;
    ``shape`` cuts the water out of the ground (coverage 0-1 for u, distance); None: everything below the horizon.
    """

    p: Palette
    seed: int
    top: float
    rough: float = 0.5
    wind: float = 1.0
    near: Sequence[Plate] = ()
    shape: Callable[[Array, Array], Array] | None = None
    z: float = 40.0
    clarity: float = 0.35
    later: Palette | None = None
    name: str = "water"
    _waves: list[Array] = field(default_factory=list, repr=False)
    _glint: list[Array] = field(default_factory=list, repr=False)
    _tint: Plate | None = field(default=None, repr=False)
    _mask: Plate | None = field(default=None, repr=False)

    def prepare(self, view: View) -> None:
        """Wave tiles, the tint that grows towards one's feet, and the cut-out."""
        for number in range(2):
            waves = tile(self.seed, f"waves{number}", _TILE, 10, 5)
            waves = waves / max(float(np.abs(waves).max()), 1e-6)
            levels = (waves * 127 + 128).astype(np.uint8)
            self._waves.append(cv2.copyMakeBorder(levels, 0, 1, 0, 1, cv2.BORDER_WRAP))
        self._tint = Ground(0.9, self._paint_tint(view, self.p), coarse=3, name="water-tint")
        if self.later:
            self._tint.later = self._paint_tint(view, self.later)
        self._tint.prepare(view)
        if self.shape:
            self._mask = Ground(0.9, self._paint_mask(view), coarse=1.5, name="water-shape")
            self._mask.prepare(view)

    def becomes(self, other: Layer) -> None:
        """Take the colours of the other water in the end."""
        if isinstance(other, Water):
            self.later = other.p

    def _paint_tint(self, view: View, p: Palette) -> Callable[[Sheet], None]:
        def paint(sheet: Sheet) -> None:
            z = view.stage.height / np.maximum(sheet.v - view.stage.horizon, 0.002)
            near = 1 / (1 + z / 1.6)
            deep = p.water * (0.80 + 0.25 * float(p.fill.mean() + p.key.mean()))
            body = mix(deep, p.haze, (1 - np.exp(-z / 26))[:, None] * 0.5)
            share = (self.clarity + (0.80 - self.clarity * 0.6) * near) * (1 - np.exp(-z / 0.3))
            sheet.blend(np.broadcast_to(body[:, None], (sheet.height, sheet.width, 3)), share[:, None])

        return paint

    def _paint_mask(self, view: View) -> Callable[[Sheet], None]:
        def paint(sheet: Sheet) -> None:
            assert self.shape
            u, v = np.meshgrid(sheet.u, sheet.v)
            z = view.stage.height / np.maximum(v - view.stage.horizon, 0.002)
            sheet.blend(rgb((1, 1, 1)), np.clip(self.shape(u * z, z), 0, 1))

        return paint

    def sight(self, view: View, moments: Sequence[Moment], grid: Grid) -> Sight:
        """It reads what is above it, and hides what is below its far edge where nothing cuts it out."""
        everywhere = np.ones(grid.shape, bool)
        first = max(self._first_row(view, now.state) for now in moments)
        below = np.broadcast_to((grid.edges_y[:-1] >= first + 2)[:, None], grid.shape)
        if self._mask or 2 * first < view.height or any(now.state.roll for now in moments):
            return Sight(everywhere, ~everywhere, everywhere)  # a tall reflection comes from the whole frame
        return Sight(everywhere, below, ~below)

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """Mirror, break, tint, glitter."""
        first = self._first_row(view, now.state)
        if first >= frame.shape[0] - 1:
            return
        below, part = view.below(first), self._mirrored(frame, view, now, first)
        for plate in self.near:
            plate.draw_mirrored(part, below, now)
        waves = self._wave_field(view, now, first, part.shape[:2])
        part = self._broken(part, waves, view, now, first)
        if self._tint:
            self._tint.draw(part, below, now)
        self._glitter(part, waves, view, now, first)
        self._put(frame[first:], part, below, now)

    def _first_row(self, view: View, state: State) -> int:
        matrix = view.to_pixels @ view.stage.ground(state)
        ends = matrix @ np.array([[-view.aspect, view.aspect], [self.top, self.top], [1, 1]])
        line = ends[1] / ends[2]
        slope = (line[1] - line[0]) / (ends[0, 1] / ends[2, 1] - ends[0, 0] / ends[2, 0])
        at0 = line[0] - slope * (ends[0, 0] / ends[2, 0])
        return max(0, math.floor(float(min(at0, at0 + slope * view.width))))

    def _edge(self, view: View) -> float:
        """Distance of the far edge."""
        below = self.top - view.stage.horizon
        return view.stage.height / below if below > 1e-4 else math.inf

    def _axis(self, view: View, state: State) -> Array:
        """[3, 3]: the picture mirrored about the waterline, in pixels."""
        matrix = view.to_pixels @ view.stage.layer(state, self._edge(view))
        flip = np.array([[1, 0, 0], [0, -1, 2 * self.top], [0, 0, 1]])
        return np.asarray(matrix @ flip @ np.linalg.inv(matrix))

    def _mirrored(self, frame: Array, view: View, now: Moment, first: int) -> Array:
        """[h - first, w, 3]: what the water's part of the frame mirrors."""
        h, w = frame.shape[:2]
        shift = self._axis(view, now.state) @ np.array([[1, 0, 0], [0, 1, first], [0, 0, 1]])
        upright = np.abs(shift[:2, :2] - [[1, 0], [0, -1]]).max() < 1e-7 and abs(shift[0, 2]) < 1e-4
        at, share = divmod(float(shift[1, 2]), 1)
        if upright and h - first - 1 <= at < h - 1:  # rows in reverse order, between two of them
            rows = cv2.flip(frame[int(at) - (h - first) + 1 : int(at) + 2], 0)
            return cv2.addWeighted(rows[1:], 1 - share, rows[:-1], share, 0)
        source = cv2.cvtColor(frame, cv2.COLOR_RGB2RGBA)  # four channels are moved in half the time of three
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        part = cv2.warpAffine(source, shift[:2], (w, h - first), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
        return cv2.cvtColor(part, cv2.COLOR_RGBA2RGB)

    def _wave_field(self, view: View, now: Moment, first: int, size: tuple[int, int]) -> Array:
        """[h, w] float32 about -1 to 1: two trains of waves in perspective, running with the wind."""
        high, wide = size[0], -(-size[1] // _STEP)
        place = np.array([[_STEP, 0, (_STEP - 1) / 2], [0, 1, first], [0, 0, 1]])
        to_plane = _ground_plane(view, now.state) @ place
        x, y = np.arange(wide, dtype=np.float64), np.arange(high, dtype=np.float64)[:, None]
        level = abs(to_plane[2, 0]) * wide < 1e-9  # the horizon is level: a row is at one distance
        away = to_plane[2, 1] * y + to_plane[2, 2] + (0 if level else to_plane[2, 0] * x)
        scale = (1 / np.maximum(away, 1e-6)).astype(np.float32)
        trains = []
        for number, (size_of, speed, turn) in enumerate(((0.80, 0.045, 0.35), (2.1, 0.08, -0.25))):
            c, s = math.cos(turn), math.sin(turn)
            run = now.time * speed * (0.35 + 0.65 * self.wind) * _TILE
            grain = _TILE * size_of / 2.4
            place = np.array([[c * grain * 0.6, -s * grain * 0.6, run * 0.35], [s * grain, c * grain, run], [0, 0, 1]])
            u, v = (
                _wrapped((row[0] * x).astype(np.float32), (row[1] * y + row[2]).astype(np.float32), scale)
                for row in (place @ to_plane)[:2]
            )
            trains.append(cv2.remap(self._waves[number], u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101))
        few = cv2.addWeighted(trains[0], 1 / 128, trains[1], 1 / 128, -2, dtype=cv2.CV_32F)
        total: Array = cv2.resize(few, (wide * _STEP, high))[:, : size[1]]
        return total

    def _rows(self, view: View, now: Moment, first: int, rows: int) -> Array:
        """Share of the way from the waterline (0) to the bottom of the frame (1) for each row: [rows]."""
        matrix = view.to_pixels @ view.stage.layer(now.state, self._edge(view))
        line = (matrix @ np.array([0, self.top, 1]))[1]
        return np.asarray(np.clip((np.arange(first, first + rows) - line) / view.height, 0, 1), np.float32)

    def _broken(self, part: Array, waves: Array, view: View, now: Moment, first: int) -> Array:
        """Shift each spot by the wave there: mostly up and down, more nearby."""
        h, w = part.shape[:2]
        near = self._rows(view, now, first, h)[:, None]
        size = view.height * (0.004 + self.rough * 0.09) * (0.10 + near * 1.6)
        way = waves * size
        y = way + np.arange(h, dtype=np.float32)[:, None]
        x = np.multiply(way, 0.35, out=way)
        x += np.arange(w, dtype=np.float32)
        if self.rough > 0.15:
            part = cv2.blur(part, (max(1, round(view.height * 0.003)), max(1, round(view.height * 0.035 * self.rough))))
        source = cv2.cvtColor(part, cv2.COLOR_RGB2RGBA)
        out = cv2.cvtColor(cv2.remap(source, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101), cv2.COLOR_RGBA2RGB)
        shade = waves * ((26 * self.rough + 5) * (0.2 + near))
        grey = cv2.convertScaleAbs(shade, alpha=1, beta=128)
        return cv2.addWeighted(out, 1, cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), 1, -128, out)

    def _glitter(self, part: Array, waves: Array, view: View, now: Moment, first: int) -> None:
        """Sparks where waves face the light, in a path under it."""
        lamp = self.p.light
        if lamp.strength < 0.3 or lamp.height > 0.6 and lamp.radius == 0:
            return
        matrix = view.to_pixels @ view.stage.layer(now.state, self._edge(view))
        sun = matrix @ np.array([lamp.side, self.top - lamp.height, 1])
        line = (matrix @ np.array([lamp.side, self.top, 1]))[1]
        h, w = part.shape[:2]
        if line > first + h:
            return
        rows = self._rows(view, now, first, h)[:, None]
        spread = 0.25 + 0.35 * self.rough
        reach = 2.3 * (0.035 + lamp.radius * 0.8 + float(rows.max()) * spread) * view.height
        left, right = max(0, int(sun[0] - reach)), min(w, int(sun[0] + reach))  # beyond, it is less than a step of 8 bits
        if right <= left:
            return
        part, waves = part[:, left:right], waves[:, left:right]
        step = max(1, view.height // 240)  # what follows is smooth but for the waves
        small = max(1, (right - left) // step), max(1, h // step)
        y = cv2.resize(rows, (1, small[1]))
        x = (left - sun[0] + (np.arange(small[0], dtype=np.float32) + 0.5) * ((right - left) / small[0]) - 0.5) / view.height
        path = np.exp(-((x / (0.035 + lamp.radius * 0.8 + y * spread)) ** 2)) * (1.1 - 0.7 * y)
        dim = float(np.clip(1.2 - lamp.height * 0.9, 0.35, 1))
        level = 0.62 - 0.50 * path * (0.5 + self.rough * 0.6)
        bright = (1.15 * dim * lamp.strength) * (1 - 0.8 * y) * np.clip(path * 1.7, 0, 1)
        sheen = path * (0.20 + 0.25 * np.exp(-y * 10)) * (lamp.strength * dim)
        level, bright, sheen = (cv2.resize(each.astype(np.float32), (right - left, h)) for each in (level, bright, sheen))
        light = np.subtract(waves, level, out=level)
        light *= 3.2 + 5 * (1 - rows)
        np.clip(light, 0, 1, out=light)
        light = np.minimum(cv2.add(cv2.multiply(light, bright, light), sheen, light), dim, out=light)
        tone = mix(lamp.colour, lamp.glow, 0.35)
        screen(part, cv2.merge([cv2.convertScaleAbs(light, alpha=255 * float(channel), beta=-0.5) for channel in tone]))

    def _put(self, target: Array, part: Array, below: View, now: Moment) -> None:
        """Lay the water on the lower part of the frame: where its mask is, or under its far edge."""
        if self._mask:
            if cut := self._mask.cover(target, below, now):
                spot, cover = cut
                rows, columns = slice(spot.top, spot.bottom), slice(spot.left, spot.right)
                _through(target[rows, columns], part[rows, columns], cv2.cvtColor(cover, cv2.COLOR_GRAY2RGB))
            return
        cover = _waterline(below, now.state, self.top, target.shape)
        band = len(cover)
        _through(target[:band], part[:band], cover)
        target[band:] = part[band:]


def _wrapped(across: Array, down: Array, scale: Array) -> Array:
    """[h, w] float32: (across [w] + down [h, 1]) * scale, within one tile."""
    at = (across + down) * (scale * np.float32(1 / _TILE))
    at -= np.floor(at)
    at *= _TILE
    return at


def _ground_plane(view: View, state: State) -> Array:
    """[3, 3]: screen pixels to (x, z) on the ground around the composed camera."""
    back = np.linalg.inv(view.to_pixels @ view.stage.ground(state))
    h, v0 = view.stage.height, view.stage.horizon
    plane = np.array([[h, 0, 0], [0, 0, h], [0, 1, -v0]])  # x = u h / (v - v0), z = h / (v - v0)
    return np.asarray(plane @ back)


def _waterline(below: View, state: State, top: float, shape: Sequence[int]) -> Array:
    """[rows, w, 3] uint8 coverage under the far edge, as many rows as it crosses; all that is lower is covered."""
    matrix = below.to_pixels @ below.stage.ground(state)
    points = matrix @ np.array([[-30.0, 30.0, 30.0, -30.0], [top, top, 0.9, 0.9], [1, 1, 1, 1]])
    (x0, x1), (y0, y1) = (points[:2] / points[2])[:, :2]
    at = (y0 + (np.arange(shape[1], dtype=np.float32) - x0) * ((y1 - y0) / (x1 - x0))).astype(np.float32)
    rows = int(np.clip(math.ceil(float(at.max()) + 0.5), 0, shape[0]))
    cover: Array = (np.clip(np.arange(rows, dtype=np.float32)[:, None] - at + 0.5, 0, 1) * 255).astype(np.uint8)
    return np.repeat(cover[..., None], 3, axis=2)


def _through(target: Array, part: Array, cover: Array) -> None:
    """Lay a part of a picture over another with coverage [h, w, 3] uint8."""
    if target.size:
        cv2.multiply(target, cv2.bitwise_not(cover), target, scale=1 / 255)
        cv2.add(target, cv2.multiply(part, cover, scale=1 / 255), target)
