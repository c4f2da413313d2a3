"""Makes takes with a pipeline: prompts encoded once, the pipeline loaded once, batches as memory allows."""

from __future__ import annotations

import inspect
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vidgen.engines.local import anchor
from vidgen.engines.local.families import pipeline_family
from vidgen.engines.local.job import Batch, Load, MadeTake, Prompt, Recipe, RequestedTake
from vidgen.engines.worker import decoding, prompts, reject, speed, stepping
from vidgen.engines.worker.calls import accepted, call_arguments
from vidgen.engines.worker.inputs import read_inputs
from vidgen.engines.worker.loading import Loaded, load, quiet, readapt, release
from vidgen.engines.worker.memory import Meter, batch_that_fits, free_bytes, is_out_of_memory, ladder
from vidgen.engines.worker.original import Sound, write_original
from vidgen.errors import Cancelled, InputError, ProcessingError

PREVIEW_SIDE = 96
"""Longest side of a preview in pixels."""


@dataclass(frozen=True)
class Step:
    """One step done for some takes: ``step`` of ``steps``; ``preview`` is a rough picture [h, w, 3] uint8, or None. ``made``
    are takes that are finished: they are kept whatever becomes of the rest of their batch.
    """

    takes: tuple[int, ...]
    step: int
    steps: int
    preview: npt.NDArray[np.uint8] | None = None
    made: tuple[MadeTake, ...] = ()


OnStep = Callable[[Step], None]


def _ignore(step: Step) -> None:
    """Nobody listens."""


