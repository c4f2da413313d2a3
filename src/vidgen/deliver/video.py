"""Videos: one pass over the film makes several, each with its own size, rate and codec, and a sound that is copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidgen.catalog.deliveries import audio_stream
from vidgen.deliver.check import check_delivery
from vidgen.deliver.framing import framing_filters
from vidgen.deliver.spec import Master, VideoSpec
from vidgen.media.chapters import bare_args, chapter_args
from vidgen.media.encode import timescale
from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.media.graph import Stream, arguments, chain, picture_of, split
from vidgen.media.rate import SAMPLE_RATE, rate_text

MOV = (".mp4", ".m4v", ".mov")
"""Containers with a time scale of their own."""
HIGHEST_CRF = {"h264": 51, "h265": 51, "av1": 63, "vp9": 63}
TAGS = ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv")

Cancel = Callable[[], bool]


@dataclass(frozen=True)
class VideoJob:
    """A video to be written to ``part``. ``sound``: a file with its encoded sound, as long as the film; None: silent."""

    spec: VideoSpec
    part: Path
    sound: Path | None = None


def encode_videos(
    jobs: Sequence[VideoJob],
    master: Master,
    folder: Path,
    *,
    on_frame: Callable[[int], None] | None = None,
    cancelled: Cancel = lambda: False,
) -> None:
    """Encode videos in one process that decodes the film once, and check each.

    Args:
        jobs: all 8-bit ones, or all of ``master.deep``.
        folder: an existing folder for temporary files, in which ffmpeg runs.
        on_frame: called with the number of frames done of the first video.

    Raises ProcessingError if ffmpeg fails or a file is not as planned, Cancelled.
    """
    deep = jobs[0].spec.deep and master.deep is not None
    source = master.deep if deep and master.deep else master.file
    opened = input_args(source.resolve(), "-threads", "2")
    ends: dict[str, tuple[Stream, Sequence[str]]] = {}
    count = 1
    rest = picture_of("film")
    for index, job in enumerate(jobs):
        if index < len(jobs) - 1:
            own, rest = split(rest)
        else:
            own = rest
        side, written, count = _beside(job, master, _subfolder(folder, index), count, f"{index}/")
        opened += side
        ends[f"video {index}"] = (chain(own, list(_picture(job.spec, master))), [*_encoded(job.spec), *written])
    names = ", ".join(job.spec.name for job in jobs)
    run_ffmpeg(arguments(ends, {"film": opened}), what=f"encoding {names}", on_frame=on_frame, cwd=folder, cancelled=cancelled)
    for job in jobs:
        check_delivery(job.part, job.spec, master, with_sound=job.sound is not None)


def exchange_sound(job: VideoJob, pictures: Path, master: Master, folder: Path, cancelled: Cancel = lambda: False) -> None:
    """Write a video with the pictures of a file that was made before, by copy, and check it.

    For a change of sound, title or chapters alone. Arguments and errors as for ``encode_videos``.
    """
    side, written, _ = _beside(job, master, folder, 1, "")
    copied = ["-map", "0:V:0", "-c:v", "copy", *_clock(job.spec)]
    args = [*input_args(pictures.resolve()), *side, *copied, *written]
    run_ffmpeg(args, what=f"writing {job.spec.name}", cwd=folder, cancelled=cancelled)
    check_delivery(job.part, job.spec, master, with_sound=job.sound is not None)


def _subfolder(folder: Path, index: int) -> Path:
    made = folder / str(index)
    made.mkdir()
    return made


def _beside(job: VideoJob, master: Master, folder: Path, count: int, prefix: str) -> tuple[list[str], list[str], int]:
    """Inputs beside the film, output arguments for them and the file, and how many inputs there are then.

    ``folder``: where the list of chapters is written; ``prefix``: its path from where ffmpeg runs.
    """
    opened, mapped, spec = [], [], job.spec
    if job.sound:
        opened += input_args(job.sound.resolve())
        mapped += ["-map", f"{count}:a:0", "-c:a", "copy"]
        count += 1
    chapters = master.chapters_at(spec.rate)
    listed, named = chapter_args(chapters, master.frames_at(spec.rate), spec.rate, folder, number=count)
    if listed:
        opened += [*listed[:-1], f"{prefix}{listed[-1]}"]
        count += 1
    title = ["-metadata", f"title={master.title}"] if master.title else []
    return opened, [*mapped, *named, *bare_args(), *title, *_container(spec), f"file:{job.part.resolve()}"], count


def _picture(spec: VideoSpec, master: Master) -> Iterator[str]:
    """From the film's frames to those of the video."""
    if spec.rate != master.rate:
        # Before scaling, so that no frame is scaled in vain. The last one is held where rounding asks for one more.
        yield f"fps={rate_text(spec.rate)}:start_time=0:round=near"
        yield "tpad=stop_mode=clone:stop=2"
        yield f"trim=end_frame={master.frames_at(spec.rate)}"
    yield from framing_filters(master.width, master.height, spec.framing)
    yield f"format={spec.pix_fmt}"


def _encoded(spec: VideoSpec) -> list[str]:
    """How the pictures are encoded."""
    codec = spec.encoding
    # No -frames:v: with it ffmpeg ends copied sound where the last frame begins.
    args = ["-c:v", codec.encoder, "-pix_fmt", spec.pix_fmt, *codec.args]
    if codec.x26x:
        args += ["-preset", spec.speed]
        args += ["-profile:v", "main10" if spec.deep else "main"] if spec.codec == "h265" else []
    if codec.crf is not None:
        args += ["-g", str(spec.gop), *_effort(spec, codec.crf)]
    return [*args, *TAGS, "-r", rate_text(spec.rate), "-fps_mode", "cfr", *_clock(spec)]


def _effort(spec: VideoSpec, offset: int) -> list[str]:
    """Quality or bit rate. Peaks may be half as high again, over two seconds; SVT-AV1 limits them itself."""
    if spec.bitrate is None:
        crf = str(min(HIGHEST_CRF[spec.codec], spec.crf + offset))
        return ["-crf", crf, *(("-b:v", "0") if spec.codec == "vp9" else ())]
    peaks = [] if spec.codec == "av1" else ["-maxrate", str(spec.bitrate * 3 // 2), "-bufsize", str(spec.bitrate * 2)]
    return ["-b:v", str(spec.bitrate), *peaks]


def _clock(spec: VideoSpec) -> list[str]:
    """One fixed time scale, in containers that have one."""
    return ["-video_track_timescale", str(timescale(spec.rate))] if spec.file.suffix.lower() in MOV else []


def _container(spec: VideoSpec) -> list[str]:
    ending = spec.file.suffix.lower()
    mov = ["-movie_timescale", str(SAMPLE_RATE), "-movflags", "+faststart+write_colr"]
    # By its ending .m4v would be a file for an iPod, which knows no HEVC.
    return [*mov, "-f", "mov" if ending == ".mov" else "mp4"] if ending in MOV else []


def sound_stream(spec: VideoSpec) -> str | None:
    """What ffmpeg calls the video's sound; None: silent."""
    return audio_stream(spec.audio) if spec.audio else None
