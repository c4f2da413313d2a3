"""Puts a pipeline on a device: the text part to encode prompts with, and then everything else, once for a run."""

from __future__ import annotations

import gc
import importlib.util
import inspect
import json
import logging
import re
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from vidgen.engines.local.families import family_of_class, parts_of
from vidgen.engines.local.footprint import DENOISERS, weights
from vidgen.engines.local.job import Adapter, Load
from vidgen.engines.worker import speed
from vidgen.engines.worker.memory import free_bytes, is_out_of_memory, release
from vidgen.engines.worker.quantised import named, quantised
from vidgen.errors import InputError, MissingError, ProcessingError, VidgenError

__all__ = ["Loaded", "Parts", "load", "loads", "quiet", "readapt", "release"]

Parts = Literal["text", "picture", "whole"]

loads: Counter[tuple[str, str]] = Counter()
"""How often what was loaded in this process: (folder, parts)."""

_LORA = "params.lora:"
_TEXT = ("text_encoder", "tokenizer")


@dataclass
class Loaded:
    """A pipeline on its device.

    ``load`` is what was asked for; ``used`` is how it really is, where a wish could not be had: its dtype, attention and
    compilation belong into manifests. ``notices`` say what differs.
    """

    pipe: Any
    load: Load
    notices: list[tuple[str, str]] = field(default_factory=list)
    used: Load = field(init=False)

    def __post_init__(self) -> None:
        self.used = self.load

    @property
    def denoisers(self) -> list[Any]:
        """The networks that take the steps: one, or two experts."""
        return [part for name in DENOISERS if (part := getattr(self.pipe, name, None)) is not None]

    def ignored(self, wish: str, why: str) -> None:
        """Note that a setting of this machine is not followed."""
        self.notices.append(("engine.wish_ignored", f"{wish}: {why}; the default is used"))

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

    Raises InputError ``models.damaged`` where files are missing, cut short or do not fit together, ``models.not_a_pipeline``
    where diffusers has no such class, ``models.unreadable`` for a LoRA that does not fit; MissingError ``engine.not_ready``
    where the device or a package for quantised weights is not here; what torch raises where memory runs out
    (``is_out_of_memory``). Nothing stays on the device then.
    """
    with quiet():
        _check_device(wanted)
        loaded = Loaded(None, wanted)
        try:
            loaded.pipe = _read(loaded, parts)
            loads[(str(wanted.folder), parts)] += 1
            loaded.pipe.set_progress_bar_config(disable=True)
            if parts == "text":
                _place_text(loaded)
            else:
                _adapt(loaded, wanted.adapters)
                _place(loaded)
        except BaseException as error:
            traceback.clear_frames(error.__traceback__)  # they hold half-loaded networks
            loaded.close()
            raise
    return loaded


def readapt(loaded: Loaded, wanted: Load) -> bool:
    """Change the LoRAs and the class of a loaded pipeline where nothing else differs from what is wanted; whether that was so.

    Shots of one film differ in their camera's LoRA, and in whether they open with a picture; the networks need not be loaded
    again for that. Raises as ``load`` does for a LoRA; the pipeline is gone then, as it has neither the old ones nor the new.
    """
    have = loaded.load
    if loaded.pipe is None or replace(wanted, adapters=have.adapters, pipeline=have.pipeline) != have:
        return False
    others = wanted.adapters != have.adapters
    # Layers that join compiled ones are not seen, and such that join weights of 8 bits cannot compute with them.
    if others and (loaded.used.compile or wanted.compile or wanted.quantise == "float8"):
        return False
    with quiet():
        if wanted.pipeline != have.pipeline and not _turn(loaded, wanted):
            return False
        if others:
            _adapt_anew(loaded, wanted.adapters)
    loaded.load = wanted
    loaded.used = replace(loaded.used, adapters=wanted.adapters, pipeline=wanted.pipeline)
    return True


def _turn(loaded: Loaded, wanted: Load) -> bool:
    """Make another class of pipeline of the same parts; whether they are all that it needs."""
    import diffusers

    old, kind = loaded.pipe, getattr(diffusers, wanted.pipeline, None)
    if kind is None:
        return False
    takes = {name: one for name, one in inspect.signature(kind.__init__).parameters.items() if name != "self"}
    there = {**{name: value for name, value in old.config.items() if name in takes}, **old.components}
    needed = {name for name, one in takes.items() if one.default is one.empty} | set(_index(wanted.folder)) & set(takes)
    if needed - set(there):
        return False
    loaded.pipe = kind(**{name: there[name] for name in takes if name in there})
    loaded.pipe.scheduler = getattr(old, "_vidgen_scheduler", old.scheduler)
    loaded.pipe.set_progress_bar_config(disable=True)
    # The order in which parts take turns is the pipeline's.
    if loaded.used.offload == "model" and not wanted.device.startswith("cpu"):
        loaded.pipe.enable_model_cpu_offload(device=wanted.device)
    return True


def _adapt_anew(loaded: Loaded, adapters: tuple[Adapter, ...]) -> None:
    loaded.notices = [notice for notice in loaded.notices if not notice[1].startswith(_LORA)]
    try:
        if loaded.load.adapters:
            loaded.pipe.unload_lora_weights()
        _adapt(loaded, adapters)
    except BaseException as error:
        traceback.clear_frames(error.__traceback__)
        loaded.close()
        raise


def _check_device(wanted: Load) -> None:
    """Raise MissingError where this torch cannot use the device. What names no GPU is on that one from then on: streams,
    kernels of other packages, and the memory that CUDA takes for itself.
    """
    import torch

    device = torch.device(wanted.device)
    kind = device.type
    if not {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}.get(kind, True):
        text = f"this torch ({torch.__version__}) cannot use {wanted.device}"
        raise MissingError("engine.not_ready", text, hint="install the torch that is made for this GPU: https://pytorch.org")
    if kind == "cuda" and device.index is not None:
        torch.cuda.set_device(device)


@cache
def _leave_libraries_out_of_collections() -> None:
    """The libraries' half a million objects live as long as the process: looking through them each time that memory is given
    back would take longer than giving it back.
    """
    gc.freeze()


def _read(loaded: Loaded, parts: Parts) -> Any:
    """The pipeline from its folder, on the CPU or where quantised weights have to be."""
    import diffusers
    import torch

    wanted = loaded.load
    kind = getattr(diffusers, wanted.pipeline, None)
    if kind is None:
        text = f"{wanted.folder}: this diffusers ({diffusers.__version__}) has no {wanted.pipeline}"
        raise InputError("models.not_a_pipeline", text, hint="pip install -U diffusers", where=str(wanted.folder))
    _leave_libraries_out_of_collections()
    index = _index(wanted.folder)
    needed = {name for name, one in inspect.signature(kind.__init__).parameters.items() if one.default is one.empty} - {"self"}
    halved = {name: None for name in {*index, *needed} if parts != "whole" and (parts == "text") != name.startswith(_TEXT)}
    dtype = _dtype(loaded)
    exact = family_of_class(wanted.pipeline).float32.get(index.get("vae", ""), ())
    options: dict[str, Any] = {
        "local_files_only": True,
        "dtype": {**dict.fromkeys(exact, torch.float32), "default": dtype},
        **halved,
    }
    if not wanted.trust:
        options["use_safetensors"] = True
    if parts != "text":
        options |= quantised(wanted, index, dtype)
        loaded.used = replace(loaded.used, quantise=named(wanted.quantise))
    try:
        with _complaints() as missing:
            pipe = kind.from_pretrained(wanted.folder, **options)
    except VidgenError:
        raise
    except Exception as error:  # a folder can be wrong in as many ways as there are exceptions
        traceback.clear_frames(error.__traceback__)
        raise _unreadable(wanted, error) from error
    for name, part in pipe.components.items():
        if isinstance(part, torch.nn.Module):
            missing += [f"{name}.{at}" for at, tensor in part.named_parameters() if tensor.is_meta]
    if missing:
        raise _damaged(wanted, f"weights are missing: {', '.join(missing[:3])}{', ...' if len(missing) > 3 else ''}")
    return pipe


def _index(folder: Path) -> Mapping[str, str]:
    """The parts of a pipeline and their classes."""
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    return {name: kind for name, (_, kind) in parts_of(index).items()}


def _dtype(loaded: Loaded) -> Any:
    """The number format, which an old GPU may not have."""
    import torch

    wanted = loaded.load
    if wanted.dtype == "bfloat16" and wanted.device.startswith("cuda"):
        with torch.cuda.device(wanted.device):
            if not torch.cuda.is_bf16_supported(including_emulation=False):
                loaded.used = replace(loaded.used, dtype="float16")
                text = f"dtype: {torch.cuda.get_device_name()} does not compute in bfloat16; float16 is used"
                loaded.notices.append(("engine.wish_approximated", text))
    return getattr(torch, loaded.used.dtype)


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What transformers says is missing from a file while it loads; it would go on with random numbers."""
    missing: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            missing.extend(re.findall(r"^(\S+)\s*\|.*MISSING", record.getMessage(), re.M))

    logger, ear = logging.getLogger("transformers"), Ear()
    others, level = logger.handlers[:], logger.level
    logger.handlers = [ear]
    logger.setLevel(logging.WARNING)
    try:
        yield missing
    finally:
        logger.handlers = others
        logger.setLevel(level)


