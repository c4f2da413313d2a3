"""Decode the sound of any media file to blocks of stereo float samples at 48 kHz, streamed.

Everything that decodes is used, as in a player. Where a file has timestamps they are kept: a gap becomes silence of the same
length. Sample rate, channel layout and sample format may change inside a file.
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

_TIMED = frozenset({"mov", "matroska", "mpegts", "mpeg", "flv", "asf", "ogg", "nut", "mxf"})
"""Containers with real timestamps. In others the demuxer counts samples, so that timestamps show no gaps."""

_NUMBERED = frozenset({"flac", "wv", "tta", "caf"})
"""Audio formats whose blocks carry the number of their first sample."""

_JUMPS = frozenset({"mpegts", "mpeg"})
"""Containers whose clock may restart at any time: a long gap there is not silence."""

_LONGEST_JUMP_S = 10.0
_LONGEST_GAP_S = 6 * 3600.0
"""A longer gap is a damaged timestamp, not silence."""

_WARMING_UP_S = 0.15
"""A sound that starts less than this after its file starts at 0: the offset is decoder delay, not silence."""

_SHORT_S = 0.25
_TRIES = 16
"""Read errors in a row after which the rest of a file is skipped."""

OnDamage = Callable[[], None]


def decode_audio(
    path: Path,
    *,
    start: int = 0,
    samples: int | None = None,
    zero: Fraction | None = None,
    damaged: OnDamage = lambda: None,
) -> Iterator[Samples]:
    """Decode a file's first audio stream as blocks of [n, 2] float32. Mono is copied to both sides, surround is mixed down.

    Args:
        path: any media file with sound.
        start: samples to skip at the front.
        samples: most samples to return; None: to the end.
        zero: time in the file, in seconds, where the result begins (``picture_start``). Earlier sound is skipped; if the sound
            begins later, silence is put before it. None: the start of the file.
        damaged: called once if something cannot be decoded or the end is missing.

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
    """The audio stream to use: the first that can be decoded; None if there is none."""
    return next((stream for stream in container.streams.audio if stream.codec_context is not None), None)


def _decode(path: Path, zero: Fraction | None, damaged: OnDamage) -> Iterator[Samples]:
    with open_media(path) as container:
        stream = sound_stream(container)
        if stream is None:
            raise InputError("media.no_audio", f"{path} has no sound", hint="give a file with sound", where=str(path))
        report = _DamageReport(damaged)
        stereo: Stereo | None = None
        form: tuple[str, str, int] | None = None
        drop = 0
        for frame, gap in _with_gaps(container, stream, zero, report):
            shift = round(gap * SAMPLE_RATE)
            if stereo and (shift > 0 or form_of(frame) != form):
                yield from stereo.convert(None)
                stereo = None
            yield from _silence(shift)
            drop += max(0, -shift)
            if stereo is None:
                stereo, form = Stereo(frame), form_of(frame)
            for block in stereo.convert(frame):
                passed = min(drop, len(block))
                drop -= passed
                if passed < len(block):
                    yield block[passed:]
        if stereo:
            yield from (block[drop:] for block in stereo.convert(None))


def _silence(samples: int) -> Iterator[Samples]:
    for done in range(0, samples, SAMPLE_RATE):
        yield np.zeros((min(SAMPLE_RATE, samples - done), 2), np.float32)


class _DamageReport:
    """Calls ``damaged`` the first time that something cannot be decoded."""

    def __init__(self, damaged: OnDamage) -> None:
        self._damaged, self._reported = damaged, False

    def __call__(self) -> None:
        if not self._reported:
            self._reported = True
            self._damaged()


def _with_gaps(
    container: InputContainer, stream: AudioStream, zero: Fraction | None, report: _DamageReport
) -> Iterator[tuple[AudioFrame, float]]:
    """Each frame with the seconds of silence before it; negative: seconds to drop from here on."""
    names = set(container.format.name.split(","))
    longest_gap = _LONGEST_JUMP_S if names & _JUMPS else _longest_gap(container)

    def timestamp(frame: AudioFrame) -> float | None:
        numbered = names & _NUMBERED and frame.time_base == Fraction(1, frame.sample_rate)
        return frame.time if names & _TIMED or numbered else None

    frames = _frames(container, stream, report)
    first = True
    for frame, gap in gaps(((frame, timestamp(frame), frame.samples / frame.sample_rate) for frame in frames), longest_gap):
        yield frame, _start_offset(container, stream, frame.time, zero) if first else gap
        first = False


def _longest_gap(container: InputContainer) -> float:
    """Longest plausible gap, in seconds: the duration in the header, if there is one."""
    return container.duration / 1_000_000 + 1 if container.duration else _LONGEST_GAP_S


def _start_offset(container: InputContainer, stream: AudioStream, begin: float | None, zero: Fraction | None) -> float:
    """Seconds of silence before the first sample; negative: seconds to drop."""
    if begin is None:
        return 0.0
    if zero is not None:
        return begin - float(zero)
    start = container.start_time / 1_000_000 if container.start_time is not None else None
    if picture_stream(container) is None and stream.start_time is not None and stream.time_base is not None:
        start = float(stream.start_time * stream.time_base)
    return begin - start if start is not None and begin - start > _WARMING_UP_S else 0.0


def _frames(container: InputContainer, stream: AudioStream, report: _DamageReport) -> Iterator[AudioFrame]:
    """All frames that decode, in order."""
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
                    report()
                    continue
                for frame in frames:
                    if frame.samples and frame.sample_rate:
                        seconds = frame.samples / frame.sample_rate
                        end = max(end, frame.time or 0.0) + seconds
                        yield frame
            break
        except av.FFmpegError:
            report()
            failed += 1
    if end + _SHORT_S < _declared_end(container, stream):
        report()


def _declared_end(container: InputContainer, stream: AudioStream) -> float:
    """End of the sound by the file's header, in seconds of the file's clock; 0 if the header has none or only estimates it."""
    if not {"mov", "wav", "w64", "flac", "matroska"} & set(container.format.name.split(",")):
        return 0.0
    if stream.duration is not None and stream.time_base is not None:
        return float((stream.duration + (stream.start_time or 0)) * stream.time_base)
    return (container.duration or 0) / 1_000_000 if len(container.streams) == 1 else 0.0
