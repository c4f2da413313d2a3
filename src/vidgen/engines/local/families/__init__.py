"""How the pipelines of each model family are called: one module a family, found by the family's name.

To add a family: a row in ``catalog/diffusion.yaml`` (sizes, steps, diffusers classes), and a module here where its pipelines
differ from the defaults of ``PipelineFamily``. The module is called as the family, with ``_`` for ``-``, and holds one
``FAMILY``. Nothing else lists it.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util

from vidgen.catalog.diffusion import family_of_pipeline
from vidgen.engines.local.families.base import Arguments, Inputs, ModelConfig, PipelineFamily, parts_of

__all__ = ["Arguments", "Inputs", "ModelConfig", "PipelineFamily", "family_of_class", "parts_of", "pipeline_family"]


@functools.cache
def pipeline_family(name: str) -> PipelineFamily:
    """The family of that name in ``catalog/diffusion.yaml``; one with the defaults where it has no module."""
    module = f"{__name__}.{name.replace('-', '_')}"
    if importlib.util.find_spec(module) is None:
        return PipelineFamily()
    found: PipelineFamily = importlib.import_module(module).FAMILY
    return found


def family_of_class(pipeline: str) -> PipelineFamily:
    """The family of a diffusers class, such as ``WanPipeline``; one with the defaults where no family of the table has it."""
    row = family_of_pipeline(pipeline)
    return pipeline_family(row.name) if row else PipelineFamily()
