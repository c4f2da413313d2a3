"""Time codes of film frames."""

from __future__ import annotations

from fractions import Fraction

DROPPED = {Fraction(30_000, 1001): 2, Fraction(60_000, 1001): 4}
"""Frame numbers that drop-frame code passes over at the start of a minute, by rate."""


def time_code(frame: int, rate: Fraction) -> str:
    """``00:01:00;02``: the time code of a frame, the first being 0. Drop-frame, with a semicolon, at 29.97 and 59.94."""
    base, dropped = max(1, round(rate)), DROPPED.get(rate, 0)
    if dropped:
        tens, rest = divmod(frame, base * 600 - 9 * dropped)
        frame += dropped * (9 * tens + max(0, rest - dropped) // (base * 60 - dropped))
    seconds, left = divmod(frame, base)
    mark = ";" if dropped else ":"
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{mark}{left:02d}"
