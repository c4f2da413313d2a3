"""A clip is brought to the light of another: exposure, white balance, contrast, within bounds, and never farther away."""

from __future__ import annotations

import numpy as np
import pytest

from vidgen.media.frames import Frame
from vidgen.post.matching import applied, bake_match, difference, light_of, match_light, matched
from vidgen.post.settings import Match

CASTS = [(1, 0, 0), (-1, 0, 0), (0, 0.3, -0.6), (0, -0.25, 0.4), (0.5, 0.3, -0.6)]
"""Stops of exposure, and of red and blue against green: the third is a lamp some 2500 K warmer, the fourth a colder one."""


def scene(seed: int = 3) -> Frame:
    """A drawn picture: sky, ground, grey walls, and some things of strong colours."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((90, 160, 3))
    picture[:40] = np.linspace(0.35, 0.6, 40)[:, None, None] * np.array([0.85, 0.95, 1.1])
    picture[40:] = np.linspace(0.3, 0.12, 50)[:, None, None] * np.array([1.05, 1.0, 0.85])
    for _ in range(14):
        x, y, wide, high = rng.integers(0, 140), rng.integers(20, 70), rng.integers(8, 20), rng.integers(8, 20)
        grey = rng.random() < 0.6
        picture[y : y + high, x : x + wide] = rng.uniform(0.1, 0.7) * (np.ones(3) if grey else rng.uniform(0.2, 1.0, 3))
    picture += rng.normal(0, 0.01, picture.shape)
    return coded(picture)


def coded(linear: np.ndarray) -> Frame:
    return (np.clip(linear, 0, 1) ** (1 / 2.4) * 255 + 0.5).astype(np.uint8)


def cast(frame: Frame, stops: float, red: float, blue: float) -> Frame:
    return coded((frame / 255) ** 2.4 * 2.0 ** np.array([stops + red, stops, stops + blue]))


@pytest.mark.parametrize("wrong", CASTS)
def test_a_cast_is_more_than_halved(wrong: tuple[float, float, float]) -> None:
    reference = light_of([scene()])
    assert reference
    match, before, after = matched([cast(scene(), *wrong)], reference, 0.8)
    assert match.seen and before > 4 and after < before / 2


@pytest.mark.parametrize("seed", range(5))
def test_what_matches_already_is_left_alone(seed: int) -> None:
    reference = light_of([scene(seed)])
    noisy = np.clip(scene(seed).astype(int) + np.random.default_rng(1).integers(-2, 3, scene().shape), 0, 255)
    assert reference and not matched([noisy.astype(np.uint8)], reference, 0.8)[0].seen


@pytest.mark.parametrize("seed", range(1, 7))
def test_other_things_in_the_picture_make_it_no_worse(seed: int) -> None:
    reference = light_of([scene(0)])
    assert reference
    _, before, after = matched([scene(seed)], reference, 0.8)
    assert after <= before


def test_a_match_is_bounded() -> None:
    bright, dark = light_of([scene()]), light_of([cast(scene(), -3, 0, 0)])
    assert bright and dark
    assert match_light(dark, bright).stops == 1.5


def test_strength_is_how_much_of_the_way_it_goes() -> None:
    here, there = light_of([cast(scene(), -1, 0, 0)]), light_of([scene()])
    assert here and there
    assert match_light(here, there, 0.5).stops == pytest.approx(0.5, abs=0.06) and match_light(here, there, 0) == Match()


@pytest.mark.parametrize("level", [0, 90, 255])
def test_what_has_no_light_to_measure_is_left_alone(level: int) -> None:
    flat = np.full((90, 160, 3), level, np.uint8)
    assert light_of([flat]) is None


def test_highlights_keep_their_drawing() -> None:
    table = bake_match(Match(stops=1.0))
    greys = np.array([table[index, index, index, 1] for index in range(33)])
    assert (np.diff(greys) > 0).all() and greys[-1] <= 1


def test_skin_keeps_more_of_its_hue_than_other_colours() -> None:
    def turned(colour: list[int]) -> float:
        before = np.array([[colour]], np.uint8)
        red, green, blue = applied(Match(red=-0.4, blue=0.6), before)[0, 0].astype(float)
        return float(blue / red - colour[2] / colour[0])

    assert turned([205, 150, 120]) < turned([205, 140, 205]) and turned([205, 150, 120]) > 0


def test_difference_is_none_between_equals() -> None:
    light = light_of([scene()])
    assert light and difference(light, light) == 0
