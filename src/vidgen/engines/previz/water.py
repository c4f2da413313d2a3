"""Water: what is above it mirrored and broken by waves, its own colour below one's feet, the light's glitter."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from vidgen.engines.previz.camera import State
from vidgen.engines.previz.colour import mix, rgb
from vidgen.engines.previz.layers import Ground, Layer, Moment, Plate, View
from vidgen.engines.previz.noise import Array, tile
from vidgen.engines.previz.palette import Palette
from vidgen.engines.previz.sheet import Sheet

_TILE = 512


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
            self._waves.append((waves * 127 + 128).astype(np.uint8))
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

    def draw(self, frame: Array, view: View, now: Moment) -> None:
        """Mirror, break, tint, glitter."""
        first = self._first_row(frame, view, now.state)
        if first >= frame.shape[0] - 1:
            return
        surface = self._mirrored(frame, view, now, first)
        for plate in self.near:
            plate.draw_mirrored(surface, view, now)
        part = surface[first:]
        waves = self._wave_field(view, now, first, part.shape[:2])
        part = self._broken(part, waves, view, now, first)
        if self._tint:
            surface[first:] = part
            self._tint.draw(surface, view, now)
            part = surface[first:]
        self._glitter(part, waves, view, now, first)
        self._put(frame, part, view, now, first)

    def _first_row(self, frame: Array, view: View, state: State) -> int:
        matrix = view.to_pixels @ view.stage.ground(state)
        ends = matrix @ np.array([[-view.aspect, view.aspect], [self.top, self.top], [1, 1]])
        line = ends[1] / ends[2]
        slope = (line[1] - line[0]) / (ends[0, 1] / ends[2, 1] - ends[0, 0] / ends[2, 0])
        at0 = line[0] - slope * (ends[0, 0] / ends[2, 0])
        return max(0, math.floor(float(min(at0, at0 + slope * frame.shape[1]))))

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
        h, w = frame.shape[:2]
        out = frame.copy()
        shift = self._axis(view, now.state) @ np.array([[1, 0, 0], [0, 1, first], [0, 0, 1]])
        out[first:] = cv2.warpAffine(
            frame, shift[:2], (w, h - first), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT_101
        )
        return out

    def _wave_field(self, view: View, now: Moment, first: int, size: tuple[int, int]) -> Array:
        """[h, w] float32 about -1 to 1: two trains of waves in perspective, running with the wind."""
        to_plane = _ground_plane(view, now.state) @ np.array([[1, 0, 0], [0, 1, first], [0, 0, 1]])
        total = None
        for number, (scale, speed, turn) in enumerate(((0.80, 0.045, 0.35), (2.1, 0.08, -0.25))):
            c, s = math.cos(turn), math.sin(turn)
            run = now.time * speed * (0.35 + 0.65 * self.wind) * _TILE
            grain = _TILE * scale / 2.4
            place = np.array([[c * grain * 0.6, -s * grain * 0.6, run * 0.35], [s * grain, c * grain, run], [0, 0, 1]])
            layer = cv2.warpPerspective(
                self._waves[number], place @ to_plane, (size[1], size[0]),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_WRAP,
            )  # fmt: skip
            total = layer if total is None else cv2.addWeighted(total, 0.5, layer, 0.5, 0)
        assert total is not None
        return np.asarray((total.astype(np.float32) - 128) * (1 / 64))

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
        x = np.arange(w, dtype=np.float32)[None, :] + waves * size * 0.35
        y = np.arange(h, dtype=np.float32)[:, None] + waves * size
        if self.rough > 0.15:
            part = cv2.blur(part, (max(1, round(view.height * 0.003)), max(1, round(view.height * 0.035 * self.rough))))
        out = cv2.remap(part, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        shade = np.clip(waves * (26 * self.rough + 5) * (0.2 + near), -90, 90)
        return _shaded(out, shade)

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
        y = self._rows(view, now, first, h)[:, None]
        width = 0.035 + lamp.radius * 0.8 + y * (0.25 + 0.35 * self.rough)
        reach = 2.3 * float(width.max()) * view.height  # beyond, the path is darker than one step of 8 bits
        left, right = max(0, int(sun[0] - reach)), min(w, int(sun[0] + reach))
        if right <= left:
            return
        part, waves = part[:, left:right], waves[:, left:right]
        x = (np.arange(left, right, dtype=np.float32)[None, :] - sun[0]) / view.height
        path = np.exp(-((x / width) ** 2)) * (1.1 - 0.7 * y)
        level = 0.62 - 0.50 * path * (0.5 + self.rough * 0.6)
        spark = (1 - 0.8 * y) * np.clip((waves - level) * (3.2 + 5 * (1 - y)), 0, 1) * np.clip(path * 1.7, 0, 1) * lamp.strength
        sheen = path * (0.20 + 0.25 * np.exp(-y * 10)) * lamp.strength
        light = np.clip(spark * 1.15 + sheen, 0, 1) * float(np.clip(1.2 - lamp.height * 0.9, 0.35, 1))
        tone = mix(lamp.colour, lamp.glow, 0.35)
        glow = cv2.merge([(light * (255 * float(channel))).astype(np.uint8) for channel in tone])
        part[:] = cv2.add(cv2.multiply(part, cv2.bitwise_not(glow), scale=1 / 255), glow)

    def _put(self, frame: Array, part: Array, view: View, now: Moment, first: int) -> None:
        target = frame[first:]
        if self._mask is None:
            edge = _waterline(view, now.state, self.top, frame.shape, first)
            if edge is None:
                target[:] = part
                return
            cover = edge
        else:
            stencil = np.zeros_like(frame)
            self._mask.draw(stencil, view, now)
            cover = stencil[first:]
        kept = cv2.multiply(target, cv2.bitwise_not(cover), scale=1 / 255)
        target[:] = cv2.add(kept, cv2.multiply(part, cover, scale=1 / 255))


def _ground_plane(view: View, state: State) -> Array:
    """[3, 3]: screen pixels to (x, z) on the ground around the composed camera."""
    back = np.linalg.inv(view.to_pixels @ view.stage.ground(state))
    h, v0 = view.stage.height, view.stage.horizon
    plane = np.array([[h, 0, 0], [0, 0, h], [0, 1, -v0]])  # x = u h / (v - v0), z = h / (v - v0)
    return np.asarray(plane @ back)


def _waterline(view: View, state: State, top: float, shape: Sequence[int], first: int) -> Array | None:
    """[h, w, 3] uint8 coverage below the horizon where the camera rolls or the line is in the picture; None: all of it."""
    matrix = view.to_pixels @ view.stage.ground(state)
    points = matrix @ np.array([[-30.0, 30.0, 30.0, -30.0], [top, top, 0.9, 0.9], [1, 1, 1, 1]])
    line = (points[:2] / points[2])[:, :2]
    if line[1].max() <= first:
        return None
    (x0, x1), (y0, y1) = line
    rows = np.arange(first, shape[0], dtype=np.float32)[:, None]
    at = y0 + (np.arange(shape[1], dtype=np.float32)[None, :] - x0) * ((y1 - y0) / (x1 - x0))
    cover: Array = (np.clip(rows - at + 0.5, 0, 1) * 255).astype(np.uint8)
    return cv2.cvtColor(cover, cv2.COLOR_GRAY2RGB)


def _shaded(picture: Array, by: Array) -> Array:
    """Add ``by`` ([h, w], -255 to 255) to every channel."""
    up = np.maximum(by, 0).astype(np.uint8)
    down = np.maximum(-by, 0).astype(np.uint8)
    out = cv2.add(picture, cv2.cvtColor(up, cv2.COLOR_GRAY2RGB))
    return cv2.subtract(out, cv2.cvtColor(down, cv2.COLOR_GRAY2RGB))
