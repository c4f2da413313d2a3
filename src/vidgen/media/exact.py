"""Exact frame count and frame times of a video, by decoding all of it before long work starts.

Headers and packets are not enough: some packets are never shown, open GOPs at the ends do not decode, damaged files lose
frames. The ffmpeg that will read the frames later decodes them here too, so that both see the same frames.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import isqrt
from pathlib import Path

from vidgen.errors import InputError, ProcessingError
from vidgen.media.answers import once_a_file
from vidgen.media.ffmpeg import Process, input_args
from vidgen.media.normalise import refuse_hdr
from vidgen.media.probe import SLOWEST, MediaInfo, open_media, picture_stream, probe_video, rate_of, zero_of

LONGEST_GAP_S = 1 / SLOWEST
LONGEST_GAP_DAMAGED_S = Fraction(60)
"""Longest time between two frames, in seconds: more means a damaged file. The second limit applies if the decoder reported
errors."""

_OURS = ("[rawvideo", "[framecrc", "[swscaler")
"""Prefixes of messages about the output of this ffmpeg run; they say nothing about the file."""

_FAULT = re.compile(r"error|corrupt|conceal|invalid|damaged|missing", re.IGNORECASE)


def probe_exact(path: Path, *, cancelled: Callable[[], bool] = lambda: False) -> MediaInfo:
    """``probe_video`` with exact ``frames``, ``times``, ``rate`` and ``constant_rate``: decodes every frame once.

    Raises InputError also for HDR, if no frame decodes, and if the frame times are not plausible.
    """
    info = probe_video(path)
    refuse_hdr(info)
    try:
        ticks, faults = _decode(info, cancelled)
    except ProcessingError as error:
        raise _damaged(path, "it cannot be decoded") from error
    if not ticks:
        raise _damaged(path, "no frame can be decoded")
    times = _rising(ticks)
    gaps = [(after - before) * info.tick for before, after in pairwise(times)]
    _check_gaps(path, gaps, LONGEST_GAP_DAMAGED_S if faults else LONGEST_GAP_S)
    rate, constant = rate_of(times, info.tick, (info.rate,))
    if constant:
        shown = tuple(index / rate for index in range(len(times)))
    else:
        shown = tuple((tick - times[0]) * info.tick for tick in times)
    return replace(
        info,
        frames=len(times),
        rate=rate,
        constant_rate=constant,
        duration_s=float(shown[-1] + (1 / rate if constant else shown[-1] - shown[-2])),
        times=shown,
        starts=times[0] * info.tick + _zero(path),
        faults=faults,
        usual_rate=rate if constant else usual_rate(times, info.tick),
    )


@once_a_file
def exact_of(path: Path) -> MediaInfo:
    """``probe_exact``, cached until the file changes."""
    return probe_exact(path)


def _decode(info: MediaInfo, cancelled: Callable[[], bool]) -> tuple[list[int], str]:
    """Times of the frames that decode, in ticks from the container's start, and the decoder's first error message."""
    tick = f"{info.tick.numerator}/{info.tick.denominator}"
    args = [
        *input_args(info.path.absolute()),
        *("-map", info.source, "-an", "-sn", "-dn", "-vf", "scale=16:16:flags=neighbor,setsar=1,format=gray"),
        *("-fps_mode", "passthrough", "-enc_time_base", tick, "-f", "framecrc", "pipe:1"),
    ]
    with Process(args, what=f"decoding {info.path.name}", stdout=True, cancelled=cancelled) as process:
        ticks = [int(line.split(b",")[2]) for line in _lines(process) if line and not line.startswith(b"#")]
        messages = process.finish()
    fault = next((line for line in messages if _FAULT.search(line) and not line.startswith(_OURS)), "")
    return ticks, re.sub(r" @ 0x\w+", "", fault)


def _zero(path: Path) -> Fraction:
    """Time 0 of ffmpeg when it reads the picture alone, in seconds after the container's start."""
    with open_media(path) as container:
        picture = picture_stream(container)
        return zero_of(container, [picture] if picture else []) - Fraction(container.start_time or 0, 1_000_000)


def _lines(process: Process) -> Iterator[bytes]:
    rest = b""
    while data := process.read(1 << 14):
        *whole, rest = (rest + data).split(b"\n")
        yield from whole
    yield rest


def _rising(ticks: Sequence[int]) -> list[int]:
    """The times made strictly increasing: frames come out of the decoder in display order."""
    times = [ticks[0]]
    for tick in ticks[1:]:
        times.append(max(tick, times[-1] + 1))
    return times


def usual_rate(times: Sequence[int], tick: Fraction) -> Fraction:
    """Frames per second by the most common gap between frames (``times`` in ticks), snapped to a whole or NTSC rate if near."""
    gaps = sorted(after - before for before, after in pairwise(times))
    middle = gaps[len(gaps) // 2]
    # Coarse ticks round each gap, so take the mean of many. Where a tick is a frame there is no rounding.
    usual = [gap for gap in gaps if abs(gap - middle) <= (1 if middle > 4 else 0)]
    exact = 1 / (Fraction(sum(usual), len(usual)) * tick)
    near = [Fraction(round(exact)), Fraction(round(exact * 1001 / 1000) * 1000, 1001)]
    slack = max(tick / max(1, isqrt(len(usual))), 1 / (exact * 2000))
    close = [rate for rate in near if rate and abs(1 / rate - 1 / exact) <= slack]
    return min(close, key=lambda rate: abs(rate - exact), default=exact.limit_denominator(1001))


def _check_gaps(path: Path, gaps: Sequence[Fraction], longest: Fraction) -> None:
    if gaps and max(gaps) > longest:
        raise _damaged(path, f"one of its frames would be shown for {float(max(gaps)) / 60:.0f} minutes")
    if gaps and sorted(gaps)[len(gaps) // 2] < Fraction(1, 1000):
        text = f"{path}: its frames are less than a millisecond apart; at most 1000 a second are handled"
        raise InputError("media.unreadable", text, hint="give it another frame rate first", where=str(path))


def _damaged(path: Path, what: str) -> InputError:
    hint = "copy or download the file again, or repair it first"
    return InputError("media.unreadable", f"{path} is damaged: {what}", hint=hint, where=str(path))
