"""Fonts: files, family names, glyphs and metrics. The two that are always there are ``sans`` and ``serif``. Uses no network.

fontTools decodes a font lazily, so an open font must not be used by two threads at once. Open fonts stay in this module,
behind one lock; it returns only immutable values.
"""

from __future__ import annotations

import functools
import io
import threading
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from vidgen.media.home import vidgen_home
from vidgen.media.once import once, once_under
from vidgen.weights.registry import Model, model
from vidgen.weights.store import install_together

Kind = Literal["sans", "serif"]

_ROWS: dict[Kind, str] = {"sans": "noto-sans-jp", "serif": "noto-serif-jp"}

UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Mn"})
"""Categories of characters that need no glyph of their own: controls, format marks, spaces, variation selectors."""


def _row(kind: Kind) -> Model:
    return model(_ROWS[kind])


def font_file(kind: Kind) -> Path:
    """The font's file, checked by SHA-256 once per process. Raises MissingError if its package is not installed."""
    return _checked(kind, vidgen_home())


@once
def _checked(kind: Kind, _home: Path) -> Path:
    row = _row(kind)
    return install_together([_row(each) for each in _ROWS]) / row.files[0].name


Point = tuple[float, float]


@dataclass(frozen=True)
class Letter:
    """The outline of a glyph: contours as polygons, and the advance to the next glyph, in ems with y upward."""

    contours: tuple[tuple[Point, ...], ...]
    advance: float


@dataclass(frozen=True)
class Face:
    """A font file. In ems: ``advances`` by code point, the ``line`` height of libass, and how far it is above the baseline
    (``ascent``).
    """

    file: Path
    family: str
    advances: Mapping[int, float]
    line: float
    ascent: float

    def has(self, text: str) -> bool:
        """Whether it has a glyph for each character that needs one."""
        return all(ord(char) in self.advances for char in text if unicodedata.category(char) not in UNSEEN)


def letter(char: str, kind: Kind) -> Letter | None:
    """The outline of a character; None if the font lacks it."""
    return letter_in(char, font_file(kind))


def letter_in(char: str, file: Path) -> Letter | None:
    """The outline of a character in a font file; None if the font lacks it."""
    return _letter(char, file)


def face(file: Path) -> Face:
    """The metrics of a font file."""
    return _face(file)


_READING = threading.RLock()
"""Guards all access to open fonts."""


@functools.cache
def _open(file: Path) -> Any:
    """The open font. Use it only with ``_READING`` held."""
    from fontTools.ttLib import TTFont

    return TTFont(io.BytesIO(file.read_bytes()), lazy=True)


@once_under(_READING)
def _face(file: Path) -> Face:
    font = _open(file)
    em, os2, widths = font["head"].unitsPerEm, font["OS/2"], font["hmtx"].metrics
    advances = {code: widths[name][0] / em for code, name in font.getBestCmap().items()}
    name = str(font["name"].getDebugName(1))
    return Face(file, name, MappingProxyType(advances), (os2.usWinAscent + os2.usWinDescent) / em, os2.usWinAscent / em)


@once_under(_READING)
def _letter(char: str, file: Path) -> Letter | None:
    from fontTools.pens.recordingPen import DecomposingRecordingPen

    font = _open(file)
    name = font.getBestCmap().get(ord(char))
    if name is None:
        return None
    glyphs, em = font.getGlyphSet(), font["head"].unitsPerEm
    pen = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(pen)
    contours = tuple(tuple((x / em, y / em) for x, y in contour) for contour in _contours(pen.value))
    return Letter(contours, float(glyphs[name].width) / em)


def _contours(steps: Sequence[tuple[str, tuple[Point, ...]]]) -> Iterator[list[Point]]:
    """Pen commands as polygons. Each curve, cubic (OpenType CFF) or quadratic (TrueType), becomes eight lines."""
    points: list[Point] = []
    for kind, arguments in steps:
        if kind == "moveTo":
            points = [arguments[0]]
        elif kind == "lineTo":
            points.append(arguments[0])
        elif kind == "curveTo":
            points += _curve(points[-1], *arguments)
        elif kind == "qCurveTo":
            points += _quadratic(points, arguments)
        elif kind in ("closePath", "endPath") and points:
            yield points


def _quadratic(points: Sequence[Point], arguments: Sequence[Point | None]) -> Iterator[Point]:
    """The way through controls of TrueType, between which points are implied; a contour may have no other points (None)."""
    controls = [point for point in arguments if point is not None]
    if len(controls) < len(arguments):
        controls.append(_midway(controls[-1], controls[0]))
    start = points[-1] if points else controls[-1]
    for number, control in enumerate(controls[:-1]):
        end = controls[-1] if number == len(controls) - 2 else _midway(control, controls[number + 1])
        yield from _curve(start, _towards(start, control), _towards(end, control), end)
        start = end


def _midway(a: Point, b: Point) -> Point:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _towards(a: Point, control: Point) -> Point:
    """Two thirds of the way: where a cubic curve has its control if it is to be the quadratic one."""
    return a[0] + (control[0] - a[0]) * 2 / 3, a[1] + (control[1] - a[1]) * 2 / 3


def _curve(a: Point, b: Point, c: Point, d: Point) -> list[Point]:
    found = []
    for step in range(1, 9):
        t = step / 8
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        x, y = (sum(weight * point[axis] for weight, point in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1))
        found.append((x, y))
    return found
