"""Lengths of shots by the film's music: ``duration: 2 bars``, and ``audio.music.cut_on``.

What meets the beat is the cut that is seen: the middle of a dissolve, where there is one. Each cut is placed on the clock of
the film, not each length for itself, so that no rounding adds up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

from vidgen.errors import InputError, Notice
from vidgen.media.names import named_file
from vidgen.media.probe import probe_video
from vidgen.media.rate import frames_at
from vidgen.music import Clock
from vidgen.planning.split import LONGEST_S, SHORTEST_S
from vidgen.storyboard.lengths import film_music, words_end
from vidgen.storyboard.model import Shot, Storyboard
from vidgen.storyboard.values import Duration, Musical
from vidgen.takes.request import Trim

Warn = Callable[[Notice], None]


@dataclass(frozen=True)
class Span:
    """A shot, or a part of one, on the clock of the film.

    Args:
        shot: with inherited keys; ``parent``: its id in the storyboard.
        frames: its length without music, in frames of the film.
        overlap: frames that it shares with the shot before it.
        trim: its trim.
    """

    shot: Shot
    parent: str
    frames: int
    overlap: int
    trim: Trim


def lengths_by_music(board: Storyboard, folder: Path, spans: Sequence[Span], fps: Fraction, warn: Warn) -> list[int] | None:
    """Frames of each shot as the music has it; None where nothing follows the music. ``fps``: of the film.

    Raises InputError where a shot is measured in beats and the music has no clear beat.
    """
    music = board.audio.music if board.audio else None
    measured = any(isinstance(span.shot.duration, Musical) for span in spans)
    if music is None or not (measured or music.cut_on != "off"):
        return None
    try:
        beats = film_music(board, folder)
        problem = f"no beat is clear (confidence {beats.confidence:.2f})" if beats and not beats.clear else ""
    except InputError as error:
        beats, problem = None, error.message
    if beats is None or not beats.clear:
        if measured:
            raise InputError(
                "storyboard.invalid", f"a shot is measured in beats, and in {music.file} {problem}", where=music.file
            )
        warn(Notice("music.no_beat", f"audio.music.cut_on: {music.file}: {problem}; the cuts stay where they are"))
        return None
    start = music.start.at(board.fps) if music.start else Fraction(0)
    whole = Fraction(sum(span.frames for span in spans)) / fps
    notes: list[Notice] = []
    for looped in (False, True):
        clock = Clock(beats, start, 2 * whole + 60, looped=looped)
        notes = []
        walk = _Walk(clock, music.cut_on, fps, _limits(board, folder), notes.append)
        lengths = list(walk.lengths(spans))
        total = Fraction(sum(lengths) - sum(span.overlap for span in spans)) / fps
        if total <= Fraction(beats.seconds) - start:
            break  # the music is long enough
    for note in notes:
        warn(note)
    return lengths


Limits = Callable[[Span, Fraction], tuple[Fraction, Fraction]]
"""The shortest and longest length in seconds of a shot whose own length is given in seconds."""


def _limits(board: Storyboard, folder: Path) -> Limits:
    def limits(span: Span, own: Fraction) -> tuple[Fraction, Fraction]:
        low = Fraction(SHORTEST_S) if own >= SHORTEST_S else Fraction(0)
        high = Fraction(LONGEST_S) if own <= LONGEST_S else own + 2
        spoken = span.shot.dialogue or span.shot.voiceover
        words = words_end(span.shot, folder, board.fps) if spoken else Fraction(0)
        if words <= own:
            low = max(low, words)
        if span.shot.clip:
            begin = span.trim.start or Fraction(0)
            high = min(high, Fraction(probe_video(named_file(folder, span.shot.clip)).shown_s) - begin)
        return min(low, own), high

    return limits


def _fixed(shot: Shot, trim: Trim) -> bool:
    """Whether the storyboard says the length to the frame, or a sound does."""
    counted = isinstance(shot.duration, Duration) and shot.duration.frames_ is not None
    return counted or trim.seconds is not None or shot.lip_sync is not None


@dataclass
class _Walk:
    """From cut to cut through the film."""

    clock: Clock
    cut_on: str
    fps: Fraction
    limits: Limits
    warn: Warn

    def lengths(self, spans: Sequence[Span]) -> Iterator[int]:
        """Frames of each shot."""
        start, ideal = 0, Fraction(0)
        cut = self.clock.beat(Fraction(0))
        opened = (cut, 0)
        for index, span in enumerate(spans):
            after = spans[index + 1].overlap if index + 1 < len(spans) else 0
            first = not index or spans[index - 1].parent != span.parent
            opened = (self._on_grid(cut), 0) if first else (opened[0], opened[1] + 1)
            parts = sum(other.parent == span.parent for other in spans)
            own, half = Fraction(span.frames) / self.fps, Fraction(after) / self.fps / 2
            if isinstance(span.shot.duration, Musical):
                cut = self._measured(span.shot.duration, opened, parts)
                end = self._frames(self.clock.time(cut) + half, start, span.overlap + after)
                ideal = Fraction(end) / self.fps
            else:
                ideal += own
                end = start + span.frames
                if self.cut_on != "off" and not _fixed(span.shot, span.trim):
                    end = self._snapped(span, start, ideal - half, after, own)
                cut = self.clock.beat(Fraction(end) / self.fps - half)
                cut = self._on_grid(cut)
            yield end - start
            start, ideal = end - after, ideal - Fraction(after) / self.fps

    def _frames(self, time: Fraction, start: int, least: int) -> int:
        return max(start + max(1, least), frames_at(time, self.fps))

    def _on_grid(self, beat: Fraction) -> Fraction:
        """A cut that is a frame or less beside a beat is on it."""
        whole = Fraction(round(beat))
        return whole if abs(self.clock.time(whole) - self.clock.time(beat)) <= 1 / self.fps else beat

    def _measured(self, length: Musical, opened: tuple[Fraction, int], parts: int) -> Fraction:
        """The beat with which part ``opened[1]`` of ``parts`` of a shot ends that began on beat ``opened[0]``."""
        begin, part = opened
        end = begin + length.beats(self.clock.meter) * (part + 1) / parts
        if self.cut_on == "off":
            return end
        if self.cut_on == "bar" and (end - begin) % self.clock.meter == 0:
            low, time = self.clock.time(begin + Fraction(1, 2)), self.clock.time(end)
            bar = self.clock.nearest(time, bar=True, low=low, high=2 * time - low)
            end = end if bar is None else Fraction(bar)
        return Fraction(round(end))

    def _snapped(self, span: Span, start: int, ideal: Fraction, after: int, own: Fraction) -> int:
        """The frame at which a shot ends, so that its last cut is on the beat or bar nearest to ``ideal``."""
        half = Fraction(after) / self.fps / 2
        low, high = self.limits(span, own)
        least = max(ceil(low * self.fps), span.overlap + after + 1)
        most = max(floor(high * self.fps), 1)
        # Half a frame either way, as the end is rounded to a frame.
        earliest, latest = (Fraction(2 * (start + end) + side, 2) / self.fps - half for end, side in ((least, -1), (most, 1)))
        tried = ("bar", "beat") if self.cut_on == "bar" else ("beat",)
        for kind in tried:
            found = self.clock.nearest(ideal, bar=kind == "bar", low=earliest, high=latest)
            if found is not None:
                end = frames_at(self.clock.time(Fraction(found)) + half, self.fps)
                if least <= end - start <= most:
                    if kind != self.cut_on:
                        text = f"cut_on: no {self.cut_on} ends it within {_told(low, high)}; it ends on a {kind}"
                        self.warn(Notice("plan.off_beat", text, span.shot.id))
                    return end
        self.warn(
            Notice("plan.off_beat", f"cut_on: no beat ends it within {_told(low, high)}; it keeps its length", span.shot.id)
        )
        return start + span.frames


def _told(low: Fraction, high: Fraction) -> str:
    return f"{float(low):.3g} to {float(high):.3g} s"
