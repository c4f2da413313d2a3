"""Mix sounds into one PCM file, streamed: a second at a time, whatever the length of the film.

Everything is placed by sample number. Music that ducks follows an envelope computed from where the voices are, not from
how loud they are: the same timeline always gives the same mix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vidgen.cut.timeline import Track
from vidgen.errors import Cancelled, ProcessingError
from vidgen.media.audio import Samples, decode_audio
from vidgen.media.ffmpeg import Process
from vidgen.media.files import file_url
from vidgen.media.rate import SAMPLE_RATE

BLOCK = SAMPLE_RATE
DUCK_DB = -12.0
DUCK_ATTACK = int(0.25 * SAMPLE_RATE)
"""Music is down when the voice starts: it begins to fall this many samples before."""
DUCK_RELEASE = int(0.6 * SAMPLE_RATE)


def sound_length(path: Path) -> int:
    """The exact length of a sound file in samples at 48 kHz, found by decoding it."""
    return sum(len(block) for block in decode_audio(path))


@dataclass(frozen=True)
class Placed:
    """A track with its place in the film settled: it sounds from sample ``begin`` up to, not including, ``end``."""

    track: Track
    begin: int
    end: int


def place(tracks: Sequence[Track], total: int) -> list[Placed]:
    """Settle where every track begins and ends in a film of ``total`` samples; those that never sound are left out."""
    placed = []
    for track in tracks:
        if track.loop:
            length = total if track.length is None else track.length
        else:
            available = max(0, sound_length(track.file) - track.start)
            length = available if track.length is None else min(track.length, available)
        begin, end = max(0, track.at), min(total, track.at + length)
        if begin < end:
            placed.append(Placed(track, begin, end))
    return placed


def duck_envelope(placed: Sequence[Placed]) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float64]]:
    """The gain in dB, by film sample, of music that goes down under the voices."""
    spans: list[list[int]] = []
    for voice in sorted((item for item in placed if item.track.role == "voice"), key=lambda item: item.begin):
        if spans and voice.begin - DUCK_ATTACK <= spans[-1][1] + DUCK_RELEASE:
            spans[-1][1] = max(spans[-1][1], voice.end)
        else:
            spans.append([voice.begin, voice.end])
    points = [point for begin, end in spans for point in (begin - DUCK_ATTACK, begin, end, end + DUCK_RELEASE)]
    levels = [0.0, DUCK_DB, DUCK_DB, 0.0] * len(spans)

    def gain(positions: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        if not points:
            return np.zeros(len(positions))
        return np.interp(positions, points, levels)

    return gain


class _Player:
    """One track, read on demand from its beginning to its end."""

    def __init__(self, placed: Placed, duck: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float64]]) -> None:
        self.placed, self._duck = placed, duck
        self._blocks = self._play()
        self._left: Samples = np.zeros((0, 2), np.float32)
        for passed in range(0, max(0, -placed.track.at), BLOCK):
            self._take(min(BLOCK, -placed.track.at - passed))

    def _play(self) -> Iterator[Samples]:
        track, start = self.placed.track, self.placed.track.start
        while True:
            heard = False
            for block in decode_audio(track.file, start=start):
                heard = True
                yield block
            if not track.loop or not (heard or start):
                return
            start = 0

    def _take(self, count: int) -> Samples:
        """The next ``count`` samples as they are in the file; silence after its end."""
        parts, have = [self._left], len(self._left)
        while have < count and (block := next(self._blocks, None)) is not None:
            parts.append(block)
            have += len(block)
        joined = np.concatenate(parts)
        self._left = joined[count:]
        taken = joined[:count]
        return np.pad(taken, ((0, count - len(taken)), (0, 0))) if len(taken) < count else taken

    def add_to(self, mix: npt.NDArray[np.float64], first: int) -> None:
        """Add what sounds in the film samples from ``first`` on to a block of the mix."""
        begin, end = max(first, self.placed.begin), min(first + len(mix), self.placed.end)
        if begin >= end:
            return
        positions = np.arange(begin, end)
        sound = self._take(end - begin) * self._gain(positions)[:, None]
        mix[begin - first : end - first] += sound

    def _gain(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        track, placed = self.placed.track, self.placed
        gain = np.full(len(positions), 10 ** (track.gain_db / 20))
        if track.duck:
            gain *= 10 ** (self._duck(positions) / 20)
        if track.fade_in:
            gain *= np.clip((positions - placed.begin) / track.fade_in, 0, 1)
        if track.fade_out:
            gain *= np.clip((placed.end - positions) / track.fade_out, 0, 1)
        return gain

    def finished(self, first: int) -> bool:
        return first >= self.placed.end


def mix_to_wav(tracks: Sequence[Track], total: int, out: Path, cancelled: Callable[[], bool] = lambda: False) -> None:
    """Mix the tracks to a float WAV (RF64 where it is long) of exactly ``total`` samples and check its length."""
    placed = sorted(place(tracks, total), key=lambda item: item.begin)
    duck = duck_envelope(placed)
    waiting, playing = placed[::-1], []
    args = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2", "-i", "pipe:0", "-c:a", "pcm_f32le", "-rf64", "auto"]
    with Process([*args, f"file:{out.resolve()}"], what="writing the mix", stdin=True, cancelled=cancelled) as writer:
        for first in range(0, total, BLOCK):
            if cancelled():
                raise Cancelled()
            block = np.zeros((min(BLOCK, total - first), 2))
            while waiting and waiting[-1].begin < first + len(block):
                playing.append(_Player(waiting.pop(), duck))
            for player in playing:
                player.add_to(block, first)
            playing = [player for player in playing if not player.finished(first + len(block))]
            writer.write(np.ascontiguousarray(block, dtype=np.float32).data.cast("B"))
    found = _stored_samples(out)
    if found != total:
        raise ProcessingError("media.bad_output", f"the mix has {found} samples instead of {total}")


def _stored_samples(path: Path) -> int:
    import av

    with av.open(file_url(path), metadata_errors="replace") as container:
        return container.streams.audio[0].duration or 0
