"""Read the properties of a media file with PyAV; no ffprobe needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgen.errors import InputError
from vidgen.media.answers import once_a_file
from vidgen.media.ffmpeg import FORMATS
from vidgen.media.files import file_url
from vidgen.media.look import look_at, square_size
from vidgen.media.rate import parse_rate
from vidgen.media.tracks import Track, declared_end, demux, may_jump

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

UNTAGGED = 2
"""ffmpeg's number for an untagged matrix, primaries or transfer."""

SLOWEST = Fraction(1, 3600)
"""Lowest frame rate: one frame an hour."""

_SHORT_S = 0.25


@dataclass(frozen=True)
class MediaInfo:
    """A file's first video stream and first audio stream. Without a picture its fields are 0, without sound ``audio_*``.

    Attributes:
        width, height: in pixels, as coded, of the first frame. ``display_size`` applies pixel aspect and rotation.
        frames: frames shown, counted by demuxing, without ``undecoded``.
        duration_s: length of the picture, or of the sound if there is no picture.
        color_range: 1 limited, 2 full, 0 untagged.
        color_matrix, color_primaries, color_transfer: ffmpeg's numbers; 2 is untagged.
        sar: pixel aspect ratio.
        rotation: clockwise rotation for display: 0, 90, 180 or 270.
        missing_s: seconds of the picture that are missing by the duration in the header; above 0: the file was cut off.
        bits: bits per component. alpha: whether pixels may be transparent. fine_chroma: chroma is finer than 4:2:0.
        hdr: kind of HDR, or empty.
        tick: time base of the picture in seconds.
        times: frame times in seconds from the first frame. Only after ``probe_exact``.
        starts: time of the first frame in seconds after the container's start. Only after ``probe_exact``.
        faults: first error message of the decoder. Only after ``probe_exact``.
        usual_rate: frames per second by the most common gap: the intended rate of a variable clip. Only after ``probe_exact``.
        picture: index among the video streams without covers: ffmpeg's ``V:<picture>``.
        undecoded: frames before the first that decodes, where a recording does not begin with a key frame.
        changes: properties that differ between key frames: ``size``, ``pixel shape``, ...
        crop: display size of the centre of the picture that is to be used; None: all.
        first: number of the first frame that is to be used; those before it are not among ``frames`` (``part_from``).
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
    bits: int = 8
    alpha: bool = False
    fine_chroma: bool = False
    hdr: str = ""
    tick: Fraction = Fraction(1, 1000)
    times: tuple[Fraction, ...] = field(default=(), repr=False, compare=False)
    starts: Fraction = Fraction(0)
    faults: str = ""
    usual_rate: Fraction = Fraction(0)
    picture: int = 0
    undecoded: int = 0
    changes: tuple[str, ...] = ()
    crop: tuple[int, int] | None = None
    first: int = 0

    @property
    def source(self) -> str:
        """Stream specifier of the picture in ffmpeg's first input, for ``-map`` and graphs: ``0:V:0``."""
        return f"0:V:{self.picture}"

    @property
    def shown_s(self) -> Fraction:
        """Length of the picture in seconds: exact if its rate is constant."""
        return Fraction(self.frames) / self.rate if self.constant_rate else Fraction(str(self.duration_s))

    @property
    def display_size(self) -> tuple[int, int]:
        """Width and height in square pixels as a player shows it: with pixel aspect and rotation applied."""
        width, height = square_size(self.width, self.height, self.sar)
        return (height, width) if self.rotation in (90, 270) else (width, height)


def part_from(info: MediaInfo, first: int) -> MediaInfo:
    """The clip from frame number ``first`` on, for ``media.normalise``. Raises InputError where it has no such frame."""
    if not first:
        return info
    if first >= info.frames:
        raise InputError("media.too_short", f"{info.path} has no frame number {first}", where=str(info.path))
    gone = first / info.rate if info.constant_rate or not info.times else info.times[first]
    times = tuple(time - gone for time in info.times[first:])
    return replace(
        info, first=info.first + first, frames=info.frames - first, duration_s=info.duration_s - float(gone), times=times
    )


@once_a_file
def probe(path: Path) -> MediaInfo:
    """Read a file's streams and count its frames by demuxing. Cached until it changes. Raises InputError if unreadable."""
    with open_media(path) as container:
        return _read(path, container)


