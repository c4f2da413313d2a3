"""When a file's picture begins on the file's own clock, so that its sound can be kept in step with it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from vidgen.errors import ProcessingError
from vidgen.media.answers import once_a_file
from vidgen.media.ffmpeg import Process, input_args
from vidgen.media.probe import picture_source

_MOST = 1 << 16


@once_a_file
def picture_start(path: Path) -> Fraction | None:
    """The time, in seconds on the file's clock, of the first picture that decodes; None where none does.

    The ffmpeg that decodes the pictures is asked: a recording that was cut anywhere begins with packets that show nothing.
    """
    args = [
        *input_args(path.absolute(), "-copyts"),
        *("-map", picture_source(path), "-an", "-sn", "-dn", "-frames:v", "1", "-vf", "scale=16:16:flags=neighbor,format=gray"),
        *("-fps_mode", "passthrough", "-enc_time_base", "1/1000000", "-f", "framecrc", "pipe:1"),
    ]
    try:
        with Process(args, what=f"looking for the first picture of {path.name}", stdout=True) as process:
            lines = process.read(_MOST).splitlines()
    except ProcessingError:
        return None
    shown = next((line for line in lines if line and not line.startswith(b"#")), None)
    return Fraction(int(shown.split(b",")[2]), 1_000_000) if shown else None
