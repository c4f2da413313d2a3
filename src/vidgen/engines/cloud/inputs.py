"""Pictures and clips on their way to a provider: converted, made to fit its limits, as bytes, data address or base64."""

from __future__ import annotations

import base64
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from vidgen.errors import InputError
from vidgen.media.normalise import conform
from vidgen.media.probe import MediaInfo, part_from, probe_video
from vidgen.media.scratch import scratch_folder
from vidgen.takes.request import Inputs

if TYPE_CHECKING:
    from vidgen.media.frames import Frame

QUALITIES = (95, 90, 82, 72, 60)
MAX_CLIP_SIDE = 1920
MAX_CLIP_RATE = 30
"""Frames per second, at most, of a clip that is sent."""


@dataclass(frozen=True)
class Limits:
    """What a provider takes: bytes, longest and shortest side in pixels, and the extremes of width / height."""

    max_bytes: int = 5 << 20
    max_side: int = 4096
    min_side: int = 1
    shapes: tuple[float, float] = (0.0, 1e9)


@dataclass(frozen=True)
class Blob:
    """Bytes with their media type and a file name to upload under."""

    content: bytes
    media_type: str
    name: str

    @property
    def data_uri(self) -> str:
        """As ``data:TYPE;base64,...``."""
        return f"data:{self.media_type};base64,{self.bare}"

    @property
    def bare(self) -> str:
        """Base64 without any prefix."""
        return base64.b64encode(self.content).decode("ascii")


P = ParamSpec("P")


def _shared(read: Callable[Concatenate[Path, P], Blob]) -> Callable[Concatenate[Path, P], Blob]:
    """``read``, once for a file and the same arguments until the file is changed: takes of one shot send the same."""

    @functools.lru_cache(maxsize=4)
    def known(stamp: tuple[int, ...], path: Path, args: Any, options: Any) -> Blob:
        return read(path, *args, **dict(options))

    @functools.wraps(read)
    def shared(path: Path, /, *args: P.args, **options: P.kwargs) -> Blob:
        try:
            now = path.stat()
        except (OSError, ValueError):
            return read(path, *args, **options)  # which says what is wrong with it
        stamp = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
        return known(stamp, path, args, tuple(options.items()))

    return shared


@_shared
def picture(path: Path, limits: Limits, *, shape: float | None = None, size: tuple[int, int] | None = None) -> Blob:
    """A picture as JPEG within the limits; ``shape``: cropped about its centre to this width / height first; ``size``:
    cropped to the shape of these pixels (width, height) and scaled to them exactly.

    Raises InputError where it is no picture or its shape is outside what the provider takes.
    """
    from vidgen.media.stills import read_image

    return encoded(read_image(path), limits, path, shape=shape, size=size)


@_shared
def last_frame(
    clip: Path,
    limits: Limits,
    *,
    frames: int | None = None,
    shape: float | None = None,
    size: tuple[int, int] | None = None,
) -> Blob:
    """The last picture of a clip, to open the next shot with; ``frames``: how many of it are in the film (None: all)."""
    from vidgen.media.frames import read_frames

    last: Frame | None = None
    for last in islice(read_frames(clip), frames):  # noqa: B007 - the last of them is used
        pass
    if last is None:
        raise InputError("media.unreadable", f"{clip} has no frames", where=str(clip))
    return encoded(last, limits, clip, shape=shape, size=size)


def encoded(
    frame: Frame, limits: Limits, path: Path, *, shape: float | None = None, size: tuple[int, int] | None = None
) -> Blob:
    """An RGB frame [height, width, 3] as JPEG within the limits; ``shape`` and ``size`` as in ``picture``."""
    import cv2
    import numpy as np

    exact, shape = size is not None, size[0] / size[1] if size else shape
    if shape:
        frame = _cropped(frame, shape)
    height, width = frame.shape[:2]
    low, high = limits.shapes
    if not low <= width / height <= high:
        text = f"{path}: {width}x{height} is too {'narrow' if width / height < low else 'wide'} for this provider"
        raise InputError("media.bad_shape", text, hint=f"width / height from {low:g} to {high:g}", where=str(path))
    scale = min(1.0, limits.max_side / max(width, height))
    scale = max(scale, limits.min_side / min(width, height))
    size = size or (max(1, round(width * scale)), max(1, round(height * scale)))
    if size != (width, height):
        scale = size[0] / width
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC).astype(np.uint8)
    bgr = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2BGR)
    for quality in QUALITIES:
        done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if done and data.nbytes <= limits.max_bytes:
            return Blob(data.tobytes(), "image/jpeg", f"{path.stem}.jpg")
    if not exact and min(size) // 2 >= limits.min_side:
        return encoded(cv2.resize(frame, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.uint8), limits, path)
    raise InputError("media.too_large", f"{path} cannot be made smaller than {limits.max_bytes} bytes", where=str(path))


