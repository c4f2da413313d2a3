"""HunyuanVideo 1.5."""

from __future__ import annotations

from typing import Any

from vidgen.engines.local.families.base import Arguments, PipelineFamily
from vidgen.engines.local.job import Recipe


class Hunyuan15(PipelineFamily):
    """Guidance is a component of its pipelines, not an argument of the call."""

    def adjusted(self, pipe: Any, recipe: Recipe, arguments: Arguments) -> Arguments:
        """See ``PipelineFamily``."""
        pipe.guider = pipe.guider.new(guidance_scale=recipe.guidance)
        return arguments


FAMILY = Hunyuan15()
