"""Puts a pipeline on a device: the text part to encode prompts with, and then everything else, once for a run."""

from __future__ import annotations

import gc
import json
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from vidgen.engines.local.job import Load
from vidgen.errors import InputError, MissingError, ProcessingError

Parts = Literal["text", "picture", "whole"]

loads: Counter[tuple[str, str]] = Counter()
"""How often what was loaded in this process: (folder, parts)."""

_TEXT = ("text_encoder", "tokenizer")


@dataclass
class Loaded:
    """A pipeline on its device. ``notices`` say what was wished and is not to be had."""

    pipe: Any
    load: Load
    notices: list[tuple[str, str]] = field(default_factory=list)

    @property
    def denoisers(self) -> list[Any]:
        """The networks that take the steps: one, or two experts."""
        names = ("transformer", "transformer_2", "unet")
        return [part for name in names if (part := getattr(self.pipe, name, None)) is not None]

    def close(self) -> None:
        """Give its memory back."""
        self.pipe = None
        release()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' notices and progress bars to themselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import diffusers
        import transformers

        diffusers.utils.logging.set_verbosity_error()
        diffusers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        yield


def load(wanted: Load, parts: Parts) -> Loaded:
    """Load a pipeline: ``text`` (tokenizers and text encoders only), ``picture`` (all but these), or ``whole``.

    Raises InputError ``models.damaged`` where a file cannot be read, ``models.not_a_pipeline`` where the folder is not of that
    class, MissingError where a package for quantised weights is missing.
    """
    import diffusers
    import torch

    index = json.loads((wanted.folder / "model_index.json").read_text(encoding="utf-8"))
    names = [name for name, part in index.items() if isinstance(part, list) and len(part) == 2 and part[0]]
    left_out = {name: None for name in names if parts != "whole" and (parts == "text") != name.startswith(_TEXT)}
    kind = getattr(diffusers, wanted.pipeline)
    options: dict[str, Any] = {"local_files_only": True, "torch_dtype": getattr(torch, wanted.dtype), **left_out}
    if not wanted.trust:
        options["use_safetensors"] = True
    if (setup := _quantisation(wanted)) and parts != "text":
        options["quantization_config"] = setup
    with quiet():
        try:
            pipe = kind.from_pretrained(wanted.folder, **options)
        except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
            release()
            raise _unreadable(wanted, error) from error
        loads[(str(wanted.folder), parts)] += 1
        loaded = Loaded(pipe, wanted)
        pipe.set_progress_bar_config(disable=True)
        if parts == "text":
            pipe.to(wanted.device)
        else:
            _adapt(loaded)
            _place(loaded)
    return loaded


def release() -> None:
    """Give memory that nobody uses any more back to the device."""
    gc.collect()
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _place(loaded: Loaded) -> None:
    """Device, offload, VAE tiles, attention, compilation."""
    import torch

    pipe, wanted = loaded.pipe, loaded.load
    device = torch.device(wanted.device)
    vae = getattr(pipe, "vae", None)
    if vae is not None:
        if device.type == "cuda" and "Wan" in type(vae).__name__:
            vae.to(torch.float32)  # its 16-bit decoder bands skies
        for name in ("enable_slicing", *(["enable_tiling"] if wanted.tiling else [])):
            with suppress(AttributeError, NotImplementedError):  # not every decoder has both
                getattr(vae, name)()
    for denoiser in loaded.denoisers:
        _speed(loaded, denoiser)
    if wanted.offload == "none" or device.type == "cpu":
        pipe.to(device)
    elif wanted.offload == "model":
        pipe.enable_model_cpu_offload(device=device)
    elif wanted.offload == "sequential":
        pipe.enable_sequential_cpu_offload(device=device)
    else:
        for name, part in pipe.components.items():
            if not isinstance(part, torch.nn.Module):
                continue
            if part in loaded.denoisers and hasattr(part, "enable_group_offload"):
                streams = device.type == "cuda"
                network: Any = part
                network.enable_group_offload(
                    onload_device=device, offload_device=torch.device("cpu"), offload_type="leaf_level", use_stream=streams
                )
            else:
                getattr(pipe, name).to(device)


