"""Conform a clip of any form: exact frame count, one size, one rate, BT.709 limited range, square pixels, upright.

Reasons: frames are resampled by time, because variable rates and coarse time bases are common. Sizes are computed here,
because ffmpeg versions differ in how ``scale`` treats the pixel aspect. The input matrix is always given, because an untagged
HD clip would be read as BT.601. A clip that is too short is an error, not a silent freeze.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

from vidgen.errors import InputError, Notice
from vidgen.media.encode import MASTER
from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.media.files import atomic
from vidgen.media.probe import UNTAGGED, MediaInfo, open_media, picture_stream, probe_video
from vidgen.media.rate import rate_text
from vidgen.media.verify import check_video
from vidgen.media.wording import counted

Fit = Literal["crop", "pad", "stretch"]

MAX_HOLD = 4
"""Most frames that a clip may be short; its last frame is held for them."""

_MATRICES = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
_UNREAD = {8: "YCgCo", 14: "ICtCp"}
"""Matrices that ffmpeg's scaler does not support."""

_PRIMARIES = {4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 11: "smpte431", 12: "smpte432"}
"""Primaries other than BT.709, by ffmpeg's names."""

_CONVERTED = tuple(f"yuv{form}p{depth}" for depth in ("", "10", "12") for form in ("420", "422", "444"))
"""Pixel formats of the ``colorspace`` filter; odd sizes need 4:4:4."""

_RGB = ("rgb", "bgr", "gbr", "argb", "abgr", "pal8", "0rgb", "0bgr", "x2rgb", "x2bgr", "xyz")


@dataclass(frozen=True)
class _Placement:
    """Size of the scaled picture, and the offset of the picture in the frame (pad) or of the frame in the picture (crop)."""

    width: int
    height: int
    left: int
    top: int


def conform_filter(
    info: MediaInfo,
    *,
    width: int,
    height: int,
    rate: Fraction,
    frames: int,
    fit: Fit = "pad",
    pix_fmt: str = MASTER.pix_fmt,
    max_hold: int = MAX_HOLD,
) -> str:
    """An ffmpeg filter chain, without labels, that turns a clip into exactly ``frames`` frames of the given form.

    Args:
        info: the probed clip, or a part of it (``part_from``). ffmpeg itself applies its rotation; do
            not use ``-noautorotate``.
        width, height: of the result, in pixels, even.
        rate: of the result, in frames per second.
        frames: of the result; the end of a longer clip is cut off.
        fit: ``pad`` adds black bars, ``crop`` fills the frame, ``stretch`` distorts.
        pix_fmt: of the result.
        max_hold: most frames that the clip may be short.

    The result's time base is 1/rate and its frames are numbered from 0. Raises InputError if the clip is too short or HDR,
    ValueError for an odd size.
    """
    if width % 2 or height % 2:
        raise ValueError(f"{width}x{height}: sizes must be even")
    hold = check_usable(info, rate, frames, max_hold)
    steps = [
        *([f"trim=start_frame={info.first}"] if info.first else []),
        "setpts=PTS-STARTPTS",
        *steady_steps(info),
        *deinterlace_steps(info),
        f"fps={rate_text(rate)}:round=near",
        f"trim=end_frame={frames}",
        *_size_steps(info, width, height, fit),
        f"format={pix_fmt}",
        # Two more than needed: rounding may end a frame early, and trim removes the rest.
        f"tpad=stop_mode=clone:stop={hold + 2}",
        f"trim=end_frame={frames}",
        f"settb={rate.denominator}/{rate.numerator}",
        "setpts=N",
    ]
    return ",".join(steps)


def check_usable(info: MediaInfo, rate: Fraction, frames: int, max_hold: int = MAX_HOLD) -> int:
    """Frames that the clip is short of ``frames`` at this rate. Raises InputError for more than ``max_hold``, and for HDR."""
    refuse_hdr(info)
    short = _short_by(info, rate, frames)
    if short > max_hold:
        raise InputError(
            "media.too_short",
            f"{info.path} has {counted(frames - short, 'frame')} at {rate_text(rate)}/s; {frames} are needed",
            hint="use a longer clip or a shorter shot",
            where=str(info.path),
        )
    return short


STEADY = ("-reinit_filter", "0")
"""Input options for chains that count frames: if a stream changes its form in the middle, ffmpeg would restart the filters and
count from 0 again. The scaler accepts any frame, so the filters after it never see a change.
"""


def steady_steps(info: MediaInfo) -> list[str]:
    """A first step that scales every frame to the size of the first; empty if the size does not change."""
    width, height = (info.height, info.width) if info.rotation in (90, 270) else (info.width, info.height)
    return [f"scale={width}:{height}:flags=bicubic"] if "size" in info.changes else []


def deinterlace_steps(info: MediaInfo) -> list[str]:
    """Steps that deinterlace to one frame for each pair of fields. Telecine is not undone."""
    return ["bwdif=mode=send_frame:deint=interlaced"] if info.interlaced else []


