"""Camera moves as storyboard artists draw them, around and over a panel."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from vidgen.engines.previz.noise import Array

RED = (200, 62, 40, 255)
Panel = tuple[int, int, int, int]
"""Left, top, width, height in pixels."""
Point = tuple[float, float]


def draw_arrow(picture: Array, kind: str, panel: Panel) -> None:
    """Draw the sign of a move on [H, W, 4] uint8; a kind without a sign draws nothing."""
    if sign := _SIGNS.get(kind):
        sign(picture, panel)


def _at(panel: Panel, x: float, y: float) -> Point:
    return panel[0] + panel[2] * x, panel[1] + panel[3] * y


def _line(picture: Array, points: Sequence[Point], thick: float = 1.0, closed: bool = False) -> None:
    width = max(1, round(picture.shape[0] / 190 * thick))
    cv2.polylines(picture, [np.round(np.array(points) * 16).astype(np.int32)], closed, RED, width, cv2.LINE_AA, 4)


def _head(picture: Array, tip: Point, angle: float, size: float) -> None:
    """A filled arrow head; ``angle`` in radians, 0 points right."""
    points = [
        (tip[0] - size * math.cos(angle + turn) * far, tip[1] - size * math.sin(angle + turn) * far)
        for turn, far in ((0.5, 1), (0, 0.6), (-0.5, 1))
    ]
    cv2.fillPoly(picture, [np.round(np.array([tip, *points]) * 16).astype(np.int32)], RED, cv2.LINE_AA, 4)


def _arrow(picture: Array, start: Point, tip: Point, size: float, thick: float = 1.0) -> None:
    angle = math.atan2(tip[1] - start[1], tip[0] - start[0])
    _line(picture, [start, (tip[0] - math.cos(angle) * size * 0.6, tip[1] - math.sin(angle) * size * 0.6)], thick)
    _head(picture, tip, angle, size)


def _block(picture: Array, start: Point, tip: Point, size: float) -> None:
    """The hollow block arrow of a travelling camera."""
    angle = math.atan2(tip[1] - start[1], tip[0] - start[0])
    along, across = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
    a, b = np.array(start), np.array(tip)
    neck = b - along * size
    points = [
        a + across * size * 0.3,
        neck + across * size * 0.3,
        neck + across * size * 0.7,
        b,
        neck - across * size * 0.7,
        neck - across * size * 0.3,
        a - across * size * 0.3,
    ]
    fill = np.round(np.array(points) * 16).astype(np.int32)
    cv2.fillPoly(picture, [fill], (250, 236, 226, 255), cv2.LINE_AA, 4)
    _line(picture, [tuple(point) for point in points], 0.8, closed=True)


def _turn(dx: float, dy: float) -> Callable[[Array, Panel], None]:
    """Pan and tilt: a thin arrow across the panel's edge."""

    def sign(picture: Array, panel: Panel) -> None:
        size = panel[3] * 0.075
        _arrow(picture, _at(panel, 0.5 + dx * 0.34, 0.5 + dy * 0.26), _at(panel, 0.5 + dx * 0.565, 0.5 + dy * 0.555), size, 1.4)

    return sign


def _travel(dx: float, dy: float) -> Callable[[Array, Panel], None]:
    """Truck and pedestal: a block arrow beside the panel's bottom or side."""

    def sign(picture: Array, panel: Panel) -> None:
        size = panel[3] * 0.10
        if dx:
            _block(picture, _at(panel, 0.5 - dx * 0.22, 0.90), _at(panel, 0.5 + dx * 0.22, 0.90), size)
        else:
            _block(picture, _at(panel, 0.93, 0.5 - dy * 0.30), _at(panel, 0.93, 0.5 + dy * 0.30), size)

    return sign


