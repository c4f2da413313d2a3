"""Scenes and long shots become equal shots of 3 to 5 s, in whole frames, with exact totals."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidgen.media.rate import frames_at
from vidgen.planning.split import follows, split_frames, split_shot, suffix
from vidgen.storyboard.model import LipSync, MotionBrush, Shot, SoundEffect, Text
from vidgen.storyboard.values import Duration

RATES = [Fraction(24), Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60), Fraction(12)]


@given(seconds=st.floats(0.1, 600), rate=st.sampled_from(RATES))
def test_parts_add_up_and_are_equal(seconds: float, rate: Fraction) -> None:
    frames = max(1, frames_at(seconds, rate))
    parts = split_frames(frames, rate)
    assert sum(parts) == frames
    assert max(parts) - min(parts) <= 1


@given(seconds=st.floats(3, 600), rate=st.sampled_from(RATES))
def test_no_part_is_under_3_or_over_5_seconds(seconds: float, rate: Fraction) -> None:
    frames = frames_at(seconds, rate)
    parts = split_frames(frames, rate)
    if frames_at(5, rate) < frames < 2 * frames_at(3, rate):
        assert parts == [frames], "between 5 and 6 s no such split exists, so the shot stays whole"
    else:
        assert all(frames_at(3, rate) <= part <= frames_at(5, rate) for part in parts)


@pytest.mark.parametrize(("seconds", "expected"), [(4, [96]), (5, [120]), (6, [72, 72]), (10, [120, 120]), (30, [120] * 6)])
def test_examples_at_24_frames_a_second(seconds: int, expected: list[int]) -> None:
    assert split_frames(seconds * 24, Fraction(24)) == expected


def test_each_part_continues_the_one_before() -> None:
    parts = list(split_shot(Shot(id="s03", scene="a lake"), 12 * 24, Fraction(24)))
    assert [part.shot.id for part in parts] == ["s03a", "s03b", "s03c"]
    assert [part.shot.continue_from for part in parts] == [None, "s03a", "s03b"]
    assert {part.parent for part in parts} == {"s03"}


def test_a_title_and_a_sound_go_to_the_part_where_they_are_heard_and_seen() -> None:
    shot = Shot(
        id="s1",
        text=(Text(text="Hello", in_=Duration(seconds=Fraction(6)), out=Duration(seconds=Fraction(7))),),
        sfx=(SoundEffect(file="bell.wav", at=Duration(seconds=Fraction(5))),),
    )
    first, second = split_shot(shot, 8 * 24, Fraction(24))
    assert first.shot.text is None and first.shot.sfx is None
    assert second.shot.text is not None and second.shot.sfx is not None
    assert second.shot.text[0].in_ == Duration(frames_=48) and second.shot.text[0].out == Duration(frames_=72)
    assert second.shot.sfx[0].at == Duration(frames_=24)


def test_a_users_own_clip_is_never_split() -> None:
    assert len(list(split_shot(Shot(id="s1", clip="mine.mov"), 20 * 24, Fraction(24)))) == 1


@pytest.mark.parametrize(
    "shot",
    [
        Shot(id="s1", source_video="dance.mp4"),
        Shot(id="s1", motion_reference="dance.mp4"),
        Shot(id="s1", lip_sync=LipSync(audio="line.wav")),
        Shot(id="s1", motion_brush=(MotionBrush(mask="leaf.png", path=((0.1, 0.1), (0.9, 0.2))),)),
    ],
    ids=follows,
)
def test_a_shot_that_follows_a_file_is_not_split(shot: Shot) -> None:
    """Each part would begin the dance, or the line, again."""
    assert len(list(split_shot(shot, 12 * 24, Fraction(24)))) == 1


def test_part_names_go_on_after_z() -> None:
    assert [suffix(index) for index in (0, 25, 26, 27, 51, 52)] == ["a", "z", "aa", "ab", "az", "ba"]
