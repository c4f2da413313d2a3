"""Frames a second and the time that is left."""

from __future__ import annotations

from vidgen.render.throughput import Throughput, left_text, time_text


def test_only_the_frames_of_this_run_count() -> None:
    now = [100.0]
    pace = Throughput(lambda: now[0])
    assert pace.speed(601, 1000).frames_per_s is None, "600 frames of an earlier run say nothing"
    now[0] += 10
    speed = pace.speed(621, 1000)
    assert (speed.frames_per_s, speed.remaining_s) == (2.0, 379 / 2)
    assert speed.text() == "2 frames/s, 3 min left"
    assert speed.as_dict() == {"frames_per_s": 2.0, "remaining_s": 189.5}


def test_times_are_told_as_people_do() -> None:
    assert [time_text(seconds) for seconds in (4.4, 89, 600, 7200)] == ["4 s", "89 s", "10 min", "2.0 h"]


def test_the_time_left_is_told_when_it_is_known_counts_down_and_is_never_negative() -> None:
    now = [0.0]
    pace = Throughput(lambda: now[0])

    def after(seconds: float, done: float) -> float | None:
        now[0] = seconds
        pace.speed(done, 100)
        return pace.left_s()

    assert after(0, 0) is None and after(1, 1) is None, "one frame says nothing"
    assert after(10, 5) == 190
    now[0] += 1.5
    assert pace.left_s() == 188.5, "it counts down between frames"
    now[0] += 100
    assert pace.left_s() == 188, "a frame that takes long leaves the time of the others"
    assert after(1000, 99) is not None
    now[0] += 1000
    assert pace.left_s() == 0 and left_text(pace.left_s()) == "", "nothing rather than 0 s"
    assert after(3000, 100) == 0


def test_the_time_left_is_told_in_calm_steps() -> None:
    assert [left_text(seconds) for seconds in (None, 0.4, 2, 27, 600)] == ["", "", "5 s left", "25 s left", "10 min left"]
