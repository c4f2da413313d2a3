"""The list from which ffmpeg joins files of equal form by copy."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

LIST = "pieces.ffconcat"


def list_args() -> list[str]:
    """Arguments that open the list as an input; ffmpeg must run in its folder."""
    return ["-f", "concat", "-safe", "1", "-protocol_whitelist", "file", "-format_whitelist", "concat,mov", "-i", LIST]


def write_list(pieces: Sequence[tuple[Path, int]], rate: Fraction, folder: Path) -> None:
    """Write links with plain names, and the list: ``pieces`` are MP4 files with their frame counts, in order.

    Durations are differences of rounded film times, so that no rounding adds up, however many pieces there are.
    """
    lines, frame = ["ffconcat version 1.0"], 0
    for number, (piece, frames) in enumerate(pieces):
        link = f"{number:05d}.mp4"
        (folder / link).symlink_to(piece.resolve())
        microseconds = _microseconds(frame + frames, rate) - _microseconds(frame, rate)
        lines += [f"file {link}", f"duration {microseconds // 1_000_000}.{microseconds % 1_000_000:06d}"]
        frame += frames
    (folder / LIST).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _microseconds(frame: int, rate: Fraction) -> int:
    return round(Fraction(frame * 1_000_000) / rate)
