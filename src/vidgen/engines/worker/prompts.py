"""Encodes the prompts of a whole film at once, so that the text encoder can then leave; keeps embeddings by content."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vidgen.catalog.diffusion import families
from vidgen.engines.local.families import ModelConfig, pipeline_family
from vidgen.engines.local.job import Load, Prompt
from vidgen.engines.worker.loading import load as load_pipeline
from vidgen.media.files import atomic, sha256_json
from vidgen.media.home import vidgen_home

Embeddings = Mapping[str, Any]
"""The call's arguments that carry one prompt: name -> tensor of a batch of one, on the CPU."""


def can_encode(family: str) -> bool:
    """Whether prompts of the family are encoded apart from the rest."""
    row = families()[family]
    return row.text and not row.keeps_text


def encode(load: Load, family: str, revision: str, prompts: Sequence[Prompt]) -> dict[Prompt, Embeddings]:
    """Embeddings of each prompt: from the cache, else by loading the text part once, encoding them all, and letting it go."""
    found = {prompt: _read(_file(load, revision, prompt)) for prompt in prompts}
    missing = [prompt for prompt, embeddings in found.items() if embeddings is None]
    if missing:
        loaded = load_pipeline(load, "text")
        try:
            for prompt in missing:
                found[prompt] = _encoded(loaded.pipe, load, family, prompt)
                _write(_file(load, revision, prompt), found[prompt] or {})
        finally:
            loaded.close()
    return {prompt: embeddings or {} for prompt, embeddings in found.items()}


def _encoded(pipe: Any, load: Load, family: str, prompt: Prompt) -> Embeddings:
    import torch

    known = inspect.signature(pipe.encode_prompt).parameters
    arguments = {
        "prompt": prompt.text,
        "negative_prompt": prompt.negative,
        "do_classifier_free_guidance": prompt.guided,
        "device": torch.device(load.device),
        "num_videos_per_prompt": 1,
        "num_images_per_prompt": 1,
        "max_sequence_length": _longest(load, family),
        **pipeline_family(family).encoder_arguments(pipe),
    }
    with torch.no_grad():
        made = pipe.encode_prompt(**{name: value for name, value in arguments.items() if name in known and value is not None})
    return {name: part.cpu() for name, part in zip(pipeline_family(family).embeddings, made, strict=False) if part is not None}


def _longest(load: Load, family: str) -> int | None:
    """How many tokens the model was made for, else its family: the same embeddings serve all its tasks."""
    try:
        config = json.loads((load.folder / "transformer" / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = {}
    return pipeline_family(family).prompt_tokens(families()[family], ModelConfig(network=config))


def _file(load: Load, revision: str, prompt: Prompt) -> Path:
    key = sha256_json(
        {
            "revision": revision,
            "dtype": load.dtype,
            "text": prompt.text,
            "negative": prompt.negative,
            "guided": prompt.guided,
        }
    )
    return vidgen_home() / "cache" / "embeddings" / key[:2] / f"{key}.safetensors"


def _read(file: Path) -> Embeddings | None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(file))
    except (OSError, SafetensorError):
        return None


def _write(file: Path, embeddings: Embeddings) -> None:
    """Keep them; a home that cannot be written costs the next run an encoding, no more."""
    from safetensors.torch import save_file

    try:
        with atomic(file) as part:
            save_file({name: tensor.contiguous() for name, tensor in embeddings.items()}, part)
    except OSError:
        return
