"""The two commands on any video file: other rate, other size; sound, subtitles and chapters come along."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from vidgen.errors import Cancelled, InputError, Notice
from vidgen.media.encode import delivery
from vidgen.media.exact import probe_exact
from vidgen.media.normalise import refuse_alpha
from vidgen.media.places import check_output_file
from vidgen.media.probe import MediaInfo
from vidgen.media.rate import parse_rate
from vidgen.post.clip import Hooks, process_clip
from vidgen.post.companions import companions
from vidgen.post.engines import choose_interpolator, choose_upscaler
from vidgen.post.segments import kept_frames
from vidgen.post.settings import FileResult, PostResult, PostSettings
from vidgen.post.stages import Form, upright_form

MAX_SIDE = 16_384

_NOTHING_KEPT = "nothing of it is kept yet: the same command begins anew"

SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv")


def interpolate_file(
    src: Path,
    out: Path,
    *,
    rate: Fraction | float | str | None = None,
    factor: Fraction | float | None = None,
    engine: str = "auto",
    hooks: Hooks = Hooks(),
) -> FileResult:
    """Give a video another frame rate: ``rate`` frames per second, or ``factor`` times its own; exactly one of them.

    The result has round(frames * new rate / old rate) frames on one grid; scene changes are never morphed. Raises InputError
    for a file or value that cannot be used, MissingError for an engine that is not here, ProcessingError, Cancelled.
    """
    if (rate is None) == (factor is None):
        raise InputError("usage.invalid", "give a frame rate or a factor, one of the two", hint="--fps 60 or --factor 2")
    info = _source(src, out, hooks.cancelled)
    own = info.usual_rate
    target = _rate(rate, factor, own)
    choose_interpolator(engine, own, target)  # a wrong name is an error even where the rate stays
    width, height = upright_form(info).even_size
    settings = PostSettings(width, height, target, interpolate=engine, profile=delivery(info, width, height))
    result = _process(info, out, settings, hooks)
    return _file_result(result, result.interpolated_by or "none", result.interpolation_model)


def upscale_file(
    src: Path,
    out: Path,
    *,
    scale: int | None = None,
    height: int | None = None,
    engine: str = "auto",
    model: str | None = None,
    tile: int | None = None,
    hooks: Hooks = Hooks(),
) -> FileResult:
    """Enlarge a video ``scale`` times (2, 3 or 4; 2 where nothing is given) or to a picture ``height``; at its own rate.

    Raises as ``interpolate_file``.
    """
    if scale is not None and height is not None:
        raise InputError("usage.invalid", "give a scale or a height, not both", hint="--scale 2 or --height 2160")
    choose_upscaler(engine, model)  # a wrong name is an error even where the size stays
    info = _source(src, out, hooks.cancelled)
    form = upright_form(info)
    width, tall = _size(form.width, form.height, scale, height)
    rate = info.usual_rate
    settings = PostSettings(
        width, tall, rate, interpolate="nearest", upscale=engine, model=model, tile=tile, profile=delivery(info, width, tall)
    )
    result = _process(info, out, settings, hooks, height)
    return _file_result(result, result.upscaled_by or "none", result.model)


def _rate(rate: Fraction | float | str | None, factor: Fraction | float | None, own: Fraction) -> Fraction:
    if factor is not None and not math.isfinite(factor):
        raise InputError("usage.invalid", f"a factor is a number above 0, not {factor}", hint="--factor 2")
    try:
        if factor is not None:
            return parse_rate(own * Fraction(str(factor)))
        return parse_rate(rate if rate is not None else own)
    except (ValueError, OverflowError) as error:
        raise InputError("usage.invalid", str(error), hint="--fps takes 24, 23.976 or 24000/1001; --factor a number") from error


def _size(width: int, height: int, scale: int | None, target: int | None) -> tuple[int, int]:
    if target is None:
        factor = 2 if scale is None else scale
        if factor not in (2, 3, 4):
            raise InputError("usage.invalid", f"a scale is 2, 3 or 4, not {factor}", hint="or give --height")
        size = Form(width * factor, height * factor, Fraction(1)).even_size
    elif target < 2:
        raise InputError("usage.invalid", f"a height is 2 pixels or more, not {target}", hint="--height 2160")
    else:
        size = max(2, round(Fraction(width * target, height) / 2) * 2), target + target % 2
    if max(size) > MAX_SIDE:
        raise InputError("post.bad_size", f"{size[0]}x{size[1]}: at most {MAX_SIDE} pixels a side can be encoded")
    return size


def _source(src: Path, out: Path, cancelled: Callable[[], bool]) -> MediaInfo:
    if out.suffix.lower() not in SUFFIXES:
        hint = f"end it in {', '.join(SUFFIXES)}"
        raise InputError("output.bad_name", f"{out}: a name like this is not known to hold video", hint=hint, where=str(out))
    check_output_file(out, [src])
    return refuse_alpha(probe_exact(src, cancelled=cancelled))


def _process(
    info: MediaInfo,
    out: Path,
    settings: PostSettings,
    hooks: Hooks,
    height: int | None = None,
) -> PostResult:
    extra = companions(info, out.suffix, settings.rate)
    try:
        result = process_clip(info, out, settings, extra=extra, hooks=hooks)
    except (KeyboardInterrupt, Cancelled) as stop:
        kept = kept_frames(out)
        stop.add_note(f"the first {kept} frames are kept: the same command goes on after them" if kept else _NOTHING_KEPT)
        raise
    return replace(result, notices=(*result.notices, *_made_even(info, result, height), *extra.notices))


def _made_even(info: MediaInfo, result: PostResult, height: int | None) -> Iterator[Notice]:
    """What to say where a side of the result is not as it was asked for (``height``, in pixels) or follows from the source."""
    if height is not None:
        if height != result.height:
            text = f"a height of {height} was asked for, but video with 4:2:0 colour has even sides"
            yield Notice("post.even_size", f"{text}: it is {result.width}x{result.height}")
        return
    form = upright_form(info)
    factor = max(1, result.width // form.width)
    exact = Form(form.width * factor, form.height * factor, form.rate)
    if (exact.width, exact.height) != (result.width, result.height) == exact.even_size:
        text = f"{info.path.name} would be {exact.width}x{exact.height}, but video with 4:2:0 colour has even sides"
        yield Notice("post.even_size", f"{text}: it is {result.width}x{result.height}")


def _file_result(result: PostResult, engine: str, model: str | None) -> FileResult:
    return FileResult(
        output=result.file,
        width=result.width,
        height=result.height,
        rate=result.rate,
        frames=result.frames,
        engine=engine,
        model=model,
        seconds=result.seconds,
        notices=result.notices,
        why=result.why,
    )
