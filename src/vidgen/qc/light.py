"""From code values to light on a screen.

Limits on flashes are in cd/m2. For SDR, white is taken as 200 cd/m2, with the transfer function that WCAG defines relative
luminance by (sRGB). So 20 cd/m2 of ITU-R BT.1702 are the 10 % of WCAG, and 160 cd/m2 are its 0.80. PQ tells cd/m2 itself. HLG
is read for a screen of 1000 cd/m2.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

UNIT = 100
"""Light is counted in hundredths of a cd/m2, in integers: decisions do not depend on rounding."""

SDR_WHITE, HLG_WHITE = 200.0, 1000.0
_PQ, _HLG = 16, 18

_WEIGHTS = {False: (218, 732, 74), True: (269, 694, 61)}
"""Luminance of R, G and B in 1/1024, of BT.709 and BT.2020."""


class Light:
    """Turns non-linear R, G and B into light.

    Args:
        transfer: ffmpeg's number of the transfer function. wide: whether the primaries are those of BT.2020.
    """

    def __init__(self, transfer: int, *, wide: bool = False) -> None:
        codes = np.arange(256) / 255
        curve = {_PQ: _pq, _HLG: _hlg}.get(transfer, _srgb)
        self._table = np.rint(curve(codes) * UNIT).astype(np.int32)
        self.weights = _WEIGHTS[wide]

    def of(self, rgb: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
        """Light of R, G and B, [rows, columns, 3], in hundredths of a cd/m2. Values below 0 or above 1 are clipped."""
        white: Any = (255.0, 255.0, 255.0, 0.0)
        codes = cv2.multiply(rgb, white, dtype=cv2.CV_8U)  # rounds and clips
        return cv2.LUT(codes, self._table).astype(np.int32, copy=False)

    def luminance(self, light: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Luminance of light, [rows, columns], in the same unit."""
        weighted: Any = [plane * weight for plane, weight in zip(cv2.split(light), self.weights, strict=True)]
        total: npt.NDArray[np.int32] = sum(weighted) >> 10
        return total


def _srgb(value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.asarray(SDR_WHITE * linear)


def _pq(value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """SMPTE ST 2084."""
    power = value ** (1 / 78.84375)
    return np.asarray(10_000 * (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125))


def _hlg(value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """ITU-R BT.2100: the scene's light, with the system gamma of 1.2 on each colour."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(value <= 0.5, value**2 / 3, (np.exp((value - c) / a) + b) / 12)
    return np.asarray(HLG_WHITE * scene**1.2)
