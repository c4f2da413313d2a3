"""Post-processing of picked takes and of own clips, kept by content: what has not changed is not made again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgen import __version__
from vidgen.artifacts import ArtifactStore
from vidgen.cut.timeline import Conform
from vidgen.errors import Notice
from vidgen.media.answers import content_of
from vidgen.media.discovery import find_ffmpeg
from vidgen.media.encode import encoded_as, is_draft
from vidgen.media.exact import exact_of
from vidgen.media.lossless import copy_lossless
from vidgen.media.normalise import MAX_HOLD
from vidgen.media.probe import MediaInfo, part_from, probe_video
from vidgen.planning.plan import FilmShot, GeneratedShot, Plan, UserClip
from vidgen.post.clip import Hooks, process_clip
from vidgen.post.engines import Fetch
from vidgen.post.settings import Match, PostResult, PostSettings
from vidgen.post.work import Work, plan_work
from vidgen.render.events import Listener
from vidgen.render.film_timeline import ShotClip
from vidgen.render.own_clips import clip_start, clip_work, take_work, used_part
from vidgen.render.post_plan import is_own, settings_of, step_names, steps_of
from vidgen.render.throughput import Throughput
from vidgen.takes.keys import derived_key
from vidgen.takes.request import Take, Trim
from vidgen.weights.store import pull

if TYPE_CHECKING:
    from vidgen.render.on_cluster import OnCluster

EVENT_EVERY_S = 0.25
"""Progress events of one clip come no faster than this."""


@dataclass(frozen=True)
class PostProcessor:
    """Post-processes shots of a plan. Results are kept in ``folder``; ``warn`` is called with notices. ``stopped``: whether
    the user wants to stop. ``cluster`` does the work; None: this machine.
    """

    plan: Plan
    folder: Path
    listener: Listener
    warn: Callable[[Iterable[Notice]], None]
    matches: Mapping[str, Match] = field(default_factory=dict)
    """What brings shots to the light of another, by their ids."""
    cluster: OnCluster | None = None
    stopped: Callable[[], bool] = lambda: False

    def take(self, planned: GeneratedShot, take: Take) -> ShotClip:
        """The clip of a shot: the take itself, as it is or for the cut to bring to the film's size and rate, where that is all;
        else the post-processed clip, from an earlier run if it is there. Interrupted, the next call goes on after the last
        finished segment.
        """
        settings = self._settings(planned, take.seed)
        encoded = encoded_as(take.file)
        film = (self.plan.width, self.plan.height, self.plan.fps)
        form = (take.width, take.height, take.fps)
        ready = encoded and form == film and not take.start and take.frames >= planned.frames
        if ready and not settings.changes(*film):
            return ShotClip(take.file, take.sha256, encoded, draft=is_draft(take.file))
        found = take_work(self.plan, planned, take.file, settings)
        if found is None:
            return ShotClip(take.file, take.sha256, None, conform=Conform("crop", planned.frames, take.start))
        if take.start:
            part = self._part(part_from(probe_video(take.file), take.start), take.sha256)
            found = take_work(self.plan, planned, part, settings) or found
        work = plan_work(*found, planned.frames, planned.frames)
        file, digest = self._processed(planned, work, _source(take.sha256, take.start), lambda: _exact(work, planned))
        return ShotClip(file, digest, settings.profile.key())

    def _settings(self, planned: FilmShot, seed: int) -> PostSettings:
        settings = settings_of(self.plan, planned, seed)
        return replace(settings, grade=replace(settings.grade, match=self.matches.get(planned.id, Match())))

    def store(self) -> ArtifactStore:
        """Where results are kept."""
        return ArtifactStore(self.folder, ".mp4")

    def about_to_make(self, what: str) -> None:
        """Called before anything is made that is not in the store."""

    def _part(self, info: MediaInfo, sha256: str) -> Path:
        """A part of a take or clip with this checksum, as a lossless file."""
        store = self.store()
        key = derived_key("part", [sha256], settings={"first": info.first, "frames": info.frames}, tool="vidgen")
        if not store.find(key):
            self.about_to_make("a part of its take")
            copy_lossless(info, store.path(key))
            store.seal(key, {})
        return store.path(key)

    def clip(self, planned: UserClip) -> ShotClip:
        """The same of a user's own clip; what is only to be brought to the film's size and rate is left to the cut."""
        file = planned.clip
        digest = content_of(file)
        settings = self._settings(planned, int(digest[:8], 16))
        found = clip_work(self.plan, planned, settings)
        if found is None:
            return ShotClip(file, digest, None, conform=Conform(start=clip_start(planned, probe_video(file))))
        start = found[0].first
        if start:
            file = self._part(used_part(found[0], planned.frames, found[1]), digest)
            found = clip_work(self.plan, replace(planned, clip=file, trim=Trim()), settings) or found
        work = plan_work(*found, planned.frames)
        source = _source(digest, start)
        made, digest = self._processed(planned, work, source, lambda: used_part(exact_of(file), planned.frames, work.settings))
        whole = (work.settings.width, work.settings.height) == (self.plan.width, self.plan.height)
        return ShotClip(made, digest, settings.profile.key() if whole else None, conform=None if whole else Conform())

    def _processed(self, planned: FilmShot, work: Work, source: str, exact: Callable[[], MediaInfo]) -> tuple[Path, str]:
        """The result and its checksum. ``source``: the checksum of what it is made of; ``exact`` looks closer at that."""
        self._say(planned, work.route.notices)
        key = _key(work, source)
        store = self.store()
        file = store.path(key)
        if kept := store.find(key):
            return file, str(kept["sha256"])
        self.about_to_make("post-processing")
        self.listener(
            "post.started",
            shot=planned.id,
            engines=[chosen.name for _, chosen in steps_of(work.route)],
            steps=step_names(work.route, work.settings),
            why=list(work.route.why),
            frames=work.frames,
            seconds=round(work.route.seconds, 1),
        )
        hooks = Hooks(
            on_frame=_Progress(planned.id, self.listener), fetch=fetching(self.listener, planned.id), cancelled=self.stopped
        )
        max_hold = MAX_HOLD if isinstance(planned, UserClip) else work.frames
        process = self.cluster.process if self.cluster else _process_here
        result = process(exact(), file, work, max_hold, hooks)
        self._say(planned, result.notices)
        note = store.seal(key, _record(result))
        self.listener("post.done", shot=planned.id, file=str(file), **_record(result))
        return file, str(note["sha256"])

    def _say(self, planned: FilmShot, notices: Iterable[Notice]) -> None:
        self.warn(Notice(notice.code, notice.message, planned.id) for notice in notices)


def _process_here(info: MediaInfo, out: Path, work: Work, max_hold: int, hooks: Hooks) -> PostResult:
    return process_clip(info, out, work.settings, frames=work.frames, max_hold=max_hold, hooks=hooks)


def _source(sha256: str, start: int) -> str:
    """What a result is made of: a file, from a frame on."""
    return f"{sha256}:{start}" if start else sha256


def fetching(listener: Listener, shot: str | None = None) -> Fetch:
    """``weights.store.pull`` with progress events."""

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


class _Progress:
    """Progress events of one clip, a few times a second. Called after each frame."""

    def __init__(self, shot: str, listener: Listener) -> None:
        self._shot, self._listener, self._pace, self._last = shot, listener, Throughput(), 0.0

    def __call__(self, done: int, total: int) -> None:
        speed, now = self._pace.speed(done, total), time.monotonic()
        if now - self._last < EVENT_EVERY_S and done < total:
            return
        self._last = now
        share = round(done / max(total, 1), 4)
        self._listener("post.progress", shot=self._shot, share=share, frames=done, total=total, **speed.as_dict())


def _exact(work: Work, planned: FilmShot) -> MediaInfo:
    """What a take is made of, with the time of each frame where its rate varies."""
    if work.info.constant_rate:
        return work.info
    return used_part(replace(exact_of(work.info.path), crop=work.info.crop), planned.frames, work.settings)


def _key(work: Work, source: str) -> str:
    """Identity of the result: what it is made of, and what is really done to it. ``auto`` and the name of the engine that it
    stands for are the same; a model of the user's own counts by its contents, wherever it lies.
    """
    done = replace(work.settings, interpolate="auto", upscale="auto", model=None, animatic=False)
    steps = [(job, chosen.name, _model(chosen.model), *filter(None, [chosen.version])) for job, chosen in steps_of(work.route)]
    return derived_key(
        "post",
        [source],
        settings={"post": done.key(), "steps": [list(step) for step in steps], "frames": work.frames},
        tool=f"vidgen {__version__}",
        ffmpeg=find_ffmpeg().version,
    )


def _model(name: str | None) -> str | None:
    return content_of(Path(name)) if name and is_own(name) else name


def _record(result: PostResult) -> dict[str, Any]:
    """What events and sidecars say of a result."""
    return {
        "interpolate": result.interpolated_by,
        "upscale": result.upscaled_by,
        "model": result.model,
        "seconds": round(result.seconds, 3),
        "why": list(result.why),
    }
