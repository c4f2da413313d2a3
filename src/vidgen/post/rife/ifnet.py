"""The network of RIFE 4.0, written anew: four blocks, coarse to fine, that estimate the motion at a moment between two pictures.

Source: Huang, Zhang, Heng, Shi, Zhou: "Real-Time Intermediate Flow Estimation for Video Frame Interpolation", ECCV 2022
(arXiv 2011.06294), and the layout of its authors' release 4.0 (github.com/hzwer/Practical-RIFE, MIT), whose weights fit here.
The release's refinement network and its training teacher are left out: version 4.0 runs without them.

A motion field is [n, 4, h, w]: x and y, in pixels, of where to look in the earlier picture, then the same for the later one,
from each pixel of the picture in between. A mask is [n, 1, h, w]: above 0 the earlier picture is trusted more.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

BLOCKS = {"block0": (7, 192), "block1": (12, 128), "block2": (12, 96), "block3": (12, 64)}
"""Channels in and inside of each block. In: both pictures and the moment, and from the second block on mask and motion."""

STEPS = (8, 4, 2, 1)
"""How much smaller than the picture each block works."""

GRAIN = 32
"""Sides of the picture that the network is given, shrunk to ``scale``, are multiples of this."""


def _conv(inside: int, out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inside, out, 3, stride, 1), nn.PReLU(out))


class Block(nn.Module):
    """Estimates motion and mask, or their correction, at one size."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.conv0 = nn.Sequential(_conv(channels, width // 2, 2), _conv(width // 2, width, 2))
        self.convblock = nn.Sequential(*(_conv(width, width) for _ in range(8)))
        self.lastconv = nn.ConvTranspose2d(width, 5, 4, 2, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """[n, channels, h, w] to [n, 5, h/2, w/2]: motion in pixels of that size, then the mask."""
        features = self.conv0(inputs)
        out: Tensor = self.lastconv(self.convblock(features) + features)
        return out


class IFNet(nn.Module):
    """Motion and mask between two pictures."""

    def __init__(self) -> None:
        super().__init__()
        for name, (channels, width) in BLOCKS.items():
            self.add_module(name, Block(channels, width))

    def forward(self, before: Tensor, after: Tensor, time: Tensor, scale: float = 1.0) -> tuple[Tensor, Tensor]:
        """Motion field and mask (as a logit) at ``time``.

        Args:
            before, after: [n, 3, h, w], 0 to 1, padded as ``padding`` says. time: [n, 1, 1, 1], above 0 and below 1.
            scale: share of the pictures' size that motion is looked for at: below 1 for wide motion, above 1 for small pictures.
        """
        height, width = before.shape[2:]
        moment = time.expand(-1, 1, height, width)
        motion = mask = None
        for name, step in zip(BLOCKS, STEPS, strict=True):
            ratio = step / scale
            if motion is None or mask is None:
                found = self._block(name, torch.cat((before, after, moment), 1), None, ratio)
                motion, mask = found[:, :4], found[:, 4:]
            else:
                warped = warp(before, motion[:, :2]), warp(after, motion[:, 2:])
                found = self._block(name, torch.cat((*warped, moment, mask), 1), motion, ratio)
                motion, mask = motion + found[:, :4], mask + found[:, 4:]
        assert motion is not None and mask is not None
        return motion, mask

    def _block(self, name: str, inputs: Tensor, motion: Tensor | None, ratio: float) -> Tensor:
        """One block's finding, at the size of its inputs and in pixels of that size."""
        height, width = inputs.shape[2:]
        if motion is not None:
            inputs = torch.cat((inputs, motion / ratio), 1)
        small = resized(inputs, round(height / ratio), round(width / ratio))
        found = resized(getattr(self, name)(small), height, width)
        return torch.cat((found[:, :4] * (2 * ratio), found[:, 4:]), 1)


def resized(images: Tensor, height: int, width: int) -> Tensor:
    """Bilinear resampling to a size."""
    if images.shape[2:] == (height, width):
        return images
    return functional.interpolate(images, (height, width), mode="bilinear", align_corners=False)


def padding(height: int, width: int, scale: float) -> tuple[int, int]:
    """Rows and columns to add below and at the right, so that every block works on whole pixels."""
    multiple = max(GRAIN, round(GRAIN / scale))
    return -height % multiple, -width % multiple


def warp(images: Tensor, motion: Tensor, mode: str = "bilinear") -> Tensor:
    """Each pixel fetched from where ``motion`` ([n, 2, h, w], x and y in pixels) points to; beyond the edge, from the edge."""
    height, width = images.shape[2:]
    across = torch.arange(width, device=motion.device, dtype=motion.dtype).view(1, 1, width)
    down = torch.arange(height, device=motion.device, dtype=motion.dtype).view(1, height, 1)
    x = (across + motion[:, 0]) * (2 / max(1, width - 1)) - 1
    y = (down + motion[:, 1]) * (2 / max(1, height - 1)) - 1
    grid = torch.stack((x, y), 3)
    return functional.grid_sample(images, grid, mode=mode, padding_mode="border", align_corners=True)
