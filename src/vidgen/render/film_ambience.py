"""Where the background sounds of scenes and shots lie in the film, and how they meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby

from vidgen.cut.timeline import EDGE_FADE, Track
from vidgen.media.rate import SAMPLE_RATE, samples_at
from vidgen.planning.plan import FilmShot, Plan
from vidgen.storyboard.model import Ambience

CROSS_FADE_S = Fraction(1)
"""How long two ambiences are heard together where they meet. A longer transition of the pictures makes it longer, short shots
make it shorter.
"""


@dataclass(frozen=True)
class Bed:
    """One background sound from sample ``at`` on; ``length`` None: to the film's end. Fades are in samples."""

    sound: Ambience
    at: int = 0
    length: int | None = None
    fade_in: int = EDGE_FADE
    fade_out: int = EDGE_FADE

    def laid(self, track: Track) -> Track:
        """Its sound, with this place in the film."""
        placed = replace(track, at=self.at, length=self.length, fade_in=self.fade_in, fade_out=self.fade_out)
        return replace(placed, loop=True, equal_power=True)


@dataclass(frozen=True)
class _Stretch:
    """Neighbouring shots with the same ambience: their sounds, and the sample where their pictures begin and end. Where it
    meets another, both fade around ``begin`` and ``end``, by ``fade_in`` and ``fade_out`` samples on either side.
    """

    sounds: tuple[Ambience, ...]
    begin: int
    end: int
    fade_in: int = 0
    fade_out: int = 0


def ambience_beds(plan: Plan) -> Iterator[Bed]:
    """Every background sound of scenes and shots. One that goes on from a shot to the next is not interrupted."""
    stretches = list(_stretches(plan))
    for sound in dict.fromkeys(sound for one in stretches for sound in one.sounds):
        for heard, some in groupby(stretches, lambda one, sound=sound: sound in one.sounds):  # type: ignore[misc]
            if heard:
                yield _bed(sound, list(some))


def _bed(sound: Ambience, stretches: list[_Stretch]) -> Bed:
    first, last = stretches[0], stretches[-1]
    at = first.begin - first.fade_in
    length = last.end + last.fade_out - at
    return Bed(sound, at, length, max(EDGE_FADE, 2 * first.fade_in), max(EDGE_FADE, 2 * last.fade_out))


def _stretches(plan: Plan) -> Iterator[_Stretch]:
    groups = [list(shots) for _, shots in groupby(plan.shots, lambda shot: shot.shot.ambience or ())]
    meets = [_meeting(plan, group[0]) for group in groups[1:]]
    middles = [0, *(middle for middle, _ in meets), samples_at(plan.total_frames, plan.fps)]
    halves = [0]
    for place, (_, half) in enumerate(meets, 1):
        before, after = middles[place] - middles[place - 1], middles[place + 1] - middles[place]
        halves.append(max(0, min(half, before // 2, after // 2)))
    halves.append(0)
    for place, group in enumerate(groups):
        sounds = group[0].shot.ambience or ()
        yield _Stretch(sounds, middles[place], middles[place + 1], halves[place], halves[place + 1])


def _meeting(plan: Plan, incoming: FilmShot) -> tuple[int, int]:
    """The sample in the middle of where a shot comes in, and how long both ambiences are heard on either side of it."""
    begin, shared = (samples_at(frames, plan.fps) for frames in (incoming.start_frame, incoming.overlap))
    return begin + shared // 2, max(shared, int(CROSS_FADE_S * SAMPLE_RATE)) // 2