def _place_text(loaded: Loaded) -> None:
    """Text encoders on the device; where they are too large for it, layer by layer."""
    import torch

    pipe, wanted = loaded.pipe, loaded.load
    device = torch.device(wanted.device)
    if device.type != "cuda" or wanted.offload in ("none", "model"):
        try:
            pipe.to(device)
            return
        except Exception as error:
            if device.type == "cpu" or not is_out_of_memory(error):
                raise
            traceback.clear_frames(error.__traceback__)
        pipe.to("cpu")
        release()
        loaded.notices.append(("local.weaker_plan", "memory ran out; the text encoder waits outside the GPU"))
    _stream(loaded, device)


def _place(loaded: Loaded) -> None:
    """Device, offload, VAE tiles, attention, compilation."""
    import torch

    pipe, wanted = loaded.pipe, loaded.load
    device = torch.device(wanted.device)
    vae = getattr(pipe, "vae", None)
    for name in ("enable_slicing", *(["enable_tiling"] if wanted.tiling else [])):
        with suppress(AttributeError, NotImplementedError):  # not every decoder has both
            getattr(vae, name)()
    if wanted.quantise == "float8":
        for network in loaded.denoisers:
            network.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=getattr(torch, loaded.used.dtype))
    if wanted.offload == "none" or device.type == "cpu":
        pipe.to(device)
    elif wanted.offload == "model":
        pipe.enable_model_cpu_offload(device=device)
    elif wanted.offload == "sequential":
        pipe.enable_sequential_cpu_offload(device=device)
    else:
        _stream(loaded, device)
    family = family_of_class(wanted.pipeline)
    if required := next(filter(None, (family.required_attention(network.config) for network in loaded.denoisers)), ""):
        if wanted.attention not in ("", required):
            loaded.ignored(f"attention {wanted.attention}", f"this model's attention needs {required}")
        wanted = replace(wanted, attention=required, compile=wanted.compile or device.type == "cuda")
        loaded.used = replace(loaded.used, attention=wanted.attention, compile=wanted.compile)
    if wanted.attention:
        why = speed.set_attention(loaded.denoisers, wanted.attention, device, getattr(torch, loaded.used.dtype))
        if why:
            loaded.used = replace(loaded.used, attention="")
            loaded.ignored(f"attention {wanted.attention}", why)
    if wanted.share > 1:
        speed.share_over_gpus(loaded.denoisers)
    if wanted.compile and (why := speed.compile_blocks(loaded.denoisers, device)):
        loaded.used = replace(loaded.used, compile=False)
        loaded.ignored("compile", why)


