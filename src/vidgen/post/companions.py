"""What a video file holds beside its pictures, and how it gets into the result: copied where the new container takes it.

Everything keeps its place relative to the pictures, which start at 0 in the result. What does not fit is left out, or encoded
again, one stream at a time, and each with a notice.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from vidgen.errors import Notice, ProcessingError
from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.media.probe import MediaInfo, is_cover, open_media, picture_stream, zero_of
from vidgen.media.rate import rate_text
from vidgen.media.tracks import shown_at
from vidgen.post.timecode import DROP_FRAME, time_code_at

_MP4_SOUND = {"aac", "mp3", "mp2", "ac3", "eac3", "dts", "alac", "opus", "flac"}
_PCM = {f"pcm_{form}" for form in ("s16le", "s16be", "s24le", "s24be", "s32le", "s32be", "f32le", "f32be", "f64le", "f64be")}
_SOUND: Mapping[str, set[str]] = {".mp4": _MP4_SOUND, ".m4v": _MP4_SOUND, ".mov": {*_MP4_SOUND, *_PCM} - {"opus", "flac"}}
"""Sound that each container takes as it is; Matroska takes all."""

_TEXT = {"subrip", "ass", "ssa", "webvtt", "mov_text", "text", "srt"}
_BITMAPS = {"dvd_subtitle", "hdmv_pgs_subtitle", "dvb_subtitle", "hdmv_text_subtitle", "arib_caption"}
"""Subtitles that only Matroska takes, as they are."""

EARLY = Fraction(1, 10)
"""Seconds of sound before the first picture that are passed over. With more, the picture starts late instead."""

_CHAPTERS = "names of chapters"

_UNTRUE = [
    part for key in ("major_brand", "minor_version", "compatible_brands", "grouping") for part in ("-metadata", f"{key}=")
]
"""What a file says of its own container and encoding, which is not so of the result."""

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


@dataclass(frozen=True)
class _Way:
    """How one stream gets into the result: ``letter`` is ffmpeg's for its kind, ``options`` are of its codec."""

    stream: _Stream
    letter: str
    codec: str
    options: tuple[tuple[str, str], ...] = ()
    notice: Notice | None = None


def companions(info: MediaInfo, suffix: str, rate: Fraction | None = None) -> Companions:
    """How the source's sound, subtitles, chapters, titles, languages and fonts get into a file that ends in ``suffix``.

    What is to be copied is written once to nowhere, so that a damaged stream is known before long work on the pictures starts:
    it is encoded again, or left out. ``rate`` is the result's frame rate, for its time code; None: the source's. Raises
    InputError for an unreadable source.
    """
    suffix = suffix.lower()
    source = _streams(info)
    streams, picture, start = source.streams, source.picture, source.start
    found = [_way(stream, suffix, picture) for stream in streams]
    ways, notices = _working(info, [way for way in found if isinstance(way, _Way)], suffix)
    notices += [notice for notice in found if isinstance(notice, Notice)]
    files = [_name(stream) for stream in streams if stream.kind == "attachment" and not _attachable(stream, suffix)]
    notices += [_left(f"{suffix} does not take attached files; left out: {', '.join(files)}")] if files else []
    shown = start + info.starts if info.times else picture.first or start
    early = max((shown - way.stream.first for way in ways if way.letter == "a" and way.stream.first is not None), default=EARLY)
    late = early if early > EARLY else Fraction(0)
    inputs = _opened(info, _zero(info, ways) - shown)
    own = info.usual_rate or info.rate
    code, code_notices = _time_code(source, rate or own, own)
    notices += code_notices
    outputs = [*_picture_tags(picture), *_arguments(ways, 1), "-map_metadata", "1", *_UNTRUE, *code]
    if late:  # the result's offset moves streams, but no chapters: they come with one of their own
        outputs += ["-output_ts_offset", f"{float(late):.6f}"]
        inputs += _opened(info, late + start - shown)
    outputs += ["-map_chapters", "2" if late else "1", *_form(suffix, info)]
    return Companions(tuple(inputs), tuple(outputs), tuple(notices), late)


def _zero(info: MediaInfo, ways: Sequence[_Way]) -> Fraction:
    with open_media(info.path) as container:
        return zero_of(container, [container.streams[way.stream.index] for way in ways])


