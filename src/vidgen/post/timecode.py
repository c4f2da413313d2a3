"""Time codes: the clock that an editor reads on a frame, and how it reads at another frame rate.

Seconds are counted in frames by the whole number of them that a second has by name: 30 for 30000/1001. Such a clock falls
behind a real one, and drop-frame code, written with a semicolon, passes over numbers (two a minute at 30, four at 60, none in
every tenth minute) to keep up with it.
"""

from __future__ import annotations

import re
from fractions import Fraction

DROP_FRAME = {Fraction(count * 1000, 1001) for count in (30, 60, 120)}
"""Rates that have drop-frame code."""


def time_code_at(text: str, own: Fraction, rate: Fraction) -> str | None:
    """``01:00:00:12``, or ``01:00:00;12`` of drop-frame, as it reads at another rate; None where it is no code of its own rate.

    Hours, minutes and seconds stay: a film that starts at hour one does so at every rate, and drop-frame code gives the time
    of day, as whole rates do. The frame is the one that is shown at that moment; where both rates have drop-frame code, numbers
    are passed over at the same places, so that nothing shifts.
    """
    found = re.fullmatch(r"(\d\d?):([0-5]\d):([0-5]\d)([:;.])(\d\d\d?)", text.strip())
    if not found or int(found[5]) >= round(own):
        return None
    dropping = found[4] != ":" and own in DROP_FRAME and rate in DROP_FRAME
    frame = int(found[5]) * round(rate) // round(own)
    return f"{int(found[1]) % 24:02d}:{found[2]}:{found[3]}{';' if dropping else ':'}{frame:02d}"
