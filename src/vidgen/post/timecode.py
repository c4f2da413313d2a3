"""Time codes: the clock that an editor reads on a frame, and how it reads at another frame rate.

Hours, minutes and seconds count frames by the whole number of them that a second has by name: 30 for 30000/1001. So that clock
falls behind a real one, and drop-frame code, written with a semicolon, passes over numbers (two a minute at 30, four at 60, none
in every tenth minute) to keep up with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_DROPPED = {Fraction(count * 1000, 1001): count // 15 for count in (30, 60, 120)}
"""Rates that have drop-frame code, and how many numbers it passes over in a minute."""


@dataclass(frozen=True)
class TimeCode:
    """``frame`` of a second, of which there are ``count``; ``drop``: of drop-frame code."""

    seconds: int
    frame: int
    count: int
    drop: bool = False

    def __str__(self) -> str:
        minutes, seconds = divmod(self.seconds, 60)
        mark = ";" if self.drop else ":"
        return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}:{seconds:02d}{mark}{self.frame:02d}"

    @classmethod
    def parse(cls, text: str, rate: Fraction) -> TimeCode | None:
        """``01:00:00:12``, or with ``;`` or ``.`` before the frames where it is drop-frame; None where it is no code of this
        rate.
        """
        found = re.fullmatch(r"(\d\d?):(\d\d):(\d\d)([:;.])(\d\d\d?)", text.strip())
        if not found:
            return None
        hours, minutes, seconds, frame = (int(found[group]) for group in (1, 2, 3, 5))
        if minutes > 59 or seconds > 59 or frame >= round(rate):
            return None
        drop = found[4] != ":" and rate in _DROPPED
        return cls(hours * 3600 + minutes * 60 + seconds, frame, round(rate), drop)

    def at(self, rate: Fraction, own: Fraction) -> TimeCode:
        """The code of the same moment at another rate.

        Drop-frame code stays that where the new rate has it, and keeps every frame's number doubled or halved; elsewhere it becomes
        the code of the same time of day. Code without dropped numbers keeps its second: a film that starts at hour one does so
        at every rate.
        """
        count = round(rate)
        if not self.drop:
            return TimeCode(self.seconds, self.frame * count // self.count, count)
        moment = self._number(_DROPPED[own]) / own
        number = int(moment * rate + Fraction(1, 2))
        if rate in _DROPPED:
            number = _with_dropped(number, count, _DROPPED[rate])
        return TimeCode(number // count, number % count, count, rate in _DROPPED)

    def _number(self, dropped: int) -> int:
        """How many frames there were before, from midnight on."""
        minutes = self.seconds // 60
        return self.seconds * self.count + self.frame - dropped * (minutes - minutes // 10)


def _with_dropped(number: int, count: int, dropped: int) -> int:
    """Number of a frame with those that are passed over before it."""
    tens, rest = divmod(number, 600 * count - 9 * dropped)
    passed = max(0, (rest - dropped) // (60 * count - dropped))
    return number + dropped * (9 * tens + passed)