def _stream(loaded: Loaded, device: Any) -> None:
    """Layers come to the device just before they are needed, the next one while the last one computes; the VAE stays there."""
    import torch

    streams = device.type == "cuda"
    loaded.pipe.enable_group_offload(
        onload_device=device,
        offload_device=torch.device("cpu"),
        offload_type="leaf_level",
        use_stream=streams,
        record_stream=streams,
        low_cpu_mem_usage=sum(weights(loaded.load).values()) * 1.5 > free_bytes("cpu"),  # else all of it is pinned
        exclude_modules=["vae"],
    )


def _adapt(loaded: Loaded, adapters: tuple[Adapter, ...]) -> None:
    """Load LoRAs from their files, with their weights. One whose role ends in ``low noise`` is for the second expert."""
    pipe = loaded.pipe
    if not adapters:
        return
    if not hasattr(pipe, "load_lora_weights"):
        raise InputError("engine.cannot", f"{type(pipe).__name__} takes no LoRA", hint="leave params.lora out")
    if importlib.util.find_spec("peft") is None:
        raise MissingError("engine.not_ready", "LoRAs need the package peft", hint="pip install 'vidgen[local]'")
    names = [f"lora{number}" for number, _ in enumerate(adapters, 1)]
    for name, adapter in zip(names, adapters, strict=True):
        if not adapter.file.is_file():
            raise InputError("media.not_found", f"the LoRA {adapter.file} does not exist", where=str(adapter.file))
        second = {"load_into_transformer_2": True} if adapter.role.endswith("low noise") else {}
        try:
            with _words_left_out(loaded, adapter):
                pipe.load_lora_weights(
                    adapter.file.parent, weight_name=adapter.file.name, adapter_name=name, local_files_only=True, **second
                )
            if not any(name in found for found in pipe.get_list_adapters().values()):
                raise ValueError("none of its weights belong to this model")
        except Exception as error:
            if is_out_of_memory(error):
                raise
            cause = " ".join(str(error).split())[:200]
            text = f"{adapter.file} is not a LoRA for {type(pipe).__name__}: {cause}"
            hint = "use one that was made for this model"
            raise InputError("models.unreadable", text, hint=hint, where=str(adapter.file)) from error
    pipe.set_adapters(names, adapter_weights=[adapter.weight for adapter in adapters])


