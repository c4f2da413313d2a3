"""Real-ESRGAN: two engines, one set of weights, the same pictures; any size; tiles that nobody sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from vidgen.errors import InputError, MissingError
from vidgen.post.esrgan import ncnn_engine, torch_engine
from vidgen.post.esrgan.models import model
from vidgen.post.esrgan.ncnn_files import state_dict
from vidgen.post.esrgan.networks import Rrdb, Srvgg
from vidgen.post.stages import Picture

ModelFolder = Callable[[str], Path]
VIDEO, PHOTO, DRAWING = "realesr-animevideov3", "RealESRGAN_x4plus", "RealESRGAN_x4plus_anime_6B"
ENGINES = {"ncnn": ncnn_engine, "torch": torch_engine}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Pictures this small are done before a second thread has started."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def street(height: int, width: int) -> Picture:
    """A part of a real picture: a street in Kyoto."""
    import cv2

    picture = cv2.imread(str(Path(__file__).parents[2] / "docs" / "kyoto.jpg"))[..., ::-1]
    return np.ascontiguousarray(picture[200 : 200 + height, 300 : 300 + width])


def furthest(one: Picture, other: Picture) -> int:
    """The largest difference of two pictures."""
    return int(np.abs(one.astype(np.int64) - other.astype(np.int64)).max())


@pytest.mark.parametrize(
    ("name", "factor", "size"), [(VIDEO, 2, 40), (VIDEO, 3, 40), (VIDEO, 4, 40), (DRAWING, 4, 16), (PHOTO, 4, 9)]
)
def test_ncnn_and_torch_give_the_same_picture_of_the_right_size(
    weights: ModelFolder, name: str, factor: int, size: int
) -> None:
    picture = street(size, size + 7)
    by_ncnn, by_torch = (
        engine.load(weights(name), name, factor=factor, device="cpu").enlarge([picture])[0] for engine in ENGINES.values()
    )
    assert by_ncnn.shape == (factor * size, factor * (size + 7), 3) and by_ncnn.dtype == np.uint8
    assert furthest(by_ncnn, by_torch) <= 1


@pytest.mark.parametrize("engine", ENGINES)
def test_colours_stay_where_they_are(weights: ModelFolder, engine: str) -> None:
    picture = np.zeros((24, 36, 3), np.uint8)
    picture[:, :12], picture[:, 12:24], picture[:, 24:] = (200, 40, 30), (30, 200, 40), (40, 30, 200)
    large = ENGINES[engine].load(weights(VIDEO), VIDEO, factor=2).enlarge([picture])[0]
    for stripe in range(3):
        inner = large[8:-8, 24 * stripe + 6 : 24 * stripe + 18]
        assert furthest(inner.mean((0, 1)).astype(np.int64), picture[0, 12 * stripe + 6]) <= 12


@pytest.mark.parametrize("engine", ENGINES)
def test_a_larger_picture_resembles_what_it_was_made_of(weights: ModelFolder, engine: str) -> None:
    picture = street(32, 48)
    large = ENGINES[engine].load(weights(VIDEO), VIDEO, factor=4).enlarge([picture])[0]
    shrunk = large.reshape(32, 4, 48, 4, 3).mean((1, 3))
    assert np.abs(shrunk - picture).mean() < 8


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3)])
def test_the_smallest_pictures_are_enlarged_too(weights: ModelFolder, engine: str, size: tuple[int, int]) -> None:
    upscaler = ENGINES[engine].load(weights(VIDEO), VIDEO, factor=2)
    assert upscaler.enlarge([street(*size)])[0].shape == (2 * size[0], 2 * size[1], 3)


@pytest.mark.parametrize("engine", ENGINES)
def test_sixteen_bits_keep_more_than_eight(weights: ModelFolder, engine: str) -> None:
    upscaler = ENGINES[engine].load(weights(VIDEO), VIDEO, factor=2, device="cpu")
    coarse = street(16, 24)
    fine = coarse.astype(np.uint16) * np.uint16(257)
    large = upscaler.enlarge([fine])[0]
    assert large.dtype == np.uint16
    assert furthest(np.rint(large / 257), upscaler.enlarge([coarse])[0]) <= 1
    assert len(np.unique(large % 257)) > 200  # tones between those that 8 bits have


@pytest.mark.parametrize("engine", ENGINES)
def test_several_pictures_at_once_are_the_same_as_one_by_one(weights: ModelFolder, engine: str) -> None:
    upscaler = ENGINES[engine].load(weights(VIDEO), VIDEO, factor=2, device="cpu")
    pictures = [street(20, 30), street(20, 30)[::-1].copy(), street(20, 30)]
    together = upscaler.enlarge(pictures)
    for picture, large in zip(pictures, together, strict=True):
        assert furthest(upscaler.enlarge([picture])[0], large) <= (0 if engine == "ncnn" else 1)
    assert np.array_equal(together[0], together[2])


@pytest.mark.parametrize(("engine", "factor"), [("ncnn", 2), ("ncnn", 3), ("ncnn", 4), ("torch", 2)])
def test_tiles_of_the_video_model_leave_no_trace(weights: ModelFolder, engine: str, factor: int) -> None:
    picture = street(40, 36)
    whole, tiled = (
        ENGINES[engine].load(weights(VIDEO), VIDEO, factor=factor, tile=tile, device="cpu").enlarge([picture])[0]
        for tile in (None, 32)
    )
    assert furthest(whole, tiled) <= 1


def test_tiles_of_the_drawing_model_leave_no_seam(weights: ModelFolder) -> None:
    picture = street(72, 16)
    whole, tiled = (
        ncnn_engine.load(weights(DRAWING), DRAWING, tile=tile).enlarge([picture])[0].astype(int) for tile in (None, 36)
    )
    difference = np.abs(whole - tiled)
    assert 0 < difference.max() <= 12 and difference.mean() < 0.1


def test_a_factor_that_a_model_lacks_is_the_next_larger_one() -> None:
    assert [model(VIDEO).factor(wish) for wish in (None, 1, 2, 3, 4, 8)] == [4, 2, 2, 3, 4, 4]
    assert model(PHOTO).factor(2) == 4


@pytest.mark.parametrize("engine", ENGINES)
def test_a_model_that_nobody_knows_is_refused_with_the_known_ones(engine: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        ENGINES[engine].load(tmp_path, "realesr-x9")
    assert VIDEO in caught.value.hint


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data[:-4], "too short"),
        (lambda data: data + b"\0\0\0\0", "left over"),
        (lambda data: b"\1" + data[1:], "unknown form"),
        (lambda data: data[:4] + b"\xff\x7f" * 8 + data[20:], "not finite"),
    ],
    ids=["cut", "longer", "flag", "numbers"],
)
def test_a_damaged_weights_file_is_refused(
    weights: ModelFolder, tmp_path: Path, damage: Callable[[bytes], bytes], reason: str
) -> None:
    row = model(VIDEO)
    for graph in row.graphs.values():
        (tmp_path / graph).write_bytes((weights(VIDEO) / graph).read_bytes())
    (tmp_path / row.weights).write_bytes(damage((weights(VIDEO) / row.weights).read_bytes()))
    with pytest.raises(MissingError, match=reason):
        torch_engine.load(tmp_path, VIDEO)


def test_a_graph_that_is_cut_short_is_refused(weights: ModelFolder, tmp_path: Path) -> None:
    row = model(VIDEO)
    (tmp_path / row.weights).write_bytes((weights(VIDEO) / row.weights).read_bytes())
    for graph in row.graphs.values():
        (tmp_path / graph).write_text("\n".join((weights(VIDEO) / graph).read_text().splitlines()[:-3]))
    with pytest.raises(MissingError, match="number of layers"):
        torch_engine.load(tmp_path, VIDEO)


@pytest.mark.parametrize("wrapping", [None, "params", "params_ema"])
def test_weights_of_your_own_are_told_by_their_names(weights: ModelFolder, tmp_path: Path, wrapping: str | None) -> None:
    state = state_dict(model(VIDEO), weights(VIDEO))
    torch.save({wrapping: state} if wrapping else state, tmp_path / "mine.pth")
    picture = street(12, 15)
    own = torch_engine.load(tmp_path, str(tmp_path / "mine.pth"), factor=2, device="cpu")
    ours = torch_engine.load(weights(VIDEO), VIDEO, factor=2, device="cpu")
    assert own.model == "mine" and np.array_equal(own.enlarge([picture])[0], ours.enlarge([picture])[0])


@pytest.mark.parametrize(
    ("network", "factor"),
    [(Rrdb(8, 1, 4, factor=4), 4), (Rrdb(8, 1, 4, factor=2), 2), (Rrdb(8, 2, 4, factor=1), 1), (Srvgg(8, 1, 2), 2)],
    ids=["rrdb-x4", "rrdb-x2", "rrdb-x1", "srvgg-x2"],
)
def test_safetensors_of_your_own_in_other_forms(network: torch.nn.Module, factor: int, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file(network.state_dict(), tmp_path / "mine.safetensors")
    upscaler = torch_engine.load(tmp_path, str(tmp_path / "mine.safetensors"), factor=4, device="cpu")
    assert upscaler.factor == factor
    assert upscaler.enlarge([street(5, 7)])[0].shape == (5 * factor, 7 * factor, 3)


class _Trap:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, ...]]:
        return (Path.touch, ("trapped",))


@pytest.mark.parametrize("content", ["another network", "a program", "text", "nothing"])
def test_a_file_of_your_own_that_is_not_such_weights_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.pth"
    if content == "another network":
        torch.save({"body.0.weight": torch.zeros(4, 3, 3, 3), "head.bias": torch.zeros(2)}, path)
    elif content == "a program":
        torch.save(_Trap(), path)
    elif content == "text":
        path.write_text("hello")
    with pytest.raises(InputError) as caught:
        torch_engine.load(tmp_path, str(path))
    assert caught.value.code == "models.unreadable"
