"""The film's music by its bars: where it loops, and where it begins to fade at the film's end."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from vidgen.cut.timeline import Track
from vidgen.errors import InputError
from vidgen.media.rate import SAMPLE_RATE, samples_at
from vidgen.music import Beats, Clock, find_beats

_SHORTEST_FADE_S, _LONGEST_FADE_S = 1, 4


def by_bars(track: Track, total_frames: int, fps: Fraction) -> Track:
    """Looped music with its loop on bars, and the fade of its cut end from a bar on. Without a clear beat it stays as it is."""
    try:
        beats = find_beats(track.file)
    except InputError:
        return track
    loop = beats.loop()
    if not beats.clear or loop is None:
        return track
    back, end = (point * SAMPLE_RATE // 1000 for point in loop)
    fade = _fade(beats, Fraction(track.start, SAMPLE_RATE), Fraction(samples_at(total_frames, fps), SAMPLE_RATE))
    return replace(track, loop_from=back, loop_to=end, cut_fade=fade or track.cut_fade)


def _fade(music: Beats, start: Fraction, film: Fraction) -> int | None:
    """Samples from the last bar that leaves time for a fade to the film's end; None where there is none near."""
    clock = Clock(music, start, film, looped=film > Fraction(music.seconds) - start)
    bars = clock.bars(film - _LONGEST_FADE_S, film - _SHORTEST_FADE_S)
    return int((film - bars[-1]) * SAMPLE_RATE) if bars and bars[-1] >= 0 else None
