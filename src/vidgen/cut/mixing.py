"""Mix tracks to one PCM file, streamed in blocks of a second. Positions are sample numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vidgen.cut.ducking import Ducked, Ducking
from vidgen.cut.looping import looped
from vidgen.cut.spoken import Part, joined, listen
from vidgen.cut.timeline import EDGE_FADE, Track
from vidgen.errors import Cancelled, Notice, ProcessingError
from vidgen.media.audio import Samples, decode_audio
from vidgen.media.ffmpeg import Process
from vidgen.media.files import file_url
from vidgen.media.rate import SAMPLE_RATE

BLOCK = SAMPLE_RATE
_ONLY_FADE = SAMPLE_RATE
"""A last repetition shorter than this would be only fade."""
_PADDING = SAMPLE_RATE // 10
"""Most silence in samples that encoders add: music that is longer only by this fits the film exactly."""


def _decoded(track: Track, start: int, samples: int | None = None, damaged_files: set[Path] | None = None) -> Iterator[Samples]:
    zero = None if track.zero_us is None else Fraction(track.zero_us, 1_000_000)
    damaged = (lambda: None) if damaged_files is None else (lambda: damaged_files.add(track.file))
    return decode_audio(track.file, start=start, samples=samples, zero=zero, damaged=damaged)


def _length(track: Track, start: int, most: int) -> int:
    """Number of samples of the track's file from ``start``, at most ``most``, by decoding."""
    return sum(len(block) for block in _decoded(track, start, most)) if most > 0 else 0


@dataclass(frozen=True)
class Placed:
    """A track with its position in the film: it plays from sample ``begin`` to before ``end``.

    ``repeats``: whether its file is shorter than that. ``spoken``: where somebody speaks in it, in samples of the film.
    """

    track: Track
    begin: int
    end: int
    fade_out: int = 0
    repeats: bool = False
    spoken: tuple[Part, ...] = ()


def place(tracks: Sequence[Track], total: int) -> list[Placed]:
    """Compute where each track begins and ends in a film of ``total`` samples. Tracks that never play are left out."""
    placed = []
    for track in tracks:
        available = total - track.at if track.length is None else min(track.length, total - track.at)
        begin = max(0, track.at)
        one = _placed_loop(track, begin, available) if track.loop else _placed_once(track, begin, available)
        if one.begin < one.end:
            placed.append(one)
    return placed


def _placed_once(track: Track, begin: int, available: int) -> Placed:
    """A track that has ``available`` samples. If they cut its file off, it fades at least as long as prevents a click."""
    spoken: tuple[Part, ...] = ()
    most = max(0, available + 1)
    if track.role == "voice":
        recording = listen(_decoded(track, track.start, most) if most else ())
        samples, spoken = recording.samples, recording.parts
    else:
        samples = _length(track, track.start, most)
    fade, length = track.fade_out or 0, min(samples, available)
    end = track.at + length
    parts = ((max(begin, track.at + first), min(end, track.at + last)) for first, last in spoken)
    heard = tuple((first, last) for first, last in parts if first < last)
    return Placed(track, begin, end, max(fade, EDGE_FADE) if samples > available else fade, spoken=heard)


def _placed_loop(track: Track, begin: int, available: int) -> Placed:
    """A loop that has ``available`` samples. Without a set fade it fades out if it is cut off, and a last repetition of the
    whole file that would be only fade is left out.
    """
    first = _length(track, track.start, available + _PADDING + 1)
    repeats = first < available
    if track.fade_out is not None:
        return Placed(track, begin, track.at + available, track.fade_out, repeats)
    if not repeats and first <= available + _PADDING:
        return Placed(track, begin, track.at + available, EDGE_FADE)
    each = first + track.start if first else _length(track, 0, available)
    rest = (available - first) % each if each and repeats and track.loop_to is None else _ONLY_FADE
    if rest < _ONLY_FADE:
        return Placed(track, begin, track.at + available - rest, EDGE_FADE, repeats)
    return Placed(track, begin, track.at + available, track.cut_fade, repeats)


def spoken_parts(placed: Iterable[Placed]) -> list[Part]:
    """Where somebody speaks in the film, whoever it is."""
    return list(joined(sorted(part for one in placed for part in one.spoken), 1))


