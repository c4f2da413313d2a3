"""The pass: decode, interpolate, enlarge, grade, grain, encode. Frames stream; nothing is stored in between."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from vidgen.errors import Cancelled, InputError, Notice
from vidgen.media.ffmpeg import Process
from vidgen.media.files import atomic
from vidgen.media.frames import Frame
from vidgen.media.normalise import alpha_steps, refuse_hdr
from vidgen.media.probe import MediaInfo, probe_video
from vidgen.media.rate import rate_text
from vidgen.media.verify import check_video
from vidgen.post.cuts import Piece, find_pieces, read_clock
from vidgen.post.engines import Lanczos, Nearest, choose_interpolator, choose_upscaler
from vidgen.post.grade import grade_filters, grain_filters
from vidgen.post.reading import PixelFormat, read_frames, read_interpolated, upright_form
from vidgen.post.retime import retime
from vidgen.post.settings import PostResult, PostSettings
from vidgen.post.stages import FilterInterpolator, FilterUpscaler, Form, FrameUpscaler, Interpolator, PairInterpolator, Upscaler

OnFrame = Callable[[int, int], None]
"""Called with frames done and frames in all."""

MAX_HOLD = 4
"""How many frames a clip may be short of the count that is asked for."""

_TO_YUV = "scale=in_range=pc:out_range=tv:out_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_int"


@dataclass(frozen=True)
class Extra:
    """What else goes into the output file: inputs (after the pictures, which are input 0) and output arguments."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ("-an",)


def process_clip(
    src: Path,
    out: Path,
    settings: PostSettings,
    *,
    frames: int | None = None,
    on_frame: OnFrame = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
    extra: Extra | None = None,
) -> PostResult:
    """Bring a clip to ``settings`` in one streamed pass and write it to ``out``, whole and checked or not at all.

    Args:
        src: any video file. out: ``.mp4`` (or ``.mov``, ``.mkv``), without sound unless ``extra`` brings it.
        frames: exact number of frames of the result; None: the clip's length at the new rate. A clip may be up to 4 short.
        on_frame: called after each frame with (done, total). cancelled: true once the user wants to stop.

    Raises InputError for a source or LUT that cannot be used, MissingError for an engine that is not here, ProcessingError
    where the result is not what it should be, Cancelled.
    """
    started = time.monotonic()
    info = probe_video(src)
    refuse_hdr(info)
    work = _plan(info, settings, frames)
    with atomic(out) as part, tempfile.TemporaryDirectory(prefix="vidgen-post-") as folder:
        filters = _after(work, settings, Path(folder))
        args = _encode_args(work, filters, settings, extra or Extra(), part)
        with Process(args, what=f"writing {out.name}", stdin=True, cwd=Path(folder), cancelled=cancelled) as writer:
            for done, frame in enumerate(_pictures(info, work, cancelled), 1):
                if cancelled():
                    raise Cancelled()
                writer.write(frame)
                on_frame(done, work.frames)
        check_video(
            part,
            frames=work.frames,
            width=settings.width,
            height=settings.height,
            rate=settings.rate,
            may_start_late=part.suffix.lower() == ".mkv",
        )
    return PostResult(
        file=out,
        width=settings.width,
        height=settings.height,
        rate=settings.rate,
        frames=work.frames,
        interpolated_by=work.interpolator.name if work.interpolator else None,
        upscaled_by=work.upscaler.name if work.upscaler else None,
        model=work.upscaler.model if work.upscaler else None,
        seconds=time.monotonic() - started,
        notices=tuple(_notices(info, settings)),
        why=work.why,
    )


def _pictures(info: MediaInfo, work: _Work, cancelled: Callable[[], bool]) -> Iterator[bytes | memoryview]:
    """The frames of the result before they are resized and graded: exactly as many as are wanted."""
    last: bytes | memoryview = b""
    count = 0
    for picture in _enlarged(info, work, cancelled):
        last = picture if isinstance(picture, bytes) else np.ascontiguousarray(picture).data.cast("B")
        count += 1
        yield last
        if count == work.frames:
            return
    yield from (last for _ in range(work.frames - count))


def _enlarged(info: MediaInfo, work: _Work, cancelled: Callable[[], bool]) -> Iterator[bytes | Frame]:
    for picture in _timed(info, work, cancelled):
        if isinstance(work.upscaler, FrameUpscaler):
            yield work.upscaler.enlarge(_array(picture, work.source) if isinstance(picture, bytes) else picture)
        else:
            yield picture


