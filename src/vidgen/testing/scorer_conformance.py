"""What every scorer must do, as a pytest class. Third-party scorers should pass it."""

# ruff: noqa: D102 - the name of each test is the sentence that it checks

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from vidgen.errors import NOTICES, is_code
from vidgen.media.files import sha256_file
from vidgen.media.frames import FrameWriter
from vidgen.scoring.scorer import Clip, ClipScorer, Family, GroupScorer, Measurement, Scorer
from vidgen.scoring.types import Expectation
from vidgen.testing.post_conformance import no_network


class ScorerConformance:
    """Subclass it, set ``scorer`` to the scorer's class or to a function that makes one, and let pytest find it.

    Override ``clips`` where the scorer needs others than two drifting textures, and ``expectation`` where it needs more than a
    prompt.
    """

    scorer: Callable[[], Scorer]
    frames = 12
    size = (96, 64)

    def make(self) -> Scorer:
        """A new scorer."""
        return type(self).scorer()

    def expectation(self) -> Expectation:
        """What was asked of the shot."""
        return Expectation(prompt="a lighthouse on a cliff at dusk, waves below", move="pan_left", motion_amount=5)

    def clips(self, folder: Path) -> list[Clip]:
        """Two takes of one shot."""
        return [self._clip(folder / f"take-{seed}.mp4", seed) for seed in (1, 2)]

    def test_it_says_what_it_measures(self) -> None:
        scorer = self.make()
        assert isinstance(scorer, ClipScorer | GroupScorer)
        assert isinstance(scorer.name, str) and scorer.name
        assert scorer.family in get_args(Family)
        assert scorer.better in ("high", "low")
        assert scorer.noise > 0 and math.isfinite(scorer.noise)
        assert scorer.typical is None or math.isfinite(scorer.typical)
        assert isinstance(scorer.unit, str) and isinstance(scorer.version, str) and isinstance(scorer.deterministic, bool)

    def test_being_made_asked_whether_it_is_ready_and_what_it_costs_needs_no_network(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        clips = self.clips(tmp_path)
        with no_network(monkeypatch):
            scorer = self.make()
            reason, usd = scorer.available(), scorer.estimate(clips, self.expectation())
        assert reason is None or (isinstance(reason, str) and reason and "\n" not in reason)
        assert usd is None or (usd >= 0 and math.isfinite(usd))

    def test_each_clip_gets_a_number_or_the_reason_why_not(self, tmp_path: Path) -> None:
        clips = self.clips(tmp_path)
        results = self._scored(self.make(), clips)
        assert len(results) == len(clips)
        for result in results:
            assert isinstance(result, Measurement)
            assert result.value is not None or result.reason, "None needs a reason"
            assert result.value is None or math.isfinite(result.value)
            assert result.cost_usd >= 0
            assert [code for code, _ in result.notices if not is_code(code, NOTICES)] == []

    def test_the_same_clip_gets_the_same_number_in_any_order(self, tmp_path: Path) -> None:
        scorer, clips = self.make(), self.clips(tmp_path)
        if not scorer.deterministic:
            pytest.skip("the scorer does not claim to be deterministic")
        first, other = self._scored(scorer, clips), self._scored(self.make(), clips[::-1])[::-1]
        for one, two in zip(first, other, strict=True):
            assert (one.value is None) == (two.value is None)
            assert one.value is None or two.value is None or math.isclose(one.value, two.value, rel_tol=1e-5, abs_tol=1e-9)

    def test_the_window_is_looked_at_and_nothing_else(self, tmp_path: Path) -> None:
        scorer = self.make()
        if not isinstance(scorer, ClipScorer) or not scorer.deterministic:
            pytest.skip("only for scorers of one clip at a time that are deterministic")
        plain, damaged = tmp_path / "plain.mp4", tmp_path / "damaged.mp4"
        half = self.frames // 2
        parts = [
            Clip(self._clip(file, 1, black=black).file, file.name, (0, half)) for file, black in ((plain, 0), (damaged, half))
        ]
        one, other = (scorer.score(part, self.expectation()).value for part in parts)
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert abs(one - other) <= scorer.noise, "frames behind the window were looked at"

    def test_the_clips_are_left_as_they_are_and_nothing_is_left_beside_them(self, tmp_path: Path) -> None:
        clips = self.clips(tmp_path)
        before = {file.name: sha256_file(file) for file in tmp_path.iterdir()}
        self._scored(self.make(), clips)
        assert {file.name: sha256_file(file) for file in tmp_path.iterdir()} == before

    def _scored(self, scorer: Scorer, clips: Sequence[Clip]) -> list[Measurement]:
        if reason := scorer.available():
            pytest.skip(reason)
        if isinstance(scorer, GroupScorer):
            return scorer.score_all(clips, self.expectation())
        assert isinstance(scorer, ClipScorer)
        return [scorer.score(clip, self.expectation()) for clip in clips]

    def _clip(self, file: Path, seed: int, *, black: int = 0) -> Clip:
        """A texture that drifts by a pixel a frame; the last ``black`` frames are black."""
        width, height = self.size
        texture = np.random.default_rng(seed).integers(40, 220, (height // 8, 40, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
        with FrameWriter(file, width, height, Fraction(24), frames=self.frames) as writer:
            for index in range(self.frames):
                shown = texture[:, index : index + width] if index < self.frames - black else np.zeros_like(texture[:, :width])
                writer.write(np.ascontiguousarray(shown))
        return Clip(file, sha256_file(file))
