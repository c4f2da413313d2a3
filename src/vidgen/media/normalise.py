"""Bring a clip of any form to exact frames: one size, one rate, BT.709 limited range, square pixels, upright.

Why each step: rates are resampled by time, because variable rates and coarse time bases are common; sizes are computed
here from the display size, because how ``scale`` treats pixel shape differs between ffmpeg versions; the input's matrix is
always said, because an untagged HD clip would be read as BT.601; a clip that is short is not silently frozen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from vidgen.errors import InputError
from vidgen.media.encode import MASTER, EncodeProfile
from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.media.files import atomic
from vidgen.media.probe import UNTAGGED, MediaInfo, probe_video
from vidgen.media.rate import rate_text
from vidgen.media.verify import check_video

Fit = Literal["crop", "pad", "stretch"]

MAX_HOLD = 4
"""How many frames a clip may be short; that many are filled by holding its last frame."""

_MATRICES = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
_HDR = {16: "PQ", 18: "HLG"}
_RGB = ("rgb", "bgr", "gbr", "pal8", "0bgr")
_ALPHA = ("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya8", "ya16", "pal8")


@dataclass(frozen=True)
class _Placement:
    """Size of the scaled picture, and where it lies in (pad) or is cut to (crop) the target."""

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
    """A filter chain, without labels, that makes exactly ``frames`` frames of the form from the clip that ``info`` tells of.

    Args:
        info: the clip, as probed. Its rotation is applied by ffmpeg itself; do not give ``-noautorotate``.
        width, height: of the result, in pixels, even.
        rate: of the result. ``frames``: how many; a longer clip is cut at its end.
        fit: ``pad`` shows the whole picture between black bars, ``crop`` fills the frame, ``stretch`` distorts.
        pix_fmt: of the result.
        max_hold: how many frames the clip may be short.

    The result's time base is 1/rate and its frames are numbered from 0. Raises InputError where the clip is too short or
    HDR, ValueError for an odd size.
    """
    if width % 2 or height % 2:
        raise ValueError(f"{width}x{height}: sizes must be even")
    refuse_hdr(info)
    hold = _short_by(info, rate, frames)
    if hold > max_hold:
        raise InputError(
            "media.too_short",
            f"{info.path} has {frames - hold} frames at {rate_text(rate)}/s; {frames} are needed",
            hint="use a longer clip or a shorter shot",
            where=str(info.path),
        )
    steps = [
        "setpts=PTS-STARTPTS",
        *(["bwdif=mode=send_frame:deint=interlaced"] if info.interlaced else []),
        f"fps={rate_text(rate)}:round=near",
        f"trim=end_frame={frames}",
        *alpha_steps(info),
        *_size_steps(info, width, height, fit),
        f"format={pix_fmt}",
        # Two more than the count says: rounding may end a frame early, and trim cuts what is too much.
        f"tpad=stop_mode=clone:stop={hold + 2}",
        f"trim=end_frame={frames}",
        f"settb={rate.denominator}/{rate.numerator}",
        "setpts=N",
    ]
    return ",".join(steps)


def input_colour(info: MediaInfo) -> str:
    """Options of ``scale`` that say how the input's numbers are to be read; untagged HD is BT.709."""
    span = {1: "tv", 2: "pc"}.get(info.color_range, "auto")
    if any(info.pix_fmt.startswith(name) for name in _RGB) or info.color_matrix == 0:
        return f"in_range={span}"
    guess = 1 if info.height >= 720 else 5
    matrix = _MATRICES.get(guess if info.color_matrix == UNTAGGED else info.color_matrix, "bt709")
    return f"in_range={span}:in_color_matrix={matrix}"


def alpha_steps(info: MediaInfo) -> list[str]:
    """Steps that lay a transparent picture over black, instead of showing what transparency hides."""
    return ["format=gbrap", "premultiply=inplace=1"] if any(info.pix_fmt.startswith(name) for name in _ALPHA) else []


def refuse_hdr(info: MediaInfo) -> None:
    """Raise InputError for a PQ or HLG clip: shown as SDR it would be grey and wrong, and no tone mapping is right for all."""
    if kind := _HDR.get(info.color_transfer):
        raise InputError(
            "media.hdr",
            f"{info.path} is HDR ({kind}); only standard dynamic range is handled",
            hint="convert it to SDR first",
            where=str(info.path),
        )


def _short_by(info: MediaInfo, rate: Fraction, frames: int) -> int:
    shown = Fraction(info.frames) / info.rate if info.constant_rate else Fraction(str(info.duration_s))
    return max(0, frames - int(shown * rate + Fraction(1, 2)))


def _size_steps(info: MediaInfo, width: int, height: int, fit: Fit) -> list[str]:
    place = _placement(info.display_size, width, height, fit)
    colour = "in_range=pc" if alpha_steps(info) else input_colour(info)
    scale = f"scale={place.width}:{place.height}:{colour}:out_range=tv:out_color_matrix=bt709:flags=bicubic+accurate_rnd"
    steps = [scale, "setsar=1"]
    if (place.width, place.height) != (width, height):
        box = f"{width}:{height}:{place.left}:{place.top}"
        steps.append(f"crop={box}" if fit == "crop" else f"pad={box}:black")
    return steps


def _placement(shown: tuple[int, int], width: int, height: int, fit: Fit) -> _Placement:
    if fit == "stretch":
        return _Placement(width, height, 0, 0)
    ratios = Fraction(width, shown[0]), Fraction(height, shown[1])
    factor = max(ratios) if fit == "crop" else min(ratios)
    scaled = [_even(side * factor) for side in shown]
    # A difference of a pixel or two is rounding of the aspect, not a reason for bars.
    scaled = [wanted if abs(side - wanted) <= 2 else side for side, wanted in zip(scaled, (width, height), strict=True)]
    left, top = (abs(side - wanted) // 4 * 2 for side, wanted in zip(scaled, (width, height), strict=True))
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
    profile: EncodeProfile = MASTER,
    max_hold: int = MAX_HOLD,
) -> list[str]:
    """Arguments of one ffmpeg run that conforms the clip's pictures and writes them, without sound, to ``out``."""
    chain = conform_filter(
        info, width=width, height=height, rate=rate, frames=frames, fit=fit, pix_fmt=profile.pix_fmt, max_hold=max_hold
    )
    return [
        *input_args(info.path.absolute()),
        *("-map", "0:V:0", "-an", "-sn", "-dn", "-map_metadata", "-1", "-vf", chain, "-frames:v", str(frames)),
        *profile.video_args(rate),
        *("-movflags", "+faststart", f"file:{out.absolute()}"),
    ]


def conform(
    path: Path,
    out: Path,
    *,
    width: int,
    height: int,
    rate: Fraction,
    frames: int,
    fit: Fit = "pad",
    profile: EncodeProfile = MASTER,
    max_hold: int = MAX_HOLD,
    on_frame: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> MediaInfo:
    """Write ``path``'s pictures to ``out`` (.mp4) as exactly ``frames`` frames, checked; returns what the input was.

    Arguments as ``conform_filter``. Raises InputError where the input is not a whole video or is too short, ProcessingError
    where the result is not what was asked for; ``out`` is written whole or not at all.
    """
    info = probe_video(path)
    with atomic(out) as part:
        args = conform_args(
            info, part, width=width, height=height, rate=rate, frames=frames, fit=fit, profile=profile, max_hold=max_hold
        )
        run_ffmpeg(args, what=f"conforming {path.name}", on_frame=on_frame, cancelled=cancelled)
        check_video(part, frames=frames, width=width, height=height, rate=rate)
    return info
