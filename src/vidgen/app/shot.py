"""``vidgen shot``: one clip without a storyboard, through the same plan, store and engines as a film."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidgen.app.flags import Typed, flag_of
from vidgen.app.render import check_output
from vidgen.app.results import shot_data
from vidgen.engines.registry import Engines
from vidgen.errors import InputError, Notice
from vidgen.inventory.machine import this_machine
from vidgen.media.files import atomic
from vidgen.media.rate import json_rate
from vidgen.planning.compile import Overrides, compile_plan
from vidgen.render.events import InTurn, Listener, silent
from vidgen.render.finish import write_clip
from vidgen.render.made import MadeShot
from vidgen.render.postprocess import PostProcessor
from vidgen.render.preflight import check_shots, ready_engines
from vidgen.render.project import Project
from vidgen.render.shots import ShotMaker, take_stock
from vidgen.render.spending import consent
from vidgen.storyboard.model import Storyboard
from vidgen.takes.request import ShotRequest, Take


@dataclass(frozen=True)
class ShotOptions:
    """The command line of ``vidgen shot``, as it was typed."""

    prompt: str
    output: Path
    engine: str | None = None
    model: str | None = None
    duration: str = "4"
    aspect: str = "16:9"
    resolution: str = "720p"
    fps: str = "24"
    camera: str | None = None
    motion: str | None = None
    motion_amount: float | None = None
    style: str | None = None
    negative: str | None = None
    image: Path | None = None
    end_image: Path | None = None
    video: Path | None = None
    references: tuple[Path, ...] = ()
    sound: bool = False
    seed: int | None = None
    candidates: int | None = None
    max_cost: float | None = None
    work: Path | None = None
    allow_unknown_model: bool = False


@dataclass(frozen=True)
class ShotResult:
    """The clip, what it was asked with, and the shot that it is the picked take of."""

    output: Path
    request: ShotRequest
    shot: MadeShot
    picked: Take
    fps: Fraction
    cost_usd: float | None

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``shot --json``."""
        request = self.request
        return shot_data(self.shot) | {
            "output": str(self.output),
            "prompt": request.prompt,
            "frames": request.frames,
            "fps": json_rate(self.fps),
            "duration_s": round(request.duration_s, 6),
            "width": request.width,
            "height": request.height,
            "cost_usd": self.cost_usd,
            "diffusion": self.picked.diffusion,
        }

    def summary(self) -> list[str]:
        """The lines that a person reads at the end."""
        request, picked = self.request, self.picked
        lines = [f"{self.output}: {request.duration_s:.2f} s, {request.width}x{request.height}, seed {picked.seed}"]
        if not picked.diffusion:
            lines.append(f"drawn by {picked.engine}: an animatic, not diffusion")
        return lines


def render_shot(
    options: ShotOptions,
    *,
    listener: Listener = silent,
    warn: Callable[[Iterable[Notice]], None] = lambda notices: None,
) -> ShotResult:
    """Make one clip. A paid engine named on the line needs no further consent, but keeps to ``max_cost``.

    Raises InputError for a value that cannot be read, and whatever the engine raises.
    """
    files = [(file, flag) for flag, file in _files(options) if file]
    typed = Typed(files)
    with typed.errors():
        return _render_shot(options, typed.listener(listener), typed.warn(warn))


def _render_shot(options: ShotOptions, listener: Listener, warn: Callable[[Iterable[Notice]], None]) -> ShotResult:
    check_output(options.output, [file for _, file in _files(options) if file])
    if not options.prompt.strip() and not (options.image or options.end_image or options.video or options.references):
        raise InputError("usage.invalid", "PROMPT is empty", hint="say what is in the picture and what happens")
    listener = InTurn(listener)
    for flag, file in _files(options):
        if file and not file.is_file():
            problem = "is not a file" if file.exists() else "does not exist"
            raise InputError("media.not_found", f"{flag}: {file} {problem}", hint="check the path", where=str(file))
    board = _board(options)
    unknown = options.allow_unknown_model
    overrides = Overrides(options.engine, options.model, options.candidates, options.seed, allow_unknown_model=unknown)
    installed = Engines()
    lookup = installed.capabilities
    plan = compile_plan(board, Path(), overrides=overrides, machine=this_machine(), lookup=lookup, split=False)
    warn(plan.notices)
    engines = ready_engines(plan.generated, installed, require_diffusion=False)
    check_shots(plan.generated, installed)
    project = Project(options.work or options.output.parent / ".vidgen" / options.output.stem, None, options.work)
    with project.locked() as space, asyncio.Runner() as runner:
        warn(space.notices)
        maker = ShotMaker(plan.shots, engines, space, listener=listener)
        survey = take_stock(maker, runner, warn)
        warn(maker.preflight(survey))
        named = options.engine not in (None, "auto")
        limit = consent(survey.bill, max_cost=options.max_cost, named=named, warn=warn)
        listener("run.started", shots=1, enlargements=0, takes=survey.missing, reused=survey.present, usd=survey.estimated_usd)
        (shot,) = runner.run(maker.make(limit, judging_usd=options.max_cost))
        warn(maker.run.new_notices())
        (planned,) = plan.generated
        assert shot.picked is not None
        processor = PostProcessor(plan, space.root / "post", listener, warn)
        with atomic(options.output) as part:
            write_clip(processor.take(planned, shot.picked), planned.request, shot.picked, part)
    return ShotResult(options.output, planned.request, shot, shot.picked, plan.source_fps, maker.run.spent_usd)


def _board(options: ShotOptions) -> Storyboard:
    """The one-shot storyboard of a command line. Raises InputError naming the flag that is wrong."""
    import pydantic

    name = options.output.stem[:32] if _is_id(options.output.stem) else "shot"
    board = {"vidgen": 1, "aspect": options.aspect, "resolution": options.resolution, "fps": options.fps}
    scene = {"id": "sc01", "shots": [{"id": name, **_shot_keys(options)}]}
    try:
        return Storyboard.model_validate({**board, "scenes": [scene]})
    except pydantic.ValidationError as error:
        wrong = [(flag_of(*problem["loc"]), problem["msg"].removeprefix("Value error, ")) for problem in error.errors()]
        message = "\n".join(f"{flag}: {said}" for flag, said in wrong)
        raise InputError("usage.invalid", message, hint="see vidgen shot --help", where=wrong[0][0]) from error


def _files(options: ShotOptions) -> Iterator[tuple[str, Path | None]]:
    """Every file that the line names, with its flag."""
    yield from (("--image", options.image), ("--end-image", options.end_image), ("--video", options.video))
    yield from (("--reference", file) for file in options.references)


def _is_id(text: str) -> bool:
    return text.replace("-", "").replace("_", "").isascii() and text.replace("-", "").replace("_", "").isalnum()


def _shot_keys(options: ShotOptions) -> dict[str, Any]:
    keys: dict[str, Any] = {
        "scene": options.prompt,
        "style": options.style,
        "negative": options.negative,
        "duration": options.duration,
        "start_frame": _file(options.image),
        "end_frame": _file(options.end_image),
        "source_video": _file(options.video),
        "references": [_file(path) for path in options.references] or None,
        "own_sound": options.sound or None,
        "seed": options.seed,
    }
    if options.camera:
        keys["camera"] = {"move": options.camera}
    if options.motion or options.motion_amount is not None:
        kind, _, detail = (options.motion or "natural").partition(":")
        amount = {} if options.motion_amount is None else {"amount": options.motion_amount}
        keys["motion"] = {"type": kind, "detail": detail or None, **amount}
    return {name: value for name, value in keys.items() if value is not None}


def _file(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())
