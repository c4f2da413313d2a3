"""What post-processing will do to each shot of a plan: engines, order, why, how long, and what it needs. Light."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidgen.errors import InputError, MissingError, Notice
from vidgen.media.names import named_file
from vidgen.media.rate import rate_text
from vidgen.planning.enlarging import UPSCALERS
from vidgen.planning.plan import FilmShot, GeneratedShot, Plan, ProviderUpscale, UserClip
from vidgen.post.engines import WEIGHTS_SUFFIXES, Chosen, takes_model
from vidgen.post.route import Route, find_route
from vidgen.post.settings import Match, PostSettings
from vidgen.post.stages import Form, upright_form
from vidgen.render.colour_match import references
from vidgen.render.own_clips import clip_work
from vidgen.render.throughput import time_text
from vidgen.settings import settings
from vidgen.weights.registry import Model, model
from vidgen.weights.store import status


@dataclass(frozen=True)
class Download:
    """A model that is not here: its name, and about how many bytes are fetched for it (0: it is installed as a package)."""

    name: str
    bytes: int


@dataclass(frozen=True)
class ShotPost:
    """Post-processing of one shot. ``route`` is None where ``missing`` says what it lacks; ``paid`` is a provider's part;
    ``reference`` is the shot to whose light it is brought, as far as they differ.
    """

    shot: str
    settings: PostSettings
    route: Route | None
    missing: MissingError | None = None
    paid: ProviderUpscale | None = None
    reference: str | None = None

    @property
    def steps(self) -> list[tuple[str, Chosen]]:
        """The jobs, ``interpolate`` and ``upscale``, and their engines in the order in which they run."""
        return steps_of(self.route) if self.route else []

    @property
    def names(self) -> list[str]:
        """What is done, in order: ``interpolate by rife``, ``upscale by ncnn (realesr-animevideov3)``, ``scaled to 1920x1080``,
        ``match to s01``, ``grade``, ``grain``.
        """
        steps = [f"upscale by {self.paid.engine} ({self.paid.model})"] if self.paid else []
        steps += step_names(self.route, self.settings) if self.route else []
        steps += [f"match to {self.reference}"] if self.reference else []
        steps += ["grade"] if not replace(self.settings.grade, match=Match()).idle else []
        return [*steps, *(["grain"] if self.settings.grain else [])]

    def as_dict(self) -> dict[str, Any]:
        """``post`` of a shot in ``plan --json``. Engines are names, or null where there is nothing of that kind to do."""
        route, paid = self.route, self.paid
        interpolator, upscaler = (route.interpolator, route.upscaler) if route else (None, None)
        return {
            "interpolate": interpolator.name if interpolator else None,
            "upscale": paid.engine if paid else upscaler.name if upscaler else None,
            "model": paid.model if paid else upscaler.model if upscaler else None,
            "match": self.reference,
            "order": [*(["upscale"] if paid else []), *(job for job, _ in self.steps)],
            "estimated_usd": paid.estimated_usd if paid else 0.0,
            "why": list(route.why) if route else [],
            "seconds": round(route.seconds, 1) if route else None,
            "missing": self.missing.message if self.missing else None,
        }

    def models(self) -> Iterator[Model]:
        """The models of the registry that its engines read."""
        for _, chosen in self.steps:
            if chosen.weights:
                yield model(chosen.weights)


def is_own(name: str) -> bool:
    """Whether a model is a file of the user's own."""
    return name.lower().endswith(WEIGHTS_SUFFIXES)


def steps_of(route: Route) -> list[tuple[str, Chosen]]:
    """The jobs of a route and their engines, in order."""
    jobs = ("interpolate", route.interpolator), ("upscale", route.upscaler)
    steps = [(job, chosen) for job, chosen in jobs if chosen]
    return steps[::-1] if route.enlarge_first else steps


def step_names(route: Route, settings: PostSettings) -> list[str]:
    """What is done to rate and size, in order, for a person."""
    form = {"interpolate": f"{rate_text(settings.rate)}/s", "upscale": f"{settings.width}x{settings.height}"}
    return [
        f"{chosen.meets} to {form[job]}" if chosen.meets else f"{job} by {_named(chosen)}" for job, chosen in steps_of(route)
    ]


