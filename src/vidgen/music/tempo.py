"""The period of the beat, and the beats themselves, found together by dynamic programming (Ellis, 2007).

Scores are whole numbers, so that no processor's rounding decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vidgen.music.onsets import FRAMES_A_SECOND, Floats

Whole = npt.NDArray[np.int64]

SLOWEST_BPM, FASTEST_BPM = 60.0, 180.0
_SPARE = 1.1
"""Periods a little outside are tried too, as a piece at the limit may drift."""
_USUAL_BPM, _OCTAVES = 115.0, 2.0
"""Listeners prefer tempos near the usual one; so weakly that what is heard decides."""
_MOST = 8
_TIGHTNESS = 300.0
"""How dear it is to leave the period: a beat 10 % late costs as much as three average onsets are worth."""
_SCALE = 1000
_NEAR = 3
"""A beat and an onset belong together up to this many frames."""
_SMOOTHED = 4
"""Beats on either side whose spacing makes the local period."""

_PARTS = (2, 3, 4)
"""Into how many parts music divides its beats."""

_EARLY, _LATE = (0.2, 0.43), (0.57, 0.8)
"""Where in a beat the short note of a swing is, as seen from the short note and from the beat."""

_STEADY = 0.06


@dataclass(frozen=True)
class Pulse:
    """Beats of one period.

    Args:
        period: typical frames from beat to beat.
        beats: [beats] frames.
        clear: 0 to 1: how well beats and onsets agree, in both directions.
    """

    period: float
    beats: Whole
    clear: float

    @property
    def bpm(self) -> float:
        """Beats a minute."""
        return 60.0 * FRAMES_A_SECOND / self.period


def find_pulse(strength: Floats) -> Pulse | None:
    """The beats of a sound; None where hardly anything begins, or there is no room for four beats."""
    onsets = np.round(strength * _SCALE).astype(np.int64)
    peaks = _peaks(onsets)
    if len(peaks) < 4:
        return None
    typical = _typical(onsets[peaks], len(onsets))
    onsets = np.minimum(onsets, 2 * typical)
    periods = _likely_periods(strength)
    tried = []
    for period, beats in zip(periods, _trace(onsets, [np.full(len(onsets), one) for one in periods]), strict=True):
        if len(beats) >= 4:
            tried.append(Pulse(period, beats, _agreement(onsets, peaks, beats, typical)))
    best = max(tried, key=lambda pulse: (round(pulse.clear * _usual(pulse.bpm), 4), pulse.period), default=None)
    return None if best is None else _followed(onsets, peaks, typical, best)


def _likely_periods(strength: Floats) -> list[float]:
    """Periods at which the onsets repeat, the likeliest first, with their halves and doubles."""
    shortest = round(60 * FRAMES_A_SECOND / (FASTEST_BPM * _SPARE))
    longest = round(60 * FRAMES_A_SECOND * _SPARE / SLOWEST_BPM)
    lags = np.arange(shortest, longest + 1)
    repeats = _autocorrelation(strength, 2 * longest)
    wide = np.array([repeats[round(lag * 0.97) : round(lag * 1.03) + 1].mean() for lag in lags])  # tempo drifts
    twice = np.array([repeats[round(lag * 1.94) : round(lag * 2.06) + 1].mean() for lag in lags])
    worth = np.round((wide + 0.5 * twice) / (abs(repeats[0]) + 1e-9), 4)
    inner = (worth[1:-1] >= worth[:-2]) & (worth[1:-1] > worth[2:])
    tops = [0, *(np.flatnonzero(inner) + 1), len(lags) - 1]
    ranked = sorted(tops, key=lambda index: (-worth[index], index))[:_MOST]
    found = [float(lags[index]) for index in ranked]
    related = [lag * factor for lag in found[:2] for factor in (0.5, 2.0) if shortest <= lag * factor <= longest]
    return list(dict.fromkeys([*found, *related]))


def _autocorrelation(strength: Floats, most: int) -> npt.NDArray[np.float64]:
    centred = np.asarray(strength - strength.mean(), dtype=np.float64)
    smooth = np.convolve(centred, np.hanning(7) / np.hanning(7).sum(), mode="same")
    size = 1 << (len(smooth) + most).bit_length()
    spectrum = np.fft.rfft(smooth, size)
    found = np.fft.irfft(spectrum * spectrum.conj(), size)[: most + 8]
    return found / np.maximum(1, len(smooth) - np.arange(len(found)))


def _usual(bpm: float) -> float:
    return float(np.exp(-0.5 * (np.log2(bpm / _USUAL_BPM) / _OCTAVES) ** 2))


def _peaks(onsets: Whole) -> Whole:
    """Frames at which most begins among their neighbours."""
    padded = np.pad(onsets, _NEAR)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEAR + 1)
    highest = around.max(axis=1)
    first = around.argmax(axis=1) == _NEAR
    return np.flatnonzero(first & (onsets == highest) & (onsets > _SCALE // 4))


def _typical(heights: Whole, frames: int) -> int:
    """The height from which an onset counts in full: three quarters of what so many are above as there are slow beats at least,
    less a sixth. So soft beats between loud ones count, and noise between slow ones does not.
    """
    slow = max(4, round(frames / FRAMES_A_SECOND * SLOWEST_BPM / 60 * 5 / 6))
    return max(1, int(0.75 * np.sort(heights)[::-1][:slow][-1]))


def _agreement(onsets: Whole, peaks: Whole, beats: Whole, typical: int, on_grid: float = 0.0) -> float:
    """How much of the beats are onsets and how much of the onsets are beats, as one number; the first counts twice as much.
    ``on_grid``: the share of the onsets that are known to go with the beats otherwise.
    """
    near = np.array([onsets[max(0, beat - _NEAR) : beat + _NEAR + 1].max() for beat in beats])
    hit = np.square(np.minimum(1, near / typical))
    every = np.square(np.minimum(1, onsets[peaks] / typical))
    inside = every[(peaks >= beats[0] - _NEAR) & (peaks <= beats[-1] + _NEAR)].sum()
    precision, recall = float(hit.mean()), float(min(1.0, max(on_grid, hit.sum() / max(inside, 1e-9))))
    return 1.25 * precision * recall / max(0.25 * precision + recall, 1e-9)


def _on_grid(onsets: Whole, peaks: Whole, beats: Whole, typical: int) -> float:
    """How much the onsets keep to halves, thirds or quarters of a beat, 0 (anywhere) to 1: the length of their mean direction,
    with a turn for each such part, less what chance gives. Songs have more notes than beats; noise has them anywhere.
    """
    inside = peaks[(peaks >= beats[0]) & (peaks < beats[-1])]
    if not len(inside):
        return 0.0
    heights = np.square(np.minimum(1, onsets[inside] / typical))
    index = np.searchsorted(beats, inside, side="right") - 1
    share = (inside - beats[index]) / np.diff(beats)[index]
    best = max(float(np.abs((heights * np.exp(2j * np.pi * parts * share)).sum())) for parts in _PARTS) / float(heights.sum())
    chance = len(_PARTS) * float(np.square(heights).sum()) / float(heights.sum()) ** 2
    return max(0.0, (best**2 - chance) / (1 - chance)) ** 0.5 if chance < 1 else 0.0


def _followed(onsets: Whole, peaks: Whole, typical: int, pulse: Pulse) -> Pulse:
    """The pulse once more, with the local period that its beats show: tempo drifts."""
    spaces = np.diff(pulse.beats).astype(np.float64)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(spaces, _SMOOTHED, mode="edge"), 2 * _SMOOTHED + 1)
    middles = (pulse.beats[1:] + pulse.beats[:-1]) / 2
    local = np.interp(np.arange(len(onsets)), middles, np.round(around.mean(axis=1), 2))
    [beats] = _trace(onsets, [local])
    if len(beats) < 4:
        return pulse
    clear = _agreement(onsets, peaks, beats, typical, on_grid=_on_grid(onsets, peaks, beats, typical))
    beats = _with_ends(onsets, _unswung(peaks[4 * onsets[peaks] >= typical], beats), typical)
    period = float(np.median(np.diff(beats)))
    mean = float((beats[-1] - beats[0]) / (len(beats) - 1))
    return Pulse(mean if abs(mean - period) < 0.1 * period else period, beats, clear)


def _unswung(loud: Whole, beats: Whole) -> Whole:
    """The beats on the other side of swung notes, if these are taken for beats: swing is long and short, not short and long."""
    index = np.searchsorted(beats, loud, side="right") - 1
    inside = (index >= 0) & (index < len(beats) - 1)
    index, loud = index[inside], loud[inside]
    share = (loud - beats[index]) / (beats[index + 1] - beats[index])
    early, late = ((share > low) & (share < high) for low, high in (_EARLY, _LATE))
    if not early.any():
        return beats
    early &= np.abs(share - np.median(share[early])) < _STEADY
    if 3 * len(np.unique(index[early])) < 2 * (len(beats) - 1) or 3 * early.sum() < 2 * (early.sum() + late.sum()):
        return beats
    moved = beats[:-1] + np.round(np.median(share[early]) * np.diff(beats)).astype(np.int64)
    nearest = loud[np.abs(loud[None, :] - moved[:, None]).argmin(axis=1)]
    return np.asarray(np.where(np.abs(nearest - moved) <= 2 * _NEAR, nearest, moved), dtype=np.int64)


def _with_ends(onsets: Whole, beats: Whole, typical: int) -> Whole:
    """The beats without those before the first and after the last that is heard."""
    near = np.array([onsets[max(0, beat - _NEAR) : beat + _NEAR + 1].max() for beat in beats])
    heard = np.flatnonzero(2 * near >= typical)
    return beats[heard[0] : heard[-1] + 1] if len(heard) >= 4 else beats


def _trace(onsets: Whole, periods: Sequence[npt.NDArray[np.float64]]) -> list[Whole]:
    """For each course of the local period the beats with the most onsets on them and the least deviation from it.

    All courses are followed at once, and as many frames at a time as the shortest step has.
    """
    shortest = int(min(course.min() for course in periods) * 0.6)
    longest = int(max(course.max() for course in periods) * 1.6) + 1
    steps = np.arange(shortest, longest + 1)
    count, frames = len(periods), len(onsets)
    course = np.stack(periods)
    score = np.zeros((count, longest + frames), np.int64)
    came = np.zeros((count, frames), np.int64)
    log_steps = np.log(steps)
    fixed = [-_cost(log_steps, one[:1]) for one in periods] if all(np.ptp(one) == 0 for one in periods) else None
    for begin in range(0, frames, shortest):
        end = min(begin + shortest, frames)
        at = np.arange(begin, end)[:, None] + longest - steps
        for row in range(count):
            gain = fixed[row] if fixed else -_cost(log_steps, course[row, begin:end])
            before = score[row][at] + gain
            best = before.argmax(axis=1)
            score[row, longest + begin : longest + end] = onsets[begin:end] + before[np.arange(end - begin), best]
            came[row, begin:end] = steps[best]
    return [_back(score[row, longest:], came[row], int(np.median(course[row]))) for row in range(count)]


def _cost(log_steps: npt.NDArray[np.float64], period: npt.NDArray[np.float64]) -> Whole:
    away = log_steps[None, :] - np.log(period)[:, None]
    return np.round(_TIGHTNESS * _SCALE * np.square(away)).astype(np.int64)


def _back(score: Whole, came: Whole, period: int) -> Whole:
    """The beats that led to the best last one."""
    tail = max(0, len(score) - period)
    frame = tail + int(score[tail:].argmax())
    beats = []
    while frame >= 0:
        beats.append(frame)
        frame -= int(came[frame])
    return np.array(beats[::-1])
