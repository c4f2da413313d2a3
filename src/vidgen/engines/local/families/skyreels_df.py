"""SkyReels-V2 diffusion forcing, whose frames have each their own time."""

from __future__ import annotations

from vidgen.engines.local.families.base import WAN_VAE_FLOAT32, Arguments, Inputs, PipelineFamily
from vidgen.engines.local.job import Recipe


class SkyReelsDF(PipelineFamily):
    """Its pipeline makes long clips of pieces that overlap; a shot is made in one."""

    def arguments(self, recipe: Recipe, inputs: Inputs) -> Arguments:
        """See ``PipelineFamily``."""
        return {**super().arguments(recipe, inputs), "base_num_frames": max(97, recipe.frames)}


FAMILY = SkyReelsDF(float32=WAN_VAE_FLOAT32)