@dataclass
class Runner:
    """Keeps the last pipeline loaded, the embeddings of all prompts that it was told of, and which loads had to be weaker."""

    _loaded: Loaded | None = None
    _weaker: dict[Load, Load] = field(default_factory=dict)
    _embeddings: dict[tuple[str, Prompt], prompts.Embeddings] = field(default_factory=dict)

    def prepare(self, wanted: Load, family: str, revision: str, texts: Sequence[Prompt]) -> None:
        """Encode prompts before the big networks are loaded. Families whose encoder stays in the pipeline need nothing."""
        new = [text for text in dict.fromkeys(texts) if (revision, text) not in self._embeddings]
        if not new or not prompts.can_encode(family):
            return
        if self._loaded and wanted.device != "cpu":
            self._let_go()
        for text, embeddings in prompts.encode(wanted, family, revision, new).items():
            self._embeddings[(revision, text)] = embeddings

    def make(self, batch: Batch, on: OnStep = _ignore, cancelled: Callable[[], bool] = lambda: False) -> list[MadeTake]:
        """Make every take of a batch, in order.

        Raises Cancelled between steps, InputError for inputs that cannot be read, ProcessingError ``local.out_of_memory``
        when even the weakest plan does not fit.
        """
        recipe, same = batch.recipe, replace(batch.load, adapters=(), pipeline="")
        if less := self._weaker.get(same):  # memory ran out for an earlier shot; to try again is to load again
            batch = replace(batch, load=replace(batch.load, offload=less.offload, tiling=less.tiling))
        self.prepare(batch.load, recipe.family, recipe.revision, [recipe.prompt])
        together = len(batch.takes) if recipe.task in pipeline_family(recipe.family).batched else 1
        if batch.largest:
            together = min(together, batch.largest)
        elif not recipe.reject:
            together = batch_that_fits(
                batch.load, free_bytes(batch.load.device), recipe.width, recipe.height, recipe.frames, together
            )
        notices: list[tuple[str, str]] = []
        plans = list(ladder(batch.load, together))
        for plan, weaker in zip(plans, (*plans[1:], None), strict=True):
            if plan.why:
                notices = [("local.weaker_plan", f"memory ran out; {plan.why}")]
            try:
                made: list[MadeTake] = []
                for start in range(0, len(batch.takes), plan.at_once):
                    group = batch.takes[start : start + plan.at_once]
                    made += self._group(replace(batch, load=plan.load, takes=group), on, cancelled)
                if plan.load != batch.load:
                    self._weaker[same] = plan.load
                return [replace(take, notices=(*take.notices, *notices)) for take in made]
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                cause = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
                traceback.clear_frames(error.__traceback__)  # they hold what has to go
                if weaker and weaker.load == plan.load:
                    release()
                else:
                    self._let_go()
        raise ProcessingError(
            "local.out_of_memory",
            f"{recipe.model} needs more memory than {batch.load.device} has for {recipe.width}x{recipe.height}, "
            f"{recipe.frames} frames: {cause}",
            hint="a smaller --resolution, a shorter shot, or a smaller model",
        )

    def latents(self, batch: Batch) -> Any:
        """The final latents of a batch in one call, as the pipeline itself returns them; for comparisons."""
        self.prepare(batch.load, batch.recipe.family, batch.recipe.revision, [batch.recipe.prompt])
        found, _ = self._denoise(batch, _ignore, lambda: False, output="latent")
        return found.frames

    def close(self) -> None:
        """Give all memory back."""
        self._embeddings.clear()
        self._let_go()

    def _let_go(self) -> None:
        if self._loaded:
            self._loaded.close()
        self._loaded = None
        release()

    def _ready(self, wanted: Load, recipe: Recipe) -> Loaded:
        if self._loaded and self._loaded.pipe and (self._loaded.load == wanted or readapt(self._loaded, wanted)):
            decoding.gathered(self._loaded)
            return self._loaded
        self._let_go()
        self._loaded = load(wanted, "picture" if prompts.can_encode(recipe.family) else "whole")
        return self._loaded

    def _group(self, batch: Batch, on: OnStep, cancelled: Callable[[], bool]) -> list[MadeTake]:
        began = time.monotonic()
        clips, watch = self._denoise(batch, on, cancelled, output="pt")
        kept, bad = watch.kept, watch.bad
        assert self._loaded is not None
        seconds = time.monotonic() - began
        made = []
        recipe, opening = batch.recipe, read_inputs(batch.recipe).start
        for index, take in enumerate(batch.takes):
            manifest = _manifest(batch, take, self._loaded, len(batch.takes), seconds)
            notices = (*self._loaded.notices, *watch.notices)
            if index not in kept:
                why = f"looked {bad[index]:.2f} worse than the batch after {recipe.reject.at:.0%} of its steps"  # type: ignore[union-attr]
                made.append(MadeTake(take.take, None, manifest, notices, rejected=why))
                continue
            frames = _pictures(clips.frames[kept.index(index)][recipe.skip :])
            if opening is not None and recipe.anchor:
                frames = anchor.held(frames, np.asarray(opening), recipe.anchor)
            manifest["anchor"] = [round(value, 4) for value in recipe.anchor or anchor.colours(frames[0])]
            write_original(frames, recipe.rate, take.out, _sound(clips, self._loaded.pipe, kept.index(index), recipe))
            made.append(MadeTake(take.take, take.out, manifest, notices))
            on(Step((take.take,), recipe.steps, recipe.steps, made=(made[-1],)))
        return made

    def _denoise(self, batch: Batch, on: OnStep, cancelled: Callable[[], bool], *, output: str) -> tuple[Any, _Watch]:
        """Run the pipeline for all takes of a batch in one call: what it returns, and what was seen on the way."""
        import torch

        recipe, loaded = batch.recipe, self._ready(batch.load, batch.recipe)
        pipe, count = loaded.pipe, len(batch.takes)
        _schedule(pipe, recipe)
        watch = _Watch(loaded, batch, on, cancelled)
        arguments = call_arguments(recipe, read_inputs(recipe)) | self._words(recipe, count, pipe)
        arguments = pipeline_family(recipe.family).adjusted(pipe, recipe, arguments)
        generators = [torch.Generator("cpu").manual_seed(take.seed) for take in batch.takes]
        arguments |= {
            "generator": generators if count > 1 else generators[0],
            "output_type": output,
            "callback_on_step_end": watch,
            "callback_on_step_end_tensor_inputs": watch.tensors,
        }
        if recipe.guidance <= 1 and "negative_prompt_embeds" in arguments:
            arguments["negative_prompt_embeds"] = None
        cached = speed.cached(pipe, loaded.denoisers, recipe.cache, recipe.steps)
        listened = watch.prediction.heard(pipe) if recipe.reject else nullcontext()
        with quiet(), torch.no_grad(), cached, decoding.patient(loaded), stepping.heard(pipe, watch), listened:
            made = pipe(**accepted(pipe, arguments))
        return made, watch

    def _words(self, recipe: Recipe, count: int, pipe: Any) -> dict[str, Any]:
        embeddings = self._embeddings.get((recipe.revision, recipe.prompt))
        if embeddings is None:
            return {
                "prompt": [recipe.prompt.text] * count if count > 1 else recipe.prompt.text,
                "negative_prompt": recipe.prompt.negative or None,
            }
        device = pipe._execution_device
        return {name: tensor.to(device).repeat(count, *[1] * (tensor.ndim - 1)) for name, tensor in embeddings.items()}


