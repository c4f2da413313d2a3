"""What every interpolation or upscaling engine must do, as pytest classes. Built-in ones pass them; third-party ones should."""

# ruff: noqa: D102 - the name of each test is the sentence that it checks

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.probe import probe
from vidgen.post.stages import FilterInterpolator, FilterUpscaler, FrameUpscaler, Pair, PairInterpolator, Picture, PostEngine

DEPTHS = (np.uint8, np.uint16)


class _PostConformance:
    """What both kinds have in common. ``engine`` is the engine's class."""

    engine: type[PostEngine]
    size = (64, 48)
    """Width and height of the pictures that it is tested with."""

    def test_it_says_what_it_is_without_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with no_network(monkeypatch):
            reason = self.engine.available()
        assert reason is None or (isinstance(reason, str) and reason and "\n" not in reason)
        assert isinstance(self.engine.name, str) and self.engine.name not in ("", "auto")
        assert isinstance(self.engine.version, str)
        cost = self.engine.seconds_per_megapixel
        assert cost is None or cost >= 0

    def picture(self, shift: int, dtype: Any = np.uint8) -> Picture:
        """A smooth picture that is moved to the right by so many pixels; it cannot be written to."""
        width, height = self.size
        x, y = np.meshgrid(np.arange(width) - shift, np.arange(height))
        waves = np.sin(x / 7) * np.cos(y / 5) + x / width
        levels = 0.4 + 0.2 * waves[..., None] * np.array([1.0, 0.8, 0.6])
        made = np.ascontiguousarray((levels * np.iinfo(dtype).max).astype(dtype))
        made.flags.writeable = False
        return cast("Picture", made)


class InterpolatorConformance(_PostConformance):
    """Subclass it, set ``engine`` to the class of a ``PairInterpolator`` or ``FilterInterpolator``, and let pytest find it."""

    def test_the_class_is_an_interpolator(self) -> None:
        assert issubclass(self.engine, PairInterpolator | FilterInterpolator)

    @pytest.mark.parametrize("dtype", DEPTHS)
    def test_each_pair_gets_a_picture_for_each_time_of_its_own_kind(self, dtype: Any) -> None:
        engine, pairs = self._pairs_engine(), self.pairs(dtype)
        made = [engine.between(pairs[start : start + engine.batch]) for start in range(0, len(pairs), engine.batch)]
        flat = [pictures for batch in made for pictures in batch]
        assert [len(pictures) for pictures in flat] == [len(pair.times) for pair in pairs]
        for pictures, pair in zip(flat, pairs, strict=True):
            for picture in pictures:
                assert (picture.shape, picture.dtype) == (pair.before.shape, pair.before.dtype)

    def test_a_picture_near_one_of_the_two_looks_like_it(self) -> None:
        before, after = self.picture(0), self.picture(6)
        ((early, late),) = self._pairs_engine().between([Pair(before, after, (0.05, 0.95))])
        assert _distance(early, before) < _distance(early, after)
        assert _distance(late, after) < _distance(late, before)

    def test_the_same_pair_gives_the_same_pictures_and_later_calls_change_none(self) -> None:
        engine = self._pairs_engine()
        pair = Pair(self.picture(0), self.picture(4), (0.5,))
        ((first,),) = engine.between([pair])
        kept = first.copy()
        engine.between([Pair(self.picture(9), self.picture(20), (0.5,))])
        assert np.array_equal(first, kept), "a picture that was given away must not change"
        ((again,),) = engine.between([pair])
        assert np.array_equal(first, again)

    def test_a_filter_gives_a_frame_for_each_moment(self, tmp_path: Path) -> None:
        if not issubclass(self.engine, FilterInterpolator):
            pytest.skip("not a filter")
        text = self.engine().filter(Fraction(24))
        info = _filtered(f"settb=1/12,tpad=stop_mode=clone:stop=4,{text},trim=end_frame=24", self.size, tmp_path)
        assert (info.frames, info.rate) == (24, Fraction(24))

    def pairs(self, dtype: Any) -> list[Pair]:
        """Three neighbours, with one, two and three moments between them."""
        times: Sequence[tuple[float, ...]] = ((0.5,), (0.25, 0.75), (0.1, 0.4, 0.9))
        return [Pair(self.picture(2 * n, dtype), self.picture(2 * n + 2, dtype), some) for n, some in enumerate(times)]

    def _pairs_engine(self) -> PairInterpolator:
        if not issubclass(self.engine, PairInterpolator):
            pytest.skip("a filter is given no pairs")
        return self.engine.load()


class UpscalerConformance(_PostConformance):
    """Subclass it, set ``engine`` to the class of a ``FrameUpscaler`` or ``FilterUpscaler``, and let pytest find it."""

    def test_the_class_is_an_upscaler(self) -> None:
        assert issubclass(self.engine, FrameUpscaler | FilterUpscaler)

    @pytest.mark.parametrize("factor", [2, 3, 4])
    @pytest.mark.parametrize("dtype", DEPTHS)
    def test_each_picture_is_larger_by_the_factor_and_of_its_own_kind(self, dtype: Any, factor: int) -> None:
        engine = self._frames_engine(factor)
        pictures = [self.picture(shift, dtype) for shift in range(engine.batch)]
        made = engine.enlarge(pictures)
        width, height = (side * engine.factor for side in self.size)
        assert [(one.shape, one.dtype) for one in made] == [((height, width, 3), np.dtype(dtype))] * engine.batch

    def test_the_large_picture_shows_what_the_small_one_shows(self) -> None:
        import cv2

        engine = self._frames_engine(2)
        (large,) = engine.enlarge([self.picture(0)])
        small = cv2.resize(large, self.size, interpolation=cv2.INTER_AREA)
        assert _distance(small, self.picture(0)) < _distance(small, self.picture(11))
        assert _distance(small, self.picture(0)) < 16, "colours and places are kept"

    def test_the_same_picture_gives_the_same_pixels_and_later_calls_change_none(self) -> None:
        engine = self._frames_engine(2)
        (first,) = engine.enlarge([self.picture(0)])
        kept = first.copy()
        engine.enlarge([self.picture(9)])
        assert np.array_equal(first, kept), "a picture that was given away must not change"
        (again,) = engine.enlarge([self.picture(0)])
        assert np.array_equal(first, again)

    def test_a_filter_gives_the_size_that_it_is_told(self, tmp_path: Path) -> None:
        if not issubclass(self.engine, FilterUpscaler):
            pytest.skip("not a filter")
        info = _filtered(self.engine().filter(150, 98), self.size, tmp_path)
        assert (info.width, info.height, info.frames) == (150, 98, 12)

    def _frames_engine(self, factor: int) -> FrameUpscaler:
        if not issubclass(self.engine, FrameUpscaler):
            pytest.skip("a filter is given no pictures")
        engine = self.engine.load(factor)
        assert isinstance(engine.factor, int) and engine.factor >= 1
        return engine


def _distance(one: Any, other: Any) -> float:
    """Mean difference in levels."""
    return float(np.abs(one.astype(np.float64) - other).mean())


def _filtered(text: str, size: tuple[int, int], folder: Path) -> Any:
    source = f"testsrc2=s={size[0]}x{size[1]}:r=12:d=1,format=yuv420p"
    out = folder / "filtered.mp4"
    run_ffmpeg(["-f", "lavfi", "-i", source, "-vf", text, "-pix_fmt", "yuv420p", str(out)], what="running the filter")
    return probe(out)


@contextmanager
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail where something inside uses the network."""

    def refuse(*args: Any, **more: Any) -> Any:
        raise AssertionError("this must not use the network")

    with monkeypatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield
