"""Stable Video Diffusion: animates a picture, without words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vidgen.engines.local.families.base import Arguments, Inputs, PipelineFamily
from vidgen.engines.local.job import Recipe
from vidgen.takes.request import ShotRequest


class SVD(PipelineFamily):
    """Guidance rises from 1 to the recipe's over the frames."""

    def settings_of(self, request: ShotRequest) -> Mapping[str, Any]:
        """The shot's amount of motion (0 to 10) as ``motion_bucket_id`` (1 to 255)."""
        amount = request.motion.amount
        return {} if amount is None else {"motion_bucket_id": max(1, min(255, round(25.4 * float(amount))))}

    def arguments(self, recipe: Recipe, inputs: Inputs) -> Arguments:
        """See ``PipelineFamily``."""
        return {
            **recipe.extra,
            "image": inputs.start,
            "fps": max(1, round(recipe.fps)),
            "max_guidance_scale": recipe.guidance,
            "min_guidance_scale": 1.0,
            "decode_chunk_size": 4,
        }


FAMILY = SVD(latent_axes=(0, 2, 1, 3, 4))
