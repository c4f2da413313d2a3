"""Where networks run: a CUDA or Apple GPU where torch has one, else the CPU."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Device:
    """``device`` and ``dtype``, the number form that it is fast and exact enough in."""

    device: torch.device
    dtype: torch.dtype

    @property
    def name(self) -> str:
        """``cuda``, ``mps`` or ``cpu``."""
        return self.device.type


def best_device(name: str | None = None) -> Device:
    """The device to run networks on; ``name`` says which. Half precision on CUDA from compute capability 7.0 on."""
    import torch

    name = name or ("cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu")
    half = name.startswith("cuda") and torch.cuda.get_device_capability()[0] >= 7
    return Device(torch.device(name), torch.float16 if half else torch.float32)


def gpu_here() -> bool:
    """Whether this machine seems to have a GPU that torch could use: a cheap guess by the driver's traces, without torch."""
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    return any(Path(place).exists() for place in ("/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd", "/proc/driver/nvidia/version"))