class _Player:
    """Plays one track, decoded on demand."""

    def __init__(self, placed: Placed, ducking: Ducking, damaged_files: set[Path]) -> None:
        self.placed, self._ducking, self._harm = placed, ducking, damaged_files
        self._ducked = Ducked() if placed.track.duck else None
        self._blocks = self._play()
        self._left: Samples = np.zeros((0, 2), np.float32)
        for passed in range(0, max(0, -placed.track.at), BLOCK):
            self._take(min(BLOCK, -placed.track.at - passed))

    def _play(self) -> Iterator[Samples]:
        track = self.placed.track

        def decode(start: int, samples: int | None) -> Iterator[Samples]:
            return _decoded(track, start, samples, self._harm)

        if not track.loop:
            return decode(track.start, None)
        return looped(decode, track.start, track.loop_from, track.loop_to if self.placed.repeats else None)

    def _take(self, count: int) -> Samples:
        """The next ``count`` samples of the file, padded with silence after its end."""
        parts, have = [self._left], len(self._left)
        while have < count and (block := next(self._blocks, None)) is not None:
            parts.append(block)
            have += len(block)
        joined = np.concatenate(parts)
        self._left = joined[count:]
        taken = joined[:count]
        return np.pad(taken, ((0, count - len(taken)), (0, 0))) if len(taken) < count else taken

    def add_to(self, mix: npt.NDArray[np.float64], first: int) -> None:
        """Add the track to a block of the mix that starts at film sample ``first``."""
        begin, end = max(first, self.placed.begin), min(first + len(mix), self.placed.end)
        if begin >= end:
            return
        positions = np.arange(begin, end)
        sound = self._take(end - begin)
        lowered = self._ducked.apply(sound, self._ducking.depth(positions)) if self._ducked else sound
        mix[begin - first : end - first] += lowered * self._gain(positions)[:, None]

    def _gain(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        track, placed = self.placed.track, self.placed
        gain = np.full(len(positions), 10 ** (track.gain_db / 20))
        for samples, passed in ((track.fade_in, positions - placed.begin), (placed.fade_out, placed.end - positions)):
            if samples:
                share = np.clip(passed / samples, 0, 1)
                gain *= np.sin(share * (np.pi / 2)) if track.equal_power else share
        return gain

    def finished(self, first: int) -> bool:
        return first >= self.placed.end


@dataclass(frozen=True)
class Mixed:
    """What was found while mixing: a notice for each file that cannot be decoded completely, and where somebody speaks."""

    notices: tuple[Notice, ...]
    spoken: tuple[Part, ...]


def mix_to_wav(
    tracks: Sequence[Track],
    total: int,
    out: Path,
    cancelled: Callable[[], bool] = lambda: False,
    *,
    heard: Callable[[Track], bool] = lambda track: True,
) -> Mixed:
    """Mix the tracks to a float WAV (RF64 if it is long) of exactly ``total`` samples.

    ``heard``: which of them are in the file. The others still lower music, so that such parts add up to the whole mix.

    Raises ProcessingError if the length is wrong, Cancelled.
    """
    damaged_files: set[Path] = set()
    placed = sorted(place(tracks, total), key=lambda item: item.begin)
    spoken = spoken_parts(placed)
    ducking = Ducking.under(spoken)
    waiting, playing = [item for item in placed[::-1] if heard(item.track)], []
    args = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2", "-i", "pipe:0", "-c:a", "pcm_f32le", "-rf64", "auto"]
    with Process([*args, f"file:{out.resolve()}"], what="writing the mix", stdin=True, cancelled=cancelled) as writer:
        for first in range(0, total, BLOCK):
            if cancelled():
                raise Cancelled()
            block = np.zeros((min(BLOCK, total - first), 2))
            while waiting and waiting[-1].begin < first + len(block):
                playing.append(_Player(waiting.pop(), ducking, damaged_files))
            for player in playing:
                player.add_to(block, first)
            playing = [player for player in playing if not player.finished(first + len(block))]
            writer.write(np.ascontiguousarray(block, dtype=np.float32).data.cast("B"))
    found = _stored_samples(out)
    if found != total:
        raise ProcessingError("media.bad_output", f"the mix has {found} samples instead of {total}")
    text = "is damaged or cut off; what could be decoded is used"
    files = [file for file in dict.fromkeys(track.file for track in tracks) if file in damaged_files]
    return Mixed(tuple(Notice("sound.damaged", f"{file} {text}") for file in files), tuple(spoken))


def _stored_samples(path: Path) -> int:
    import av

    with av.open(file_url(path), metadata_errors="replace") as container:
        return container.streams.audio[0].duration or 0
