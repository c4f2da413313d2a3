"""The slate: a small bar that says which shot this is, what the camera does, that it is previz, and the time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vidgen.engines.previz import glyphs
from vidgen.engines.previz.noise import Array

_INK = (244, 240, 230)
_QUIET = (178, 184, 190)
_ACCENT = (255, 196, 92)


@dataclass
class Slate:
    """Draws itself on frames of one size; what does not change is drawn once."""

    shot: str
    move: str
    width: int
    height: int
    fps: float
    frames: int
    _bar: Array | None = field(default=None, repr=False)
    _digits: dict[str, Array] = field(default_factory=dict, repr=False)

    def prepare(self) -> None:
        """The bar with its fixed words, and the digits."""
        self.size = max(6.0, min(self.height * 0.024, self.width * 0.030))
        pad, size = self.size * 0.7, self.size
        parts = [("PREVIZ", _ACCENT), (self.shot, _INK), (self.move.replace("_", " "), _QUIET)]
        limit = self.width * 0.94
        counter = glyphs.width(self._counter(self.frames - 1), size) + pad
        widths = [glyphs.width(text, size) for text, _ in parts]
        while len(parts) > 1 and sum(widths[: len(parts)]) + pad * (2 + len(parts)) + counter > limit:
            parts.pop()
        long = round(min(limit, sum(widths[: len(parts)]) + pad * (2.2 + 1.4 * (len(parts) - 1)) + counter))
        tall = round(size * 1.75)
        self._bar = np.zeros((tall, long, 4), np.uint8)
        self._bar[..., :3] = (14, 17, 22)
        self._bar[..., 3] = 150
        x, y = pad, (tall - size * 1.2) / 2
        for (text, colour), wide in zip(parts, widths, strict=False):
            self._write(self._bar, glyphs.mask(text, size), x, y, colour)
            x += wide + pad * 1.4
        self._counter_x, self._text_y = x, y
        self._digits = {char: glyphs.mask(char, size) for char in "0123456789. sf"}
        self._wide = {char: glyphs.width(char, size) for char in self._digits}

    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the bar in pixels: top left, where no lower third or caption goes."""
        assert self._bar is not None
        margin = round(self.size * 1.1)
        h, w = self._bar.shape[:2]
        return margin, margin, min(self.width, margin + w), margin + h

    def _counter(self, index: int) -> str:
        return f"{index / self.fps:05.2f}s {index:03d}f"

    def draw(self, frame: Array, index: int) -> None:
        """Lay the bar and the counter over a frame [H, W, 3] uint8."""
        assert self._bar is not None
        bar = self._bar.copy()
        x = self._counter_x
        for char in self._counter(index):
            shape = self._digits[char]
            self._write(bar, shape, x, self._text_y, _QUIET)
            x += self._wide[char]
        left, top, right, bottom = self.box()
        if bottom > self.height or right - left < 2:
            return
        part = frame[top:bottom, left:right].astype(np.float32)
        bar = bar[:, : right - left]
        share = bar[..., 3:].astype(np.float32) / 255
        frame[top:bottom, left:right] = (part * (1 - share) + bar[..., :3] * share + 0.5).astype(np.uint8)

    @staticmethod
    def _write(bar: Array, shape: Array, x: float, y: float, colour: tuple[int, int, int]) -> None:
        left, top = round(x), max(0, round(y))
        h, w = min(shape.shape[0], bar.shape[0] - top), min(shape.shape[1], bar.shape[1] - left)
        if h <= 0 or w <= 0:
            return
        part = bar[top : top + h, left : left + w].astype(np.float32)
        share = shape[:h, :w, None].astype(np.float32) / 255
        ink = np.array([*colour, 255], np.float32)
        bar[top : top + h, left : left + w] = (part * (1 - share) + ink * share + 0.5).astype(np.uint8)
