"""One decoded frame made small for measuring. What needs every pixel is counted on the planes as they were decoded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from vidgen.qc.light import Light

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from vidgen.media.probe import MediaInfo

LONGEST = 320
"""Cells on the longer side of the grid that pictures are measured on."""

_PLANAR = re.compile(r"yuva?j?4[0-9]{2}p(?:(9|10|12|14|16)le)?")
_LIMITED, _FULL = 1, 2
_BT709, _BT601, _BT2020 = 1, 6, 9
_MATRICES = {_BT709: (0.2126, 0.0722), 5: (0.299, 0.114), _BT601: (0.299, 0.114), 7: (0.212, 0.087), _BT2020: (0.2627, 0.0593)}
"""Weights of red and blue by ffmpeg's number of the matrix. Others are read as BT.709."""

LEGAL = (5, 246)
"""Lowest and highest code value of 8 bits that EBU R 103 prefers: 5 % beyond black and white of limited range."""

Rgb = npt.NDArray[np.float32]
"""Non-linear R, G and B, [rows, columns, 3]: 0 is black, 1 is white, not clipped."""


@dataclass(frozen=True)
class Picture:
    """A frame on a grid of cells, each the mean of its pixels.

    Attributes:
        at: presentation time in ticks of the stream.
        luma: [rows, columns] uint8, code values of 8 bits.
        light: [rows, columns, 3] int32, linear R, G and B in hundredths of a cd/m2.
        beyond: share of the picture outside the legal range; None: its values say nothing about that.
    """

    at: int
    luma: npt.NDArray[np.uint8]
    light: npt.NDArray[np.int32]
    beyond: float | None


class Reducer:
    """Makes ``Picture`` of the frames of one stream. All have the grid of the first."""

    def __init__(self, info: MediaInfo) -> None:
        self._grid = grid_of(info.width, info.height)
        self._full = info.color_range == _FULL
        matrix = info.color_matrix if info.color_matrix in _MATRICES else _BT709 if info.height >= 720 else _BT601
        self._matrix = matrix
        self.light = Light(info.color_transfer, wide=info.color_primaries == _BT2020)
        self.black = 16 + 13 if not self._full else 15
        """Highest code value that counts as black: 6 % of the way to white."""

    def __call__(self, frame: VideoFrame, at: int) -> Picture:
        """A frame reduced. ``at``: its time in ticks."""
        planar = _PLANAR.fullmatch(frame.format.name)
        gray = frame.format.name == "gray"
        full, matrix = self._full, self._matrix
        if not planar and not gray:
            # Colour of another kind (RGB, palettes, packed forms): as BT.709 of limited range, whose code values say nothing
            # about the file's own.
            frame = frame.reformat(format="yuv444p", dst_colorspace=_BT709, dst_color_range=_LIMITED)
            full, matrix = False, _BT709
        deeper = int(planar[1] or 8) - 8 if planar else 0
        planes = [_plane(frame, index, deeper) for index in range(1 if gray else 3)]
        small = [cv2.resize(plane, self._grid, interpolation=cv2.INTER_AREA).astype(np.float32) for plane in planes]
        if deeper:
            small = [plane * np.float32(1 / (1 << deeper)) for plane in small]
        while len(small) < 3:
            small.append(np.full_like(small[0], 128))
        red_green_blue: Rgb = cv2.transform(cv2.merge(small), _to_rgb(matrix, full)).astype(np.float32, copy=False)
        beyond = None
        if planar and not full:
            beyond = max(_beyond(planes[0], deeper), _outside(red_green_blue))
        luma = np.rint(small[0]).astype(np.uint8)
        return Picture(at, luma, self.light.of(red_green_blue), beyond)


def grid_of(width: int, height: int) -> tuple[int, int]:
    """Columns and rows of the grid: the picture's shape, never finer than its pixels."""
    scale = min(1.0, LONGEST / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _plane(frame: VideoFrame, index: int, deeper: int) -> npt.NDArray[Any]:
    """A plane of a planar frame, [height, width], without a copy."""
    plane: Any = frame.planes[index]
    kind = np.uint16 if deeper else np.uint8
    rows = np.frombuffer(plane, kind).reshape(plane.height, -1)
    return rows[:, : plane.width]


def _beyond(luma: npt.NDArray[Any], deeper: int) -> float:
    """Share of the pixels whose luma is outside the legal range."""
    return _share_outside(luma, *(value << deeper for value in LEGAL))


def _outside(red_green_blue: Rgb) -> float:
    """Share of the cells of which R, G or B is outside the legal range. R 103 asks for a low-pass filter: the cells are one."""
    low, high = (LEGAL[0] - 0.5 - 16) / 219, (LEGAL[1] + 0.5 - 16) / 219  # between codes, not on one
    return _share_outside(red_green_blue, (low, low, low), (high, high, high))


def _share_outside(image: npt.NDArray[Any], low: Any, high: Any) -> float:
    within = int(cv2.countNonZero(cv2.inRange(image, low, high)))
    return 1 - within / int(image.shape[0] * image.shape[1])


def _to_rgb(matrix: int, full: bool) -> npt.NDArray[np.float32]:
    """[3, 4]: code values of 8 bits, Y, Cb, Cr and 1, to non-linear R, G and B, where 0 is black and 1 is white."""
    black, swing, chroma = (0, 255, 255) if full else (16, 219, 224)
    kr, kb = _MATRICES[matrix]
    kg = 1 - kr - kb
    red, blue = 2 * (1 - kr) / chroma, 2 * (1 - kb) / chroma
    rows = np.array([[1, 0, red], [1, -blue * kb / kg, -red * kr / kg], [1, blue, 0]])
    rows[:, 0] /= swing
    offsets = rows @ np.array([-black, -128.0, -128.0])
    return np.hstack([rows, offsets[:, None]]).astype(np.float32)