def settings_of(plan: Plan, planned: FilmShot, seed: int = 0) -> PostSettings:
    """What a shot's takes are to become; ``seed`` is that of the picked take.

    A step that the shot clears (``interpolate: ~``) still meets the film's rate and size, by repeating and by resampling. Where
    the film asks for no other rate than the storyboard's, a take that has one of its own is interpolated as ``auto`` does, or
    as its ``params: {retime: ...}`` says.
    """
    settings = PostSettings.of(
        planned.post,
        width=plan.width,
        height=plan.height,
        rate=plan.fps,
        folder=plan.folder,
        seed=seed,
        profile=plan.profile,
        animatic=planned.engine == "previz",
    )
    paid = settings.upscale in UPSCALERS
    model = settings.model if takes_model(settings.upscale) else None  # a film's model, and a shot that needs none
    if model and is_own(model):
        model = str(named_file(plan.folder, model).resolve())
        if settings.upscale == "ncnn":
            text = f"post.upscale: ncnn does not read {model}"
            raise InputError("usage.invalid", text, hint="engine: torch reads files of your own", where=planned.id)
    requested = bool(planned.post and planned.post.interpolate)
    retime = _retime(planned) if plan.fps == plan.source_fps else "nearest"
    return replace(
        settings,
        model=model,
        implicit_rate=not requested,
        implicit_size=not (planned.post and planned.post.upscale) or paid,
        interpolate=settings.interpolate if requested else retime,
        upscale=settings.upscale if planned.post and planned.post.upscale and not paid else "lanczos",
    )


RETIME = {"motion": "auto", "blend": "blend", "nearest": "nearest"}
"""``params: {retime: ...}`` of a shot, and the engine that does it."""


def _retime(planned: FilmShot) -> str:
    if isinstance(planned, UserClip):
        return "nearest"
    name = planned.request.params.get("retime", "motion")
    return RETIME.get(name, "auto") if isinstance(name, str) else "auto"


def needs_work(plan: Plan, planned: GeneratedShot, settings: PostSettings) -> bool:
    """Whether a take would come out different."""
    return settings.changes(*plan.take_size(planned.id), plan.source_fps)


def plan_posts(plan: Plan) -> dict[str, ShotPost]:
    """Post-processing of every shot that has any, by shot id. No network, loads nothing heavy.

    Raises InputError where a user's own clip that is to be processed cannot be.
    """
    matched = references(plan, lambda notices: None)
    return {post.shot: post for shot in plan.shots if (post := _planned(plan, shot, matched.get(shot.id)))}


def _planned(plan: Plan, planned: FilmShot, reference: str | None) -> ShotPost | None:
    colour = planned.post.colour if planned.post else None
    if not colour or not colour.strength:
        reference = None
    found = _work_of(plan, planned, _SOME_MATCH if reference else Match())
    return replace(found, reference=reference) if found else None


_SOME_MATCH = Match(stops=1)
"""Stands for a match before there are takes to compare: what it will be is not known, but that it costs a pass is."""


def _work_of(plan: Plan, planned: FilmShot, match: Match) -> ShotPost | None:
    settings = settings_of(plan, planned)
    settings = replace(settings, grade=replace(settings.grade, match=match))
    if isinstance(planned, UserClip):
        found = clip_work(plan, planned, settings)
        return _routed(planned, upright_form(found[0]), found[0].frames, found[1]) if found else None
    paid = plan.enlarged.get(planned.id)
    if not paid and not needs_work(plan, planned, settings):
        return None
    return _routed(planned, Form(*plan.take_size(planned.id), plan.source_fps), planned.request.frames, settings, paid)


def _routed(
    planned: FilmShot, source: Form, frames_in: int, settings: PostSettings, paid: ProviderUpscale | None = None
) -> ShotPost:
    try:
        route = find_route(source, settings, frames_in=frames_in, frames_out=planned.frames)
    except MissingError as error:
        return ShotPost(planned.id, settings, None, error, paid)
    return ShotPost(planned.id, settings, route, paid=paid)


