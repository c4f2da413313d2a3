"""The best part of a take: faults over time, and the frames in a row with the fewest. Artefacts gather at the ends of clips."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vidgen.scoring.reading import Reading
from vidgen.scoring.rules import RULES
from vidgen.scoring.types import Wanted, Window
from vidgen.scoring.values import part_of

Curve = npt.NDArray[np.float64]

LARGE = 12.0
"""One fault counts no more in one frame."""


def faults_of(reading: Reading) -> Curve:
    """[frames] How bad each frame is, against the clip's own habit: 0 is ordinary, 1 a clear fault of one kind.

    Each curve, as a logarithm, is measured from its median in steps of the larger of its usual spread and the noise of
    harmless edits; what is within ``window_harmless`` steps counts nothing. The root of the sum of the squares over the kinds:
    one clear fault is worse than many slight ones, of which live footage is full. Faults that last longer than half of the clip
    are its habit and are not seen here: the comparison of takes finds them.
    """
    curves, total = part_of(reading), np.zeros(reading.frames)
    if reading.frames < 3:
        return total
    for name, curve in _signs(curves).items():
        rule = RULES.over_time[name]
        place = np.log(np.maximum(curve, 0.0) + rule.floor)
        middle = float(np.median(place))
        spread = max(rule.noise, 1.5 * float(np.median(np.abs(place - middle))))
        steps = np.minimum((place - middle) / spread - RULES.window_harmless, LARGE)
        total += np.maximum(_by_frame(steps, reading.frames), 0.0) ** 2
    return np.asarray(np.sqrt(total))


def _signs(curves: dict[str, Curve]) -> dict[str, Curve]:
    """The curves in which faults of single frames show; high is bad."""
    usual = max(float(np.median(curves["change"])), 4.0 * RULES.vetoes["still_floor"])
    level, hue = np.cumsum(curves["gain"]), np.cumsum(curves["turn"])
    return {
        "residual": curves["residual"],
        "flicker": np.abs(np.diff(curves["gain"])),
        "level": np.abs(level - np.median(level)),
        "patches": curves["patches"],
        "hue": np.abs(hue - np.median(hue)),
        "jerk": curves["jerk"],
        "shake": curves["shake"],
        "wobble": curves["wobble"],
        "order": curves["order"],
        "stall": np.clip(1.0 - curves["change"] / (0.25 * usual), 0.0, 1.0),
        "soft": 1.0 / (curves["contour"] + 0.5),
        "noise": curves["noise"],
        "blocks": curves["blocks"],
        "bands": curves["bands"],
        "trails": np.exp(_smooth(curves["trail"] * curves["moving"]) / (_smooth(curves["moving"]) + 4.0)),
    }


def _smooth(values: Curve) -> Curve:
    width = min(5, len(values))
    padded = np.pad(values, (width // 2, width - 1 - width // 2), "edge")
    return np.asarray(np.convolve(padded, np.ones(width) / width, "valid"))


def _by_frame(values: Curve, frames: int) -> Curve:
    """A curve of neighbours as one of frames: a frame is as bad as the worst of what it takes part in, where that is not said
    of its neighbours alone. The step into a fault belongs to the later frame, that out of it to the earlier.
    """
    missing = frames - len(values)
    if missing <= 0:
        return values
    if missing == 1:
        return np.concatenate([values[:1], np.minimum(values[1:], values[:-1]), values[-1:]])
    return np.concatenate([values[:1], values, values[-1:]])


def best_window(reading: Reading, wanted: Wanted) -> Window:
    """The part of a take to use.

    Args:
        reading: of the whole take.
        wanted: how many frames, and whether the first or the last frame must be among them.
    """
    last = reading.frames - wanted.frames
    if last <= 0:
        return Window(0, reading.frames, 0.0, "all of the take is needed")
    default = min(max(0, wanted.default), last)
    if wanted.fixed_start and wanted.fixed_end:
        return Window(default, wanted.frames, 0.0, "its first and its last frame were given")
    if wanted.fixed_start:
        return Window(0, wanted.frames, 0.0, "its first frame was given")
    if wanted.fixed_end:
        return Window(last, wanted.frames, 0.0, "its last frame was given")
    summed = np.concatenate([[0.0], np.cumsum(faults_of(reading))])
    cost = np.round((summed[wanted.frames :] - summed[: last + 1]) / wanted.frames, 3)
    near = np.abs(np.arange(last + 1) - default)
    start = int(np.lexsort((near, np.round(cost, 2)))[0])
    gain = round(float(cost[default] - cost[start]), 3)
    if gain < RULES.window_gain:
        return Window(default, wanted.frames, 0.0, "no other part is clearly better")
    where = "begins" if start > default else "ends"
    return Window(start, wanted.frames, gain, f"fewer faults than where it {where} otherwise")
