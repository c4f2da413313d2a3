"""Where sounds begin: how much louder each band of a sound becomes, every 10 ms, from a streamed decode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vidgen.media.audio import Samples, decode_audio
from vidgen.media.rate import SAMPLE_RATE

Floats = npt.NDArray[np.float32]

HOP = SAMPLE_RATE // 100
FRAMES_A_SECOND = SAMPLE_RATE // HOP
_WINDOW = 1024
_BANDS = 36
_LOWEST_HZ, _HIGHEST_HZ = 40.0, 12_000.0
_FINE = SAMPLE_RATE // 1000
_LONGEST_S = 3600
"""Memory grows with what is analysed, by 80 MB an hour; beats go on at the same pace."""
_CHUNK = 400
"""Frames that are transformed at once."""
_RISE = 3
"""Over how many frames a rise is measured: two windows that far apart have no sample in common."""
_LOUDER = 0.7
"""How much rises in amplitude count against those in bels. With less, fast rock is heard at half of its tempo; from 1 on, fast
pieces in threes are heard by their bars.
"""
_FLOOR = 1e-4
"""Share of the loud parts' energy below which a band counts as silent: what is 40 dB lower starts no beat."""
_LOUD = 95
"""Percentile of the energy that counts as loud."""


@dataclass(frozen=True)
class Onsets:
    """What a sound does over time.

    Args:
        seconds: its length.
        strength: [frames at 100 Hz] how much begins; normalised so that its standard deviation is 1, in steps of 0.001. Its
            frame ``t`` is about the sound at ``t`` hundredths of a second.
        rises: [frames] bels by which all bands together become louder, not normalised: a note of music has 10 and more, a
            steady tone with the noise of its encoding, or beating against itself, below 3.
        bands: [frames, bands] energy in bands from low to high, in bels over the floor.
        fine: [milliseconds, 2] mean square of the sound and of its changes.
        level: mean square of the whole.
    """

    seconds: float
    strength: Floats
    rises: Floats
    bands: Floats
    fine: Floats
    level: float


def read_onsets(file: Path) -> Onsets:
    """Decode a file and measure its first hour. Raises InputError if it has no sound or cannot be read."""
    return onsets_of(decode_audio(file, samples=_LONGEST_S * SAMPLE_RATE))


