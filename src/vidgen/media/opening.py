"""The time at which a file's picture begins, so that its sound stays in sync."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from vidgen.errors import ProcessingError
from vidgen.media.answers import once_a_file
from vidgen.media.ffmpeg import Process, input_args
from vidgen.media.probe import picture_source

_MAX_BYTES = 1 << 16


@once_a_file
def picture_start(path: Path) -> Fraction | None:
    """Time of the first frame that decodes, in seconds of the file's clock; None if none does.

    ffmpeg decodes it: a recording that was cut between key frames starts with packets that show nothing.
    """
    args = [
        *input_args(path.absolute(), "-copyts"),
        *("-map", picture_source(path), "-an", "-sn", "-dn", "-frames:v", "1", "-vf", "scale=16:16:flags=neighbor,format=gray"),
        *("-fps_mode", "passthrough", "-enc_time_base", "1/1000000", "-f", "framecrc", "pipe:1"),
    ]
    try:
        with Process(args, what=f"looking for the first picture of {path.name}", stdout=True) as process:
            lines = process.read(_MAX_BYTES).splitlines()
    except ProcessingError:
        return None
    shown = next((line for line in lines if line and not line.startswith(b"#")), None)
    return Fraction(int(shown.split(b",")[2]), 1_000_000) if shown else None
