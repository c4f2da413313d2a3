"""From picked takes to the film: post-processing of each shot, then the cut."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from threading import Event
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from vidgen.cut import assemble
from vidgen.cut.contact_sheet import contact_sheet, labels_of
from vidgen.cut.encode_segment import encode_segments
from vidgen.cut.sound import Levels
from vidgen.errors import Cancelled, Notice, VidgenError
from vidgen.media.answers import content_of
from vidgen.media.dubbing import dub
from vidgen.media.normalise import conform
from vidgen.media.opening import picture_start
from vidgen.media.os_errors import fault_of
from vidgen.media.probe import has_sound, part_from, probe_video
from vidgen.media.wording import counted
from vidgen.planning.plan import FilmShot, GeneratedShot, Plan, ProviderUpscale, UserClip
from vidgen.render.colour_match import ColourMatch, compared, match_colours, write_tables
from vidgen.render.deliveries import Delivered, Deliverer
from vidgen.render.delivery_plan import DeliveryPlan
from vidgen.render.events import Listener
from vidgen.render.failures import shown, worst
from vidgen.render.film_captions import Captions, captioned, film_captions
from vidgen.render.film_timeline import ShotClip, Warn, build_timeline, sound_cuts
from vidgen.render.lines_in_step import lines_in_step
from vidgen.render.made import MadeShot, clip_part
from vidgen.render.postprocess import PostProcessor
from vidgen.render.provenance import Origin
from vidgen.render.shots import DEFAULT_JOBS
from vidgen.storyboard.model import LipSync
from vidgen.takes.request import ShotRequest, Take, Trim, nearest_frames

if TYPE_CHECKING:
    from vidgen.render.on_cluster import OnCluster

MOST_AT_ONCE = 64
"""Clips that are waited for at once, each by a thread."""


@dataclass(frozen=True)
class Finished:
    """What the cut did: ``counts`` of its segments as JSON values, what was delivered, the captions, which shots were brought
    to the light of another, and how loud the film is.
    """

    counts: dict[str, int]
    delivered: Delivered
    captions: Captions
    colour: Mapping[str, ColourMatch] = field(default_factory=dict)
    levels: Levels | None = None


def finish(
    plan: Plan,
    made: Sequence[MadeShot],
    work: Path,
    output: Path,
    *,
    listener: Listener,
    warn: Warn,
    larger: Mapping[str, Take] = MappingProxyType({}),
    jobs: int | None = None,
    sheet: Path | None = None,
    origin: Origin,
    deliveries: DeliveryPlan = DeliveryPlan(),
    cluster: OnCluster | None = None,
) -> Finished:
    """Post-process the picked takes, cut the film, and make what is delivered beside it.

    ``larger``: takes that a provider enlarged, by the id of their shot; they stand for those that are picked. ``sheet``: where
    a picture of every shot is written (.png). ``origin``: what the film says of itself, and its record beside it.
    ``cluster``: processes clips and encodes pieces; None: this machine does.

    Everything is kept by content in ``work``: what has not changed is not made again.
    """
    matches = match_colours(plan, made, work / "colour", warn)
    write_tables(matches, work / "colour")
    light = {shot: one.match for shot, one in matches.items()}
    origin = origin.with_colours(matches)
    halt, at_once = Event(), cluster.at_once if cluster else 1

    def clip(shot: MadeShot, say: Warn) -> ShotClip:
        processor = PostProcessor(plan, work / "post", listener, say, light, cluster, halt.is_set)
        return sounding(clip_of(processor, shot, larger), shot, say)

    clips = _clips(made, clip, warn, at_once, halt)
    sound_cuts(plan, clips, warn)
    spoken = lines_in_step(plan, {shot.planned.id: shot.picked for shot in made if shot.picked})
    captions, too_fast = film_captions(spoken, output)
    warn(too_fast)
    timeline = origin.labelled(captioned(build_timeline(spoken, clips), plan, captions))
    listener("cut.started", segments=len(plan.shots) + sum(shot.overlap > 0 for shot in plan.shots))

    def on_event(name: str, data: dict[str, Any]) -> None:
        if name == "cut.segment":
            listener("cut.segment", **data)

    result = assemble(
        timeline,
        work,
        output,
        on_event=on_event,
        jobs=max(jobs or DEFAULT_JOBS, at_once),
        seal=origin,
        encode=cluster.encode if cluster else encode_segments,
    )
    warn(result.notices)
    origin.write_sidecar(timeline)
    warn(captions.write(work))
    if sheet:
        labels = labels_of(timeline)
        heading, pairs = compared(labels, matches, timeline, plan.board.language)
        contact_sheet(
            output, sheet, labels=labels, compared=pairs, title=plan.board.title, heading=heading, language=plan.board.language
        )
    counts = {"encoded": result.reencoded, "copied": result.copied, "kept": result.reused}
    listener("cut.done", output=str(output), frames=result.frames, **counts)
    delivered = Deliverer(deliveries, timeline, output, work, listener, warn).deliver()
    return Finished(counts, delivered, captions, matches, result.levels)


def _held(plan: Plan, planned: GeneratedShot, take: Take) -> Iterator[Notice]:
    """Where a trim leaves less of a take than its shot needs."""
    needed = nearest_frames(planned.frames / plan.fps, take.fps)
    if planned.trim != Trim() and (short := needed - (take.frames - take.start)) > 0:
        text = f"trim: the take ends {counted(short, 'frame')} before the shot; its last one is held"
        yield Notice("take.held", text, planned.id)


def _clips(
    made: Sequence[MadeShot], clip: Callable[[MadeShot, Warn], ShotClip], warn: Warn, at_once: int, halt: Event
) -> dict[str, ShotClip]:
    """The clip of every shot. Where one cannot be had, the others are made all the same, and kept for the next run. With
    several at once, what there is to say comes in the order of the shots all the same.
    """
    clips: dict[str, ShotClip] = {}
    failures: list[VidgenError] = []
    with ThreadPoolExecutor(min(at_once, MOST_AT_ONCE), "post") as pool:
        results = [(shot, pool.submit(_said, clip, shot)) for shot in made] if at_once > 1 else []
        try:
            for shot, future in results or ((shot, None) for shot in made):
                try:
                    clips[shot.planned.id] = _heard(future.result(), warn) if future else clip(shot, warn)
                except Cancelled:
                    raise
                except VidgenError as error:
                    failures.append(shown(error))
                except Exception as error:
                    failures.append(fault_of(f"post-processing of {shot.planned.id}", shown(error), where=shot.planned.id))
        except BaseException:
            halt.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    if failures:
        raise worst(failures)
    return clips


Said = tuple[ShotClip | Exception, list[Notice]]


def _said(clip: Callable[[MadeShot, Warn], ShotClip], shot: MadeShot) -> Said:
    """A shot's clip, or why there is none, and what there is to say of it."""
    notices: list[Notice] = []
    try:
        return clip(shot, notices.extend), notices
    except Exception as error:
        return error, notices


