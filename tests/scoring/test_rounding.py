"""Processors round differently: what differs by a rounding is judged alike, and flat pictures decide nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.scoring.faulty_clips import HEIGHT, WIDTH, Pictures, blurred, scene, shaken

from vidgen.scoring import FAMILIES, Expectation, Scorecard, choose, score_takes

Clip = Callable[..., Path]


def rounded_differently(pictures: Pictures, seed: int = 0) -> Pictures:
    """Every hundredth value is one step off, as another processor's rounding may leave it."""
    random = np.random.default_rng(seed)
    return [
        np.clip(picture.astype(int) + random.choice([-1, 0, 1], picture.shape, p=[0.005, 0.99, 0.005]), 0, 255).astype(np.uint8)
        for picture in pictures
    ]


def flat(*levels: int) -> Pictures:
    return [np.full((HEIGHT, WIDTH, 3), level, np.uint8) for level in levels]


def card(name: str, total: float, worst: float = 0.0) -> Scorecard:
    return Scorecard(Path(name), name, total, {**dict.fromkeys(FAMILIES), "temporal": worst})


@pytest.mark.parametrize("seed", [1, 2])
def test_roundings_change_neither_vetoes_nor_the_choice(clip: Clip, seed: int) -> None:
    asked = Expectation(move="pan_left", motion_amount=5)
    takes = {"clean": scene(), "shaken": shaken(scene(), 1.0), "blurred": blurred(scene(), 1.5), "back": scene(x=-1.0)}
    given = score_takes([clip(name, pictures) for name, pictures in takes.items()], asked)
    other = score_takes([clip(f"{name}-{seed}", rounded_differently(takes[name], seed)) for name in takes], asked)
    assert [one.vetoes for one in given] == [one.vetoes for one in other]
    assert choose(given).order == choose(other).order


@pytest.mark.parametrize("level", range(26, 38))
def test_a_step_of_a_flat_picture_is_no_cut_whatever_the_grey(clip: Clip, level: int) -> None:
    [found] = score_takes([clip("step", flat(*[level] * 6, *[level + 2] * 6))], Expectation(wants_still=True))
    assert [veto.code for veto in found.vetoes] == ["one_colour" if level >= 24 else "black"]


def test_totals_that_differ_by_a_rounding_are_equal() -> None:
    assert choose([card("b", 1.004), card("a", 1.0)]).winner == choose([card("b", 1.0), card("a", 1.004)]).winner == 1


def test_a_rounding_of_the_worst_family_decides_nothing_either() -> None:
    assert choose([card("b", 1.0, worst=-0.5), card("a", 1.0, worst=-0.502)]).winner == 1
    assert choose([card("b", 1.0, worst=-0.5), card("a", 1.0, worst=-1.5)]).winner == 0


def test_a_total_that_is_no_number_comes_last() -> None:
    assert choose([card("b", float("nan")), card("a", -3.0)]).order == (1, 0)
