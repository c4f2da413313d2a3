"""The networks of Real-ESRGAN in PyTorch, with the parameter names of the published weights.

SRVGG: a plain chain of convolutions ("compact"), Real-ESRGAN 0.3 (https://github.com/xinntao/Real-ESRGAN).
RRDB: residual-in-residual dense blocks, Wang et al., "ESRGAN", 2018 (https://arxiv.org/abs/1809.00219).
Pictures are [batch, 3, height, width], RGB, 0 to 1, 32-bit floats in and out; inside, the network computes in the number form
of its weights. What is added at the end is added at full precision, so that a network in half precision keeps fine tones.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vidgen.errors import InputError


class Srvgg(nn.Module):
    """``inner + 2`` convolutions of 3x3 at the source's size, then each pixel becomes ``scale`` x ``scale`` of them, added to
    the source repeated. ``factor`` below ``scale``: the result is resampled (bicubic), as the x2 and x3 models are published.
    """

    def __init__(self, features: int = 64, inner: int = 16, scale: int = 4, factor: int | None = None) -> None:
        super().__init__()
        self.scale, self.factor = scale, factor or scale
        layers: list[nn.Module] = [nn.Conv2d(3, features, 3, padding=1), nn.PReLU(features)]
        for _ in range(inner):
            layers += [nn.Conv2d(features, features, 3, padding=1), nn.PReLU(features)]
        layers.append(nn.Conv2d(features, 3 * scale * scale, 3, padding=1))
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """[n, 3, h, w] to [n, 3, factor*h, factor*w]."""
        detail = F.pixel_shuffle(self.body(_like(x, self.body[0])), self.scale)
        large = detail.float() + F.interpolate(x, scale_factor=self.scale, mode="nearest")
        if self.factor == self.scale:
            return large
        size = [x.shape[2] * self.factor, x.shape[3] * self.factor]
        return F.interpolate(large, size=size, mode="bicubic", align_corners=False)


class _Dense(nn.Module):
    """Five convolutions; each sees what all before it made."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.conv1, self.conv2, self.conv3, self.conv4, self.conv5 = (
            nn.Conv2d(features + step * growth, growth if step < 4 else features, 3, padding=1) for step in range(5)
        )

    def forward(self, x: Tensor) -> Tensor:
        seen = [x]
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen.append(_leaky(conv(torch.cat(seen, 1))))
        out: Tensor = self.conv5(torch.cat(seen, 1))
        return out * 0.2 + x


class _Block(nn.Module):
    """Three dense blocks, added to what came in."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (_Dense(features, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.rdb3(self.rdb2(self.rdb1(x)))
        return out * 0.2 + x


class Rrdb(nn.Module):
    """``blocks`` residual blocks at the source's size, then twice: every pixel doubled and a convolution. ``factor`` 2 folds
    2x2 pixels into one before (sizes must be even), 1 folds 4x4.
    """

    def __init__(self, features: int = 64, blocks: int = 23, growth: int = 32, factor: int = 4) -> None:
        super().__init__()
        self.factor = factor
        self.fold = 4 // factor
        self.conv_first = nn.Conv2d(3 * self.fold**2, features, 3, padding=1)
        self.body = nn.Sequential(*(_Block(features, growth) for _ in range(blocks)))
        self.conv_body, self.conv_up1, self.conv_up2, self.conv_hr = (
            nn.Conv2d(features, features, 3, padding=1) for _ in range(4)
        )
        self.conv_last = nn.Conv2d(features, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """[n, 3, h, w] to [n, 3, factor*h, factor*w]."""
        folded = F.pixel_unshuffle(x, self.fold) if self.fold > 1 else x
        first = self.conv_first(_like(folded, self.conv_first))
        out = first + self.conv_body(self.body(first))
        out = _leaky(self.conv_up1(_doubled(out)))
        out = _leaky(self.conv_up2(_doubled(out)))
        large: Tensor = self.conv_last(_leaky(self.conv_hr(out)))
        return large.float()


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2, inplace=True)


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


def _like(x: Tensor, layer: nn.Module) -> Tensor:
    weight = layer.weight
    assert isinstance(weight, Tensor)
    return x.to(weight.dtype)


Network = Srvgg | Rrdb


def build(state: Mapping[str, Tensor], factor: int | None = None, where: str = "") -> Network:
    """The network that a state dict is of, found by its names and shapes, with its weights; in evaluation mode.

    Args:
        state: names as published, without ``params`` around them.
        factor: for SRVGG, the part of its own factor that is needed; None: all of it.
        where: the file, for the message.

    Raises InputError ``models.unreadable`` where it is of neither, or does not fit exactly.
    """
    try:
        with torch.device("meta"):  # numbers come from the file alone: none are made up first
            network = _empty(state, factor)
        network.load_state_dict(dict(state), strict=True, assign=True)
    except (KeyError, IndexError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            "models.unreadable",
            f"the weights are neither of SRVGGNetCompact nor of RRDBNet in their usual forms: {reason}",
            hint="give a Real-ESRGAN file of one of these networks, for x1, x2 or x4 (RRDB) or any factor (SRVGG)",
            where=where,
        ) from error
    return network.eval().requires_grad_(False)


def _empty(state: Mapping[str, Tensor], factor: int | None) -> Network:
    if "conv_first.weight" in state:
        features, channels = state["conv_first.weight"].shape[:2]
        blocks = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("body."))
        growth = state["body.0.rdb1.conv1.weight"].shape[0]
        return Rrdb(features, blocks, growth, {3: 4, 12: 2, 48: 1}[channels])
    last = max(int(name.split(".")[1]) for name in state if name.startswith("body."))
    features, outputs = state["body.0.weight"].shape[0], state[f"body.{last}.weight"].shape[0]
    scale = round((outputs / 3) ** 0.5)
    if 3 * scale * scale != outputs:
        raise ValueError(f"its last layer makes {outputs} channels")
    return Srvgg(features, last // 2 - 1, scale, min(factor, scale) if factor else None)
