"""Arguments and list file with which ffmpeg joins files of equal form by copy."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from vidgen.media.encode import timescale

LIST = "pieces.ffconcat"


def list_args() -> list[str]:
    """Arguments that open the list as an input. ffmpeg must run in the list's folder."""
    return ["-f", "concat", "-safe", "0", "-protocol_whitelist", "file", "-format_whitelist", "concat,mov", "-i", LIST]


REORDERED = 2
"""Frames by which decoding is ahead of presentation (B-frame delay) with our encoder settings."""


def copy_args(rate: Fraction) -> list[str]:
    """Output arguments that copy the video with steady decoding times.

    A piece of one or two frames has no B-frame delay. Without this the decoding times would jump after it, and the film's
    duration would be wrong.
    """
    step = timescale(rate) / rate
    clock = f"setts=pts=PTS:dts=(N-{REORDERED})*{step.numerator}"
    return ["-c:v", "copy", "-bsf:v", clock, "-video_track_timescale", str(timescale(rate))]


def write_list(pieces: Sequence[tuple[Path, int]], rate: Fraction, folder: Path) -> None:
    """Write the list to ``folder``. ``pieces``: MP4 files with their frame counts, in order.

    The list names symbolic links in ``folder``, or the paths themselves on a disk without links. Durations are differences of
    rounded film times, so that rounding does not accumulate.
    """
    lines, frame = ["ffconcat version 1.0"], 0
    for number, (piece, frames) in enumerate(pieces):
        name = _named(piece.resolve(), folder / f"{number:05d}.mp4")
        microseconds = _microseconds(frame + frames, rate) - _microseconds(frame, rate)
        lines += [f"file {name}", f"duration {microseconds // 1_000_000}.{microseconds % 1_000_000:06d}"]
        frame += frames
    (folder / LIST).write_bytes(os.fsencode("\n".join(lines) + "\n"))


def _named(piece: Path, link: Path) -> str:
    """The name of a piece in the list: a new link without special characters, else the quoted path."""
    try:
        link.symlink_to(piece)
    except OSError:
        return "'{}'".format(str(piece).replace("'", "'\\''"))
    return link.name


def _microseconds(frame: int, rate: Fraction) -> int:
    return round(Fraction(frame * 1_000_000) / rate)
