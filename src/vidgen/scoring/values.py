"""What is compared between takes: plain numbers, made from a part of a clip's curves.

Each function says its formula, unit, range, source and what it takes for a fault that is none. All are 0 or more, and 0 is
faultless, except ``sharpness``, ``contour``, ``crispness``, ``trails`` and ``speed``. All but ``noise``, ``blocks`` and
``bands`` are read at 384 pixels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from vidgen.scoring.reading import Reading
from vidgen.scoring.rules import RULES

DIAGONAL = 440.0
"""Of a picture 384 pixels wide, in pixels."""
AMOUNTS = ((2.0, (0.0, 0.08)), (5.0, (0.003, 0.4)), (8.0, (0.02, 1.0)), (10.0, (0.05, 4.0)))
"""Amount of motion up to which a band of speeds is ordinary, in diagonals a second."""
SMALL = 20000
"""Pixels of a picture in whose fastest third the steepest fiftieth is no more than 30, too few to tell anything."""

Curve = npt.NDArray[np.float64]
Curves = Mapping[str, Curve]


def part_of(reading: Reading, start: int = 0, frames: int | None = None) -> dict[str, Curve]:
    """The curves of ``frames`` frames from ``start`` on; None: to the end. Those that need more neighbours are empty."""
    end = reading.frames if frames is None else start + frames
    found = {
        name: np.asarray(curve[start : max(start, end - (reading.frames - len(curve)))], np.float64)
        for name, curve in reading.curves.items()
    }
    return defaultdict(lambda: np.zeros(0), found)


def values_of(reading: Reading, start: int = 0, frames: int | None = None) -> dict[str, float]:
    """Every measure of a part of a clip; ``crispness`` is missing in pictures below ``SMALL``."""
    curves, rate = part_of(reading, start, frames), 1.0 / reading.seconds_each
    values = {name: float(f"{measure(curves, rate):.6g}") for name, measure in MEASURES.items()}
    if reading.width * reading.height < SMALL:
        del values["crispness"]
    return values


def amount_error(amount: float, reading: Reading, start: int = 0, frames: int | None = None) -> float:
    """How far the median speed of the picture is from what an amount of motion of 1 to 10 means: logarithm of the ratio to the
    nearer end of a wide band, 0 within it. Speed in diagonals a second. Sees nothing of what moves in place (flames).
    """
    speed = _percentile(part_of(reading, start, frames)["speed"], 50) / reading.seconds_each / DIAGONAL
    low, high = next(band for most, band in AMOUNTS if amount <= most)
    return float(f"{max(0.0, np.log((low + 0.002) / (speed + 0.002)), np.log((speed + 0.002) / (high + 0.002))):.6g}")


def warp(curves: Curves, rate: float) -> float:
    """Mean luma difference left after motion, over the clip's fine detail. Ratio, 0 to about 1; ordinary 0.1. (Lai et al. 2018,
    with the divisor of our own: without it blur would win.) Finds flicker, noise, wobble, block edges; low in standstills,
    which are left out.
    """
    moving = curves["residual"][~still(curves["change"])]
    return _mean(moving if len(moving) else curves["residual"]) / (_mean(curves["sharp"]) + 1.0)


def flicker(curves: Curves, rate: float) -> float:
    """Root mean square of how the brightness gain changes from picture to picture, followed along the motion: percent, 0 to
    about 30; ordinary 0.2. Median of 84 patches, so that new content is no flicker. A strobe light in the story looks the same.
    """
    return _rms(np.diff(curves["gain"]))


def slow_flicker(curves: Curves, rate: float) -> float:
    """Swing of brightness between about 0.5 and 3 Hz: the summed gains, less their straight trend, smoothed over a sixth of a
    second. Root mean square, percent. Ordinary 0.5. Passing clouds look the same; under a second of clip little is seen.
    """
    course = _without_trend(np.cumsum(curves["gain"]))
    width = max(1, round(rate / 6))
    return _rms(np.convolve(course, np.ones(width) / width, "valid")) if len(course) >= width else 0.0


def local_flicker(curves: Curves, rate: float) -> float:
    """How much the gains of 84 patches change from picture to picture beside what they share: percent, ordinary 1. Firelight
    and things that pass quickly look the same.
    """
    return _mean(curves["patches"])


def hue_drift(curves: Curves, rate: float) -> float:
    """How far the colours turn on their wheel, followed along their motion: range of the summed turns, smoothed over a fifth of
    a second, degrees, 0 to 180; ordinary 1. Sunsets do it too; grey clips have no hue and read 0.
    """
    return _range(_smoothed(np.cumsum(curves["turn"]), rate / 5))


def fading(curves: Curves, rate: float) -> float:
    """How far colours bleach or grow: range of the summed changes of saturation along the motion, smoothed over a fifth of a
    second, percent; ordinary 3. Sunsets do it too.
    """
    return _range(_smoothed(np.cumsum(curves["fade"]), rate / 5))


def jerk(curves: Curves, rate: float) -> float:
    """Mean change of the flow from picture to picture, relative to the motion: ratio, ordinary 0.2. Inside a standstill there
    is none to judge. Chaotic motion (water, sport) is high by nature.
    """
    frozen, speed = still(curves["change"]), curves["speed"]
    both = (speed[1:] + speed[:-1]) / 2 + 0.3
    return _mean((curves["jerk"] / both)[~(frozen[1:] & frozen[:-1])])


def shake(curves: Curves, rate: float) -> float:
    """Mean change of the motion that most of the picture shares: pixels a frame, ordinary 0.1. Handheld shots are high."""
    return _mean(curves["shake"])


def wobble(curves: Curves, rate: float) -> float:
    """How much the flow beside what the picture shares changes from picture to picture, in its calmest fifth: mean over time,
    pixels a frame, ordinary 0.07. Shapes that melt all over; things that move by themselves fill the rest. Water or leaves that
    fill the picture look the same.
    """
    return _mean(curves["wobble"])


def disorder(curves: Curves, rate: float) -> float:
    """How often a picture is nearer to the one after next than to its neighbour: mean of a share, 0 to 1; ordinary 0. Pictures
    that changed places; single flashes read a little.
    """
    return _mean(np.maximum(0.0, curves["order"] - 0.02))


def stalls(curves: Curves, rate: float) -> float:
    """How often the picture hardly changes, against the clip's habit: mean share by which the change is below a quarter of the
    median change, 0 to 1. Pictures that repeat, standstills; a stop that was meant looks the same.
    """
    change = curves["change"]
    usual = max(_percentile(change, 50), 0.25 * _percentile(change, 90), 4.0 * RULES.vetoes["still_floor"])
    return _mean(np.clip(1.0 - change / (0.25 * usual), 0.0, 1.0))


def jolt(curves: Curves, rate: float) -> float:
    """The greatest change of motion in one step over the usual one: ratio less one, 0 on. Jumps of the view, cuts; a thing
    that is hit looks the same.
    """
    return max(_peak(curves["jerk"]), _peak(curves["residual"]))


def trails(curves: Curves, rate: float) -> float:
    """Detail across the motion over detail along it, and how much detail repeats itself along it: see ``trails.Traces``. Near
    1, and higher where earlier pictures trail behind or shine through; 1 where little moves. Motion blur looks the same;
    stripes have a level of their own. Smooth content hides it.
    """
    weight = curves["moving"]
    return float(np.exp((curves["trail"] * weight).sum() / (weight.sum() + 40.0)))


def contour(curves: Curves, rate: float) -> float:
    """How steep the steepest twentieth of the picture is, over its contrast (spread of luma), in the sharper pictures (90th
    percentile over time): about 0.1 to 1 a pixel; high is good. Falls with blur and hardly with compression, which spares
    strong edges and every few pictures. Fog and shallow focus are soft on purpose.
    """
    return _percentile(curves["contour"] / (curves["spread"] + 1.0), 90)


def crispness(curves: Curves, rate: float) -> float:
    """How steep the steepest fiftieth of the fastest third is, over the contrast: mean, about 0.1 to 1 a pixel; high is good.
    Falls with blur, and where earlier pictures shine through what moves. Motion blur lowers it too.
    """
    crisp = curves["crisp"]
    return _mean(crisp / (curves["spread"][1 : len(crisp) + 1] + 1.0))


def pulsing(curves: Curves, rate: float) -> float:
    """How much sharpness comes and goes within half a second: root mean square of the logarithm of the steepness of edges,
    smoothed over a sixth of a second (encoders alternate faster), less its mean over half a second. Ordinary 0.01. Focus pulls
    are slower; things that pass close look the same.
    """
    course = _smoothed(np.log(curves["contour"] + 1.0), rate / 6)
    return _rms(course - _smoothed(course, rate / 2))


MEASURES: dict[str, Callable[[Curves, float], float]] = {
    "warp": warp,
    "flicker": flicker,
    "slow_flicker": slow_flicker,
    "local_flicker": local_flicker,
    "hue_drift": hue_drift,
    "fading": fading,
    "jerk": jerk,
    "shake": shake,
    "wobble": wobble,
    "disorder": disorder,
    "stalls": stalls,
    "jolt": jolt,
    "sharpness": lambda curves, rate: _mean(curves["sharp"]),
    "contour": contour,
    "crispness": crispness,
    "pulsing": pulsing,
    "noise": lambda curves, rate: _mean(curves["noise"]),
    "blocks": lambda curves, rate: _mean(curves["blocks"]),
    "bands": lambda curves, rate: _mean(curves["bands"]),
    "trails": trails,
    "speed": lambda curves, rate: _mean(curves["speed"]),
}


def still(change: Curve) -> npt.NDArray[np.bool_]:
    """Which pictures repeat the one before."""
    if not len(change):
        return np.zeros(0, bool)
    share, lively, floor = (RULES.vetoes[name] for name in ("still_share", "still_lively", "still_floor"))
    return change < max(share * _percentile(change, 50), lively * _percentile(change, 90), floor)


def _mean(values: Curve) -> float:
    return float(np.mean(values)) if len(values) else 0.0


def _rms(values: Curve) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else 0.0


def _range(values: Curve) -> float:
    return float(np.ptp(values)) if len(values) else 0.0


def _percentile(values: Curve, percent: float) -> float:
    return float(np.percentile(values, percent)) if len(values) else 0.0


def _peak(values: Curve) -> float:
    if len(values) < 3:
        return 0.0
    usual = float(np.median(values)) + 0.3
    return float(values.max()) / usual


def _without_trend(values: Curve) -> Curve:
    if len(values) < 3:
        return values - _mean(values)
    time = np.arange(len(values))
    return np.asarray(values - np.polyval(np.polyfit(time, values, 1), time))


def _smoothed(values: Curve, width: float) -> Curve:
    """Running mean over ``width`` values, as long as the values."""
    whole = max(1, min(round(width), len(values)))
    padded = np.pad(values, (whole // 2, whole - 1 - whole // 2), "edge") if len(values) else values
    return np.asarray(np.convolve(padded, np.ones(whole) / whole, "valid")) if len(values) else values
