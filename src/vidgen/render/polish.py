"""Post-processing of one picked take, kept by content: what has not changed is not made again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from vidgen import __version__
from vidgen.errors import Notice
from vidgen.media.discovery import find_ffmpeg
from vidgen.media.encode import encoded_as
from vidgen.media.files import sha256_file, write_text
from vidgen.media.probe import probe_video
from vidgen.planning.plan import Plan, PlannedShot
from vidgen.post import PostSettings, process_clip
from vidgen.post.work import plan_work
from vidgen.render.events import Listener
from vidgen.render.timeline import ShotClip
from vidgen.takes.keys import derived_key
from vidgen.takes.request import Take


def polish(
    plan: Plan,
    planned: PlannedShot,
    take: Take,
    folder: Path,
    listener: Listener,
    warn: Callable[[Iterable[Notice]], None],
) -> ShotClip:
    """The clip of a shot at the film's rate and size: the take itself where nothing is to be done to it, else the
    post-processed clip, from ``folder`` if it is there.
    """
    settings = PostSettings.of(
        planned.post,
        width=plan.width,
        height=plan.height,
        rate=plan.fps,
        folder=plan.folder,
        seed=take.seed,
        profile=plan.profile,
        animatic=planned.engine == "previz",
    )
    warn(Notice(notice.code, notice.message, planned.id) for notice in settings.notices)
    if not settings.changes(plan.source_width, plan.source_height, plan.source_fps):
        return ShotClip(take.file, take.sha256, encoded_as(take.file))
    work = plan_work(probe_video(take.file), settings, planned.frames)
    key = derived_key(
        "post",
        [take.sha256],
        settings={"post": settings.key(), "engines": work.names, "frames": planned.frames},
        tool=f"vidgen {__version__}",
        ffmpeg=find_ffmpeg().version,
    )
    file = folder / f"{key}.mp4"
    if digest := _kept(file):
        return ShotClip(file, digest, settings.profile.key())
    listener("post.started", shot=planned.id)

    def on_frame(done: int, total: int) -> None:
        listener("post.progress", shot=planned.id, share=round(done / max(total, 1), 4))

    result = process_clip(take.file, file, settings, frames=planned.frames, on_frame=on_frame)
    warn(Notice(notice.code, notice.message, planned.id) for notice in result.notices if notice not in settings.notices)
    digest = sha256_file(file)
    write_text(file.with_suffix(".json"), json.dumps({"sha256": digest, "size": file.stat().st_size, "why": list(result.why)}))
    engines = {"interpolate": result.interpolated_by, "upscale": result.upscaled_by}
    listener("post.done", shot=planned.id, file=str(file), seconds=round(result.seconds, 3), **engines)
    return ShotClip(file, digest, settings.profile.key())


def _kept(file: Path) -> str | None:
    """The checksum of a clip that an earlier run made, if the file is still that one."""
    try:
        record = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        if file.stat().st_size == record["size"] and sha256_file(file) == record["sha256"]:
            return str(record["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None
