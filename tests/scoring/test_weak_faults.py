"""Slight faults that a viewer would name are told from the clean clip, each by the measure that is made for it."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from tests.scoring.faulty_clips import HEIGHT, RATE, WIDTH, Pictures, blurred, noisy, scene, trailing

from vidgen.scoring.reading import read_pictures
from vidgen.scoring.rules import RULES
from vidgen.scoring.values import values_of


def doubled(pictures: Pictures) -> Pictures:
    """The picture two before shines through."""
    return [cv2.addWeighted(one, 0.75, pictures[max(0, t - 2)], 0.25, 0) for t, one in enumerate(pictures)]


def pulsing(pictures: Pictures) -> Pictures:
    return [cv2.GaussianBlur(one, (0, 0), 0.1 + 1.5 * abs(np.sin(t / 4))) for t, one in enumerate(pictures)]


def stepped(pictures: Pictures) -> Pictures:
    return [(one // 6 * 6 + 3).astype(np.uint8) for one in pictures]


def turning(pictures: Pictures) -> Pictures:
    """Colours turn by ten degrees."""
    result = []
    for t, one in enumerate(pictures):
        lab = cv2.cvtColor(one.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        angle = np.deg2rad(10 * t / len(pictures))
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
        rgb = cv2.cvtColor(np.dstack([lab[..., :1], lab[..., 1:] @ turn]), cv2.COLOR_LAB2RGB)
        result.append(np.clip(rgb * 255, 0, 255).astype(np.uint8))
    return result


def melting(pictures: Pictures) -> Pictures:
    """Shapes bend by some pixels."""
    random = np.random.default_rng(6)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    fields = [cv2.resize(random.normal(size=(4, 6, 2)).astype(np.float32), (WIDTH, HEIGHT)) for _ in range(8)]
    result = []
    for t, one in enumerate(pictures):
        bend = 2 * fields[t // 4] * (1 - t % 4 / 4) + 2 * fields[t // 4 + 1] * (t % 4 / 4)
        result.append(cv2.remap(one, x + bend[..., 0], y + bend[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))
    return result


FAULTS: dict[str, tuple[str, Callable[[Pictures], Pictures]]] = {
    "doubled": ("trails", doubled),
    "trailing": ("trails", lambda clip: trailing(clip, 0.5)),
    "pulsing": ("pulsing", pulsing),
    "stepped": ("bands", stepped),
    "turning": ("hue_drift", turning),
    "melting": ("wobble", melting),
    "soft": ("contour", lambda clip: list(blurred(clip, 0.8))),
    "noisy": ("noise", lambda clip: noisy(clip, 2.0)),
}


def values(pictures: Pictures) -> dict[str, float]:
    return values_of(read_pictures(pictures, RATE, (WIDTH, HEIGHT)))


@pytest.fixture(scope="module")
def clean() -> dict[str, float]:
    return values(scene(x=2.0))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_slight_fault_is_more_than_harmless(clean: dict[str, float], fault: str) -> None:
    measure, damage = FAULTS[fault]
    rule, found = RULES.measures[measure], values(damage(scene(x=2.0)))
    worse = rule.place(found[measure]) - rule.place(clean[measure])
    harmless = 2 * RULES.harmless * rule.noise
    assert (worse if rule.better == "low" else -worse) > 1.3 * harmless


def test_one_colour_has_no_steps() -> None:
    flat = [np.full((HEIGHT, WIDTH, 3), 90, np.uint8)] * 4
    assert values(flat)["bands"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_clip_of_few_pictures_has_values_too(frames: int) -> None:
    assert all(np.isfinite(value) for value in values(scene(frames=frames)).values())


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (400, 40)])
def test_a_clip_of_odd_shape_has_values_too(size: tuple[int, int]) -> None:
    random = np.random.default_rng(7)
    pictures = [random.integers(0, 255, (*size, 3)).astype(np.uint8) for _ in range(4)]
    found = values_of(read_pictures(pictures, RATE, (size[1], size[0])))
    assert all(np.isfinite(value) for value in found.values())


def test_small_pictures_say_nothing_of_what_moves_fast() -> None:
    assert "crispness" not in values(scene(frames=6))