def input_colour(info: MediaInfo) -> str:
    """Options of ``scale`` for the input's range and matrix; untagged HD is BT.709."""
    if "colours" in info.changes:  # each frame by its own tags
        return "in_range=auto:in_color_matrix=auto"
    span = {1: "tv", 2: "pc"}.get(info.color_range, "auto")
    return f"in_range={span}" if _is_rgb(info) else f"in_range={span}:in_color_matrix={_matrix(info)}"


def bt709_steps(info: MediaInfo, width: int, height: int, pix_fmt: str) -> list[str]:
    """Steps that give BT.709 frames of this size: limited-range YUV, or full-range RGB if ``pix_fmt`` is RGB.

    Transparency is laid over black. Tagged primaries (SD, BT.2020, P3) are converted; an untagged file is taken as BT.709,
    whatever its matrix.
    """
    before, colour = _ready_steps(info)
    out = "out_range=pc" if pix_fmt.startswith("rgb") else "out_range=tv:out_color_matrix=bt709"
    scale = f"scale={width}:{height}:{colour}:{out}:flags={_EXACT}"
    return [*before, scale, "setsar=1", f"format={pix_fmt}"]


_EXACT = "bicubic+accurate_rnd+full_chroma_int"


def _ready_steps(info: MediaInfo) -> tuple[list[str], str]:
    """Steps before the scaler (transparency, primaries), and the scaler's input options after them."""
    if info.alpha:
        deep = "gbrap12" if info.bits > 8 else "gbrap"
        return [
            f"scale={input_colour(info)}:out_range=pc:flags={_EXACT}",
            f"format={deep}",
            "premultiply=inplace=1",
        ], "in_range=pc"
    primaries = _PRIMARIES.get(info.color_primaries)
    if primaries is None or _is_rgb(info) or info.pix_fmt.startswith("gray") or "colours" in info.changes:
        return [], input_colour(info)
    # The filter ignores the pixel aspect and needs even sizes, so it comes first, on the coded frame.
    matrix = {"bt601": "smpte170m", "bt2020": "bt2020ncl"}.get(_matrix(info), _matrix(info))
    read = f"ispace={matrix}:iprimaries={primaries}:itrc=bt709:irange={'pc' if info.color_range == 2 else 'tv'}"
    convert = f"colorspace={read}:space=bt709:primaries=bt709:trc=bt709:range=tv"
    odd = info.width % 2 or info.height % 2
    formats = [name for name in _CONVERTED if not odd or "444" in name]
    return [f"format={'|'.join(formats)}", convert], "in_range=tv:in_color_matrix=bt709"


def _is_rgb(info: MediaInfo) -> bool:
    return info.color_matrix == 0 or any(info.pix_fmt.startswith(name) for name in _RGB)


def _matrix(info: MediaInfo) -> str:
    guess = 1 if info.height >= 720 else 5
    return _MATRICES.get(guess if info.color_matrix == UNTAGGED else info.color_matrix, "bt709")


def refuse_hdr(info: MediaInfo) -> None:
    """Raise InputError for HDR, which would look grey as SDR, and for colour matrices that ffmpeg cannot convert.

    There is no tone mapping, because none is right for all footage.
    """
    kind = info.hdr or _UNREAD.get(info.color_matrix)
    if kind:
        what = f"HDR ({kind}); only SDR is supported" if info.hdr else f"{kind} video, which is not supported"
        hint = "convert it to SDR first" if info.hdr else "convert it to BT.709 first"
        raise InputError("media.hdr", f"{info.path} is {what}", hint=hint, where=str(info.path))


def refuse_alpha(info: MediaInfo) -> MediaInfo:
    """Raise InputError if any pixel of the file is transparent. Else return the info with ``alpha`` false, as for most GIFs."""
    if info.alpha and _any_transparent(info):
        raise InputError(
            "media.alpha",
            f"{info.path} has transparency, which the result could not have",
            hint="lay it over a background first",
            where=str(info.path),
        )
    return replace(info, alpha=False)


def _any_transparent(info: MediaInfo) -> bool:
    with open_media(info.path) as container:
        stream = picture_stream(container)
        if stream is None or not stream.codec_context or stream.metadata.get("alpha_mode") == "1":
            return stream is not None
        frames = (frame.reformat(format="rgba").to_ndarray() for frame in container.decode(stream))
        return any(int(frame[..., 3].min()) < 255 for frame in frames)


def source_notices(info: MediaInfo, *, deep: bool) -> Iterator[Notice]:
    """Notices on what the result loses or changes of the source. ``deep``: whether the result has 10 bits."""
    name = info.path.name
    if info.alpha:
        yield Notice("post.alpha_flattened", f"{name} may have transparency; it was laid over black")
    if info.bits > (10 if deep else 8):
        yield Notice("post.depth_reduced", f"{name} has {info.bits} bits; the result has {10 if deep else 8}")
    if info.fine_chroma:
        yield Notice("post.chroma_reduced", f"{name} is {info.pix_fmt}; the result has 4:2:0 colour, which plays everywhere")
    if info.interlaced:
        text = f"{name} is interlaced; each pair of fields became one whole picture (telecine is not undone)"
        yield Notice("post.deinterlaced", text)
    yield from inside_notices(info)