def video(path: Path, *, max_bytes: int) -> Blob:
    """A video file as it is. Raises InputError where it is too large."""
    size = path.stat().st_size if path.is_file() else -1
    if size < 0:
        raise InputError("media.not_found", f"{path} does not exist", where=str(path))
    if size > max_bytes:
        raise InputError("media.too_large", f"{path} has {size} bytes; this provider takes {max_bytes}", where=str(path))
    kinds = {".mov": "video/quicktime", ".webm": "video/webm", ".mkv": "video/x-matroska"}
    return Blob(path.read_bytes(), kinds.get(path.suffix.lower(), "video/mp4"), path.name)


@_shared
def excerpt(
    path: Path,
    seconds: float,
    *,
    max_bytes: int,
    at_least_s: float = 0.0,
    at_most_s: float = math.inf,
    first: int = 0,
) -> Blob:
    """``seconds`` of a clip from frame number ``first`` on (all of a shorter one) as H.264 without sound, sides of at most
    1920: what is sent is what is billed. It keeps its frame rate, halved until it is at most 30: the film's rate plays no part.

    Raises InputError where it is no video, shorter than ``at_least_s``, or too large.
    """
    info = part_from(probe_video(path), first)
    if info.duration_s < at_least_s - 0.05:
        text = f"{path} has {info.duration_s:.2f} s; this provider wants at least {at_least_s:g} s"
        raise InputError("media.too_short", text, hint="use a longer clip", where=str(path))
    width, height = info.display_size
    scale = min(1.0, MAX_CLIP_SIDE / max(width, height))
    width, height = (max(2, round(side * scale / 2) * 2) for side in (width, height))
    rate = excerpt_rate(info)
    frames = excerpt_frames(info, seconds, at_most_s=at_most_s)
    with scratch_folder() as folder:
        out = folder / f"{path.stem}.mp4"
        conform(info, out, width=width, height=height, rate=rate, frames=frames, fit="stretch")
        return video(out, max_bytes=max_bytes)


def excerpt_rate(info: MediaInfo) -> Fraction:
    """Frames per second of what is cut out of a clip."""
    rate = info.rate
    while rate > MAX_CLIP_RATE:
        rate /= 2
    return rate


def excerpt_frames(info: MediaInfo, seconds: float, *, at_most_s: float = math.inf) -> int:
    """How many frames the first ``seconds`` of a clip are, once they are cut out of it."""
    rate = float(excerpt_rate(info))
    whole = math.floor(round(min(info.duration_s, at_most_s) * rate, 6))
    return max(1, min(math.ceil(round(seconds * rate, 6)), whole))


def _cropped(frame: Frame, shape: float) -> Frame:
    height, width = frame.shape[:2]
    if width / height > shape:
        keep = max(1, round(height * shape))
        left = (width - keep) // 2
        return frame[:, left : left + keep]
    keep = max(1, round(width / shape))
    top = (height - keep) // 2
    return frame[top : top + keep]


def opening(inputs: Inputs, limits: Limits, *, shape: float | None = None, size: tuple[int, int] | None = None) -> Blob | None:
    """The picture that a shot opens with: its own, else the one on which the film leaves the take that it continues; None where
    it has none.
    """
    if inputs.start_frame:
        return picture(inputs.start_frame, limits, shape=shape, size=size)
    if inputs.continues is None:
        return None
    return last_frame(inputs.continues, limits, frames=inputs.continues_frames, shape=shape, size=size)