def onsets_of(blocks: Iterable[Samples]) -> Onsets:
    """The onsets of stereo sound at 48 kHz."""
    energies: list[Floats] = []
    fine: list[Floats] = []
    lengths: list[int] = []
    for chunk in _chunks(_counted(blocks, lengths)):
        energies.append(_band_energy(chunk))
        fine.append(_fine_energy(chunk[_WINDOW // 2 : -(_WINDOW // 2)]))
    bels = _bels(np.concatenate(energies) if energies else np.zeros((0, _BANDS), np.float32))
    by_ms = np.concatenate(fine) if fine else np.zeros((0, 2), np.float32)
    level = float(by_ms[:, 0].mean(dtype=np.float64)) / _FINE if len(by_ms) else 0.0
    rises = _rises(bels) if len(bels) > _RISE else np.zeros(len(bels))
    return Onsets(sum(lengths) / SAMPLE_RATE, _strength(bels, rises), rises.astype(np.float32), bels, by_ms, level)


def _counted(blocks: Iterable[Samples], lengths: list[int]) -> Iterator[Samples]:
    for block in blocks:
        lengths.append(len(block))
        yield block


_SIDES = (np.float32(0.6), np.float32(0.4))
"""Shares of left and right in what is heard: unequal, so that opposite phases do not cancel."""


def _chunks(blocks: Iterable[Samples]) -> Iterator[Floats]:
    """The sound, mono, in pieces of ``_CHUNK`` hops, each with half a window of what is before and after it."""
    margin, whole = _WINDOW // 2, _CHUNK * HOP
    parts: list[Floats] = [np.zeros(margin, np.float32)]
    held = margin
    for block in blocks:
        parts.append(block[:, 0] * _SIDES[0] + block[:, 1] * _SIDES[1])
        held += len(block)
        if held < whole + 2 * margin:
            continue
        joined, first = np.concatenate(parts), 0
        while held - first >= whole + 2 * margin:
            yield joined[first : first + whole + 2 * margin]
            first += whole
        parts, held = [joined[first:]], held - first
    joined = np.concatenate(parts)
    rest = -(-(len(joined) - margin) // HOP) * HOP
    if rest > 0:
        yield np.pad(joined, (0, rest + 2 * margin - len(joined)))


def _band_energy(chunk: Floats) -> Floats:
    """[hops, bands]"""
    hops = (len(chunk) - _WINDOW) // HOP
    windows = np.lib.stride_tricks.sliding_window_view(chunk, _WINDOW)[: hops * HOP : HOP]
    spectra = np.fft.rfft(windows * np.hanning(_WINDOW).astype(np.float32), axis=-1)
    edges = _band_edges()
    power = spectra.real[:, : edges[-1]] ** 2 + spectra.imag[:, : edges[-1]] ** 2
    return np.add.reduceat(power, edges[:-1], axis=1)  # no matrix product: its threads would keep every core busy


def _band_edges() -> npt.NDArray[np.intp]:
    """[bands + 1] indices of frequencies, each band at least one wide, evenly spaced on a scale between linear (below 700 Hz)
    and logarithmic, as ears have.
    """
    hertz = np.arange(_WINDOW // 2 + 1) * (SAMPLE_RATE / _WINDOW)
    wanted = np.searchsorted(_mel(hertz), np.linspace(_mel(_LOWEST_HZ), _mel(_HIGHEST_HZ), _BANDS + 1))
    return np.maximum.accumulate(wanted - np.arange(_BANDS + 1)) + np.arange(_BANDS + 1)


def _mel(hertz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.asarray(np.log1p(np.asarray(hertz, dtype=np.float64) / 700.0))


def _fine_energy(own: Floats) -> Floats:
    whole = own[: len(own) // _FINE * _FINE].reshape(-1, _FINE)
    changes = np.diff(whole, axis=1)
    return np.stack((np.einsum("ij,ij->i", whole, whole), np.einsum("ij,ij->i", changes, changes)), axis=1)


def _bels(energy: Floats) -> Floats:
    """Logarithm of the energy over a floor far below the loud parts."""
    if not len(energy):
        return energy
    loud = np.percentile(energy, _LOUD, axis=0)
    floor = max(float(loud.max()) * _FLOOR, 1e-12)
    return np.asarray(np.log10(1 + energy / floor), dtype=np.float32)


def _strength(bels: Floats, quiet: npt.NDArray[np.float64]) -> Floats:
    """How much begins: the rises of all bands in bels (``quiet``), in which quiet notes count too, and in amplitude, so that
    among notes the louder ones are the beat. Less the mean over a second, so that a noisy part counts no more than a quiet one.
    """
    if len(bels) <= _RISE:
        return np.zeros(len(bels), np.float32)
    loud = _rises(np.sqrt(np.power(10.0, bels) - 1))
    rises = quiet + _LOUDER * loud * float(quiet.std() / max(loud.std(), 1e-9))
    rises = np.convolve(rises, (0.25, 0.5, 0.25), mode="same")
    width = FRAMES_A_SECOND
    mean = np.convolve(np.pad(rises, width // 2, mode="edge"), np.ones(width + 1) / (width + 1), mode="valid")
    above = np.clip(rises - mean, 0, None)
    spread = float(above.std())
    if spread < 1e-3:
        return np.zeros(len(bels), np.float32)
    return np.asarray(np.round(above / spread, 3), dtype=np.float32)


def _rises(level: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """[frames] how much all bands of ``level`` rise together."""
    quiet = np.percentile(level[:FRAMES_A_SECOND], 10, axis=0).astype(level.dtype)  # what a file that opens with noise had
    before = np.concatenate((np.tile(quiet, (_RISE, 1)), level[:-_RISE]))
    before[:, 1:-1] = np.lib.stride_tricks.sliding_window_view(before, 3, axis=1).max(axis=-1)  # vibrato is no onset
    return np.asarray(np.clip(level - before, 0, None).sum(axis=1), dtype=np.float64)
