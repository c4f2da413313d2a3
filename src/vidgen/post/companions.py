"""What a video file holds beside its pictures, and how it gets into the result: copied where the new container takes it.

Everything keeps its place relative to the pictures, which start at 0 in the result. What does not fit is left out, or encoded
again, one stream at a time, and each with a notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from vidgen.errors import Notice
from vidgen.media.ffmpeg import input_args
from vidgen.media.probe import MediaInfo, open_media, picture_stream, shown_at

_MP4_SOUND = {"aac", "mp3", "mp2", "ac3", "eac3", "dts", "alac", "opus", "flac"}
_PCM = {f"pcm_{form}" for form in ("s16le", "s16be", "s24le", "s24be", "s32le", "s32be", "f32le", "f32be", "f64le", "f64be")}
_SOUND: Mapping[str, set[str]] = {".mp4": _MP4_SOUND, ".m4v": _MP4_SOUND, ".mov": {*_MP4_SOUND, *_PCM} - {"opus", "flac"}}
"""Sound that each container takes as it is; Matroska takes all."""

_TEXT = {"subrip", "ass", "ssa", "webvtt", "mov_text", "text", "srt"}
_BITMAPS = {"dvd_subtitle", "hdmv_pgs_subtitle", "dvb_subtitle", "hdmv_text_subtitle", "arib_caption"}
"""Subtitles that only Matroska takes, as they are."""

EARLY = Fraction(1, 10)
"""Seconds of sound before the first picture that are passed over. With more, the picture starts late instead."""

_BIT_RATE = 128_000
"""Bits a second for each channel of sound that is encoded again."""


@dataclass(frozen=True)
class Companions:
    """Arguments for ffmpeg: ``inputs`` come after the pictures (input 0, from 0 on), ``outputs`` before the file's name.

    ``late`` is when the picture starts in the result, in seconds: above 0 where sound of the source comes well before it.
    """

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ("-an",)
    notices: tuple[Notice, ...] = ()
    late: Fraction = Fraction(0)


@dataclass(frozen=True)
class _Stream:
    """One stream of the source. ``first`` is the time of its first packet in seconds, None where it has none."""

    index: int
    kind: str
    codec: str
    channels: int
    first: Fraction | None
    tags: Mapping[str, str]
    covers: bool


@dataclass
class _Plan:
    """Arguments and notices as they come together; streams of each kind are counted."""

    suffix: str
    outputs: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def take(self, stream: _Stream, letter: str, *codec: str) -> None:
        number = self.counts.get(letter, 0)
        self.counts[letter] = number + 1
        name, *more = codec
        self.outputs += ["-map", f"1:{stream.index}", f"-c:{letter}:{number}", name]
        for option, value in zip(more[::2], more[1::2], strict=True):
            self.outputs += [f"{option}:{letter}:{number}", value]
        if title := stream.tags.get("name"):  # QuickTime's word for a title
            self.outputs += [f"-metadata:s:{letter}:{number}", f"title={title}"]

    def leave(self, text: str) -> None:
        self.notices.append(Notice("post.streams_left_out", text))


def companions(info: MediaInfo, suffix: str, rate: Fraction | None = None) -> Companions:
    """How the source's sound, subtitles, chapters, titles, languages and fonts get into a file that ends in ``suffix``.

    ``rate`` is the result's frame rate, for its time code; None: the source's. Raises InputError for an unreadable source.
    """
    suffix = suffix.lower()
    streams, start, picture = _streams(info)
    plan = _Plan(suffix)
    for stream in streams:
        if stream.kind == "audio":
            _sound(plan, stream)
        elif stream.kind == "subtitle":
            _subtitle(plan, stream)
        elif stream.kind == "attachment":
            _attachment(plan, stream)
    _other(plan, streams, picture)
    head = ["-map_metadata", "1", "-map_chapters", "1", *_picture_tags(picture, rate or info.rate, info.rate)]
    starts = info.starts if info.times else picture.first or Fraction(0)
    shift = starts - start
    early = max((starts - sound for sound in _sound_starts(streams)), default=Fraction(0))
    late = early if early > EARLY else Fraction(0)
    if late:
        head += ["-avoid_negative_ts", "make_zero"]
    before = ["-itsoffset", f"{-float(shift):.6f}"] if shift else []
    if plan.suffix != ".mkv" and info.audio_rate >= 8000:
        head += ["-movie_timescale", str(info.audio_rate)]  # MP4 counts delays in it: to the sample, not to a millisecond
    outputs = (*head, *plan.outputs, *(("-f", "mp4") if suffix == ".m4v" else ()))
    return Companions(tuple(input_args(info.path.absolute(), *before)), outputs, tuple(plan.notices), late)


def _sound_starts(streams: Sequence[_Stream]) -> Iterator[Fraction]:
    yield from (stream.first for stream in streams if stream.kind == "audio" and stream.first is not None)


def _sound(plan: _Plan, stream: _Stream) -> None:
    if stream.first is None or not stream.codec or not stream.channels:
        plan.leave(f"sound stream {stream.index} of the file is empty or of an unknown kind and was left out")
    elif stream.codec in _SOUND.get(plan.suffix, {stream.codec}):
        plan.take(stream, "a", "copy")
    else:
        bits = str(_BIT_RATE * stream.channels)
        # Silence where timestamps leave a hole: an encoder would close it, and all that follows would come too soon.
        plan.take(stream, "a", "aac", "-b", bits, "-filter", "aresample=async=1")
        text = f"{plan.suffix} does not take {stream.codec} sound; stream {stream.index} was encoded as AAC"
        plan.notices.append(Notice("post.audio_reencoded", text))


def _subtitle(plan: _Plan, stream: _Stream) -> None:
    matroska = plan.suffix == ".mkv"
    if stream.codec in _TEXT:
        own = (stream.codec == "mov_text") != matroska
        plan.take(stream, "s", "copy" if own else "srt" if matroska else "mov_text")
    elif matroska and stream.codec in _BITMAPS:
        plan.take(stream, "s", "copy")
    else:
        name = stream.codec or "unknown"
        plan.leave(f"{plan.suffix} does not take {name} subtitles; stream {stream.index} was left out")


def _attachment(plan: _Plan, stream: _Stream) -> None:
    if plan.suffix == ".mkv" and stream.tags.get("filename") and stream.tags.get("mimetype"):
        plan.take(stream, "t", "copy")
    else:
        plan.leave(f"the attached file {stream.tags.get('filename', stream.index)} was left out")


def _other(plan: _Plan, streams: Sequence[_Stream], picture: _Stream) -> None:
    """Notices for the streams that are never carried over. A time code travels with the picture, chapters by themselves."""
    for stream in streams:
        if stream.kind == "video" and stream.covers:
            plan.leave("the cover picture was left out")
        elif stream.kind == "video" and stream.index != picture.index:
            plan.leave(f"the file has several pictures; only the first was taken, stream {stream.index} was left out")
        elif stream.kind == "data" and "timecode" not in stream.tags and stream.codec != "bin_data":
            plan.leave(f"data stream {stream.index} was left out")


def _picture_tags(picture: _Stream, rate: Fraction, own: Fraction) -> Iterator[str]:
    for key in ("language", "title", "timecode"):
        value = picture.tags.get(key, picture.tags.get("name", "") if key == "title" else "")
        if key == "timecode":
            value = _time_code(value, rate, own)
        if value:
            yield from ("-metadata:s:v:0", f"{key}={value}")


def _time_code(value: str, rate: Fraction, own: Fraction) -> str:
    """The time code of the first frame, counted in frames of the new rate: the same moment."""
    head, colon, frames = value[:-2], value[-3:-2], value[-2:]
    if colon not in (":", ";") or not frames.isdigit() or not own:
        return ""
    return f"{head}{int(int(frames) * rate / own):02d}"


def _streams(info: MediaInfo) -> tuple[list[_Stream], Fraction, _Stream]:
    """The source's streams, where its time starts (seconds), and which stream is the picture."""
    with open_media(info.path) as container:
        start = Fraction(container.start_time or 0, 1_000_000)
        picture = picture_stream(container)
        timed = [stream for stream in container.streams if stream is picture or stream.type == "audio"]
        first = _first_times(container, timed)
        streams = [_described(stream, first.get(stream.index)) for stream in container.streams]
        index = picture.index if picture is not None else -1
    known = next((stream for stream in streams if stream.index == index), None)
    return streams, start, known or _Stream(-1, "video", "", 0, None, {}, False)


def _described(stream: Any, first: Fraction | None) -> _Stream:
    context = stream.codec_context
    codec = context.codec.canonical_name if context is not None else ""
    channels = context.channels if stream.type == "audio" and context is not None and context.sample_rate else 0
    if not codec and stream.type == "data":
        codec = getattr(stream, "name", None) or ""
    covers = stream.type == "video" and bool(int(stream.disposition) & 0x400)
    return _Stream(stream.index, stream.type, codec, channels, first, dict(stream.metadata), covers)


def _first_times(container: Any, streams: Sequence[Any]) -> dict[int, Fraction]:
    """When the first packet of each stream is shown: the earliest of its first few, since pictures are not stored in order."""
    import av

    seen: dict[int, list[int]] = {stream.index: [] for stream in streams}
    try:
        for packet in container.demux(*streams):
            pts = shown_at(packet)
            if packet.size and pts is not None and not packet.is_discard:
                seen[packet.stream.index].append(pts)
            if all(len(times) > 32 for times in seen.values()):
                break
    except av.FFmpegError:
        pass  # damaged further on; what was read tells where things start
    ticks = {stream.index: stream.time_base or Fraction(1, 1000) for stream in streams}
    return {index: min(times) * ticks[index] for index, times in seen.items() if times}