@once_a_file
def has_sound(path: Path) -> bool:
    """Whether the file has an audio stream, by its header. Raises InputError if it is not readable media."""
    with open_media(path) as container:
        return bool(container.streams.audio)


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """Open a local file with PyAV: never as a URL, and only as a known media format.

    Raises InputError if the file is missing or unreadable, also for PyAV's errors inside the block.
    """
    import av

    _must_be_a_file(path)
    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    try:
        with av.open(file_url(path), options=options, metadata_errors="replace") as container:
            yield container
    except (av.FFmpegError, OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or "nothing can be read from it"
        if isinstance(error, av.ArgumentError):
            reason = "its format is not supported"
        raise InputError(
            "media.unreadable",
            f"{path} is not a readable media file ({reason})",
            hint="use for example mp4, mov, mkv, webm, avi, ts or gif for video, wav, mp3, m4a, flac or ogg for sound",
            where=str(path),
        ) from error


def _must_be_a_file(path: Path) -> None:
    """Raise InputError for anything but a regular file: a pipe would block, and cannot be read twice."""
    try:
        if path.is_file():
            return
        there = path.exists()
    except OSError as error:
        raise InputError("media.unreadable", f"{path} cannot be read ({error.strerror})", where=str(path)) from error
    if there:
        kind = "a folder" if path.is_dir() else "not a regular file"
        raise InputError("media.unreadable", f"{path} is {kind}", hint="give a video file", where=str(path))
    raise InputError("media.not_found", f"{path} does not exist", hint="check the path", where=str(path))


def probe_pictures(path: Path) -> MediaInfo:
    """``probe`` for a video, which may be cut off. Raises InputError if the file has no pictures or is a still."""
    info = probe(path)
    if not info.has_video or not info.frames:
        raise InputError("media.no_video", f"{path} has no video", hint="give a video file", where=str(path))
    if info.container.endswith("_pipe"):
        raise InputError("media.no_video", f"{path} is one picture, not a video", hint="give a video file", where=str(path))
    return info


def probe_video(path: Path) -> MediaInfo:
    """``probe`` for a complete video. Raises InputError if the file has no pictures, is a still, or is cut off."""
    info = probe_pictures(path)
    if info.missing_s:
        raise InputError(
            "media.truncated",
            f"{path} is cut off: its last {info.missing_s:.1f} s are missing",
            hint="copy or download the whole file",
            where=str(path),
        )
    return info


def picture_stream(container: InputContainer) -> VideoStream | None:
    """The video stream to use: the first that is not a cover, stills last; None if there is none."""
    return min(_pictures(container), key=_is_still, default=None)


def picture_source(path: Path) -> str:
    """``MediaInfo.source`` of a file, from its header. Raises InputError if it is not readable media."""
    with open_media(path) as container:
        video = picture_stream(container)
        return f"0:V:{_pictures(container).index(video) if video else 0}"


def is_cover(stream: Stream) -> bool:
    """Whether a stream is a cover or the thumbnails of chapters, not footage."""
    return stream.type == "video" and bool(int(stream.disposition) & _ATTACHED_PICTURE)


def _pictures(container: InputContainer) -> list[VideoStream]:
    return [stream for stream in container.streams.video if not is_cover(stream)]


def _is_still(stream: VideoStream) -> bool:
    """Whether a stream looks like a still by its header: some taggers write covers as plain streams, and a stream may be
    empty.
    """
    context = stream.codec_context
    if context is None or not context.width or stream.frames == 1 or int(stream.disposition) & _STILL:
        return True
    return not stream.frames and context.name in _STILL_CODECS


def zero_of(container: InputContainer, streams: Sequence[Stream]) -> Fraction:
    """Time 0 of ffmpeg when it reads only these streams, in seconds of the container's clock.

    It is the container's start, or the first of the streams where times may jump, as in transport streams.
    """
    begun = [stream.start_time * stream.time_base for stream in streams if stream.start_time is not None and stream.time_base]
    if begun and may_jump(container):
        return Fraction(min(begun))
    return Fraction(container.start_time or 0, 1_000_000)


def _examined(
    path: Path, container: InputContainer, video: VideoStream, keys: Sequence[Packet[Any]]
) -> tuple[Mapping[str, Any], int]:
    """``look_at`` from the start of the file."""
    if (container.start_time or 0) >= 0:
        return look_at(path, container, video, keys)
    with open_media(path) as again:
        picture = picture_stream(again)
        return look_at(path, again, picture, keys) if picture is not None else ({}, 0)


def _read(path: Path, container: InputContainer) -> MediaInfo:
    video = picture_stream(container)
    audio = next((stream for stream in container.streams.audio if stream.codec_context is not None), None)
    if video is None and audio is None:
        raise InputError("media.unreadable", f"{path} holds neither pictures nor sound", where=str(path))
    declared = declared_end(container, video)
    tracks, keys = demux(container, video)
    sound = tracks[audio.index] if audio else Track(Fraction(1), [])
    picture = tracks[video.index] if video else Track(Fraction(1), [])
    end = picture.end_s if declared.own else max(track.end_s for track in tracks.values())
    start = container.start_time / 1_000_000 if container.start_time else 0.0
    missing = declared.seconds - max(end, end - start)  # Matroska counts its length from 0, MP4 from the first picture
    fields, undecoded = _examined(path, container, video, keys) if video and picture.times else ({}, 0)
    times = sorted(picture.times)[undecoded:]
    named_rates = (video.average_rate, video.guessed_rate, video.base_rate) if video else ()
    rate, constant = rate_of(times, picture.tick, named_rates) if video else (Fraction(0), True)
    return MediaInfo(
        path=path,
        container=container.format.name,
        has_video=video is not None,
        has_audio=audio is not None and bool(sound.times),
        frames=len(times),
        rate=rate,
        constant_rate=constant,
        duration_s=_picture_seconds(times, picture, rate, constant) if video else sound.span_s,
        audio_rate=(audio.rate or 0) if audio else 0,
        audio_channels=(audio.channels or 0) if audio else 0,
        audio_duration_s=sound.span_s,
        audio_codec=audio.codec_context.name if audio else "",
        tick=picture.tick,
        missing_s=missing if missing > max(_SHORT_S, declared.seconds * 0.02) else 0.0,
        picture=_pictures(container).index(video) if video else 0,
        undecoded=undecoded,
        **{**_NO_PICTURE, **fields},
    )


_ATTACHED_PICTURE = 0x400
_STILL = 0x100000
_STILL_CODECS = {"mjpeg", "png", "webp", "bmp", "tiff", "gif", "jpeg2000"}
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
    "bits": 8,
    "alpha": False,
    "fine_chroma": False,
    "hdr": "",
}


