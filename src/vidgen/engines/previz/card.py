"""A storyboard card for what previz cannot picture: paper, a panel with a rough sketch, the words, and the camera's arrow.

The sketch in the panel really moves as the camera would, so the card still tells timing and direction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np

from vidgen.engines.previz import glyphs
from vidgen.engines.previz.arrows import draw_arrow
from vidgen.engines.previz.camera import Stage, move_of, path
from vidgen.engines.previz.colour import rgb, smoothstep
from vidgen.engines.previz.layers import Moment, Plate, View
from vidgen.engines.previz.noise import Array, Field, random_for
from vidgen.engines.previz.sheet import Sheet
from vidgen.engines.previz.spec import SceneSpec
from vidgen.takes.request import ShotRequest
from vidgen.weights.fonts import Kind

INK = (43, 39, 36)
_SOFT = (122, 112, 102)


@dataclass
class Card:
    """Frames of one card."""

    request: ShotRequest
    spec: SceneSpec
    seed: int
    _paper: Array | None = field(default=None, repr=False)
    _overlay: Array | None = field(default=None, repr=False)
    _plates: list[Plate] = field(default_factory=list, repr=False)

    def prepare(self) -> None:
        """Paper, panel, words and arrow, once; the sketch on two plates."""
        r = self.request
        self._panel = _panel(r.width, r.height)
        left, top, wide, tall = self._panel
        stage = Stage(horizon=0.12, height=0.5, subject=4.0)
        states = path(r.camera, stage, wide / tall, r.frames, float(r.fps), self.seed)
        self._view = View(wide, tall, float(r.fps), stage, states, self.seed)
        self._plates = [
            Plate(14.0, self._background, name="sketch"),
            Plate(4.0, self._figures, (-1.4, -0.6, 1.4, 0.55), name="figures"),
        ]
        for plate in self._plates:
            plate.prepare(self._view)
        self._paper = paper(r.width, r.height, self.seed)
        self._write(self._paper)
        self._overlay = self._marks()

    def frame(self, index: int) -> Array:
        """One frame: the panel's sketch under the camera, everything else still."""
        assert self._paper is not None and self._overlay is not None
        left, top, wide, tall = self._panel
        out = self._paper.copy()
        inside = np.ascontiguousarray(out[top : top + tall, left : left + wide])
        now = Moment(self._view.states[index], index / self._view.fps, index)
        sketch = np.full_like(inside, 255)
        for plate in self._plates:
            plate.draw(sketch, self._view, now)
        out[top : top + tall, left : left + wide] = cv2.multiply(inside, sketch, scale=1 / 255)
        cover = cv2.cvtColor(cv2.bitwise_not(self._overlay[..., 3]), cv2.COLOR_GRAY2RGB)
        return cv2.add(cv2.multiply(out, cover, scale=1 / 255), np.ascontiguousarray(self._overlay[..., :3]))

    def _background(self, sheet: Sheet) -> None:
        """White paper with pencil lines: a horizon, a wall's corner, some tone."""
        rng = random_for(self.seed, "card")
        sheet.blend(rgb("#fbf8f1"), 1.0)
        sheet.blend(rgb("#ddd5c6"), (smoothstep(0.12, 0.62, sheet.v)[:, None] * 0.55) * np.ones((1, sheet.width)))
        ink = rgb("#9b9186")
        left, _, right, _ = sheet.box
        for row in range(3):
            points = [(u, 0.12 + 0.002 * math.sin(u * 9 + row) + row * 0.0015) for u in np.linspace(left, right, 40)]
            sheet.line(points, ink, 0.003)
        vanish = rng.uniform(-0.25, 0.25)
        for i in range(-9, 10):
            x = vanish + i * 0.42
            sheet.line([(vanish + i * 0.05, 0.135), (x, 0.8)], rgb("#cbc2b4"), 0.002)
        for _ in range(3):
            u, w, h = rng.uniform(-1.2, 1.2), rng.uniform(0.18, 0.4), rng.uniform(0.16, 0.42)
            box = [(u, 0.125), (u, 0.125 - h), (u + w, 0.125 - h * rng.uniform(0.9, 1.1)), (u + w, 0.125)]
            sheet.poly(box, rgb("#ece5d8"))
            for offset in (0, 0.004):
                sheet.line([(a + offset, b - offset) for a, b in box], ink, 0.0025)
            for k in range(5):
                sheet.line(
                    [(u + w * (0.1 + k * 0.18), 0.12), (u + w * (0.3 + k * 0.18), 0.12 - h * 0.55)], rgb("#d6ccbc"), 0.002
                )

    def _figures(self, sheet: Sheet) -> None:
        count = self.spec.people
        if count == 0:
            self._thing(sheet)
        places = (0.0,) if count == 1 else (-0.16, 0.12, 0.34) if count <= 3 else np.linspace(-0.62, 0.62, count).tolist()
        for number, u in enumerate(places[:count]):
            person(sheet, u, 0.40 - 0.03 * (number % 2), 0.56 - 0.05 * (number % 2))

    def _thing(self, sheet: Sheet) -> None:
        """Nobody is named: a crossed box, as boards mark 'the subject goes here'."""
        ink = rgb("#4a443e")
        box = [(-0.2, -0.12), (0.2, -0.14), (0.21, 0.24), (-0.19, 0.25), (-0.2, -0.12)]
        sheet.poly(box, rgb("#f3ecdf"))
        for lines in (box, [box[0], box[2]], [box[1], box[3]]):
            sheet.line(lines, ink, 0.005)

    def _marks(self) -> Array:
        """[H, W, 4] the panel's frame and the arrow over everything."""
        r = self.request
        left, top, wide, tall = self._panel
        out = np.zeros((r.height, r.width, 4), np.uint8)
        rng = random_for(self.seed, "frame")
        unit = max(1.0, tall / 300)
        for number in range(2):
            wobble = rng.normal(0, 0.8 * unit, (4, 2))
            corners = np.array([(left, top), (left + wide, top), (left + wide, top + tall), (left, top + tall)]) + wobble
            points = np.round(corners * 16).astype(np.int32)
            cv2.polylines(out, [points], True, (*INK, 255), max(1, round(unit * (1.6 - number))), cv2.LINE_AA, 4)
        draw_arrow(out, str(move_of(r.camera).get("arrow", "")), self._panel)
        return out

    def _write(self, picture: Array) -> None:
        r, w = self.request, self.request.words
        left, top, wide, tall = self._panel
        size = max(5.0, min(r.height * 0.042, r.width * 0.05))
        x, y = float(left), top + tall + size * 0.9
        end = r.height - size * 2.4
        scene = w.scene or w.subject or r.prompt
        rest = [text for text in (w.subject if w.scene else "", w.action, r.motion.detail or "", w.lighting) if text]
        parts: tuple[tuple[str, Kind, float, tuple[int, int, int]], ...] = (
            (scene, "serif", 1.0, INK),
            (" / ".join(rest), "sans", 0.72, _SOFT),
        )
        for text, kind, scale, colour in parts:
            s = size * scale
            room = max(1, int((end - y) / (s * 1.4)))
            for line in glyphs.wrap(text, s, wide, kind, lines=min(room, 3)) if text and y + s < end else []:
                glyphs.draw(picture, line, x, y, s, colour, kind)
                y += s * 1.42
            y += size * 0.12


