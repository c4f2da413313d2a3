"""HunyuanVideo."""

from __future__ import annotations

import inspect
from typing import Any

from vidgen.engines.local.families.base import Arguments, PipelineFamily
from vidgen.engines.local.job import Recipe


class Hunyuan(PipelineFamily):
    """Text-to-video networks read the guidance as a number. Image-to-video networks do not: they need an unguided pass."""

    def adjusted(self, pipe: Any, recipe: Recipe, arguments: Arguments) -> Arguments:
        """See ``PipelineFamily``."""
        unguided_pass = "true_cfg_scale" in inspect.signature(pipe.__call__).parameters
        if not unguided_pass or pipe.transformer.config.guidance_embeds:
            return arguments
        own = {"true_cfg_scale": recipe.guidance, "guidance_scale": 1.0, "negative_prompt": recipe.prompt.negative}
        return {**arguments, **own}


FAMILY = Hunyuan()
