"""From a plan and the takes at hand to the cut that goes to an editor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidgen import __version__
from vidgen.catalog.diffusion import model as diffusion_model
from vidgen.catalog.transitions import J_CUT
from vidgen.cut.mixing import Placed, place
from vidgen.cut.timeline import Track
from vidgen.errors import Notice
from vidgen.interchange.cut import Cut, CutShot, CutSound, Mark, Media
from vidgen.media.answers import content_of
from vidgen.media.probe import has_sound, probe, probe_video
from vidgen.media.rate import SAMPLE_RATE, rate_text, samples_at
from vidgen.media.wording import counted
from vidgen.planning.plan import FilmShot, GeneratedShot, Plan, UserClip
from vidgen.render.at_hand import ShotAtHand
from vidgen.render.film_timeline import sound_tracks
from vidgen.render.finish import is_heard
from vidgen.render.lines_in_step import lines_in_step
from vidgen.render.own_clips import clip_start
from vidgen.takes.record import row_of
from vidgen.takes.request import Take, frames_from, nearest_frames

SCHEMA = "vidgen.cut.v1"
MOST_REPEATS = 500
"""Pieces that a looped sound may become; no editor wants more of them."""


def editorial_cut(plan: Plan, board: Path, shots: Sequence[ShotAtHand]) -> tuple[Cut, list[Notice]]:
    """The cut, and what it cannot say. Probes the user's own clips, and decodes sounds for their lengths."""
    notices: list[Notice] = []
    made = tuple(_with_sound_cuts(plan, [_shot(plan, shot, notices) for shot in shots]))
    known = {"schema": SCHEMA, "version": __version__, "storyboard": board.name, "fps": rate_text(plan.fps)}
    size = {"width": plan.width, "height": plan.height, "frames": plan.total_frames}
    listed = {"shots": [shot.id for shot in plan.shots]}
    spoken = lines_in_step(plan, {shot.planned.id: shot.picked for shot in shots if shot.picked})
    cut = Cut(plan.board.title or board.stem, plan.fps, made, tuple(_sounds(spoken)), {**known, **size, **listed})
    return cut, [*notices, *_left_out(plan)]


def _left_out(plan: Plan) -> Iterator[Notice]:
    titled = [shot.id for shot in plan.shots if shot.shot.text]
    if titled:
        text = f"titles are not in an exported cut ({', '.join(titled[:5])}{', ...' if len(titled) > 5 else ''})"
        yield Notice("export.left_out", text)
    if any(shot.post for shot in plan.shots) or plan.enlargements:
        yield Notice("export.left_out", "post-processing is not in an exported cut: it refers to the camera originals")


def _shot(plan: Plan, shot: ShotAtHand, notices: list[Notice]) -> CutShot:
    planned = shot.planned
    if isinstance(planned, UserClip):
        media: tuple[Media, ...] = (_own_clip(planned),)
        used: int | None = 0
    else:
        media = tuple(_take_media(planned, shot, take) for take in shot.takes)
        used = next((index for index, take in enumerate(shot.takes) if take is shot.picked), None)
    chosen = None if used is None else media[used]
    start = shot.picked.start if shot.picked else 0
    if isinstance(planned, UserClip):
        start = clip_start(planned, probe_video(planned.clip))
    elif chosen is None:
        start = frames_from(planned.trim.start or Fraction(0), plan.fps)
    if chosen:
        notices += _held(plan, planned, chosen, start)
    transition = planned.shot.transition
    return CutShot(
        planned.id,
        planned.frames,
        overlap=planned.overlap,
        transition=transition.type if transition else "cut",
        transition_frames=planned.transition_frames,
        media=media,
        used=used,
        start=start,
        sounds=chosen is not None and chosen.sound and is_heard(planned),
        marks=tuple(_marks(plan, shot)),
        metadata=_known(plan, shot, chosen),
        row=_row(planned, shot.picked, chosen),
    )


