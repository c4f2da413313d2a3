"""Copies of a part of a clip that lose nothing, for steps that read whole files."""

from __future__ import annotations

from pathlib import Path

from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.media.files import atomic
from vidgen.media.probe import MediaInfo


def copy_lossless(info: MediaInfo, out: Path) -> None:
    """Write the frames that ``info`` tells of (see ``part_from``) to ``out`` (.mp4) bit for bit, without sound, each at its own
    time from 0 on. Raises ProcessingError where they do not decode; ``out`` is written whole or not at all.
    """
    chain = f"trim=start_frame={info.first}:end_frame={info.first + info.frames},setpts=PTS-STARTPTS"
    with atomic(out) as part:
        run_ffmpeg(
            [
                *input_args(info.path.absolute()),
                *("-map", info.source, "-an", "-sn", "-dn", "-vf", chain, "-fps_mode", "passthrough"),
                *("-enc_time_base", "demux", "-c:v", "libx264", "-preset", "ultrafast", "-qp", "0"),
                *("-f", "mp4", f"file:{part.absolute()}"),
            ],
            what=f"copying a part of {info.path.name}",
        )
