"""Encode pieces of the film in one ffmpeg process: each frame is decoded, titled, blended and encoded once.

Inside the filter graph a frame lasts exactly 100 ms at any film rate, so that the times of titles (ASS has hundredths of a
second) and blends are exact. The graph has no text from the user: titles are in a file with a generated name, in a temporary
folder in which ffmpeg runs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from vidgen.catalog.transitions import blend
from vidgen.cut.fonts import fonts_folder
from vidgen.cut.segments import Segment, Source
from vidgen.cut.showing import Shown
from vidgen.cut.timeline import Timeline
from vidgen.cut.titles import any_colour, ass_text, fonts_of, lead_of
from vidgen.errors import InputError, ProcessingError
from vidgen.media.encode import DRAFT, MASTER
from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.media.graph import Stream, arguments, chain, joined, picture_of, source, split
from vidgen.media.normalise import STEADY, conform_filter
from vidgen.media.probe import MediaInfo, part_from, probe_video
from vidgen.media.rate import rate_text
from vidgen.media.verify import check_video

ONE_THREAD = ("-threads", "1")
"""For decoding: pieces are encoded in parallel, so more threads per piece only cost time and memory."""
STRICT = ("-err_detect", "explode", *ONE_THREAD)
"""For clips that were checked before: any damage is an error, not a grey block in the film."""

TO_RGB = "scale=in_color_matrix=bt709:in_range=tv:out_range=pc:flags=bicubic+accurate_rnd+full_chroma_int,format=gbrp"
TO_YUV = "scale=in_range=pc:out_range=tv:out_color_matrix=bt709:flags=bicubic+accurate_rnd"
"""Around coloured titles: on YUV some versions of the ``ass`` filter use BT.601 for any picture."""


def encode_segments(
    segments: Sequence[Segment],
    timeline: Timeline,
    outs: Sequence[Path],
    scratch: Path,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Encode a body, a window, or a body and the window after it, and check the results.

    A body and its window share the decoding of their shot. The results are the same as when encoded separately.

    Args:
        segments: one segment, or a body and the window at the end of its shot.
        outs: one output file for each.
        scratch: an existing folder for temporary files.

    Raises ProcessingError if ffmpeg fails or a check fails, InputError if a user's clip is not whole, Cancelled.
    """
    sources = _inputs(segments)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="piece-") as name:
        folder = Path(name)
        args = ["-xerror"] if not any(source.shot.conform for source in sources) else []
        args += ["-filter_complex_threads", "1"]
        streams = _streams(segments, sources, timeline, folder)
        ends = {
            f"piece {index}": (stream, _written(segment, timeline, out))
            for index, (segment, stream, out) in enumerate(zip(segments, streams, outs, strict=True))
        }
        args += arguments(ends, {_named(index): _input(source, timeline) for index, source in enumerate(sources)})
        what = "encoding " + " and ".join(segment.name for segment in segments)
        run_ffmpeg(args, what=what, cwd=folder, cancelled=cancelled)
    for segment, out in zip(segments, outs, strict=True):
        _check(segment, timeline, out)


def _check(segment: Segment, timeline: Timeline, out: Path) -> None:
    """Check frame count, frame times, size and rate; a window is also decoded."""
    try:
        check_video(
            out,
            frames=segment.frames,
            width=timeline.width,
            height=timeline.height,
            rate=timeline.rate,
            decode=segment.kind == "window",
            name=segment.name,
        )
    except ProcessingError as error:
        if own := next((source.shot for source in segment.sources if source.shot.conform), None):
            text = f"{own.file}: it does not give the whole shot ({error.message})"
            hint = "it may be damaged: convert it once with a video editor, or use a shorter shot"
            raise InputError("media.unreadable", text, hint=hint, where=own.id) from error
        raise ProcessingError(
            "media.bad_output",
            error.message,
            hint="check that the clip is whole and as long as the shot",
            where=segment.sources[-1].shot.id,
        ) from error


def _inputs(segments: Sequence[Segment]) -> list[Source]:
    """The sources to read. For a body and its window: the first shot to its end, and the head of the next shot."""
    if len(segments) == 1:
        return list(segments[0].sources)
    body, window = segments
    shot = body.sources[0]
    return [replace(shot, count=body.frames + window.frames), window.sources[1]]


def _input(source: Source, timeline: Timeline) -> list[str]:
    """Input arguments with which ffmpeg decodes little more than the frames that are used."""
    path = source.shot.file.resolve()
    if source.shot.conform:
        return input_args(path, *ONE_THREAD, *STEADY)
    before = list(STRICT)
    if source.first:
        # Half a frame early, because frame times are rounded to microseconds.
        before += ["-ss", _seconds(Fraction(2 * source.first - 1, 2) / timeline.rate)]
    return input_args(path, *before, "-t", _seconds(Fraction(source.count) / timeline.rate))


def _seconds(value: Fraction) -> str:
    return f"{float(value):.6f}"


def _named(index: int) -> str:
    """What the graph calls an input."""
    return f"clip {index}"


def _written(segment: Segment, timeline: Timeline, out: Path) -> list[str]:
    """How a piece is encoded, and where to."""
    profile = DRAFT if segment.draft and timeline.profile == MASTER else timeline.profile
    form = ["-frames:v", str(segment.frames), "-an", "-sn", "-dn", "-map_metadata", "-1", *profile.video_args(timeline.rate)]
    return [*form, f"file:{out.resolve()}"]


