"""From two pictures and the motion between them to the picture in between.

Where next to nothing changes, what the network sees moving is grain: there the mean of both pictures is closer to the truth
than either of them moved. It is taken to the degree that little changes and that moving the pictures makes them no more alike.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from vidgen.post.rife.ifnet import warp

CALM = 1e-3
"""Mean square difference of two pictures (of 1) that is half calm; 1e-3 is 8 grey levels of 255."""

FAINT = 4e-4
"""The same for the surroundings of one pixel; 4e-4 is 5 grey levels."""

RADIUS = 8
"""Pixels to each side that are a pixel's surroundings."""


def merged(before: Tensor, after: Tensor, motion: Tensor, mask: Tensor, time: Tensor) -> Tensor:
    """The picture at ``time`` ([n, 1, 1, 1]): [n, 3, h, w], 0 to 1, from both moved to it and weighed by the mask.

    The pictures are sampled bicubically, which keeps them sharp where they move by parts of a pixel.
    """
    share = torch.sigmoid(mask)
    one, other = warp(before, motion[:, :2], "bicubic"), warp(after, motion[:, 2:], "bicubic")
    moved = one * share + other * (1 - share)
    blended = before * (1 - time) + after * time
    return moved.lerp(blended, _stillness(before, after, one, other)).clamp(0, 1)


def _stillness(before: Tensor, after: Tensor, one: Tensor, other: Tensor) -> Tensor:
    """[n, 1, h, w]: 1 where the mean is better than what was moved, 0 where it is not."""
    change = _squared(before, after)
    around, left = _surroundings(change), _surroundings(_squared(one, other))
    useless = left / (left + around + 1e-7)
    whole = change.mean((2, 3), keepdim=True)
    calm = CALM**2 / (CALM**2 + whole**2) * (3 * useless).clamp(0, 1)
    faint = FAINT / (FAINT + around) * (2 * useless).clamp(0, 1)
    return torch.maximum(calm, faint).to(before.dtype)


def _squared(one: Tensor, other: Tensor) -> Tensor:
    return (one.float() - other.float()).square().mean(1, keepdim=True)


def _surroundings(values: Tensor) -> Tensor:
    """Mean over the surroundings of each pixel, edges counted as far as they go."""
    for kernel, pad in (((1, 2 * RADIUS + 1), (0, RADIUS)), ((2 * RADIUS + 1, 1), (RADIUS, 0))):
        values = functional.avg_pool2d(values, kernel, 1, pad, count_include_pad=False)
    return values
