"""The camera's motion, from points that are followed for a quarter of a second.

The camera moves what lies behind: the motion that holds over the widest part of the picture and at its borders. A subject may
have more points, but they lie together; a swarm (snow, leaves, a crowd) has them everywhere, but each goes its own way.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

BLOCKS = 32
"""One point is followed in each of so many columns of square blocks, if there is one to follow."""
LEAST_BLOCK = 8
STRUCTURE = 0.5
"""Least structure of a point, in its weaker direction: squared levels a pixel. Encoded flat areas stay well below."""
_follow: Any = cv2.calcOpticalFlowPyrLK
OPTIONS: dict[str, Any] = {"winSize": (11, 11), "maxLevel": 3, "criteria": (3, 12, 0.02)}
BACK_OPTIONS: dict[str, Any] = {**OPTIONS, "maxLevel": 1}
UNLIKE = 30.0
"""Mean difference, in levels, between the surroundings of a point and where it went: more, and it is lost."""
BACK = 0.5
"""A point that is followed forth and back comes back so near, in pixels, or is lost."""
LEAST = 12
"""Fewer points tell nothing."""
TIGHT = (0.4, 0.02)
"""How far a point may be from where its group should have brought it: pixels, and a share of its way. A swarm has no group."""
LOOSE = (0.6, 0.25)
"""... and where the group's motion still explains it: what lies nearer or farther goes the same way, quicker or slower."""
GUESSES = 200
STIR = 0.008
"""Less motion than this (share of the size, logarithm, radians) has no direction."""
SIDE = 0.75
"""What lies so far from the centre is at a side."""

Points = npt.NDArray[np.float32]
Places = npt.NDArray[np.complexfloating[Any, Any]]
Move = tuple[float, float, float, float]
"""x, y (shares of width and height), zoom (natural logarithm) and roll (radians, clockwise) of the picture as a whole."""
STILL: Move = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Course:
    """How the picture moved as a whole from one picture to another, some frames on.

    ``moves``: of each frame, and ``move`` of all. ``lead``: 0 to 1, how much of the picture moves so, against the largest part
    that moves together in another way; half is a tie. ``cover``: share of the picture that moves exactly so. ``side``: along
    what share of the sides it shows, see ``_cover``. ``layers``: how far the far, the middle and the near part of the
    picture (its upper and lower third, and the centre) went sideways, less roll and zoom: shares of the width; None: not known.
    ``near``: how the lower third moved, as ``move``: a camera that travels leaves what is far where it was.
    """

    move: Move
    moves: tuple[Move, ...]
    lead: float
    cover: float
    side: float
    layers: tuple[float | None, float | None, float | None]
    near: Move | None


class Tracker:
    """Follows points from one picture on, through all that come, to the last. Deterministic."""

    def __init__(self, gray: npt.NDArray[np.uint8]) -> None:
        self._size = (gray.shape[1], gray.shape[0])
        self._gray = self._first = gray
        self._way = [_points(gray)]
        self._found = np.ones(len(self._way[0]), bool)

    @property
    def frames(self) -> int:
        """How many pictures have come."""
        return len(self._way) - 1

    @property
    def kept(self) -> float:
        """Share of the points that are still followed."""
        return float(self._found.mean()) if len(self._found) else 0.0

    def follow(self, gray: npt.NDArray[np.uint8]) -> None:
        """Go on to the next picture."""
        before = self._way[-1]
        if not len(before):
            self._way.append(before)
            return
        now, found, error = _follow(self._gray, gray, before, None, **OPTIONS)
        width, height = self._size
        inside = (now >= 0).all(axis=1) & (now[:, 0] < width) & (now[:, 1] < height)
        self._found &= (found[:, 0] == 1) & (error[:, 0] < UNLIKE) & inside
        self._way.append(np.where(self._found[:, None], now, before).astype(np.float32))
        self._gray = gray

    def _come_back(self) -> None:
        """Lose what is not found again in the first picture where it was."""
        first, last = self._way[0], self._way[-1]
        if len(first):
            flags = cv2.OPTFLOW_USE_INITIAL_FLOW
            again, found, _ = _follow(self._gray, self._first, last, first.copy(), flags=flags, **BACK_OPTIONS)
            self._found &= (found[:, 0] == 1) & (np.hypot(*(again - first).T) < BACK)

    def course(self) -> Course:
        """What has happened since the first picture."""
        self._come_back()
        width, height = self._size
        middle = complex(width / 2, height / 2)
        way = np.array([points[self._found] @ np.array([1, 1j]) - middle for points in self._way], np.complex128)
        if way.shape[1] < LEAST:
            return Course(STILL, (STILL,) * self.frames, 0.0, 0.0, 0.0, (None, None, None), None)
        weight = _weights(way[0], width, height)
        group = _group(way, weight, np.ones(way.shape[1], bool), self._size)
        steps = [_fitted(before[group], after[group], weight[group]) for before, after in zip(way, way[1:], strict=False)]
        turn, shift = _fitted(way[0, group], way[-1, group], weight[group])
        explained = group | (np.abs(turn * way[0] + shift - way[-1]) < _limit(way, LOOSE))
        sideways = (way[-1] - turn * way[0]).real / width
        return Course(
            _move(turn, shift, self._size),
            tuple(_move(*step, self._size) for step in steps),
            _lead(way, weight, group, explained, self._size),
            *_cover(way[0, group], way[0, explained], self._size),
            _layers(way[0], sideways, self._size),
            self._near(way, weight),
        )

    def _near(self, way: Places, weight: npt.NDArray[np.float64]) -> Move | None:
        low = way[0].imag > self._size[1] / 6
        if low.sum() < LEAST:
            return None
        group = _group(way, weight, low, self._size)
        return _move(*_fitted(way[0, group], way[-1, group], weight[group]), self._size)


