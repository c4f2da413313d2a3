"""What of ``post:`` there is to do to a take or to a user's own clip. Light: nothing is decoded."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from vidgen.media.exact import exact_of
from vidgen.media.normalise import MAX_HOLD, cropped, fitted, refuse_hdr
from vidgen.media.probe import MediaInfo, part_from, probe_video
from vidgen.planning.plan import GeneratedShot, Plan, UserClip
from vidgen.post.filters import SMALLEST_MINTERPOLATE
from vidgen.post.settings import PostSettings
from vidgen.post.stages import upright_form
from vidgen.takes.request import frames_from


def clip_start(planned: UserClip, info: MediaInfo) -> int:
    """Number of the frame of a user's clip that its shot opens with. ``info``: of the clip."""
    start = planned.trim.start
    if not start:
        return 0
    if not info.constant_rate:
        times = info.times or exact_of(info.path).times
        return min(range(len(times)), key=lambda number: abs(times[number] - start))
    return frames_from(start, info.rate)


def own_clip(planned: UserClip) -> MediaInfo:
    """A user's clip from the frame on that its shot opens with. Raises InputError where it cannot be used."""
    info = probe_video(planned.clip)
    return part_from(info, clip_start(planned, info))


def clip_work(plan: Plan, planned: UserClip, settings: PostSettings) -> tuple[MediaInfo, PostSettings] | None:
    """A shot's clip, and ``settings`` with its size in the film; None where all that is asked is the film's size and
    rate, to which the cut brings it anyway.

    The whole picture is shown: where its shape differs, it is smaller than the film's, and the cut puts bars beside it. Raises
    InputError for a clip that cannot be used.
    """
    if planned.post is None:
        return None
    info = own_clip(planned)
    width, height = fitted(info.display_size, plan.width, plan.height)
    settings = replace(settings, width=width, height=height)
    return _work(info, planned.frames, settings)


def take_work(plan: Plan, planned: GeneratedShot, take: Path, settings: PostSettings) -> tuple[MediaInfo, PostSettings] | None:
    """The same of a take. It fills the frame: what lies outside the film's shape is left out."""
    info = cropped(probe_video(take), plan.width, plan.height)
    form = upright_form(info)
    if min(form.width, form.height) < SMALLEST_MINTERPOLATE and settings.interpolate in ("auto", "minterpolate", "blend"):
        settings = replace(settings, interpolate="nearest")
    return _work(info, planned.frames, settings)


def _work(info: MediaInfo, frames: int, settings: PostSettings) -> tuple[MediaInfo, PostSettings] | None:
    source = upright_form(info)
    grows = settings.upscale != "lanczos" and (source.width < settings.width or source.height < settings.height)
    moves = settings.interpolate != "nearest" and (source.rate != settings.rate or not info.constant_rate)
    if not (grows or moves or not settings.grade.idle or settings.grain):
        return None
    refuse_hdr(info)
    return used_part(info, frames, settings), settings


def used_part(info: MediaInfo, frames: int, settings: PostSettings) -> MediaInfo:
    """The clip without what lies behind the shot: ``frames`` at the rate of ``settings`` are used, from its beginning."""
    most = math.ceil((frames + MAX_HOLD) / settings.rate * info.rate) + 1
    if info.times:
        end = (frames + MAX_HOLD) / settings.rate
        most = sum(time <= end for time in info.times) + 1
    elif not info.constant_rate:
        return info
    return replace(info, frames=min(info.frames, most), times=info.times[:most])