def _heard(said: Said, warn: Warn) -> ShotClip:
    result, notices = said
    warn(notices)
    if isinstance(result, Exception):
        raise result
    return result


def clip_of(processor: PostProcessor, shot: MadeShot, larger: Mapping[str, Take]) -> ShotClip:
    """The clip that stands for a shot: the user's own file or the picked take, each after post-processing."""
    planned = shot.planned
    if isinstance(planned, UserClip):
        return processor.clip(planned)
    assert isinstance(planned, GeneratedShot) and shot.picked is not None  # enlargements stand in ``larger``
    processor.warn(_held(processor.plan, planned, shot.picked))
    return processor.take(planned, larger.get(planned.id, shot.picked))


def write_clip(clip: ShotClip, request: ShotRequest, take: Take, out: Path) -> None:
    """Write a shot's clip to ``out`` (.mp4) as a film of its own, at the size, rate and length of its request, with the
    sound of its take.
    """
    if clip.conform:
        conform(
            part_from(probe_video(clip.file), clip.conform.start), out,
            width=request.width, height=request.height, rate=request.fps, frames=request.frames,
            fit=clip.conform.fit, max_hold=clip.conform.max_hold,
        )  # fmt: skip
    else:
        shutil.copyfile(clip.file, out)
    if (clip.file != take.file or clip.conform) and has_sound(take.file):
        dub(out, take.file, begins=Fraction(take.start) / take.fps, seconds=Fraction(request.frames) / request.fps)


def is_heard(planned: FilmShot) -> bool:
    """Whether a shot's own sound is in the film: ``own_sound`` decides, else a user's clip sounds, and a take that was asked
    for sound or whose lips follow one (which a line of dialogue may bring already).
    """
    shot = planned.shot
    if shot.own_sound:
        return shot.own_sound.heard
    if isinstance(planned, UserClip):
        return True
    follows_file = isinstance(shot.lip_sync, LipSync)
    return planned.request.sound or (follows_file and not any(line.file for line in shot.dialogue or ()))


def sounding(clip: ShotClip, made: MadeShot, warn: Warn) -> ShotClip:
    """The clip with its own sound, where that is to be heard."""
    planned = made.planned
    if isinstance(planned, ProviderUpscale) or not is_heard(planned):
        return clip
    shot, own = planned.shot, planned.clip if isinstance(planned, UserClip) else None
    file = made.picked.file if made.picked else own or clip.file
    if has_sound(file):
        begins, (before, after) = picture_start(file), _beside(made)
        opens = None if begins is None and not before else (begins or Fraction(0)) + before
        first = made.picked.first / made.picked.fps if made.picked else Fraction(0)
        digest = made.picked.sha256 if made.picked else clip.sha256 if clip.file == file else content_of(file)
        zero = None if opens is None else round(opens * 1_000_000)
        return replace(clip, sound=(file, digest), picture_us=zero, before=max(Fraction(0), before - first), after=after)
    if shot.own_sound or not own:
        asked = "own_sound" if shot.own_sound else "lip_sync" if shot.lip_sync else "params.audio"
        warn([Notice("sound.none", f"{asked}: the clip came without sound", planned.id)])
    return clip


def _beside(made: MadeShot) -> tuple[Fraction, Fraction]:
    """Seconds of a shot's take or clip before what is in the film, and after it."""
    if isinstance(made.planned, UserClip):
        info = probe_video(made.planned.clip)
        start, end = clip_part(made.planned)
        opens = start / info.rate if info.constant_rate else made.planned.trim.start or Fraction(0)
        return opens, Fraction(0) if end is None else (info.frames - end) / info.rate
    assert made.picked is not None and made.resolved is not None  # it was made
    part = made.picked.window(made.resolved.request)
    return part.start / made.picked.fps, (made.picked.frames - part.start - part.frames) / made.picked.fps
