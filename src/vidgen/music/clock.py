"""The beats of a film's music on the clock of the film."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from fractions import Fraction

from vidgen.music.analysis import Beats

_EDGE = 4
"""Beats at either end whose spacing goes on before the first and after the last."""


class Clock:
    """Beats by number, from 0, at seconds of the film. Beats go on at the same pace where the music is silent or over.

    Args:
        music: with a clear beat.
        start: second of the file that the film begins with.
        until: second of the film up to which beats are needed.
        looped: whether the music goes back to its first bar at its last one, as it is shorter than the film.
    """

    def __init__(self, music: Beats, start: Fraction, until: Fraction, *, looped: bool) -> None:
        self.meter = music.meter
        loop = music.loop() if looped else None
        pairs = _looped(music, start, until, loop) if loop else _plain(music, start, until)
        self._times: list[Fraction] = [time for time, _ in pairs]
        self._opens = [opens for _, opens in pairs]

    def time(self, beat: Fraction) -> Fraction:
        """Second of the film at which a beat, or a share of one, comes."""
        index = min(max(0, beat.numerator // beat.denominator), len(self._times) - 2)
        first, second = self._times[index : index + 2]
        return first + (second - first) * (beat - index)

    def beat(self, time: Fraction) -> Fraction:
        """The beat, or the share of one, at a second of the film."""
        index = min(max(0, bisect_right(self._times, time) - 1), len(self._times) - 2)
        first, second = self._times[index : index + 2]
        return index + (time - first) / (second - first)

    def nearest(self, time: Fraction, *, bar: bool, low: Fraction, high: Fraction) -> int | None:
        """The beat (or with ``bar`` the first beat of a bar) nearest to ``time`` of those from ``low`` to ``high`` seconds."""
        inside = range(bisect_left(self._times, low), bisect_right(self._times, high))
        wanted = [index for index in inside if self._opens[index] or not bar]
        return min(wanted, key=lambda index: (abs(self._times[index] - time), index), default=None)

    def bars(self, low: Fraction, high: Fraction) -> list[Fraction]:
        """The seconds of the film from ``low`` to ``high`` at which a bar begins."""
        return [time for time, opens in zip(self._times, self._opens, strict=True) if opens and low <= time <= high]


Beat = tuple[Fraction, bool]
"""Second, and whether it opens a bar."""


def _plain(music: Beats, start: Fraction, until: Fraction) -> list[Beat]:
    return [(time - start, opens) for time, opens in _file_beats(music, start, start + until)]


def _looped(music: Beats, start: Fraction, until: Fraction, loop: tuple[int, int]) -> list[Beat]:
    back, end = (Fraction(point, 1000) for point in loop)
    found: list[Beat] = []
    begin, at = start, Fraction(0)
    while at <= until + 2:
        stop = end if begin < end else Fraction(music.seconds)
        for time, opens in _file_beats(music, begin, stop):
            if begin - (music.period if not found else 0) <= time < stop - music.period / 4:
                found.append((time - begin + at, opens))
        at, begin = at + stop - begin, back
    return found


def _file_beats(music: Beats, low: Fraction, high: Fraction) -> Iterator[Beat]:
    """The beats of the file from one before ``low`` to two after ``high`` at least, going on at either end."""
    times = [Fraction(one, 1000) for one in music.beats]
    edge = min(_EDGE, len(times) - 1)
    first, last = (times[edge] - times[0]) / edge, (times[-1] - times[-1 - edge]) / edge
    earlier = max(0, -(-(times[0] - low) // first)) + 1
    later = max(0, -(-(high - times[-1]) // last)) + 2
    every = [times[0] - first * n for n in range(int(earlier), 0, -1)] + times
    every += [times[-1] + last * n for n in range(1, int(later) + 1)]
    for index, time in enumerate(every):
        if index + 1 >= len(every) or every[index + 1] > low:
            yield time, (index - int(earlier) - music.first_bar) % music.meter == 0