def inside_notices(info: MediaInfo) -> Iterator[Notice]:
    """Notices on damage and on changes inside the source."""
    name = info.path.name
    if info.undecoded:
        text = f"{name} does not begin with a key frame; frames left out that cannot be decoded: {info.undecoded}"
        yield Notice("post.damaged_source", text)
    if info.changes:
        text = (
            f"{name} changes in the middle ({', '.join(info.changes)}); all of it was converted to the form of its first frame"
        )
        yield Notice("post.changes_inside", text)
    if info.faults:
        yield Notice("post.damaged_source", f"{name} is damaged in places; what could be decoded was used ({info.faults})")


def _short_by(info: MediaInfo, rate: Fraction, frames: int) -> int:
    return max(0, frames - int(info.shown_s * rate + Fraction(1, 2)))


def _size_steps(info: MediaInfo, width: int, height: int, fit: Fit) -> list[str]:
    placement = _placement(info.display_size, width, height, fit)
    before, colour = _ready_steps(info)
    scale = (
        f"scale={placement.width}:{placement.height}:{colour}:out_range=tv:out_color_matrix=bt709:flags=bicubic+accurate_rnd"
    )
    steps = [*before, scale, "setsar=1"]
    if (placement.width, placement.height) != (width, height):
        box = f"{width}:{height}:{placement.left}:{placement.top}"
        steps.append(f"crop={box}" if fit == "crop" else f"pad={box}:black")
    return steps


def fitted(shown: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """The size in pixels (even) of a picture of size ``shown`` scaled to fit into a frame of this size."""
    placement = _placement(shown, width, height, "pad")
    return placement.width, placement.height


def cropped(info: MediaInfo, width: int, height: int) -> MediaInfo:
    """The info with ``crop`` set to the part of the picture that a frame of this size shows with ``fit="crop"``."""
    shown = info.display_size
    placement = _placement(shown, width, height, "crop")
    if (placement.width, placement.height) == (width, height):
        return info
    ratio = max(Fraction(width, shown[0]), Fraction(height, shown[1]))
    size = _even(width / ratio), _even(height / ratio)
    return replace(info, crop=(min(size[0], shown[0]), min(size[1], shown[1])))


def _placement(shown: tuple[int, int], width: int, height: int, fit: Fit) -> _Placement:
    if fit == "stretch":
        return _Placement(width, height, 0, 0)
    ratios = Fraction(width, shown[0]), Fraction(height, shown[1])
    factor = max(ratios) if fit == "crop" else min(ratios)
    scaled = [_even(side * factor) for side in shown]
    # A difference of one or two pixels is rounding of the aspect, not a reason for bars.
    scaled = [target if abs(side - target) <= 2 else side for side, target in zip(scaled, (width, height), strict=True)]
    left, top = (abs(side - target) // 4 * 2 for side, target in zip(scaled, (width, height), strict=True))
    return _Placement(scaled[0], scaled[1], left, top)


def _even(value: Fraction) -> int:
    return max(2, 2 * int(value / 2 + Fraction(1, 2)))


def conform_args(
    info: MediaInfo,
    out: Path,
    *,
    width: int,
    height: int,
    rate: Fraction,
    frames: int,
    fit: Fit = "pad",
    max_hold: int = MAX_HOLD,
) -> list[str]:
    """ffmpeg arguments that conform the clip's picture and write it, without sound, to ``out``."""
    chain = conform_filter(info, width=width, height=height, rate=rate, frames=frames, fit=fit, max_hold=max_hold)
    return [
        *input_args(info.path.absolute(), *STEADY),
        *("-map", info.source, "-an", "-sn", "-dn", "-map_metadata", "-1", "-vf", chain, "-frames:v", str(frames)),
        *MASTER.video_args(rate),
        *("-movflags", "+faststart", f"file:{out.absolute()}"),
    ]


def conform(
    source: Path | MediaInfo,
    out: Path,
    *,
    width: int,
    height: int,
    rate: Fraction,
    frames: int,
    fit: Fit = "pad",
    max_hold: int = MAX_HOLD,
) -> MediaInfo:
    """Write the picture of ``source`` (a file, or a part of one) to ``out`` (.mp4) as exactly ``frames`` frames.

    Checked and atomic. Returns the input's info.

    Arguments as for ``conform_filter``. Raises InputError if the input is not a whole video or is too short, ProcessingError
    if the result is not as requested.
    """
    info = source if isinstance(source, MediaInfo) else probe_video(source)
    with atomic(out) as part:
        args = conform_args(
            info, part, width=width, height=height, rate=rate, frames=frames, fit=fit, max_hold=max_hold,
        )  # fmt: skip
        run_ffmpeg(args, what=f"conforming {info.path.name}")
        check_video(part, frames=frames, width=width, height=height, rate=rate, name=out.name)
    return info
