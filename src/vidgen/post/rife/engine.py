"""The interpolator ``rife``: pictures in, pictures in between out."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vidgen.post.device import best_device
from vidgen.post.rife.ifnet import IFNet, padding, warp
from vidgen.post.rife.weights import MODEL, load_weights
from vidgen.post.stages import Pair, PairInterpolator, Picture

GPU_PIXELS = 1 << 23
"""Pixels that a GPU is given at once."""


def load(folder: Path, *, device: str | None = None) -> Rife:
    """The engine, from a folder with the weights; ``device`` as torch names it, None for the best one here.

    Raises MissingError where the weights are absent or are not what the registry pins.
    """
    return Rife(folder, device=device)


class Rife(PairInterpolator):
    """See the module. One call at a time; further ones wait."""

    name = "rife"
    model = MODEL

    def __init__(self, folder: Path, *, device: str | None = None) -> None:
        here = best_device(device)
        self._device, self._dtype = here.device, here.dtype
        self.batch = 1 if here.name == "cpu" else 4
        self._net = IFNet().eval()
        self._net.load_state_dict(load_weights(folder), strict=True)
        self._net.to(self._device, self._dtype, memory_format=torch.channels_last)
        self._turn = threading.Lock()

    def between(self, pairs: Sequence[Pair]) -> list[list[Picture]]:
        """See ``PairInterpolator``."""
        if not pairs:
            return []
        with self._turn, torch.inference_mode():
            return self._between(pairs)

    def _between(self, pairs: Sequence[Pair]) -> list[list[Picture]]:
        height, width = pairs[0].before.shape[:2]
        scale = 1.0
        rows, columns = padding(height, width, scale)
        before, after = (
            functional.pad(self._tensor([getattr(pair, side) for pair in pairs]), (0, columns, 0, rows), mode="replicate")
            for side in ("before", "after")
        )
        jobs = [(index, time) for index, pair in enumerate(pairs) for time in pair.times]
        made: list[list[Picture]] = [[] for _ in pairs]
        for index, time in jobs:
            one, other = before[index : index + 1], after[index : index + 1]
            moment = torch.full((1, 1, 1, 1), time, dtype=self._dtype, device=self._device)
            motion, mask = self._net(one, other, moment, scale)
            share = torch.sigmoid(mask)
            picture = warp(one, motion[:, :2]) * share + warp(other, motion[:, 2:]) * (1 - share)
            made[index].append(_picture(picture[0, :, :height, :width], pairs[index].before.dtype))
        return made

    def _tensor(self, pictures: Sequence[Picture]) -> Tensor:
        """[n, 3, h, w], 0 to 1."""
        top = np.iinfo(pictures[0].dtype).max
        stacked = torch.from_numpy(np.stack(pictures).astype(np.float32)).to(self._device)
        return (stacked.permute(0, 3, 1, 2) / float(top)).to(self._dtype)


def _picture(image: Tensor, dtype: np.dtype[np.uint8] | np.dtype[np.uint16]) -> Picture:
    """[3, h, w], 0 to 1, to [h, w, 3] of whole numbers."""
    top = float(np.iinfo(dtype).max)
    return (image.float().clamp(0, 1) * top).round().permute(1, 2, 0).cpu().numpy().astype(dtype)
