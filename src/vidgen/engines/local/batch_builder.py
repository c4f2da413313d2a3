"""From a shot's request to a batch for a worker: legal numbers, and a notice for each difference from the request."""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vidgen.engines.local.adapters import adapters_of
from vidgen.engines.local.devices import Device
from vidgen.engines.local.fit import Made, fit
from vidgen.engines.local.folder import ModelFolder
from vidgen.engines.local.job import Batch, Prompt, Recipe, RequestedTake
from vidgen.engines.local.load_plan import load_of
from vidgen.engines.local.parameters import (
    Notices,
    Sampling,
    cache_of,
    checked_params,
    family_settings,
    rejection_of,
    sampling_of,
)
from vidgen.engines.local.settings import Settings
from vidgen.engines.local.tasks import TaskFiles, choose_task
from vidgen.errors import InputError
from vidgen.media.rate import rate_text
from vidgen.takes.request import Order, ShotRequest, TakeRequest


@dataclass(frozen=True)
class BuiltBatch:
    """A batch for a worker, and what differs from the request."""

    batch: Batch
    notices: Notices = ()


@dataclass(frozen=True)
class Clip:
    """The clip that the model makes: its form, and how many pictures of the shot that is continued lead it (1: the last one
    alone, which opens it).
    """

    made: Made
    tail: int = 1
    notices: Notices = ()

    @property
    def frames(self) -> int:
        """Frames of the take: without those that repeat the shot before."""
        return self.made.frames - self.tail + 1


def build_batch(
    takes: Sequence[TakeRequest], folder: ModelFolder, device: Device, outs: Sequence[Path], settings: Settings
) -> BuiltBatch:
    """A batch of takes of one shot. An opening picture is written beside the first of ``outs``.

    Raises InputError where the model cannot make the shot (``engine.cannot``) or a parameter is wrong (``request.bad_value``).
    """
    request = takes[0].request
    checked_params(request, folder)
    opening = outs[0].with_name(f".{outs[0].stem}.opening.png").absolute()
    chosen = choose_task(request, folder, opening)
    clip = clip_for(request, folder, chosen.leads)
    sampling = sampling_of(request, folder)
    adapters, lora_notices = adapters_of(request, folder, sampling.tier)
    recipe, reject_notices = _recipe(request, folder, chosen, clip, sampling, len(takes), opening)
    requested = tuple(RequestedTake(take.take, take.seed, out) for take, out in zip(takes, outs, strict=True))
    load = load_of(folder, chosen.task, device, settings, adapters)
    notices = (*clip.notices, *_differences(request, folder, clip, chosen), *sampling.notices, *reject_notices, *lora_notices)
    return BuiltBatch(Batch(uuid.uuid4().hex, load, recipe, requested, settings.batch or 0), notices)


def order_of(request: ShotRequest, folder: ModelFolder) -> Order:
    """What the model would make for the request now, without what repeats the shot that it continues. Opens no picture.

    Raises InputError as ``build_batch`` does.
    """
    checked_params(request, folder)
    clip = clip_for(request, folder, choose_task(request, folder, Path("opening.png")).leads)
    made = clip.made
    return Order(float(clip.frames / made.rate), f"{made.width}x{made.height}", rate_text(made.rate))


def prompt_of(request: ShotRequest, folder: ModelFolder) -> Prompt:
    """The prompt of a request as it will be encoded. Raises InputError as ``build_batch`` does."""
    checked_params(request, folder)
    return _prompt(request, folder, sampling_of(request, folder))


