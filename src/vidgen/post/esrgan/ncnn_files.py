"""Reads ncnn's ``.param`` and ``.bin`` into the names and shapes of the published PyTorch weights.

The format is that of https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure: the graph is text, one layer a line;
the weights are one after the other in the order of the layers, without names. Reading is strict: anything that is not
understood, missing or left over refuses the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vidgen.errors import MissingError

if TYPE_CHECKING:
    import torch

    from vidgen.post.esrgan.models import Esrgan

MAGIC = "7767517"
FLOAT16, FLOAT32 = 0x01306B47, 0
WITHOUT_WEIGHTS = {"Input", "Split", "Concat", "Eltwise", "BinaryOp", "Interp", "PixelShuffle"}
Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Layer:
    """One line of the graph: ``options`` are its ``key=value`` pairs, as text."""

    kind: str
    name: str
    options: dict[int, str]

    def number(self, key: int) -> int:
        """An option that is a whole number; 0 where it is left out."""
        return int(self.options.get(key, "0"))


def read_graph(path: Path) -> list[Layer]:
    """The layers of a ``.param`` file in order. Raises MissingError ``models.damaged``."""
    try:
        magic, counts, *lines = path.read_text(encoding="ascii").splitlines()
        if magic.strip() != MAGIC or len(lines) != int(counts.split()[0]):
            raise ValueError("not the number of layers that it announces")
        return [_layer(line.split()) for line in lines]
    except (ValueError, IndexError, OSError) as error:
        raise _damaged(path, str(error)) from error


def _layer(fields: list[str]) -> Layer:
    kind, name, inputs, outputs = fields[0], fields[1], int(fields[2]), int(fields[3])
    pairs = (word.split("=", 1) for word in fields[4 + inputs + outputs :])
    return Layer(kind, name, {int(key): value for key, value in pairs})


def read_arrays(graph: list[Layer], path: Path) -> Iterator[Array]:
    """The arrays of a ``.bin`` file as the graph orders them: a convolution's weight [out, in, k, k] and bias [out], a PReLU's
    slope [channels]. Raises MissingError ``models.damaged`` for anything but exactly that.
    """
    reader = _Reader(path)
    for layer in graph:
        if layer.kind == "Convolution":
            yield reader.weight(layer)
            if layer.number(5):
                yield reader.floats(layer.number(0))
        elif layer.kind == "PReLU":
            yield reader.floats(layer.number(0))
        elif layer.kind not in WITHOUT_WEIGHTS:
            raise _damaged(path, f"the graph has a layer of the kind {layer.kind}, which these networks do not have")
    reader.end()


class _Reader:
    """Takes numbers off a file from the front; ``end`` refuses what is left."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path.read_bytes()
        self.at = 0

    def weight(self, layer: Layer) -> Array:
        """A convolution's weight: a flag says in which form the numbers are."""
        count, out, side = layer.number(6), layer.number(0), layer.number(1)
        flag = int(self._take(1, np.uint32)[0])
        if flag == FLOAT16:
            numbers = self._take(count, np.float16)
            self.at += -self.at % 4
        elif flag == FLOAT32:
            numbers = self._take(count, np.float32)
        else:
            raise _damaged(self.path, f"{layer.name} is stored in an unknown form ({flag:#010x})")
        return self._finite(numbers).reshape(out, -1, side, side)

    def floats(self, count: int) -> Array:
        """Numbers without a flag."""
        return self._finite(self._take(count, np.float32))

    def end(self) -> None:
        if left := len(self.data) - self.at:
            raise _damaged(self.path, f"{left} bytes are left over")

    def _take(self, count: int, kind: type[np.generic]) -> npt.NDArray[np.generic]:
        size = count * np.dtype(kind).itemsize
        if self.at + size > len(self.data):
            raise _damaged(self.path, "it is too short")
        self.at += size
        return np.frombuffer(self.data, kind, count, self.at - size)

    def _finite(self, numbers: npt.NDArray[np.generic]) -> Array:
        values = numbers.astype(np.float32)
        if not np.isfinite(values).all():
            raise _damaged(self.path, "it has numbers that are not finite")
        return values


def state_dict(model: Esrgan, folder: Path) -> dict[str, torch.Tensor]:
    """A model's weights under the names of the published PyTorch files. Raises MissingError ``models.damaged``."""
    import torch

    path = folder / model.weights
    graph = read_graph(folder / model.graphs[model.native])
    arrays = list(read_arrays(graph, path))
    names = (
        _srvgg_names(graph) if model.network == "srvgg" else _rrdb_names(sum(layer.kind == "Convolution" for layer in graph))
    )
    if len(names) != len(arrays):
        raise _damaged(path, f"it has {len(arrays)} arrays where {model.name} has {len(names)}")
    return {name: torch.from_numpy(array.copy()) for name, array in zip(names, arrays, strict=True)}


def _srvgg_names(graph: list[Layer]) -> list[str]:
    parts = [layer.kind for layer in graph if layer.kind in ("Convolution", "PReLU")]
    ends = {"Convolution": ("weight", "bias"), "PReLU": ("weight",)}
    return [f"body.{index}.{end}" for index, kind in enumerate(parts) for end in ends[kind]]


def _rrdb_names(convolutions: int) -> list[str]:
    blocks = (convolutions - 6) // 15  # 15 convolutions a block; one before, one after, four that enlarge
    body = [f"body.{block}.rdb{dense}.conv{step}" for block in range(blocks) for dense in (1, 2, 3) for step in range(1, 6)]
    names = ["conv_first", *body, "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"]
    return [f"{name}.{end}" for name in names for end in ("weight", "bias")]


def _damaged(path: Path, reason: str) -> MissingError:
    return MissingError(
        "models.damaged",
        f"{path.name} is not a model file that can be read: {reason}",
        hint="vidgen models verify; then vidgen models pull the model again",
        where=str(path),
    )