def _points(gray: npt.NDArray[np.uint8]) -> Points:
    """[n, 2] x and y: the firmest point of each block."""
    height, width = gray.shape
    size = _block(width)
    rows, columns = height // size, width // size
    top, left = (height - rows * size) // 2, (width - columns * size) // 2
    firm = cv2.cornerMinEigenVal(gray, 7)[top : top + rows * size, left : left + columns * size] * (255.0**2 / 4)
    blocks = firm.reshape(rows, size, columns, size).transpose(0, 2, 1, 3).reshape(rows * columns, size * size)
    best = blocks.argmax(axis=1)
    row, column = np.divmod(np.arange(rows * columns), columns)
    places = np.column_stack([left + column * size + best % size, top + row * size + best // size])
    return np.asarray(places[blocks.max(axis=1) > STRUCTURE], np.float32)


def _block(width: int) -> int:
    return max(LEAST_BLOCK, round(width / BLOCKS))


def _weights(places: Places, width: int, height: int) -> npt.NDArray[np.float64]:
    """Points near the border count up to three times: what lies there is seldom the subject."""
    edge = np.maximum(np.abs(places.real) * 2 / width, np.abs(places.imag) * 2 / height)
    return np.asarray(1 + 2 * np.minimum(edge, 1.0) ** 4)


@cache
def _pairs(count: int) -> npt.NDArray[np.int64]:
    """[2, GUESSES] pairs of points to guess a motion from: always the same ones."""
    return np.random.default_rng(7).integers(0, count, (2, GUESSES))


def _group(
    way: Places, weight: npt.NDArray[np.float64], among: npt.NDArray[np.bool_], size: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """Which points follow the one shift, zoom and roll that holds for the widest part of the picture."""
    index = np.flatnonzero(among)
    some = way[:, index].astype(np.complex64)
    one, two = _pairs(len(index))
    far = np.abs(some[0, one] - some[0, two]) > 0.12 * size[0]
    one, two = one[far], two[far]
    if not len(one):
        return among
    limit = _limit(some)
    left = np.zeros((len(one), len(index)), np.float32)
    for step in {len(way) - 1, len(way) // 2}:
        turn = (some[step, one] - some[step, two]) / (some[0, one] - some[0, two])
        shift = some[step, one] - turn * some[0, one]
        gap = np.abs(turn[:, None] * some[0] + shift[:, None] - some[step])
        left = np.maximum(left, gap / limit)
    fits = np.maximum(0.0, 1 - left**2) * weight[index]
    best = left[int(np.argmax(_value(fits, some[0], size)))]
    mine = best < 1
    for _ in range(4):
        turn, shift = _fitted(some[0, mine], some[-1, mine], weight[index][mine])
        again = np.abs(turn * some[0] + shift - some[-1]) < limit
        if again.sum() < 3 or (again == mine).all():
            break
        mine = again
    result = np.zeros(way.shape[1], bool)
    result[index[mine]] = True
    return result


def _limit(way: Places, limit: tuple[float, float] = TIGHT) -> npt.NDArray[np.float64]:
    return np.asarray(limit[0] + limit[1] * np.abs(way[-1] - way[0]))


def _value(fits: npt.NDArray[np.float64], places: Places, size: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Of each row: its weight, times its spread against an even spread over the picture."""
    total = fits.sum(axis=-1) + 1e-9
    spread = []
    for part, length in ((places.real, size[0]), (places.imag, size[1])):
        middle = fits @ part / total
        spread.append(np.sqrt(np.maximum(0.0, fits @ part**2 / total - middle**2)) * np.sqrt(12) / length)
    return np.asarray(total * (spread[0] * spread[1]) ** 0.75)


def _lead(
    way: Places,
    weight: npt.NDArray[np.float64],
    group: npt.NDArray[np.bool_],
    explained: npt.NDArray[np.bool_],
    size: tuple[int, int],
) -> float:
    own = float(_value(weight * explained, way[0], size))
    move, against, rest = _heading(way, group, weight, size), 0.0, ~explained
    for _ in range(2):
        if rest.sum() < LEAST:
            break
        other = _group(way, weight, rest, size)
        value = float(_value(weight * other, way[0], size))
        if _alike(move, _heading(way, other, weight, size)):
            own += value
        else:
            against = max(against, value)
        rest &= ~other
    return own / max(own + against, 1e-9)


def _cover(group: Places, explained: Places, size: tuple[int, int]) -> tuple[float, float]:
    """What share of the picture a group fills, and along what share of its sides what it explains lies: of left and right
    the lesser, or of all four the third. A subject before something flat reaches fewer sides."""
    columns, rows = size[0] / _block(size[0]), size[1] / _block(size[0])
    x, y = explained.real * 2 / size[0], explained.imag * 2 / size[1]
    left, right = (x < -SIDE).sum() / rows, (x > SIDE).sum() / rows
    above, below = (y < -SIDE).sum() / columns, (y > SIDE).sum() / columns
    return len(group) / (columns * rows), float(max(min(left, right), sorted((left, right, above, below))[1]))


def _heading(
    way: Places, group: npt.NDArray[np.bool_], weight: npt.NDArray[np.float64], size: tuple[int, int]
) -> npt.NDArray[np.float64]:
    return np.array(_move(*_fitted(way[0, group], way[-1, group], weight[group]), size)) / STIR


def _alike(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> bool:
    """Whether two motions go the same way, or hardly at all."""
    lengths = float(np.linalg.norm(one)), float(np.linalg.norm(other))
    if max(lengths) < 1:
        return True
    return float(one @ other) > 0.7 * lengths[0] * lengths[1]


def _fitted(before: Places, after: Places, weight: npt.NDArray[np.float64]) -> tuple[complex, complex]:
    """The turn (with zoom) and shift about the centre that bring points ``before`` to ``after``, by weighted least squares."""
    total = weight.sum()
    was, now = (weight @ before) / total, (weight @ after) / total
    from_was, from_now = before - was, after - now
    spread = float(weight @ np.abs(from_was) ** 2)
    turn = complex(weight @ (from_was.conj() * from_now)) / spread if spread > 1e-6 else 1 + 0j
    return turn, complex(now - turn * was)


def _move(turn: complex, shift: complex, size: tuple[int, int]) -> Move:
    scale = abs(turn)
    zoom = float(np.log(scale)) if scale > 0 else 0.0
    return shift.real / size[0], shift.imag / size[1], zoom, float(np.angle(turn))


def _layers(
    places: Places, sideways: npt.NDArray[np.float64], size: tuple[int, int]
) -> tuple[float | None, float | None, float | None]:
    x, y = np.abs(places.real) / size[0], places.imag / size[1]
    parts = (y < -1 / 6, (np.abs(y) < 1 / 6) & (x < 1 / 4), y > 1 / 6)
    far, middle, near = (float(np.median(sideways[part])) if part.sum() >= LEAST else None for part in parts)
    return far, middle, near
