"""A storyboard card for what previz cannot picture: paper, a panel with a rough sketch, the words, and the camera's arrow.

The sketch in the panel really moves as the camera would, so the card still tells timing and direction.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from vidgen.engines.previz import glyphs
from vidgen.engines.previz.arrows import draw_arrow
from vidgen.engines.previz.birds import Birds
from vidgen.engines.previz.camera import Stage, framed, path, zoom_of, zoomed_in
from vidgen.engines.previz.colour import rgb
from vidgen.engines.previz.layers import Layer, Moment, View
from vidgen.engines.previz.moves import move_of
from vidgen.engines.previz.noise import Array, Field, random_for
from vidgen.engines.previz.palette import palette_for
from vidgen.engines.previz.people.blocking import Ground, faces_of
from vidgen.engines.previz.people.onstage import Thing
from vidgen.engines.previz.people.paints import on_paper
from vidgen.engines.previz.people.rooms import plates
from vidgen.engines.previz.people.stage import on_stage
from vidgen.engines.previz.scene import Opening
from vidgen.engines.previz.sheet import Sheet
from vidgen.engines.previz.sight import Part
from vidgen.engines.previz.spec import FLOCK, SceneSpec
from vidgen.storyboard.model import Camera
from vidgen.storyboard.vocabulary import label
from vidgen.takes.request import ShotRequest
from vidgen.weights.fonts import Kind

INK = (43, 39, 36)
_SOFT = (122, 112, 102)
_FLOOR = 0.46
"""The v at which somebody in a full shot stands."""
_FULL = 3.5
"""The distance of a full shot."""
_TALL = 2.8
"""How high a grown-up is at distance 1, in frame heights: 0.8 in a full shot."""
_HORIZONS = {"low": 0.14, "ground": 0.22, "worms_eye": 0.24, "high": -0.24, "birds_eye": -0.40, "overhead": -0.46}
"""The horizon under a camera angle; at eye level it is ``_EYES``."""
_EYES = -0.04
_WASHES = {
    "night": (0.60, 0.66, 0.84), "blue_hour": (0.70, 0.77, 0.92), "storm": (0.76, 0.79, 0.83), "dusk": (1.0, 0.86, 0.80),
    "dawn": (1.0, 0.92, 0.88), "golden": (1.0, 0.94, 0.82), "overcast": (0.93, 0.94, 0.95),
}  # fmt: skip
"""What remains of red, green and blue at a time of day."""


@dataclass
class Card:
    """Frames of one card."""

    request: ShotRequest
    spec: SceneSpec
    seed: int
    opening: Opening | None = None
    _paper: Array | None = field(default=None, repr=False)
    _blank: Array | None = field(default=None, repr=False)
    _ink: Array | None = field(default=None, repr=False)
    _layers: list[Layer] = field(default_factory=list, repr=False)

    def prepare(self) -> None:
        """Paper, panel, words and arrow, once; the sketch in layers."""
        r, begin = self.request, self.opening
        self._panel = _panel(r.width, r.height)
        _, _, wide, tall = self._panel
        self._world = begin.seed if begin else self.seed
        stage = begin.stage if begin else _stage(self.spec, zoom_of(r.camera.size))
        start = begin.state if begin else framed(r.camera, float(r.frames / r.fps), stage)
        states = path(r.camera, stage, wide / tall, r.frames, float(r.fps), self.seed, start)
        self._view = View(wide, tall, float(r.fps), stage, states, self._world, begin.time if begin else 0.0)
        self._layers = self._sketch(stage, wide / tall)
        for layer in self._layers:
            layer.prepare(self._view)
        sheet = paper(r.width, r.height, self._world)
        self._write(sheet)
        rows, columns = self._inside
        self._blank, marks = (sheet[rows, columns] * _wash(self.spec)).astype(np.uint8), self._marks()
        self._paper, self._ink = _inked(sheet, marks), np.ascontiguousarray(marks[rows, columns])

    def frame(self, index: int) -> Array:
        """One frame: the panel's sketch under the camera, everything else still."""
        assert self._paper is not None and self._blank is not None and self._ink is not None
        out, sketch = self._paper.copy(), np.empty_like(self._blank)
        now = Moment(self._view.states[index], self._view.time + index / self._view.fps, index)
        wall, *others = self._layers
        wall.draw_parts(sketch, self._view, now, [Part(0, 0, sketch.shape[0], sketch.shape[1], opaque=True)])
        for layer in others:
            layer.draw(sketch, self._view, now)
        if self.spec.has("mono"):
            cv2.cvtColor(cv2.cvtColor(sketch, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB, sketch)
        out[self._inside] = _inked(cv2.multiply(self._blank, sketch, scale=1 / 255), self._ink)
        return out

    @property
    def _inside(self) -> tuple[slice, slice]:
        """Rows and columns of the panel."""
        left, top, wide, tall = self._panel
        return slice(top, top + tall), slice(left, left + wide)

    def ending(self) -> Opening:
        """Where a card that continues this one begins."""
        time = self._view.time + self.request.frames / self._view.fps
        return Opening(self.spec, self._world, self._view.stage, self._view.states[-1], time)

    def _sketch(self, stage: Stage, aspect: float) -> list[Layer]:
        """Where it plays, and who is there; a crossed box where nothing is named that can be drawn."""
        r, paints = self.request, on_paper()
        side = 1.0 if random_for(self._world, "side").random() < 0.5 else -1.0
        ground = Ground(
            stage.horizon,
            stage.height,
            _TALL,
            aspect,
            side,
            "full",
            zoom_of(r.camera.size),
            zoomed_in(r.camera, float(r.frames / r.fps)),
        )
        follows = bool(move_of(r.camera).get("follows"))
        company = on_stage(self.spec, ground, lambda z: paints, follows)
        if self.spec.animal == "birds":
            company.insert(
                0,
                Birds(
                    self._world,
                    self.spec.counts.get("birds", FLOCK),
                    self.spec.wind,
                    palette_for(self.spec, self._world, aspect),
                ),
            )
        if not company and not self.spec.room and not self.spec.outdoors:
            style = paints.form(self._world)
            company.append(Thing(style, "crossed_box", 0.0, 0.30, 0.75, 4.0, name="subject"))
        return [*plates(self.spec, ground, paints, self._world, _TALL), *company]

    def _marks(self) -> Array:
        """[H, W, 4] the panel's frame and the arrow over everything."""
        r = self.request
        left, top, wide, tall = self._panel
        out = np.zeros((r.height, r.width, 4), np.uint8)
        rng = random_for(self._world, "frame")
        unit = max(1.0, tall / 300)
        for number in range(2):
            wobble = rng.normal(0, 0.8 * unit, (4, 2))
            corners = np.array([(left, top), (left + wide, top), (left + wide, top + tall), (left, top + tall)]) + wobble
            points = np.round(corners * 16).astype(np.int32)
            cv2.polylines(out, [points], True, (*INK, 255), max(1, round(unit * (1.6 - number))), cv2.LINE_AA, 4)
        draw_arrow(out, str(move_of(r.camera).get("arrow", "")), self._panel)
        return out

    def _write(self, picture: Array) -> None:
        r = self.request
        left, top, wide, tall = self._panel
        size = max(5.0, min(r.height * 0.042, r.width * 0.05))
        x, y = float(left), top + tall + size * 0.9
        end = r.height - size * 2.4
        scene, *rest = written(r)
        parts: tuple[tuple[str, Kind, float, tuple[int, int, int]], ...] = (
            (scene, "serif", 1.0, INK),
            (" / ".join([*rest, *_camera_words(r.camera, r.language)]), "sans", 0.72, _SOFT),
        )
        for text, kind, scale, colour in parts:
            s = size * scale
            room = max(1, int((end - y) / (s * 1.4)))
            for line in glyphs.wrap(text, s, wide, kind, lines=min(room, 3)) if text and y + s < end else []:
                glyphs.draw(picture, line, x, y, s, colour, kind)
                y += s * 1.42
            y += size * 0.12


def _inked(picture: Array, marks: Array) -> Array:
    """A picture [h, w, 3] under marks [h, w, 4] that are multiplied by their alpha."""
    cover = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(marks, 3)), cv2.COLOR_GRAY2RGB)
    return cv2.add(cv2.multiply(picture, cover, scale=1 / 255), cv2.cvtColor(marks, cv2.COLOR_RGBA2RGB))


