"""What a media file really holds, read with PyAV (no ffprobe needed)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from vidgen.errors import InputError


@dataclass(frozen=True)
class MediaInfo:
    """One file's first video stream and audio. Sizes in pixels as coded; ``frames`` counts packets; ``duration_s`` seconds."""

    path: Path
    container: str
    has_video: bool
    has_audio: bool
    width: int
    height: int
    rate: Fraction
    frames: int
    duration_s: float
    pix_fmt: str
    codec: str
    color_range: int
    color_matrix: int
    color_primaries: int
    color_transfer: int
    sar: Fraction
    rotation: int
    interlaced: bool
    constant_rate: bool


def probe(path: Path) -> MediaInfo:
    """Read a file's streams and count its frames by demuxing. Raises InputError where it is not readable media."""
    import av

    if not path.is_file():
        raise InputError("media.not_found", f"{path} does not exist", hint="check the path", where=str(path))
    try:
        with av.open(str(path)) as container:
            return _read(path, container)
    except av.FFmpegError as error:
        raise InputError(
            "media.unreadable", f"{path} is not a readable media file ({error.strerror})", where=str(path)
        ) from error


def _read(path: Path, container: object) -> MediaInfo:
    raise NotImplementedError
