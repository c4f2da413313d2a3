"""Synthetic clips with known faults: a textured picture under a moving window, with a square that moves by itself."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import cv2
import numpy as np
import numpy.typing as npt

Pictures = list[npt.NDArray[np.uint8]]
WIDTH, HEIGHT, FRAMES, RATE = 160, 96, 24, Fraction(24)


def texture(seed: int, width: int, height: int) -> npt.NDArray[np.uint8]:
    """Smooth random detail at many scales, RGB."""
    rng, total = np.random.default_rng(seed), np.zeros((height, width, 3), np.float32)
    for size in (4, 8, 16, 32, 64):
        coarse = rng.normal(size=(height // size + 2, width // size + 2, 3)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) * size**0.5
    total = (total - total.min()) / (total.max() - total.min()) * 225 + 15
    return total.astype(np.uint8)


def scene(x: float = 1.0, y: float = 0.0, zoom: float = 0.0, roll: float = 0.0, frames: int = FRAMES) -> Pictures:
    """A clip whose content moves by so many pixels, logarithms of size and radians (clockwise) a frame."""
    ground, square = texture(1, WIDTH * 3, HEIGHT * 3), texture(2, 24, 24)
    pictures = []
    for index in range(frames):
        scale, angle = np.exp(zoom * index), roll * index
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        middle = np.array([WIDTH / 2 + x * index, HEIGHT / 2 + y * index])
        shift = middle - turn @ np.array([WIDTH * 1.5, HEIGHT * 1.5])
        matrix = np.column_stack([turn, shift]).astype(np.float32)
        picture = cv2.warpAffine(ground, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        left, top = int(60 + 20 * np.sin(index / 6)), int(36 + 12 * np.cos(index / 5))
        picture[top : top + 24, left : left + 24] = square
        pictures.append(picture)
    return pictures


def shaken(pictures: Sequence[npt.NDArray[np.uint8]], strength: float) -> Pictures:
    rng = np.random.default_rng(3)
    moves = [np.float32([[1, 0, dx], [0, 1, dy]]) for dx, dy in rng.normal(size=(len(pictures), 2)) * strength]
    return [
        cv2.warpAffine(picture, move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
        for picture, move in zip(pictures, moves, strict=True)
    ]


def flickering(pictures: Sequence[npt.NDArray[np.uint8]], strength: float) -> Pictures:
    gains = 1 + np.random.default_rng(4).normal(size=len(pictures)) * strength
    return [np.clip(picture * gain, 0, 255).astype(np.uint8) for picture, gain in zip(pictures, gains, strict=True)]


def frozen(pictures: Pictures, still: int) -> Pictures:
    """The last ``still`` pictures repeat the one before them."""
    return pictures[:-still] + [pictures[-still - 1]] * still


def stuttering(pictures: Pictures) -> Pictures:
    """Every second picture repeats the one before."""
    return [pictures[index - index % 2] for index in range(len(pictures))]


def blurred(pictures: Sequence[npt.NDArray[np.uint8]], radius: float) -> Pictures:
    return [cv2.GaussianBlur(picture, (0, 0), radius) for picture in pictures]


def trailing(pictures: Sequence[npt.NDArray[np.uint8]], share: float) -> Pictures:
    """Every picture keeps a share of the ones before it."""
    mixed, result = pictures[0].astype(np.float32), []
    for picture in pictures:
        mixed = mixed * share + picture * (1 - share)
        result.append(mixed.astype(np.uint8))
    return result


def noisy(pictures: Sequence[npt.NDArray[np.uint8]], strength: float) -> Pictures:
    rng = np.random.default_rng(5)
    return [np.clip(picture + rng.normal(size=picture.shape) * strength, 0, 255).astype(np.uint8) for picture in pictures]
