"""SANA-Video."""

from __future__ import annotations

import inspect
from typing import Any

from vidgen.engines.local.families.base import MASKED, WAN_VAE_FLOAT32, Arguments, Inputs, PipelineFamily
from vidgen.engines.local.job import Recipe


class Sana(PipelineFamily):
    """Its call names things otherwise than those of video pipelines, and its prompt goes through a language model."""

    def encoder_arguments(self, pipe: Any) -> Arguments:
        """The instruction to the language model, which the pipeline's call has as a default and ``encode_prompt`` has not."""
        call = inspect.signature(pipe.__call__).parameters
        return {name: call[name].default for name in ("complex_human_instruction",) if name in call}

    def arguments(self, recipe: Recipe, inputs: Inputs) -> Arguments:
        """Sizes are legal already: the pipeline's own table of sizes holds some that its network cannot take."""
        own = {"frames": recipe.frames, "use_resolution_binning": False}
        return {**super().arguments(recipe, inputs), **own}


FAMILY = Sana(embeddings=MASKED, float32=WAN_VAE_FLOAT32)