def _streams(segments: Sequence[Segment], sources: Sequence[Source], timeline: Timeline, folder: Path) -> list[Stream]:
    """The pictures of the pieces."""
    shots = [_source_stream(index, source, timeline) for index, source in enumerate(sources)]
    if len(segments) == 1:
        return [_finished(segments[0], timeline, shots, folder)]
    body, window = segments
    early, late = split(shots[0])
    late = chain(late, f"trim=start_frame={body.frames},setpts=N,fps=10")
    bodies = [chain(early, f"trim=end_frame={body.frames}")]
    return [_finished(body, timeline, bodies, folder), _finished(window, timeline, [late, shots[1]], folder)]


def _finished(segment: Segment, timeline: Timeline, shots: Sequence[Stream], folder: Path) -> Stream:
    """A piece of one shot, or the blend of two, with its titles, at the film's real rate."""
    shots = [
        _titled(stream, source.titles, segment, timeline, folder) for stream, source in zip(shots, segment.sources, strict=True)
    ]
    stream = shots[0]
    if segment.transition:
        stream = _titled(_blended(segment, timeline, *shots), segment.over, segment, timeline, folder)
    elif segment.fade_in:
        stream = chain(stream, f"fade=t=in:start_frame=0:nb_frames={segment.fade_in}")
    # fps sets the real rate again: otherwise the encoder assumes frames of 100 ms and doubles the first.
    clock = f"settb={timeline.rate.denominator}/{timeline.rate.numerator},setpts=N,fps={rate_text(timeline.rate)}"
    return chain(stream, f"format={timeline.profile.pix_fmt},{clock}")


def _titled(stream: Stream, titles: Sequence[Shown], segment: Segment, timeline: Timeline, folder: Path) -> Stream:
    """A stream with one frame every 100 ms, with titles drawn on it."""
    if not titles:
        return stream
    form = f"format={timeline.profile.pix_fmt}"
    name = f"titles{sum(1 for _ in folder.iterdir())}.ass"
    (folder / name).write_text(ass_text(titles, timeline.width, timeline.height, segment.frames), encoding="utf-8")
    draw = f"ass=filename={name}:fontsdir=../{fonts_folder(folder.parent, fonts_of(titles))}"
    if any_colour(titles):
        draw = f"{TO_RGB},{draw},{TO_YUV}"
    # A title may begin before the piece, so that the clock of titles begins earlier too.
    return chain(stream, f"{form},settb=1/10,setpts=N+{lead_of(titles)},{draw},{form},settb=1/10,setpts=N,fps=10")


def _blended(segment: Segment, timeline: Timeline, leaving: Stream, coming: Stream) -> Stream:
    """A transition from one shot to the next."""
    kind, frames = blend(segment.transition or ""), segment.frames
    if not kind.startswith("dip:"):
        return _xfade(leaving, coming, kind, frames)
    half, rest = frames // 2, frames - frames // 2
    colour = source(f"color={kind.removeprefix('dip:')}:s={timeline.width}x{timeline.height}:r=10")
    plain = chain(colour, f"format={timeline.profile.pix_fmt},setsar=1,settb=1/10")
    if not half:  # the colour alone; a graph needs an input all the same
        return chain(joined([chain(plain, "trim=end_frame=1"), leaving], "concat", n=2), "trim=end_frame=1")
    before, after = split(plain)
    first = _xfade(chain(leaving, f"trim=end_frame={half}"), chain(before, f"trim=end_frame={half}"), "fade", half)
    coming = chain(coming, f"trim=start_frame={half},setpts=N,fps=10")
    second = _xfade(chain(after, f"trim=end_frame={rest}"), coming, "fade", rest)
    return joined([first, second], "concat", n=2)


def _xfade(before: Stream, after: Stream, kind: str, frames: int) -> Stream:
    """Blend ``frames`` frames of two streams."""
    # Older xfades lose the end of the blend where an input ends with it, so each gets a frame more than is used.
    held = [chain(stream, "tpad=stop_mode=clone:stop=1") for stream in (before, after)]
    mixed = joined(held, "xfade", transition=kind, duration=f"{frames / 10:.1f}", offset=0)
    return chain(mixed, f"trim=end_frame={frames}")


def _source_stream(index: int, source: Source, timeline: Timeline) -> Stream:
    """The source frames of an input, one every 100 ms."""
    steps, picture = [], 0
    if source.shot.conform:
        # The input was not sought: how frames of another rate fall on ours must not depend on where we start.
        info = probe_video(source.shot.file)
        picture = info.picture
        steps += [_conform(info, source, timeline), f"trim=start_frame={source.first}:end_frame={source.first + source.count}"]
    else:
        steps += [f"trim=end_frame={source.count}"]
    steps += [f"format={timeline.profile.pix_fmt}", "setsar=1"]
    steps += ["settb=1/10", "setpts=N", "fps=10"]
    return chain(picture_of(_named(index), picture), steps)


def _conform(info: MediaInfo, source: Source, timeline: Timeline) -> str:
    """The filters that conform the whole shot to the film's size, rate and colour."""
    assert source.shot.conform is not None
    return conform_filter(
        part_from(info, source.shot.conform.start),
        width=timeline.width,
        height=timeline.height,
        rate=timeline.rate,
        frames=source.shot.frames,
        fit=source.shot.conform.fit,
        pix_fmt=timeline.profile.pix_fmt,
        max_hold=source.shot.conform.max_hold,
    )