def _opened(info: MediaInfo, offset: Fraction) -> list[str]:
    return input_args(info.path.absolute(), *(["-itsoffset", f"{float(offset):.6f}"] if offset else []))


def _form(suffix: str, info: MediaInfo) -> list[str]:
    # MP4 counts delays in the movie's own unit: to the sample, not to a millisecond.
    exact = ["-movie_timescale", str(info.audio_rate)] if suffix != ".mkv" and info.audio_rate >= 8000 else []
    return [*exact, *(("-f", "mp4") if suffix == ".m4v" else ())]


def _arguments(ways: Sequence[_Way], number: int) -> Iterator[str]:
    """Output arguments for streams of input ``number``."""
    counts: dict[str, int] = {}
    for way in ways:
        letter = way.letter
        place = counts[letter] = counts.get(letter, -1) + 1
        yield from ("-map", f"{number}:{way.stream.index}", f"-c:{letter}:{place}", way.codec)
        for option, value in way.options:
            yield from (f"{option}:{letter}:{place}", value)
        if title := way.stream.tags.get("name"):  # QuickTime's word for a title
            yield from (f"-metadata:s:{letter}:{place}", f"title={title}")


def _working(info: MediaInfo, ways: Sequence[_Way], suffix: str) -> tuple[list[_Way], list[Notice]]:
    """The ways that work, and what is to be said of the others."""
    if not ways or _works(info, ways, suffix):
        return list(ways), [way.notice for way in ways if way.notice]
    kept: list[_Way] = []
    notices: list[Notice] = []
    for way in ways:
        tries = [way, *(_other_ways(way.stream) if way.letter == "a" else ())]
        fit = next((one for one in tries if _works(info, [one], suffix)), None)
        if fit:
            kept.append(fit)
            notices += [fit.notice] if fit.notice else []
        else:
            notices.append(_left(f"{way.stream.kind} stream {way.stream.index} could not be carried over and was left out"))
    return kept, notices


def _other_ways(stream: _Stream) -> Iterator[_Way]:
    yield _encoded(stream, f"sound stream {stream.index} cannot be copied; what could be decoded was encoded as AAC")
    mixed = _encoded(stream, f"sound stream {stream.index} cannot be kept as it is; it was mixed down to stereo, as AAC")
    yield replace(mixed, options=(*mixed.options, ("-ac", "2")))


def _works(info: MediaInfo, ways: Sequence[_Way], suffix: str) -> bool:
    form = {".mkv": "matroska", ".mov": "mov"}.get(suffix, "mp4")
    try:
        run_ffmpeg(
            [*input_args(info.path.absolute()), *_arguments(ways, 0), "-f", form, f"file:{os.devnull}"],
            what=f"trying the sound of {info.path.name}",
        )
    except ProcessingError:
        return False
    return True


def _way(stream: _Stream, suffix: str, picture: _Stream) -> _Way | Notice | None:
    """How a stream gets into the result, or what to say if it does not; None where there is nothing to say."""
    match stream.kind:
        case "audio":
            return _sound(stream, suffix)
        case "subtitle":
            return _subtitle(stream, suffix)
        case "attachment":
            return _Way(stream, "t", "copy") if _attachable(stream, suffix) else None
        case "video" if stream.covers:
            return _left("the cover picture was left out")
        case "video" if stream.index != picture.index:
            return _left(f"the file has several pictures; one was taken, stream {stream.index} was left out")
        case "data" if "timecode" not in stream.tags and stream.codec != _CHAPTERS:
            return _left(f"data stream {stream.index} was left out")  # time code and chapters come by other ways
    return None


def _attachable(stream: _Stream, suffix: str) -> bool:
    return suffix == ".mkv" and "filename" in stream.tags and "mimetype" in stream.tags


def _name(stream: _Stream) -> str:
    return stream.tags.get("filename", f"stream {stream.index}")


def _left(text: str) -> Notice:
    return Notice("post.streams_left_out", text)


