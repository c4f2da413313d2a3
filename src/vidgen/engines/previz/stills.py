"""The user's own pictures and videos: a still moved with parallax, two stills as the ends of a move, footage conformed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path

import cv2
import numpy as np

from vidgen.engines.previz import camera as cameras
from vidgen.engines.previz.camera import Stage, State
from vidgen.engines.previz.grade import Grade
from vidgen.engines.previz.noise import Array
from vidgen.engines.previz.scene import blurred
from vidgen.engines.previz.spec import read_request
from vidgen.errors import InputError
from vidgen.media.frames import read_frames
from vidgen.media.stills import read_image
from vidgen.takes.request import ShotRequest

_RELIEF = 0.45
"""How deep a still is taken to be: 0 flat, 1 from the lens to the horizon."""


def load(file: Path) -> Array:
    """A picture file as [H, W, 3] uint8 RGB, turned as its camera was held. A video gives its first frame.

    Raises InputError where it is neither.
    """
    try:
        return read_image(file)
    except InputError as error:
        if error.code != "media.unreadable":
            raise
        try:
            return next(read_frames(file))
        except (InputError, StopIteration):
            raise error from None


def without_slate(frame: Array, slate: Sequence[int]) -> Array:
    """A frame whose ``slate`` (left, top, right, bottom) is filled in from around."""
    left, top, right, bottom = slate
    reach = min(frame.shape[0], bottom + 24)
    cover = np.zeros(frame.shape[:2], np.uint8)
    cover[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1] = 255
    band = cv2.cvtColor(np.ascontiguousarray(frame[:reach]), cv2.COLOR_RGB2BGR)
    out = frame.copy()
    out[:reach] = cv2.cvtColor(cv2.inpaint(band, cover[:reach], 3, cv2.INPAINT_TELEA), cv2.COLOR_BGR2RGB)
    return out


def relief(picture: Array) -> Array:
    """A guess at nearness, 0 far to 1 near, [h, w] float32 at a quarter of the size: low in the frame is near, and so is
    what stands out from its surroundings; smooth, so that nothing tears."""
    h, w = max(8, picture.shape[0] // 4), max(8, picture.shape[1] // 4)
    small = cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    around = cv2.GaussianBlur(grey, (0, 0), h / 5)
    apart = np.sqrt(((cv2.GaussianBlur(grey, (0, 0), h / 60) - around) ** 2).sum(axis=2))
    detail = cv2.GaussianBlur(np.abs(cv2.Laplacian(grey[..., 0], cv2.CV_32F)), (0, 0), h / 22)
    stands_out = apart / (float(np.percentile(apart, 96)) + 4) + detail / (float(np.percentile(detail, 96)) + 2)
    slope = np.linspace(0, 1, h, dtype=np.float32)[:, None] ** 1.3
    depth = 0.62 * slope + 0.24 * np.clip(stands_out, 0, 2)
    return np.asarray(np.clip(cv2.GaussianBlur(depth.astype(np.float32), (0, 0), h / 26), 0, 1), np.float32)


def covering(picture: Array, width: int, height: int) -> Array:
    """Scale a picture so that it covers the frame, keeping its shape; what is over stays, as much on one side as on the other,
    so that the middle of the result is a frame pixel by pixel.
    """
    h, w = picture.shape[:2]
    scale = max(width / w, height / h)
    size = tuple(least + 2 * max(0, round((side * scale - least) / 2)) for side, least in ((w, width), (h, height)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


@dataclass(frozen=True)
class _Shown:
    """A picture that is shown under the camera, extended past its edges; its relief; where the camera is at each frame,
    counted from where the picture fills the frame; and how much closer than that it always is, as a log.
    """

    picture: Array
    depth: Array
    states: Sequence[State]
    closer: float


@dataclass
class Still:
    """Frames of a picture under the camera. ``exact``: frame 0 is the picture itself, fitted and no more; else a good crop.
    The last frame is always the picture of ``end``.
    """

    request: ShotRequest
    first: Array | None
    end: Path | None
    seed: int
    exact: bool = False
    _shown: list[_Shown] = field(default_factory=list, repr=False)

    def prepare(self) -> None:
        """Fit the pictures to the frame, extend them softly past their edges, and guess their depth."""
        r = self.request
        self._stage = Stage(horizon=0.0, height=math.inf, subject=2.0)  # a picture has no ground to stay above
        self._states = cameras.path(
            r.camera, self._stage, r.width / r.height, r.frames, float(r.fps), self.seed, State() if self.exact else None
        )
        self._shown = []
        if self.first is not None:
            self._shown.append(self._prepared(self.first, self._states, self.exact))
        if self.end:
            to_end = [
                State(*(a - b for a, b in zip(astuple(state), astuple(self._states[-1]), strict=True)))
                for state in self._states
            ]
            self._shown.append(self._prepared(load(self.end), to_end, True))

    def _prepared(self, picture: Array, states: Sequence[State], whole: bool) -> _Shown:
        """``whole``: the picture is to fill the frame where the camera's state is zero; else a good crop of it does."""
        fitted = covering(picture, self.request.width, self.request.height)
        return _Shown(*_extended(fitted), states, 0.0 if whole else self._crop(fitted, states))

    def _crop(self, fitted: Array, states: Sequence[State]) -> float:
        """How much closer (log) the move stays inside the picture, as far as a good crop allows."""
        r = self.request
        aspect = r.width / r.height
        over = np.array([fitted.shape[1], fitted.shape[0]]) / (r.width, r.height) - 1
        corners = np.array([[-aspect, aspect, aspect, -aspect], [-1, -1, 1, 1], [2, 2, 2, 2]]) / 2
        need = [0.0]
        for state in (states[0], states[len(states) // 2], states[-1]):
            seen = np.linalg.inv(self._stage.layer(state, self._stage.subject)) @ corners
            need.append(float((np.abs(seen[:2] / seen[2]).max(axis=1) / (aspect / 2, 0.5) - 1 - over).max()))
        return min(math.log1p(max(need)), 0.35)

    def frame(self, index: int) -> Array:
        """The picture under the camera; with an end picture, a slow change from one to the other."""
        shown = self._moved(self._shown[0], index)
        if len(self._shown) > 1:
            t = index / max(self.request.frames - 1, 1)
            share = float(np.clip((t - 0.3) / 0.55, 0, 1))
            share = share * share * (3 - 2 * share)
            if share > 0:
                shown = cv2.addWeighted(shown, 1 - share, self._moved(self._shown[1], index), share, 0)
        as_given = (index == 0 and self.exact) or (index == self.request.frames - 1 and self.end is not None)
        return shown if as_given else blurred(shown, self._states, index, self.request.height)

    def _moved(self, shown: _Shown, index: int) -> Array:
        """Move each spot of a picture by its own distance."""
        r, state, picture = self.request, shown.states[index], shown.picture
        centre = np.array([[r.height, 0, picture.shape[1] / 2 - 0.5], [0, r.height, picture.shape[0] / 2 - 0.5], [0, 0, 1]])
        screen = np.array([[r.height, 0, r.width / 2 - 0.5], [0, r.height, r.height / 2 - 0.5], [0, 0, 1]])
        zoom = np.diag([math.exp(shown.closer)] * 2 + [1.0])
        z0 = self._stage.subject
        near, far = (
            centre @ np.linalg.inv(screen @ zoom @ self._stage.layer(state, z))
            for z in (z0 * (1 - 0.5 * _RELIEF), z0 * (1 + 1.4 * _RELIEF))
        )
        x, y = np.meshgrid(np.arange(0, r.width + 3, 4, dtype=np.float32), np.arange(0, r.height + 3, 4, dtype=np.float32))
        at_far = _mapped(far, x, y)
        share = _looked_up(shown.depth, at_far, picture)
        at_near = _mapped(near, x, y)
        at = [a + (b - a) * share for a, b in zip(at_far, at_near, strict=True)]
        maps = [_between(part, r.width, r.height) for part in at]
        return cv2.remap(picture, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def _between(part: Array, width: int, height: int) -> Array:
    """Values at every fourth pixel as values at every pixel."""
    x, y = np.arange(width) / 4, np.arange(height) / 4
    xi, yi = np.minimum(x.astype(int), part.shape[1] - 2), np.minimum(y.astype(int), part.shape[0] - 2)
    fx, fy = (x - xi).astype(np.float32), (y - yi).astype(np.float32)[:, None]
    rows = part[yi] * (1 - fy) + part[yi + 1] * fy
    return np.asarray(rows[:, xi] * (1 - fx) + rows[:, xi + 1] * fx, np.float32)


def _mapped(matrix: Array, x: Array, y: Array) -> list[Array]:
    return [(matrix[row, 0] * x + matrix[row, 1] * y + matrix[row, 2]).astype(np.float32) for row in (0, 1)]


def _looked_up(depth: Array, at: list[Array], picture: Array) -> Array:
    scale = np.array([depth.shape[1] / picture.shape[1], depth.shape[0] / picture.shape[0]], np.float32)
    return cv2.remap(depth, at[0] * scale[0], at[1] * scale[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


_EDGE = 0.25


def _extended(picture: Array) -> tuple[Array, Array]:
    """The picture with a quarter more on every side, mirrored and ever softer, and its relief."""
    h, w = picture.shape[:2]
    dx, dy = round(w * _EDGE), round(h * _EDGE)
    big = cv2.copyMakeBorder(picture, dy, dy, dx, dx, cv2.BORDER_REFLECT_101)
    soft = cv2.GaussianBlur(
        cv2.resize(big, (max(4, big.shape[1] // 4), max(4, big.shape[0] // 4)), interpolation=cv2.INTER_AREA), (0, 0), h / 200
    )
    soft = cv2.resize(soft, (big.shape[1], big.shape[0]), interpolation=cv2.INTER_LINEAR)
    x = np.abs(np.arange(big.shape[1]) - big.shape[1] / 2 + 0.5) - w / 2
    y = np.abs(np.arange(big.shape[0]) - big.shape[0] / 2 + 0.5) - h / 2
    share = np.clip(np.maximum(x[None, :] / dx, y[:, None] / dy), 0, 1).astype(np.float32)[..., None]
    mixed = (big * (1 - share) + soft * share + 0.5).astype(np.uint8)
    depth = cv2.copyMakeBorder(relief(picture), dy // 4, dy // 4, dx // 4, dx // 4, cv2.BORDER_REPLICATE)
    return mixed, depth


@dataclass
class Footage:
    """Frames of the user's video, cut to the frame's shape and rate, with previz's finish. The last frame is held."""

    request: ShotRequest
    file: Path
    seed: int
    _frames: Iterator[Array] | None = field(default=None, repr=False)

    def prepare(self) -> None:
        """Open the video."""
        from vidgen.media.probe import probe_video

        r = self.request
        self._rate = float(probe_video(self.file).rate)
        self._frames, self._at, self._shown = iter(read_frames(self.file)), -1, np.zeros((r.height, r.width, 3), np.uint8)
        self._grade = Grade(read_request(r), r.width, r.height, self.seed, bloom=0.35)
        self._grade.prepare()

    def frame(self, index: int) -> Array:
        """The video's frame at this time."""
        assert self._frames is not None
        r = self.request
        wanted = int(index / float(r.fps) * self._rate + 1e-6)
        while self._at < wanted:
            picture = next(self._frames, None)
            self._at += 1
            if picture is None:
                break
            if self._at == wanted or self._at == 0:
                self._shown = _cropped(covering(picture, r.width, r.height), r.width, r.height)
        return self._grade.apply(self._shown, index)


def _cropped(picture: Array, width: int, height: int) -> Array:
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    return np.ascontiguousarray(picture[top : top + height, left : left + width])
