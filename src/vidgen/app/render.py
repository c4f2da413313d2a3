"""``vidgen render``: the whole walk from a storyboard file to the finished film."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vidgen.app.on_cluster import check_executor, cluster_for, executor_data, helper_of, wait_for_nodes
from vidgen.app.plan import plan_loaded, voices_of
from vidgen.app.render_result import RenderResult
from vidgen.engines.base import Engine
from vidgen.engines.registry import Engines
from vidgen.errors import InputError, Notice, VidgenError
from vidgen.media.files import LONGEST_NAME, shortened
from vidgen.media.places import check_output_file
from vidgen.planning.clip_checks import check_clips
from vidgen.planning.compile import Overrides
from vidgen.planning.plan import Plan, PlannedShot, UserClip
from vidgen.planning.selection import check_named, select, with_parents
from vidgen.provenance.keys import Credentials
from vidgen.provenance.record import plain_name, sidecar_path
from vidgen.render.delivery_plan import DeliveryPlan, plan_deliveries
from vidgen.render.events import InTurn, Listener, silent
from vidgen.render.film_captions import check_captions
from vidgen.render.film_continuity import FilmContinuity
from vidgen.render.film_timeline import check_sounds
from vidgen.render.finish import Finished, finish
from vidgen.render.forecast import render_forecast
from vidgen.render.made import MadeShot, Survey
from vidgen.render.post_plan import ShotPost, check_posts, fetch_models, plan_posts
from vidgen.render.postprocess import fetching
from vidgen.render.preflight import check_shots, check_voices, ready_engines
from vidgen.render.project import Project, Workspace
from vidgen.render.provenance import Origin, check_sidecar, signing_key
from vidgen.render.shots import ShotMaker, take_stock
from vidgen.render.speaking import (
    Agreed,
    estimate_with,
    missing_lines,
    say_lines,
    with_speech,
)
from vidgen.render.spending import Bill, Confirm, cap_of, consent
from vidgen.render.taking_over import take_over
from vidgen.speech.voices import FilmVoices, Spoken
from vidgen.storyboard.file_checks import files_of
from vidgen.storyboard.loader import load_storyboard
from vidgen.takes.lockfile import lock_path
from vidgen.takes.request import Take

FILM_SUFFIXES = (".mp4", ".mov", ".m4v")

Warn = Callable[[Iterable[Notice]], None]


@dataclass(frozen=True)
class RenderOptions:
    """What the command line asks of a render. ``shots``: only these; ``regenerate``: make these shots' takes anew;
    ``takes_from``: folders of takes that other machines have made.
    """

    overrides: Overrides = Overrides()
    output: Path | None = None
    shots: tuple[str, ...] = ()
    regenerate: tuple[str, ...] = ()
    max_cost: float | None = None
    yes: bool = False
    dry_run: bool = False
    strict: bool = False
    require_diffusion: bool = False
    jobs: int | None = None
    executor: str = "local"
    ray_address: str | None = None
    work: Path | None = None
    contact_sheet: bool = False
    takes_from: tuple[Path, ...] = ()


def render_film(
    board: Path,
    options: RenderOptions,
    *,
    listener: Listener = silent,
    confirm: Confirm | None = None,
    warn: Warn = lambda notices: None,
) -> RenderResult:
    """Render a storyboard. Everything done is kept: the same call goes on where an interrupted one stopped."""
    check_executor(options.executor, options.ray_address)
    if options.dry_run and options.takes_from:
        raise InputError("usage.invalid", "--takes-from is not for --dry-run, which writes nothing", hint="leave one out")
    listener = InTurn(listener)
    held: list[Notice] = []
    try:
        work = _prepared(board, options, held.extend)
    except VidgenError:
        warn(held)
        raise
    project = Project.of(board, options.work)
    if options.dry_run:
        warn(held)
        return _forecast(work, options, project, board, warn)
    with project.locked() as space, asyncio.Runner() as runner, cluster_for(
        options.executor, options.ray_address, work.needed, work.engines,
        run_id=space.run_id, jobs=options.jobs, listener=listener, warn=warn,
    ) as cluster:  # fmt: skip
        warn([*space.notices, *take_over(space, options.takes_from, work.needed, listener)])
        space.shots = work.ids
        agreed: Agreed | None = None
        if work.unsaid:
            agreed = _speak(work, options, space, runner, listener, confirm, warn)
            work = _prepared(board, options, warn)
        else:
            warn(held)
        plan, engines, regenerate = work.plan, work.engines, frozenset(options.regenerate)
        continuity = FilmContinuity(plan.fps, plan.folder, plan.board.characters, space.root / "scores")
        maker = ShotMaker(
            work.needed, engines, space, regenerate, listener, options.jobs, plan.board.score, continuity, cluster
        )
        survey = take_stock(maker, runner, warn)
        warn(maker.preflight(survey))
        wait_for_nodes(cluster, warn)
        bill, limit = _agreed_bill(survey, agreed, plan, options, confirm, warn)
        counts = {"shots": len(work.needed) - len(plan.enlargements), "enlargements": len(plan.enlargements)}
        listener("run.started", **counts, takes=survey.missing, reused=survey.present, usd=survey.estimated_usd)
        if survey.missing:
            fetch_models(work.posts, fetching(listener))
        made = runner.run(maker.make(limit, judging_usd=cap_of(bill, plan.board.budget, options.max_cost)))
        warn(maker.run.new_notices())
        picks = {shot.planned.id: pick for shot in made if (pick := shot.pick)}
        project.save_picks(picks, seen=space.picks, unpinned=maker.unpinned)
        kept, larger = _of_the_film(plan, made)
        origin = work.origin(kept, larger, board, space.root)
        finished = finish(
            plan, kept, space.root, work.output,
            listener=listener, warn=warn, larger=larger, jobs=options.jobs, sheet=work.sheet,
            deliveries=work.deliveries, origin=origin, cluster=helper_of(cluster),
        )  # fmt: skip
    return replace(
        _result(work, kept, larger, finished),
        estimated_usd=bill.estimated_usd,
        cost_usd=maker.run.spent_usd,
        executor=executor_data(cluster) if cluster else None,
        nodes=maker.run.nodes,
    )


def _result(work: _Prepared, kept: Sequence[MadeShot], larger: Mapping[str, Take], finished: Finished) -> RenderResult:
    """What came of a finished film, but for what was spent and where it was made."""
    return RenderResult(
        plan=work.plan,
        output=work.output,
        shots=tuple(kept),
        estimated_usd=None,
        cost_usd=None,
        diffusion=_diffusion(work.plan, work.engines),
        needs_review=tuple(shot.planned.id for shot in kept if shot.needs_review),
        cut=finished.counts,
        larger=larger,
        contact_sheet=work.sheet or finished.delivered.sheet,
        delivered=finished.delivered,
        sidecar=sidecar_path(work.output),
        captions=finished.captions,
        colour=finished.colour,
        levels=finished.levels,
        voices=work.voices,
    )


def _agreed_bill(
    survey: Survey, agreed: Agreed | None, plan: Plan, options: RenderOptions, confirm: Confirm | None, warn: Warn
) -> tuple[Bill, float | None]:
    """The whole bill, and the most that takes may cost now. Asks for consent where lines were not agreed to with the takes."""
    bill = agreed.whole(survey.bill) if agreed else survey.bill
    asked = agreed is not None and agreed.covers(survey.bill)
    limit = consent(
        bill, budget=plan.board.budget, max_cost=options.max_cost, yes=options.yes or asked, confirm=confirm,
        warn=_quiet if asked else warn,
    )  # fmt: skip
    return bill, limit


def _forecast(work: _Prepared, options: RenderOptions, project: Project, board: Path, warn: Warn) -> RenderResult:
    """What would be made, of takes and lines that are at hand by now. Makes and writes nothing."""
    plan, engines, regenerate = work.plan, work.engines, frozenset(options.regenerate)
    with project.reading() as space, asyncio.Runner() as runner:
        space.shots = work.ids
        maker = ShotMaker(work.needed, engines, space, regenerate, score=plan.board.score)
        survey = take_stock(maker, runner, warn, fetch=False)
        kept, larger = _of_the_film(plan, survey.shots)
        origin = work.origin(kept, larger, board, space.root)
        expected = render_forecast(plan, kept, space.root, work.output, work.deliveries, larger, origin)
    return RenderResult(
        plan=plan,
        output=None,
        shots=tuple(shot for shot in survey.shots if not shot.enlarges),
        estimated_usd=estimate_with(survey.estimated_usd, work.unsaid),
        cost_usd=0.0,
        diffusion=_diffusion(plan, engines),
        missing=survey.missing,
        expected=expected,
        voices=work.voices,
    )


def _quiet(notices: Iterable[Notice]) -> None:
    """For what was said before."""


def _speak(
    work: _Prepared,
    options: RenderOptions,
    space: Workspace,
    runner: asyncio.Runner,
    listener: Listener,
    confirm: Confirm | None,
    warn: Warn,
) -> Agreed | None:
    """Speak the lines that are not kept. Where some cost money, all of the run is agreed to before, takes included: those are
    counted by estimated lengths. Returns what was agreed to, if it was asked.
    """
    agreed = None
    if any(one.price_usd != 0 for one in work.unsaid):
        maker = ShotMaker(work.needed, work.engines, space, frozenset(options.regenerate), score=work.plan.board.score)
        survey = take_stock(maker, runner, _quiet)
        maker.preflight(survey)
        bill, items = with_speech(survey.bill, work.unsaid)
        budget = work.plan.board.budget
        limit = consent(bill, budget=budget, max_cost=options.max_cost, yes=options.yes, confirm=confirm, warn=warn)
        agreed = Agreed(bill, items, limit)
    limit_usd = agreed.limit_usd if agreed else None
    say_lines(work.unsaid, space, listener=listener, limit_usd=limit_usd, regenerate=options.regenerate)
    return agreed


def _of_the_film(plan: Plan, made: Sequence[MadeShot]) -> tuple[list[MadeShot], dict[str, Take]]:
    """The shots that are in the film, and takes that a provider enlarged, by the id of their shot."""
    ids = {planned.id for planned in plan.shots}
    larger = {shot.planned.continues or "": shot.picked for shot in made if shot.enlarges and shot.picked}
    return [shot for shot in made if shot.planned.id in ids], larger


@dataclass(frozen=True)
class _Prepared:
    """A render of which all that can be known beforehand was checked.

    Args:
        ids: of all shots in the storyboard. needed: the plan's shots with those that they continue, and enlargements.
        sheet: where the contact sheet goes, if there is to be one. deliveries: what else is made of the film.
        key_pair: the key that the film is to be signed with, if it is.
    """

    plan: Plan
    ids: frozenset[str]
    needed: tuple[PlannedShot, ...]
    engines: Mapping[str, Engine]
    posts: Mapping[str, ShotPost]
    output: Path
    sheet: Path | None
    deliveries: DeliveryPlan
    key_pair: Credentials | None
    voices: FilmVoices

    @property
    def unsaid(self) -> list[Spoken]:
        """The lines that are to be spoken: those of the film, and of takes that are made for it and follow one."""
        makes = (shot for shot in self.needed if not isinstance(shot, UserClip) and shot.request.inputs.awaits_voice)
        return missing_lines(self.voices, (*self.plan.shots, *makes))

    def origin(self, made: Sequence[MadeShot], larger: Mapping[str, Take], board: Path, root: Path) -> Origin:
        """Where the film comes from, once its takes are known."""
        return Origin(self.plan, made, larger, self.posts, self.key_pair, plain_name(board), root, self.output)


def _prepared(board: Path, options: RenderOptions, warn: Warn) -> _Prepared:
    """Plan a render and check everything that costs nothing. Raises what would stop it."""
    loaded = load_storyboard(board)
    installed = Engines()
    voices = voices_of(loaded, options.work)
    full = plan_loaded(loaded, options.overrides, installed, voices)
    check_named(full, {*options.shots, *options.regenerate})
    plan = select(full, options.shots)
    needed = (*with_parents(full, plan), *plan.enlargements)
    made_by_engines = [shot for shot in needed if not isinstance(shot, UserClip)]
    warn(plan.notices)
    output = options.output or Path(_default_name(board, options))
    sheet = output.with_name(f"{output.stem}.contact-sheet.png") if options.contact_sheet else None
    inputs = [board, *files_of(loaded.board, board.parent)]
    check_output(output, inputs, touch=not options.dry_run)
    check_sidecar(output, touch=not options.dry_run)
    check_captions(plan, output, touch=not options.dry_run)
    key_pair = signing_key(plan)
    deliveries = _deliveries(plan, board, options, output, inputs)
    warn(deliveries.notices)
    engines = ready_engines(made_by_engines, installed, require_diffusion=options.require_diffusion)
    check_shots(made_by_engines, installed, loaded)
    check_voices(made_by_engines, installed, loaded)
    warn(check_clips(loaded, plan))
    posts = plan_posts(plan)
    check_posts(posts)
    check_sounds(plan)
    ids = frozenset(shot.id for shot in full.shots)
    return _Prepared(plan, ids, needed, engines, posts, output, sheet, deliveries, key_pair, voices)


def _deliveries(plan: Plan, board: Path, options: RenderOptions, output: Path, inputs: list[Path]) -> DeliveryPlan:
    """What is delivered beside the film; of a part of a film nothing, since it would replace what is made of the whole."""
    if options.shots and plan.board.outputs:
        return DeliveryPlan(notices=(Notice("output.left_out", "outputs are made of the whole film, not of --shot"),))
    reserved = Project.of(board, options.work).root
    touch = not options.dry_run
    return plan_deliveries(plan, output, inputs=[*inputs, lock_path(board)], reserved=reserved, touch=touch)


def _diffusion(plan: Plan, engines: Mapping[str, Engine]) -> bool:
    """Whether no engine that only draws made any shot; a user's own clip is nobody's drawing."""
    return all(engines[shot.engine].capabilities(shot.model).diffusion for shot in plan.generated)


def _default_name(board: Path, options: RenderOptions) -> str:
    """``film.mp4``; with --shot ``film.s03.mp4``, so that a part never replaces the whole."""
    part = "." + "+".join(options.shots) if options.shots else ""
    return shortened(board.stem + part, LONGEST_NAME - len(".mp4")) + ".mp4"


def check_output(output: Path, inputs: Iterable[Path] = (), *, touch: bool = True) -> None:
    """Raise InputError where a film cannot be written under this name; the rest as ``media.places.check_output_file``."""
    if output.suffix.lower() not in FILM_SUFFIXES:
        text = f"{output}: the name of a film ends in {', '.join(FILM_SUFFIXES[:-1])} or {FILM_SUFFIXES[-1]}"
        raise InputError("output.bad_name", text, hint="name it FILE.mp4", where=str(output))
    check_output_file(output, inputs, touch=touch)
