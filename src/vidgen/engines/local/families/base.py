"""What a family of pipelines can differ in, with the defaults of most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vidgen.catalog.diffusion import Family
from vidgen.engines.local.job import Recipe
from vidgen.takes.request import ShotRequest, Task

Arguments = dict[str, Any]
"""Keyword arguments of a pipeline's call."""

MASKED = ("prompt_embeds", "prompt_attention_mask", "negative_prompt_embeds", "negative_prompt_attention_mask")
"""Embeddings of pipelines that also return attention masks."""
FROM_WORDS: frozenset[Task] = frozenset({"text_to_video"})
WAN_VAE_FLOAT32: Mapping[str, tuple[str, ...]] = {"AutoencoderKLWan": ("vae", "image_encoder")}
"""Wan's VAE and image encoder stay in 32 bits, as its makers run them: in 16 bits its skies have bands."""


@dataclass(frozen=True)
class Inputs:
    """The pictures and clips of a recipe, at its size (PIL images)."""

    start: Any = None
    end: Any = None
    video: Sequence[Any] = ()
    tail: Sequence[Any] = ()
    """The last pictures of the clip that is continued, in order; the last of them is ``start``."""
    references: Sequence[Any] = ()

    @property
    def opening(self) -> Sequence[Any]:
        """The pictures that the clip begins with: the tail, else the start frame; none where neither is given."""
        return self.tail or ([] if self.start is None else [self.start])


@dataclass(frozen=True)
class ModelConfig:
    """The JSON files of a model folder that tell models of one family apart.

    Args:
        index: ``model_index.json``.
        network: ``transformer/config.json``; empty where there is none.
        vae: ``vae/config.json``; empty where there is none.
    """

    index: Mapping[str, Any] = field(default_factory=dict)
    network: Mapping[str, Any] = field(default_factory=dict)
    vae: Mapping[str, Any] = field(default_factory=dict)

    def has(self, part: str) -> bool:
        """Whether the model has a part, such as ``transformer_2``."""
        return part in parts_of(self.index)


def parts_of(index: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The parts of a ``model_index.json``: name -> (library, class). A part may be named and absent; these are left out."""
    entries = {name: entry for name, entry in index.items() if not name.startswith("_")}
    return {
        name: (str(entry[0]), str(entry[1]))
        for name, entry in entries.items()
        if isinstance(entry, list) and len(entry) == 2 and entry[0]
    }


@dataclass(frozen=True)
class PipelineFamily:
    """How pipelines of one family are called. Sizes, frame rules, steps and caches are data: ``catalog.diffusion.Family``.

    Nothing heavy may be imported by a family's module: the light half reads it, too. Functions may import what they use.

    Args:
        embeddings: what ``encode_prompt`` returns, in order, by the names of the call's arguments. Not used by families that
            keep their text encoder (``keeps_text`` in the table).
        batched: tasks whose pipelines take several takes in one call, each with a generator of its own.
        shrinkable: tasks whose batches can lose takes between two steps (early rejection). Their pipelines keep nothing of
            a step but what the callback is given. Others join the embeddings of all takes before the first step, or carry
            predictions from step to step.
        latent_axes: order of axes that turns latents into [batch, channels, frames, height, width].
        end_frame_alone: whether an end frame can be given without a start frame.
        float32: parts that stay in 32 bits, by the class of the model's VAE.
        libraries: packages within diffusers that parts of its models come from.
    """

    embeddings: tuple[str, ...] = ("prompt_embeds", "negative_prompt_embeds")
    batched: frozenset[Task] = frozenset()
    shrinkable: frozenset[Task] = frozenset()
    latent_axes: tuple[int, ...] = (0, 1, 2, 3, 4)
    end_frame_alone: bool = False
    float32: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    libraries: tuple[str, ...] = ()

    def tasks(self, row: Family, pipeline: str, config: ModelConfig) -> tuple[str, ...]:
        """What a folder of the family can make. ``pipeline``: the diffusers class that it names."""
        return row.tasks_of(pipeline) or tuple(row.pipelines)

    def size_multiple(self, row: Family, config: ModelConfig) -> int:
        """What width and height have to be multiples of: the row's, or more where this model's VAE and patches are larger."""
        vae, patch = config.vae.get("scale_factor_spatial"), config.network.get("patch_size")
        if not isinstance(vae, int) or not isinstance(patch, list) or not all(isinstance(side, int) for side in patch):
            return row.size_multiple
        return max(row.size_multiple, vae * max(patch[1:], default=1))

    def prompt_tokens(self, row: Family, config: ModelConfig) -> int | None:
        """Most tokens of a prompt that the model reads; None where the pipeline's own default is right."""
        return row.prompt_tokens

    def required_attention(self, network: Mapping[str, Any]) -> str:
        """The attention back end that a network of this configuration cannot do without; "" where any will do."""
        return ""

    def bad_setting(self, params: Mapping[str, Any], config: ModelConfig) -> tuple[str, str, str] | None:
        """A parameter in its range that this model cannot follow: its name, why (after the model's name), and a hint."""
        return None

    def settings_of(self, request: ShotRequest) -> Mapping[str, Any]:
        """Settings of the family that follow from the shot, where the user gives none."""
        return {}

    def encoder_arguments(self, pipe: Any) -> Arguments:
        """More arguments of ``pipe.encode_prompt``."""
        return {}

    def arguments(self, recipe: Recipe, inputs: Inputs) -> Arguments:
        """Arguments of the call beside those that all pipelines have. Names that a pipeline does not know are left out."""
        found: Arguments = dict(recipe.extra)
        if inputs.start is not None:
            found["image"] = inputs.start
        if inputs.end is not None:
            found["last_image"] = inputs.end
        if inputs.video:
            found["video"] = list(inputs.video)
        return found

    def adjusted(self, pipe: Any, recipe: Recipe, arguments: Arguments) -> Arguments:
        """The arguments as the loaded pipeline needs them. It may also set up a component of ``pipe``."""
        return arguments
