"""What a media file really holds, read with PyAV (no ffprobe needed)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgen.errors import InputError
from vidgen.media.ffmpeg import FORMATS
from vidgen.media.rate import parse_rate

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

MAX_SIDE = 16_384
"""Longest side of a picture that is opened; a larger one is damage or a bomb."""

UNTAGGED = 2
"""The number that ffmpeg gives to a matrix, primaries or transfer that a file does not name."""

_SHORT_S = 0.25


@dataclass(frozen=True)
class MediaInfo:
    """One file's first video stream and first audio stream.

    Sizes in pixels as coded; ``frames`` counts what is shown, by demuxing; ``duration_s`` is the picture's length, or the
    sound's where there is no picture. ``rotation`` is how far the coded picture is turned clockwise for display: 0, 90,
    180 or 270. Colours are ffmpeg's numbers (range 1 limited, 2 full, 0 untagged; the others 2 where untagged).
    ``missing_s`` is how much the container's own length promises beyond what is there: above 0, the file was cut off.
    Without a picture sizes, rate and frames are 0; without sound ``audio_*`` are 0.
    """

    path: Path
    container: str
    has_video: bool
    has_audio: bool
    width: int
    height: int
    rate: Fraction
    frames: int
    duration_s: float
    pix_fmt: str
    codec: str
    color_range: int
    color_matrix: int
    color_primaries: int
    color_transfer: int
    sar: Fraction
    rotation: int
    interlaced: bool
    constant_rate: bool
    audio_rate: int = 0
    audio_channels: int = 0
    audio_duration_s: float = 0.0
    audio_codec: str = ""
    missing_s: float = 0.0

    @property
    def display_size(self) -> tuple[int, int]:
        """Width and height in square pixels as a player shows it: pixel shape applied, then turned."""
        width, height = (
            (round(self.width * self.sar), self.height) if self.sar > 1 else (self.width, round(self.height / self.sar))
        )
        return (height, width) if self.rotation in (90, 270) else (width, height)


def probe(path: Path) -> MediaInfo:
    """Read a file's streams and count its frames by demuxing. Raises InputError where it is not readable media."""
    with open_media(path) as container:
        return _read(path, container)


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """Open a local file with PyAV: as a file whatever its name, and only as a known media format.

    Raises InputError where it is not there or not readable, also for what PyAV raises inside the block.
    """
    import av

    if not path.is_file():
        raise InputError("media.not_found", f"{path} does not exist", hint="check the path", where=str(path))
    try:
        with av.open(f"file:{path}", options={"protocol_whitelist": "file", "format_whitelist": FORMATS}) as container:
            yield container
    except av.FFmpegError as error:
        raise InputError(
            "media.unreadable", f"{path} is not a readable media file ({error.strerror})", where=str(path)
        ) from error


def probe_video(path: Path) -> MediaInfo:
    """``probe``, and InputError unless the file has pictures and is whole."""
    info = probe(path)
    if not info.has_video or not info.frames:
        raise InputError("media.no_video", f"{path} has no video", hint="give a video file", where=str(path))
    if info.missing_s:
        raise InputError(
            "media.truncated",
            f"{path} is cut off: its last {info.missing_s:.1f} s are missing",
            hint="get the whole file",
            where=str(path),
        )
    return info


def picture_stream(container: InputContainer) -> VideoStream | None:
    """The stream that is the file's picture: the first that is not a cover."""
    return next((stream for stream in container.streams.video if not int(stream.disposition) & _ATTACHED_PICTURE), None)


@dataclass
class _Track:
    """What demuxing one stream showed: presentation times and durations in ticks of ``tick`` seconds."""

    tick: Fraction
    times: list[int]
    last_end: int = 0

    def add(self, pts: int, duration: int) -> None:
        self.times.append(pts)
        self.last_end = max(self.last_end, pts + duration)

    @property
    def span_s(self) -> float:
        return float((self.last_end - min(self.times)) * self.tick) if self.times else 0.0

    @property
    def end_s(self) -> float:
        return float(self.last_end * self.tick)


