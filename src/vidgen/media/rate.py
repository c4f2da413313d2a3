"""Time as integers: frames on a rational rate, samples at 48 kHz. Seconds are for people."""

from __future__ import annotations

import re
from fractions import Fraction

SAMPLE_RATE = 48_000

_NTSC = {Fraction(n * 1000, 1001): n for n in (24, 30, 48, 60, 120)}


def parse_rate(value: int | float | str | Fraction) -> Fraction:
    """Frames per second as an exact fraction: ``24``, ``23.976`` (24000/1001), ``"30000/1001"``.

    A decimal within 0.001 of an NTSC rate is that rate. Raises ValueError outside (0, 1000].
    """
    if isinstance(value, str) and not re.fullmatch(r"\s*\d+(\.\d+|/\d+)?\s*", value):
        raise ValueError(f"{value!r} is not a frame rate (24, 23.976 or 24000/1001)")
    try:
        rate = Fraction(value) if not isinstance(value, float) else Fraction(str(value))
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"{value!r} is not a frame rate (24, 23.976 or 24000/1001)") from error
    if rate.denominator not in (1, 1001):
        for ntsc in _NTSC:
            if abs(rate - ntsc) < Fraction(1, 1000):
                rate = ntsc
    if not 0 < rate <= 1000:
        raise ValueError(f"a frame rate is above 0 and at most 1000, not {value}")
    return rate


def frames_at(seconds: Fraction | float, rate: Fraction) -> int:
    """The frame index nearest to a time; halves go up."""
    exact = Fraction(str(seconds)) if isinstance(seconds, float) else Fraction(seconds)
    # In whole numbers, ten times as fast as in fractions: a long film asks often.
    top, bottom = exact.numerator * rate.numerator, exact.denominator * rate.denominator
    doubled = 2 * top + bottom
    return doubled // (2 * bottom) if doubled >= 0 else -(-doubled // (2 * bottom))


def samples_at(frame: int, rate: Fraction, sample_rate: int = SAMPLE_RATE) -> int:
    """The sample index at which ``frame`` starts. From absolute frame numbers, so nothing accumulates."""
    return int(Fraction(frame * sample_rate) / rate + Fraction(1, 2))


def seconds_of(frames: int, rate: Fraction) -> float:
    """A duration in seconds, for people and JSON."""
    return float(Fraction(frames) / rate)


def rate_text(rate: Fraction) -> str:
    """``24``, ``24000/1001``."""
    return str(rate.numerator) if rate.denominator == 1 else f"{rate.numerator}/{rate.denominator}"


def json_rate(rate: Fraction) -> int | float:
    """A rate as a JSON number: whole where it is, else with six decimals."""
    return int(rate) if rate.denominator == 1 else round(float(rate), 6)
