"""Sound in, streamed: any file with sound becomes blocks of stereo float samples at 48 kHz."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vidgen.errors import InputError
from vidgen.media.probe import open_media, probe
from vidgen.media.rate import SAMPLE_RATE

Samples = npt.NDArray[np.float32]
"""Sound: [samples, 2] float32, left and right, full scale -1 to 1, 48 kHz."""


def decode_audio(
    path: Path, *, start: int = 0, samples: int | None = None, sample_rate: int = SAMPLE_RATE
) -> Iterator[Samples]:
    """Decode a file's first sound stream as blocks of [n, 2] float32; mono is on both sides, surround is mixed down.

    Args:
        path: any media file with sound.
        start: samples (at ``sample_rate``) to leave out at the front.
        samples: how many to give at most; None: to the end.
        sample_rate: of the result.

    Sound that starts late in its file (behind the picture) is preceded by silence. Raises InputError where the file has no
    sound or cannot be read.
    """
    skip, left = start, samples
    for block in _decode(path, sample_rate):
        if skip >= len(block):
            skip -= len(block)
            continue
        block, skip = block[skip:], 0
        if left is not None:
            block = block[:left]
            left -= len(block)
        yield block
        if left == 0:
            return


def _decode(path: Path, sample_rate: int) -> Iterator[Samples]:
    import av

    with open_media(path) as container:
        if not container.streams.audio:
            raise InputError("media.no_audio", f"{path} has no sound", hint="give a file with sound", where=str(path))
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="flt", layout="stereo", rate=sample_rate)
        late = _late_samples(container.start_time, stream.start_time, stream.time_base, sample_rate)
        if late:
            yield np.zeros((late, 2), np.float32)
        for frame in container.decode(stream):
            for part in resampler.resample(frame):
                yield _block(part)
        for part in resampler.resample(None):
            yield _block(part)


def _late_samples(container_start: int | None, stream_start: int | None, tick: Fraction | None, sample_rate: int) -> int:
    if container_start is None or stream_start is None or tick is None:
        return 0
    behind = stream_start * tick - Fraction(container_start, 1_000_000)
    return max(0, round(behind * sample_rate)) if behind * sample_rate > 1 else 0


def _block(frame: object) -> Samples:
    packed: npt.NDArray[np.float32] = frame.to_ndarray()  # type: ignore[attr-defined]
    return packed.reshape(-1, 2)


def audio_seconds(path: Path) -> float:
    """Length of a file's first sound stream in seconds, by demuxing. Raises InputError where it has none."""
    info = probe(path)
    if not info.has_audio:
        raise InputError("media.no_audio", f"{path} has no sound", hint="give a file with sound", where=str(path))
    return info.audio_duration_s
