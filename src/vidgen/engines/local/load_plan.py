"""How the pipeline of a model is put on a device: class, number format, and where weights wait."""

from __future__ import annotations

from vidgen.engines.local.devices import Device
from vidgen.engines.local.folder import ModelFolder, trusted
from vidgen.engines.local.footprint import weights
from vidgen.engines.local.job import Adapter, Load, Offload
from vidgen.engines.local.settings import Settings
from vidgen.takes.request import Task

_DTYPE = {"cuda": "bfloat16", "mps": "float16", "cpu": "float32"}
_WORK = 1.3
"""Memory that a model needs, over that of its weights, where the table says nothing."""


def load_of(folder: ModelFolder, task: Task, device: Device, settings: Settings, adapters: tuple[Adapter, ...] = ()) -> Load:
    """The load of the pipeline for a task, by the user's settings and the device's memory."""
    offload: Offload = "none"
    if device.kind != "cpu":
        offload = settings.offload or _offload(folder, device, settings.quantise or "")
    return Load(
        folder=folder.path.absolute(),
        pipeline=(folder.model.pipelines if folder.model else {}).get(task) or folder.family.pipelines[task],
        device=device.torch_name,
        dtype=settings.dtype or _DTYPE[device.kind],
        share=settings.context_parallel,
        offload=offload,
        tiling=device.is_gpu and offload != "none",
        attention=settings.attention or "",
        compile=settings.compile,
        quantise=settings.quantise or "",
        adapters=adapters,
        trust=trusted(),
    )


def _offload(folder: ModelFolder, device: Device, quantise: str) -> Offload:
    """Where weights wait, by what the table says of the model's need, else by the size of its files."""
    if folder.model and folder.model.vram_gb:
        return folder.model.fits(device.memory_gb, quantise=quantise) or "group"  # type: ignore[return-value]
    parts = weights(Load(folder.path, folder.pipeline, dtype="bfloat16", quantise=quantise))
    free = device.memory_gb * 2**30 / _WORK
    if sum(parts.values()) <= free:
        return "none"
    return "model" if max(parts.values(), default=0) <= free else "group"
