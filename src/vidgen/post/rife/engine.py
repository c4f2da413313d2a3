"""The interpolator ``rife``: pictures in, pictures in between out."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vidgen.post.device import best_device
from vidgen.post.rife.ifnet import IFNet, padding
from vidgen.post.rife.merging import merged
from vidgen.post.rife.weights import MODEL, load_weights
from vidgen.post.stages import Pair, PairInterpolator, Picture

SMALL_PIXELS = 96_000
"""Pictures of fewer pixels are looked at in double size: the network learnt from larger ones."""

LARGE_PIXELS = 2_500_000
"""Pictures of more pixels, above 1080p, are looked at in half size: they move further than the network looks."""

GPU_PAIRS = 4


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
        self._at_once = self.batch = 1 if here.name == "cpu" else GPU_PAIRS
        net = IFNet()
        net.load_state_dict(load_weights(folder), strict=True)
        net.requires_grad_(False)
        self.net = net.eval().to(device=self._device, dtype=self._dtype)
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._turn = threading.Lock()

    def between(self, pairs: Sequence[Pair]) -> list[list[Picture]]:
        """See ``PairInterpolator``."""
        if not pairs:
            return []
        with self._turn, torch.inference_mode():
            before, after = (self.tensor([getattr(pair, side) for pair in pairs]) for side in ("before", "after"))
            jobs = [(index, time) for index, pair in enumerate(pairs) for time in pair.times]
            made: list[list[Picture]] = [[] for _ in pairs]
            for start in range(0, len(jobs), self._at_once):
                some = jobs[start : start + self._at_once]
                which = [index for index, _ in some]
                images = self._made(before[which], after[which], [time for _, time in some])
                for (index, _), image in zip(some, images, strict=True):
                    made[index].append(_picture(image, pairs[index].before.dtype))
        return made

    def _made(self, before: Tensor, after: Tensor, times: Sequence[float]) -> Tensor:
        height, width = before.shape[2:]
        scale = scale_for(height, width)
        rows, columns = padding(height, width, scale)
        whole = [functional.pad(images, (0, columns, 0, rows), mode="replicate") for images in (before, after)]
        time = torch.tensor(times, dtype=self._dtype, device=self._device).view(-1, 1, 1, 1)
        motion, mask = self.net(whole[0], whole[1], time, scale)
        return merged(before, after, motion[:, :, :height, :width], mask[:, :, :height, :width], time)

    def tensor(self, pictures: Sequence[Picture]) -> Tensor:
        """Pictures of one size and depth as the network takes them: [n, 3, h, w], 0 to 1, not padded."""
        top = float(np.iinfo(pictures[0].dtype).max)
        images = torch.from_numpy(np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32))
        return (images / top).to(self._device, self._dtype)


def scale_for(height: int, width: int) -> float:
    """At which share of their size pictures are looked at."""
    pixels = height * width
    return 2.0 if pixels < SMALL_PIXELS else 0.5 if pixels > LARGE_PIXELS else 1.0


def _picture(image: Tensor, dtype: np.dtype[np.uint8] | np.dtype[np.uint16]) -> Picture:
    """[3, h, w], 0 to 1, to [h, w, 3] of whole numbers."""
    top = float(np.iinfo(dtype).max)
    whole = (image.float().clamp(0, 1) * top).round().permute(1, 2, 0).contiguous().cpu().numpy()
    return cast("Picture", whole.astype(dtype))
