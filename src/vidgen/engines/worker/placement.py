"""Moves the parts of a pipeline to its device: whole, one by one, or streamed in layers."""

from __future__ import annotations

import traceback
from contextlib import suppress
from dataclasses import replace
from typing import Any

from vidgen.engines.local.families import family_of_class
from vidgen.engines.local.footprint import weights
from vidgen.engines.worker import speed
from vidgen.engines.worker.loaded import Loaded
from vidgen.engines.worker.memory import free_bytes, is_out_of_memory, release


def place_text(loaded: Loaded) -> None:
    """Text encoders on the device; where they are too large for it, layer by layer."""
    import torch

    pipe, load = loaded.pipe, loaded.load
    device = torch.device(load.device)
    if device.type != "cuda" or load.offload in ("none", "model"):
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
    stream(loaded, device)


def place(loaded: Loaded) -> None:
    """Put a pipeline on its device, with its offload, VAE tiles, attention and compilation."""
    import torch

    load = loaded.load
    device = torch.device(load.device)
    _save_decoder_memory(loaded)
    if load.quantise == "float8":
        for network in loaded.denoisers:
            network.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=getattr(torch, loaded.used.dtype))
    if load.offload == "none" or device.type == "cpu":
        loaded.pipe.to(device)
    elif load.offload == "model":
        loaded.pipe.enable_model_cpu_offload(device=device)
    elif load.offload == "sequential":
        loaded.pipe.enable_sequential_cpu_offload(device=device)
    else:
        stream(loaded, device)
    _require_attention(loaded, device)
    _accelerate(loaded, device)


def _save_decoder_memory(loaded: Loaded) -> None:
    """Decode one take at a time, and in tiles where the load says so; not every decoder has both."""
    vae = getattr(loaded.pipe, "vae", None)
    for name in ("enable_slicing", *(["enable_tiling"] if loaded.load.tiling else [])):
        with suppress(AttributeError, NotImplementedError):
            getattr(vae, name)()


def _require_attention(loaded: Loaded, device: Any) -> None:
    """Use the attention that the model's family cannot do without; on a GPU it is compiled."""
    family, requested = family_of_class(loaded.load.pipeline), loaded.load.attention
    required = next(filter(None, (family.required_attention(network.config) for network in loaded.denoisers)), "")
    if not required:
        return
    if requested not in ("", required):
        loaded.ignored(f"attention {requested}", f"this model's attention needs {required}")
    loaded.used = replace(loaded.used, attention=required, compile=loaded.used.compile or device.type == "cuda")


def _accelerate(loaded: Loaded, device: Any) -> None:
    """Attention back end, several GPUs, compilation, as ``loaded.used`` says; what cannot be had becomes a notice."""
    import torch

    networks, plan = loaded.denoisers, loaded.used
    if plan.attention and (why := speed.set_attention(networks, plan.attention, device, getattr(torch, plan.dtype))):
        loaded.used = replace(loaded.used, attention="")
        loaded.ignored(f"attention {plan.attention}", why)
    if plan.share > 1:
        speed.share_over_gpus(networks)
    if plan.compile and (why := speed.compile_blocks(networks, device)):
        loaded.used = replace(loaded.used, compile=False)
        loaded.ignored("compile", why)


def stream(loaded: Loaded, device: Any) -> None:
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
