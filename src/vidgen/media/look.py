"""What a video's pictures look like: a few are decoded, since they know size, turn and colour better than headers do."""

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
"""Longest side of a picture that is opened; a larger one is damage or a bomb."""

MAX_PIXELS = MAX_SIDE * MAX_SIDE // 2
"""Largest picture that is opened."""

_FIELDS = {"h264", "mpeg2video", "mpeg1video", "mpeg4", "vc1", "wmv3", "dvvideo", "prores", "mjpeg", "hevc", "ffv1", "rawvideo"}
"""Codecs that may be interlaced, so that more than one of their pictures is looked at."""

_SAMPLE = 12
"""Pictures looked at, at the start; films often begin with titles that are not interlaced."""

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
    """The fields of ``MediaInfo`` that pictures tell, and how many packets come before the first picture that decodes.
    ``keys``: key packets to compare. Raises InputError where none can be decoded, or shown.
    """
    context = stream.codec_context
    if context is None:
        raise InputError("media.unreadable", f"{path}: its pictures have no codec that is known", where=str(path))
    _check_size(path, context.width, context.height)
    before: list[int] = []
    pictures = list(islice(_decoded(container, stream, before), _SAMPLE if context.name in _FIELDS else 1))
    if not pictures:
        raise InputError("media.unreadable", f"{path}: no frame can be decoded", where=str(path))
    frame = pictures[0]
    _check_size(path, frame.width, frame.height)
    told = {
        "width": frame.width,
        "height": frame.height,
        "pix_fmt": frame.format.name,
        "codec": context.name,
        "color_range": int(frame.color_range) or (2 if frame.format.name.startswith("yuvj") else 0),
        "color_matrix": int(frame.colorspace),
        "color_primaries": int(frame.color_primaries),
        "color_transfer": int(frame.color_trc),
        "sar": pixel_shape(stream),
        "rotation": _turn(path, frame.rotation),
        "interlaced": any(picture.interlaced_frame for picture in pictures) or context.field_order > 1,
        "hdr": _hdr(frame),
        **_form(frame, stream),
    }
    undecoded = sum(pts < frame.pts for pts in before) if frame.pts is not None else 0
    return {**told, "changes": _changes(frame, stream, keys)}, undecoded


def _changes(first: VideoFrame, stream: VideoStream, keys: Sequence[Packet[Any]]) -> tuple[str, ...]:
    """What is not the same in all of these key pictures as in the first."""
    import av

    found: dict[str, None] = {}
    context = stream.codec_context
    shape: Fraction | None = None
    for packet in keys:
        try:
            context.flush_buffers()
            pictures = [*context.decode(packet), *context.decode(None)]
        except av.FFmpegError:
            continue  # damage is told by others
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
        text = f"{path}: {width}x{height} pixels; at most {MAX_SIDE} a side and {MAX_PIXELS // 10**6} million are opened"
        raise InputError("media.unreadable", text, where=str(path))


def _decoded(container: InputContainer, stream: VideoStream, before: list[int]) -> Iterator[VideoFrame]:
    """Pictures from the start, past packets that do not decode; times of all packets that were tried go into ``before``."""
    import av

    if (container.start_time or 0) >= 0:  # else it was opened for this: a clock that wraps later cannot be sought below 0
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
        # WebM keeps transparency beside the pictures, where the usual decoder passes it by.
        "alpha": form.has_palette
        or any(component.is_alpha for component in components)
        or stream.metadata.get("alpha_mode") == "1",
        # In 4:2:0 colour has half the width and half the height; one component alone has no colour.
        "fine_chroma": len(components) > 2 and not (form.chroma_width(64) <= 32 and form.chroma_height(64) <= 32),
    }


def pixel_shape(stream: VideoStream) -> Fraction:
    """Width of a pixel by its height; what no screen ever had is damage, and taken as square."""
    shape = stream.sample_aspect_ratio or Fraction(1)
    return shape if Fraction(1, 20) <= shape <= 20 else Fraction(1)


def square_size(width: int, height: int, shape: Fraction) -> tuple[int, int]:
    """Width and height in square pixels of what has pixels of this shape: only ever enlarged."""
    return (round(width * shape), height) if shape > 1 else (width, round(height / shape))


def display_matrix(frame: VideoFrame) -> tuple[int, int, int, int]:
    """How the picture is to be turned and mirrored: where its right edge (x, y) and its lower edge (x, y) point to."""
    from av.sidedata.sidedata import Type

    side_data: Any = frame.side_data
    beside = side_data.get(Type.DISPLAYMATRIX)
    if beside is None:
        return 1, 0, 0, 1
    numbers = struct.unpack("=9i", bytes(beside))
    return numbers[0], numbers[1], numbers[3], numbers[4]


def _turn(path: Path, rotation: float) -> int:
    """Clockwise, in quarter turns."""
    clockwise = -rotation % 360
    quarter = round(clockwise / 90) * 90
    if abs(clockwise - quarter) > 1:
        hint = "turn it with a video editor first"
        text = f"{path} is to be shown turned by {clockwise:.0f} degrees; only quarter turns are handled"
        raise InputError("media.unreadable", text, hint=hint, where=str(path))
    return quarter % 360


def _hdr(frame: VideoFrame) -> str:
    """By the transfer that is named; where none is, by what comes with the picture."""
    transfer = int(frame.color_trc)
    if transfer in _HDR or transfer in _SDR_TRANSFERS:
        return _HDR.get(transfer, "")
    beside: Any = frame.side_data
    names = (beside[number].type.name for number in range(len(beside)))
    return next((_SIGNS_OF_HDR[name] for name in names if name in _SIGNS_OF_HDR), "")