def _speed(loaded: Loaded, network: Any) -> None:
    wanted = loaded.load
    if wanted.quantise == "float8":
        import torch

        network.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=getattr(torch, wanted.dtype))
    if wanted.attention and hasattr(network, "set_attention_backend"):
        if wanted.attention.endswith("_hub"):
            text = f"attention: {wanted.attention} would download code; the default is used"
            loaded.notices.append(("engine.wish_ignored", text))
        else:
            try:
                network.set_attention_backend(wanted.attention)
            except (RuntimeError, ValueError, ImportError) as error:
                cause = str(error).splitlines()[0][:160]
                loaded.notices.append(("engine.wish_ignored", f"attention: {wanted.attention} cannot be used here: {cause}"))
    if wanted.compile and hasattr(network, "compile_repeated_blocks"):
        network.compile_repeated_blocks(fullgraph=True)


def _adapt(loaded: Loaded) -> None:
    """Load the LoRAs of a pipeline, each under its place's number."""
    pipe, adapters = loaded.pipe, loaded.load.adapters
    if not adapters:
        return
    if not hasattr(pipe, "load_lora_weights"):
        raise InputError("engine.cannot", f"{type(pipe).__name__} takes no LoRA", hint="leave params.lora out")
    names = [f"lora{number}" for number, _ in enumerate(adapters, 1)]
    for name, adapter in zip(names, adapters, strict=True):
        try:
            pipe.load_lora_weights(adapter.file.parent, weight_name=adapter.file.name, adapter_name=name, local_files_only=True)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            cause = str(error).splitlines()[0][:200]
            text = f"{adapter.file} is not a LoRA for {type(pipe).__name__}: {cause}"
            raise InputError("models.unreadable", text, where=str(adapter.file)) from error
    pipe.set_adapters(names, adapter_weights=[adapter.weight for adapter in adapters])


def _quantisation(wanted: Load) -> Any:
    if wanted.quantise in ("", "float8"):
        return None
    import importlib.util

    package = wanted.quantise.partition("-")[0]
    if importlib.util.find_spec(package) is None:
        raise MissingError(
            "engine.not_ready", f"quantise: {wanted.quantise} needs the package {package}", hint=f"pip install {package}"
        )
    from diffusers import PipelineQuantizationConfig

    backends = {
        "bitsandbytes-8bit": ("bitsandbytes_8bit", {"load_in_8bit": True}),
        "bitsandbytes-4bit": ("bitsandbytes_4bit", {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}),
        "torchao-int8": ("torchao", {"quant_type": "int8wo"}),
    }
    backend, settings = backends[wanted.quantise]
    return PipelineQuantizationConfig(
        quant_backend=backend, quant_kwargs=settings, components_to_quantize=["transformer", "transformer_2", "unet"]
    )


def _unreadable(wanted: Load, error: Exception) -> Exception:
    from vidgen.engines.local.memory import is_out_of_memory

    if is_out_of_memory(error):
        return ProcessingError(
            "local.out_of_memory",
            f"{wanted.folder.name} does not fit {wanted.device}",
            hint="choose a smaller model, or offload: group in config.yaml",
            where=str(wanted.folder),
        )
    cause = " ".join(str(error).split())[:300]
    return InputError(
        "models.damaged", f"{wanted.folder} cannot be loaded as {wanted.pipeline}: {cause}", hint="get the model again",
        where=str(wanted.folder),
    )  # fmt: skip


def lora_sha256(file: Path) -> str:
    """The SHA-256 of a LoRA file, for the manifest."""
    from vidgen.media.files import sha256_file

    return sha256_file(file)
