"""RIFE on tiny pictures, with the real weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from vidgen.post.rife.engine import Rife, load, scale_for
from vidgen.post.rife.ifnet import IFNet
from vidgen.post.rife.weights import load_weights
from vidgen.post.stages import Pair, Picture


@pytest.fixture(scope="module")
def folder(weights: Callable[[str], Path]) -> Path:
    return weights("rife-4.0")


@pytest.fixture(scope="module")
def rife(folder: Path) -> Rife:
    return load(folder, device="cpu")


def texture(shift: float, *, top: int = 255, size: tuple[int, int] = (96, 64)) -> Picture:
    """A soft texture, moved to the right by ``shift`` pixels, as whole numbers up to ``top``."""
    width, height = size
    across, down = np.meshgrid(np.arange(width) - shift, np.arange(height))
    waves = (np.sin(across / 5) + np.sin(across / 11 + down / 7) + np.sin(down / 4 - across / 17)) / 6 + 0.5
    picture = np.stack((waves, waves * 0.8 + 0.1, 1 - waves), 2) * top
    return picture.round().astype(np.uint8 if top == 255 else np.uint16)


def disc(x: float) -> Picture:
    """A white disc with its middle at ``x`` on grey."""
    picture = np.full((64, 96, 3), 90, np.uint8)
    return cv2.circle(picture, (round(x * 16), 32 * 16), 10 * 16, (240, 240, 240), -1, cv2.LINE_AA, 4)


def psnr(one: Picture, other: Picture, top: int = 255) -> float:
    error = np.mean((one.astype(np.float64) - other) ** 2)
    return float(10 * np.log10(top**2 / max(error, 1e-9)))


def middle(picture: Picture) -> float:
    """Where the disc is."""
    weight = np.clip(picture[..., 1].astype(np.float64) - 120, 0, None)
    return float((weight * np.arange(picture.shape[1])).sum() / weight.sum())


def test_the_weights_fit_the_network_exactly(folder: Path) -> None:
    result = IFNet().load_state_dict(load_weights(folder), strict=True)
    assert not result.missing_keys and not result.unexpected_keys


@pytest.mark.parametrize("time", [0.2, 0.75])
def test_a_moving_disc_is_where_it_should_be_at_any_time(rife: Rife, time: float) -> None:
    [[made]] = rife.between([Pair(disc(40), disc(52), (time,))])
    assert middle(made) == pytest.approx(40 + 12 * time, abs=0.9)


def test_a_moving_texture_is_much_better_than_blended(rife: Rife) -> None:
    before, wanted, after = texture(0), texture(3), texture(6)
    [[made]] = rife.between([Pair(before, after, (0.5,))])
    blended = ((before.astype(np.uint16) + after) // 2).astype(np.uint8)
    assert psnr(made, wanted) > psnr(blended, wanted) + 6


def test_sixteen_bits_are_kept(rife: Rife) -> None:
    before, wanted, after = (texture(shift, top=65535) for shift in (0, 1, 2))
    [[made]] = rife.between([Pair(before, after, (0.5,))])
    assert made.dtype == np.uint16
    assert len(np.unique(made)) > 4 * 256, "only so many levels as 8 bits have"
    assert psnr(made, wanted, 65535) > 32


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 7), (33, 17), (97, 63)])
def test_any_size_comes_back_as_it_was(rife: Rife, width: int, height: int) -> None:
    pair = Pair(texture(0, size=(width, height)), texture(2, size=(width, height)), (0.3, 0.6))
    [pictures] = rife.between([pair])
    assert [picture.shape for picture in pictures] == [(height, width, 3)] * 2
    assert all(picture.dtype == np.uint8 for picture in pictures)


def test_the_same_pair_gives_the_same_pictures(rife: Rife) -> None:
    pair = Pair(texture(0), texture(5), (0.4,))
    np.testing.assert_array_equal(rife.between([pair])[0][0], rife.between([pair])[0][0])


def test_backwards_is_the_same_film_backwards(rife: Rife) -> None:
    before, after = texture(0), texture(5)
    [[there]] = rife.between([Pair(before, after, (0.25,))])
    [[back]] = rife.between([Pair(after, before, (0.75,))])
    assert int(np.abs(there.astype(int) - back).max()) <= 1


def test_several_times_and_pairs_at_once_equal_one_by_one(rife: Rife) -> None:
    size = 48, 32
    pairs = [
        Pair(texture(0, size=size), texture(4, size=size), (0.2, 0.6)),
        Pair(texture(9, size=size), texture(7, size=size), (0.5,)),
    ]
    together = rife.between(pairs)
    assert [len(pictures) for pictures in together] == [2, 1]
    for pair, pictures in zip(pairs, together, strict=True):
        for time, picture in zip(pair.times, pictures, strict=True):
            [[alone]] = rife.between([Pair(pair.before, pair.after, (time,))])
            assert int(np.abs(alone.astype(int) - picture).max()) <= 1


def test_what_does_not_move_stays_sharp(rife: Rife) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    before, after = noise.copy(), noise.copy()
    before[20:40, 20:40], after[20:40, 26:46] = 255, 255
    [[made]] = rife.between([Pair(before, after, (0.5,))])
    assert psnr(made[48:, :], noise[48:, :]) > 40


def test_a_flash_changes_the_light_and_bends_nothing(rife: Rife) -> None:
    dark = texture(0) // 3
    bright = np.clip(dark.astype(int) + 150, 0, 255).astype(np.uint8)
    [[made]] = rife.between([Pair(dark, bright, (0.5,))])
    wanted = ((dark.astype(int) + bright) // 2).astype(np.uint8)
    assert psnr(made, wanted) > 24


def test_small_pictures_are_looked_at_enlarged_and_large_ones_shrunk() -> None:
    assert [scale_for(144, 176), scale_for(720, 1280), scale_for(2160, 3840)] == [2.0, 1.0, 0.5]


def test_no_pairs_are_no_pictures(rife: Rife) -> None:
    assert rife.between([]) == []
