"""From a shot as the storyboard wants it to what a worker is asked: legal numbers, and a notice for each difference."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidgen.catalog.diffusion import LoRA, Tier, models
from vidgen.engines.local import reject
from vidgen.engines.local.devices import Device
from vidgen.engines.local.fit import Made, fit
from vidgen.engines.local.folder import ModelFolder, check_safetensors, trusted
from vidgen.engines.local.job import Adapter, Batch, Cache, Load, Offload, Prompt, Recipe, Rejection, WantedTake
from vidgen.engines.local.memory import weights
from vidgen.engines.local.settings import Settings
from vidgen.errors import InputError
from vidgen.media.answers import content_of
from vidgen.media.names import expanded
from vidgen.media.rate import rate_text
from vidgen.spelling import nearest
from vidgen.takes.request import Order, ShotRequest, TakeRequest, Task
from vidgen.weights import hub

COMMON = ("quality", "steps", "guidance", "scheduler", "cache", "lora", "retime", "reject", "slate")
"""Parameters of every family; each family has settings of its own besides."""
ENDS_ALONE = frozenset({"ltx", "ltx2", "wan-vace"})
"""Families that take a last picture without a first; the pipelines of the others refuse it."""
_DTYPE = {"cuda": "bfloat16", "mps": "float16", "cpu": "float32"}


@dataclass
class BuiltBatch:
    """A batch for a worker, and what differs from the wish."""

    batch: Batch
    notices: list[tuple[str, str]] = field(default_factory=list)


def build_batch(
    takes: Sequence[TakeRequest], folder: ModelFolder, device: Device, outs: Sequence[Path], settings: Settings
) -> BuiltBatch:
    """What is asked of a worker for some takes of one shot; an opening picture is written beside the first ``outs``.

    Raises InputError where the model cannot make the shot (``engine.cannot``) or a parameter is wrong (``request.bad_value``).
    """
    request = takes[0].request
    params = _checked(request, folder)
    opening = outs[0].with_name(f".{outs[0].stem}.opening.png").absolute()
    task, inputs = _task(request, folder, opening)
    made, tail, notices = _length(request, folder, _led(request, inputs, task))
    anchor = _continued(request, inputs, opening)
    if tail > 1:
        inputs["tail"] = request.inputs.continues  # type: ignore[assignment]
    notices += _differences(request, folder, made, task, tail)
    tier, missing = _tier(params, folder)
    if missing:
        text = f"quality: {params['quality']} of {folder.name} needs a distilled LoRA that is not here"
        text += f"; {tier.steps} steps are made; vidgen models pull {folder.name}"
        notices.append(("engine.wish_approximated", text))
    adapters, told = _adapters(request, params, folder, tier)
    guidance = float(params.get("guidance", tier.guidance))
    steps, scheduler = int(params.get("steps", tier.steps)), str(params.get("scheduler", ""))
    timed = bool(tier.schedule) and steps == tier.steps and not scheduler
    if tier.schedule and not timed:
        text = f"steps: {folder.name} was made for {tier.steps} of its own times; {steps} are spaced by its scheduler"
        notices.append(("engine.wish_approximated", text))
    recipe = Recipe(
        model=folder.name,
        revision=folder.revision,
        family=folder.family.name,
        task=task,
        prompt=Prompt(request.prompt, request.negative if folder.family.negative else "", guidance > 1),
        width=made.width,
        height=made.height,
        frames=made.frames,
        fps=made.fps,
        steps=steps,
        guidance=guidance,
        tier=str(params.get("quality", "standard")),
        scheduler=scheduler,
        cache=_cache(params.get("cache", tier.cache), folder, request),
        reject=_rejection(params, len(takes), folder, task, notices),
        inputs=inputs,
        extra=_extra(request, params, folder, tier) | ({"tail": tail} if tail > 1 else {}),
        schedule=tier.schedule if timed else {},
        anchor=anchor,
        skip=tail - 1,
        tail_frames=request.inputs.continues_frames if tail > 1 else None,
    )
    wanted = tuple(WantedTake(take.take, take.seed, out) for take, out in zip(takes, outs, strict=True))
    load = load_of(folder, task, device, settings, adapters)
    return BuiltBatch(Batch(uuid.uuid4().hex, load, recipe, wanted, settings.batch or 0), [*notices, *told])


def order_of(request: ShotRequest, folder: ModelFolder) -> Order:
    """What the model would make for the request now, without what repeats the shot that it continues. Opens no picture.

    Raises InputError as ``ask`` does.
    """
    _checked(request, folder)
    task, inputs = _task(request, folder, Path("opening.png"))
    made, tail, _ = _length(request, folder, _led(request, inputs, task))
    return Order(float((made.frames - tail + 1) / made.rate), f"{made.width}x{made.height}", rate_text(made.rate))


def prompt_of(request: ShotRequest, folder: ModelFolder) -> Prompt:
    """The prompt of a request as it will be encoded; for telling a worker of a whole film's prompts beforehand."""
    params = _checked(request, folder)
    guidance = float(params.get("guidance", _tier(params, folder)[0].guidance))
    return Prompt(request.prompt, request.negative if folder.family.negative else "", guidance > 1)


