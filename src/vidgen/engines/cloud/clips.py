"""Clips on their way to a provider that takes short ones, and back from one that gives more than the new part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vidgen.engines.cloud.inputs import Blob, excerpt, video
from vidgen.errors import InputError
from vidgen.media.dubbing import dub
from vidgen.media.encode import MASTER
from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.media.files import atomic
from vidgen.media.probe import probe_video

AS_IT_IS = (".mp4", ".webm")
"""Files that go out unchanged where they are short and small enough."""


@dataclass(frozen=True)
class Clip:
    """A clip to send, its length, and whether its end was cut off."""

    blob: Blob
    seconds: float
    cut: bool = False


def short_clip(path: Path, *, longest_s: float, max_bytes: int, frames: int | None = None) -> Clip:
    """A clip of at most ``longest_s``: the file itself where it fits, else its beginning. ``frames``: only so many of it are in
    the film, and nothing after them is sent.

    Raises InputError where it is no video, or is too large all the same.
    """
    info = probe_video(path)
    has_s = info.duration_s if frames is None else min(info.duration_s, float(frames / info.rate))
    long = has_s > longest_s + 0.05
    whole = has_s > info.duration_s - 0.5 / float(info.rate)
    if whole and not long and path.suffix.lower() in AS_IT_IS and path.stat().st_size <= max_bytes:
        return Clip(video(path, max_bytes=max_bytes), info.duration_s)
    seconds = min(has_s, longest_s)
    return Clip(excerpt(path, seconds, max_bytes=max_bytes), seconds, cut=long)


def last_seconds(path: Path, seconds: float) -> None:
    """Keep only the last ``seconds`` of a clip and its sound, in place; a clip that is no longer stays as it is.

    The one result that is not kept as it came: a continuation comes with all that was there before, which is a take already.
    """
    try:
        info = probe_video(path)
    except InputError:
        return  # that it is no video is said when it is looked at
    skip = info.frames - round(seconds * info.rate)
    if skip <= 0:
        return
    steps = ["-map", info.source, "-an", "-vf", f"trim=start_frame={skip},setpts=PTS-STARTPTS", *MASTER.video_args(info.rate)]
    with atomic(path) as part:
        run_ffmpeg(
            [*input_args(path.absolute()), *steps, "-f", "mp4", f"file:{part.absolute()}"],
            what=f"taking the end of {path.name}",
        )
        if info.has_audio:  # what cannot be decoded of it is left out
            dub(part, path, begins=skip / info.rate, seconds=(info.frames - skip) / info.rate)
