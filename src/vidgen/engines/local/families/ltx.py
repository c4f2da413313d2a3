"""LTX-Video."""

from __future__ import annotations

import inspect
from typing import Any

from vidgen.engines.local.families.base import FROM_WORDS, MASKED, Arguments, Inputs, PipelineFamily
from vidgen.engines.local.job import Recipe

_LAST_STEP = {"decode_timestep": 0.05, "decode_noise_scale": 0.025}
"""As its makers run decoders that take the last step; older decoders do not look at it."""


class LTX(PipelineFamily):
    """Pictures and clips are conditions, each at its frame. One older pipeline takes a single image instead."""

    def arguments(self, recipe: Recipe, inputs: Inputs) -> Arguments:
        """See ``PipelineFamily``."""
        own = {name: value for name, value in recipe.extra.items() if name not in ("strength", "tail")}
        found: Arguments = {**_LAST_STEP, **own}
        if recipe.task != "text_to_video":
            found |= {"conditions": _conditions(recipe, inputs), "image": inputs.start}
        return found

    def adjusted(self, pipe: Any, recipe: Recipe, arguments: Arguments) -> Arguments:
        """Without ``image`` where the pipeline takes ``conditions``, which hold it already."""
        if "conditions" in inspect.signature(pipe.__call__).parameters and "conditions" in arguments:
            return {name: value for name, value in arguments.items() if name != "image"}
        return arguments


def _conditions(recipe: Recipe, inputs: Inputs) -> list[Any]:
    from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition

    found = []
    if inputs.tail:
        found.append(LTXVideoCondition(video=list(inputs.tail), frame_index=0))
    elif inputs.start is not None:
        found.append(LTXVideoCondition(image=inputs.start, frame_index=0))
    if inputs.end is not None:
        found.append(LTXVideoCondition(image=inputs.end, frame_index=recipe.frames - 1))
    if inputs.video:
        strength = 1.0 - float(recipe.extra.get("strength", 0.7))
        found.append(LTXVideoCondition(video=list(inputs.video), frame_index=0, strength=strength))
    return found


FAMILY = LTX(embeddings=MASKED, batched=FROM_WORDS, end_frame_alone=True)
