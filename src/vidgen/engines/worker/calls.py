"""The keyword arguments of a pipeline's call."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from vidgen.engines.local.families import Arguments, Inputs, pipeline_family
from vidgen.engines.local.job import Recipe


def call_arguments(recipe: Recipe, inputs: Inputs) -> Arguments:
    """The keyword arguments of the call for a recipe, without prompts and generators."""
    common: Arguments = {
        "width": recipe.width,
        "height": recipe.height,
        "num_frames": recipe.frames,
        "num_inference_steps": recipe.steps,
        "guidance_scale": recipe.guidance,
        "frame_rate": recipe.fps,
        **{name: list(times) for name, times in recipe.schedule.items()},
    }
    return {**common, **pipeline_family(recipe.family).arguments(recipe, inputs)}


def accepted(pipe: Any, arguments: Mapping[str, Any]) -> Arguments:
    """Those of the arguments that the pipeline's call takes."""
    known = inspect.signature(pipe.__call__).parameters
    return {name: value for name, value in arguments.items() if name in known}


def default_of(pipe: Any, argument: str) -> Any:
    """The default of one argument of the pipeline's call; None where it has none."""
    found = inspect.signature(pipe.__call__).parameters.get(argument)
    return None if found is None or found.default is inspect.Parameter.empty else found.default
