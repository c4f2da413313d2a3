"""What happens after each step of a batch: cancellation, progress, a preview, early rejection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vidgen.engines.local.families import pipeline_family
from vidgen.engines.local.job import Batch, MadeTake
from vidgen.engines.worker import reject, speed
from vidgen.engines.worker.loaded import Loaded
from vidgen.engines.worker.memory import Meter
from vidgen.errors import Cancelled

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


def ignore(step: Step) -> None:
    """The callback that does nothing."""


class Watch:
    """The callback of one call of a pipeline.

    ``kept``: indices of the takes that are still in the batch. ``bad``: how bad each take looked when some were rejected, 0 for
    fine. ``tensors``: names of the pipeline's tensors that it needs.
    """

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
        used = ("latents", "prompt_embeds", "negative_prompt_embeds") if rejection else ("latents",)
        self.tensors = [name for name in used if name in known]

    def __call__(self, pipe: Any, index: int, time_step: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        """The callback of a pipeline after step ``index`` (from 0): its tensors, of fewer takes after a rejection.

        Raises Cancelled.
        """
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
