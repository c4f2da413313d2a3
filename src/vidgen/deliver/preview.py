"""Silent animations of a part of the film: GIF with a palette of its own, and WebP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vidgen.deliver.check import check_preview
from vidgen.deliver.framing import framing_filters
from vidgen.deliver.spec import Master, PreviewSpec
from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.media.graph import arguments, chain, joined, picture_of
from vidgen.media.rate import rate_text

_RGB = "in_color_matrix=bt709:in_range=tv:out_range=pc"
PALETTE = "palette.png"

Cancel = Callable[[], bool]


def write_preview(spec: PreviewSpec, master: Master, part: Path, folder: Path, cancelled: Cancel = lambda: False) -> None:
    """Write an animation to ``part`` and check it. It repeats without end.

    A GIF is made in two passes, so that not all of its frames are in memory. ``folder``: an existing one for temporary files,
    in which ffmpeg runs. Raises ProcessingError, Cancelled.
    """
    film = input_args(master.file.resolve(), *_from(spec, master))
    what = f"making {spec.name}"
    out = ["-frames:v", str(spec.frames), "-an", "-map_metadata", "-1", "-loop", "0"]
    frames = chain(picture_of("film"), _frames(spec, master))
    if spec.codec == "gif":
        palette = chain(frames, "palettegen=stats_mode=diff")
        run_ffmpeg(arguments({"palette": (palette, [PALETTE])}, {"film": film}), what=what, cwd=folder, cancelled=cancelled)
        # The pattern of an ordered dither stands still, and packs far better than error diffusion.
        drawn = joined([frames, picture_of("palette")], "paletteuse", dither="bayer", bayer_scale=4, diff_mode="rectangle")
        inputs = {"film": film, "palette": input_args((folder / PALETTE).resolve())}
        ends = {"gif": (drawn, [*out, "-f", "gif", f"file:{part.resolve()}"])}
        run_ffmpeg(arguments(ends, inputs), what=what, cwd=folder, cancelled=cancelled)
    else:
        quality = ["-c:v", "libwebp_anim", "-quality", str(spec.percent), "-f", "webp"]
        ends = {"webp": (chain(frames, "format=bgra"), [*out, *quality, f"file:{part.resolve()}"])}
        run_ffmpeg(arguments(ends, {"film": film}), what=what, cwd=folder, cancelled=cancelled)
    check_preview(part, spec)


def _from(spec: PreviewSpec, master: Master) -> list[str]:
    """Input options: half a frame early, because frame times are rounded, and no more than is needed."""
    before = [] if not spec.start else ["-ss", f"{float((spec.start - 0.5) / master.rate):.6f}"]
    return ["-threads", "1", *before, "-t", f"{float(spec.frames / spec.rate + 1 / master.rate):.6f}"]


def _frames(spec: PreviewSpec, master: Master) -> list[str]:
    steps = ["setpts=PTS-STARTPTS"]
    if spec.rate != master.rate:
        steps.append(f"fps={rate_text(spec.rate)}:start_time=0:round=near")
    return [*steps, *framing_filters(master.width, master.height, spec.framing, _RGB), "format=rgb24"]
