"""The clips to damage: excerpts of real ones, and drawn scenes whose motion is known. [height, width, 3] uint8 RGB each."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import islice

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.real_clips import real_clip
from vidgen.media.frames import read_frames

Pictures = list[npt.NDArray[np.uint8]]
WIDTH, HEIGHT, FRAMES = 320, 180, 36

REAL = {"bikes-a": ("bikes", 34), "bikes-b": ("bikes", 95), "bunny-a": ("bigbuckbunny", 10), "carphone": ("carphone", 30)}
REAL_HELD_OUT = {"bikes-c": ("bikes", 195), "bunny-b": ("bigbuckbunny", 90)}


def texture(seed: int, width: int, height: int, finest: int = 4) -> npt.NDArray[np.float32]:
    """Smooth random detail at many scales, 15 to 240."""
    rng, total = np.random.default_rng(seed), np.zeros((height, width, 3), np.float32)
    for size in (finest, finest * 2, finest * 4, finest * 8, finest * 16):
        coarse = rng.normal(size=(height // size + 2, width // size + 2, 3)).astype(np.float32)
        grey = coarse.mean(axis=2, keepdims=True)
        total += cv2.resize(grey + 0.5 * (coarse - grey), (width, height), interpolation=cv2.INTER_CUBIC) * size**0.6
    return np.asarray((total - total.min()) / (total.max() - total.min()) * 225 + 15, np.float32)


def _placed(
    ground: npt.NDArray[np.float32], x: float, y: float, zoom: float = 0.0, roll: float = 0.0
) -> npt.NDArray[np.float32]:
    """A window of the ground, its content moved by pixels, logarithm of the size and radians."""
    scale = np.exp(zoom)
    turn = scale * np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    middle = np.array([ground.shape[1] / 2, ground.shape[0] / 2])
    matrix = np.column_stack([turn, np.array([WIDTH / 2 + x, HEIGHT / 2 + y]) - turn @ middle])
    return np.asarray(
        cv2.warpAffine(ground, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.float32
    )


def _stuck(picture: npt.NDArray[np.float32], sprite: npt.NDArray[np.float32], x: float, y: float) -> None:
    """Lays a round sprite over the picture, at fractions of a pixel."""
    size = sprite.shape[0]
    matrix = np.array([[1, 0, x], [0, 1, y]], np.float64)
    down, across = np.mgrid[:size, :size] - (size - 1) / 2
    alpha = np.clip(size / 2 - 1 - np.hypot(down, across), 0, 1).astype(np.float32)
    moved = cv2.warpAffine(sprite, matrix, (WIDTH, HEIGHT))
    mask = cv2.warpAffine(alpha, matrix, (WIDTH, HEIGHT))[..., None]
    picture[:] = picture * (1 - mask) + moved * mask


def harbour(seed: int, index: int) -> npt.NDArray[np.float32]:
    """A pan over a textured ground, before which three textured boats sail."""
    picture = _placed(_ground(seed), -1.3 * index, 0.15 * index)
    for boat in range(3):
        _stuck(picture, _ground(seed + 10 + boat)[:44, :44], 40 + 80 * boat + (1.1 - boat) * index, 60 + 30 * boat)
    return picture


def water(seed: int, index: int) -> npt.NDArray[np.float32]:
    """A still bank, below it running waves that bend what lies under them."""
    picture, half = _placed(_ground(seed), 0, 0), HEIGHT * 2 // 5
    down, across = np.mgrid[half:HEIGHT, :WIDTH].astype(np.float32)
    phase = 0.35 * index
    shift = 2.5 * np.sin(across / 11 - phase) + 1.5 * np.sin(down / 6 + across / 23 + 0.7 * phase)
    bent = cv2.remap(picture, across + shift, down - shift / 2, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    picture[half:] = bent * 0.8 + 12 * np.sin(across / 9 + down / 5 - phase)[..., None] + 20
    return picture


def foliage(seed: int, index: int) -> npt.NDArray[np.float32]:
    """Leaves that sway, each at its own pace, before a slowly drifting background."""
    rng, picture = np.random.default_rng(seed), _placed(_ground(seed), 0.3 * index, 0)
    leaves = _ground(seed + 5)
    for _ in range(45):
        x, y, size, pace, sway = rng.uniform(0, [WIDTH - 30, HEIGHT - 30, 14, 0.3, 5], 5)
        cut, size = int(rng.integers(0, 300)), 12 + int(size)
        sprite = leaves[cut : cut + size, cut : cut + size] * np.array([0.6, 1.0, 0.5], np.float32)
        _stuck(picture, sprite, x + sway * np.sin((pace + 0.1) * index), y + sway / 2 * np.cos((pace + 0.1) * index))
    return picture


def street(seed: int, index: int) -> npt.NDArray[np.float32]:
    """A truck along three layers that pass at different speeds, and walkers."""
    picture = _placed(_ground(seed), -0.5 * index, 0)
    for layer, (top, speed) in enumerate(((70, 1.2), (125, 2.4))):
        near = _placed(_ground(seed + 3 + layer), -speed * index, 0)
        picture[top:] = near[top:] * (0.9 - 0.2 * layer)
    for walker in range(4):
        bob = 1.5 * abs(np.sin(0.4 * index + walker))
        _stuck(picture, _ground(seed + 20 + walker)[:30, :30], 20 + 75 * walker + (1.5 - walker) * index, 95 + bob)
    return picture


def still_life(seed: int, index: int) -> npt.NDArray[np.float32]:
    """Shaded balls on a smooth table, while the camera slowly moves in."""
    return _placed(_table(seed), 0, 0, zoom=0.0035 * index)


def shower(seed: int, index: int) -> npt.NDArray[np.float32]:
    """Many small bright flakes that fall at different speeds before a soft gradient and some houses."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    picture = np.dstack([60 + down / 3, 80 + across / 8, 130 - down / 4]).astype(np.float32)
    for house in range(5):
        picture[90 + 12 * house % 40 :, house * 62 : house * 62 + 45] = (
            _ground(seed)[: HEIGHT - (90 + 12 * house % 40), :45] * 0.7
        )
    for _ in range(90):
        x, y, speed, drift, size = rng.uniform([0, 0, 1, -0.5, 1.2], [WIDTH, HEIGHT, 3.5, 0.5, 3])
        place = ((x + drift * index) % WIDTH, (y + speed * index) % HEIGHT)
        spot = tuple(round(value * 16) for value in place)
        cv2.circle(picture, spot, round(size * 16), (235, 238, 245), -1, cv2.LINE_AA, 4)
    return picture