class _Watch:
    """What happens after each step: cancel, progress, preview, early rejection."""

    def __init__(self, loaded: Loaded, batch: Batch, on: OnStep, cancelled: Callable[[], bool]) -> None:
        self._loaded, self._batch, self._on, self._cancelled = loaded, batch, on, cancelled
        recipe = batch.recipe
        self._meter = Meter(batch.load, recipe.width, recipe.height, recipe.frames, len(batch.takes))
        self.kept = list(range(len(batch.takes)))
        self.bad: list[float] = [0.0] * len(batch.takes)
        self.prediction = reject.Prediction()
        self.notices: list[tuple[str, str]] = []
        rejection = batch.recipe.reject
        self._reject_at = max(1, round(rejection.at * batch.recipe.steps)) if rejection else 0
        known = getattr(loaded.pipe, "_callback_tensor_inputs", ["latents"])
        wanted = ("latents", "prompt_embeds", "negative_prompt_embeds") if rejection else ("latents",)
        self.tensors = [name for name in wanted if name in known]

    def __call__(self, pipe: Any, index: int, time_step: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        if self._cancelled():
            pipe.maybe_free_model_hooks()
            raise Cancelled
        self._meter.step()
        recipe = self._batch.recipe
        numbers = tuple(self._batch.takes[kept].take for kept in self.kept)
        self._on(Step(numbers, index + 1, recipe.steps, preview(tensors.get("latents"), recipe.family)))
        if recipe.reject and index + 1 == self._reject_at and recipe.reject.keep < len(self.kept):
            clean = self.prediction.clean(pipe)
            if clean is None:
                text = f"reject: {type(pipe.scheduler).__name__} does not tell what a take will look like; all are made"
                self.notices.append(("local.reject_unused", text))
            else:
                self.bad = reject.badness(clean)
                self.kept = reject.survivors(self.bad, recipe.reject.keep)
                speed.forget(self._loaded.denoisers)
                return reject.shrink(pipe, tensors, self.kept, len(self._batch.takes))
        return tensors


def preview(latents: Any, family: str) -> npt.NDArray[np.uint8] | None:
    """A rough picture of the middle frame: three channels of the latents, stretched; None where they are not a video's (LTX
    works on a list of tokens).
    """
    if latents is None or latents.ndim != 5:
        return None
    latents = latents.permute(pipeline_family(family).latent_axes)
    if latents.shape[1] < 3:
        return None
    middle = latents[0, :3, latents.shape[2] // 2].detach().float().cpu().numpy()
    low, high = np.percentile(middle, (2, 98), axis=(1, 2), keepdims=True)
    picture = np.clip((middle - low) / np.maximum(high - low, 1e-6), 0, 1).transpose(1, 2, 0)
    stride = max(1, -(-max(picture.shape[:2]) // PREVIEW_SIDE))
    small: npt.NDArray[np.uint8] = (picture[::stride, ::stride] * 255).astype(np.uint8)
    return small


def _pictures(clip: Any) -> npt.NDArray[np.uint8]:
    """[frames, channels, height, width] in 0-1 as [frames, height, width, 3] uint8. Raises ProcessingError where it holds no
    numbers: 16 bits can be too few for a model, and then everything is black.
    """
    import torch

    if not torch.isfinite(clip).all():
        raise ProcessingError(
            "generation.failed",
            "the model's numbers ran over (NaN), so there is no picture",
            hint="try local: {dtype: float32} or bfloat16 in config.yaml, or a lower guidance",
        )
    frames = (clip.detach().float().clamp(0, 1) * 255).round().to(torch.uint8)
    pictures: npt.NDArray[np.uint8] = frames.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return pictures


def _sound(made: Any, pipe: Any, index: int, recipe: Recipe) -> Sound | None:
    """The sound to the pictures of one take, where the model makes any."""
    if getattr(made, "audio", None) is None:
        return None
    whole = Sound(made.audio[index].detach().float().cpu().numpy(), int(pipe.vocoder.config.output_sampling_rate))
    return whole.between(recipe.skip / recipe.rate, recipe.frames / recipe.rate)


def _schedule(pipe: Any, recipe: Recipe) -> None:
    """Give the pipeline the scheduler that the recipe asks for; the model's own where it asks for none."""
    if not hasattr(pipe, "_vidgen_scheduler"):
        pipe._vidgen_scheduler = pipe.scheduler
    own = pipe._vidgen_scheduler
    changes: dict[str, Any] = {"flow_shift": recipe.extra["flow_shift"]} if "flow_shift" in recipe.extra else {}
    if recipe.schedule:  # these times are meant as they are
        exact = {"use_dynamic_shifting": False, "shift": 1.0, "shift_terminal": None}
        changes |= {name: value for name, value in exact.items() if name in own.config}
    if not recipe.scheduler and not changes:
        pipe.scheduler = own
        return
    import diffusers

    kind: Any = getattr(diffusers, recipe.scheduler, None) if recipe.scheduler else type(own)
    if not hasattr(kind, "from_config") or not issubclass(kind, diffusers.SchedulerMixin):
        raise InputError(
            "request.bad_value",
            f"params.scheduler: there is no scheduler {recipe.scheduler!r}",
            hint="a class of diffusers, such as UniPCMultistepScheduler",
        )
    if _flows(own) and not _flows(kind):
        raise InputError(
            "request.bad_value",
            f"params.scheduler: {recipe.scheduler} cannot take the steps of {recipe.model}, which follows a flow",
            hint="one that can, such as UniPCMultistepScheduler, DPMSolverMultistepScheduler or the model's own",
        )
    if _matches(kind) and "shift" not in changes:  # these call it so
        changes["shift"] = changes.pop("flow_shift", own.config.get("shift", own.config.get("flow_shift", 1.0)))
    if _matches(type(own)) and not _matches(kind):  # the others follow noise unless told
        shift = changes.get("flow_shift", own.config.get("shift", 1.0))
        changes |= {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "flow_shift": shift}
    pipe.scheduler = kind.from_config(own.config, **changes)


def _flows(scheduler: Any) -> bool:
    """Whether a scheduler follows a flow, or a class of schedulers can."""
    if not isinstance(scheduler, type):
        return _matches(type(scheduler)) or scheduler.config.get("prediction_type") == "flow_prediction"
    return _matches(scheduler) or "use_flow_sigmas" in inspect.signature(scheduler).parameters


def _matches(kind: type) -> bool:
    return any("FlowMatch" in one.__name__ for one in kind.__mro__)


def _manifest(batch: Batch, take: RequestedTake, loaded: Loaded, together: int, seconds: float) -> dict[str, Any]:
    import diffusers
    import torch
    import transformers

    recipe, used = batch.recipe, loaded.used
    scheduler = loaded.pipe.scheduler
    settings = ("flow_shift", "shift", "prediction_type", "timestep_spacing", "use_karras_sigmas", "solver_order")
    return {
        "model": recipe.model,
        "revision": recipe.revision,
        "pipeline": type(loaded.pipe).__name__,
        "family": recipe.family,
        "task": recipe.task,
        "scheduler": type(scheduler).__name__,
        "scheduler_settings": {name: scheduler.config[name] for name in settings if name in scheduler.config},
        "steps": recipe.steps,
        "schedule": {name: list(times) for name, times in recipe.schedule.items()} or None,
        "guidance": recipe.guidance,
        "quality": recipe.tier,
        "settings": dict(recipe.extra),
        "cache": {"kind": recipe.cache.kind, **recipe.cache.settings} if recipe.cache else None,
        "adapters": [
            {"role": one.role, "weight": one.weight, "sha256": one.sha256, "file": one.file.name} for one in used.adapters
        ],
        "negative": recipe.prompt.negative,
        "seed": take.seed,
        "made": {"width": recipe.width, "height": recipe.height, "frames": recipe.frames, "fps": recipe.fps},
        "reject": {"keep": recipe.reject.keep, "at": recipe.reject.at} if recipe.reject else None,
        "batch": together,
        "dtype": used.dtype,
        "attention": used.attention or "default",
        "compile": used.compile,
        "context_parallel": used.share,
        "quantise": used.quantise or None,
        "offload": used.offload,
        "tiling": used.tiling,
        "device": torch.cuda.get_device_name(used.device) if used.device.startswith("cuda") else used.device,
        "versions": {
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
            "transformers": transformers.__version__,
        },
        "seconds": round(seconds, 2),
    }
