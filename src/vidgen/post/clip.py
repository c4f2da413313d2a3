"""The pass: decode, interpolate, enlarge, grade, grain, encode. Frames stream; no picture is stored in between."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from vidgen import __version__
from vidgen.errors import Notice
from vidgen.media.ffmpeg import Process, run_ffmpeg
from vidgen.media.files import atomic, sha256_json
from vidgen.media.joining import copy_args, list_args, write_list
from vidgen.media.normalise import MAX_HOLD, source_notices
from vidgen.media.probe import MediaInfo, probe_video
from vidgen.media.rate import rate_text
from vidgen.media.scratch import scratch_folder
from vidgen.media.verify import check_video
from vidgen.post.companions import Companions
from vidgen.post.engines import Fetch
from vidgen.post.grade import grade_filters, grain_filters
from vidgen.post.pictures import encoder_form, load_engines, pictures
from vidgen.post.plugins import blamed
from vidgen.post.reading import RGB
from vidgen.post.segments import Segments, segment_folder, segment_frames
from vidgen.post.settings import PostResult, PostSettings
from vidgen.post.stages import FilterUpscaler, Form
from vidgen.post.work import Work, plan_work
from vidgen.weights.store import pull

__all__ = ["Hooks", "OnFrame", "OnPlan", "process_clip"]

OnFrame = Callable[[int, int], None]
"""Called with frames done and frames in all."""

OnPlan = Callable[[tuple[str, ...]], None]
"""Called before work starts with which engines will be used, in which order, and why: a line each."""


@dataclass(frozen=True)
class Hooks:
    """How a caller follows a job and stops it.

    Args:
        on_frame: called after each frame with (done, total). on_plan: called once with what will be done and why.
        cancelled: true once the user wants to stop.
        fetch: has a model's weights here and returns their folder.
    """

    on_frame: OnFrame = lambda done, total: None
    on_plan: OnPlan = lambda why: None
    cancelled: Callable[[], bool] = lambda: False
    fetch: Fetch = pull


_TO_YUV = "scale=in_range=pc:out_range=tv:out_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_int"


def process_clip(
    src: Path | MediaInfo,
    out: Path,
    settings: PostSettings,
    *,
    frames: int | None = None,
    max_hold: int = MAX_HOLD,
    extra: Companions | None = None,
    hooks: Hooks = Hooks(),
) -> PostResult:
    """Bring a clip to ``settings`` in one streamed pass and write it to ``out``, whole and checked or not at all.

    Args:
        src: any video file, or what is known of it. out: ``.mp4`` (or ``.mov``, ``.mkv``), without sound unless ``extra``
            brings it.
        frames: exact number of frames of the result; None: the clip's length at the new rate. A clip may be ``max_hold`` short.
        extra: what else goes into the file beside the pictures.

    A long job keeps finished segments beside ``out`` until it is whole: interrupted, the same call goes on after them.

    Raises InputError for a source or LUT that cannot be used, MissingError for an engine or weights that are not here,
    ProcessingError where the result is not what it should be, Cancelled.
    """
    started = time.monotonic()
    work = plan_work(src if isinstance(src, MediaInfo) else probe_video(src), settings, frames, max_hold)
    hooks.on_plan(work.route.why)
    with blamed(work.route.foreign_filters), _Writer(work, out, extra or Companions(), hooks) as writer:
        resumed = writer.write()
    chosen = work.route
    return PostResult(
        file=out,
        width=settings.width,
        height=settings.height,
        rate=settings.rate,
        frames=work.frames,
        interpolated_by=chosen.interpolator.name if chosen.interpolator else None,
        upscaled_by=chosen.upscaler.name if chosen.upscaler else None,
        model=chosen.upscaler.model if chosen.upscaler else None,
        interpolation_model=chosen.interpolator.model if chosen.interpolator else None,
        seconds=time.monotonic() - started,
        notices=(*chosen.notices, *source_notices(work.info, deep=work.ten_bits), *_resumed(resumed, work)),
        why=chosen.why,
    )


class _Writer:
    """Writes one output. Use as a context manager: it keeps a scratch folder for tables and lists."""

    def __init__(self, work: Work, out: Path, extra: Companions, hooks: Hooks) -> None:
        self._work, self._out, self._extra = work, out, extra
        self._hooks = hooks
        self._engines = load_engines(work, hooks.fetch)
        self._scratch = ExitStack()
        self._folder = self._scratch.enter_context(scratch_folder(out.parent, "vidgen-post-"))

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._scratch.close()

    def write(self) -> int:
        """Write the output; returns how many frames were there from an earlier run."""
        work = self._work
        each = segment_frames(work.frames, work.route.seconds)
        if not work.route.networks or each >= work.frames:
            with atomic(self._out) as part:
                self._encode(self._pictures(0), work.frames, 0, part, self._extra)
                self._check(part)
            return 0
        self._out.parent.mkdir(parents=True, exist_ok=True)
        with segment_folder(self._out) as folder:
            segments = Segments(folder, _job_key(work), work.frames, each)
            done = segments.resume()
            stream = self._pictures(done)
            try:
                self._write_segments(segments, stream, done)
            finally:
                stream.close()
            self._join(segments)
        return done

    def _pictures(self, first: int) -> Generator[bytes | memoryview, None, None]:
        return pictures(self._work, self._engines, first=first, cancelled=self._hooks.cancelled)

    def _write_segments(self, segments: Segments, stream: Iterator[bytes | memoryview], done: int) -> None:
        for file, frames in segments.todo(done):
            with atomic(file) as part:
                self._encode(islice(stream, frames), frames, done, part, Companions())
                check_video(part, frames=frames, name=f"a segment of {self._out.name}")
            segments.finished(file)
            done += frames

    def _encode(self, frames: Iterator[bytes | memoryview], count: int, done: int, part: Path, extra: Companions) -> None:
        """Encode so many frames; ``done`` are in earlier segments."""
        work, settings = self._work, self._work.settings
        form = encoder_form(work, self._engines)
        filters = _after(work, self._engines.scaler, form, self._folder, settings.seed + done)
        args = [
            # Several threads would draw grain from one source of chance in turns that differ from run to run.
            *(("-filter_threads", "1") if settings.grain else ()),
            *("-f", "rawvideo", "-pix_fmt", work.pixels, "-s", f"{form.width}x{form.height}", "-r", rate_text(form.rate)),
            *("-i", "pipe:0", *extra.inputs, "-map", "0:v:0", "-vf", ",".join(filters)),
            *_container_args(settings.profile.video_args(form.rate), part),
            *(*extra.outputs, f"file:{part.absolute()}"),
        ]
        with Process(
            args, what=f"writing {self._out.name}", stdin=True, cwd=self._folder, cancelled=self._hooks.cancelled
        ) as writer:
            for frame in frames:
                writer.write(frame)
                done += 1
                self._hooks.on_frame(done, work.frames)

    def _join(self, segments: Segments) -> None:
        """The segments and what else belongs into the file, by copy."""
        extra, rate = self._extra, self._work.settings.rate
        write_list(segments.pieces(), rate, self._folder)
        with atomic(self._out) as part:
            args = [*list_args(), *extra.inputs, "-map", "0:v:0", *_container_args(copy_args(rate), part)]
            args += [*extra.outputs, f"file:{part.absolute()}"]
            run_ffmpeg(args, what=f"joining {self._out.name}", cwd=self._folder, cancelled=self._hooks.cancelled)
            self._check(part)

    def _check(self, part: Path) -> None:
        settings = self._work.settings
        check_video(
            part,
            frames=self._work.frames,
            width=settings.width,
            height=settings.height,
            rate=settings.rate,
            may_start_late=part.suffix.lower() == ".mkv",
            starts_at=self._extra.late,
            name=self._out.name,
        )


def _job_key(work: Work) -> str:
    """Identity of a job, for going on with it. The source by its name, size and time: hashing hours of film takes minutes."""
    source = work.info.path.resolve()
    stat = source.stat()
    return sha256_json(
        {
            "source": [str(source), stat.st_size, stat.st_mtime_ns],
            "settings": work.settings.key(),
            "engines": work.names,
            "frames": work.frames,
            "version": __version__,
        }
    )


def _after(work: Work, scaler: FilterUpscaler, form: Form, folder: Path, seed: int) -> list[str]:
    """The filters behind the pipe: to yuv, to size, colours, grain."""
    settings, pixels = work.settings, "yuv420p10le" if work.ten_bits else "yuv420p"
    steps = ["setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"]
    if work.pixels in RGB:
        steps = [_TO_YUV, f"format={pixels}"]
    steps += _sizing(scaler, form, settings)
    grain = grain_filters(settings.grain, seed, deep=work.ten_bits)
    return [*steps, *grade_filters(settings.grade, folder, deep=work.ten_bits), *grain, "setsar=1"]


def _sizing(scaler: FilterUpscaler, form: Form, settings: PostSettings) -> list[str]:
    """To the exact size. Where that is one pixel more than an odd side, the picture stays what it is and its last
    column or row comes twice; scaling would soften all of it.
    """
    right, below = settings.width - form.width, settings.height - form.height
    if (settings.width, settings.height) != form.even_size:
        return [scaler.filter(settings.width, settings.height)]
    if not right and not below:
        return []
    return [f"pad={settings.width}:{settings.height}:0:0", f"fillborders=right={right}:bottom={below}:mode=smear"]


def _container_args(args: Sequence[str], part: Path) -> list[str]:
    if part.suffix.lower() != ".mkv":
        return [*args, "-movflags", "+faststart"]
    place = args.index("-video_track_timescale")
    return [*args[:place], *args[place + 2 :]]


def _resumed(frames: int, work: Work) -> Iterator[Notice]:
    if frames:
        yield Notice("post.resumed", f"{frames} of {work.frames} frames were there from an earlier run")
