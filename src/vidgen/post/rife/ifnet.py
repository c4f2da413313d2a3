"""The network of RIFE 4.0, written anew: four blocks, coarse to fine, that estimate the motion between two pictures.

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

_TURNED = [2, 3, 0, 1, 4]
"""Where motion and mask of swapped pictures stand in those of the pictures in order; the mask changes its sign, too."""


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

    def forward(
        self, before: Tensor, after: Tensor, time: Tensor, scale: float = 1.0, both_ways: bool = True
    ) -> tuple[Tensor, Tensor]:
        """Motion field and mask (as a logit) at ``time``.

        Args:
            before, after: [n, 3, h, w], 0 to 1, padded as ``padding`` says. time: [n, 1, 1, 1], above 0 and below 1.
            scale: share of the pictures' size that motion is looked for at: below 1 for wide motion, above 1 for small ones.
            both_ways: every block looks at the pictures in both orders, and the mean of both findings goes on to the next.
        """
        height, width = before.shape[2:]
        found: Tensor | None = None
        pictures = torch.cat((before, after), 1)
        for name, step in zip(BLOCKS, STEPS, strict=True):
            ratio = step / scale
            size = round(height / ratio), round(width / ratio)
            inputs = [resized(pictures, *size), time.expand(-1, 1, *size)]
            if found is not None:
                small = resized(found, *size)
                inputs += [small[:, 4:], small[:, :4] / ratio]
            new = self._block(getattr(self, name), torch.cat(inputs, 1), both_ways)
            new = resized(new, height, width)
            new[:, :4] *= 2 * ratio
            found = new if found is None else found.add_(new)
            if step != STEPS[-1]:
                pictures = torch.cat((warp(before, found[:, :2]), warp(after, found[:, 2:4])), 1)
        assert found is not None
        return found[:, :4], found[:, 4:]

    @staticmethod
    def _block(block: nn.Module, inputs: Tensor, both_ways: bool) -> Tensor:
        if not both_ways:
            found: Tensor = block(inputs)
            return found
        count = len(inputs)
        out: Tensor = block(torch.cat((inputs, _swapped(inputs))))
        back = out[count:, _TURNED]
        back[:, 4:] *= -1
        return (out[:count] + back) / 2


def _swapped(inputs: Tensor) -> Tensor:
    """A block's inputs with the later picture first."""
    turned = [inputs[:, 3:6], inputs[:, :3], 1 - inputs[:, 6:7]]
    if inputs.shape[1] > 7:
        turned += [-inputs[:, 7:8], inputs[:, 10:12], inputs[:, 8:10]]
    return torch.cat(turned, 1)


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
    across = torch.arange(width, device=motion.device, dtype=torch.float32).view(1, 1, width)
    down = torch.arange(height, device=motion.device, dtype=torch.float32).view(1, height, 1)
    x = (across + motion[:, 0]) * (2 / max(1, width - 1)) - 1
    y = (down + motion[:, 1]) * (2 / max(1, height - 1)) - 1
    grid = torch.stack((x, y), 3)
    return functional.grid_sample(images.float(), grid, mode=mode, padding_mode="border", align_corners=True).to(images.dtype)
