"""Scalar values of the file: durations, rates, sizes, aspects, and names that have English and Japanese forms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pydantic import BeforeValidator

from vidgen.media.rate import frames_at, parse_rate

ASPECT_PATTERN = r"^\d+(\.\d+)?:\d+(\.\d+)?$"
DURATION_SCHEMA = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+)?(s|f)?$"}]}
RATE_SCHEMA = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+|/\d+)?$"}]}
RESOLUTION_SCHEMA = {"type": "string", "pattern": r"^([0-9]+p|4[kK]|[0-9]+x[0-9]+)$"}


@dataclass(frozen=True)
class Duration:
    """A length of time as it was written: in seconds, or in frames of the project's rate. Exactly one is set."""

    seconds: Fraction | None = None
    frames_: int | None = None

    def frames(self, rate: Fraction) -> int:
        """As frames at a rate, halves up."""
        return self.frames_ if self.frames_ is not None else frames_at(self.seconds or Fraction(0), rate)

    def __str__(self) -> str:
        return f"{self.frames_}f" if self.frames_ is not None else f"{float(self.seconds or 0):g}s"


def parse_duration(value: Any) -> Duration:
    """``4``, ``0.5``, ``"4s"``, ``"96f"``. Raises ValueError otherwise."""
    if isinstance(value, Duration):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a time is a number of seconds, or text such as 4s or 96f")
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(s|f)?", str(value).strip())
    if not match:
        raise ValueError(f"{value!r} is not a time: write 4, 4s or 96f")
    number, unit = match.groups()
    if unit == "f":
        if "." in number:
            raise ValueError(f"{value!r}: frames are whole numbers")
        return Duration(frames_=int(number))
    return Duration(seconds=Fraction(number))


def parse_frame_rate(value: Any) -> Fraction:
    """A frame rate of 1 to 240 as an exact fraction."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Fraction):
        raise ValueError("a frame rate is 24, 23.976 or 24000/1001")
    rate = parse_rate(value)
    if not 1 <= rate <= 240:
        raise ValueError(f"a frame rate is from 1 to 240, not {value}")
    return rate


def parse_resolution(value: Any) -> str:
    """``1080p``, ``4k``, ``64p`` or ``1920x1080``, in lower case; from 16 to 8640 pixels a side."""
    text = str(value).strip().lower()
    if not re.fullmatch(r"\d+p|4k|\d+x\d+", text):
        raise ValueError(f"{value!r} is not a resolution: write 720p, 1080p, 4k or 1920x1080")
    if text != "4k" and not all(16 <= int(side) <= 8640 for side in re.findall(r"\d+", text)):
        raise ValueError(f"{value!r}: each side is from 16 to 8640 pixels")
    return text


def parse_aspect(value: Any) -> str:
    """``16:9``, ``2.39:1``."""
    text = str(value).strip()
    if not re.fullmatch(ASPECT_PATTERN, text):
        raise ValueError(f"{value!r} is not an aspect ratio: write 16:9, 9:16, 1:1, 2.39:1")
    wide, high = (Fraction(side) for side in text.split(":"))
    if not wide or not high or not Fraction(1, 10) <= wide / high <= 10:
        raise ValueError(f"{value!r}: an aspect ratio is between 1:10 and 10:1")
    return text


def frame_size(resolution: str, aspect: str) -> tuple[int, int]:
    """Width and height in even pixels. ``1080p`` names the short side."""
    wide, high = (Fraction(side) for side in aspect.split(":"))
    if "x" in resolution:
        width, height = (int(side) for side in resolution.split("x"))
        return _even(width), _even(height)
    short = 2160 if resolution == "4k" else int(resolution[:-1])
    if wide >= high:
        return _even(short * wide / high), _even(short)
    return _even(short), _even(short * high / wide)


def _even(value: Fraction | int) -> int:
    return max(2, 2 * int(Fraction(value) / 2 + Fraction(1, 2)))


def name_of(kind: str) -> BeforeValidator:
    """A validator that turns any English or Japanese form of a name into the canonical one of its table."""

    def canonical(value: Any) -> str:
        from vidgen.storyboard.vocabulary import canonical_name

        return canonical_name(kind, value)

    return BeforeValidator(canonical)
