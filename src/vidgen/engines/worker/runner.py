"""Makes takes with a pipeline: prompts encoded once, the pipeline loaded once, batches as memory allows."""

from __future__ import annotations

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
from vidgen.engines.local.job import Batch, Load, MadeTake, Prompt, Recipe
from vidgen.engines.worker import decoding, prompts, speed, stepping
from vidgen.engines.worker.calls import accepted, call_arguments
from vidgen.engines.worker.inputs import read_inputs
from vidgen.engines.worker.loaded import Loaded
from vidgen.engines.worker.loading import load as load_pipeline
from vidgen.engines.worker.loading import quiet, readapt, release
from vidgen.engines.worker.manifest import manifest_of
from vidgen.engines.worker.memory import Plan, batch_that_fits, free_bytes, is_out_of_memory, memory_fallbacks
from vidgen.engines.worker.original import Sound, write_original
from vidgen.engines.worker.schedulers import set_scheduler
from vidgen.engines.worker.watch import OnStep, Step, Watch, ignore
from vidgen.errors import ProcessingError


@dataclass
class Runner:
    """Keeps the last pipeline loaded, the embeddings of all prompts so far, and which loads had to be weaker."""

    _loaded: Loaded | None = None
    _weaker: dict[Load, Load] = field(default_factory=dict)
    _embeddings: dict[tuple[str, Prompt], prompts.Embeddings] = field(default_factory=dict)

    def prepare(self, load: Load, family: str, revision: str, texts: Sequence[Prompt]) -> None:
        """Encode prompts before the big networks are loaded. Families whose encoder stays in the pipeline need nothing."""
        new = [text for text in dict.fromkeys(texts) if (revision, text) not in self._embeddings]
        if not new or not prompts.can_encode(family):
            return
        if self._loaded and load.device != "cpu":
            self._unload()
        for text, embeddings in prompts.encode(load, family, revision, new).items():
            self._embeddings[(revision, text)] = embeddings

    def make(self, batch: Batch, on: OnStep = ignore, cancelled: Callable[[], bool] = lambda: False) -> list[MadeTake]:
        """Make every take of a batch, in order.

        Raises Cancelled between steps, InputError for inputs that cannot be read, ProcessingError ``local.out_of_memory``
        when even the weakest plan does not fit.
        """
        recipe, model = batch.recipe, replace(batch.load, adapters=(), pipeline="")
        if weaker := self._weaker.get(model):  # memory ran out for an earlier shot; to try again is to load again
            batch = replace(batch, load=replace(batch.load, offload=weaker.offload, tiling=weaker.tiling))
        self.prepare(batch.load, recipe.family, recipe.revision, [recipe.prompt])
        plans = list(memory_fallbacks(batch.load, _takes_at_once(batch)))
        for plan, following in zip(plans, (*plans[1:], None), strict=True):
            try:
                made = self._run(plan, batch, on, cancelled)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                cause = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
                traceback.clear_frames(error.__traceback__)  # they hold what has to go
                if following and following.load == plan.load:
                    release()
                else:
                    self._unload()
                continue
            if plan.load != batch.load:
                self._weaker[model] = plan.load
            return made
        raise ProcessingError(
            "local.out_of_memory",
            f"{recipe.model} needs more memory than {batch.load.device} has for {recipe.width}x{recipe.height}, "
            f"{recipe.frames} frames: {cause}",
            hint="a smaller --resolution, a shorter shot, or a smaller model",
        )

    def latents(self, batch: Batch) -> Any:
        """The final latents of a batch in one call, as the pipeline itself returns them; for comparisons."""
        self.prepare(batch.load, batch.recipe.family, batch.recipe.revision, [batch.recipe.prompt])
        found, _ = self._denoise(batch, ignore, lambda: False, output="latent")
        return found.frames

    def close(self) -> None:
        """Give all memory back."""
        self._embeddings.clear()
        self._unload()

    def _unload(self) -> None:
        if self._loaded:
            self._loaded.close()
        self._loaded = None
        release()

    def _ready(self, load: Load, recipe: Recipe) -> Loaded:
        """The pipeline for a load: the one at hand where it can be turned into it, else loaded anew."""
        if self._loaded and self._loaded.pipe and (self._loaded.load == load or readapt(self._loaded, load)):
            decoding.gathered(self._loaded)
            return self._loaded
        self._unload()
        self._loaded = load_pipeline(load, "picture" if prompts.can_encode(recipe.family) else "whole")
        return self._loaded

    def _run(self, plan: Plan, batch: Batch, on: OnStep, cancelled: Callable[[], bool]) -> list[MadeTake]:
        """Make the batch by one plan of memory, in groups of as many takes as it allows."""
        made: list[MadeTake] = []
        for start in range(0, len(batch.takes), plan.at_once):
            group = batch.takes[start : start + plan.at_once]
            made += self._group(replace(batch, load=plan.load, takes=group), on, cancelled)
        if not plan.why:
            return made
        notice = ("local.weaker_plan", f"memory ran out; {plan.why}")
        return [replace(take, notices=(*take.notices, notice)) for take in made]

    def _group(self, batch: Batch, on: OnStep, cancelled: Callable[[], bool]) -> list[MadeTake]:
        began = time.monotonic()
        clips, watch = self._denoise(batch, on, cancelled, output="pt")
        kept, bad = watch.kept, watch.bad
        assert self._loaded is not None
        seconds = time.monotonic() - began
        made = []
        recipe, opening = batch.recipe, read_inputs(batch.recipe).start
        for index, take in enumerate(batch.takes):
            manifest = manifest_of(batch, take, self._loaded, len(batch.takes), seconds)
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

    def _denoise(self, batch: Batch, on: OnStep, cancelled: Callable[[], bool], *, output: str) -> tuple[Any, Watch]:
        """Run the pipeline for all takes of a batch in one call: what it returns, and what was seen on the way."""
        import torch

        recipe, loaded = batch.recipe, self._ready(batch.load, batch.recipe)
        pipe, count = loaded.pipe, len(batch.takes)
        set_scheduler(pipe, recipe)
        watch = Watch(loaded, batch, on, cancelled)
        arguments = call_arguments(recipe, read_inputs(recipe)) | self._prompt_arguments(recipe, count, pipe)
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
        predictions = watch.prediction.recorded(pipe) if recipe.reject else nullcontext()
        stepped = stepping.after_each_step(pipe, watch)
        with quiet(), torch.no_grad(), cached, decoding.with_fallbacks(loaded), stepped, predictions:
            made = pipe(**accepted(pipe, arguments))
        return made, watch

    def _prompt_arguments(self, recipe: Recipe, count: int, pipe: Any) -> dict[str, Any]:
        embeddings = self._embeddings.get((recipe.revision, recipe.prompt))
        if embeddings is None:
            return {
                "prompt": [recipe.prompt.text] * count if count > 1 else recipe.prompt.text,
                "negative_prompt": recipe.prompt.negative or None,
            }
        device = pipe._execution_device
        each = {name: tensor.to(device).repeat(count, *[1] * (tensor.ndim - 1)) for name, tensor in embeddings.items()}
        return {"prompt": None, "negative_prompt": None, **each}  # some calls have a text as default, and take one or the other


def _takes_at_once(batch: Batch) -> int:
    """How many takes of a batch are denoised in one call, before memory has run out."""
    recipe, load, count = batch.recipe, batch.load, len(batch.takes)
    if recipe.task not in pipeline_family(recipe.family).batched:
        return 1
    if batch.largest:
        return min(count, batch.largest)
    if recipe.reject:  # candidates are judged against one another
        return count
    return batch_that_fits(load, free_bytes(load.device), recipe.width, recipe.height, recipe.frames, count)


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