def _sound(stream: _Stream, suffix: str) -> _Way | Notice:
    if stream.first is None or not stream.codec or not stream.channels:
        return _left(f"sound stream {stream.index} of the file is empty or of an unknown kind and was left out")
    if stream.codec in _SOUND.get(suffix, {stream.codec}):
        return _Way(stream, "a", "copy")
    return _encoded(stream, f"{suffix} does not take {stream.codec} sound; stream {stream.index} was encoded as AAC")


def _encoded(stream: _Stream, why: str) -> _Way:
    # Silence where timestamps leave a hole: an encoder would close it, and all that follows would come too soon.
    options = (("-b", str(_BIT_RATE * max(1, stream.channels))), ("-filter", "aresample=async=1"))
    return _Way(stream, "a", "aac", options, Notice("post.audio_reencoded", why))


def _subtitle(stream: _Stream, suffix: str) -> _Way | Notice:
    matroska = suffix == ".mkv"
    if stream.codec in _TEXT:
        own = (stream.codec == "mov_text") != matroska
        return _Way(stream, "s", "copy" if own else "srt" if matroska else "mov_text")
    if matroska and stream.codec in _BITMAPS:
        return _Way(stream, "s", "copy")
    return _left(f"{suffix} does not take {stream.codec or 'unknown'} subtitles; stream {stream.index} was left out")


def _picture_tags(picture: _Stream) -> Iterator[str]:
    title = picture.tags.get("title", picture.tags.get("name"))
    for key, value in (("language", picture.tags.get("language")), ("title", title)):
        if value:
            yield from ("-metadata:s:v:0", f"{key}={value}")


def _time_code(source: _Source, rate: Fraction, own: Fraction) -> tuple[list[str], list[Notice]]:
    """Arguments that give the result the time code of its first frame, and what is to be said of it."""
    clocks = [stream.tags for stream in source.streams if stream.kind == "data"]
    every = [item for tags in (source.picture.tags, *clocks, source.tags) for item in tags.items()]
    text = next((value for key, value in every if value and key.lower() == "timecode"), "")
    if not text:
        return [], []
    code = time_code_at(text, own, rate)
    if code is None:
        left = f"the time code {text} is none of {rate_text(own)} frames/s and was left out"
        return ["-metadata", "timecode="], [Notice("post.time_code", left)]
    notices = []
    if own in DROP_FRAME and re.search(r"[;.]\d+$", text) and ";" not in code:
        notices = [
            Notice("post.time_code", f"the time code {text} became {code}: {rate_text(rate)} frames/s has no drop-frame")
        ]
    return ["-metadata", "timecode=", "-metadata:s:v:0", f"timecode={code}"], notices


@dataclass(frozen=True)
class _Source:
    """A file's streams, which of them is the picture, where its time starts (seconds), and its own tags."""

    streams: list[_Stream]
    picture: _Stream
    start: Fraction
    tags: Mapping[str, str]


def _streams(info: MediaInfo) -> _Source:
    with open_media(info.path) as container:
        start = Fraction(container.start_time or 0, 1_000_000)
        picture = picture_stream(container)
        timed = [stream for stream in container.streams if stream is picture or stream.type == "audio"]
        first = _first_times(container, timed)
        streams = [_described(stream, first.get(stream.index)) for stream in container.streams]
        if container.chapters():  # QuickTime keeps their names in a stream of their own
            place = next((number for number, stream in enumerate(streams) if stream.codec == "bin_data"), None)
            if place is not None:
                streams[place] = replace(streams[place], codec=_CHAPTERS)
        index, tags = picture.index if picture is not None else -1, dict(container.metadata)
    known = next((stream for stream in streams if stream.index == index), None)
    return _Source(streams, known or _Stream(-1, "video", "", 0, None, {}, False), start, tags)


def _described(stream: Any, first: Fraction | None) -> _Stream:
    context = stream.codec_context
    codec = context.codec.canonical_name if context is not None else ""
    channels = context.channels if stream.type == "audio" and context is not None and context.sample_rate else 0
    if not codec and stream.type == "data":
        codec = getattr(stream, "name", None) or ""
    return _Stream(stream.index, stream.type, codec, channels, first, dict(stream.metadata), is_cover(stream))


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
        pass  # damaged further on; what was read says where things start
    ticks = {stream.index: stream.time_base or Fraction(1, 1000) for stream in streams}
    return {index: min(times) * ticks[index] for index, times in seen.items() if times}
