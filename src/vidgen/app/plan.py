"""``vidgen plan``: shots, frames, prompts, engines, cost and lint. No network, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgen.app.lint import lint_loaded
from vidgen.engines.registry import Engines
from vidgen.errors import InputError, Notice
from vidgen.inventory.machine import this_machine
from vidgen.media.rate import json_rate
from vidgen.planning.clip_checks import check_clips
from vidgen.planning.compile import Overrides, compile_plan
from vidgen.planning.plan import FilmShot, GeneratedShot, Plan
from vidgen.render.colour_match import references
from vidgen.render.delivery_plan import DeliveryPlan, plan_deliveries
from vidgen.render.post_plan import ShotPost, downloads, plan_posts, post_notices, post_seconds
from vidgen.render.preflight import check_shots
from vidgen.render.project import root_of
from vidgen.render.recovery import stored_troubles
from vidgen.render.speaking import estimate_with, missing_lines, speech_data, speech_summary
from vidgen.speech.voices import FilmVoices
from vidgen.storyboard.lint import Finding
from vidgen.storyboard.loader import LoadedBoard, load_storyboard

if TYPE_CHECKING:
    from vidgen.render.cluster_forecast import ClusterForecast


@dataclass(frozen=True)
class PlanReport:
    """A plan with what there is to say of it. ``posts``: the post-processing of each shot that has some, by its id."""

    plan: Plan
    posts: Mapping[str, ShotPost]
    notices: Sequence[Notice]
    findings: Sequence[Finding]
    voices: FilmVoices
    deliveries: DeliveryPlan = DeliveryPlan()
    cluster: ClusterForecast | None = None

    @property
    def estimated_usd(self) -> float | None:
        """US dollars of takes and spoken lines; None where a price is not known."""
        return estimate_with(self.plan.estimated_usd, missing_lines(self.voices, self.plan.shots))

    def speech_lines(self) -> list[str]:
        """Who speaks with which voice, for a person."""
        return speech_summary(self.voices, self.plan)

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``plan --json``."""
        plan = self.plan
        return {
            "title": plan.board.title,
            "shots": [self._shot(shot) for shot in plan.shots],
            "total_frames": plan.total_frames,
            "duration_s": round(plan.duration_s, 6),
            "fps": json_rate(plan.fps),
            "width": plan.width,
            "height": plan.height,
            "preset": plan.preset,
            "outputs": [
                {"file": str(one.file), "width": one.framing.width, "height": one.framing.height, "codec": one.codec}
                for one in self.deliveries.framed
            ],
            "estimated_usd": self.estimated_usd,
            "speech": speech_data(self.voices, plan),
            "make_seconds": plan.make_seconds,
            "post_seconds": post_seconds(self.posts),
            "downloads": [{"model": load.name, "bytes": load.bytes} for load in downloads(self.posts.values())],
            "lint": [finding.as_dict() for finding in self.findings],
            **({"cluster": self.cluster.as_dict()} if self.cluster else {}),
        }

    def _shot(self, shot: FilmShot) -> dict[str, Any]:
        request = shot.request if isinstance(shot, GeneratedShot) else None
        return {
            "id": shot.id,
            "scene": shot.scene,
            "start_frame": shot.start_frame,
            "frames": shot.frames,
            "duration_s": round(float(shot.frames / self.plan.fps), 6),
            "transition_frames": shot.transition_frames,
            "sound_frames": shot.sound_frames,
            "trim": {"start_s": _seconds(shot.trim.start), "duration_s": _seconds(shot.trim.seconds)},
            "engine": shot.engine,
            "model": shot.model,
            "why_engine": shot.why_engine,
            "prompt": request.prompt if request else None,
            "negative": request.negative if request else None,
            "camera": request.camera.move if request else None,
            "continues": shot.continues,
            "candidates": shot.candidates,
            "stops_when_good": shot.candidates > 1 and self.plan.stops_when_good,
            "takes_at_most": shot.candidates * (2 if self.plan.adds_takes and isinstance(shot, GeneratedShot) else 1),
            "seconds_each": round(shot.seconds_each, 6),
            "handles_s": round(shot.handles_s, 6) if isinstance(shot, GeneratedShot) else None,
            "make_seconds": shot.make_seconds,
            "estimated_usd": shot.estimated_usd,
            "post": self.posts[shot.id].as_dict() if shot.id in self.posts else None,
        }


def _seconds(time: Fraction | None) -> float | None:
    return None if time is None else round(float(time), 6)


@dataclass(frozen=True)
class WantedCluster:
    """A cluster that a plan is estimated for: so many nodes, each with such a GPU, and the price of one for an hour."""

    nodes: int
    gpu: str
    usd_per_hour: float | None = None


def cluster_of(nodes: int | None, gpu: str | None, usd_per_hour: float | None) -> WantedCluster | None:
    """The cluster that the command line names. Raises InputError ``usage.invalid`` for half of one."""
    if nodes and gpu:
        return WantedCluster(nodes, gpu, usd_per_hour)
    if nodes or gpu or usd_per_hour is not None:
        raise InputError("usage.invalid", "--nodes and --gpu are only for each other", hint="name both: --nodes 4 --gpu H200")
    return None


def plan_board(board: Path, overrides: Overrides, work: Path | None = None, cluster: WantedCluster | None = None) -> PlanReport:
    """Plan a storyboard and look at all that can be known without making anything.

    Raises InputError and MissingError for what would stop a render.
    """
    engines = Engines()
    loaded = load_storyboard(board)
    voices = voices_of(loaded, work)
    plan = plan_loaded(loaded, overrides, engines, voices)
    check_shots(plan.generated, engines, loaded)
    of_clips = check_clips(loaded, plan)
    findings = lint_loaded(loaded, engines, plan=plan)
    posts = plan_posts(plan)
    stored = stored_troubles(plan, board, work, engines)
    deliveries = plan_deliveries(plan, Path(f"{board.stem}.mp4"), touch=None)
    of_colours: list[Notice] = []
    references(plan, of_colours.extend)
    notices = [*plan.notices, *deliveries.notices, *of_clips, *of_colours, *post_notices(posts), *stored]
    expected = None
    if cluster:
        from vidgen.render.cluster_forecast import forecast

        expected = forecast(plan, root_of(board, work), cluster.nodes, cluster.gpu, cluster.usd_per_hour)
    return PlanReport(plan, posts, notices, findings, voices, deliveries, expected)


def voices_of(loaded: LoadedBoard, work: Path | None = None) -> FilmVoices:
    """What was spoken of a storyboard by now. Makes and changes nothing."""
    return FilmVoices.of(loaded.board, loaded.path.parent, root_of(loaded.path, work))


def plan_loaded(loaded: LoadedBoard, overrides: Overrides, engines: Engines, voices: FilmVoices | None = None) -> Plan:
    """Plan a storyboard that is already read. ``voices``: what was spoken of it; None: as in its usual work folder."""
    lookup, voices, folder = engines.capabilities, voices or voices_of(loaded), loaded.path.parent
    return compile_plan(loaded.board, folder, overrides=overrides, machine=this_machine(), lookup=lookup, voices=voices)
