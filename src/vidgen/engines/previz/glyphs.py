"""Letters as shapes: Japanese and English text drawn from font outlines, with OpenCV alone."""

from __future__ import annotations

import functools
import unicodedata
from typing import Any

import cv2
import numpy as np

from vidgen.engines.previz.noise import Array
from vidgen.weights import fonts
from vidgen.weights.fonts import Kind

_FINER = 4
_NO_LINE_START = "、。，．・：；？！）」』】〉》ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.;:?!)]}"


@functools.lru_cache(maxsize=4096)
def _glyph(kind: Kind, char: str) -> tuple[tuple[Array, ...], float]:
    """Contours in ems (y up) and advance width in ems. A letter that the font lacks is a box."""
    shape = fonts.letter(char, kind)
    if shape is None:
        box = np.array([[0.08, -0.05], [0.92, -0.05], [0.92, 0.8], [0.08, 0.8]])
        return (box, box * 0.86 + 0.06), 1.0
    return tuple(np.array(points) for points in shape.contours if len(points) > 2), shape.advance


def width(text: str, size: float, kind: Kind = "sans") -> float:
    """Width of a line of text in pixels at a font size in pixels."""
    return sum(_glyph(kind, char)[1] for char in text) * size


def mask(text: str, size: float, kind: Kind = "sans") -> Array:
    """A line of text as coverage: [height, width] uint8; the baseline lies at 0.88 of ``size`` from the top."""
    text = unicodedata.normalize("NFC", text)
    w, h = max(1, int(np.ceil(width(text, size, kind))) + 2), max(1, int(np.ceil(size * 1.25)))
    big = np.zeros((h * _FINER, w * _FINER), np.uint8)
    x = 1.0
    for char in text:
        contours, advance = _glyph(kind, char)
        if contours:
            shape = [
                np.round((np.column_stack([x + c[:, 0] * size, size * 0.88 - c[:, 1] * size])) * _FINER * 16).astype(np.int32)
                for c in contours
            ]
            cv2.fillPoly(big, shape, 255, cv2.LINE_8, 4)
        x += advance * size
    return np.asarray(cv2.resize(big, (w, h), interpolation=cv2.INTER_AREA), np.uint8)


def wrap(text: str, size: float, limit: float, kind: Kind = "sans", lines: int = 99) -> list[str]:
    """Break text into lines no wider than ``limit`` pixels: English at spaces, Japanese between letters."""
    out: list[str] = []
    line = ""
    for piece in _pieces(text):
        if line and width((line + piece).rstrip(), size, kind) > limit and piece[0] not in _NO_LINE_START:
            out.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    if line.strip():
        out.append(line.rstrip())
    if len(out) > lines:
        out = out[:lines]
        while out[-1] and width(out[-1] + "…", size, kind) > limit:
            out[-1] = out[-1][:-1]
        out[-1] += "…"
    return out


def _pieces(text: str) -> list[str]:
    """Words with the space after them; wide letters alone."""
    out: list[str] = []
    for char in " ".join(text.split()):
        wide = unicodedata.east_asian_width(char) in "WF"
        if out and not wide and not out[-1].endswith(" ") and unicodedata.east_asian_width(out[-1][-1]) not in "WF":
            out[-1] += char
        else:
            out.append(char)
    return out


def draw(
    picture: Array, text: str, x: float, y: float, size: float, colour: Any, kind: Kind = "sans", strength: float = 1.0
) -> None:
    """Write a line on [H, W, 3] uint8; (x, y) is the left end and top, ``colour`` 0-255; what does not fit is cut off."""
    cover = mask(text, size, kind)
    left, top = round(x), round(y)
    h, w = min(cover.shape[0], picture.shape[0] - top), min(cover.shape[1], picture.shape[1] - left)
    if h <= 0 or w <= 0 or left < 0 or top < 0:
        return
    part = picture[top : top + h, left : left + w]
    share = (cover[:h, :w].astype(np.float32) * (strength / 255))[..., None]
    part[:] = np.clip(part * (1 - share) + np.asarray(colour, np.float32) * share + 0.5, 0, 255).astype(np.uint8)
