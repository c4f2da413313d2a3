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
        for source in sources:
            args += _input(source, timeline)
        args += ["-filter_complex_threads", "1", "-filter_complex", _graph(segments, sources, timeline, folder)]
        for index, (segment, out) in enumerate(zip(segments, outs, strict=True)):
            args += ["-map", f"[out{index}]", "-frames:v", str(segment.frames), "-an", "-sn", "-dn", "-map_metadata", "-1"]
            profile = DRAFT if segment.draft and timeline.profile == MASTER else timeline.profile
            args += [*profile.video_args(timeline.rate), f"file:{out.resolve()}"]
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


def _graph(segments: Sequence[Segment], sources: Sequence[Source], timeline: Timeline, folder: Path) -> str:
    """The filter graph of the pieces, from their inputs to ``[out0]`` and, for a second piece, ``[out1]``."""
    if len(segments) == 1:
        [segment] = segments
        chains = [_source_chain(index, source, timeline, folder, f"s{index}") for index, source in enumerate(sources)]
        return ";".join([*chains, *_finish(segment, timeline, 0)])
    body, window = segments
    return ";".join(
        [
            _source_chain(0, sources[0], timeline, folder, "shot"),
            "[shot]split[early][late]",
            f"[early]trim=end_frame={body.frames}[s0]",
            *_finish(body, timeline, 0),
            f"[late]trim=start_frame={body.frames},setpts=N,fps=10[s0]",
            _source_chain(1, sources[1], timeline, folder, "s1"),
            *_finish(window, timeline, 1),
        ]
    )


def _finish(segment: Segment, timeline: Timeline, number: int) -> list[str]:
    """From ``[s0]`` (and ``[s1]`` for a window) to ``[out<number>]``."""
    chains, last = [], "[s0]null"
    if segment.transition:
        chains, last = _blend(segment, timeline), "[blend]null"
    elif segment.fade_in:
        last = f"[s0]fade=t=in:start_frame=0:nb_frames={segment.fade_in}"
    # fps states the real rate again: without it the encoder would believe in frames of 100 ms and double the first.
    clock = f"settb={timeline.rate.denominator}/{timeline.rate.numerator},setpts=N,fps={rate_text(timeline.rate)}"
    return [*chains, f"{last},format={timeline.profile.pix_fmt},{clock}[out{number}]"]


def _blend(segment: Segment, timeline: Timeline) -> list[str]:
    """From ``[s0]`` and ``[s1]`` to ``[blend]``."""
    kind, frames = blend(segment.transition or ""), segment.frames
    if not kind.startswith("dip:"):
        return _xfade("s0", "s1", kind, frames, "blend")
    half, colour = frames // 2, kind.removeprefix("dip:")
    plain = f"color={colour}:s={timeline.width}x{timeline.height}:r=10,format={timeline.profile.pix_fmt},setsar=1,settb=1/10"
    if not half:
        return [f"{plain},trim=end_frame=1[blend]", "[s0]nullsink", "[s1]nullsink"]
    rest = frames - half
    return [
        f"[s0]trim=end_frame={half}[leaving]",
        f"{plain},trim=end_frame={half}[plain0]",
        *_xfade("leaving", "plain0", "fade", half, "first"),
        f"{plain},trim=end_frame={rest}[plain1]",
        f"[s1]trim=start_frame={half},setpts=N,fps=10[coming]",
        *_xfade("plain1", "coming", "fade", rest, "second"),
        "[first][second]concat=n=2[blend]",
    ]


def _xfade(before: str, after: str, kind: str, frames: int, out: str) -> list[str]:
    """Blend ``frames`` frames of ``[before]`` and ``[after]`` to ``[out]``."""
    # Older xfades lose the end of the blend where an input ends with it, so each gets a frame more than is used.
    return [
        f"[{before}]tpad=stop_mode=clone:stop=1[{before}_held]",
        f"[{after}]tpad=stop_mode=clone:stop=1[{after}_held]",
        f"[{before}_held][{after}_held]xfade=transition={kind}:duration={frames / 10:.1f}:offset=0,"
        f"trim=end_frame={frames}[{out}]",
    ]


def _source_chain(index: int, source: Source, timeline: Timeline, folder: Path, label: str) -> str:
    """From input ``index`` to ``[label]``: the wanted frames, one every 100 ms, with their titles."""
    steps, picture = [], 0
    if source.shot.conform:
        # The input was not sought: how frames of another rate fall on ours must not depend on where we start.
        info = probe_video(source.shot.file)
        picture = info.picture
        steps += [_conform(info, source, timeline), f"trim=start_frame={source.first}:end_frame={source.first + source.count}"]
    else:
        steps += [f"trim=end_frame={source.count}"]
    steps += [f"format={timeline.profile.pix_fmt}", "setsar=1"]
    if cues := source.cues:
        name = f"titles{index}.ass"
        (folder / name).write_text(ass_text(cues, timeline.width, timeline.height, timeline.rate), encoding="utf-8")
        fonts = _fonts(folder.parent)
        # The clock of titles starts with the shot, so that a title goes on where the piece before left it.
        draw = f"ass=filename={name}:fontsdir=../{fonts}"
        if any_colour(cues):
            draw = f"{TO_RGB},{draw},{TO_YUV},format={timeline.profile.pix_fmt}"
        steps += [f"settb=1/10,setpts=N+{source.first}", draw]
    steps += ["settb=1/10", "setpts=N", "fps=10"]
    return f"[{index}:V:{picture}]{','.join(steps)}[{label}]"


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
