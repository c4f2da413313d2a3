"""LTX-2: pictures and sound from one network."""

from __future__ import annotations

from dataclasses import replace

from vidgen.engines.local.families.base import Arguments, Inputs, PipelineFamily
from vidgen.engines.local.job import Recipe

_UNGUIDED = {
    "audio_guidance_scale": 1.0, "modality_scale": 1.0, "audio_modality_scale": 1.0, "stg_scale": 0.0, "audio_stg_scale": 0.0,
}  # fmt: skip
"""No guidance at all: that of the sound and of layers would be a pass of its own, each."""


class LTX2(PipelineFamily):
    """Its conditions stand at latent frames, -1 being the last."""

    def arguments(self, recipe: Recipe, inputs: Inputs) -> Arguments:
        """See ``PipelineFamily``."""
        if recipe.guidance <= 1:
            recipe = replace(recipe, extra={**_UNGUIDED, **recipe.extra})
        if recipe.task != "first_last_frame":
            return super().arguments(recipe, inputs)
        from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition

        given = ((inputs.start, 0), (inputs.end, -1))
        conditions = [LTX2VideoCondition(frames=picture, index=index) for picture, index in given if picture is not None]
        return {**recipe.extra, "conditions": conditions}


FAMILY = LTX2(end_frame_alone=True, libraries=("ltx2",))
