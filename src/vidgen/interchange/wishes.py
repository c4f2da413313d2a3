"""What has to change in a storyboard for a shot to be as its editor wants it: values of its keys."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from vidgen.interchange.cut import CutShot, Media
from vidgen.interchange.wanted import WantedShot
from vidgen.media.wording import counted

LONGEST_PART_S = 5
"""A longer shot would be split, and its parts be other shots."""
SHORT_DIGITS, MOST_DIGITS = 3, 9


@dataclass(frozen=True)
class Standing:
    """A shot as the storyboard has it now.

    Args:
        ordered: seconds that an engine is asked for; None: it is a clip of the user's own.
        natural: its length in frames of the film where no trim says one; None where it depends on its place.
        part_of: the shot that it is a part of; None: it is whole.
        continued: a shot that goes on from its take.
    """

    shot: CutShot
    ordered: Fraction | None
    natural: int | None = None
    part_of: str | None = None
    continued: str | None = None


@dataclass(frozen=True)
class Wish:
    """A key of a shot that is to have a value; None: it goes."""

    key: str
    value: Any


@dataclass(frozen=True)
class Rates:
    """Frames per second of the film, and of the storyboard, in which its times may count frames."""

    film: Fraction
    board: Fraction

    def time(self, frames: int, rate: Fraction) -> int | float | str:
        """The time of a frame as a storyboard tells it: short seconds, else frames, else seconds that come nearest to it."""
        exact = Fraction(frames) / rate
        for digits in range(MOST_DIGITS + 1):
            text = f"{float(exact):.{digits}f}"
            if Fraction(text) == exact or (digits > SHORT_DIGITS and _nearest(Fraction(text), rate) == frames):
                return int(text) if digits == 0 else float(text)
            if digits == SHORT_DIGITS and rate == self.board:
                return f"{frames}f"
        return float(exact)


def _nearest(seconds: Fraction, rate: Fraction) -> int:
    return math.floor(seconds * rate + Fraction(1, 2))


def wishes(wanted: WantedShot, now: Standing, rates: Rates) -> Iterator[Wish | str]:
    """The values of keys that bring a shot nearer to what is wanted, and in words what cannot be had.

    Another take comes alone: the rest is seen once it is in the film.
    """
    yield from _transition(wanted, now, rates)
    if wanted.opens is None:
        return
    chosen = now.shot.chosen
    take = wanted.media.metadata.get("take") if wanted.media else None
    if wanted.media and chosen and (wanted.media.sha256, take) != (chosen.sha256, chosen.metadata.get("take")):
        if now.continued is None and isinstance(take, int):
            yield Wish("pick", take)
            return
        yield (
            f"{now.shot.id}: take {take} stays out, as {now.continued} goes on from the other one and would be made anew; "
            f"vidgen pick takes it all the same"
        )
    if now.part_of:
        if (_start(wanted, chosen, rates), wanted.frames) != (now.shot.start, now.shot.frames):
            yield f"{now.shot.id}: its trim, as it is a part of {now.part_of}, and the parts join exactly"
        return
    yield from _trim(wanted, now, rates)


def _transition(wanted: WantedShot, now: Standing, rates: Rates) -> Iterator[Wish]:
    kind, frames = wanted.transition, wanted.transition_frames
    if frames == 0 and now.shot.transition_frames:
        yield Wish("transition", None)
    elif frames and (kind, frames) != (now.shot.transition, now.shot.transition_frames):
        yield Wish("transition", {"type": kind, "duration": rates.time(frames, rates.film)})


def _start(wanted: WantedShot, media: Media | None, rates: Rates) -> int:
    """Number of the frame of the file that the shot opens with; below 0 where it would have to begin before its file."""
    return _nearest(wanted.opens or Fraction(0), media.rate if media else rates.film)


def _trim(wanted: WantedShot, now: Standing, rates: Rates) -> Iterator[Wish | str]:
    shot, media = now.shot, now.shot.chosen
    rate, first = (media.rate, media.first) if media else (rates.film, 0)
    start, frames = _start(wanted, media, rates), wanted.frames
    if start < first:
        yield f"{shot.id}: it would open {counted(first - start, 'frame')} before its file begins; it opens with the first one"
        start = first
    have = Fraction(media.frames) / rate if media else now.ordered or Fraction(0)
    end = Fraction(start) / rate + Fraction(frames) / rates.film
    if (start, frames) != (shot.start, shot.frames) and (end - have) * rate > Fraction(1, 2):
        if now.ordered is None:
            left = max(1, math.floor((have - Fraction(start) / rate) * rates.film))
            yield f"{shot.id}: it is {counted(frames - left, 'frame')} longer than what is left of its clip; it ends with that"
            frames = left
        else:
            yield from _longer(shot, end - Fraction(first) / rate, now.ordered, rates)
    if (start, frames) == (shot.start, shot.frames):
        return
    trim = {"start": rates.time(start - first, rate)}
    if frames != now.natural:
        trim["duration"] = rates.time(frames, rates.film)
    yield Wish("trim", trim)


def _longer(shot: CutShot, seconds: Fraction, ordered: Fraction, rates: Rates) -> Iterator[Wish | str]:
    """An order that covers so many seconds of a take."""
    if seconds <= ordered:
        return
    frames = math.ceil(seconds * rates.board)
    if Fraction(frames) / rates.board > LONGEST_PART_S:
        text = f"{shot.id}: its take is too short, and a shot over {LONGEST_PART_S} s would be split; the last frame is held"
        yield text
        return
    yield Wish("duration", rates.time(frames, rates.board))