@cache
def _ground(seed: int) -> npt.NDArray[np.float32]:
    return texture(seed, WIDTH * 2, HEIGHT * 2)


@cache
def _table(seed: int) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[: HEIGHT * 2, : WIDTH * 2].astype(np.float32)
    picture = np.dstack([150 - down / 6, 120 - down / 7, 95 - across / 30]).astype(np.float32)
    for _ in range(7):
        x, y, radius = rng.uniform([200, 130, 16], [440, 250, 42])
        colour = rng.uniform(50, 230, 3)
        far = np.hypot(across - x, down - y) / radius
        shade = 1.15 - np.hypot(across - x + radius / 3, down - y + radius / 3) / (2 * radius)
        alpha = np.clip((1 - far) * radius, 0, 1)[..., None]
        picture = picture * (1 - alpha) + alpha * np.clip(shade, 0.1, 1.1)[..., None] * colour
    return picture.astype(np.float32)


DRAWN: dict[str, tuple[Callable[[int, int], npt.NDArray[np.float32]], int]] = {
    "harbour": (harbour, 1),
    "water": (water, 2),
    "foliage": (foliage, 3),
}
DRAWN_HELD_OUT: dict[str, tuple[Callable[[int, int], npt.NDArray[np.float32]], int]] = {
    "street": (street, 104),
    "still life": (still_life, 105),
    "shower": (shower, 106),
}
TUNING = (*REAL, "harbour", "water")
HELD_OUT = (*REAL_HELD_OUT, "street", "shower")
ALL = (*TUNING, *HELD_OUT)
"""Not looked at while anything was tuned."""


@cache
def pictures(name: str) -> Pictures:
    """The clean pictures of a clip of ``TUNING`` or ``HELD_OUT``, to be read only; a real one is at most ``WIDTH`` wide."""
    drawn = {**DRAWN, **DRAWN_HELD_OUT}
    if name in drawn:
        draw, seed = drawn[name]
        return [np.clip(draw(seed, index), 0, 255).round().astype(np.uint8) for index in range(FRAMES)]
    clip, first = {**REAL, **REAL_HELD_OUT}[name]
    return [_fitted(picture) for picture in islice(read_frames(real_clip(clip)), first, first + FRAMES)]


def _fitted(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = picture.shape[:2]
    if width <= WIDTH:
        return picture
    size = (WIDTH, round(height * WIDTH / width / 2) * 2)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
