"""Demux a file: presentation times of each stream, and the end of the picture by the header."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

_BACK_S, _APART_S = Fraction(1, 10), 10
"""Jumps of timestamps, back or forward, that mean a new clock: ffmpeg's limits."""

_KEYS = 24
"""Most key frames that are compared to find changes inside a clip."""


@dataclass
class Track:
    """The packets of one stream: presentation times in ticks of ``tick`` seconds."""

    tick: Fraction
    times: list[int]
    last_end: int = 0
    _last: int | None = None
    _next: int = 0
    _moved: int = 0

    def add(self, pts: int, duration: int) -> None:
        """Add a packet."""
        self.times.append(pts)
        self.last_end = max(self.last_end, pts + duration)

    def moved(self, dts: int, duration: int) -> int:
        """Ticks to add to a packet's times, so that joined recordings with separate clocks continue, as in ffmpeg."""
        now = dts + self._moved
        back, apart = (now - (self._last or 0)) * self.tick, abs(now - self._next) * self.tick
        if self._last is not None and (back < -_BACK_S or apart > _APART_S):
            self._moved += self._next - now
            now = self._next
        self._last, self._next = now, now + duration
        return self._moved

    @property
    def span_s(self) -> float:
        """Seconds from the first packet to the end of the last."""
        return float((self.last_end - min(self.times)) * self.tick) if self.times else 0.0

    @property
    def end_s(self) -> float:
        """End of the last packet in seconds of the container's clock."""
        return float(self.last_end * self.tick)


def shown_at(packet: Packet[Any]) -> int | None:
    """Presentation time of a packet in ticks. For AVI it is the decoding time, because its presentation times are guesses."""
    guessed = packet.pts is None or packet.stream.container.format.name == "avi"
    return packet.dts if guessed and packet.dts is not None else packet.pts


def may_jump(container: InputContainer) -> bool:
    """Whether the clock of this format may restart inside a file, as in transport streams."""
    from av.format import Flags

    return Flags.ts_discont in Flags(container.format.flags)


@dataclass(frozen=True)
class DeclaredEnd:
    """End of a file by its header, in seconds; 0 if unknown. ``own``: it is that of the picture, and other streams may end
    later.
    """

    seconds: float
    own: bool


def declared_end(container: InputContainer, picture: VideoStream | None) -> DeclaredEnd:
    """The end by the header. Call it before demuxing, which changes the header values of fragmented files.

    Unknown for formats that estimate their length from the bit rate.
    """
    name, tick = container.format.name, picture.time_base if picture else None
    whole = (container.duration or 0) / 1_000_000
    if picture and tick and picture.duration and any(form in name for form in ("mp4", "avi")):
        begin = picture.start_time if picture.frames and picture.start_time else 0  # of fragments it may be counted in
        return DeclaredEnd(float((begin + picture.duration) * tick), True)
    if picture and "matroska" in name and (tagged := _clock_seconds(picture.metadata.get("DURATION", ""))):
        return DeclaredEnd(min(tagged, whole), True)  # the tag may be left over from a longer file
    return DeclaredEnd(whole if any(form in name for form in ("mp4", "matroska", "wav", "avi")) else 0.0, False)


def _clock_seconds(text: str) -> float:
    """Seconds of ``00:00:04.000000000``; 0 where it is something else."""
    found = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text.strip())
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else 0.0


def demux(container: InputContainer, picture: VideoStream | None) -> tuple[dict[int, Track], list[Packet[Any]]]:
    """The packet times of all streams, and key packets of the picture spread over the file."""
    import av

    tracks = {stream.index: Track(stream.time_base or Fraction(1, 1000), []) for stream in container.streams}
    keys, jumps = _Spread(), may_jump(container)
    try:
        for packet in container.demux():
            pts = shown_at(packet)
            if packet.size and pts is not None and not packet.is_discard:
                track, duration = tracks[packet.stream.index], packet.duration or 0
                moved = track.moved(packet.dts, duration) if jumps and packet.dts is not None else 0
                track.add(pts + moved, duration)
                if packet.is_keyframe and picture is not None and packet.stream.index == picture.index:
                    keys.add(packet)
    except av.FFmpegError:
        pass  # the end of a truncated file: keep what was read, ``missing_s`` reports the rest
    return tracks, keys.kept


class _Spread:
    """A few packets spread over a file of unknown length: when there are too many, every second one is dropped."""

    def __init__(self) -> None:
        self.kept: list[Packet[Any]] = []
        self._step, self._seen = 1, 0

    def add(self, packet: Packet[Any]) -> None:
        if self._seen % self._step == 0:
            self.kept.append(packet)
        self._seen += 1
        if len(self.kept) > _KEYS:
            self.kept, self._step = self.kept[::2], self._step * 2
