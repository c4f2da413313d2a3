"""Parse scalar values of the file: durations, rates, sizes, aspects, file names, and names in English or Japanese."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError, ValidatorFunctionWrapHandler, WithJsonSchema, WrapValidator

from vidgen.installed import Group, plugins
from vidgen.media.rate import frames_at, parse_rate
from vidgen.spelling import did_you_mean

ASPECT_PATTERN = r"^\d+(\.\d+)?:\d+(\.\d+)?$"
DURATION_SCHEMA = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+)?(s|f|秒|コマ)?$"}]}
RATE_SCHEMA = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+|/\d+)?$"}]}
RESOLUTION_SCHEMA = {"type": "string", "pattern": r"^([0-9]+p|4[kK]|[0-9]+x[0-9]+)$"}
LONGEST_SHOT_S = 3600
LONGEST_TIME_S = 24 * 3600
LARGEST_SIDE = 16384
LONGEST_TEXT = 20_000
LINES_SCHEMA = {
    "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT},
        {"type": "array", "items": {"type": ["string", "number", "null"]}, "minItems": 1},
    ]
}
AUTO = ("auto", "自動")


@dataclass(frozen=True)
class Duration:
    """A length of time as written, in seconds or in frames of the project's rate. Exactly one of them is set."""

    seconds: Fraction | None = None
    frames_: int | None = None

    def frames(self, rate: Fraction) -> int:
        """The length in frames at a rate; halves are rounded up."""
        return self.frames_ if self.frames_ is not None else frames_at(self.seconds or Fraction(0), rate)

    def at(self, rate: Fraction) -> Fraction:
        """The length in seconds, where ``rate`` is that of the frames."""
        return self.seconds if self.seconds is not None else (self.frames_ or 0) / rate

    def __str__(self) -> str:
        return f"{self.frames_}f" if self.frames_ is not None else f"{float(self.seconds or 0):g}s"


def parse_duration(value: Any) -> Duration:
    """Parse ``4``, ``0.5``, ``"4s"``, ``"96f"`` (``4秒``, ``96コマ``), up to 24 hours. Raises ValueError otherwise."""
    if isinstance(value, Duration):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a time is a number of seconds, or text such as 4s or 96f")
    text = _half_width(float.__repr__(value) if isinstance(value, float) else value)
    match = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(s|f|秒|コマ)?", text)
    if not match:
        raise ValueError(f"{str(value)!r} is not a time: write 4, 4s or 96f")
    number, unit = match[1], "f" if match[2] in ("f", "コマ") else "s"
    if unit == "f" and "." in number:
        raise ValueError(f"{value!r}: frames are whole numbers")
    if Fraction(number) > LONGEST_TIME_S * (240 if unit == "f" else 1):
        raise ValueError(f"{str(value)!r} is over 24 hours")
    return Duration(frames_=int(number)) if unit == "f" else Duration(seconds=Fraction(number))


def parse_length(value: Any) -> Duration:
    """Parse the duration of a shot or scene: above 0, up to an hour. Raises ValueError otherwise."""
    length = parse_duration(value)
    if not (length.seconds or length.frames_):
        raise ValueError("a duration is above 0")
    if (length.seconds or Fraction(length.frames_ or 0, 240)) > LONGEST_SHOT_S:
        raise ValueError(f"{str(value)!r} is over an hour; make several shots of it")
    return length


def parse_length_or_auto(value: Any) -> Duration | str | None:
    """``parse_length``, or ``auto`` (what the words spoken in the shot need), or None."""
    if value is None:
        return None
    if isinstance(value, str) and _half_width(value).lower() in AUTO:
        return AUTO[0]
    return parse_length(value)


