"""What one picture tells by itself: sharpness, noise, block edges, banding, colours."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from vidgen.media.frames import Frame
from vidgen.scoring.flow import Gray

WIDTH = 384
CROP = 384
SMALLEST = 16
COLOUR_SIZE = (96, 54)
BINS = 8
"""Bins of each colour channel."""
PATCH = 16

Levels = npt.NDArray[np.float32]


def small_gray(frame: Frame) -> Gray:
    """Luma at most ``WIDTH`` pixels wide, at least ``SMALLEST`` a side: motion is not found in a few pixels, so that the edge
    of a smaller picture goes on.
    """
    gray: Gray = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    height, width = gray.shape
    if min(height, width) < SMALLEST:
        gray = np.pad(gray, ((0, max(0, SMALLEST - height)), (0, max(0, SMALLEST - width))), "edge")
        height, width = gray.shape
    if width <= WIDTH:
        return gray
    size = (WIDTH, max(SMALLEST, round(height * WIDTH / width)))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)


def small_colour(frame: Frame) -> Levels:
    """[54, 96, 3] RGB, read from some pixels of a large picture, which are enough."""
    step = max(1, min(frame.shape[:2]) // 180)
    part = np.ascontiguousarray(frame[::step, ::step])
    return np.asarray(cv2.resize(part, COLOUR_SIZE, interpolation=cv2.INTER_AREA), np.float32)


def full_size_part(frame: Frame) -> Levels:
    """Luma of the middle of the picture, unscaled, on its 8-pixel grid: scaling would hide noise and block edges."""
    return np.asarray(cv2.cvtColor(_middle(frame), cv2.COLOR_RGB2GRAY), np.float32)


def histogram(colour: Levels) -> npt.NDArray[np.float64]:
    """Shares of colours, [512]. A pixel counts for the 8 bins around it by its distance to each, so that no level of grey lies
    on a border where a rounding of one step would move it to another bin.
    """
    levels = colour.reshape(-1, 3) * ((BINS - 1) / 255.0)
    lower = np.minimum(levels.astype(np.int64), BINS - 2)
    upper_share = levels - lower
    base = lower @ np.array([BINS * BINS, BINS, 1])
    red, green, blue = upper_share.T
    counts = np.zeros(BINS**3)
    for r, g, b in np.ndindex(2, 2, 2):
        shares = (red if r else 1 - red) * (green if g else 1 - green) * (blue if b else 1 - blue)
        counts += np.bincount(base + (r * BINS * BINS + g * BINS + b), shares, BINS**3)
    return counts / len(levels)


def chroma(colour: Levels) -> tuple[Levels, Levels]:
    """Blue and red difference of each pixel, [54, 96] each (BT.601 weights), in levels."""
    luma = colour @ np.array([0.299, 0.587, 0.114], np.float32)
    return 0.564 * (colour[..., 2] - luma), 0.713 * (colour[..., 0] - luma)


def sharpness(gray: Gray) -> float:
    """Strength of fine detail: spread of the Laplacian in levels, less what noise (variance 20 times its own) adds to it."""
    levels = gray.astype(np.float32)
    variance = float(cv2.Laplacian(levels, cv2.CV_32F).var()) - 20.0 * noise(levels) ** 2
    return float(np.sqrt(max(0.0, variance)))


def noise(gray: Levels) -> float:
    """Standard deviation of noise in levels (Immerkaer 1996), from the calmest twentieth of 16-pixel blocks."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough = np.abs(cv2.filter2D(gray, cv2.CV_32F, kernel))
    size = (max(1, gray.shape[1] // PATCH), max(1, gray.shape[0] // PATCH))
    blocks = cv2.resize(rough, size, interpolation=cv2.INTER_AREA)
    return float(np.percentile(blocks, 5)) * float(np.sqrt(np.pi / 2)) / 6.0


def blocks(gray: Levels) -> float:
    """How much stronger edges are on an 8-pixel grid than off it: 0 is none. Strong edges are the subject's, and limited."""
    worst = 0.0
    for axis in (0, 1):
        steps = np.abs(np.diff(gray, axis=axis))
        if not steps.size:  # one pixel a side has no edges
            continue
        step = np.minimum(steps, 2.0 * np.median(steps[::4, ::4]) + 0.5).mean(axis=1 - axis)
        phases = np.array([step[phase::8].mean() for phase in range(min(8, len(step)))])
        worst = max(worst, float(phases.max() / (np.median(phases) + 0.1)) - 1.0)
    return max(0.0, worst)


def bands(frame: Frame) -> float:
    """How strongly the levels of green come in steps, in the calmer half of the middle of the picture: the strongest period of
    their histogram among those of 4 to 12 levels (wider steps have overtones there), over the median of these. 0 to 1; ordinary
    0.03. Shades that break into steps; old digital clips and graphics of few colours do too, one colour does not.
    """
    part = _middle(frame)
    rough = cv2.blur(np.abs(cv2.Laplacian(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), cv2.CV_32F)), (3, 3))
    calm = part[..., 1][rough <= np.median(rough)]
    periods = np.abs(np.fft.rfft(np.bincount(calm, minlength=256) / calm.size, 1024))[1024 // 12 : 1024 // 4 + 1]
    return float(periods.max() - np.median(periods))


def _middle(frame: Frame) -> Frame:
    height, width = frame.shape[:2]
    left, top = max(0, (width - CROP) // 16 * 8), max(0, (height - CROP) // 16 * 8)
    return np.ascontiguousarray(frame[top : top + CROP, left : left + CROP])
