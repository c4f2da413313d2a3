"""Real-ESRGAN by its own package ``realesrgan`` (https://github.com/xinntao/Real-ESRGAN), fed from the same verified weights.

The package and ``basicsr`` beneath it are from 2022. What they need and newer libraries no longer have is given to them here;
where they cannot be imported all the same, the error names the cause and the remedy.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from vidgen.errors import MissingError, ProcessingError
from vidgen.media.scratch import scratch_folder
from vidgen.post.device import best_device
from vidgen.post.esrgan.models import Esrgan, model
from vidgen.post.esrgan.ncnn_files import state_dict
from vidgen.post.esrgan.tiling import FLOOR
from vidgen.post.stages import FrameUpscaler, Picture

TILE = 400
"""Tiles where none are asked for and the picture is larger than TILE x TILE."""
REMOVED = "torchvision.transforms.functional_tensor"
"""What basicsr imports one function from, and torchvision has no more since 0.17."""
REMEDIES = {
    "torchvision::": "torch and torchvision are of different builds: install both from the same index, in versions that belong"
    " together",
    "torchvision": "pip install torchvision, in the version and build (CPU or CUDA) that belongs to your torch",
    "libGL": "pip uninstall opencv-python, then pip install opencv-python-headless",
    "": "pip install 'vidgen[realesrgan]' (basicsr cannot be built on Python 3.13)",
}
"""A piece of the import's message: what to do. The first that fits counts."""
INSTEAD = "or --engine torch: the same network and weights without this package"


class PackageUpscaler(FrameUpscaler):
    """A ``RealESRGANer``; calls from several threads take turns."""

    name = "realesrgan"

    def __init__(self, upsampler: Any, name: str, factor: int, tile: int | None) -> None:
        self.model, self.factor, self.batch = name, factor, 1
        self._upsampler, self._tile, self._turn = upsampler, tile, threading.Lock()

    def enlarge(self, pictures: Sequence[Picture]) -> list[Picture]:
        """See ``FrameUpscaler``. Raises ProcessingError where memory is short even in small tiles."""
        with self._turn:
            return [self._one(picture) for picture in pictures]

    def _one(self, picture: Picture) -> Picture:
        longest = max(picture.shape[:2])
        tile = self._tile if self._tile is not None else TILE if longest > TILE else 0
        while True:
            self._upsampler.tile_size = 0 if tile >= longest else tile
            try:
                return self._enhanced(picture)
            except (RuntimeError, UnboundLocalError) as error:  # after a tile fails the package goes on without its result
                if not isinstance(error, UnboundLocalError) and "memory" not in str(error):
                    raise
                reason = str(error).splitlines()[0]
            tile = self._tile = (tile or longest) // 2
            if tile < FLOOR:
                raise ProcessingError(
                    "post.out_of_memory",
                    f"realesrgan ran out of memory even with small tiles: {reason}",
                    hint="close other programs, or take realesr-animevideov3 with --engine ncnn",
                )

    def _enhanced(self, picture: Picture) -> Picture:
        if picture.dtype == np.uint16 and picture.max() <= 256:  # the package would take it for 8 bits
            dark = self._enhanced(np.rint(picture / 257).astype(np.uint8))
            return dark.astype(np.uint16) * np.uint16(257)
        blue_first = np.ascontiguousarray(picture[..., ::-1])
        large, _ = self._upsampler.enhance(blue_first, outscale=self.factor)
        return np.ascontiguousarray(large[..., ::-1])


def load(
    folder: Path, model_name: str, *, factor: int | None = None, tile: int | None = None, device: str | None = None
) -> FrameUpscaler:
    """The model by the package.

    Args:
        folder: where its verified files are. model_name: its canonical name.
        factor: 2, 3 or 4; None: what the network makes. The package resamples to smaller ones itself (``outscale``).
        tile: size of the tiles in pixels of the source, 0 for none; None: as fits. device: as torch names it.

    Raises InputError for an unknown model, MissingError where the package cannot be imported or a model's files not be read.
    """
    row = model(model_name)
    package = import_package()
    best = best_device(device)
    network = _network(row)
    with scratch_folder() as scratch:
        path = scratch / f"{row.name}.pth"
        torch.save({"params": state_dict(row, folder)}, path)
        upsampler = package.RealESRGANer(
            scale=row.native,
            model_path=str(path),
            model=network,
            tile=0,
            tile_pad=row.overlap,
            pre_pad=0,
            half=best.dtype == torch.float16,
            device=best.device,
        )
    return PackageUpscaler(upsampler, row.name, row.factor(factor), tile)


def _network(row: Esrgan) -> Any:
    """The package's own network for a model."""
    if row.network == "srvgg":
        arch = importlib.import_module("realesrgan.archs.srvgg_arch")
        return arch.SRVGGNetCompact(num_in_ch=3, num_out_ch=3, num_feat=64, num_conv=16, upscale=row.native, act_type="prelu")
    arch = importlib.import_module("basicsr.archs.rrdbnet_arch")
    blocks = 6 if row.name.endswith("6B") else 23
    return arch.RRDBNet(num_in_ch=3, num_out_ch=3, num_feat=64, num_block=blocks, num_grow_ch=32, scale=row.native)


def import_package() -> ModuleType:
    """The package ``realesrgan``. Raises MissingError ``post.engine_missing`` that names cause and remedy."""
    try:
        _give_removed_module()
        package = importlib.import_module("realesrgan")
        _hush()
        return package
    except Exception as error:  # old code fails in many ways: ImportError, RuntimeError, AttributeError, OSError
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        remedy = next(text for piece, text in REMEDIES.items() if piece in reason)
        raise MissingError(
            "post.engine_missing", f"the package realesrgan cannot be imported: {reason}", hint=f"{remedy}; {INSTEAD}"
        ) from error


def _hush() -> None:
    """The package prints every tile. Its own ``print`` is taken away; to redirect stdout would silence every other thread."""
    with contextlib.suppress(ImportError):
        vars(importlib.import_module("realesrgan.utils"))["print"] = lambda *args, **kwargs: None


def _give_removed_module() -> None:
    """Put the one function that basicsr wants of a removed module where it looks for it."""
    if find_spec("realesrgan") is None or REMOVED in sys.modules or find_spec("torchvision") is None or find_spec(REMOVED):
        return
    functional = importlib.import_module("torchvision.transforms.functional")
    stand_in = ModuleType(REMOVED, "rgb_to_grayscale, for basicsr.")
    vars(stand_in)["rgb_to_grayscale"] = functional.rgb_to_grayscale
    sys.modules[REMOVED] = stand_in
