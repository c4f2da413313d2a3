"""Real-ESRGAN by ncnn (https://github.com/Tencent/ncnn): the default on the CPU; by Vulkan where a real GPU driver is here."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import ncnn
import numpy as np

from vidgen.errors import MissingError, ProcessingError
from vidgen.post.esrgan.models import Esrgan, model
from vidgen.post.esrgan.tiling import ShortOfMemory, Tiler, from_planes, planes
from vidgen.post.stages import FrameUpscaler, Picture
from vidgen.settings import settings

WORKERS = 8
"""Pictures in work at once, at most; more cores share them."""
OUT_OF_MEMORY = -100
"""What ncnn returns where memory could not be had."""
SOFTWARE = ("llvmpipe", "swiftshader", "softpipe")
"""Vulkan drivers that compute on the CPU, slower than ncnn itself does."""


class NcnnUpscaler(FrameUpscaler):
    """One graph; calls from several threads take turns.

    On the CPU each picture or tile has one thread to itself, and as many are computed at once as there are cores. One picture
    by all cores is slower, and far slower where decoder and encoder want the same cores: ncnn's threads wait for each other
    after every layer, and burn time while they do.
    """

    name = "ncnn"

    def __init__(self, net: Any, row: Esrgan, factor: int, tile: int | None, workers: int) -> None:
        self.model, self.factor, self.batch = row.name, factor, workers
        self._net, self._turn = net, threading.Lock()
        pixels = row.pixels_on_cpu(workers)
        self._tiler = Tiler(self._run, factor, row.overlap, row.feather, tile=tile, pixels=pixels, workers=workers)

    def enlarge(self, pictures: Sequence[Picture]) -> list[Picture]:
        """See ``FrameUpscaler``. Raises ProcessingError where memory is short or ncnn fails."""
        with self._turn:
            return self._tiler.enlarge(pictures)

    def _run(self, pictures: Sequence[Picture]) -> list[Picture]:
        return [self._one(picture) for picture in pictures]

    def _one(self, picture: Picture) -> Picture:
        extractor = self._net.create_extractor()
        floats = np.stack(list(planes(picture)))  # ncnn does not copy it: it has to live until the result is there
        source = ncnn.Mat(floats)
        extractor.input("data", source)
        code, result = extractor.extract("output")
        if code == OUT_OF_MEMORY or (not code and result.empty()):
            raise ShortOfMemory("ncnn could not have the memory for a tile")
        if code:
            raise ProcessingError("post.engine_failed", f"ncnn failed with code {code} in {self.model}")
        return from_planes(np.asarray(result), picture)


def load(
    folder: Path, model_name: str, *, factor: int | None = None, tile: int | None = None, device: str | None = None
) -> FrameUpscaler:
    """The model by ncnn.

    Args:
        folder: where its verified files are. model_name: its canonical name.
        factor: 2, 3 or 4; None: what the network makes; one that the model lacks: the next larger.
        tile: longest side of a tile in pixels of the source; None: as fits. device: ``cpu`` or ``gpu``; None: as is here.

    Raises InputError for an unknown model, MissingError where its files cannot be read or no GPU is here that was asked for.
    """
    row = model(model_name)
    made = row.factor(factor)
    graph, weights = folder / row.graphs[made], folder / row.weights
    net = ncnn.Net()
    workers = _set_options(net.opt, device)
    with _quiet():
        code = net.load_param(str(graph)) or net.load_model(str(weights))
    if code:
        raise MissingError(
            "models.damaged", f"ncnn cannot read {weights.name}", hint="vidgen models verify", where=str(weights)
        )
    return NcnnUpscaler(net, row, made, tile, workers)


def _set_options(options: Any, device: str | None) -> int:
    """Set a net's options; how many pictures it is best given at once."""
    if device == "gpu" and not real_gpu():
        raise MissingError(
            "post.engine_missing", "ncnn finds no GPU with a Vulkan driver of its own", hint="leave the device out"
        )
    options.use_vulkan_compute = device in (None, "gpu") and real_gpu()
    workers = 1 if options.use_vulkan_compute else min(WORKERS, threads())
    options.num_threads = threads() // workers
    return workers


def threads() -> int:
    """The cores that this process may use; ``OMP_NUM_THREADS`` says fewer."""
    if chosen := settings().threads:
        return chosen
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def real_gpu() -> bool:
    """Whether Vulkan has a device that is not a program on the CPU."""
    with _quiet():
        names = [str(ncnn.get_gpu_info(index).device_name()).lower() for index in range(ncnn.get_gpu_count())]
    return any(not name.startswith(SOFTWARE) for name in names[:1])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """ncnn writes what it finds straight to stderr, which belongs to progress and diagnostics."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nothing:  # noqa: PTH123
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
