"""Wan 2.1 and 2.2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vidgen.catalog.diffusion import Family
from vidgen.engines.local.families.base import FROM_WORDS, WAN_VAE_FLOAT32, Arguments, Inputs, ModelConfig, PipelineFamily
from vidgen.engines.local.job import Recipe


class Wan(PipelineFamily):
    """One pipeline class serves models that were trained for different tasks; their networks' configurations tell."""

    def tasks(self, row: Family, pipeline: str, config: ModelConfig) -> tuple[str, ...]:
        """See ``PipelineFamily``."""
        found = super().tasks(row, pipeline, config)
        if config.index.get("expand_timesteps"):  # TI2V: each latent frame has its own time
            return ("text_to_video", "image_to_video")
        if config.network.get("pos_embed_seq_len"):  # FLF2V: trained with both frames only
            return ("first_last_frame",)
        if config.network.get("image_dim"):  # I2V: trained with the first frame only
            return tuple(task for task in found if task != "first_last_frame")
        return found

    def bad_setting(self, params: Mapping[str, Any], config: ModelConfig) -> tuple[str, str, str] | None:
        """See ``PipelineFamily``."""
        if "guidance_2" in params and not config.has("transformer_2"):
            return "guidance_2", "has one network, not two", "leave it out; guidance is for it"
        return None

    def arguments(self, recipe: Recipe, inputs: Inputs) -> Arguments:
        """See ``PipelineFamily``."""
        found = super().arguments(recipe, inputs)
        if "guidance_2" in found:
            found["guidance_scale_2"] = found.pop("guidance_2")
        return found


FAMILY = Wan(batched=FROM_WORDS, shrinkable=FROM_WORDS, float32=WAN_VAE_FLOAT32)
