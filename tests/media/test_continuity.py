"""Holes, repeats and joins in sound, told from the times of its pieces."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from vidgen.media.continuity import gaps

PIECE = 0.02


def silences(times: Sequence[float | None], longest: float = 100) -> dict[int, float]:
    """Seconds of silence before pieces of 20 ms that begin at these times, by number, where there is any."""
    pieces = ((number, time, PIECE) for number, time in enumerate(times))
    return {number: pytest.approx(found, abs=1e-6) for number, found in gaps(pieces, longest) if found}


def steady(count: int, start: float = 0.0) -> list[float]:
    return [start + number * PIECE for number in range(count)]


def test_sound_without_a_hole_has_no_silence_put_into_it() -> None:
    assert silences(steady(50)) == {}
    assert silences(steady(50, start=3600.5)) == {}, "where it begins does not matter"
    assert silences([None] * 50) == {}, "many files tell no times"


def test_a_hole_is_filled_where_it_is() -> None:
    assert silences([*steady(20), *steady(20, start=1.0)]) == {20: 0.6}
    assert silences([*steady(10), *steady(30, start=0.22)]) == {10: 0.02}, "also one lost piece"


def test_times_that_sway_are_no_holes() -> None:
    swaying = [time + (0.008 if number % 2 else -0.008) for number, time in enumerate(steady(60))]
    assert silences(swaying) == {}
    one_wrong = steady(40)
    one_wrong[20] += 5
    assert silences(one_wrong) == {}


def test_a_short_repeat_is_left_out_and_a_second_recording_is_not() -> None:
    assert silences([*steady(20), *steady(20, start=0.36)]) == {20: -0.04}
    assert silences([*steady(100), *steady(100)]) == {}


def test_a_clock_that_was_set_anew_is_no_silence() -> None:
    assert silences([*steady(20), *steady(20, start=5000)], longest=10) == {}
    assert silences([*steady(20), *steady(20, start=5000), *steady(20, start=5001)], longest=10) == {40: 0.6}
