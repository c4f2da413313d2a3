"""The best part of a take: faults at its ends are left out, given frames are kept, and what is fine is not cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.scoring.faulty_clips import Pictures, blurred, flickering, frozen, scene, shaken

from vidgen.scoring import Expectation, Wanted, Window, choose, find_windows, score_takes
from vidgen.scoring.reading import Reading, read_clip
from vidgen.scoring.window import best_window, faults_of

Clip = Callable[..., Path]
FRAMES, BAD = 40, 10
DAMAGE: dict[str, Callable[[Pictures], Pictures]] = {
    "flicker": lambda clip: flickering(clip, 0.06),
    "jitter": lambda clip: shaken(clip, 2.0),
    "blur": lambda clip: blurred(clip, 2.0),
}
WANTED = Wanted(FRAMES - BAD - 2)


def with_fault(fault: str, *, first: bool) -> Pictures:
    clip, spoil = scene(frames=FRAMES), DAMAGE[fault]
    return spoil(clip[:BAD]) + clip[BAD:] if first else clip[:-BAD] + spoil(clip[-BAD:])


@pytest.mark.parametrize("fault", DAMAGE)
def test_a_fault_in_the_first_frames_is_left_out(clip: Clip, fault: str) -> None:
    window = best_window(read_clip(clip("a", with_fault(fault, first=True))), WANTED)
    assert window.start >= BAD - 1
    assert window.gain > 0
    assert window.why == "fewer faults than where it begins otherwise"


@pytest.mark.parametrize("fault", DAMAGE)
def test_a_fault_in_the_last_frames_is_left_out(clip: Clip, fault: str) -> None:
    window = best_window(read_clip(clip("a", with_fault(fault, first=False))), replace(WANTED, default=BAD + 2))
    assert window.start + window.frames <= FRAMES - BAD + 1


def test_a_standstill_at_the_end_is_left_out(clip: Clip) -> None:
    window = best_window(read_clip(clip("a", frozen(scene(frames=FRAMES), BAD))), replace(WANTED, default=BAD + 2))
    assert window.start + window.frames <= FRAMES - BAD + 1


def test_a_clean_take_keeps_the_part_that_it_would_have_had(clip: Clip) -> None:
    reading = read_clip(clip("a", scene(frames=FRAMES)))
    for default in (0, 5, BAD + 2):
        window = best_window(reading, replace(WANTED, default=default))
        assert (window.start, window.gain) == (default, 0.0)


@pytest.mark.parametrize(
    ("wanted", "start"),
    [
        (Wanted(28, fixed_start=True), 0),
        (Wanted(28, fixed_end=True), 12),
        (Wanted(28, fixed_start=True, fixed_end=True), 3),
        (Wanted(40), 0),
        (Wanted(50), 0),
    ],
)
def test_given_frames_and_joints_are_kept_whatever_the_faults(clip: Clip, wanted: Wanted, start: int) -> None:
    reading = read_clip(clip("a", with_fault("jitter", first=True)))
    window = best_window(reading, replace(wanted, default=3))
    assert (window.start, window.gain) == (start, 0.0)


def test_faults_are_told_frame_by_frame(clip: Clip) -> None:
    faults = faults_of(read_clip(clip("a", with_fault("flicker", first=True))))
    assert len(faults) == FRAMES
    assert faults[:BAD].mean() > 5 * faults[BAD + 1 :].mean()


def test_takes_are_compared_by_their_best_parts(clip: Clip) -> None:
    bad_start, shaky = clip("start", with_fault("jitter", first=True)), clip("shaky", shaken(scene(frames=FRAMES), 0.6))
    files = [bad_start, shaky]
    cards = score_takes(files, windows=find_windows(files, [WANTED, WANTED]))
    assert cards[0].window is not None and cards[0].window.start >= BAD - 1
    assert choose(cards).winner == 0
    assert choose(score_takes(files, windows=[Window(0, WANTED.frames, 0.0, "")] * 2)).winner == 1


def test_times_of_vetoes_are_those_of_the_file(clip: Clip) -> None:
    file = clip("a", scene(frames=16) + [scene(frames=16)[-1]] * 24)
    (card,) = score_takes([file], Expectation(), windows=[Window(10, 30, 0.0, "")])
    assert card.vetoes[0].code == "freeze"
    assert card.vetoes[0].at_s == pytest.approx(15 / 24, abs=0.05)


def test_a_reading_is_the_same_after_being_kept(clip: Clip) -> None:
    reading = read_clip(clip("a", scene()))
    assert Reading.from_json(reading.as_json()) == reading
