"""A drawn film: people and places with names, seen from different sides, in different light, and swapped on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
WIDTH, HEIGHT, FRAMES, RATE = 320, 180, 18, 24


@dataclass(frozen=True)
class View:
    """How a shot is seen.

    Args:
        person, place: seeds of who and where. zoom: 1 is the whole height of the place. left: where the view begins, 0 to 1.
        size: height of the person as a share of the picture. start, speed: of the person, in picture widths (a second).
        pan: of the camera, in picture widths a second. stops: exposure. warm: red over blue, in stops.
        slope: light from left to right in stops. noise: in levels. seed: of the noise and the gait.
    """

    person: int
    place: int
    zoom: float = 1.2
    left: float = 0.3
    size: float = 0.6
    start: float = 0.3
    speed: float = 0.15
    pan: float = 0.0
    stops: float = 0.0
    warm: float = 0.0
    slope: float = 0.0
    noise: float = 1.5
    seed: int = 0

    def night(self) -> View:
        """The same by night: two and a half stops less, and bluer."""
        return replace(self, stops=self.stops - 2.5, warm=self.warm - 0.8)


def some_view(person: int, place: int, seed: int) -> View:
    """A view as one shot of a film may have it."""
    rng = np.random.default_rng(7000 + seed)
    way = 1.0 if rng.random() < 0.5 else -1.0
    return View(
        person=person,
        place=place,
        zoom=rng.uniform(1.0, 2.0),
        left=rng.uniform(0, 1),
        size=rng.uniform(0.35, 0.85),
        start=rng.uniform(0.15, 0.35) if way > 0 else rng.uniform(0.65, 0.85),
        speed=way * rng.uniform(0.08, 0.3),
        pan=float(rng.choice([0.0, 0.0, 0.05, -0.05])),
        stops=rng.normal() * 0.12,
        warm=rng.normal() * 0.06,
        noise=rng.uniform(0.5, 4.0),
        seed=seed,
    )


def shot(view: View, frames: int = FRAMES) -> list[Picture]:
    """The pictures of a shot, [180, 320, 3] uint8 RGB each."""
    return list(_pictures(view, frames))


def portrait(person: int) -> Picture:
    """A reference picture of a person before a grey wall, [256, 256, 3] uint8 RGB."""
    picture = np.full((256, 256, 3), 150, np.float32)
    _draw_person(picture, person, x=128.0, foot=240.0, height=200.0, phase=0.0)
    return picture.astype(np.uint8)


def _pictures(view: View, frames: int) -> Iterator[Picture]:
    ground = _place(view.place)
    rng = np.random.default_rng(view.seed)
    high = ground.shape[0] / view.zoom
    wide = high * WIDTH / HEIGHT
    for index in range(frames):
        at = index / RATE
        x = view.left * (ground.shape[1] - wide) + view.pan * at * wide
        x = float(np.clip(x, 0, ground.shape[1] - wide - 1))
        y = (ground.shape[0] - high) * 0.7
        scale = WIDTH / wide
        move = np.array([[scale, 0, -x * scale], [0, scale, -y * scale]], np.float32)
        picture = cv2.warpAffine(ground, move, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR).astype(np.float32)
        across = (view.start + view.speed * at) * WIDTH
        _draw_person(picture, view.person, across, HEIGHT * 0.95, view.size * HEIGHT, at * 9.0 + view.seed)
        gain = 2.0 ** ((view.stops + view.slope * np.linspace(-0.5, 0.5, WIDTH)) / 2.2)[None, :, None]
        tint = 2.0 ** (np.array([view.warm, 0.0, -view.warm]) / 2 / 2.2)
        grain = rng.normal(size=picture.shape).astype(np.float32) * view.noise
        yield np.clip(picture * gain * tint + grain, 0, 255).astype(np.uint8)


def _colour(rng: np.random.Generator, low: int = 25, high: int = 230) -> tuple[int, ...]:
    return tuple(int(value) for value in rng.integers(low, high, 3))


def _draw_person(picture: npt.NDArray[Any], person: int, x: float, foot: float, height: float, phase: float) -> None:
    """Draw somebody in place: head, hair, a shirt with a pattern, trousers; arms and legs swing."""
    rng = np.random.default_rng(1000 + person)
    skin, hair = _colour(rng, 90, 230), _colour(rng, 10, 150)
    shirt, second, trousers = _colour(rng), _colour(rng), _colour(rng)
    pattern, broad = int(rng.integers(0, 3)), rng.uniform(0.24, 0.34)

    def point(right: float, up: float) -> tuple[int, int]:
        return round(x + right * height), round(foot - up * height)

    thick = max(2, round(height * 0.09))
    for side in (-1, 1):
        swing = 0.1 * float(np.sin(phase)) * side
        cv2.line(picture, point(side * 0.05, 0.45), point(side * 0.05 + swing, 0.0), trousers, thick)
        cv2.line(picture, point(side * broad / 2, 0.78), point(side * broad / 2 - swing, 0.45), shirt, max(2, thick * 3 // 4))
    cv2.rectangle(picture, point(-broad / 2, 0.82), point(broad / 2, 0.43), shirt, -1)
    for step in np.arange(0.46, 0.80, 0.085):
        if pattern == 1:
            cv2.line(picture, point(-broad / 2, step), point(broad / 2, step), second, max(1, round(height * 0.03)))
        elif pattern == 2:
            for across in (-0.08, 0.0, 0.08):
                cv2.circle(picture, point(across, step), max(1, round(height * 0.018)), second, -1)
    cv2.circle(picture, point(0, 0.91), max(2, round(height * 0.085)), skin, -1)
    cv2.ellipse(picture, point(0, 0.94), (max(2, round(height * 0.09)), max(1, round(height * 0.06))), 0, 180, 360, hair, -1)


@lru_cache(64)
def _place(place: int) -> Picture:
    """A wide place of 360 by 1280 pixels: sky, things that stand in it, ground; each with a texture."""
    rng = np.random.default_rng(3000 + place)
    picture = np.zeros((360, 1280, 3), np.float32)
    horizon = int(rng.integers(170, 250))
    picture[:horizon], picture[horizon:] = _colour(rng), _colour(rng)
    things, other = _colour(rng), _colour(rng)
    kind = int(rng.integers(0, 3))
    for x in np.arange(0, 1280, int(rng.integers(45, 110))):
        tall, wide = int(rng.integers(40, 170)), int(rng.integers(25, 90))
        colour = things if rng.random() < 0.7 else other
        top = horizon - tall
        if kind == 0:
            cv2.rectangle(picture, (int(x), top), (int(x) + wide, horizon), colour, -1)
            for row in range(top + 8, horizon - 8, 16):
                for column in range(int(x) + 6, int(x) + wide - 6, 14):
                    cv2.rectangle(picture, (column, row), (column + 6, row + 8), other, -1)
        elif kind == 1:
            cv2.ellipse(picture, (int(x), top + tall // 3), (wide // 2, tall // 2), 0, 0, 360, colour, -1)
            cv2.line(picture, (int(x), horizon), (int(x), top + tall // 3), other, 7)
        else:
            cv2.fillPoly(picture, [np.array([(x - wide, horizon), (x + wide, horizon), (x, top)], np.int32)], colour)
    for size in (4, 12, 40):
        coarse = rng.normal(size=(360 // size + 2, 1280 // size + 2, 1)).astype(np.float32)
        picture += cv2.resize(coarse, (1280, 360), interpolation=cv2.INTER_CUBIC)[..., None] * rng.uniform(2, 11)
    return np.clip(picture, 0, 255).astype(np.uint8)
