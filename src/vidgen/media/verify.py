"""Check an encoded file before it gets its final name: an exit code of 0 proves nothing."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from vidgen.errors import ProcessingError


def pts_grid(path: Path) -> tuple[int, set[int], int]:
    """Number of video packets, the set of gaps between sorted presentation times, and the first time, in stream ticks."""
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        times = sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None)
    gaps = {b - a for a, b in zip(times, times[1:], strict=False)}
    return len(times), gaps, times[0] if times else 0


def _rounded(gaps: set[int], rate: Fraction | None, tick: Fraction | None) -> bool:
    """Whether two gaps differ by rounding alone: Matroska counts in milliseconds."""
    if rate is None or tick is None or (1 / (rate * tick)).denominator == 1:
        return False
    return all(abs(gap - 1 / (rate * tick)) < 1 for gap in gaps)


def check_video(
    path: Path, *, frames: int, width: int | None = None, height: int | None = None, rate: Fraction | None = None
) -> None:
    """Raise ProcessingError unless the file holds exactly ``frames`` frames on one grid, of the given size and rate."""
    import av

    try:
        count, gaps, first = pts_grid(path)
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            size, found_rate, tick = (stream.width, stream.height), stream.average_rate, stream.time_base
    except (av.FFmpegError, IndexError, OSError) as error:
        raise ProcessingError("media.bad_output", f"{path.name} cannot be read back: {error}") from error
    wrong = []
    if count != frames:
        wrong.append(f"{count} frames instead of {frames}")
    if len(gaps) > 1 and not _rounded(gaps, rate, tick):
        wrong.append(f"uneven frame times {sorted(gaps)[:4]}")
    if first != 0:
        wrong.append(f"starts at {first} instead of 0")
    if width and height and size != (width, height):
        wrong.append(f"{size[0]}x{size[1]} instead of {width}x{height}")
    if rate and frames > 1 and found_rate != rate:
        wrong.append(f"{found_rate} frames/s instead of {rate}")
    if wrong:
        raise ProcessingError("media.bad_output", f"{path.name}: {'; '.join(wrong)}")
