"""``vidgen shot``: one clip without a storyboard, through the same plan, store and engines as a film."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidgen.errors import InputError, Notice
from vidgen.media.files import atomic
from vidgen.planning.compile import Overrides, compile_plan
from vidgen.render.events import Listener, silent
from vidgen.render.film import check_output, ready_engines
from vidgen.render.machine import capabilities_of, this_machine
from vidgen.render.project import Project
from vidgen.render.rehearsal import check_shots
from vidgen.render.results import shot_data
from vidgen.render.shots import MadeShot, ShotMaker
from vidgen.render.spending import consent
from vidgen.storyboard.model import Camera, Motion, Scene, Shot, Storyboard


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
    """The clip, and the shot it is the picked take of."""

    output: Path
    shot: MadeShot
    fps: Fraction
    cost_usd: float | None

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``shot --json``."""
        request = self.shot.planned.request
        assert request is not None and self.shot.picked is not None
        return shot_data(self.shot) | {
            "output": str(self.output),
            "prompt": request.prompt,
            "frames": request.frames,
            "fps": int(self.fps) if self.fps.denominator == 1 else round(float(self.fps), 6),
            "duration_s": round(request.duration_s, 6),
            "width": request.width,
            "height": request.height,
            "cost_usd": self.cost_usd,
            "diffusion": self.shot.picked.diffusion,
        }

    def summary(self) -> list[str]:
        """The lines that a person reads at the end."""
        request, picked = self.shot.planned.request, self.shot.picked
        assert request is not None and picked is not None
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
    inputs = [options.image, options.end_image, options.video, *options.references]
    check_output(options.output, [file for file in inputs if file])
    if not options.prompt.strip() and not (options.image or options.end_image or options.video or options.references):
        raise InputError("usage.invalid", "PROMPT is empty", hint="say what is in the picture and what happens")
    board = _board(options)
    unknown = options.allow_unknown_model
    overrides = Overrides(options.engine, options.model, options.candidates, options.seed, allow_unknown_model=unknown)
    plan = compile_plan(board, Path(), overrides=overrides, machine=this_machine(), lookup=capabilities_of, split=False)
    warn(plan.notices)
    engines = ready_engines(plan.shots, require_diffusion=False)
    check_shots(plan.shots)
    project = Project(options.work or options.output.parent / ".vidgen" / options.output.stem, None)
    with project.locked() as space:
        warn(space.notices)
        maker = ShotMaker(plan.shots, engines, space, listener=listener)
        survey = maker.survey()
        warn(maker.rehearse(survey))
        named = options.engine not in (None, "auto")
        limit = consent(survey.estimated_usd, survey.missing, max_cost=options.max_cost, named=named, warn=warn)
        listener("run.started", shots=1, enlargements=0, takes=survey.missing, reused=survey.present, usd=survey.estimated_usd)
        (shot,) = asyncio.run(maker.make(limit))
        warn(maker.notices)
        assert shot.picked is not None
        with atomic(options.output) as part:
            shutil.copyfile(shot.picked.file, part)
    return ShotResult(options.output, shot, plan.source_fps, maker.spent_usd)


def _board(options: ShotOptions) -> Storyboard:
    """The one-shot storyboard of a command line. Raises InputError naming the flag that is wrong."""
    import pydantic

    try:
        shot = Shot.model_validate(
            {"id": options.output.stem[:32] if _is_id(options.output.stem) else "shot", **_shot_keys(options)}
        )
        return Storyboard.model_validate(
            {
                "vidgen": 1,
                "aspect": options.aspect,
                "resolution": options.resolution,
                "fps": options.fps,
                "scenes": [Scene(id="sc01", shots=(shot,))],
            }
        )
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        flag = "--" + {"move": "camera", "type": "motion", "amount": "motion-amount"}.get(key, key.replace("_", "-"))
        said = first["msg"].removeprefix("Value error, ")
        raise InputError("usage.invalid", f"{flag}: {said}", hint="see vidgen shot --help", where=flag) from error


def _is_id(text: str) -> bool:
    return text.replace("-", "").replace("_", "").isascii() and text.replace("-", "").replace("_", "").isalnum()


def _shot_keys(options: ShotOptions) -> dict[str, Any]:
    keys: dict[str, Any] = {
        "scene": options.prompt,
        "style": options.style,
        "negative": options.negative,
        "duration": options.duration,
        "start_frame": _file(options.image, "--image"),
        "end_frame": _file(options.end_image, "--end-image"),
        "source_video": _file(options.video, "--video"),
        "references": [_file(path, "--reference") for path in options.references] or None,
        "own_sound": options.sound or None,
        "seed": options.seed,
    }
    if options.camera:
        keys["camera"] = Camera(move=options.camera)
    if options.motion or options.motion_amount is not None:
        kind, _, detail = (options.motion or "natural").partition(":")
        amount = {} if options.motion_amount is None else {"amount": options.motion_amount}
        keys["motion"] = Motion(type=kind, detail=detail or None, **amount)
    return {name: value for name, value in keys.items() if value is not None}


def _file(path: Path | None, flag: str) -> str | None:
    if path is None:
        return None
    if not path.is_file():
        raise InputError("media.not_found", f"{flag}: {path} does not exist", hint="check the path", where=str(path))
    return str(path.absolute())
