"""Still pictures in and out, by content and not by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vidgen.errors import InputError, ProcessingError
from vidgen.media.files import atomic
from vidgen.media.frames import Frame

MAX_PIXELS = 16_384 * 8_640
"""The largest picture that is opened; more is damage or a bomb."""

MAX_BYTES = 256 * 1024 * 1024


def read_image(path: Path, *, max_pixels: int = MAX_PIXELS) -> Frame:
    """Read a picture (PNG, JPEG, WebP, ...) as RGB: upright by its EXIF note, transparency over black, 16 bits made 8.

    Raises InputError where it is missing, not a picture, or larger than ``max_pixels``.
    """
    if not path.is_file():
        raise InputError("media.not_found", f"{path} does not exist", hint="check the path", where=str(path))
    if path.stat().st_size > MAX_BYTES:
        raise InputError("media.too_large", f"{path} has more than {MAX_BYTES} bytes", where=str(path))
    content = path.read_bytes()
    width, height = _size(content)
    if width * height > max_pixels:
        message = f"{path}: {width}x{height} pixels; at most {max_pixels} pixels are opened"
        raise InputError("media.too_large", message, hint="make it smaller first", where=str(path))
    return _rgb(_decoded(content, path))


def _decoded(content: bytes, path: Path) -> Any:
    import cv2

    data = np.frombuffer(content, np.uint8)
    try:
        picture: Any = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        if picture is not None and (picture.ndim == 2 or picture.shape[2] == 3) and picture.dtype == np.uint8:
            picture = cv2.imdecode(data, cv2.IMREAD_COLOR)  # this mode turns by EXIF
    except cv2.error:
        picture = None
    if picture is None:
        raise InputError("media.unreadable", f"{path} is not a readable picture", hint="use PNG, JPEG or WebP", where=str(path))
    return picture


def _size(data: bytes) -> tuple[int, int]:
    """Width and height as the header of a PNG, JPEG or WebP says; 0, 0 for other forms."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if data.startswith(b"RIFF") and data[8:15] == b"WEBPVP8" and len(data) >= 30:
        return _webp_size(data)
    return _jpeg_size(data) if data.startswith(b"\xff\xd8") else (0, 0)


def _webp_size(data: bytes) -> tuple[int, int]:
    if data[15:16] == b"X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if data[15:16] == b"L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF


def _jpeg_size(data: bytes) -> tuple[int, int]:
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        mark = data[place + 1]
        if mark == 0xFF:  # padding
            place += 1
        elif 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):  # a frame header; those three are tables
            return int.from_bytes(data[place + 7 : place + 9]), int.from_bytes(data[place + 5 : place + 7])
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4])
    return 0, 0


def _rgb(picture: Any) -> Frame:
    import cv2

    if picture.dtype == np.uint16:
        picture = (picture // 257).astype(np.uint8)
    elif picture.dtype != np.uint8:
        picture = np.clip(np.nan_to_num(picture) * 255.0, 0, 255).astype(np.uint8)
    if picture.ndim == 2:
        return np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB))
    if picture.shape[2] == 4:
        alpha = picture[..., 3:].astype(np.uint16)
        picture = ((picture[..., :3] * alpha + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))


def write_image(path: Path, frame: Frame) -> None:
    """Write an RGB frame [height, width, 3] uint8 as PNG, JPEG or WebP by the name's ending; whole or not at all."""
    import cv2

    suffix = path.suffix.lower() or ".png"
    bgr = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2BGR)
    try:
        done, data = cv2.imencode(suffix, bgr)
    except cv2.error as error:
        raise InputError("media.unreadable", f"{path}: pictures are written as .png, .jpg or .webp", where=str(path)) from error
    if not done:
        raise ProcessingError("media.bad_output", f"{path.name} could not be encoded")
    with atomic(path) as part:
        part.write_bytes(data.tobytes())