def parse_frame_rate(value: Any) -> Fraction:
    """Parse a frame rate of 1 to 240 to an exact fraction. Raises ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Fraction):
        raise ValueError("a frame rate is 24, 23.976 or 24000/1001")
    try:
        rate = parse_rate(_half_width(value) if isinstance(value, str) else value)
    except ValueError:
        rate = Fraction(0)
    if not 1 <= rate <= 240:
        raise ValueError(f"a frame rate is from 1 to 240, such as 24, 23.976 or 24000/1001, not {value}")
    return rate


def parse_resolution(value: Any) -> str:
    """Parse ``1080p``, ``4k``, ``64p`` or ``1920x1080``, 16 to 8640 pixels a side. Raises ValueError otherwise."""
    text = _half_width(value).lower()
    if not re.fullmatch(r"[0-9]{1,5}p|4k|[0-9]{1,5}x[0-9]{1,5}", text):
        raise ValueError(f"{str(value)!r} is not a resolution: write 720p, 1080p, 4k or 1920x1080")
    if text != "4k" and not all(16 <= int(side) <= 8640 for side in re.findall(r"\d+", text)):
        raise ValueError(f"{value!r}: each side is from 16 to 8640 pixels")
    return text


def parse_aspect(value: Any) -> str:
    """Parse an aspect ratio: ``16:9``, ``2.39:1``. Raises ValueError unless it is between 1:10 and 10:1."""
    text = _half_width(value)
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,5})?:[0-9]{1,5}(\.[0-9]{1,5})?", text):
        raise ValueError(f"{str(value)!r} is not an aspect ratio: write 16:9, 9:16, 1:1, 2.39:1")
    wide, high = (Fraction(side) for side in text.split(":"))
    if not wide or not high or not Fraction(1, 10) <= wide / high <= 10:
        raise ValueError(f"{value!r}: an aspect ratio is between 1:10 and 10:1")
    return text


def joined_lines(value: Any) -> Any:
    """A list of lines as one text; an empty entry is an empty line. Raises ValueError for entries that are no text."""
    if not isinstance(value, list | tuple):
        return value
    if any(isinstance(line, bool) or not isinstance(line, str | int | float | None) for line in value):
        raise ValueError("a list of lines has only text in it")
    return "\n".join("" if line is None else str(line) for line in value)


Lines = Annotated[
    str, BeforeValidator(joined_lines), Field(min_length=1, max_length=LONGEST_TEXT), WithJsonSchema(LINES_SCHEMA)
]
"""A text with its newlines, or a list of its lines."""


def parse_file_name(value: Any) -> Any:
    """A file name, relative to the storyboard's folder. Raises ValueError for URLs, and for empty and impossible names."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        raise ValueError("a file name must not be empty")
    if "\0" in value:
        raise ValueError("a file name cannot have a null character")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://|data:|file:", value):
        raise ValueError(f"{value} is an address; download the file and name it here")
    return value


MODEL_SUFFIXES = (".safetensors", ".pth")
"""A model name with one of these suffixes is a user's file."""


def upscale_models() -> list[str]:
    """Names of the upscaling models."""
    from vidgen.weights.registry import models

    return [row.name for row in models() if row.task == "upscale"]


def parse_upscale_model(value: Any) -> Any:
    """An upscaling model by name, ignoring case, or a user's file. Raises ValueError for an unknown name."""
    if not isinstance(value, str) or value.lower().endswith(MODEL_SUFFIXES):
        return parse_file_name(value)
    known = {name.lower(): name for name in upscale_models()}
    word = value.strip().lower()
    if word in known:
        return known[word]
    names = list(known.values())
    raise ValueError(
        f"there is no model {value}{did_you_mean(word, names)}; known: {', '.join(names)}, or a file that ends in .safetensors "
        "or .pth"
    )


def parse_lens(value: Any) -> Any:
    """Parse a focal length of 1 to 2000 mm (``85``, ``"85mm"``); other text (``anamorphic``) stays. Raises ValueError."""
    if isinstance(value, str):
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?mm", _half_width(value).lower())
        value = float(found[1]) if found else value
    if isinstance(value, int | float) and not isinstance(value, bool) and not 1 <= value <= 2000:
        raise ValueError("a lens is from 1 to 2000 mm")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a lens is millimetres, such as 85, or words")
    return float(value) if isinstance(value, int | float) else value


def parse_language(value: Any) -> str:
    """Parse a language code: ``en``, ``ja``, ``pt-BR``. Raises ValueError otherwise."""
    text = _half_width(value)
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", text):
        raise ValueError(f"{str(value)!r} is not a language code, such as en or ja")
    return text


def frame_size(resolution: str, aspect: str) -> tuple[int, int]:
    """Width and height in pixels, both even. ``1080p`` is the short side."""
    wide, high = (Fraction(side) for side in aspect.split(":"))
    if "x" in resolution:
        width, height = (int(side) for side in resolution.split("x"))
        return _even(width), _even(height)
    short = 2160 if resolution == "4k" else int(resolution[:-1])
    if wide >= high:
        return _even(short * wide / high), _even(short)
    return _even(short), _even(short * high / wide)


def _half_width(value: Any) -> str:
    """Text with full-width characters of an input method made half-width (NFKC)."""
    return unicodedata.normalize("NFKC", str(value)).strip()


def _even(value: Fraction | int) -> int:
    return max(2, 2 * int(Fraction(value) / 2 + Fraction(1, 2)))


def name_of(kind: str) -> BeforeValidator:
    """A validator that turns any English or Japanese spelling of a name into the canonical one."""

    def canonical(value: Any) -> str:
        from vidgen.storyboard.vocabulary import canonical_name

        return canonical_name(kind, value)

    return BeforeValidator(canonical)


def or_installed(group: Group) -> WrapValidator:
    """A validator that also takes the name of a plug-in. Packages are read only for names that are not vidgen's own."""

    def known(value: Any, own: ValidatorFunctionWrapHandler) -> Any:
        try:
            return own(value)
        except ValidationError as error:
            if not isinstance(value, str) or not (names := plugins(group)):
                raise
            if value in names:
                return value
            own_names = str(error.errors()[0]["ctx"]["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
            options = list(dict.fromkeys((*own_names, *names)))
            raise ValueError(f"{value!r} is not one of {', '.join(options)}{did_you_mean(value, options)}") from None

    return WrapValidator(known)