def _with_sound_cuts(plan: Plan, shots: Sequence[CutShot]) -> Iterator[CutShot]:
    """The shots with their J and L cuts, as long as there is sound for them."""
    for planned, before, shot in zip(plan.shots, [None, *shots], shots, strict=False):
        leads = bool(planned.shot.transition and planned.shot.transition.type == J_CUT)
        owner = shot if leads else before
        if not planned.sound_frames or before is None or owner is None or owner.chosen is None or not owner.sounds:
            yield shot
            continue
        media = owner.chosen
        used = owner.start + nearest_frames(owner.frames / plan.fps, media.rate)
        spare = owner.start if leads else max(0, media.frames - used)
        frames = min(planned.sound_frames, int(spare / media.rate * plan.fps), (before if leads else shot).frames)
        yield replace(shot, sound_shift=-((frames + 1) // 2) if leads else frames // 2)


def _held(plan: Plan, planned: FilmShot, media: Media, start: int) -> Iterator[Notice]:
    needed = nearest_frames(Fraction(planned.frames) / plan.fps, media.rate)
    if (short := needed - (media.frames - start)) > 0:
        text = f"the shot is {counted(short, 'frame')} longer than what is left of its file; the film holds the last one"
        yield Notice("take.held", text, planned.id)


def _own_clip(planned: UserClip) -> Media:
    info = probe_video(planned.clip)
    digest = content_of(planned.clip)
    known = {"clip": planned.shot.clip, "sha256": digest}
    return Media(planned.clip.stem, planned.clip, digest, info.frames, info.rate, known, info.has_audio)


def _take_media(planned: GeneratedShot, shot: ShotAtHand, take: Take) -> Media:
    row = row_of(take)
    known = {
        "take": take.take,
        "seed": take.seed,
        "prompt": row.get("prompt", planned.request.prompt),
        "engine": take.engine,
        "model": take.model,
        "diffusion": take.diffusion,
        "score": shot.verdict.score(take.take) if shot.verdict else None,
        "vetoes": shot.verdict.vetoes(take.take) if shot.verdict else [],
        **take.cost,
        "request_key": row.get("request_key"),
        "take_key": take.key,
        "sha256": take.sha256,
        "frames": take.frames,
        "fps": rate_text(take.fps),
        "window": take.window(planned.request).as_dict(),
    }
    return Media(f"take {take.take}", take.file, take.sha256, take.frames, take.fps, known, has_sound(take.file), take.first)


def _known(plan: Plan, shot: ShotAtHand, chosen: Media | None) -> dict[str, Any]:
    """What is known of a shot: first its file's, then its own."""
    planned = shot.planned
    transition = planned.shot.transition
    return {
        **(chosen.metadata if chosen else {}),
        "shot": planned.id,
        "parent": planned.parent,
        "scene": planned.scene,
        "engine": chosen.metadata.get("engine", planned.engine) if chosen else planned.engine,
        "picked_by": shot.picked_by,
        "start_frame": planned.start_frame,
        "shot_frames": planned.frames,
        "film_fps": rate_text(plan.fps),
        "transition": {"type": transition.type if transition else "cut", "frames": planned.transition_frames},
        "notes": planned.shot.notes,
    }


def _marks(plan: Plan, shot: ShotAtHand) -> Iterator[Mark]:
    """The notes, once for all parts of a split shot, and the vetoes of the take in the film."""
    planned = shot.planned
    first = next(one for one in plan.shots if one.parent == planned.parent)
    if planned.shot.notes and planned is first:
        yield Mark("note", "note", planned.shot.notes)
    for veto in shot.verdict.vetoes(shot.picked.take) if shot.verdict and shot.picked else ():
        yield Mark("veto", str(veto["code"]), f"{veto['code']}: {veto['detail']}", veto["at_s"])


def _row(planned: FilmShot, picked: Take | None, chosen: Media | None) -> dict[str, str]:
    """The shot's row in the shot list."""
    camera = planned.shot.camera
    row = {"scene": planned.scene, "size": (camera and camera.size) or "", "camera": camera.move if camera else "static"}
    if isinstance(planned, UserClip):
        return {**row, "engine": "clip", "cost": "0", "prompt": "", "take": planned.shot.clip or ""}
    made = picked.model if picked else planned.model
    known = diffusion_model(made) if made else None
    return {
        **row,
        "prompt": str(chosen.metadata["prompt"]) if chosen else planned.request.prompt,
        "take": str(picked.take) if picked else "",
        "engine": picked.engine if picked else planned.engine,
        "model": made or "",
        "cost": "" if picked is None or picked.cost_usd is None else f"{picked.cost_usd:.6f}".rstrip("0").rstrip("."),
        "licence": known.licence if known and planned.engine == "local" else "",
    }


def _sounds(plan: Plan) -> Iterator[CutSound]:
    """The storyboard's sounds as they are heard, a looped one piece by piece."""
    total = samples_at(plan.total_frames, plan.fps)
    end = Fraction(plan.total_frames)
    for placed in place(list(sound_tracks(plan)), total):
        track = placed.track
        samples = max(1, round(probe(track.file).audio_duration_s * SAMPLE_RATE))
        media = Media(track.file.stem, track.file, track.sha256, samples, Fraction(SAMPLE_RATE), {"role": track.role}, True)
        whole = CutSound(track.role, media, Fraction(0), Fraction(0), track.start, _sound_known(track))
        for at, start, length in _pieces(placed, samples):
            first, last = (Fraction(sample, SAMPLE_RATE) * plan.fps for sample in (at, at + length))
            yield replace(whole, at=first, length=min(last, end) - first, start=start)


def _pieces(placed: Placed, samples: int) -> Iterator[tuple[int, int, int]]:
    """Film sample, sample of the file, and length of each piece. ``samples``: those of the file."""
    track, begin, end = placed.track, placed.begin, placed.end
    start, back = track.start + begin - track.at, track.loop_from
    last = track.loop_to if placed.repeats and track.loop_to is not None else samples
    if not track.loop or (end - begin) // max(1, last - back) > MOST_REPEATS:
        yield begin, start, end - begin
        return
    while begin < end:
        length = min(max(1, (last if start < last else samples) - start), end - begin)
        yield begin, start, length
        begin, start = begin + length, back


def _sound_known(track: Track) -> dict[str, Any]:
    fades = {
        "fade_in_s": track.fade_in / SAMPLE_RATE,
        "fade_out_s": None if track.fade_out is None else track.fade_out / SAMPLE_RATE,
    }
    return {"gain_db": track.gain_db, "loop": track.loop, "duck": track.duck, "sha256": track.sha256, **fades}