@contextmanager
def _words_left_out(loaded: Loaded, adapter: Adapter) -> Iterator[None]:
    """Load a LoRA without what it has for the text encoder where that has left: prompts are encoded without LoRAs."""
    pipe = loaded.pipe
    if not hasattr(pipe, "load_lora_into_text_encoder") or pipe.components.get("text_encoder") is not None:
        yield
        return

    def leave_out(tensors: Mapping[str, Any], *rest: Any, **named: Any) -> None:
        if any(name.startswith("text_encoder") for name in tensors):
            text = f"{_LORA} {adapter.file.name} changes how words are read, too; only what it changes in the picture is used"
            loaded.notices.append(("engine.wish_approximated", text))

    pipe.load_lora_into_text_encoder = leave_out
    try:
        yield
    finally:
        del pipe.load_lora_into_text_encoder


def _unreadable(wanted: Load, error: Exception) -> Exception:
    if is_out_of_memory(error):
        return ProcessingError(
            "local.out_of_memory",
            f"{wanted.folder.name} does not fit the memory of this machine",
            hint="choose a smaller model, or quantise: float8 in config.yaml",
            where=str(wanted.folder),
        )
    if isinstance(error, ImportError):
        cause = " ".join(str(error).split())[:200]
        return MissingError("engine.not_ready", f"{wanted.folder.name} needs a package: {cause}", hint="pip install it")
    return _damaged(wanted, " ".join(str(error).split())[:300] or type(error).__name__)


def _damaged(wanted: Load, cause: str) -> InputError:
    text = f"{wanted.folder} cannot be loaded as {wanted.pipeline}: {cause}"
    return InputError("models.damaged", text, hint="get the model again", where=str(wanted.folder))
