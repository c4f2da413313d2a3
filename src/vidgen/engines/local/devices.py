"""What this machine can compute on, found without loading torch."""

from __future__ import annotations

import functools
import logging
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vidgen.programs import run_program
from vidgen.settings import settings

LOG = logging.getLogger(__name__)
Kind = Literal["cuda", "mps", "cpu"]
APPLE_SHARE = 0.7
"""How much of a Mac's memory its GPU may have, roughly, as macOS limits it."""
_KFD = Path("/sys/class/kfd/kfd/topology/nodes")
_GIB = 2**30


@dataclass(frozen=True)
class Device:
    """A device: its kind, its number among its kind, its name, and its memory in GiB (that of the machine for a CPU).

    ``free_gb``: what was free of it when it was looked at; None where that is not known. AMD's GPUs are ``cuda``, as for torch.
    """

    kind: Kind
    index: int = 0
    name: str = ""
    memory_gb: float = 0.0
    free_gb: float | None = None

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
    """Every GPU that a program may use here (``CUDA_VISIBLE_DEVICES``); the CPU alone where there is none."""
    cpu = Device("cpu", 0, platform.processor() or platform.machine(), main_memory_gb())
    return _visible(_nvidia() or _amd()) or _apple() or (cpu,)


def device_of(torch_name: str) -> Device:
    """The device that torch calls so; with the machine's memory where it was not found."""
    found = next((device for device in devices() if device.torch_name == torch_name), None)
    if found:
        return found
    name, _, index = torch_name.partition(":")
    kinds: dict[str, Kind] = {"cuda": "cuda", "mps": "mps"}
    return Device(kinds.get(name, "cpu"), int(index) if index.isdigit() else 0, torch_name, main_memory_gb())


def main_memory_gb() -> float:
    """The machine's main memory in GiB; 0 where it is not known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    except (AttributeError, ValueError, OSError):
        return 0.0


def _visible(found: tuple[Device, ...]) -> tuple[Device, ...]:
    """The GPUs that CUDA shows to programs, numbered as it does: in the order of the variable."""
    wanted = settings().visible_gpus
    if wanted is None or not found:
        return found
    numbers = [word.strip() for word in wanted.split(",")]
    chosen: list[Device] = []
    for word in numbers:
        device = next((one for one in found if str(one.index) == word), None)
        if device is None:
            if word.startswith(("GPU-", "MIG-")):
                return found  # by serial number, which is not queried: better all than none
            break  # as CUDA does: what stands behind a number that does not exist is not seen
        chosen.append(Device("cuda", len(chosen), device.name, device.memory_gb, device.free_gb))
    return tuple(chosen)


def _nvidia() -> tuple[Device, ...]:
    exe = shutil.which("nvidia-smi")
    if exe is None:
        return ()
    query = [exe, "--query-gpu=index,name,memory.total,memory.free", "--format=csv,noheader,nounits"]
    try:
        done = run_program(LOG, query, capture_output=True, text=True, check=False, timeout=20, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = []
    for line in done.stdout.splitlines() if done.returncode == 0 else ():
        index, _, rest = line.partition(",")
        name, *numbers = (part.strip() for part in rest.rsplit(",", 2))
        if len(numbers) == 2 and index.strip().isdigit():
            memory, free = (int(word) / 1024 if word.isdigit() else None for word in numbers)
            # GPUs that share the machine's memory report none of their own.
            found.append(Device("cuda", int(index), name, main_memory_gb() if memory is None else memory, free))
    return tuple(found)


def _amd() -> tuple[Device, ...]:
    """AMD's GPUs, as the kernel's compute driver lists them."""
    found: list[Device] = []
    for node in sorted(_KFD.glob("[0-9]*"), key=lambda node: int(node.name)):
        sizes = [int(bank["size_in_bytes"]) for bank in map(_words, node.glob("mem_banks/*/properties")) if _is_vram(bank)]
        if sizes and _words(node / "properties").get("simd_count", "0") != "0":
            found.append(Device("cuda", len(found), _line(node / "name") or "AMD GPU", sum(sizes) / _GIB))
    return tuple(found)


def _is_vram(bank: dict[str, str]) -> bool:
    return bank.get("heap_type") in ("1", "2") and bank.get("size_in_bytes", "").isdigit()


def _words(file: Path) -> dict[str, str]:
    try:
        pairs = [line.split(maxsplit=1) for line in file.read_text(encoding="ascii").splitlines()]
    except (OSError, UnicodeDecodeError):
        return {}
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _line(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _apple() -> tuple[Device, ...]:
    if sys.platform != "darwin" or platform.machine() != "arm64":
        return ()
    return (Device("mps", 0, "Apple GPU", main_memory_gb() * APPLE_SHARE),)
