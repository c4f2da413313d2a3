"""Memory: how much is free, what a model needs, and weaker and weaker plans for when it runs out."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidgen.engines.local.footprint import resident
from vidgen.engines.local.job import Load, Offload
from vidgen.errors import VidgenError

_MESSAGES = (
    "out of memory",  # CUDA, HIP, MPS
    "allocate memory",  # torch on a CPU, Linux
    "not enough memory",  # torch on a CPU, Windows
    "alloc_failed",  # cuBLAS, cuDNN
    "invalid buffer size",  # MPS, for one tensor that is too large
    "bad_alloc",
)
TOKEN_BYTES = 64 * 1024
"""Activations of a token (16x16 pixels of 4 frames) in 16 bits, until a first step has been measured."""
MARGIN = 0.8
"""Share of the free memory that is planned with; the allocator loses some to pieces."""
_MODES: tuple[Offload, ...] = ("none", "model", "group", "sequential")
_measured: dict[tuple[str, str, str], float] = {}


@dataclass(frozen=True)
class Plan:
    """How a batch is run: on what load, and at most so many takes at once; ``why`` says what was given up."""

    load: Load
    at_once: int
    why: str = ""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, of a device or of the machine."""
    if isinstance(error, VidgenError):
        return error.code == "local.out_of_memory"
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or any(word in str(error).lower() for word in _MESSAGES)


def memory_fallbacks(load: Load, at_once: int) -> Iterator[Plan]:
    """The plan as requested, then smaller batches, then VAE tiles, then weights that wait outside the device.

    All give the same candidates: a smaller batch within rounding, tiles but for faint differences where they overlap. On a Mac
    nothing is won by weights that wait outside, since it is the same memory.
    """
    yield Plan(load, at_once)
    while at_once > 1:
        at_once //= 2
        yield Plan(load, at_once, f"{at_once} at a time")
    if not load.tiling:
        load = replace(load, tiling=True)
        yield Plan(load, 1, "the picture is decoded in tiles")
    if not load.device.startswith("cuda"):
        return
    for mode in _MODES[_MODES.index(load.offload) + 1 :]:
        if mode == "sequential" and load.quantise.startswith("bitsandbytes"):
            return  # its weights cannot be taken apart
        load = replace(load, offload=mode)
        yield Plan(load, 1, f"weights wait outside the GPU ({mode})")


def batch_that_fits(load: Load, free_bytes: int, width: int, height: int, frames: int, requested: int) -> int:
    """How many takes at once are worth trying, from 1 to ``requested``; 1 on a CPU, where a batch wins nothing.

    Args:
        free_bytes: what ``free_bytes(device)`` says now, before or after the weights are loaded.
        width, height: of the frames in pixels. ``frames``: of a take.
    """
    if load.device == "cpu":
        return 1
    to_come = max(0, resident(load) - _allocated(load.device))
    one = tokens(width, height, frames) * _measured.get(_key(load), TOKEN_BYTES)
    return max(1, min(requested, int((free_bytes - to_come) * MARGIN / one)))


def tokens(width: int, height: int, frames: int) -> float:
    """How many tokens a take has for a model that makes one of 16x16 pixels of 4 frames, as most do."""
    return width * height * frames / (16 * 16 * 4)


class Meter:
    """Measures what the steps of a batch need, for ``batch_that_fits`` of the next one. Does nothing but on CUDA.

    Make one when the weights are loaded and the batch begins, and call ``step`` after its first step.
    """

    def __init__(self, load: Load, width: int, height: int, frames: int, takes: int) -> None:
        self._load, self._tokens, self._done = load, tokens(width, height, frames) * takes, not load.device.startswith("cuda")
        if not self._done:
            import torch

            torch.cuda.reset_peak_memory_stats(load.device)
            self._before = torch.cuda.memory_allocated(load.device)

    def step(self) -> None:
        """Call after each step; the first one counts."""
        if not self._done:
            import torch

            self._done = True
            remember(self._load, (torch.cuda.max_memory_allocated(self._load.device) - self._before) / self._tokens)


def remember(load: Load, bytes_of_a_token: float) -> None:
    """Plan the next batches of this model by what was measured."""
    if bytes_of_a_token > 0:
        _measured[_key(load)] = bytes_of_a_token


def _key(load: Load) -> tuple[str, str, str]:
    return str(load.folder), load.dtype, load.attention


def free_bytes(device: str) -> int:
    """Free memory of a device in bytes, with what torch holds without using it; 0 where it is not known.

    Args:
        device: as torch calls it: ``cuda:0``, ``mps``, ``cpu`` (the machine's memory).
    """
    if device == "cpu":
        return _free_ram()
    import torch

    if device.startswith("cuda") and torch.cuda.is_available():
        free, _ = torch.cuda.mem_get_info(device)
        return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))
    if device == "mps" and torch.backends.mps.is_available():
        return int(torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory())
    return 0


def _free_ram() -> int:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (OSError, ValueError, AttributeError):
        return 0


def _allocated(device: str) -> int:
    torch: Any = sys.modules.get("torch")
    if torch is None or not device.startswith("cuda") or not torch.cuda.is_available():
        return 0
    return int(torch.cuda.memory_allocated(device))


def release() -> None:
    """Give memory that nobody uses any more back to the device."""
    gc.collect()
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
