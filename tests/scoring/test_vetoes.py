"""Absolute faults: what is vetoed, where in the clip, and what must not be."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.scoring.faulty_clips import HEIGHT, WIDTH, frozen, scene, texture

from vidgen.errors import InputError
from vidgen.scoring import VETOES, Expectation, Veto, score_takes
from vidgen.scoring import content as content_module
from vidgen.scoring import judge as judge_module
from vidgen.scoring import vetoes as vetoes_module

Clip = Callable[..., Path]

MOVES = {
    "pan_left": {"x": 1.0},
    "pan_right": {"x": -1.0},
    "tilt_up": {"y": 1.0},
    "tilt_down": {"y": -1.0},
    "zoom_in": {"zoom": 0.005},
    "dolly_out": {"zoom": -0.005},
    "roll_left": {"roll": 0.005},
    "roll_right": {"roll": -0.005},
    "static": {"x": 0.0},
}
OPPOSITE = {
    "pan_left": "pan_right",
    "pan_right": "pan_left",
    "tilt_up": "tilt_down",
    "tilt_down": "tilt_up",
    "zoom_in": "dolly_out",
    "dolly_out": "zoom_in",
    "roll_left": "roll_right",
    "roll_right": "roll_left",
}


def vetoes(file: Path, expectation: Expectation = Expectation()) -> tuple[Veto, ...]:
    return score_takes([file], expectation)[0].vetoes


def test_a_clean_clip_has_none(clip: Clip) -> None:
    asked = Expectation(frames=24, fps=Fraction(24), width=WIDTH, height=HEIGHT, move="pan_left", motion_amount=5)
    assert vetoes(clip("clean", scene()), asked) == ()


@pytest.mark.parametrize("move", MOVES)
def test_the_asked_camera_move_is_recognised(clip: Clip, move: str) -> None:
    file = clip(move, scene(**{"x": 0.0, **MOVES[move]}))
    asked, other = (score_takes([file], Expectation(move=name))[0] for name in (move, OPPOSITE.get(move, "pan_left")))
    assert asked.vetoes == ()
    assert asked.measures["camera"] < 0.15
    assert other.measures["camera"] > 0.4


@pytest.mark.parametrize("move", OPPOSITE)
def test_the_opposite_camera_move_is_vetoed_and_named(clip: Clip, move: str) -> None:
    file = clip(move, scene(**{"x": 0.0, **MOVES[move]}))
    (veto,) = vetoes(file, Expectation(move=OPPOSITE[move]))
    assert veto.code == "wrong_direction"
    assert OPPOSITE[move] in veto.detail


def test_content_that_flows_right_is_a_camera_that_pans_left(clip: Clip) -> None:
    pictures = scene(x=1.0)
    mirrored = [np.ascontiguousarray(picture[:, ::-1]) for picture in pictures]
    (veto,) = vetoes(clip("right", pictures), Expectation(move="pan_right"))
    assert "the camera is panning left" in veto.detail
    assert vetoes(clip("mirrored", mirrored), Expectation(move="pan_right")) == ()


def test_the_take_that_pans_the_right_way_wins(clip: Clip) -> None:
    right, wrong = clip("right", scene(x=-1.0)), clip("wrong", scene(x=1.0))
    still = clip("still", scene(x=0.0))
    cards = score_takes([wrong, still, right], Expectation(move="pan_right"))
    camera = [card.families["camera"] or 0.0 for card in cards]
    assert camera[0] < camera[1] < camera[2]


@pytest.mark.parametrize("move", ["tracking", "steadicam"])
def test_a_move_without_one_direction_is_not_measured_and_says_so(clip: Clip, move: str) -> None:
    (card,) = score_takes([clip("any", scene())], Expectation(move=move))
    assert card.families["camera"] is None
    assert move in card.not_measured["camera"]


def test_a_freeze_is_found_where_it_starts(clip: Clip) -> None:
    (veto,) = vetoes(clip("frozen", frozen(scene(), 12)))
    assert veto.code == "freeze"
    assert veto.at_s == pytest.approx(11 / 24, abs=0.05)


def test_a_short_hold_is_not_a_freeze(clip: Clip) -> None:
    assert vetoes(clip("hold", frozen(scene(), 4))) == ()


@pytest.mark.parametrize(("level", "code"), [(0, "black"), (130, "one_colour")])
def test_a_blank_stretch_is_found_where_it_starts(clip: Clip, level: int, code: str) -> None:
    blank = [np.full((HEIGHT, WIDTH, 3), level, np.uint8)] * 14
    found = {veto.code: veto for veto in vetoes(clip("blank", scene()[:16] + blank))}
    assert found[code].at_s == pytest.approx(16 / 24, abs=0.05)


def test_a_cut_inside_the_shot_is_found(clip: Clip) -> None:
    other = [255 - texture(9, WIDTH, HEIGHT)] * 1
    moving = [np.ascontiguousarray(np.roll(other[0], index, axis=1)) for index in range(12)]
    (veto,) = vetoes(clip("cut", scene()[:12] + moving))
    assert (veto.code, veto.at_s) == ("cut_inside", 0.5)


def test_a_storyboard_may_choose_which_vetoes_count(clip: Clip) -> None:
    file = clip("frozen", frozen(scene(), 12))
    asked = Expectation(frames=30, move="pan_right")
    codes = [[veto.code for veto in score_takes([file], asked, veto=chosen)[0].vetoes] for chosen in (None, ["freeze"], [])]
    assert codes == [["wrong_length", "freeze", "wrong_direction"], ["wrong_length", "freeze"], ["wrong_length"]]


def test_every_veto_that_is_found_is_in_the_public_list() -> None:
    text = "".join(Path(module.__file__).read_text() for module in (vetoes_module, judge_module, content_module))
    found = set(re.findall(r'Veto\("(\w+)"', text)) | {"black", "one_colour", "severe_flicker", "severe_jitter"}
    assert found == set(VETOES)


@pytest.mark.parametrize("wrong", [{"weights": {"sharpness": 1}}, {"veto": ["ugly"]}])
def test_an_unknown_family_or_veto_is_refused_with_the_known_ones(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match="there is no") as error:
        score_takes([], **wrong)
    assert error.value.code == "score.unknown_name"
    assert "known: " in error.value.hint


def test_wrong_length_rate_and_size_are_vetoed(clip: Clip) -> None:
    asked = Expectation(frames=25, fps=Fraction(25), width=WIDTH * 2, height=HEIGHT)
    assert [veto.code for veto in vetoes(clip("clean", scene()), asked)] == ["wrong_length", "wrong_rate", "wrong_size"]
