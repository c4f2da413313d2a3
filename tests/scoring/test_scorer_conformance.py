"""The public suite for scorers: a good one passes it, and each kind of bad scorer is caught."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from vidgen.plugin import Clip, ClipScorer, Expectation, GroupScorer, Measurement
from vidgen.testing import ScorerConformance


class Motion(ClipScorer):
    name = "frame-difference"
    family = "motion"
    better = "high"
    noise = 2.0
    unit = "levels"

    def score(self, clip: Clip, expectation: Expectation) -> Measurement:
        frames = [frame.astype(int) for frame in clip.frames()]
        if len(frames) < 2:
            return Measurement(None, "one frame does not move")
        return Measurement(float(np.mean([np.abs(two - one).mean() for one, two in itertools.pairwise(frames)])))


class Rank(GroupScorer):
    name = "rank"
    family = "continuity"
    better = "low"
    noise = 0.5

    def score_all(self, clips: Sequence[Clip], expectation: Expectation) -> list[Measurement]:
        order = sorted(clip.sha256 for clip in clips)
        return [Measurement(float(order.index(clip.sha256))) for clip in clips]


class TestMotion(ScorerConformance):
    scorer = Motion


class TestRank(ScorerConformance):
    scorer = Rank


class Unreasoned(Motion):
    def score(self, clip: Clip, expectation: Expectation) -> Measurement:
        return Measurement(None)


class Counting(Motion):
    count = itertools.count()

    def score(self, clip: Clip, expectation: Expectation) -> Measurement:
        return Measurement(float(next(self.count)))


class Whole(Motion):
    def score(self, clip: Clip, expectation: Expectation) -> Measurement:
        return super().score(Clip(clip.file, clip.sha256), expectation)


class Untidy(Motion):
    def score(self, clip: Clip, expectation: Expectation) -> Measurement:
        clip.file.with_suffix(".txt").touch()
        return super().score(clip, expectation)


class Unregistered(Motion):
    def score(self, clip: Clip, expectation: Expectation) -> Measurement:
        return Measurement(1.0, notices=(("my code", "hello"),))


class First(Rank):
    def score_all(self, clips: Sequence[Clip], expectation: Expectation) -> list[Measurement]:
        return [Measurement(float(index)) for index, _ in enumerate(clips)]


class Vague(Motion):
    family = "beauty"  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("bad", "test"),
    [
        (Unreasoned, "test_each_clip_gets_a_number_or_the_reason_why_not"),
        (Unregistered, "test_each_clip_gets_a_number_or_the_reason_why_not"),
        (Counting, "test_the_same_clip_gets_the_same_number_in_any_order"),
        (First, "test_the_same_clip_gets_the_same_number_in_any_order"),
        (Whole, "test_the_window_is_looked_at_and_nothing_else"),
        (Untidy, "test_the_clips_are_left_as_they_are_and_nothing_is_left_beside_them"),
    ],
)
def test_the_suite_catches_a_bad_scorer(bad: type[Motion], test: str, tmp_path: Path) -> None:
    suite = type("Suite", (ScorerConformance,), {"scorer": bad})()
    with pytest.raises(AssertionError):
        getattr(suite, test)(tmp_path)


def test_the_suite_catches_a_scorer_of_no_family_and_one_that_uses_the_network_too_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Eager(Motion):
        def available(self) -> str | None:
            socket.create_connection(("127.0.0.1", 9), timeout=0.1).close()
            return None

    vague, eager = (type("Suite", (ScorerConformance,), {"scorer": bad})() for bad in (Vague, Eager))
    with pytest.raises(AssertionError):
        vague.test_it_says_what_it_measures()
    with pytest.raises(AssertionError, match="must not use the network"):
        eager.test_being_made_asked_whether_it_is_ready_and_what_it_costs_needs_no_network(monkeypatch, tmp_path)
