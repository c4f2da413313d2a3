"""Post-processing of one picked take, kept by content: what has not changed is not made again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidgen import __version__
from vidgen.errors import Notice
from vidgen.media.discovery import find_ffmpeg
from vidgen.media.encode import encoded_as
from vidgen.media.files import sha256_file, write_text
from vidgen.media.probe import probe_video
from vidgen.planning.plan import Plan, PlannedShot
from vidgen.post.clip import process_clip
from vidgen.post.engines import Fetch
from vidgen.post.settings import PostResult
from vidgen.post.work import Work, plan_work
from vidgen.render.events import Listener
from vidgen.render.pace import Pace
from vidgen.render.posting import is_own, needs_work, settings_of, steps_of
from vidgen.render.timeline import ShotClip
from vidgen.takes.keys import derived_key
from vidgen.takes.request import Take
from vidgen.weights.store import pull

EVENT_EVERY_S = 0.25
"""Progress events of one clip come no faster than this."""


def polish(
    plan: Plan,
    planned: PlannedShot,
    take: Take,
    folder: Path,
    listener: Listener,
    warn: Callable[[Iterable[Notice]], None],
) -> ShotClip:
    """The clip of a shot at the film's rate and size: the take itself where nothing is to be done to it, else the
    post-processed clip, from ``folder`` if it is there. Interrupted, the next call goes on after the last finished segment.
    """
    settings = settings_of(plan, planned, take.seed)
    warn(Notice(notice.code, notice.message, planned.id) for notice in settings.notices)
    if not needs_work(plan, planned, settings):
        return ShotClip(take.file, take.sha256, encoded_as(take.file))
    work = plan_work(probe_video(take.file), settings, planned.frames)
    warn(Notice(notice.code, notice.message, planned.id) for notice in work.route.notices)
    file = folder / f"{_key(work, take)}.mp4"
    if digest := _kept(file):
        return ShotClip(file, digest, settings.profile.key())
    steps = steps_of(work.route)
    listener(
        "post.started",
        shot=planned.id,
        engines=[chosen.name for _, chosen in steps],
        why=list(work.route.why),
        frames=work.frames,
        seconds=round(work.route.seconds, 1),
    )
    result = process_clip(
        take.file,
        file,
        settings,
        frames=planned.frames,
        on_frame=_Teller(planned.id, listener),
        fetch=fetching(listener, planned.id),
    )
    warn(Notice(notice.code, notice.message, planned.id) for notice in result.notices)
    digest = sha256_file(file)
    write_text(file.with_suffix(".json"), json.dumps({"sha256": digest, "size": file.stat().st_size, **_record(result)}))
    listener("post.done", shot=planned.id, file=str(file), **_record(result))
    return ShotClip(file, digest, settings.profile.key())


def fetching(listener: Listener, shot: str | None = None) -> Fetch:
    """``weights.store.pull`` that tells how far a download is."""

    def fetch(name: str) -> Path:
        last: float | None = None

        def on_bytes(done: int, total: int | None) -> None:
            nonlocal last
            now = time.monotonic()
            if last is None or now - last >= EVENT_EVERY_S or done == total:
                last = now
                listener("model.download", shot=shot, model=name, bytes=done, total_bytes=total)

        return pull(name, on_bytes=on_bytes)

    return fetch


class _Teller:
    """Hears of frames and tells of progress, a few times a second."""

    def __init__(self, shot: str, listener: Listener) -> None:
        self._shot, self._listener, self._pace, self._last = shot, listener, Pace(), 0.0

    def __call__(self, done: int, total: int) -> None:
        speed, now = self._pace.speed(done, total), time.monotonic()
        if now - self._last < EVENT_EVERY_S and done < total:
            return
        self._last = now
        share = round(done / max(total, 1), 4)
        self._listener("post.progress", shot=self._shot, share=share, frames=done, total=total, **speed.as_dict())


def _key(work: Work, take: Take) -> str:
    """Identity of the result: the take, and what is really done to it. A wish for ``auto`` and one for the engine that
    ``auto`` is are the same; a model of the user's own counts by its contents, wherever it lies.
    """
    done = replace(work.settings, interpolate="auto", upscale="auto", model=None, animatic=False)
    steps = [(job, chosen.name, _model(chosen.model)) for job, chosen in steps_of(work.route)]
    return derived_key(
        "post",
        [take.sha256],
        settings={"post": done.key(), "steps": [list(step) for step in steps], "frames": work.frames},
        tool=f"vidgen {__version__}",
        ffmpeg=find_ffmpeg().version,
    )


def _model(name: str | None) -> str | None:
    return sha256_file(Path(name)) if name and is_own(name) else name


def _record(result: PostResult) -> dict[str, Any]:
    """What is told and kept of a result, beside the file itself."""
    return {
        "interpolate": result.interpolated_by,
        "upscale": result.upscaled_by,
        "model": result.model,
        "seconds": round(result.seconds, 3),
        "why": list(result.why),
    }


def _kept(file: Path) -> str | None:
    """The checksum of a clip that an earlier run made, if the file is still that one."""
    try:
        record = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        if file.stat().st_size == record["size"] and sha256_file(file) == record["sha256"]:
            return str(record["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None
