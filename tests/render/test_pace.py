"""Frames a second and the time that is left."""

from __future__ import annotations

from vidgen.render.pace import Pace, time_text


def test_only_the_frames_of_this_run_count() -> None:
    now = [100.0]
    pace = Pace(lambda: now[0])
    assert pace.speed(601, 1000).frames_per_s is None, "600 frames of an earlier run say nothing"
    now[0] += 10
    speed = pace.speed(621, 1000)
    assert (speed.frames_per_s, speed.remaining_s) == (2.0, 379 / 2)
    assert speed.text() == "2 frames/s, 3 min left"
    assert speed.as_dict() == {"frames_per_s": 2.0, "remaining_s": 189.5}


def test_times_are_told_as_people_do() -> None:
    assert [time_text(seconds) for seconds in (4.4, 89, 600, 7200)] == ["4 s", "89 s", "10 min", "2.0 h"]
