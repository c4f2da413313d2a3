"""What a render would make of the takes at hand, and why: for ``render --dry-run``. Makes and writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.artifacts import ArtifactStore
from vidgen.cut.forecast import Forecast, forecast
from vidgen.errors import Notice, VidgenError
from vidgen.media.wording import counted
from vidgen.planning.plan import Plan, UserClip
from vidgen.render.colour_match import match_colours
from vidgen.render.deliveries import Delivered, Deliverer
from vidgen.render.delivery_plan import DeliveryPlan
from vidgen.render.events import silent
from vidgen.render.film_captions import captioned, film_captions
from vidgen.render.film_timeline import ShotClip, build_timeline
from vidgen.render.finish import clip_of, sounding
from vidgen.render.lines_in_step import lines_in_step
from vidgen.render.made import MadeShot
from vidgen.render.postprocess import PostProcessor
from vidgen.render.provenance import Origin
from vidgen.takes.request import Take


class _NotMade(Exception):
    """Something is not in the store yet; the text says what."""


class _Looking(PostProcessor):
    """Finds what was post-processed before, and makes nothing."""

    def store(self) -> ArtifactStore:
        return ArtifactStore(self.folder, ".mp4", look_only=True)

    def about_to_make(self, what: str) -> None:
        raise _NotMade(f"{what} is to be done")


def processed_clips(plan: Plan, picked: Mapping[str, Take], work: Path, only: Collection[str]) -> dict[str, ShotClip]:
    """The post-processed clips that stand for takes in the film, by the id of their shot, from an earlier run. Those to which
    nothing is done, or nothing was yet, are left out. ``picked``: of every shot that has one; ``only``: the shots to look at.
    """
    if not (work / "post").is_dir():
        return {}
    made = [MadeShot(shot, picked=picked.get(shot.id)) for shot in plan.shots]
    matches = match_colours(plan, made, work / "colour", _quiet, look_only=True)
    processor = _Looking(plan, work / "post", silent, _quiet, {shot: one.match for shot, one in matches.items()})
    found: dict[str, ShotClip] = {}
    for planned in plan.generated:
        take = picked.get(planned.id) if planned.id in only else None
        if take is None:
            continue
        try:
            clip = processor.take(planned, take)
        except (_NotMade, VidgenError):
            continue
        if clip.file != take.file:
            found[planned.id] = clip
    return found


@dataclass(frozen=True)
class RenderForecast:
    """What would be made: pieces, sound and film (``segments``), and the files beside it. ``due``: why each of those would be
    made, by its path; ``kept``: how many would not.
    """

    segments: tuple[Forecast, ...]
    delivered: Delivered
    due: Mapping[str, str]
    kept: int

    def as_dict(self) -> dict[str, Any]:
        """Members of ``data`` of ``render --dry-run --json``."""
        return {"segments": [one.as_dict() for one in self.segments], **self.delivered.as_dict()}

    def lines(self) -> list[str]:
        """A line for each thing that would be made, and how many would be kept."""
        lines = [f"{one.name}: {one.state}: {one.why}" for one in self.segments if one.state != "keep"]
        lines += [f"{file}: make: {why}" for file, why in self.due.items()]
        kept = self.kept + sum(one.state == "keep" for one in self.segments)
        return [*lines, *([f"{counted(kept, 'part')} kept from earlier runs"] if kept else [])]


def render_forecast(
    plan: Plan,
    made: Sequence[MadeShot],
    work: Path,
    output: Path,
    deliveries: DeliveryPlan,
    larger: Mapping[str, Take],
    origin: Origin,
) -> RenderForecast:
    """Look at what is in the work folder. ``made``: each shot with the take that is picked by now, if any."""
    at_hand = [shot for shot in made if isinstance(shot.planned, UserClip) or (shot.picked and not shot.missing)]
    matches = match_colours(plan, at_hand, work / "colour", _quiet, look_only=True)
    processor = _Looking(plan, work / "post", silent, _quiet, {shot: one.match for shot, one in matches.items()})
    clips: dict[str, ShotClip] = {}
    waits_for: dict[str, str] = {}
    for shot in made:
        try:
            clips[shot.planned.id] = sounding(_clip(plan, processor, shot, larger), shot, _quiet)
        except _NotMade as error:
            waits_for[shot.planned.id] = str(error)
            clips[shot.planned.id] = ShotClip(Path(shot.planned.id), "", None)
    spoken = lines_in_step(plan, {shot.planned.id: shot.picked for shot in made if shot.picked})
    captions, _ = film_captions(spoken, output)
    origin = origin.with_colours(matches)
    timeline = origin.labelled(captioned(build_timeline(spoken, clips), plan, captions))
    segments = forecast(timeline, work, output, waits_for, origin)
    changes = segments[-1].state != "keep" and bool(waits_for)
    deliverer = Deliverer(deliveries, timeline, output, work)
    delivered, due = deliverer.forecast(film_changes=changes)
    return RenderForecast(tuple(segments), delivered, due, deliverer.count - len(due))


def _clip(plan: Plan, processor: PostProcessor, shot: MadeShot, larger: Mapping[str, Take]) -> ShotClip:
    planned = shot.planned
    if not isinstance(planned, UserClip):
        if shot.missing or shot.picked is None:
            raise _NotMade(f"{counted(shot.missing or 1, 'take')} to be made")
        if planned.id in plan.enlarged and planned.id not in larger:
            raise _NotMade("its take is to be enlarged")
    return clip_of(processor, shot, larger)


def _quiet(notices: Iterable[Notice]) -> None:
    """The real run says them."""
