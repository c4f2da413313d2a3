"""Wan 2.1 VACE: controlled by a video and its mask, black where the video stays, white where it is made."""

from __future__ import annotations

from vidgen.engines.local.families.base import WAN_VAE_FLOAT32, Arguments, Inputs, PipelineFamily
from vidgen.engines.local.job import Recipe


class Vace(PipelineFamily):
    """All tasks of VACE go through its control video."""

    def arguments(self, recipe: Recipe, inputs: Inputs) -> Arguments:
        """See ``PipelineFamily``."""
        from PIL import Image

        size = (recipe.width, recipe.height)
        grey, black, white = (Image.new("RGB", size, (value,) * 3) for value in (128, 0, 255))
        found: Arguments = {"reference_images": list(inputs.references) or None}
        if (scale := recipe.extra.get("conditioning")) is not None:
            found["conditioning_scale"] = scale
        if inputs.video:
            return {**found, "video": list(inputs.video), "mask": [white] * recipe.frames}
        if inputs.start is None and inputs.end is None:
            return found
        video, mask = [grey] * recipe.frames, [white] * recipe.frames
        for index, picture in enumerate(inputs.opening):
            video[index], mask[index] = picture, black
        if inputs.end is not None:
            video[-1], mask[-1] = inputs.end, black
        return {**found, "video": video, "mask": mask}


FAMILY = Vace(end_frame_alone=True, float32=WAN_VAE_FLOAT32)
