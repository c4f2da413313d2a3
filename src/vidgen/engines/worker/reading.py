"""Reads a pipeline from its folder, and refuses one that is not whole."""

from __future__ import annotations

import gc
import inspect
import json
import logging
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from vidgen.engines.local.families import family_of_class, parts_of
from vidgen.engines.local.job import Load
from vidgen.engines.worker.loaded import Loaded
from vidgen.engines.worker.memory import is_out_of_memory
from vidgen.engines.worker.quantised import named, quantised
from vidgen.errors import InputError, MissingError, ProcessingError, VidgenError

Parts = Literal["text", "picture", "whole"]
"""What to load of a pipeline: tokenizers and text encoders only, all but these, or everything."""
_TEXT = ("text_encoder", "tokenizer")


@cache
def _leave_libraries_out_of_collections() -> None:
    """The libraries' half a million objects live as long as the process: looking through them each time that memory is given
    back would take longer than giving it back.
    """
    gc.freeze()


def read_pipeline(loaded: Loaded, parts: Parts) -> Any:
    """The pipeline from its folder, on the CPU or where quantised weights have to be. Raises as ``loading.load``."""
    import diffusers
    import torch

    load = loaded.load
    kind = getattr(diffusers, load.pipeline, None)
    if kind is None:
        text = f"{load.folder}: this diffusers ({diffusers.__version__}) has no {load.pipeline}"
        raise InputError("models.not_a_pipeline", text, hint="pip install -U diffusers", where=str(load.folder))
    _leave_libraries_out_of_collections()
    options = _options(loaded, kind, parts)
    try:
        with _missing_weights() as missing:
            pipe = kind.from_pretrained(load.folder, **options)
    except VidgenError:
        raise
    except Exception as error:  # a folder can be wrong in as many ways as there are exceptions
        traceback.clear_frames(error.__traceback__)
        raise _unreadable(load, error) from error
    for name, part in pipe.components.items():
        if isinstance(part, torch.nn.Module):
            missing += [f"{name}.{at}" for at, tensor in part.named_parameters() if tensor.is_meta]
    if missing:
        raise _damaged(load, f"weights are missing: {', '.join(missing[:3])}{', ...' if len(missing) > 3 else ''}")
    return pipe


def _options(loaded: Loaded, kind: Any, parts: Parts) -> dict[str, Any]:
    """Arguments of ``from_pretrained``: number formats, quantisation, and None for parts that are not to be loaded."""
    import torch

    load, index = loaded.load, part_classes(loaded.load.folder)
    needed = {name for name, one in inspect.signature(kind.__init__).parameters.items() if one.default is one.empty} - {"self"}
    left_out = {name: None for name in {*index, *needed} if parts != "whole" and (parts == "text") != name.startswith(_TEXT)}
    dtype = _dtype(loaded)
    float32 = family_of_class(load.pipeline).float32.get(index.get("vae", ""), ())
    dtypes = {**dict.fromkeys(float32, torch.float32), "default": dtype}
    options: dict[str, Any] = {"local_files_only": True, "dtype": dtypes, **left_out}
    if not load.trust:
        options["use_safetensors"] = True
    if parts != "text":
        options |= quantised(load, index, dtype)
        loaded.used = replace(loaded.used, quantise=named(load.quantise))
    return options


def part_classes(folder: Path) -> Mapping[str, str]:
    """The parts of a pipeline and their classes."""
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    return {name: kind for name, (_, kind) in parts_of(index).items()}


def _dtype(loaded: Loaded) -> Any:
    """The number format, which an old GPU may not have."""
    import torch

    load = loaded.load
    if load.dtype == "bfloat16" and load.device.startswith("cuda"):
        with torch.cuda.device(load.device):
            if not torch.cuda.is_bf16_supported(including_emulation=False):
                loaded.used = replace(loaded.used, dtype="float16")
                text = f"dtype: {torch.cuda.get_device_name()} does not compute in bfloat16; float16 is used"
                loaded.notices.append(("engine.wish_approximated", text))
    return getattr(torch, loaded.used.dtype)


@contextmanager
def _missing_weights() -> Iterator[list[str]]:
    """Names of weights that transformers logs as missing while it loads; it would go on with random numbers."""
    missing: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            missing.extend(re.findall(r"^(\S+)\s*\|.*MISSING", record.getMessage(), re.M))

    logger, collector = logging.getLogger("transformers"), Collector()
    others, level = logger.handlers[:], logger.level
    logger.handlers = [collector]
    logger.setLevel(logging.WARNING)
    try:
        yield missing
    finally:
        logger.handlers = others
        logger.setLevel(level)


def _unreadable(load: Load, error: Exception) -> Exception:
    if is_out_of_memory(error):
        return ProcessingError(
            "local.out_of_memory",
            f"{load.folder.name} does not fit the memory of this machine",
            hint="choose a smaller model, or quantise: float8 in config.yaml",
            where=str(load.folder),
        )
    if isinstance(error, ImportError):
        cause = " ".join(str(error).split())[:200]
        return MissingError("engine.not_ready", f"{load.folder.name} needs a package: {cause}", hint="pip install it")
    return _damaged(load, " ".join(str(error).split())[:300] or type(error).__name__)


def _damaged(load: Load, cause: str) -> InputError:
    text = f"{load.folder} cannot be loaded as {load.pipeline}: {cause}"
    return InputError("models.damaged", text, hint="get the model again", where=str(load.folder))
