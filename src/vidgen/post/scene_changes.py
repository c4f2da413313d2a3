"""Finds scene changes inside a clip (hard cuts), so that nothing is morphed across them.

Looks at pictures of 64x36 grey levels, in a cheap pass of their own or while pictures stream by. A scene change is a pair of
neighbours that differ much, differ much more than the pairs around them, and do not look alike: a flash of light changes
levels but not what is where, a fast pan changes every pair alike. All of it is counted in integers, so that no rounding of
this or that processor decides; two flat pictures look alike, as there is nothing in them that could have changed its place.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vidgen.media.ffmpeg import Process, input_args
from vidgen.media.probe import MediaInfo, open_media, picture_stream
from vidgen.post.stages import Picture

Grey = npt.NDArray[np.int64]
"""A small picture: [36, 64] grey levels in steps of 1/256, 0-65280."""

WIDTH, HEIGHT = 64, 36
MIN_CHANGE = 7.0
"""Grey levels of 255 that neighbours differ by at least, on average, at a scene change."""
MIN_RATIO = 2.5
"""How much more such a pair differs than the pairs around it."""
MAX_LIKENESS = 0.55
"""How alike the two pictures are at most: 1 is the same picture, 0 another one."""
FLAT = 2.0
"""Standard deviation in grey levels under which a picture counts as flat: as much as noise and encoding leave."""
AROUND = 4
_STEPS = 256
_LUMA = np.array([54, 183, 19], np.int64)
"""BT.709 weights of red, green and blue, of 256."""


@dataclass(frozen=True)
class Clock:
    """When each frame of a clip is shown: seconds from its first frame; ``offset`` is where that lies in the container."""

    times: tuple[Fraction, ...]
    end: Fraction
    offset: Fraction


@dataclass(frozen=True)
class Piece:
    """Frames ``first`` to ``last`` (not included) of a clip, without a scene change between them."""

    first: int
    last: int


def read_clock(info: MediaInfo) -> Clock:
    """The times of a clip's frames. Exact multiples of the frame duration where the rate is constant."""
    if info.times:
        last = 1 / info.rate if info.constant_rate else info.times[-1] - info.times[-2]
        return Clock(info.times, info.times[-1] + last, info.starts)
    with open_media(info.path) as container:
        stream = picture_stream(container)
        assert stream is not None
        tick = stream.time_base or Fraction(1, 1000)
        packets = [packet for packet in container.demux(stream) if packet.size and not packet.is_discard]
        times_there = (packet.pts if packet.pts is not None else packet.dts for packet in packets)
        ticks = sorted(pts for pts in times_there if pts is not None)[info.undecoded :]
        start = Fraction(container.start_time or 0, 1_000_000)
    offset = max(Fraction(0), ticks[0] * tick - start)
    if info.constant_rate:
        times = tuple(index / info.rate for index in range(len(ticks)))
    else:
        times = tuple((pts - ticks[0]) * tick for pts in ticks)
    last = 1 / info.rate if info.constant_rate or len(times) < 2 else times[-1] - times[-2]
    return Clock(times, times[-1] + last, offset)


def find_pieces(info: MediaInfo, *, cancelled: Callable[[], bool] = lambda: False) -> list[Piece]:
    """The pieces of a clip between its scene changes, in order; together they are all of its frames."""
    return pieces_of(find_scene_changes(info, cancelled=cancelled), info.frames)


def pieces_of(changes: Sequence[int], frames: int) -> list[Piece]:
    """The pieces between scene changes, of so many frames."""
    return [Piece(first, last) for first, last in pairwise([0, *changes, frames])]


def find_scene_changes(info: MediaInfo, *, cancelled: Callable[[], bool] = lambda: False) -> list[int]:
    """Indices of the frames with which another scene begins."""
    changes: list[float] = []
    likeness: list[float] = []
    before: Grey | None = None
    for picture in _small_pictures(info, cancelled):
        if before is not None:
            changes.append(_change(before, picture))
            likeness.append(_likeness(before, picture))
        before = picture
    return [index + 1 for index in range(len(changes)) if index + 1 < info.frames and _is_change(index, changes, likeness)]