def _timed(info: MediaInfo, work: _Work, cancelled: Callable[[], bool]) -> Iterator[bytes | Frame]:
    engine = work.interpolator
    if engine is None:
        yield from read_frames(info, work.pixels, cancelled=cancelled)
        return
    clock = read_clock(info)
    pieces = [Piece(0, info.frames)] if isinstance(engine, Nearest) else find_pieces(info, cancelled=cancelled)
    if isinstance(engine, FilterInterpolator):
        yield from read_interpolated(info, clock, pieces, engine, work.rate, work.frames, work.pixels, cancelled=cancelled)
    else:
        pictures = (_array(data, work.source) for data in read_frames(info, work.pixels, cancelled=cancelled))
        yield from retime(pictures, clock.times, {piece.first for piece in pieces[1:]}, engine, work.rate, work.frames)


def _array(data: bytes, form: Form) -> Frame:
    return np.frombuffer(data, np.uint8).reshape(form.height, form.width, 3)


def _after(work: _Work, settings: PostSettings, folder: Path) -> list[str]:
    """The filters behind the pipe: to yuv, to size, colours, grain."""
    steps = ["setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"]
    if work.pixels == "rgb24":
        steps = [_TO_YUV, "format=yuv420p"]
    piped, wanted = work.piped, (settings.width, settings.height)
    if isinstance(work.upscaler, FilterUpscaler):
        steps.append(work.upscaler.filter(*wanted))
    elif (piped.width, piped.height) != wanted:
        steps.append(Lanczos().filter(*wanted))
    return [*steps, *grade_filters(settings.grade, folder), *grain_filters(settings.grain, settings.seed), "setsar=1"]


def _encode_args(work: _Work, filters: Sequence[str], settings: PostSettings, extra: Extra, part: Path) -> list[str]:
    form = work.piped
    video = settings.profile.video_args(settings.rate)
    if part.suffix.lower() == ".mkv":
        video = _without(video, "-video_track_timescale")
    else:
        video += ["-movflags", "+faststart"]
    return [
        *("-f", "rawvideo", "-pix_fmt", work.pixels, "-s", f"{form.width}x{form.height}", "-r", rate_text(work.rate)),
        *("-i", "pipe:0", *extra.inputs, "-map", "0:v:0", "-vf", ",".join(filters)),
        *(*video, *extra.outputs, f"file:{part.absolute()}"),
    ]


def _without(args: Sequence[str], option: str) -> list[str]:
    place = args.index(option)
    return [*args[:place], *args[place + 2 :]]


_PLAIN = ("yuv420p", "yuvj420p", "nv12", "gray")


def _notices(info: MediaInfo, settings: PostSettings) -> Iterator[Notice]:
    yield from settings.notices
    if alpha_steps(info):
        yield Notice("post.alpha_flattened", f"{info.path.name} has transparency; it was laid over black")
    if info.pix_fmt not in _PLAIN:
        yield Notice("post.depth_reduced", f"{info.path.name} is {info.pix_fmt}; the result has 8 bits and 4:2:0 colour")


@dataclass(frozen=True)
class _Work:
    """What will be done: from the form of the clip to ``frames`` frames, in which pixels they go through the pipe."""

    source: Form
    frames: int
    rate: Fraction
    pixels: PixelFormat
    interpolator: Interpolator | None
    upscaler: Upscaler | None
    why: tuple[str, ...]

    @property
    def piped(self) -> Form:
        """What goes through the pipe to the encoder."""
        factor = self.upscaler.factor if isinstance(self.upscaler, FrameUpscaler) else 1
        return Form(self.source.width * factor, self.source.height * factor, self.rate)


def _plan(info: MediaInfo, settings: PostSettings, frames: int | None) -> _Work:
    if settings.width % 2 or settings.height % 2:
        raise InputError("post.bad_size", f"{settings.width}x{settings.height}: width and height must be even")
    source = upright_form(info)
    seconds = Fraction(info.frames) / info.rate if info.constant_rate else read_clock(info).end
    natural = max(1, int(seconds * settings.rate + Fraction(1, 2)))
    total = natural if frames is None else frames
    if total - natural > MAX_HOLD:
        text = f"{info.path} has {natural} frames at {rate_text(settings.rate)}/s; {total} are needed"
        raise InputError("media.too_short", text, hint="use a longer clip", where=str(info.path))
    why: list[str] = []
    interpolator: Interpolator | None = None
    upscaler: Upscaler | None = None
    if settings.rate != info.rate or not info.constant_rate:
        interpolator, reason = choose_interpolator(settings.interpolate, info.rate, settings.rate)
        why.append(reason)
    if (settings.width, settings.height) != (source.width, source.height):
        upscaler, reason = choose_upscaler(settings.upscale, settings.model)
        why.append(reason)
    python = isinstance(interpolator, PairInterpolator) or isinstance(upscaler, FrameUpscaler)
    return _Work(source, total, settings.rate, "rgb24" if python else "yuv420p", interpolator, upscaler, tuple(why))
