"""One module a model family: found by its name, light to import, and true to the pipelines of diffusers."""

from __future__ import annotations

import inspect
import pkgutil
import subprocess
import sys

import pytest

from vidgen.catalog.diffusion import Family, families
from vidgen.engines.local import families as package
from vidgen.engines.local.families import PipelineFamily, family_of_class, pipeline_family

FAMILIES = list(families().values())
BY_NAME = {"ids": lambda value: value.name if isinstance(value, Family) else str(value)}


def test_every_module_is_a_family_of_the_table() -> None:
    names = {name.replace("-", "_") for name in families()}
    assert {module.name for module in pkgutil.iter_modules(package.__path__)} - {"base"} <= names


def test_a_family_without_a_module_has_the_defaults() -> None:
    assert pipeline_family("of-tomorrow") == PipelineFamily()
    assert family_of_class("NoSuchPipeline") == PipelineFamily()


def test_a_class_of_diffusers_leads_to_its_family() -> None:
    assert family_of_class("WanImageToVideoPipeline") is pipeline_family("wan")
    assert family_of_class("SkyReelsV2DiffusionForcingPipeline") is pipeline_family("skyreels-df")


@pytest.mark.parametrize("row", FAMILIES, **BY_NAME)
def test_a_family_tells_of_its_own_tasks_only(row: Family) -> None:
    family = pipeline_family(row.name)
    assert family.batched | family.shrinkable <= set(row.pipelines)
    assert family.shrinkable <= family.batched, "a batch of one take can lose none"
    assert not family.end_frame_alone or "first_last_frame" in row.pipelines
    assert sorted(family.latent_axes) == [0, 1, 2, 3, 4]


def encoded_apart() -> list[tuple[Family, str]]:
    apart = [row for row in FAMILIES if row.text and not row.keeps_text]
    return [(row, name) for row in apart for name in sorted(row.classes)]


@pytest.mark.parametrize(("row", "class_name"), encoded_apart(), **BY_NAME)
def test_embeddings_are_arguments_of_the_call(row: Family, class_name: str) -> None:
    """What ``encode_prompt`` returns for prompts that are encoded apart has to have a place in the call."""
    diffusers = pytest.importorskip("diffusers")
    pipeline = getattr(diffusers, class_name)
    call = inspect.signature(pipeline.__call__).parameters
    assert callable(pipeline.encode_prompt)
    assert set(pipeline_family(row.name).embeddings) <= set(call)


def test_families_load_nothing_heavy() -> None:
    program = (
        "import sys\nfrom vidgen.catalog.diffusion import families\n"
        "from vidgen.engines.local.families import pipeline_family\n"
        "for name in families(): pipeline_family(name)\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"torch", "diffusers", "transformers", "numpy", "cv2", "PIL"} & set(done.stdout.split())