class SceneChangeDetector:
    """Finds scene changes in the pictures of a clip while they stream by, without a pass of its own. ``changes`` holds the
    indices of the frames with which another scene begins, for every picture that was handed on.
    """

    def __init__(self) -> None:
        self.changes: set[int] = set()

    @staticmethod
    def start_for(index: int) -> int:
        """From which picture on it has to look, for the ones from ``index`` on."""
        return max(0, index - AROUND - 1)

    def watch(self, pictures: Iterable[Picture], index: int) -> Iterator[Picture]:
        """The pictures from number ``index`` on; what is given begins at ``start_for(index)``. A few pictures are held back,
        since what comes after it counts, too.
        """
        first = self.start_for(index)
        waiting: deque[Picture] = deque()
        before: Grey | None = None
        changes: list[float] = []
        likeness: list[float] = []
        shown = first
        for picture in pictures:
            small = _small(picture)
            if before is not None:
                changes.append(_change(before, small))
                likeness.append(_likeness(before, small))
            before = small
            waiting.append(picture)
            if len(waiting) > AROUND:
                yield from self._show(waiting.popleft(), shown, index, first, changes, likeness)
                shown += 1
        for picture in waiting:
            yield from self._show(picture, shown, index, first, changes, likeness)
            shown += 1

    def _show(
        self, picture: Picture, number: int, index: int, first: int, changes: Sequence[float], likeness: Sequence[float]
    ) -> Iterator[Picture]:
        if number > first and _is_change(number - first - 1, changes, likeness):
            self.changes.add(number)
        if number >= index:
            yield picture


def _small(picture: Picture) -> Grey:
    import cv2

    small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    levels: Grey = small.astype(np.int64) @ _LUMA
    return levels if picture.dtype == np.uint8 else levels // 257


def _is_change(index: int, changes: Sequence[float], likeness: Sequence[float]) -> bool:
    if changes[index] < MIN_CHANGE or likeness[index] > MAX_LIKENESS:
        return False
    around = [*changes[max(0, index - AROUND) : index], *changes[index + 1 : index + 1 + AROUND]]
    return not around or changes[index] > MIN_RATIO * float(np.median(around))


def _change(one: Grey, other: Grey) -> float:
    """Mean difference in grey levels."""
    return int(np.abs(one - other).sum()) / (one.size * _STEPS)


def _likeness(one: Grey, other: Grey) -> float:
    """The structure term of SSIM (Wang et al. 2004) over the whole picture: the correlation, with a little added to both
    powers, so that two flat pictures are alike (1) and a flat one is not like one with something in it (near 0).
    """
    count = one.size
    power, other_power = (count * int((part * part).sum()) - int(part.sum()) ** 2 for part in (one, other))
    common = count * int((one * other).sum()) - int(one.sum()) * int(other.sum())
    flat = (FLAT * _STEPS * count) ** 2
    return (common + flat) / math.sqrt((power + flat) * (other_power + flat))


def _small_pictures(info: MediaInfo, cancelled: Callable[[], bool]) -> Iterator[Grey]:
    args = [
        *input_args(info.path.absolute()),
        *("-map", info.source, "-vf", f"scale={WIDTH}:{HEIGHT}:flags=area,format=gray", "-fps_mode", "passthrough"),
        *("-frames:v", str(info.frames), "-f", "rawvideo", "pipe:1"),
    ]
    with Process(args, what=f"looking for scene changes in {info.path.name}", stdout=True, cancelled=cancelled) as process:
        while len(data := process.read(WIDTH * HEIGHT)) == WIDTH * HEIGHT:
            yield np.frombuffer(data, np.uint8).reshape(HEIGHT, WIDTH).astype(np.int64) * _STEPS