def clip_for(request: ShotRequest, folder: ModelFolder, leads: bool) -> Clip:
    """The clip that the model makes for a request.

    Args:
        leads: whether it opens with the end of the shot that it continues. As many pictures as fit the family's frame rule
            lead it then; the last one alone where a longer lead would make the clip too long.
    """
    step = folder.family.frame_step
    tail = int(request.params.get("tail", 1)) if leads else 1
    tail = 1 + -(-(tail - 1) // step) * step
    plain = _fitted(request, folder, 0)
    if tail == 1:
        return Clip(plain)
    try:
        longer = _fitted(request, folder, math.ceil((tail - 1) / plain.rate * request.fps))
    except InputError:
        longer = None
    if longer and longer.slowed == 1:
        return Clip(longer, tail)
    text = f"params.tail: {folder.name} makes no clip that long; the last picture alone leads"
    return Clip(plain, 1, (("engine.wish_approximated", text),))


def _fitted(request: ShotRequest, folder: ModelFolder, lead: int) -> Made:
    return fit(
        folder.family, folder.model, width=request.width, height=request.height, frames=request.frames + lead,
        rate=request.fps, where=request.shot,
    )  # fmt: skip


def _recipe(
    request: ShotRequest, folder: ModelFolder, chosen: TaskFiles, clip: Clip, sampling: Sampling, takes: int, opening: Path
) -> tuple[Recipe, Notices]:
    made, continues, tail = clip.made, request.inputs.continues, clip.tail > 1
    reject, notices = rejection_of(request, folder, chosen.task, takes)
    recipe = Recipe(
        model=folder.name,
        revision=folder.revision,
        family=folder.family.name,
        task=chosen.task,
        prompt=_prompt(request, folder, sampling),
        width=made.width,
        height=made.height,
        frames=made.frames,
        fps=made.fps,
        steps=sampling.steps,
        guidance=sampling.guidance,
        tier=sampling.quality,
        scheduler=sampling.scheduler,
        cache=cache_of(request, folder, sampling.tier.cache),
        reject=reject,
        inputs={**chosen.files, **({"tail": continues} if tail and continues else {})},
        extra=family_settings(request, folder, sampling.tier) | ({"tail": clip.tail} if tail else {}),
        schedule=sampling.schedule,
        anchor=_chain_colours(request, chosen, opening),
        skip=clip.tail - 1,
        tail_frames=request.inputs.continues_frames if tail else None,
    )
    return recipe, notices


def _prompt(request: ShotRequest, folder: ModelFolder, sampling: Sampling) -> Prompt:
    return Prompt(request.prompt, request.negative if folder.family.negative else "", sampling.guidance > 1)


def _chain_colours(request: ShotRequest, chosen: TaskFiles, opening: Path) -> tuple[float, ...]:
    """The colours of the chain of shots that the request continues, () where there is none. Writes ``opening`` where it is
    among the files.
    """
    from vidgen.engines.local.opening import chain_colours, last_picture

    given, start = request.inputs, chosen.files.get("start_frame")
    if given.continues is None or start is None:
        return ()
    if start == opening:
        last_picture(given.continues, opening, given.continues_frames)
    return chain_colours(given.continues)


def _differences(request: ShotRequest, folder: ModelFolder, clip: Clip, chosen: TaskFiles) -> Notices:
    """What the model makes otherwise than requested."""
    name, made, ignored = folder.name, clip.made, []
    different = [*_timing_differences(request, name, clip)]
    if (made.width, made.height) != (request.width, request.height):
        size = f"{made.width}x{made.height}"
        different.append(f"resolution: {name} makes {size}; the film brings it to {request.width}x{request.height}")
    if not folder.family.text:
        ignored.append(f"prompt: {name} reads no prompt; it animates the picture")
    if request.inputs.continues and chosen.task == "text_to_video":
        ignored.append(f"continue_from: {name} takes no opening picture; the shot starts anew")
    approximated = [("engine.wish_approximated", text) for text in different]
    return (*approximated, *(("engine.wish_ignored", text) for text in ignored))


def _timing_differences(request: ShotRequest, name: str, clip: Clip) -> list[str]:
    made, found = clip.made, []
    if abs(made.fps - float(request.fps)) > 1e-6:
        found.append(f"fps: {name} makes {made.fps:.4g} frames a second; the film retimes them to {float(request.fps):.4g}")
    elif clip.frames != request.frames:
        found.append(f"duration: {name} makes {clip.frames} frames; the film shows {request.frames}")
    if made.slowed > 1:
        found.append(f"duration: {name} makes {made.frames} frames at most; they are spread, {made.slowed:.2f} times slower")
    return found
