"""Weights with fewer bits: the arguments of ``from_pretrained`` that load the networks of the steps so."""

from __future__ import annotations

import importlib
import importlib.util
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vidgen.engines.local.footprint import DENOISERS
from vidgen.engines.local.job import Load, gguf_files
from vidgen.engines.worker.memory import is_out_of_memory
from vidgen.errors import InputError, MissingError
from vidgen.media.answers import content_of


def quantised(load: Load, index: Mapping[str, str], dtype: Any) -> Mapping[str, Any]:
    """Arguments of ``from_pretrained`` for ``Load.quantise``; none for "" and ``float8``, which changes weights once loaded.

    ``bitsandbytes-4bit``, ``bitsandbytes-8bit``, ``torchao-int8``; or ``gguf:FILE`` with the transformer in such a file, and
    ``gguf:FILE,FILE`` for a model with two of them.

    Args:
        index: the parts of the folder and their classes.
        dtype: what is computed in.

    Raises MissingError ``engine.not_ready`` where the package is missing, InputError for a file that does not fit.
    """
    method, _, file = load.quantise.partition(":")
    if method in ("", "float8"):
        return {}
    package = method.partition("-")[0]
    if importlib.util.find_spec(package) is None:
        text = f"quantise: {method} needs the package {package}"
        raise MissingError("engine.not_ready", text, hint="pip install 'vidgen[quantise]'")
    if package == "bitsandbytes" and not load.device.startswith("cuda"):
        text = f"quantise: {method} needs an NVIDIA GPU, not {load.device}"
        raise MissingError("engine.not_ready", text, hint="leave quantise out, or take float8 or torchao-int8")
    if method == "gguf":
        return _from_gguf(load, gguf_files(load.quantise), index, dtype)
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


def named(quantise: str) -> str:
    """The method as manifests name it: files without their folders, with their content."""
    files = gguf_files(quantise)
    return f"gguf:{', '.join(f'{file.name} sha256:{content_of(file)}' for file in files)}" if files else quantise


def _from_gguf(load: Load, files: Sequence[Path], index: Mapping[str, str], dtype: Any) -> Mapping[str, Any]:
    """The networks from files of that kind, with the settings of the folder's own."""
    import diffusers

    networks = {name: getattr(diffusers, index[name], None) for name in DENOISERS if name in index}
    if not networks or not all(_from_makers(diffusers, kind) for kind in networks.values()):
        raise InputError("engine.cannot", f"{load.pipeline} cannot be loaded from a gguf file", hint="leave quantise out")
    if len(files) != len(networks):
        text = f"quantise: {load.folder.name} has {len(networks)} networks, and {len(files)} file is named"
        raise InputError("request.bad_value", text, hint=f"quantise: gguf:{','.join(['FILE'] * len(networks))}")
    return {name: _network(load, name, kind, file, dtype) for (name, kind), file in zip(networks.items(), files, strict=True)}


def _from_makers(diffusers: Any, kind: Any) -> bool:
    """Whether diffusers reads the network from one file: it knows how the makers of these call its weights."""
    known = diffusers.loaders.single_file_model.SINGLE_FILE_LOADABLE_CLASSES
    return kind is not None and kind.__name__ in known and hasattr(kind, "from_single_file")


def _network(load: Load, name: str, kind: Any, file: Path, dtype: Any) -> Any:
    import diffusers

    if not file.is_file():
        raise InputError("media.not_found", f"quantise: {file} does not exist", hint="give gguf:FILE", where=str(file))
    try:
        return kind.from_single_file(
            str(file),
            quantization_config=diffusers.GGUFQuantizationConfig(compute_dtype=dtype),
            config=str(load.folder / name),
            dtype=dtype,
            local_files_only=True,
        )
    except Exception as error:
        if is_out_of_memory(error):
            raise
        traceback.clear_frames(error.__traceback__)
        cause = " ".join(str(error).split())[:200]
        text = f"{file} is not a {name.partition('_')[0]} of {load.folder.name}: {cause}"
        raise InputError("models.unreadable", text, hint="use a file made for this model", where=str(file)) from error
