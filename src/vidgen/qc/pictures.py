"""All pictures of a file measured in one decode, streamed: nothing grows with the film but a list of its frame times."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from vidgen.errors import InputError
from vidgen.media.look import MAX_PIXELS
from vidgen.media.probe import MediaInfo, open_media, picture_stream
from vidgen.qc.flashes import FlashMeter
from vidgen.qc.picture import Reducer
from vidgen.qc.stretches import BlackMeter, RepeatMeter, StillMeter
from vidgen.qc.timing import Timing, timing_of

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

OnFrame = Callable[[int, int], None]
"""Called with the frames done and their number."""

EVERY = 12
"""Frames between two calls of ``OnFrame``."""


@dataclass
class Damage:
    """What did not decode. ``at``: ticks of the first place, where it is known."""

    count: int = 0
    at: int | None = None

    def add(self, at: int | None) -> None:
        """One more packet or frame, at this time in ticks."""
        self.at = at if self.count == 0 else self.at
        self.count += 1


@dataclass
class Levels:
    """The frame of which most is outside the legal range: its share of the picture, and its ticks. None: not measured."""

    worst: float | None = None
    at: int = 0

    def add(self, at: int, beyond: float | None) -> None:
        """The next frame."""
        if beyond is not None and beyond > (-1 if self.worst is None else self.worst):
            self.worst, self.at = beyond, at


@dataclass
class Pictures:
    """What was measured on the pictures of a file. Times are in ticks of ``tick`` seconds.

    Attributes:
        begins: ticks of the file's time 0. times: of all frames that decoded. sizes: of frames, as coded, in order.
    """

    tick: Fraction
    begins: Fraction
    black: BlackMeter
    flashes: FlashMeter
    times: array[int] = field(default_factory=lambda: array("q"))
    sizes: dict[tuple[int, int], None] = field(default_factory=dict)
    damage: Damage = field(default_factory=Damage)
    levels: Levels = field(default_factory=Levels)
    still: StillMeter = field(default_factory=StillMeter)
    repeats: RepeatMeter = field(init=False)
    timing: Timing = field(init=False)

    def __post_init__(self) -> None:
        self.repeats = RepeatMeter(self.tick)

    def seconds(self, ticks: int) -> float:
        """A time in seconds of the file, as players show it."""
        return round(float(max(Fraction(0), ticks - self.begins) * self.tick), 3)

    def length(self, ticks: int) -> float:
        """A duration in seconds."""
        return round(float(ticks * self.tick), 3)


def measure_pictures(info: MediaInfo, on_frame: OnFrame = lambda done, total: None) -> Pictures:
    """Decode all of a file's picture and measure it. Raises InputError if no frame decodes."""
    with open_media(info.path) as container:
        stream = picture_stream(container)
        assert stream is not None, "the caller has probed the file"
        tick = stream.time_base or info.tick
        reduce = Reducer(info)
        begins = Fraction(container.start_time or 0, 1_000_000) / tick
        found = Pictures(tick, begins, BlackMeter(reduce.black), FlashMeter(reduce.light, tick))
        rates = (stream.average_rate, stream.guessed_rate, stream.base_rate)
        for frame, at in _decoded(container, stream, found.damage):
            if frame.width * frame.height > MAX_PIXELS:
                found.damage.add(at)
                continue
            found.times.append(at)
            found.sizes[(frame.width, frame.height)] = None
            _measure(found, reduce, frame, at)
            if len(found.times) % EVERY == 1:
                on_frame(min(len(found.times), info.frames), info.frames)
    if not found.times:
        raise InputError("media.unreadable", f"{info.path}: no frame can be decoded", where=str(info.path))
    on_frame(info.frames, info.frames)
    found.timing = timing_of(found.times, tick, rates)
    _end(found)
    return found


def _measure(found: Pictures, reduce: Reducer, frame: VideoFrame, at: int) -> None:
    picture = reduce(frame, at)
    black = found.black.add(at, picture.luma)
    found.still.add(at, picture.luma, black)
    found.repeats.add(at, picture.luma)
    found.flashes.add(at, picture.light)
    found.levels.add(at, picture.beyond)


def _end(found: Pictures) -> None:
    """The last frame lasts as long as others: stretches end after it."""
    end = found.times[-1] + round(1 / (found.timing.rate * found.tick))
    for longest in (found.black.longest, found.still.longest):
        longest.add(end, False)


def _decoded(container: InputContainer, stream: VideoStream, damage: Damage) -> Iterator[tuple[VideoFrame, int]]:
    """All frames that decode, with rising times in ticks; what does not decode goes into ``damage``."""
    import av

    stream.thread_type = "AUTO"
    stream.codec_context.options = {"err_detect": "crccheck"}
    last: int | None = None
    packets: Iterator[Any] = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError:
            damage.add(last)
            return
        if packet.is_corrupt:
            damage.add(packet.pts if packet.pts is not None else last)
        try:
            frames = packet.decode()
        except av.FFmpegError:
            damage.add(packet.pts if packet.pts is not None else last)
            continue
        for frame in frames:
            at = frame.pts if frame.pts is not None else frame.dts
            at = (0 if last is None else last + 1) if at is None else at
            last = at if last is None else max(at, last + 1)
            if frame.is_corrupt:
                damage.add(last)
            yield frame, last
