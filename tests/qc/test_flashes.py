"""Flashes: as many as are allowed pass, one more fails; so do contrast, darkness, area and colour at their limits."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.qc.clips import film, found, over, plain

WHITE_LUMA, BLACK_LUMA = 235, 16


def flashing(path: Path, hertz: float, *, rate: object = 25, dark: str = "", bright: str = "", seconds: float = 2) -> Path:
    """A film that is bright for the first half of each period, and dark for the second."""
    base = dark or plain("black", rate=rate, seconds=seconds)
    light = bright or plain("white", rate=rate, seconds=seconds)
    return film(path, over(base, light, when=f"lt(mod(t+0.0001,1/{hertz}),0.5/{hertz})"))


def luma(value: int) -> str:
    return plain("black", luma=value)


@pytest.mark.parametrize("rate", ["24000/1001", "24", "25", "30000/1001", "50", "60"])
def test_three_flashes_a_second_pass_and_four_fail_at_every_rate(rate: str, tmp_path: Path) -> None:
    assert found(flashing(tmp_path / "3.mp4", 3, rate=rate), "luminance_flashes")[:2] == (3, True)
    assert found(flashing(tmp_path / "4.mp4", 4, rate=rate), "luminance_flashes")[:2] == (4, False)


def test_four_flashes_count_also_where_the_film_begins_with_one(tmp_path: Path) -> None:
    one_second = over(plain("black", seconds=3), plain("white", seconds=3), when="lt(t,0.99)*lt(mod(t+0.0001,0.25),0.125)")
    assert found(film(tmp_path / "a.mp4", one_second), "luminance_flashes") == (4, False, 0.0)


def test_the_place_is_where_the_bad_second_begins(tmp_path: Path) -> None:
    late = over(plain("black", seconds=4), plain("white", seconds=4), when="gt(t,1.99)*lt(mod(t+0.0001,0.25),0.125)")
    assert found(film(tmp_path / "a.mp4", late), "luminance_flashes") == (4, False, 2.0)


def test_four_flashes_in_more_than_a_second_pass(tmp_path: Path) -> None:
    slow = over(plain("black", seconds=3), plain("white", seconds=3), when="lt(mod(n,10),2)")  # 2.5 a second
    assert found(film(tmp_path / "a.mp4", slow), "luminance_flashes")[:2] == (3, True)


@pytest.mark.parametrize(
    ("dark", "bright", "flashes"),
    [
        (BLACK_LUMA, 92, 0),  # 0.098 of white
        (BLACK_LUMA, 94, 4),  # 0.103
        (217, WHITE_LUMA, 0),  # the darker image has 0.826 of white
        (212, WHITE_LUMA, 4),  # 0.779
    ],
)
def test_a_flash_is_a_change_of_a_tenth_of_white_from_below_eight_tenths(
    dark: int, bright: int, flashes: int, tmp_path: Path
) -> None:
    value, ok, _ = found(flashing(tmp_path / "a.mp4", 4, dark=luma(dark), bright=luma(bright)), "luminance_flashes")
    assert (value, ok) == (flashes, flashes <= 3)


@pytest.mark.parametrize(("size", "flashes"), [("48x26", 0), ("48x28", 4)])
def test_flashes_count_from_more_than_a_quarter_of_the_picture(size: str, flashes: int, tmp_path: Path) -> None:
    box = flashing(tmp_path / "a.mp4", 4, dark=plain("black"), bright=plain("white", size=size))
    assert found(box, "luminance_flashes")[:2] == (flashes, flashes <= 3)


@pytest.mark.parametrize(("height", "bad"), [(236, False), (244, True)])
def test_the_area_is_right_in_pictures_that_are_measured_smaller(height: int, bad: bool, tmp_path: Path) -> None:
    big = "1280x720"
    box = flashing(
        tmp_path / "a.mp4",
        5,
        dark=plain("black", size=big, seconds=1.2),
        bright=plain("white", size=f"960x{height}", seconds=1.2),
    )
    assert found(box, "luminance_flashes")[1] is not bad


def test_halves_that_flash_in_turn_are_flashes(tmp_path: Path) -> None:
    side = over(plain("black"), plain("white", size="48x54"), x="48*mod(floor((t+0.0001)*8),2)")  # each half 4 times
    assert found(film(tmp_path / "a.mp4", side), "luminance_flashes")[:2] == (4, False)


def test_flashes_in_different_places_add_up(tmp_path: Path) -> None:
    when = "lt(mod(t+0.0001,0.25),0.125)"
    places = over(plain("black"), plain("white", size="48x28"), x="48*mod(floor((t+0.0001)*4),2)", when=when)
    assert found(film(tmp_path / "a.mp4", places), "luminance_flashes")[:2] == (4, False)


def test_soft_flashes_count_too(tmp_path: Path) -> None:
    def soft(hertz: float) -> str:
        return f"{plain('gray', size='32x18')},geq=lum='125-100*cos(2*PI*{hertz}*T)':cb=128:cr=128"

    assert found(film(tmp_path / "3.mp4", soft(3)), "luminance_flashes")[:2] == (3, True)
    assert found(film(tmp_path / "4.mp4", soft(4)), "luminance_flashes")[:2] == (4, False)


def test_a_moving_edge_is_no_flash(tmp_path: Path) -> None:
    edge = over(plain("black"), plain("white", size="48x54"), x="-48+3*n")
    assert found(film(tmp_path / "a.mp4", edge), "luminance_flashes")[1]


def test_red_flashes_of_the_same_brightness_are_found(tmp_path: Path) -> None:
    gray = plain("0x7f7f7f")
    for hertz, ok in ((3, True), (4, False)):
        red = flashing(tmp_path / f"{hertz}.mp4", hertz, dark=gray, bright=plain("red"))
        assert found(red, "red_flashes")[:2] == (hertz, ok)
        assert found(red, "luminance_flashes")[0] == 0


@pytest.mark.parametrize(
    ("dark", "bright", "red"),
    [
        ("0x7f7f7f", "0xc85a5a", 0),  # R / (R + G + B) = 0.74 in linear light
        ("0x7f7f7f", "0xc83c3c", 4),  # 0.87
        ("black", "0x380000", 0),  # 320 R = 13
        ("black", "0x500000", 4),  # 320 R = 26
        ("blue", "red", 4),
        ("blue", "lime", 0),
    ],
)
def test_a_red_flash_goes_to_or_from_a_saturated_red(dark: str, bright: str, red: int, tmp_path: Path) -> None:
    flash = flashing(tmp_path / "a.mp4", 4, dark=plain(dark), bright=plain(bright))
    assert found(flash, "red_flashes")[:2] == (red, red <= 3)


def test_a_small_red_flash_passes(tmp_path: Path) -> None:
    flash = flashing(tmp_path / "a.mp4", 4, dark=plain("0x7f7f7f"), bright=plain("red", size="40x26"))
    assert found(flash, "red_flashes")[1]


def test_light_of_hdr_is_that_of_its_screen() -> None:
    from vidgen.qc.light import Light

    def white(transfer: int, code: int) -> float:
        import numpy as np

        light = Light(transfer)
        rgb = np.full((1, 1, 3), code / 255, np.float32)
        return float(light.luminance(light.of(rgb))[0, 0]) / 100

    assert white(1, 255) == pytest.approx(200, rel=1e-3)
    assert white(16, 255) == pytest.approx(10_000, rel=1e-3) and white(16, 148) == pytest.approx(203, rel=0.03)
    assert white(18, 255) == pytest.approx(1000, rel=1e-3) and white(18, 191) == pytest.approx(203, rel=0.03)