def _panel(width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, width and height of the panel in pixels: the frame's own shape, with room for words below."""
    tall = height * (0.62 if width >= height else 0.52)
    wide = min(width * 0.84, tall * max(width / height, 1.0))
    tall = min(tall, wide / max(width / height, 0.75))
    left, top = (width - wide) / 2, height * 0.085
    return round(left), round(top), max(2, round(wide)), max(2, round(tall))


def paper(width: int, height: int, seed: int) -> Array:
    """Warm paper with fibres: [H, W, 3] uint8."""
    sheet = Sheet((0, 0, width / height, 1.0), height, seed)
    noise = Field(seed, "paper")
    cloud = noise.grid(sheet.u, sheet.v, 2.2, 4)
    fibre = noise.grid(sheet.u, sheet.v, 90, 2, stretch=3.0)
    tone = 1 + cloud * 0.022 + fibre * 0.020
    x, y = np.linspace(-1, 1, sheet.width)[None, :], np.linspace(-1, 1, sheet.height)[:, None]
    tone = tone - 0.07 * np.clip((x * x + y * y) / 2 - 0.3, 0, 1)
    sheet.blend(rgb("#eee5d3") * tone[..., None], 1.0)
    return np.ascontiguousarray(sheet.rgba[:height, :width, :3])


def person(sheet: Sheet, u: float, foot: float, size: float) -> None:
    """A figure as storyboard artists block one in: an egg, a line of action, mitten limbs."""
    ink, skin = rgb("#3a342f"), rgb("#f6efe3")
    head, hip, neck = foot - size * 0.90, foot - size * 0.46, foot - size * 0.78
    for side in (-1, 1):
        sheet.line([(u, hip), (u + side * size * 0.09, foot - size * 0.22), (u + side * size * 0.10, foot)], ink, size * 0.030)
        sheet.line([(u + side * size * 0.10, foot), (u + side * size * 0.16, foot)], ink, size * 0.026)
        sheet.line(
            [
                (u, neck + size * 0.03),
                (u + side * size * 0.14, foot - size * 0.60),
                (u + side * size * 0.13, foot - size * 0.42),
            ],
            ink,
            size * 0.024,
        )
    body = [(u - size * 0.12, neck), (u + size * 0.12, neck), (u + size * 0.085, hip), (u - size * 0.085, hip)]
    sheet.poly(body, skin)
    sheet.line([*body, body[0]], ink, size * 0.014)
    sheet.leaf(u, head, (size * 0.075, size * 0.095), 0, ink)
    sheet.leaf(u, head, (size * 0.062, size * 0.082), 0, skin)
    sheet.line([(u - size * 0.055, head - size * 0.005), (u + size * 0.055, head - size * 0.005)], rgb("#a99f92"), size * 0.008)
    sheet.line([(u, head - size * 0.07), (u, head + size * 0.07)], rgb("#a99f92"), size * 0.008)
