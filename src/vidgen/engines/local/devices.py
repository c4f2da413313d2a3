"""What this machine can compute on, found without loading torch."""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Device:
    """A device: its kind, its number among its kind, its name, and its memory in GiB (that of the machine for a CPU)."""

    kind: Literal["cuda", "mps", "cpu"]
    index: int = 0
    name: str = ""
    memory_gb: float = 0.0

    @property
    def torch_name(self) -> str:
        """As torch calls it."""
        return f"cuda:{self.index}" if self.kind == "cuda" else self.kind

    @property
    def is_gpu(self) -> bool:
        """Whether it is more than the CPU."""
        return self.kind != "cpu"


@functools.cache
def devices() -> tuple[Device, ...]:
    """Every GPU; the CPU alone where there is none. AMD's GPUs are not found by this."""
    return _nvidia() or _apple() or (Device("cpu", 0, platform.processor() or platform.machine(), _memory_gb()),)


def device_of(torch_name: str) -> Device:
    """The device that torch calls so."""
    kind, _, index = torch_name.partition(":")
    found = next((device for device in devices() if device.torch_name == torch_name), None)
    if found:
        return found
    return Device(kind if kind in ("cuda", "mps") else "cpu", int(index or 0), torch_name, _memory_gb())  # type: ignore[arg-type]


def _nvidia() -> tuple[Device, ...]:
    exe = shutil.which("nvidia-smi")
    if exe is None:
        return ()
    query = [exe, "--query-gpu=index,name,memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, check=False, timeout=20, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = []
    for line in done.stdout.splitlines() if done.returncode == 0 else ():
        index, name, memory = (part.strip() for part in line.split(",", 2))
        if index.isdigit() and memory.isdigit():
            found.append(Device("cuda", int(index), name, int(memory) / 1024))
    return tuple(found)


def _apple() -> tuple[Device, ...]:
    if sys.platform != "darwin" or platform.machine() != "arm64":
        return ()
    return (Device("mps", 0, "Apple GPU", _memory_gb() * 0.7),)


def _memory_gb() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, ValueError, OSError):
        return 0.0
