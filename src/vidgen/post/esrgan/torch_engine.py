"""Real-ESRGAN by PyTorch: the default on a GPU, and the engine for weights of the user's own."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vidgen.errors import InputError
from vidgen.post.device import Device, best_device
from vidgen.post.esrgan.models import model, models
from vidgen.post.esrgan.ncnn_files import state_dict
from vidgen.post.esrgan.networks import Network, Rrdb, build
from vidgen.post.esrgan.tiling import ShortOfMemory, Tiler
from vidgen.post.stages import FrameUpscaler, Picture

OWN_FILES = (".safetensors", ".pth")


class TorchUpscaler(FrameUpscaler):
    """One network on one device; calls from several threads take turns."""

    name = "torch"

    def __init__(self, network: Network, name: str, device: Device, tile: int | None) -> None:
        self.model, self.factor, self._device = name, network.factor, device
        self.batch = 4 if device.name == "cuda" else 1
        self._network = network.to(device.device, device.dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._turn = threading.Lock()
        row = models()["RealESRGAN_x4plus" if isinstance(network, Rrdb) else "realesr-animevideov3"]
        overlap = row.overlap if isinstance(network, Rrdb) else len(network.body) // 2 + 2
        pixels = _free_bytes(device) * 4 // device.dtype.itemsize // row.bytes_per_pixel or row.pixels_on_cpu()
        self._tiler = Tiler(self._run, self.factor, overlap, row.feather, tile=tile, pixels=pixels)

    def enlarge(self, pictures: Sequence[Picture]) -> list[Picture]:
        """See ``FrameUpscaler``. Raises ProcessingError where memory is short."""
        with self._turn:
            return self._tiler.enlarge(pictures)

    def _run(self, pictures: Sequence[Picture]) -> list[Picture]:
        try:
            return self._compute(pictures)
        except torch.OutOfMemoryError as error:
            reason = str(error).splitlines()[0]
        except RuntimeError as error:  # the CPU's allocator and MPS have no class of their own
            if "memory" not in str(error):
                raise
            reason = str(error).splitlines()[0]
        if self._device.name == "cuda":
            torch.cuda.empty_cache()
        raise ShortOfMemory(reason)

    @torch.inference_mode()
    def _compute(self, pictures: Sequence[Picture]) -> list[Picture]:
        depth = pictures[0].dtype
        top = float(np.iinfo(depth).max)
        stack = np.stack(pictures)
        source = torch.from_numpy(stack if depth == np.uint8 else stack.astype(np.int32)).to(self._device.device)
        height, width = source.shape[1:3]
        x = _even(source.permute(0, 3, 1, 2).float() / top, self._network)
        large = self._network(x.contiguous(memory_format=torch.channels_last))
        large = large[..., : height * self.factor, : width * self.factor]
        whole = large.clamp_(0, 1).mul_(top).round_().permute(0, 2, 3, 1)
        return list(whole.to(torch.uint8 if depth == np.uint8 else torch.int32).cpu().numpy().astype(depth, copy=False))


def _even(x: Tensor, network: Network) -> Tensor:
    """Networks that fold pixels need sizes that can be folded: the last row and column are repeated."""
    fold = getattr(network, "fold", 1)
    right, down = -x.shape[3] % fold, -x.shape[2] % fold
    return F.pad(x, (0, right, 0, down), mode="replicate") if right or down else x


def _free_bytes(device: Device) -> int:
    """Bytes of a GPU that the network may take: half of what is free; 0 where nothing says how much that is."""
    return torch.cuda.mem_get_info(device.device)[0] // 2 if device.name == "cuda" else 0


def load(
    folder: Path, model_name: str, *, factor: int | None = None, tile: int | None = None, device: str | None = None
) -> FrameUpscaler:
    """The model, or the user's own weights, by PyTorch.

    Args:
        folder: where the model's verified files are. model_name: its canonical name, or a path to a .safetensors or .pth file.
        factor: 2, 3 or 4; None: what the network makes; one that the model lacks: the next larger.
        tile: longest side of a tile in pixels of the source; None: as fits. device: as torch names it; None: the best here.

    Raises InputError for an unknown model or an own file that is not of these networks, MissingError where a model's files
    cannot be read.
    """
    if model_name.lower().endswith(OWN_FILES):
        path = Path(model_name)
        return TorchUpscaler(build(read_own(path), factor, str(path)), path.stem, best_device(device), tile)
    row = model(model_name)
    network = build(state_dict(row, folder), row.factor(factor), str(folder))
    return TorchUpscaler(network, row.name, best_device(device), tile)


def read_own(path: Path) -> Mapping[str, Tensor]:
    """The tensors of a user's own file; a .pth is never unpickled beyond tensors. Raises InputError ``models.unreadable``."""
    if not path.is_file():
        raise InputError("models.unreadable", f"there is no file {path}", hint="check --model", where=str(path))
    try:
        state = _read(path)
    except Exception as error:  # whatever a strange file makes the readers raise
        raise InputError(
            "models.unreadable",
            f"{path.name} cannot be read as plain weights: {str(error).splitlines()[0]}",
            hint="only .safetensors files and .pth files that hold nothing but tensors are read",
            where=str(path),
        ) from error
    return state


def _read(path: Path) -> Mapping[str, Tensor]:
    if path.suffix.lower() == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    state: Any = torch.load(path, map_location="cpu", weights_only=True)
    for wrapping in ("params_ema", "params"):  # as the training code writes them
        if wrapping in state:
            state = state[wrapping]
    if not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError("it holds more than tensors")
    return {name: tensor.float() for name, tensor in state.items()}
