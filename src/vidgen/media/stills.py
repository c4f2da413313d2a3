"""Read and write still pictures. The format is recognised by content, not by file name."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidgen.errors import InputError, ProcessingError
from vidgen.media.answers import once_a_file
from vidgen.media.files import atomic
from vidgen.media.frames import Frame, over_black

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 16_384 * 8_640
"""Most pixels of a picture; more is damage or a decompression bomb."""

MAX_BYTES = 256 * 1024 * 1024

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "JPEG2000", "PPM", "TGA", "ICO")
"""Formats that may be opened: none of them can run code or refer to other files."""


def read_image(path: Path, *, max_pixels: int = MAX_PIXELS) -> Frame:
    """Read a picture (PNG, JPEG, WebP, AVIF, TIFF, ...) as RGB, [height, width, 3] uint8.

    EXIF rotation and ICC profile are applied, transparency is laid over black, 16 bits become 8, an animation gives its first
    frame. Raises InputError if the file is missing, not a picture, or larger than ``max_pixels``.
    """
    content = _content(path)
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # our own limit is an error, Pillow's would be a warning
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _check_size(path, *picture.size, max_pixels)
            return _rgb(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError:
        return _read_with_opencv(content, path, max_pixels)
    except (MemoryError, InputError):
        raise
    except Exception as error:  # Pillow raises many types for damaged files
        raise _unreadable(path, str(error)) from error


@once_a_file
def check_image(path: Path) -> None:
    """Raise InputError for a picture that ``read_image`` cannot read. Cheaper, and cached until the file changes."""
    content = _content(path)
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _check_size(path, *picture.size, MAX_PIXELS)
            picture.draft(picture.mode, (1, 1))  # decodes a JPEG to its end, at an eighth of its size
            picture.load()
    except UnidentifiedImageError:
        _read_with_opencv(content, path, MAX_PIXELS)
    except (MemoryError, InputError):
        raise
    except Exception as error:  # Pillow raises many types for damaged files
        raise _unreadable(path, str(error)) from error


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise InputError("media.not_found", f"{path} does not exist", hint="check the path", where=str(path))
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError("media.too_large", f"{path} has more than {MAX_BYTES} bytes", where=str(path))
        return path.read_bytes()
    except OSError as error:
        raise InputError("media.unreadable", f"{path} cannot be read ({error.strerror})", where=str(path)) from error


def _check_size(path: Path, width: int, height: int, most: int) -> None:
    if width * height > most:
        message = f"{path}: {width}x{height} pixels; the limit is {most} pixels"
        raise InputError("media.too_large", message, hint="make it smaller first", where=str(path))


def _unreadable(path: Path, why: str) -> InputError:
    text, hint = f"{path} is not a readable picture ({why})", "use PNG, JPEG or WebP"
    return InputError("media.unreadable", text, hint=hint, where=str(path))


def _rgb(picture: Image) -> Frame:
    """A picture of any mode as RGB."""
    picture = _standard_colours(picture)
    if picture.mode.startswith("I") or picture.mode == "F":
        return _eight_bits(np.asarray(picture))
    if picture.has_transparency_data:
        return over_black(np.asarray(picture.convert("RGBA")))
    return np.array(picture.convert("RGB"))


def _standard_colours(picture: Image) -> Image:
    """The picture converted from its ICC profile to sRGB; an invalid profile is ignored."""
    from PIL import Image, ImageCms

    profile = picture.info.get("icc_profile")
    plain = {"RGBA": "RGB", "LA": "L", "P": "RGB", "PA": "RGB"}.get(picture.mode, picture.mode)
    if not profile or plain not in ("RGB", "L", "CMYK"):
        return picture
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        shown = ImageCms.profileToProfile(picture.convert(plain), own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    if shown is None or not picture.has_transparency_data:
        return shown or picture
    return Image.merge("RGBA", (*shown.split(), picture.convert("RGBA").getchannel("A")))


def _eight_bits(levels: Any) -> Frame:
    """Grey or colour levels as 8-bit RGB. Integers wider than 8 bits range to 65535, floats to 1."""
    if np.issubdtype(levels.dtype, np.floating):
        levels = np.nan_to_num(levels) * 255.0
    elif levels.dtype != np.uint8:
        levels = levels / 257.0
    small = np.clip(levels + 0.5 if levels.dtype != np.uint8 else levels, 0, 255).astype(np.uint8)
    return np.repeat(small[..., None], 3, axis=2) if small.ndim == 2 else np.ascontiguousarray(small)


def _read_with_opencv(content: bytes, path: Path, max_pixels: int) -> Frame:
    """Read with OpenCV what Pillow cannot: TIFF colour with more than 8 bits or floating point."""
    import cv2

    if content[4:8] == b"ftyp" and content[8:11] in (b"hei", b"hev", b"mif", b"msf"):
        raise InputError(
            "media.unreadable",
            f"{path} is HEIC, which is not supported",
            hint="export it as JPEG or PNG first",
            where=str(path),
        )
    if not content.startswith((b"II", b"MM")):
        raise _unreadable(path, "unknown format" if content else "it is empty")
    try:
        picture: Any = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        picture = None
    if picture is None:
        raise _unreadable(path, "unknown format")
    _check_size(path, picture.shape[1], picture.shape[0], max_pixels)
    if picture.ndim == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGB)
    small = _eight_bits(picture)
    return over_black(small) if small.shape[2] == 4 else small


def write_image(path: Path, frame: Frame) -> None:
    """Write an RGB frame [height, width, 3] uint8 atomically, as PNG, JPEG or WebP by the file name's suffix."""
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