def check_posts(posts: Mapping[str, ShotPost]) -> None:
    """Raise MissingError, naming the shot, where an engine or its weights cannot be had: before anything is paid for."""
    for post in posts.values():
        if error := post.missing:
            raise MissingError(error.code, error.message, hint=error.hint, where=post.shot)
    absent = downloads(posts.values())
    if settings().offline and (name := next((load.name for load in absent if load.bytes), None)):
        raise MissingError(
            "models.offline",
            f"{name} is not here and VIDGEN_OFFLINE forbids downloads",
            hint=f"on a machine with a network: VIDGEN_OFFLINE= vidgen models pull {name}",
            where=next(post.shot for post in posts.values() if name in {row.name for row in post.models()}),
        )


def fetch_models(posts: Mapping[str, ShotPost], fetch: Callable[[str], Path]) -> None:
    """Have every model here that is not: a download that fails then costs no take. Raises as ``weights.store.pull``."""
    for load in downloads(posts.values()):
        fetch(load.name)


def downloads(posts: Iterable[ShotPost]) -> list[Download]:
    """The models that are not here."""
    rows = {row.name: row for post in posts for row in post.models()}
    return [Download(row.name, _bytes(row)) for row in rows.values() if status(row).state != "here"]


def _bytes(row: Model) -> int:
    """What is transferred: the package or archive that holds the files; nothing where that package is installed."""
    from importlib.metadata import PackageNotFoundError, version

    for source in row.sources:
        try:
            if source.kind == "package" and version(source.name) == source.version:
                return 0
        except PackageNotFoundError:
            continue
    return next((source.bytes for source in row.sources if source.bytes), row.bytes)


def post_notices(posts: Mapping[str, ShotPost]) -> Iterator[Notice]:
    """What ``plan`` warns of: engines that are missing or light, models that will be downloaded."""
    for post in posts.values():
        if post.missing:
            hint = f" ({post.missing.hint})" if post.missing.hint else ""
            yield Notice("post.not_ready", f"post: {post.missing.message}{hint}", post.shot)
        for notice in post.route.notices if post.route else ():
            yield Notice(notice.code, notice.message, post.shot)
    for load in downloads(posts.values()):
        size = f", {load.bytes / 1e6:.0f} MB" if load.bytes else " from an installed package"
        if load.bytes and settings().offline:
            text = f"{load.name} is not here and VIDGEN_OFFLINE forbids downloads (vidgen models pull {load.name})"
            yield Notice("post.not_ready", text)
        elif load.bytes:
            yield Notice("post.will_download", f"render will download {load.name}{size}")


def post_lines(posts: Mapping[str, ShotPost], shots: Sequence[str]) -> list[str]:
    """The lines under the plan's table: who does what in which order, why, and about how long it takes."""
    groups: dict[tuple[str, ...], list[ShotPost]] = {}
    for post in posts.values():
        groups.setdefault(tuple(post.names), []).append(post)
    lines: list[str] = []
    for names, group in groups.items():
        if not names:
            continue
        who = "post-processing" if len(group) == len(shots) else f"post-processing of {', '.join(post.shot for post in group)}"
        seconds = sum(post.route.seconds for post in group if post.route)
        lines.append(f"{who}: {', then '.join(names)}; takes about {time_text(seconds)}")
        lines += [f"  {line}" for line in group[0].route.why] if group[0].route and len(group) == 1 else _shared_why(group)
    return lines


def _shared_why(group: Sequence[ShotPost]) -> list[str]:
    """The reasons of several shots, each once; times differ from shot to shot and are left out."""
    reasons = [line for post in group if post.route for line in post.route.why]
    short = (": ".join(line.split(": ")[:2]) + ", which is cheaper" if line.startswith("order: ") else line for line in reasons)
    return [f"  {line}" for line in dict.fromkeys(short)]


def post_seconds(posts: Mapping[str, ShotPost]) -> float:
    """Roughly how long post-processing takes, by the estimate for this kind of machine."""
    return round(sum(post.route.seconds for post in posts.values() if post.route), 1)


def _named(chosen: Chosen) -> str:
    return f"{chosen.name} ({Path(chosen.model).name})" if chosen.model else chosen.name
