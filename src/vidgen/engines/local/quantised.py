"""Weights with fewer bits: what ``from_pretrained`` is told to load the networks of the steps so."""

from __future__ import annotations

import importlib
import importlib.util
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from vidgen.engines.local.job import Load
from vidgen.engines.local.memory import DENOISERS
from vidgen.errors import InputError, MissingError


def quantised(wanted: Load, index: Mapping[str, str], dtype: Any) -> Mapping[str, Any]:
    """Arguments of ``from_pretrained`` for ``Load.quantise``; none for "" and ``float8``, which changes weights once loaded.

    ``bitsandbytes-4bit``, ``bitsandbytes-8bit``, ``torchao-int8``; or ``gguf:FILE`` with the transformer in such a file.

    Args:
        index: the parts of the folder and their classes.
        dtype: what is computed in.

    Raises MissingError ``engine.not_ready`` where the package is missing, InputError for a file that does not fit.
    """
    method, _, file = wanted.quantise.partition(":")
    if method in ("", "float8"):
        return {}
    package = method.partition("-")[0]
    if importlib.util.find_spec(package) is None:
        text = f"quantise: {method} needs the package {package}"
        raise MissingError("engine.not_ready", text, hint="pip install 'vidgen[quantise]'")
    if package == "bitsandbytes" and not wanted.device.startswith("cuda"):
        text = f"quantise: {method} needs an NVIDIA GPU, not {wanted.device}"
        raise MissingError("engine.not_ready", text, hint="leave quantise out, or take float8 or torchao-int8")
    if method == "gguf":
        return {"transformer": _from_gguf(wanted, Path(file).expanduser(), index, dtype)}
    if method not in _SETUPS:
        raise InputError("request.bad_value", f"quantise: {method!r} is not known", hint=f"known: {', '.join(_SETUPS)}")
    import diffusers

    setup = _SETUPS[method](diffusers, dtype)
    mapping = {name: setup for name in DENOISERS if name in index}
    return {"quantization_config": diffusers.PipelineQuantizationConfig(quant_mapping=mapping)}


def _torchao(diffusers: Any, dtype: Any) -> Any:
    return diffusers.TorchAoConfig(importlib.import_module("torchao.quantization").Int8WeightOnlyConfig())


def _eight_bits(diffusers: Any, dtype: Any) -> Any:
    return diffusers.BitsAndBytesConfig(load_in_8bit=True)


def _four_bits(diffusers: Any, dtype: Any) -> Any:
    return diffusers.BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)


_SETUPS: Mapping[str, Callable[[Any, Any], Any]] = {
    "torchao-int8": _torchao,
    "bitsandbytes-8bit": _eight_bits,
    "bitsandbytes-4bit": _four_bits,
}


def _from_gguf(wanted: Load, file: Path, index: Mapping[str, str], dtype: Any) -> Any:
    """The transformer from a file of that kind, with the settings of the folder's own."""
    import diffusers

    if not file.is_file():
        raise InputError("media.not_found", f"quantise: {file} does not exist", hint="give gguf:FILE", where=str(file))
    kind: Any = getattr(diffusers, index.get("transformer", ""), None)
    if not hasattr(kind, "from_single_file"):
        raise InputError("engine.cannot", f"{wanted.pipeline} cannot be loaded from a gguf file", hint="leave quantise out")
    try:
        return kind.from_single_file(
            str(file),
            quantization_config=diffusers.GGUFQuantizationConfig(compute_dtype=dtype),
            config=str(wanted.folder / "transformer"),
            dtype=dtype,
            local_files_only=True,
        )
    except Exception as error:
        traceback.clear_frames(error.__traceback__)
        cause = " ".join(str(error).split())[:200]
        text = f"{file} is not a transformer of {wanted.folder.name}: {cause}"
        raise InputError("models.unreadable", text, hint="use a file made for this model", where=str(file)) from error
