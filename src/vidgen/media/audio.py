"""Sound in, streamed: any file with sound becomes blocks of stereo float samples at 48 kHz.

What can be decoded is heard, as in a player. Where a file tells its times they are kept: what is missing is silence of the
right length. A file may change its rate, channels or kind of numbers as often as it likes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidgen.errors import InputError
from vidgen.media.continuity import gaps
from vidgen.media.probe import open_media, picture_stream
from vidgen.media.rate import SAMPLE_RATE
from vidgen.media.stereo import Samples, Stereo, form_of

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

__all__ = ["Samples", "decode_audio", "sound_stream"]

_TELLS_TIMES = frozenset({"mov", "matroska", "mpegts", "mpeg", "flv", "asf", "ogg", "nut", "mxf"})
"""Containers whose times come from a clock. Elsewhere times are counted from what is there, and tell nothing more."""

_NUMBERED = frozenset({"flac", "wv", "tta", "caf"})
"""Files of sound alone whose blocks are numbered by their first sample."""

_JUMPS = frozenset({"mpegts", "mpeg"})
"""Containers whose clock may be set anew at any time: a long gap is no silence."""

_LONGEST_JUMP_S = 10.0
_LONGEST_GAP_S = 6 * 3600.0
"""No film has so long a silence within a sound; damaged times have."""

_WARMING_UP_S = 0.15
"""Sound that begins this little after its file does begins with it: a decoder takes a moment, which is not silence."""

_SHORT_S = 0.25
_TRIES = 16
"""How often in a row reading may fail before the rest of a file is given up."""

Damaged = Callable[[], None]


def decode_audio(
    path: Path,
    *,
    start: int = 0,
    samples: int | None = None,
    zero: Fraction | None = None,
    damaged: Damaged = lambda: None,
) -> Iterator[Samples]:
    """Decode a file's first sound as blocks of [n, 2] float32; mono is on both sides, surround is mixed down.

    Args:
        path: any media file with sound.
        start: samples to leave out at the front.
        samples: how many to give at most; None: to the end.
        zero: the time of the file, in seconds, at which the result begins (``picture_start``): sound before it is left out,
            sound that comes later is preceded by silence. None: with the file itself.
        damaged: called once where something could not be decoded or the end is missing.

    Raises InputError where the file has no sound or cannot be read at all.
    """
    skip, left = start, samples
    for block in _decode(path, zero, damaged):
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


def sound_stream(container: InputContainer) -> AudioStream | None:
    """The stream that is a file's sound: the first that can be decoded."""
    return next((stream for stream in container.streams.audio if stream.codec_context is not None), None)


def _decode(path: Path, zero: Fraction | None, damaged: Damaged) -> Iterator[Samples]:
    with open_media(path) as container:
        stream = sound_stream(container)
        if stream is None:
            raise InputError("media.no_audio", f"{path} has no sound", hint="give a file with sound", where=str(path))
        harm = _Harm(damaged)
        stereo: Stereo | None = None
        form: tuple[str, str, int] | None = None
        drop = 0
        for frame, gap in _placed(container, stream, zero, harm):
            shift = round(gap * SAMPLE_RATE)
            if stereo and (shift > 0 or form_of(frame) != form):
                yield from stereo.given(None)
                stereo = None
            yield from _silence(shift)
            drop += max(0, -shift)
            if stereo is None:
                stereo, form = Stereo(frame), form_of(frame)
            for block in stereo.given(frame):
                passed = min(drop, len(block))
                drop -= passed
                if passed < len(block):
                    yield block[passed:]
        if stereo:
            yield from (block[drop:] for block in stereo.given(None))


def _silence(samples: int) -> Iterator[Samples]:
    for done in range(0, samples, SAMPLE_RATE):
        yield np.zeros((min(SAMPLE_RATE, samples - done), 2), np.float32)


class _Harm:
    """Hears of what could not be decoded, and tells of it once."""

    def __init__(self, damaged: Damaged) -> None:
        self._damaged, self._told = damaged, False

    def __call__(self) -> None:
        if not self._told:
            self._told = True
            self._damaged()


def _placed(
    container: InputContainer, stream: AudioStream, zero: Fraction | None, harm: _Harm
) -> Iterator[tuple[AudioFrame, float]]:
    """Each frame with the seconds of silence before it; below 0 for what is to be left out from there on."""
    names = set(container.format.name.split(","))
    longest = _LONGEST_JUMP_S if names & _JUMPS else _longest(container)

    def told(frame: AudioFrame) -> float | None:
        numbered = names & _NUMBERED and frame.time_base == Fraction(1, frame.sample_rate)
        return frame.time if names & _TELLS_TIMES or numbered else None

    frames = _frames(container, stream, harm)
    first = True
    for frame, gap in gaps(((frame, told(frame), frame.samples / frame.sample_rate) for frame in frames), longest):
        yield frame, _late(container, stream, frame.time, zero) if first else gap
        first = False


def _longest(container: InputContainer) -> float:
    """Seconds that a gap may last: no longer than the file says that it is itself."""
    return container.duration / 1_000_000 + 1 if container.duration else _LONGEST_GAP_S


def _late(container: InputContainer, stream: AudioStream, begins: float | None, zero: Fraction | None) -> float:
    """How long after 0 the sound begins, in seconds."""
    if begins is None:
        return 0.0
    if zero is not None:
        return begins - float(zero)
    start = container.start_time / 1_000_000 if container.start_time is not None else None
    if picture_stream(container) is None and stream.start_time is not None and stream.time_base is not None:
        start = float(stream.start_time * stream.time_base)
    return begins - start if start is not None and begins - start > _WARMING_UP_S else 0.0


def _frames(container: InputContainer, stream: AudioStream, harm: _Harm) -> Iterator[AudioFrame]:
    """Every frame that decodes, in order."""
    import av

    end = 0.0
    failed = 0
    while failed <= _TRIES:
        try:
            for packet in container.demux(stream):
                failed = 0
                try:
                    frames = packet.decode()
                except av.FFmpegError:
                    harm()
                    continue
                for frame in frames:
                    if frame.samples and frame.sample_rate:
                        seconds = frame.samples / frame.sample_rate
                        end = max(end, frame.time or 0.0) + seconds
                        yield frame
            break
        except av.FFmpegError:
            harm()
            failed += 1
    if end + _SHORT_S < _promised(container, stream):
        harm()


def _promised(container: InputContainer, stream: AudioStream) -> float:
    """When the sound ends by its file's header, in the file's time; 0 where that does not say or only guesses."""
    if not {"mov", "wav", "w64", "flac", "matroska"} & set(container.format.name.split(",")):
        return 0.0
    if stream.duration is not None and stream.time_base is not None:
        return float((stream.duration + (stream.start_time or 0)) * stream.time_base)
    return (container.duration or 0) / 1_000_000 if len(container.streams) == 1 else 0.0