def _read(path: Path, container: InputContainer) -> MediaInfo:
    video = picture_stream(container)
    audio = container.streams.audio[0] if container.streams.audio else None
    if video is None and audio is None:
        raise InputError("media.unreadable", f"{path} holds neither pictures nor sound", where=str(path))
    tracks = _demux(container, [stream for stream in (video, audio) if stream is not None])
    sound = tracks[audio.index] if audio else _Track(Fraction(1), [])
    picture = tracks[video.index] if video else _Track(Fraction(1), [])
    name = container.format.name
    promised = container.duration / 1_000_000 if container.duration and _states_length(name) else 0.0
    start = container.start_time / 1_000_000 if container.start_time else 0.0
    end = max(picture.end_s, sound.end_s)
    missing = promised - max(end, end - start)  # Matroska counts its length from 0, MP4 from the first picture or sound
    times = sorted(picture.times)
    rate, constant = _rate(times, picture.tick, video) if video else (Fraction(0), True)
    look = _look(path, container, video) if video and times else {}
    return MediaInfo(
        path=path,
        container=name,
        has_video=video is not None,
        has_audio=audio is not None and bool(sound.times),
        frames=len(times),
        rate=rate,
        constant_rate=constant,
        duration_s=_picture_seconds(picture, rate, constant) if video else sound.span_s,
        audio_rate=audio.rate if audio else 0,
        audio_channels=audio.channels if audio else 0,
        audio_duration_s=sound.span_s,
        audio_codec=audio.codec_context.name if audio else "",
        missing_s=missing if missing > max(_SHORT_S, promised * 0.02) else 0.0,
        **{**_NO_PICTURE, **look},
    )


_ATTACHED_PICTURE = 0x400
_NO_PICTURE: Mapping[str, Any] = {
    "width": 0,
    "height": 0,
    "pix_fmt": "",
    "codec": "",
    "color_range": 0,
    "color_matrix": UNTAGGED,
    "color_primaries": UNTAGGED,
    "color_transfer": UNTAGGED,
    "sar": Fraction(1),
    "rotation": 0,
    "interlaced": False,
}


def _states_length(container: str) -> bool:
    """Whether the container writes its length in a header; elsewhere it is a guess from the bit rate."""
    return any(name in container for name in ("mp4", "matroska", "wav", "avi"))


def _demux(container: InputContainer, streams: Sequence[VideoStream | AudioStream]) -> dict[int, _Track]:
    import av

    tracks = {stream.index: _Track(stream.time_base or Fraction(1, 1000), []) for stream in streams}
    try:
        for packet in container.demux(*streams):
            pts = packet.pts if packet.pts is not None else packet.dts
            if packet.size and pts is not None and not packet.is_discard:
                tracks[packet.stream.index].add(pts, packet.duration or 0)
    except av.InvalidDataError:
        pass  # the end of a cut-off file: what was read so far counts, the length tells the rest
    return tracks


def _rate(times: Sequence[int], tick: Fraction, stream: VideoStream) -> tuple[Fraction, bool]:
    """Frames per second, and whether every frame sits on that grid (to one tick, the rounding of coarse time bases)."""
    if len(times) < 2:
        return _known(stream.average_rate, stream.guessed_rate, stream.base_rate) or Fraction(25), True
    mean = Fraction(len(times) - 1) / ((times[-1] - times[0]) * tick or 1)
    for rate in _candidates(mean, (stream.average_rate, stream.guessed_rate, stream.base_rate)):
        step = 1 / (rate * tick)
        slack = min(Fraction(1), step / 4)
        if all(abs(time - times[0] - index * step) <= slack for index, time in enumerate(times)):
            return rate, True
    return mean.limit_denominator(1001), False


def _candidates(mean: Fraction, told: Iterable[Fraction | None]) -> Iterable[Fraction]:
    yield from (rate for rate in told if rate and 0 < rate <= 1000)
    yield from (snapped for scale in (1, 1001) if 0 < (snapped := Fraction(round(mean * scale), scale)) <= 1000)
    if 0 < mean <= 1000:
        yield parse_rate(mean)
        yield mean.limit_denominator(100_000)


def _known(*rates: Fraction | None) -> Fraction | None:
    return next((rate for rate in rates if rate and 0 < rate <= 1000), None)


def _picture_seconds(picture: _Track, rate: Fraction, constant: bool) -> float:
    if constant and rate:
        return float(len(picture.times) / rate)
    return picture.span_s


def _look(path: Path, container: InputContainer, stream: VideoStream) -> dict[str, Any]:
    """Decode one frame: it knows size, rotation and colour better than headers do, and proves that the file decodes."""
    width, height = stream.codec_context.width, stream.codec_context.height
    if max(width, height) > MAX_SIDE:
        raise InputError(
            "media.unreadable", f"{path}: {width}x{height} pixels; at most {MAX_SIDE} a side are opened", where=str(path)
        )
    container.seek(0)
    frame = next(iter(container.decode(stream)), None)
    if frame is None:
        raise InputError("media.unreadable", f"{path}: no frame can be decoded", where=str(path))
    return {
        "width": frame.width,
        "height": frame.height,
        "pix_fmt": frame.format.name,
        "codec": stream.codec_context.name,
        "color_range": int(frame.color_range) or (2 if frame.format.name.startswith("yuvj") else 0),
        "color_matrix": int(frame.colorspace),
        "color_primaries": int(frame.color_primaries),
        "color_transfer": int(frame.color_trc),
        "sar": stream.sample_aspect_ratio or Fraction(1),
        "rotation": round(-frame.rotation / 90) * 90 % 360,
        "interlaced": bool(frame.interlaced_frame),
    }
