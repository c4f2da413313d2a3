"""Live content for camera moves: subjects of several sizes, crowds, snow and waves, before a still ground."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.bench_scores.scenes import FRAMES, HEIGHT, WIDTH, Pictures, texture

Picture = npt.NDArray[np.float32]


@cache
def _ground(seed: int) -> Picture:
    return texture(seed, WIDTH * 2, HEIGHT * 2)


def _still(seed: int) -> Picture:
    return _ground(seed)[HEIGHT // 2 : HEIGHT * 3 // 2, WIDTH // 2 : WIDTH * 3 // 2].copy()


def _oval(picture: Picture, seed: int, place: tuple[float, float], radii: tuple[float, float]) -> None:
    """Lays an oval of another texture over the picture; place and radii in pixels."""
    down, across = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    far = np.hypot((across - place[0]) / radii[0], (down - place[1]) / radii[1])
    alpha = np.clip((1 - far) * min(radii), 0, 1)[..., None]
    matrix = np.array([[1, 0, place[0] - WIDTH], [0, 1, place[1] - HEIGHT]], np.float64)
    other = cv2.warpAffine(_ground(seed), matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
    picture[:] = picture * (1 - alpha) + other * alpha


def walker(index: int) -> Picture:
    """One who fills an eighth of the picture, and walks."""
    picture = _still(40)
    _oval(picture, 41, (160 + 2.5 * (index - 12), 90), (40, 40))
    return picture


def close_up(index: int) -> Picture:
    """One who fills more than half of what the camera sees, and moves."""
    picture = _still(42)
    _oval(picture, 43, (160 - 2.0 * (index - 12), 90), (85, 52))
    return picture


def crowd(index: int) -> Picture:
    """Thirty who go their ways."""
    picture = _still(42)
    for x, y, across, down in np.random.default_rng(2).uniform([0, 0, -3, -1.5], [WIDTH, HEIGHT, 3, 1.5], (30, 4)):
        _oval(picture, 43, ((x + across * index) % WIDTH, (y + down * index) % HEIGHT), (20, 28))
    return picture


def snow(index: int) -> Picture:
    """A hundred and twenty flakes before a dim ground."""
    picture = np.asarray(_still(44) * 0.8, np.float32)
    for x, y, speed, drift, size in np.random.default_rng(3).uniform(
        [0, 0, 1.2, -0.6, 1.1], [WIDTH, HEIGHT, 3.8, 0.6, 3.3], (120, 5)
    ):
        spot = (round((x + drift * index) % WIDTH * 16), round((y + speed * index) % HEIGHT * 16))
        cv2.circle(picture, spot, round(size * 16), (240, 240, 245), -1, cv2.LINE_AA, 4)
    return picture


def sea(index: int) -> Picture:
    """Waves over seven tenths of the picture."""
    picture, top, phase = _still(41), HEIGHT * 3 // 10, 0.3 * index
    down, across = np.mgrid[top:HEIGHT, :WIDTH].astype(np.float32)
    x = across + 3 * np.sin(across / 13 - phase) + 1.5 * np.sin(down / 7 + 0.6 * phase)
    y = down - 1.5 * np.sin(across / 17 - phase)
    picture[top:] = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return picture


SUBJECTS: dict[str, Callable[[int], Picture]] = {
    "walker": walker,
    "close-up": close_up,
    "crowd": crowd,
    "snow": snow,
    "sea": sea,
}


def pictures(name: str) -> Pictures:
    """The pictures of one of ``SUBJECTS``."""
    return [np.clip(SUBJECTS[name](index), 0, 255).round().astype(np.uint8) for index in range(FRAMES)]