def load_of(folder: ModelFolder, task: Task, device: Device, settings: Settings, adapters: tuple[Adapter, ...] = ()) -> Load:
    """How the model's pipeline for a task is put on a device."""
    offload: Offload = "none"
    if device.kind != "cpu":
        offload = settings.offload or _offload(folder, device, settings.quantise or "")
    return Load(
        folder=folder.path.absolute(),
        pipeline=(folder.model.pipelines if folder.model else {}).get(task) or folder.family.pipelines[task],
        device=device.torch_name,
        dtype=settings.dtype or _DTYPE[device.kind],
        share=settings.context_parallel,
        offload=offload,
        tiling=device.is_gpu and offload != "none",
        attention=settings.attention or "",
        compile=settings.compile,
        quantise=settings.quantise or "",
        adapters=adapters,
        trust=trusted(),
    )


def _checked(request: ShotRequest, folder: ModelFolder) -> Mapping[str, Any]:
    """The request's parameters, each known and in its range."""
    known = (*COMMON, *folder.family.settings)
    for name, value in request.params.items():
        if name not in known:
            near = nearest(name, known)
            guess = f"did you mean {near}? " if near else ""
            raise _bad(request, f"params.{name} is not known to {folder.family.title}", f"{guess}known: {', '.join(known)}")
        if name in folder.family.settings:
            _, least, most = folder.family.settings[name]
            _number(request, name, value, least, most)
    if "guidance_2" in request.params and not (folder.path / "transformer_2").is_dir():
        raise _bad(request, f"params.guidance_2: {folder.name} has one network, not two", "leave it out; guidance is for it")
    if "steps" in request.params:
        _number(request, "steps", request.params["steps"], 1, 1000)
        if request.params["steps"] % 1:
            raise _bad(request, f"params.steps: {request.params['steps']} is not a whole number", "such as 20")
    if "guidance" in request.params:
        _number(request, "guidance", request.params["guidance"], 0, 50)
    if request.params.get("retime", "motion") not in ("motion", "blend", "nearest"):
        raise _bad(request, f"params.retime: {request.params['retime']!r} is not known", "motion, blend or nearest")
    return request.params


