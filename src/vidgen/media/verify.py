"""Check an encoded file before it gets its final name: exit code 0 is no proof of a good file."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from vidgen.errors import ProcessingError
from vidgen.media.files import file_url

if TYPE_CHECKING:
    from av.container import InputContainer


Grid = tuple[int, set[int], int]
"""Number of frames, the gaps between their presentation times, and the first time, in stream ticks."""


def pts_grid(path: Path) -> Grid:
    """The times of a file's video packets: number, set of gaps (sorted by time), and first time, in stream ticks."""
    import av

    with av.open(file_url(path), metadata_errors="replace") as container:
        return _grid(container, decode=False)


def _grid(container: InputContainer, *, decode: bool) -> Grid:
    stream, times = container.streams.video[0], []
    stream.codec_context.thread_count = 1
    if decode:
        stream.codec_context.options = {"err_detect": "explode"}
        times = [frame.pts for frame in container.decode(stream) if frame.pts is not None]
    else:
        times = [packet.pts for packet in container.demux(stream) if packet.pts is not None]
    times.sort()
    gaps = {b - a for a, b in zip(times, times[1:], strict=False)}
    return len(times), gaps, times[0] if times else 0


def _rounded(gaps: set[int], rate: Fraction | None, tick: Fraction | None) -> bool:
    """Whether gaps differ only by rounding: Matroska counts in milliseconds."""
    if rate is None or tick is None or (1 / (rate * tick)).denominator == 1:
        return False
    return all(abs(gap - 1 / (rate * tick)) < 1 for gap in gaps)


def check_video(
    path: Path,
    *,
    frames: int,
    width: int | None = None,
    height: int | None = None,
    rate: Fraction | None = None,
    decode: bool = False,
    may_start_late: bool = False,
    starts_at: Fraction = Fraction(0),
    name: str = "",
) -> None:
    """Raise ProcessingError unless the file has exactly ``frames`` evenly spaced frames of the given size and rate.

    Args:
        decode: also decode every frame; any error in the stream is raised.
        may_start_late: allow a start up to 0.1 s late, as in Matroska, which shifts all streams by the audio priming.
        starts_at: time of the first frame in seconds. Above 0, 0.1 s later is allowed too.
        name: name of the file in errors, as it usually still has a temporary name.
    """
    import av

    try:
        with av.open(file_url(path), metadata_errors="replace") as container:
            stream = container.streams.video[0]
            size, found_rate, tick = (stream.width, stream.height), stream.average_rate, stream.time_base
            count, gaps, first = _grid(container, decode=decode)
    except (av.FFmpegError, IndexError, OSError) as error:
        why = getattr(error, "strerror", None) or error
        raise ProcessingError("media.bad_output", f"{name or path.name} cannot be read back: {why}") from error
    faults = []
    if count != frames:
        faults.append(f"{count} frames instead of {frames}")
    if len(gaps) > 1 and not _rounded(gaps, rate, tick):
        faults.append(f"uneven frame times {sorted(gaps)[:4]}")
    expected = starts_at / tick if tick else Fraction(0)
    slack = 1 / (10 * tick) if (may_start_late or starts_at) and tick else Fraction(0)
    if not math.floor(expected) <= first <= math.ceil(expected) + slack:
        faults.append(f"starts at {first} instead of {float(expected):g}")
    if width and height and size != (width, height):
        faults.append(f"{size[0]}x{size[1]} instead of {width}x{height}")
    if rate and frames > 1 and found_rate != rate and not _rounded(gaps, rate, tick):
        faults.append(f"{found_rate} frames/s instead of {rate}")
    if faults:
        raise ProcessingError("media.bad_output", f"{name or path.name}: {'; '.join(faults)}")
