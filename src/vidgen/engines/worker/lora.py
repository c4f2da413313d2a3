"""Attaches LoRAs to a loaded pipeline."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from vidgen.engines.local.job import Adapter
from vidgen.engines.worker.loaded import Loaded
from vidgen.engines.worker.memory import is_out_of_memory
from vidgen.errors import InputError, MissingError

LORA_NOTICE = "params.lora:"
"""How notices about LoRAs begin."""


def attach_loras(loaded: Loaded, adapters: tuple[Adapter, ...]) -> None:
    """Load LoRAs from their files, with their weights.

    Raises InputError ``engine.cannot`` where the pipeline takes none, ``media.not_found``, ``models.unreadable`` for a LoRA of
    another model; MissingError ``engine.not_ready`` where the package peft is missing.
    """
    pipe = loaded.pipe
    if not adapters:
        return
    if not hasattr(pipe, "load_lora_weights"):
        raise InputError("engine.cannot", f"{type(pipe).__name__} takes no LoRA", hint="leave params.lora out")
    if importlib.util.find_spec("peft") is None:
        raise MissingError("engine.not_ready", "LoRAs need the package peft", hint="pip install 'vidgen[local]'")
    names = [f"lora{number}" for number, _ in enumerate(adapters, 1)]
    for name, adapter in zip(names, adapters, strict=True):
        _attach(loaded, adapter, name)
    pipe.set_adapters(names, adapter_weights=[adapter.weight for adapter in adapters])


def _attach(loaded: Loaded, adapter: Adapter, name: str) -> None:
    """Load one LoRA. One whose role ends in ``low noise`` is for the second expert."""
    pipe, file = loaded.pipe, adapter.file
    if not file.is_file():
        raise InputError("media.not_found", f"the LoRA {file} does not exist", where=str(file))
    second = {"load_into_transformer_2": True} if adapter.role.endswith("low noise") else {}
    try:
        with _without_text_encoder(loaded, adapter):
            pipe.load_lora_weights(file.parent, weight_name=file.name, adapter_name=name, local_files_only=True, **second)
        if not any(name in found for found in pipe.get_list_adapters().values()):
            raise ValueError("none of its weights belong to this model")
    except Exception as error:
        if is_out_of_memory(error):
            raise
        cause = " ".join(str(error).split())[:200]
        text = f"{file} is not a LoRA for {type(pipe).__name__}: {cause}"
        raise InputError("models.unreadable", text, hint="use one that was made for this model", where=str(file)) from error


@contextmanager
def _without_text_encoder(loaded: Loaded, adapter: Adapter) -> Iterator[None]:
    """Load a LoRA without what it has for the text encoder where that has left: prompts are encoded without LoRAs."""
    pipe = loaded.pipe
    if not hasattr(pipe, "load_lora_into_text_encoder") or pipe.components.get("text_encoder") is not None:
        yield
        return

    def leave_out(tensors: Mapping[str, Any], *rest: Any, **named: Any) -> None:
        if any(name.startswith("text_encoder") for name in tensors):
            text = f"{LORA_NOTICE} {adapter.file.name} changes how words are read, too"
            text += "; only what it changes in the picture is used"
            loaded.notices.append(("engine.wish_approximated", text))

    pipe.load_lora_into_text_encoder = leave_out
    try:
        yield
    finally:
        del pipe.load_lora_into_text_encoder