def written(request: ShotRequest) -> list[str]:
    """The words on a card: its title, then what else is said."""
    w = request.words
    rest = (w.subject if w.scene else "", w.action, request.motion.detail or "", w.lighting)
    return [w.scene or w.subject or request.prompt, *(text for text in rest if text)]


def _camera_words(camera: Camera, language: str) -> list[str]:
    """Shot size, angle and move as a board's notes have them, in the film's language."""
    asked = (("shot_size", camera.size), ("camera_angle", camera.angle), ("camera_move", camera.move))
    return [label(kind, name, language) for kind, name in asked if name and name not in ("static", "eye_level")]


def _stage(spec: SceneSpec, zoom: float) -> Stage:
    """How a card is laid out: a full shot stands on the same line under every camera angle."""
    horizon = _HORIZONS.get(spec.angle, _EYES)
    return Stage(horizon, (_FLOOR - horizon) * _FULL, 4.0, (0.0, faces_of(spec, zoom) or 0.0))


def _wash(spec: SceneSpec) -> Array:
    """[3]: the tone of a marker wash that says what time of day it is; indoors it is half as strong."""
    share = 0.5 if spec.room else 1.0
    return np.asarray(1 - share * (1 - np.array(_WASHES.get(spec.time, (1.0, 1.0, 1.0)))), np.float32)


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
