"""Size, rotation and colour of a video from a few decoded frames, which are more reliable than headers."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgen.errors import InputError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

MAX_SIDE = 16_384
"""Longest side of a picture in pixels; a longer one is damage or a decompression bomb."""

MAX_PIXELS = MAX_SIDE * MAX_SIDE // 2
"""Most pixels of a picture."""

_FIELDS = {"h264", "mpeg2video", "mpeg1video", "mpeg4", "vc1", "wmv3", "dvvideo", "prores", "mjpeg", "hevc", "ffv1", "rawvideo"}
"""Codecs that may be interlaced: more than one frame is examined."""

_SAMPLE = 12
"""Frames examined at the start; films often begin with titles that are not interlaced."""

_HDR = {16: "PQ", 18: "HLG"}
_SIGNS_OF_HDR = {
    "MASTERING_DISPLAY_METADATA": "HDR10",
    "DYNAMIC_HDR_PLUS": "HDR10+",
    "DYNAMIC_HDR_VIVID": "HDR Vivid",
    "DOVI_METADATA": "Dolby Vision",
    "DOVI_RPU_BUFFER": "Dolby Vision",
}
_SDR_TRANSFERS = {1, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15}


def look_at(
    path: Path, container: InputContainer, stream: VideoStream, keys: Sequence[Packet[Any]] = ()
) -> tuple[dict[str, Any], int]:
    """The fields of ``MediaInfo`` that come from frames, and the number of packets before the first frame that decodes.

    ``keys``: key packets to compare with the first frame. Raises InputError if no frame can be decoded or shown.
    """
    context = stream.codec_context
    if context is None:
        raise InputError("media.unreadable", f"{path}: its video codec is not known", where=str(path))
    _check_size(path, context.width, context.height)
    before: list[int] = []
    pictures = list(islice(_decoded(container, stream, before), _SAMPLE if context.name in _FIELDS else 1))
    if not pictures:
        raise InputError("media.unreadable", f"{path}: no frame can be decoded", where=str(path))
    frame = pictures[0]
    _check_size(path, frame.width, frame.height)
    fields = {
        "width": frame.width,
        "height": frame.height,
        "pix_fmt": frame.format.name,
        "codec": context.name,
        "color_range": int(frame.color_range) or (2 if frame.format.name.startswith("yuvj") else 0),
        "color_matrix": int(frame.colorspace),
        "color_primaries": int(frame.color_primaries),
        "color_transfer": int(frame.color_trc),
        "sar": pixel_shape(stream),
        "rotation": _quarter_turns(path, frame.rotation),
        "interlaced": any(picture.interlaced_frame for picture in pictures) or context.field_order > 1,
        "hdr": _hdr(frame),
        **_form(frame, stream),
    }
    undecoded = sum(pts < frame.pts for pts in before) if frame.pts is not None else 0
    return {**fields, "changes": _changes(frame, stream, keys)}, undecoded


def _changes(first: VideoFrame, stream: VideoStream, keys: Sequence[Packet[Any]]) -> tuple[str, ...]:
    """The properties in which any of these key frames differs from the first."""
    import av

    found: dict[str, None] = {}
    context = stream.codec_context
    shape: Fraction | None = None
    for packet in keys:
        try:
            context.flush_buffers()
            pictures = [*context.decode(packet), *context.decode(None)]
        except av.FFmpegError:
            continue  # damage is reported elsewhere
        found |= {name: None for picture in pictures for name in _differences(first, picture)}
        shape = shape or context.sample_aspect_ratio
        if shape != context.sample_aspect_ratio:
            found["pixel shape"] = None
    return tuple(found)


def _differences(first: VideoFrame, other: VideoFrame) -> Iterator[str]:
    if (first.width, first.height) != (other.width, other.height):
        yield "size"
    if first.format.name != other.format.name:
        yield "pixel format"
    if any(getattr(first, name) != getattr(other, name) for name in _COLOURS):
        yield "colours"
    if first.rotation != other.rotation:
        yield "turn"


_COLOURS = ("color_range", "colorspace", "color_primaries", "color_trc")


def _check_size(path: Path, width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        text = f"{path}: {width}x{height} pixels; the limit is {MAX_SIDE} a side and {MAX_PIXELS // 10**6} million in all"
        raise InputError("media.unreadable", text, where=str(path))


def _decoded(container: InputContainer, stream: VideoStream, before: list[int]) -> Iterator[VideoFrame]:
    """Frames from the start, skipping packets that do not decode. Adds the times of all packets tried to ``before``."""
    import av

    if (container.start_time or 0) >= 0:  # else the container was opened for this: seeking below 0 is not possible
        container.seek(0)
    try:
        for packet in container.demux(stream):
            if packet.size and packet.pts is not None and not packet.is_discard:
                before.append(packet.pts)
            try:
                yield from packet.decode()
            except av.InvalidDataError:
                continue
    except av.FFmpegError:
        return


def _form(frame: VideoFrame, stream: VideoStream) -> dict[str, Any]:
    form = frame.format
    components: Sequence[Any] = form.components
    return {
        "bits": max(component.bits for component in components),
        # WebM stores alpha in a side channel that the usual decoder ignores.
        "alpha": form.has_palette
        or any(component.is_alpha for component in components)
        or stream.metadata.get("alpha_mode") == "1",
        # In 4:2:0 chroma has half the width and height; a single component has no chroma.
        "fine_chroma": len(components) > 2 and not (form.chroma_width(64) <= 32 and form.chroma_height(64) <= 32),
    }


def pixel_shape(stream: VideoStream) -> Fraction:
    """Pixel aspect ratio, width by height; an implausible one is taken as 1."""
    shape = stream.sample_aspect_ratio or Fraction(1)
    return shape if Fraction(1, 20) <= shape <= 20 else Fraction(1)


def square_size(width: int, height: int, shape: Fraction) -> tuple[int, int]:
    """Width and height in square pixels, given the pixel aspect ratio. Sides are only ever enlarged."""
    return (round(width * shape), height) if shape > 1 else (width, round(height / shape))


def display_matrix(frame: VideoFrame) -> tuple[int, int, int, int]:
    """The display matrix: directions (x, y) of the right edge and of the lower edge of the frame when shown."""
    from av.sidedata.sidedata import Type

    side_data: Any = frame.side_data
    beside = side_data.get(Type.DISPLAYMATRIX)
    if beside is None:
        return 1, 0, 0, 1
    numbers = struct.unpack("=9i", bytes(beside))
    return numbers[0], numbers[1], numbers[3], numbers[4]


def _quarter_turns(path: Path, rotation: float) -> int:
    """The rotation in degrees clockwise: 0, 90, 180 or 270. Raises InputError for other angles."""
    clockwise = -rotation % 360
    quarter = round(clockwise / 90) * 90
    if abs(clockwise - quarter) > 1:
        hint = "rotate it with a video editor first"
        text = f"{path} is to be shown rotated by {clockwise:.0f} degrees; only 90, 180 and 270 are supported"
        raise InputError("media.unreadable", text, hint=hint, where=str(path))
    return quarter % 360


def _hdr(frame: VideoFrame) -> str:
    """The kind of HDR, or empty: by the transfer tag, else by the frame's side data."""
    transfer = int(frame.color_trc)
    if transfer in _HDR or transfer in _SDR_TRANSFERS:
        return _HDR.get(transfer, "")
    beside: Any = frame.side_data
    names = (beside[number].type.name for number in range(len(beside)))
    return next((_SIGNS_OF_HDR[name] for name in names if name in _SIGNS_OF_HDR), "")