def rate_of(times: Sequence[int], tick: Fraction, named_rates: Sequence[Fraction | None]) -> tuple[Fraction, bool]:
    """Frames per second, and whether the rate is constant: every frame is on the grid, to one tick of rounding.

    ``times`` in ticks, ascending. ``named_rates``: rates from the header, tried first.
    """
    if len(times) < 2:
        return _known(*named_rates) or Fraction(25), True
    mean = Fraction(len(times) - 1) / ((times[-1] - times[0]) * tick or 1)
    for rate in _candidates(mean, named_rates):
        step = 1 / (rate * tick)
        slack = min(Fraction(1), step / 4)
        if all(abs(time - times[0] - index * step) <= slack for index, time in enumerate(times)):
            return rate, True
    return max(SLOWEST, mean.limit_denominator(1001)), False


def _candidates(mean: Fraction, named_rates: Iterable[Fraction | None]) -> Iterator[Fraction]:
    """Rates to try: common ones in the header, the common one near the mean, then any other."""
    named = [rate for rate in named_rates if rate and _usable(rate)]
    yield from (rate for rate in map(parse_rate, named) if rate.denominator in (1, 1001))
    guesses = [Fraction(round(mean)), *([parse_rate(mean)] if _usable(mean) else []), *named]
    guesses += [Fraction(round(mean * 1001), 1001), mean.limit_denominator(100_000)]
    yield from (rate for rate in guesses if _usable(rate))


def _known(*rates: Fraction | None) -> Fraction | None:
    """The first plausible rate for a single frame: it is shown for a minute at most."""
    return next((rate for rate in rates if rate and _usable(rate) and rate * 60 >= 1), None)


def _usable(rate: Fraction) -> bool:
    """Whether a frame rate is plausible; damaged headers have others."""
    return SLOWEST <= rate <= 1000 and rate.denominator < 10**8


def _picture_seconds(times: Sequence[int], picture: Track, rate: Fraction, constant: bool) -> float:
    if constant and rate:
        return float(len(times) / rate)
    return float((picture.last_end - times[0]) * picture.tick) if times else 0.0
