"""The public suites for post engines: vidgen's own pass them, and each kind of bad engine is caught."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidgen.post.filters import Blend, Lanczos, Minterpolate, Nearest
from vidgen.post.stages import FilterInterpolator, FrameUpscaler, Pair, PairInterpolator, Picture
from vidgen.testing import InterpolatorConformance, UpscalerConformance


class Mix(PairInterpolator):
    name = "mix"
    batch = 2

    def between(self, pairs: Sequence[Pair]) -> list[list[Picture]]:
        return [[((1 - t) * pair.before + t * pair.after).astype(pair.before.dtype) for t in pair.times] for pair in pairs]


class Double(FrameUpscaler):
    name = "double"
    factor = 2

    def enlarge(self, pictures: Sequence[Picture]) -> list[Picture]:
        return [picture.repeat(2, 0).repeat(2, 1) for picture in pictures]


class TestMix(InterpolatorConformance):
    engine = Mix


class TestMinterpolate(InterpolatorConformance):
    engine = Minterpolate


class TestBlend(InterpolatorConformance):
    engine = Blend


class TestNearest(InterpolatorConformance):
    engine = Nearest


class TestDouble(UpscalerConformance):
    engine = Double


class TestLanczos(UpscalerConformance):
    engine = Lanczos


class Backwards(Mix):
    def between(self, pairs: Sequence[Pair]) -> list[list[Picture]]:
        return super().between([Pair(pair.after, pair.before, pair.times) for pair in pairs])


class Single(Mix):
    def between(self, pairs: Sequence[Pair]) -> list[list[Picture]]:
        return [pictures[:1] for pictures in super().between(pairs)]


class EightBits(Mix):
    def between(self, pairs: Sequence[Pair]) -> list[list[Picture]]:
        return [[picture.astype(np.uint8) for picture in pictures] for pictures in super().between(pairs)]


class OneBuffer(Mix):
    buffer: Any = None

    def between(self, pairs: Sequence[Pair]) -> list[list[Picture]]:
        ((picture, *_),) = super().between(pairs)
        if self.buffer is None:
            self.buffer = picture
        self.buffer[:] = picture
        return [[self.buffer]]


class Scribbling(Mix):
    def between(self, pairs: Sequence[Pair]) -> list[list[Picture]]:
        pairs[0].before[0] = 0
        return super().between(pairs)


class Slow(FilterInterpolator):
    name = "slow"

    def filter(self, rate: Fraction) -> str:
        return f"fps={rate / 2}"


class Mirror(Double):
    def enlarge(self, pictures: Sequence[Picture]) -> list[Picture]:
        return [picture[:, ::-1] for picture in super().enlarge(pictures)]


class Small(Double):
    def enlarge(self, pictures: Sequence[Picture]) -> list[Picture]:
        return list(pictures)


class Bright(Double):
    def enlarge(self, pictures: Sequence[Picture]) -> list[Picture]:
        return [picture // 2 for picture in super().enlarge(pictures)]


@pytest.mark.parametrize(
    ("bad", "good", "test", "given"),
    [
        (Backwards, Mix, "test_a_picture_near_one_of_the_two_looks_like_it", ()),
        (Single, Mix, "test_each_pair_gets_a_picture_for_each_time_of_its_own_kind", (np.uint8,)),
        (EightBits, Mix, "test_each_pair_gets_a_picture_for_each_time_of_its_own_kind", (np.uint16,)),
        (OneBuffer, Mix, "test_the_same_pair_gives_the_same_pictures_and_later_calls_change_none", ()),
        (Scribbling, Mix, "test_a_picture_near_one_of_the_two_looks_like_it", ()),
        (Slow, Nearest, "test_a_filter_gives_a_frame_for_each_moment", (Path(),)),
        (Mirror, Double, "test_the_large_picture_shows_what_the_small_one_shows", ()),
        (Small, Double, "test_each_picture_is_larger_by_the_factor_and_of_its_own_kind", (np.uint8, 2)),
        (Bright, Double, "test_the_large_picture_shows_what_the_small_one_shows", ()),
    ],
)
def test_the_suites_catch_a_bad_engine(bad: Any, good: Any, test: str, given: tuple[Any, ...], tmp_path: Path) -> None:
    base = UpscalerConformance if issubclass(bad, FrameUpscaler) else InterpolatorConformance
    given = tuple(tmp_path if value == Path() else value for value in given)
    with pytest.raises((AssertionError, ValueError)):
        getattr(type("Suite", (base,), {"engine": bad})(), test)(*given)
    getattr(type("Suite", (base,), {"engine": good})(), test)(*given)
