"""Decodes finished latents with less and less memory, so that a clip whose steps are done is never denoised again for it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from vidgen.engines.worker.loaded import Loaded
from vidgen.engines.worker.memory import free_bytes, is_out_of_memory, release


@contextmanager
def with_fallbacks(loaded: Loaded) -> Iterator[None]:
    """While this lasts, the VAE decodes the same latents again by a weaker plan where memory runs out.

    In order: fewer frames of a take at a time where the VAE can (Stable Video Diffusion's), tiles, and the networks of the
    steps in main memory meanwhile, until ``gathered``. What was given up stays so for the next takes, and is a notice.
    Where nothing is left to give up, what torch raised goes on.
    """
    vae = getattr(loaded.pipe, "vae", None)
    if vae is None:
        yield
        return
    plain = vae.decode

    def decode(latents: Any, *rest: Any, **named: Any) -> Any:
        while True:
            try:
                return plain(latents, *rest, **named)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                traceback.clear_frames(error.__traceback__)  # they hold the half-decoded clip
                failed = error
            release()
            if named.get("num_frames", 1) > 1 and len(latents) == named["num_frames"]:
                _note(loaded, "fewer frames are decoded at a time")
                return _halves(decode, latents, rest, named)
            if not _lower(loaded, vae):
                raise failed

    vae.decode = decode
    try:
        yield
    finally:
        del vae.decode


def gathered(loaded: Loaded) -> None:
    """Bring networks back that waited in main memory while a clip was decoded."""
    if loaded.load.offload == "none":
        for network in loaded.denoisers:
            if network.device.type != loaded.pipe.vae.device.type:
                network.to(loaded.pipe.vae.device)


def _lower(loaded: Loaded, vae: Any) -> bool:
    """Give one more thing up; whether there was one."""
    if hasattr(vae, "use_tiling") and not vae.use_tiling:
        vae.enable_tiling()
        loaded.used = replace(loaded.used, tiling=True)
        _note(loaded, "the picture is decoded in tiles")
        return True
    inside = [network for network in loaded.denoisers if network.device.type == "cuda"]
    size = sum(part.numel() * part.element_size() for network in inside for part in network.parameters())
    taken_apart = loaded.load.quantise.startswith("bitsandbytes")  # its weights are tied to the GPU
    if loaded.load.offload != "none" or taken_apart or not 0 < size < free_bytes("cpu"):
        return False
    for network in inside:
        network.to("cpu")
    release()
    _note(loaded, "the networks of the steps wait outside the GPU while it is decoded")
    return True


def _halves(decode: Any, latents: Any, rest: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """A clip whose frames are a batch, decoded in two parts."""
    import torch

    middle = len(latents) // 2
    parts = [decode(part, *rest, **{**named, "num_frames": len(part)}) for part in (latents[:middle], latents[middle:])]
    whole = parts[0]
    whole.sample = torch.cat([part.sample for part in parts])
    return whole


def _note(loaded: Loaded, why: str) -> None:
    notice = ("local.weaker_plan", f"memory ran out after the last step; {why}")
    if notice not in loaded.notices:
        loaded.notices.append(notice)
