"""Clips on their way to a provider that takes short ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vidgen.engines.cloud.inputs import Blob, excerpt, video
from vidgen.media.probe import part_from, probe_video

AS_IT_IS = (".mp4", ".webm")
"""Files that go out unchanged where they are short and small enough."""


@dataclass(frozen=True)
class Clip:
    """A clip to send, its length, and whether its end was cut off."""

    blob: Blob
    seconds: float
    cut: bool = False


def short_clip(path: Path, *, longest_s: float, max_bytes: int, frames: int | None = None, first: int = 0) -> Clip:
    """A clip of at most ``longest_s``: the file itself where it fits, else its beginning. Frames number ``first`` to ``frames``
    (not included; None: to the end) are in the film, and no others are sent.

    Raises InputError where it is no video, or is too large all the same.
    """
    info = part_from(probe_video(path), first)
    has_s = info.duration_s if frames is None else min(info.duration_s, float((frames - first) / info.rate))
    long = has_s > longest_s + 0.05
    whole = not first and has_s > info.duration_s - 0.5 / float(info.rate)
    if whole and not long and path.suffix.lower() in AS_IT_IS and path.stat().st_size <= max_bytes:
        return Clip(video(path, max_bytes=max_bytes), info.duration_s)
    seconds = min(has_s, longest_s)
    return Clip(excerpt(path, seconds, max_bytes=max_bytes, first=first), seconds, cut=long)
