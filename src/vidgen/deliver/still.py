"""One frame of the film as a picture: a poster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vidgen.deliver.check import check_still
from vidgen.deliver.framing import framing_filters
from vidgen.deliver.spec import Master, StillSpec
from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.media.graph import arguments, chain, picture_of

_COLOURS = {
    "jpeg": "in_color_matrix=bt709:in_range=tv:out_color_matrix=bt601:out_range=pc",
    "png": "in_color_matrix=bt709:in_range=tv:out_range=pc",
}
"""JPEG files are BT.601 of full range by their standard, whatever the film is."""


def write_still(spec: StillSpec, master: Master, part: Path, cancelled: Callable[[], bool] = lambda: False) -> None:
    """Write a frame of the film to ``part`` as JPEG or PNG, and check it. Raises ProcessingError, Cancelled."""
    before = ["-ss", f"{float((spec.frame - 0.5) / master.rate):.6f}"] if spec.frame else []
    film = input_args(master.file.resolve(), "-threads", "1", *before)
    pixels = "yuvj444p" if spec.codec == "jpeg" else "rgb24"
    steps = [*framing_filters(master.width, master.height, spec.framing, _COLOURS[spec.codec]), f"format={pixels}"]
    out = ["-frames:v", "1", "-map_metadata", "-1", "-update", "1", "-f", "image2"]
    if spec.codec == "jpeg":
        out += ["-c:v", "mjpeg", "-q:v", str(max(2, round(2 + (92 - spec.percent) / 6)))]
    ends = {"still": (chain(picture_of("film"), steps), [*out, f"file:{part.resolve()}"])}
    run_ffmpeg(arguments(ends, {"film": film}), what=f"making {spec.name}", cancelled=cancelled)
    check_still(part, spec)