def _frames(inward: bool, dashed: bool = False) -> Callable[[Array, Panel], None]:
    """Dolly and zoom: an inner frame, arrows along the diagonals; dashed for the lens."""

    def sign(picture: Array, panel: Panel) -> None:
        inner = [_at(panel, x, y) for x, y in ((0.24, 0.24), (0.76, 0.24), (0.76, 0.76), (0.24, 0.76))]
        if dashed:
            for a, b in zip(inner, [*inner[1:], inner[0]], strict=True):
                for i in range(0, 12, 2):
                    _line(picture, [(a[0] + (b[0] - a[0]) * k / 12, a[1] + (b[1] - a[1]) * k / 12) for k in (i, i + 1)], 0.9)
        else:
            _line(picture, inner, 0.9, closed=True)
        for x, y in ((0, 0), (1, 0), (1, 1), (0, 1)):
            outer, corner = _at(panel, 0.05 + 0.90 * x, 0.06 + 0.88 * y), _at(panel, 0.22 + 0.56 * x, 0.22 + 0.56 * y)
            _arrow(picture, *((outer, corner) if inward else (corner, outer)), panel[3] * 0.055)

    return sign


def _arc(start: float, stop: float, centre: Point = (0.5, 0.62), size: Point = (0.30, 0.22)) -> Callable[[Array, Panel], None]:
    """Orbit and roll: part of an ellipse with a head; degrees, 0 is right, clockwise."""

    def sign(picture: Array, panel: Panel) -> None:
        turns = np.radians(np.linspace(start, stop, 40))
        points = [_at(panel, centre[0] + math.cos(t) * size[0], centre[1] + math.sin(t) * size[1]) for t in turns]
        _line(picture, points[:-2], 1.3)
        (ax, ay), (bx, by) = points[-5], points[-1]
        _head(picture, (bx, by), math.atan2(by - ay, bx - ax), panel[3] * 0.08)

    return sign


def _shaken(picture: Array, panel: Panel) -> None:
    for number in range(3):
        lean = (number - 1) * 0.018
        corners = (
            (0.05 + lean, 0.06 - lean),
            (0.95 + lean, 0.06 + lean),
            (0.95 - lean, 0.94 + lean),
            (0.05 - lean, 0.94 - lean),
        )
        _line(picture, [_at(panel, x, y) for x, y in corners], 0.5, closed=True)


def _focus(picture: Array, panel: Panel) -> None:
    for x, y, r in ((0.26, 0.72, 0.12), (0.72, 0.38, 0.07)):
        _arc(0, 360, (x, y), (r * panel[3] / panel[2], r))(picture, panel)
    _arrow(picture, _at(panel, 0.36, 0.64), _at(panel, 0.64, 0.43), panel[3] * 0.06)


def _dolly_zoom(picture: Array, panel: Panel) -> None:
    _frames(inward=False, dashed=True)(picture, panel)
    _block(picture, _at(panel, 0.5, 0.99), _at(panel, 0.5, 0.80), panel[3] * 0.10)


def _forward(dx: float) -> Callable[[Array, Panel], None]:
    def sign(picture: Array, panel: Panel) -> None:
        points = [_at(panel, 0.5 + dx * 0.30 * k * k, 0.95 - 0.42 * k) for k in np.linspace(0, 1, 20)]
        _line(picture, points[:-1], 1.4)
        _head(picture, points[-1], math.atan2(points[-1][1] - points[-4][1], points[-1][0] - points[-4][0]), panel[3] * 0.08)

    return sign


_SIGNS: dict[str, Callable[[Array, Panel], None]] = {
    "pan_left": _turn(-1, 0), "pan_right": _turn(1, 0), "tilt_up": _turn(0, -1), "tilt_down": _turn(0, 1),
    "truck_left": _travel(-1, 0), "truck_right": _travel(1, 0), "pedestal_up": _travel(0, -1), "pedestal_down": _travel(0, 1),
    "frame_in": _frames(True), "frame_out": _frames(False), "zoom_in": _frames(True, True), "zoom_out": _frames(False, True),
    "dolly_zoom": _dolly_zoom, "orbit_right": _arc(150, 20), "orbit_left": _arc(30, 160),
    "roll_right": _arc(215, 325, (0.5, 0.5), (0.36, 0.46)), "roll_left": _arc(325, 215, (0.5, 0.5), (0.36, 0.46)),
    "handheld": _shaken, "focus": _focus, "turn_left": _forward(-1), "turn_right": _forward(1),
}  # fmt: skip