def _number(request: ShotRequest, name: str, value: Any, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise _bad(request, f"params.{name}: {value!r} is not a number from {least:g} to {most:g}", "change it or leave it out")


def _bad(request: ShotRequest, text: str, hint: str) -> InputError:
    return InputError("request.bad_value", text, hint=hint, where=request.shot)


def _task(request: ShotRequest, folder: ModelFolder, opening: Path) -> tuple[Task, dict[str, Path]]:
    """What to make of the request's files, and which of them to use. ``opening``: the file that the last picture of the shot
    that is continued will be in.
    """
    given = request.inputs
    able = folder.tasks
    files = {
        "start_frame": given.start_frame,
        "end_frame": given.end_frame,
        "source_video": given.source_video if "video_to_video" in able else None,
        **{f"reference_{number}": file for number, file in enumerate(given.references[: folder.family.references], 1)},
    }
    used = {name: file.absolute() for name, file in files.items() if file}
    opens = {"image_to_video", "first_last_frame"} & set(able)
    if given.continues and "start_frame" not in used and opens and "source_video" not in used:
        used["start_frame"] = opening
    if "source_video" in used:
        return "video_to_video", used
    if "end_frame" in used:
        if "first_last_frame" in able and "start_frame" not in used and folder.family.name not in ENDS_ALONE:
            text = f"{folder.name} takes an end_frame beside a start_frame only; it needs both"
            raise InputError("engine.cannot", text, hint="give the shot a start_frame, too", where=request.shot)
        if "first_last_frame" in able and {"image_to_video", "text_to_video"} & set(able) | {"start_frame"} & set(used):
            return "first_last_frame", used
        del used["end_frame"]
    if "start_frame" in used and opens:
        if "image_to_video" in able:
            return "image_to_video", used
        text = f"{folder.name} needs both, a start_frame and an end_frame"
        raise InputError("engine.cannot", text, hint="give the shot an end_frame", where=request.shot)
    used.pop("start_frame", None)
    if "text_to_video" not in able:
        first = "a start_frame" if "image_to_video" in able else "a start_frame and an end_frame"
        need = first if opens else "a source_video"
        raise InputError(
            "engine.cannot",
            f"{folder.name} cannot make a clip from words alone: it needs {need}",
            hint=f"give the shot {need}, or use a model such as {_other('text_to_video')}",
            where=request.shot,
        )
    if request.task in ("video_to_video", "image_to_video", "first_last_frame") and _asked_for_files(request):
        raise InputError(
            "engine.cannot",
            f"{folder.name} does not do {request.task.replace('_', ' ')}",
            hint=f"use a model such as {_other(request.task)}",
            where=request.shot,
        )
    return "text_to_video", used


def _led(request: ShotRequest, inputs: Mapping[str, Path], task: Task) -> bool:
    """Whether the shot opens with what it continues."""
    opens = task in ("image_to_video", "first_last_frame") and "start_frame" in inputs
    return opens and request.inputs.continues is not None and request.inputs.start_frame is None


def _continued(request: ShotRequest, inputs: Mapping[str, Path], opening: Path) -> tuple[float, ...]:
    """Write the ``opening`` where it is among the inputs; the colours of the chain of shots that the request continues, ()
    where there is none.
    """
    from vidgen.engines.local.opening import chain_colours, last_picture

    given, start = request.inputs, inputs.get("start_frame")
    if given.continues is None or start is None:
        return ()
    if start == opening:
        last_picture(given.continues, opening, given.continues_frames)
    return chain_colours(given.continues)


def _length(request: ShotRequest, folder: ModelFolder, led: bool) -> tuple[Made, int, list[tuple[str, str]]]:
    """What the model makes, and how many pictures of the shot that is continued lead it (``led``): as many as fit its frame
    rule, and the last one alone where a longer lead would make the clip too long.
    """

    def fitted(lead: int) -> Made:
        return fit(
            folder.family, folder.model, width=request.width, height=request.height, frames=request.frames + lead,
            rate=request.fps, where=request.shot,
        )  # fmt: skip

    plain, step = fitted(0), folder.family.frame_step
    tail = int(request.params.get("tail", 1)) if led else 1
    tail = 1 + -(-(tail - 1) // step) * step
    if tail == 1:
        return plain, 1, []
    try:
        made = fitted(math.ceil((tail - 1) / plain.rate * request.fps))
    except InputError:
        made = None
    if made and made.slowed == 1:
        return made, tail, []
    text = f"params.tail: {folder.name} makes no clip that long; the last picture alone leads"
    return plain, 1, [("engine.wish_approximated", text)]


def _asked_for_files(request: ShotRequest) -> bool:
    given = request.inputs
    return bool(given.start_frame or given.end_frame or given.source_video)


def _other(task: str) -> str:
    return next((row.name for row in models() if row.runs and task in row.tasks), "another")


def _differences(request: ShotRequest, folder: ModelFolder, made: Made, task: Task, tail: int) -> list[tuple[str, str]]:
    found = []
    name, kept = folder.name, made.frames - tail + 1

    def roughly(text: str) -> None:
        found.append(("engine.wish_approximated", text))

    if abs(made.fps - float(request.fps)) > 1e-6:
        roughly(f"fps: {name} makes {made.fps:.4g} frames a second; the film retimes them to {float(request.fps):.4g}")
    elif kept != request.frames:
        roughly(f"duration: {name} makes {kept} frames; the film shows {request.frames}")
    if made.slowed > 1:
        roughly(f"duration: {name} makes {made.frames} frames at most; they are spread, {made.slowed:.2f} times slower")
    if (made.width, made.height) != (request.width, request.height):
        size = f"{made.width}x{made.height}"
        roughly(f"resolution: {name} makes {size}; the film brings it to {request.width}x{request.height}")
    if not folder.family.text:
        found.append(("engine.wish_ignored", f"prompt: {name} hears no words; it animates the picture"))
    if request.inputs.continues and task == "text_to_video":
        found.append(("engine.wish_ignored", f"continue_from: {name} takes no opening picture; the shot starts anew"))
    return found


def _tier(params: Mapping[str, Any], folder: ModelFolder) -> tuple[Tier, bool]:
    """The quality that is asked for; the family's, and True, where LoRAs are not here without which it gives no picture."""
    tiers = folder.model.tiers if folder.model else folder.family.tiers
    wanted = params.get("quality", "standard")
    if not isinstance(wanted, str) or wanted not in tiers:
        text = f"params.quality: {wanted!r} is not known"
        raise InputError("request.bad_value", text, hint=f"one of {', '.join(tiers)}")
    tier = tiers[wanted]
    missing = any(hub.pulled(hub.place_of(lora.repo, lora.file)) is None for lora in _loras(tier, folder))
    return (folder.family.tiers[wanted] if missing else tier), missing


def _loras(tier: Tier, folder: ModelFolder) -> list[LoRA]:
    """The LoRAs of the table that belong to a quality."""
    return [lora for lora in (folder.model.loras if folder.model else ()) if lora.role.partition(" ")[0] in tier.adapters]


def _cache(wanted: Any, folder: ModelFolder, request: ShotRequest) -> Cache | None:
    if wanted in (None, "", "none", False):
        return None
    given = dict(wanted) if isinstance(wanted, Mapping) else {"kind": wanted}
    kind = str(given.pop("kind", ""))
    known = folder.family.caches
    if kind not in known:
        have = ", ".join(known) or "none"
        raise _bad(request, f"params.cache: {kind!r} is not known to work with {folder.family.title}", f"it has: {have}")
    return Cache(kind, {**known[kind], **given})


def _rejection(
    params: Mapping[str, Any], takes: int, folder: ModelFolder, task: Task, notices: list[tuple[str, str]]
) -> Rejection | None:
    wanted = params.get("reject")
    if not wanted:
        return None
    if not isinstance(wanted, Mapping) or not {"keep", "at"} >= set(wanted) or not isinstance(wanted.get("keep"), int):
        text = "params.reject: it is {keep: 2, at: 0.5}: how many candidates stay, after which share of the steps"
        raise InputError("request.bad_value", text, hint="keep from 1, at between 0.2 and 0.9")
    at = wanted.get("at", 0.5)
    if wanted["keep"] < 1 or not isinstance(at, int | float) or not 0.2 <= at <= 0.9:
        raise InputError("request.bad_value", "params.reject: keep is at least 1, at between 0.2 and 0.9")
    if (folder.family.name, task) not in reject.TASKS:
        text = f"reject: candidates of {folder.name} are not made in one batch that could lose some; all are made"
        notices.append(("local.reject_unused", text))
        return None
    return Rejection(wanted["keep"], at) if takes > wanted["keep"] else None


def _extra(request: ShotRequest, params: Mapping[str, Any], folder: ModelFolder, tier: Tier) -> dict[str, Any]:
    """The family's own settings: those that were given, and those that follow from the shot and its quality."""
    found = {name: params[name] for name in folder.family.settings if name in params}
    if tier.flow_shift is not None:
        found.setdefault("flow_shift", tier.flow_shift)
    if request.inputs.source_video and "strength" in folder.family.settings:  # pipelines have defaults of their own
        found.setdefault("strength", folder.family.settings["strength"][0])
    task_needs = {"strength": request.inputs.source_video is not None, "tail": False}
    found = {name: value for name, value in found.items() if task_needs.get(name, True)}
    if "motion_bucket_id" in folder.family.settings and "motion_bucket_id" not in found:
        amount = request.motion.amount
        if amount is not None:
            found["motion_bucket_id"] = max(1, min(255, round(25.4 * float(amount))))
    return found


def _adapters(
    request: ShotRequest, params: Mapping[str, Any], folder: ModelFolder, tier: Tier
) -> tuple[tuple[Adapter, ...], list[tuple[str, str]]]:
    """LoRAs of the shot: those of its quality, the user's own files, and that of the camera move where there is one."""
    found, notices = _of_quality(folder, tier), []
    wanted = params.get("lora", [])
    for entry in wanted if isinstance(wanted, list | tuple) else [wanted]:
        given = dict(entry) if isinstance(entry, Mapping) else {"file": entry}
        weight = given.get("weight", 1.0)
        if not isinstance(given.get("file"), str) or not isinstance(weight, int | float):
            text = f"params.lora: {entry!r} is neither a file nor {{file: PATH, weight: 0.8}}"
            raise _bad(request, text, "name a safetensors file, or several in a list")
        file = expanded(given["file"])
        if not file.is_file():
            raise InputError(
                "media.not_found", f"params.lora: {file} does not exist", hint="check the path", where=request.shot
            )
        check_safetensors(file)
        found.append(Adapter(file.absolute(), float(weight), "lora", content_of(file)))
    move = request.camera.move
    moves = folder.family.moves if folder.model is None or folder.model.moves is None else folder.model.moves
    if move in moves:
        repo = moves[move]
        if pulled := hub.pulled(repo):
            file = next(pulled.path.glob("*.safetensors"))
            found.append(Adapter(file, 1.0, f"camera {move}", content_of(file)))
        else:
            text = f"camera: the LoRA for {move} is not here, so it is said in the prompt alone; vidgen models pull {repo}"
            notices.append(("engine.wish_approximated", text))
    return tuple(found), notices


def _of_quality(folder: ModelFolder, tier: Tier) -> list[Adapter]:
    """The LoRAs of a quality, which are here."""
    found = []
    for lora in _loras(tier, folder):
        if pulled := hub.pulled(hub.place_of(lora.repo, lora.file)):
            file = pulled.path / lora.file
            found.append(Adapter(file, lora.weight, lora.role, pulled.files[lora.file][1] or content_of(file)))
    return found


def _offload(folder: ModelFolder, device: Device, quantise: str) -> Offload:
    """How weights wait, by what the table says of the model's need, else by the size of its files."""
    if folder.model and folder.model.vram_gb:
        return folder.model.fits(device.memory_gb, quantise=quantise) or "group"  # type: ignore[return-value]
    parts = weights(Load(folder.path, folder.pipeline, dtype="bfloat16", quantise=quantise))
    room = device.memory_gb * 2**30 / 1.3
    if sum(parts.values()) <= room:
        return "none"
    return "model" if max(parts.values(), default=0) <= room else "group"
