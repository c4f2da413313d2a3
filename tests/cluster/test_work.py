"""What a node does of a film, and what it tells on the way."""

from __future__ import annotations

import pytest

from vidgen.cluster import work


def test_progress_of_every_frame_goes_through_the_cluster_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(work.time, "monotonic", lambda: now)
    told: list[float] = []
    progress = work.seldom(told.append)
    for frame in range(100):
        progress(frame / 100)
        now += 0.01
    assert told == [0.0, 0.25, 0.5, 0.75]
