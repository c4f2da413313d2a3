"""The decoding half of the pass: a clip as raw frames, upright, with square pixels, in BT.709."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from vidgen.errors import ProcessingError
from vidgen.media.ffmpeg import Process, input_args
from vidgen.media.normalise import STEADY, bt709_steps, deinterlace_steps, steady_steps
from vidgen.media.probe import UNTAGGED, MediaInfo
from vidgen.post.scene_changes import Clock, Piece
from vidgen.post.stages import FilterInterpolator, Form, upright_form

PixelFormat = Literal["yuv420p", "yuv420p10le", "rgb24", "rgb48le"]
"""Raw frames in a pipe: limited-range yuv between ffmpegs, full-range RGB for Python; the second of each for 10 bits."""

_SEEKABLE = ("mov", "matroska")
"""Containers in which a seek finds the very frame; in others the piece is counted from the start."""

_HOLD = 4
"""Copies of the last frame that an interpolating filter is given, so that it also makes what comes before it."""


RGB = ("rgb24", "rgb48le")


def deep(pixels: PixelFormat) -> bool:
    """Whether a pixel format has more than 8 bits."""
    return pixels in ("yuv420p10le", "rgb48le")


def frame_bytes(form: Form, pixels: PixelFormat) -> int:
    """Bytes of one raw frame."""
    colour = 2 * form.width * form.height if pixels in RGB else 2 * -(-form.width // 2) * -(-form.height // 2)
    return (form.width * form.height + colour) * (2 if deep(pixels) else 1)


def read_frames(
    info: MediaInfo, pixels: PixelFormat, *, first: int = 0, cancelled: Callable[[], bool] = lambda: False
) -> Iterator[bytes]:
    """Every frame of the clip from number ``first`` on, once, whatever its time. Raises ProcessingError where not all of them
    decode.
    """
    skip = [f"trim=start_frame={first}"] if first else []  # decoded and dropped: exact in every container
    steps = [*skip, *_look_steps(info, pixels), "setpts=N"]
    yield from _read(info, [], steps, pixels, info.frames - first, cancelled)


def read_interpolated(
    info: MediaInfo,
    clock: Clock,
    pieces: Sequence[Piece],
    engine: FilterInterpolator,
    rate: Fraction,
    frames: int,
    pixels: PixelFormat,
    *,
    first: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[bytes]:
    """Frames number ``first`` to ``frames`` (not included) at multiples of 1/rate, interpolated by ``engine`` within each piece
    and never between two.
    """
    done = first
    for piece in pieces:
        until = frames if piece.last == len(clock.times) else min(frames, math.ceil(clock.times[piece.last] * rate))
        if until > done:
            before, steps = _piece_steps(info, clock, piece, pieces, deep(pixels))
            steps += [f"tpad=stop_mode=clone:stop={_HOLD}", engine.filter(rate), f"settb={rate.denominator}/{rate.numerator}"]
            # The filter's grid is absolute: number k is shown at k/rate. What lies before this piece's share is dropped,
            # and its last frame is held to the end of it.
            steps += [f"trim=start_pts={done}", f"tpad=stop_mode=clone:stop={math.ceil(rate) + until - done}"]
            steps += [f"trim=end_frame={until - done}", "setpts=N"]
            if pixels in RGB:
                steps.append("scale=in_range=tv:in_color_matrix=bt709:out_range=pc:flags=accurate_rnd+full_chroma_int")
            yield from _read(info, before, steps, pixels, until - done, cancelled)
        done = max(done, until)


def _piece_steps(
    info: MediaInfo, clock: Clock, piece: Piece, pieces: Sequence[Piece], ten_bits: bool
) -> tuple[list[str], list[str]]:
    """Input options and first steps that give one piece's frames at their own times."""
    before: list[str] = []
    count = f"trim=start_frame={piece.first}:end_frame={piece.last}"
    if piece.first and not info.faults and any(name in info.container for name in _SEEKABLE):
        # To the middle between two frames: a frame's time may be rounded either way.
        middle = clock.offset + (clock.times[piece.first - 1] + clock.times[piece.first]) / 2
        before = ["-ss", f"{float(middle):.6f}"]
        count = f"trim=end_frame={piece.last - piece.first}"
    if info.constant_rate:
        clocked = [f"settb={info.rate.denominator}/{info.rate.numerator}", f"setpts=N+{piece.first}"]
    else:
        start = clock.times[piece.first]
        clocked = ["settb=1/90000", f"setpts=PTS-STARTPTS+{round(start * 90_000)}"]
    single = len(pieces) == 1
    return before, [*([] if single else [count]), *clocked, *_look_steps(info, "yuv420p10le" if ten_bits else "yuv420p")]


def _look_steps(info: MediaInfo, pixels: PixelFormat) -> list[str]:
    """Deinterlace, lay over black, make pixels square, convert to BT.709 (yuv) or full-range RGB."""
    form = upright_form(replace(info, crop=None))
    crop = [f"crop={info.crop[0]}:{info.crop[1]}"] if info.crop else []
    turned = info.rotation in (90, 270)
    coded = (info.height, info.width) if turned else (info.width, info.height)
    ready = (info.pix_fmt, info.color_range, info.color_matrix) == (pixels, 1, 1) and info.color_primaries in (1, UNTAGGED)
    if pixels not in RGB and ready and not info.changes and coded == (form.width, form.height):
        # Nothing to convert: frames stay what they are, bit for bit, and the scaler only waits for one of another size.
        return [*deinterlace_steps(info), f"scale={form.width}:{form.height}", "setsar=1", *crop]
    return [*steady_steps(info), *deinterlace_steps(info), *bt709_steps(info, form.width, form.height, pixels), *crop]


def _read(
    info: MediaInfo,
    before: Sequence[str],
    steps: Sequence[str],
    pixels: PixelFormat,
    frames: int,
    cancelled: Callable[[], bool],
) -> Iterator[bytes]:
    form = upright_form(info)
    size = frame_bytes(form, pixels)
    args = [
        *input_args(info.path.absolute(), *before, *STEADY),
        *("-map", info.source, "-an", "-sn", "-dn", "-vf", ",".join(steps), "-frames:v", str(frames)),
        *("-fps_mode", "passthrough", "-pix_fmt", pixels, "-f", "rawvideo", "pipe:1"),
    ]
    with Process(args, what=f"reading {info.path.name}", stdout=True, cancelled=cancelled) as process:
        for done in range(frames):
            data = process.read(size)
            if len(data) != size:
                process.finish()
                raise ProcessingError(
                    "media.bad_output", f"{info.path.name}: {done} of {frames} frames could be read", where=str(info.path)
                )
            yield data
