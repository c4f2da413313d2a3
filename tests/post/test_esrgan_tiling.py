"""Tiles: exact where the overlap covers the network's view, blended where it does not, smaller when memory runs out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from vidgen.errors import ProcessingError
from vidgen.post.device import Device
from vidgen.post.esrgan.networks import Srvgg
from vidgen.post.esrgan.tiling import ShortOfMemory, Tiler, spans
from vidgen.post.esrgan.torch_engine import TorchUpscaler
from vidgen.post.stages import Picture


def twice(pictures: Sequence[Picture]) -> list[Picture]:
    """A network that sees nothing but the pixel itself."""
    return [picture.repeat(2, 0).repeat(2, 1) for picture in pictures]


def noise(height: int, width: int, kind: type[np.generic] = np.uint8) -> Picture:
    return np.random.default_rng(1).integers(0, np.iinfo(kind).max, (height, width, 3), dtype=kind, endpoint=True)


@pytest.mark.parametrize(("length", "tile"), [(1, 32), (31, 32), (32, 32), (33, 32), (1000, 7), (5, 1)])
def test_parts_cover_everything_once(length: int, tile: int) -> None:
    parts = spans(length, tile, 3)
    assert [pixel for part in parts for pixel in range(part.start, part.end)] == list(range(length))
    assert all(part.end - part.start <= tile for part in parts)
    assert all(part.low == max(0, part.start - 3) and part.high == min(length, part.end + 3) for part in parts)


@pytest.mark.parametrize("feather", [0, 4])
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_tiles_are_put_together_as_they_were(feather: int, workers: int, kind: type[np.generic]) -> None:
    tiler = Tiler(twice, 2, 5, feather, tile=11, pixels=10**6, workers=workers)
    pictures = [noise(40, 61, kind), noise(40, 61, kind)[::-1].copy()]
    for large, wanted in zip(tiler.enlarge(pictures), twice(pictures), strict=True):
        assert large.dtype == kind and np.array_equal(large, wanted)


def test_neighbours_that_disagree_are_blended() -> None:
    steps = iter(range(0, 200, 50))

    def patches(pictures: Sequence[Picture]) -> list[Picture]:
        return [np.full_like(picture, next(steps)) for picture in pictures]

    row = Tiler(patches, 1, 8, 8, tile=32, pixels=10**6).enlarge([noise(4, 64)])[0][0, :, 0].astype(int)
    assert row[0] == 0 and row[-1] == 50 and np.abs(np.diff(row)).max() <= 5


def test_tiles_are_chosen_by_what_the_network_may_be_given() -> None:
    given: list[int] = []

    def watched(pictures: Sequence[Picture]) -> list[Picture]:
        given.append(sum(picture.shape[0] * picture.shape[1] for picture in pictures))
        return twice(pictures)

    Tiler(watched, 2, 10, tile=None, pixels=10_000).enlarge([noise(200, 300)] * 2)
    assert max(given) <= 10_000
    Tiler(watched, 2, 10, tile=None, pixels=60_000).enlarge([noise(200, 300)])
    assert given[-1] == 60_000  # what fits is not cut


@pytest.mark.parametrize("workers", [1, 2])
def test_tiles_are_halved_until_they_fit_and_stay_so(workers: int) -> None:
    sizes: list[int] = []

    def small_machine(pictures: Sequence[Picture]) -> list[Picture]:
        sizes.append(max(pictures[0].shape[:2]))
        if sizes[-1] > 70:
            raise ShortOfMemory("no more")
        return twice(pictures)

    tiler = Tiler(small_machine, 2, 4, tile=None, pixels=10**6, workers=workers)
    picture = noise(90, 150)
    assert np.array_equal(tiler.enlarge([picture])[0], twice([picture])[0])
    assert max(sizes) == 150
    sizes.clear()
    tiler.enlarge([picture])
    assert max(sizes) <= 70  # the next picture does not try again what failed


def test_a_machine_without_memory_is_told_what_to_do() -> None:
    def no_machine(pictures: Sequence[Picture]) -> list[Picture]:
        raise ShortOfMemory("CUDA out of memory")

    with pytest.raises(ProcessingError, match="32 pixels: CUDA out of memory") as caught:
        Tiler(no_machine, 2, 4, tile=None, pixels=10**6).enlarge([noise(90, 150)])
    assert caught.value.exit_code == 4 and "--engine ncnn" in caught.value.hint


class _Hungry(Srvgg):
    """Runs out of memory as CUDA does, where a picture is larger than 60 pixels."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if max(x.shape[2:]) > 60:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return super().forward(x)


def test_the_torch_engine_halves_its_tiles() -> None:
    torch.manual_seed(1)
    network = _Hungry(8, 1, 2).requires_grad_(False)
    plain = Srvgg(8, 1, 2).requires_grad_(False)
    plain.load_state_dict(network.state_dict())
    cpu = Device(torch.device("cpu"), torch.float32)
    picture = noise(100, 80)
    halved = TorchUpscaler(network, "mine", cpu, None).enlarge([picture])[0]
    whole = TorchUpscaler(plain, "mine", cpu, None).enlarge([picture])[0]
    assert np.abs(halved.astype(int) - whole).max() <= 1
