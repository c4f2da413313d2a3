"""From two pictures and the motion between them to the picture in between."""

from __future__ import annotations

import torch
from torch import Tensor

from vidgen.post.rife.ifnet import warp


def merged(before: Tensor, after: Tensor, motion: Tensor, mask: Tensor, time: Tensor) -> Tensor:
    """The picture at ``time`` ([n, 1, 1, 1]): [n, 3, h, w], 0 to 1, from both moved to it and weighed by the mask."""
    share = torch.sigmoid(mask)
    return warp(before, motion[:, :2]) * share + warp(after, motion[:, 2:]) * (1 - share)
