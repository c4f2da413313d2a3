"""The list from which ffmpeg joins files of equal form by copy."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from vidgen.media.encode import timescale

LIST = "pieces.ffconcat"


def list_args() -> list[str]:
    """Arguments that open the list as an input; ffmpeg must run in its folder."""
    return ["-f", "concat", "-safe", "0", "-protocol_whitelist", "file", "-format_whitelist", "concat,mov", "-i", LIST]


REORDERED = 2
"""By how many frames decoding runs ahead of showing in what our encoders write."""


def copy_args(rate: Fraction) -> list[str]:
    """Output arguments that copy the pictures with one steady decoding clock: a piece of one or two frames has none of the
    usual delay, and without this the clock would jump after it, and the film's length be told wrong.
    """
    step = timescale(rate) / rate
    clock = f"setts=pts=PTS:dts=(N-{REORDERED})*{step.numerator}"
    return ["-c:v", "copy", "-bsf:v", clock, "-video_track_timescale", str(timescale(rate))]


def write_list(pieces: Sequence[tuple[Path, int]], rate: Fraction, folder: Path) -> None:
    """Write links with plain names, and the list: ``pieces`` are MP4 files with their frame counts, in order. On a disk without
    links the list has the paths themselves.

    Durations are differences of rounded film times, so that no rounding adds up, however many pieces there are.
    """
    lines, frame = ["ffconcat version 1.0"], 0
    for number, (piece, frames) in enumerate(pieces):
        name = _named(piece.resolve(), folder / f"{number:05d}.mp4")
        microseconds = _microseconds(frame + frames, rate) - _microseconds(frame, rate)
        lines += [f"file {name}", f"duration {microseconds // 1_000_000}.{microseconds % 1_000_000:06d}"]
        frame += frames
    (folder / LIST).write_bytes(os.fsencode("\n".join(lines) + "\n"))


def _named(piece: Path, link: Path) -> str:
    """How the list names a piece: by a link, which has no odd characters, else by its path in quotes."""
    try:
        link.symlink_to(piece)
    except OSError:
        return "'{}'".format(str(piece).replace("'", "'\\''"))
    return link.name


def _microseconds(frame: int, rate: Fraction) -> int:
    return round(Fraction(frame * 1_000_000) / rate)
