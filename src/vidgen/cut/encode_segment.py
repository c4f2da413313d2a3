"""Make pieces of the film: one ffmpeg process, every frame decoded, titled, blended and encoded once.

Inside the filter graph a frame lasts exactly 100 ms, whatever the film's rate. So the times of titles (which ASS gives in
hundredths of a second) and of blends are exact, and no rate needs rounding. Nothing a user wrote is in the graph: titles
are in a file with a made-up name, in a folder of its own in which ffmpeg runs.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from vidgen.catalog.transitions import blend
from vidgen.cut.segments import Segment, Source
from vidgen.cut.timeline import Timeline
from vidgen.cut.titles import any_colour, ass_text
from vidgen.errors import InputError, ProcessingError
from vidgen.media.encode import DRAFT, MASTER
from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.media.graph import Stream, arguments, chain, joined, picture_of, source, split
from vidgen.media.normalise import STEADY, conform_filter
from vidgen.media.probe import MediaInfo, probe_video
from vidgen.media.rate import rate_text
from vidgen.media.verify import check_video

ONE_THREAD = ("-threads", "1")
"""For decoding: pieces are made side by side, so threads inside each only cost time and memory."""
STRICT = ("-err_detect", "explode", *ONE_THREAD)
"""For clips that we or an engine checked: any damage is an error, never a grey block in the film."""

TO_RGB = "scale=in_color_matrix=bt709:in_range=tv:out_range=pc:flags=bicubic+accurate_rnd+full_chroma_int,format=gbrp"
TO_YUV = "scale=in_range=pc:out_range=tv:out_color_matrix=bt709:flags=bicubic+accurate_rnd"
"""Around coloured titles: on YUV some versions of the ass filter mix colours by BT.601, whatever the picture's matrix is."""


def encode_segments(
    segments: Sequence[Segment],
    timeline: Timeline,
    outs: Sequence[Path],
    scratch: Path,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Encode a body, a window, or a body and the window after it, and check what was written.

    A body and its window share the decoding of their shot, and come out as they would alone.

    Args:
        segments: what to encode; two only where the second is the window at the end of the first's shot.
        outs: where to, one each.
        scratch: an existing folder for temporary files; any name will do.

    Raises ProcessingError where ffmpeg fails or a piece is not what was asked for, Cancelled when told to stop.
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
    """Frame count, grid, size and rate; a window is also decoded again."""
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
            text = f"{own.file}: not all of the shot could be made of it ({error.message})"
            hint = "it may be damaged: convert it once with a video editor, or use a shorter shot"
            raise InputError("media.unreadable", text, hint=hint, where=own.id) from error
        raise ProcessingError(
            "media.bad_output",
            error.message,
            hint="check that the clip is whole and as long as the shot",
            where=segment.sources[-1].shot.id,
        ) from error


def _inputs(segments: Sequence[Segment]) -> list[Source]:
    """What is read for the pieces: of two, the first's shot to its end, and the head of the next shot."""
    if len(segments) == 1:
        return list(segments[0].sources)
    body, window = segments
    shot = body.sources[0]
    return [replace(shot, count=body.frames + window.frames), window.sources[1]]


def _input(source: Source, timeline: Timeline) -> list[str]:
    """Open the clip so that ffmpeg decodes little more than the frames that are used."""
    path = source.shot.file.resolve()
    if source.shot.conform:
        return input_args(path, *ONE_THREAD, *STEADY)
    before = list(STRICT)
    if source.first:
        # Half a frame early: the exact time of a frame may not be a whole number of microseconds.
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
    shots = [_source_stream(index, source, timeline, folder) for index, source in enumerate(sources)]
    if len(segments) == 1:
        return [_finished(segments[0], timeline, shots)]
    body, window = segments
    early, late = split(shots[0])
    late = chain(late, f"trim=start_frame={body.frames},setpts=N,fps=10")
    bodies = [chain(early, f"trim=end_frame={body.frames}")]
    return [_finished(body, timeline, bodies), _finished(window, timeline, [late, shots[1]])]


def _finished(segment: Segment, timeline: Timeline, shots: Sequence[Stream]) -> Stream:
    """A piece of one shot, or the blend of two, at the film's real rate."""
    stream = shots[0]
    if segment.transition:
        stream = _blended(segment, timeline, *shots)
    elif segment.fade_in:
        stream = chain(stream, f"fade=t=in:start_frame=0:nb_frames={segment.fade_in}")
    # fps states the real rate again: without it the encoder would believe in frames of 100 ms and double the first.
    clock = f"settb={timeline.rate.denominator}/{timeline.rate.numerator},setpts=N,fps={rate_text(timeline.rate)}"
    return chain(stream, f"format={timeline.profile.pix_fmt},{clock}")


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


def _source_stream(index: int, wanted: Source, timeline: Timeline, folder: Path) -> Stream:
    """The wanted frames of an input, one every 100 ms, with their titles."""
    steps, picture = [], 0
    if wanted.shot.conform:
        # The input was not sought: how frames of another rate fall on ours must not depend on where we start.
        info = probe_video(wanted.shot.file)
        picture = info.picture
        steps += [_conform(info, wanted, timeline), f"trim=start_frame={wanted.first}:end_frame={wanted.first + wanted.count}"]
    else:
        steps += [f"trim=end_frame={wanted.count}"]
    steps += [f"format={timeline.profile.pix_fmt}", "setsar=1"]
    if cues := wanted.cues:
        name = f"titles{index}.ass"
        (folder / name).write_text(ass_text(cues, timeline.width, timeline.height, timeline.rate), encoding="utf-8")
        fonts = _fonts(folder.parent)
        # The clock of titles starts with the shot, so that a title goes on where the piece before left it.
        draw = f"ass=filename={name}:fontsdir=../{fonts}"
        if any_colour(cues):
            draw = f"{TO_RGB},{draw},{TO_YUV},format={timeline.profile.pix_fmt}"
        steps += [f"settb=1/10,setpts=N+{wanted.first}", draw]
    steps += ["settb=1/10", "setpts=N", "fps=10"]
    return chain(picture_of(_named(index), picture), steps)


def _fonts(scratch: Path) -> str:
    """The name of a folder in ``scratch`` that has the fonts of titles: a link, or where there are none a copy, made once.

    A name of ours, because no path that a user chose enters a filter graph.
    """
    from vidgen.weights.fonts import fonts_dir

    place = scratch / "fonts"
    if place.exists():
        return place.name
    try:
        place.symlink_to(fonts_dir().resolve(), target_is_directory=True)
    except FileExistsError:
        pass  # pieces are made side by side, and another was quicker
    except OSError:
        _copy_whole(fonts_dir(), place)
    return place.name


def _copy_whole(source: Path, place: Path) -> None:
    with tempfile.TemporaryDirectory(dir=place.parent, prefix="fonts-") as name:
        copy = Path(name) / place.name
        copy.mkdir()
        for file in source.iterdir():
            if file.is_file():
                shutil.copyfile(file, copy / file.name)
        try:
            copy.rename(place)
        except OSError:
            if not place.is_dir():  # else another piece was quicker
                raise


def _conform(info: MediaInfo, source: Source, timeline: Timeline) -> str:
    """The filters that bring the whole shot to the film's size, rate and colour."""
    assert source.shot.conform is not None
    return conform_filter(
        info,
        width=timeline.width,
        height=timeline.height,
        rate=timeline.rate,
        frames=source.shot.frames,
        fit=source.shot.conform.fit,
        pix_fmt=timeline.profile.pix_fmt,
        max_hold=source.shot.conform.max_hold,
    )
