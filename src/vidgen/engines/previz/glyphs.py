"""Letters as shapes: text drawn from font outlines, with OpenCV alone."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from vidgen.engines.previz import scripts
from vidgen.engines.previz.noise import Array
from vidgen.weights import faces, fonts
from vidgen.weights.fonts import Kind

_FINER = 4
_NO_SHAPE = (fonts.UNSEEN - {"Mn"}) | {"Sk"}
"""Categories of characters that are not drawn where the card's own font lacks them: controls, and the tones of an emoji."""
_NO_LINE_START = "、。，．・：；？！）」』】〉》ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.;:?!)]}"


@functools.lru_cache(maxsize=4096)
def _glyph(kind: Kind, char: str) -> tuple[tuple[Array, ...], float]:
    """Contours in ems (y up) and advance width in ems. What no font at hand has is left out."""
    shape = fonts.letter(char, kind)
    if shape is None and unicodedata.category(char) not in _NO_SHAPE and not 0xFE00 <= ord(char) <= 0xFE0F:
        other = faces.Faces(kind).of(scripts.letter_like(char))
        shape = fonts.letter_in(char, other.file) if other else None
    if shape is None:
        return (), 0.0
    return tuple(np.array(points) for points in shape.contours if len(points) > 2), shape.advance


def width(text: str, size: float, kind: Kind = "sans") -> float:
    """Width of a line of text in pixels at a font size in pixels."""
    return sum(_glyph(kind, char)[1] for char in text) * size


def mask(text: str, size: float, kind: Kind = "sans") -> Array:
    """A line of text as coverage: [height, width] uint8; the baseline lies at 0.88 of ``size`` from the top."""
    text = scripts.in_order(scripts.joined(unicodedata.normalize("NFC", text)))
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
    """Break text into lines no wider than ``limit`` pixels: English at spaces, Japanese between phrases; a word that is wider
    than a line anywhere."""
    out: list[str] = []
    line = ""
    for piece in (part for whole in scripts.pieces(text) for part in _parted(whole, size, limit, kind)):
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


def _parted(piece: str, size: float, limit: float, kind: Kind) -> Iterator[str]:
    """A piece in parts that are no wider than a line."""
    if width(piece.rstrip(), size, kind) <= limit:
        yield piece
        return
    part = ""
    for char in piece:
        if part and width(part + char, size, kind) > limit:
            yield part
            part = ""
        part += char
    yield part


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
