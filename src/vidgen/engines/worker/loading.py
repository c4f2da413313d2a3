"""Puts a pipeline on a device: the text part to encode prompts with, and then everything else, once for a run."""

from __future__ import annotations

import inspect
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from vidgen.engines.local.job import Adapter, Load
from vidgen.engines.worker.loaded import Loaded
from vidgen.engines.worker.lora import LORA_NOTICE, attach_loras
from vidgen.engines.worker.memory import release
from vidgen.engines.worker.placement import place, place_text
from vidgen.engines.worker.reading import Parts, part_classes, read_pipeline
from vidgen.errors import MissingError

__all__ = ["Loaded", "Parts", "load", "loads", "quiet", "readapt", "release"]

loads: Counter[tuple[str, str]] = Counter()
"""Number of loads in this process by (folder, parts)."""


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the warnings and progress bars of diffusers and transformers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import diffusers
        import transformers

        diffusers.utils.logging.set_verbosity_error()
        diffusers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        yield


def load(requested: Load, parts: Parts) -> Loaded:
    """Load a pipeline: ``text`` (tokenizers and text encoders only), ``picture`` (all but these), or ``whole``.

    Raises InputError ``models.damaged`` where files are missing, cut short or do not fit together, ``models.not_a_pipeline``
    where diffusers has no such class, ``models.unreadable`` for a LoRA that does not fit; MissingError ``engine.not_ready``
    where the device or a package for quantised weights is not here; what torch raises where memory runs out
    (``is_out_of_memory``). Nothing stays on the device then.
    """
    with quiet():
        _check_device(requested)
        loaded = Loaded(None, requested)
        try:
            loaded.pipe = read_pipeline(loaded, parts)
            loads[(str(requested.folder), parts)] += 1
            loaded.pipe.set_progress_bar_config(disable=True)
            if parts == "text":
                place_text(loaded)
            else:
                attach_loras(loaded, requested.adapters)
                place(loaded)
        except BaseException as error:
            traceback.clear_frames(error.__traceback__)  # they hold half-loaded networks
            loaded.close()
            raise
    return loaded


def readapt(loaded: Loaded, requested: Load) -> bool:
    """Change the LoRAs and the class of a loaded pipeline where nothing else differs from the request. False: load it anew.

    Shots of one film differ in their camera's LoRA, and in whether they open with a picture; the networks need not be loaded
    again for that. Raises as ``load`` does for a LoRA; the pipeline is gone then, as it has neither the old ones nor the new.
    """
    have = loaded.load
    if loaded.pipe is None or replace(requested, adapters=have.adapters, pipeline=have.pipeline) != have:
        return False
    others = requested.adapters != have.adapters
    # Layers that join compiled ones are not seen, and such that join weights of 8 bits cannot compute with them.
    if others and (loaded.used.compile or requested.compile or requested.quantise == "float8"):
        return False
    with quiet():
        if requested.pipeline != have.pipeline and not _convert(loaded, requested):
            return False
        if others:
            _replace_loras(loaded, requested.adapters)
    loaded.load = requested
    loaded.used = replace(loaded.used, adapters=requested.adapters, pipeline=requested.pipeline)
    return True


def _convert(loaded: Loaded, requested: Load) -> bool:
    """Make another class of pipeline of the same parts; whether they are all that it needs."""
    import diffusers

    old, kind = loaded.pipe, getattr(diffusers, requested.pipeline, None)
    if kind is None:
        return False
    takes = {name: one for name, one in inspect.signature(kind.__init__).parameters.items() if name != "self"}
    parts = {**{name: value for name, value in old.config.items() if name in takes}, **old.components}
    needed = {name for name, one in takes.items() if one.default is one.empty} | set(part_classes(requested.folder)) & set(
        takes
    )
    if needed - set(parts):
        return False
    loaded.pipe = kind(**{name: parts[name] for name in takes if name in parts})
    loaded.pipe.scheduler = getattr(old, "_vidgen_scheduler", old.scheduler)
    loaded.pipe.set_progress_bar_config(disable=True)
    # The order in which parts take turns is the pipeline's.
    if loaded.used.offload == "model" and not requested.device.startswith("cpu"):
        loaded.pipe.enable_model_cpu_offload(device=requested.device)
    return True


def _replace_loras(loaded: Loaded, adapters: tuple[Adapter, ...]) -> None:
    loaded.notices = [notice for notice in loaded.notices if not notice[1].startswith(LORA_NOTICE)]
    try:
        if loaded.load.adapters:
            loaded.pipe.unload_lora_weights()
        attach_loras(loaded, adapters)
    except BaseException as error:
        traceback.clear_frames(error.__traceback__)
        loaded.close()
        raise


def _check_device(requested: Load) -> None:
    """Raise MissingError where this torch cannot use the device. What names no GPU is on that one from then on: streams,
    kernels of other packages, and the memory that CUDA takes for itself.
    """
    import torch

    device = torch.device(requested.device)
    kind = device.type
    if not {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}.get(kind, True):
        text = f"this torch ({torch.__version__}) cannot use {requested.device}"
        raise MissingError("engine.not_ready", text, hint="install the torch that is made for this GPU: https://pytorch.org")
    if kind == "cuda" and device.index is not None:
        torch.cuda.set_device(device)
