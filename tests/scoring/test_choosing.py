"""The clean take wins against every damaged one, whatever the order, and the reason is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.scoring.faulty_clips import HEIGHT, WIDTH, blurred, flickering, frozen, noisy, scene, shaken, stuttering, trailing

from vidgen.scoring import FAMILIES, Expectation, Scorecard, choose, score_takes

Clip = Callable[..., Path]

DAMAGE = {
    "flicker": lambda: flickering(scene(), 0.04),
    "jitter": lambda: shaken(scene(), 1.5),
    "freeze": lambda: frozen(scene(), 6),
    "stutter": lambda: stuttering(scene()),
    "blur": lambda: blurred(scene(), 1.5),
    "trails": lambda: trailing(scene(), 0.5),
    "noise": lambda: noisy(scene(), 8),
}


@pytest.mark.parametrize("fault", DAMAGE)
def test_the_clean_take_wins_in_either_order(clip: Clip, fault: str) -> None:
    clean, damaged = clip("clean", scene()), clip(fault, DAMAGE[fault]())
    for files in ([clean, damaged], [damaged, clean]):
        choice = choose(score_takes(files))
        assert choice.winner is not None
        assert files[choice.winner] == clean
        assert not choice.tie, choice.why


def test_the_clean_take_wins_among_many(clip: Clip) -> None:
    files = [clip(name, make()) for name, make in DAMAGE.items()]
    files.insert(3, clip("clean", scene()))
    choice = choose(score_takes(files))
    assert choice.order[0] == 3
    assert sorted(choice.order) == list(range(len(files)))


def test_the_same_clips_are_always_judged_alike(clip: Clip) -> None:
    files = [clip("a", scene()), clip("b", shaken(scene(), 1))]
    assert score_takes(files) == score_takes(files)


def test_equal_takes_are_a_tie_and_the_order_given_does_not_decide(clip: Clip) -> None:
    first, second = clip("first", scene()), clip("second", [np.roll(picture, 1, axis=2) for picture in scene()])
    one, other = choose(score_takes([first, second])), choose(score_takes([second, first]))
    assert one.tie
    assert "within the noise" in one.why
    assert [first, second][one.winner or 0] == [second, first][other.winner or 0]


def test_a_still_picture_never_wins_where_motion_was_asked_for(clip: Clip) -> None:
    moving, still = clip("moving", shaken(scene(), 2)), clip("still", scene(frames=1) * 24)
    cards = score_takes([still, moving])
    assert [veto.code for veto in cards[0].vetoes] == ["freeze"]
    assert choose(cards).winner == 1


def test_a_still_picture_is_fine_where_stillness_was_asked_for(clip: Clip) -> None:
    (card,) = score_takes([clip("still", scene(frames=1) * 24)], Expectation(move="static", wants_still=True))
    assert card.vetoes == ()
    assert card.not_measured["motion"] == "a still picture was asked for"


def test_the_card_says_what_was_not_measured_and_why(clip: Clip) -> None:
    (card,) = score_takes([clip("clean", scene())])
    assert set(card.families) == set(FAMILIES)
    assert {name for name, value in card.families.items() if value is None} == set(card.not_measured)
    assert "no camera move was asked for" in card.not_measured["camera"]
    assert card.families["prompt"] is None
    assert card.status == "uncalibrated"
    assert choose([card]).winner == 0


def test_the_winner_is_explained(clip: Clip) -> None:
    choice = choose(score_takes([clip("clean", scene()), clip("flicker", flickering(scene(), 0.05))]))
    assert "better in temporal" in choice.why


def test_a_file_that_cannot_be_played_loses_and_gets_a_card_all_the_same(clip: Clip, tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.mp4"
    rubbish.write_bytes(b"not a film")
    cards = score_takes([rubbish, tmp_path / "gone.mp4", clip("clean", scene())])
    assert [card.status for card in cards] == ["unreadable", "unreadable", "uncalibrated"]
    assert [card.vetoes[0].code for card in cards[:2]] == ["undecodable", "undecodable"]
    assert choose(cards).winner == 2
    alone = choose(cards[:2])
    assert (alone.winner, alone.needs_review) == (None, True)


def test_where_every_take_has_a_veto_the_least_bad_wins_and_needs_review(clip: Clip) -> None:
    one, two = clip("one", frozen(scene(), 14)), clip("two", [np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 24)
    choice = choose(score_takes([two, one]))
    assert (choice.winner, choice.needs_review) == (1, True)
    assert "every take has a veto" in choice.why


def test_weights_turn_a_family_off(clip: Clip) -> None:
    files = [clip("flicker", flickering(scene(), 0.05)), clip("blur", blurred(scene(), 2.0))]
    assert choose(score_takes(files, weights={"artifacts": 0, "motion": 0})).winner == 1
    assert choose(score_takes(files, weights={"temporal": 0, "motion": 0})).winner == 0


def test_readings_are_kept_by_content_and_damaged_ones_made_again(clip: Clip, tmp_path: Path) -> None:
    files, cache = [clip("a", scene()), clip("b", shaken(scene(), 1))], tmp_path / "cache"
    cards = score_takes(files, cache=cache)
    kept = sorted(cache.glob("*.v*.json"))
    assert [file.name.partition(".")[0] for file in kept] == sorted(card.sha256 for card in cards)
    marked = kept[0].read_text().replace('"frames": 24', '"frames": 99')
    kept[0].write_text(marked)
    assert score_takes(files, Expectation(frames=24), cache=cache) != cards
    kept[0].write_text("{")
    assert score_takes(files, cache=cache) == cards


def test_totals_break_ties_by_the_worst_family_then_by_content() -> None:
    def card(name: str, **families: float) -> Scorecard:
        return Scorecard(Path(name), name, 1.0, {**dict.fromkeys(FAMILIES), **families})

    even, uneven = card("b", temporal=1, motion=1), card("a", temporal=3, motion=-1)
    assert choose([uneven, even]).winner == 1
    assert choose([replace(even, sha256="z"), replace(even, sha256="c")]).winner == 1


def test_the_expectation_of_a_request_knows_what_a_still_is() -> None:
    from vidgen.storyboard.model import Camera, Motion
    from vidgen.takes.request import ShotRequest

    shot = ShotRequest("s", "previz", "text_to_video", "p", 24, Fraction(24), 160, 96, 1, motion=Motion(amount=1))
    assert Expectation.of(shot).wants_still
    assert not Expectation.of(replace(shot, camera=Camera(move="pan_left"))).wants_still
    assert not Expectation.of(replace(shot, motion=Motion(amount=5))).wants_still


def test_what_decided_is_told_in_numbers(clip: Clip) -> None:
    cards = score_takes([clip("clean", scene()), clip("flicker", flickering(scene(), 0.05))])
    choice = choose(cards)
    assert choice.margin is not None and choice.margin > 1
    assert choice.confidence is not None and choice.confidence > 0.9
    first = choice.decided_by[0]
    assert first.family == "temporal"
    assert (first.winner, first.next) == (cards[0].measures[first.measure], cards[1].measures[first.measure])
    assert set(choice.reasons()) == {"why", "decided_by", "margin", "confidence"}


def test_nothing_is_claimed_where_there_was_nothing_to_compare(clip: Clip) -> None:
    alone = choose(score_takes([clip("clean", scene())]))
    assert (alone.margin, alone.confidence, alone.decided_by) == (None, None, ())


def test_a_veto_with_a_place_is_shown(clip: Clip, tmp_path: Path) -> None:
    (card,) = score_takes([clip("frozen", frozen(scene(), 14))], evidence=tmp_path / "evidence")
    shown = card.vetoes[0].evidence
    assert shown is not None and shown.read_bytes().startswith(b"\x89PNG")
    assert card.as_dict()["vetoes"][0]["evidence"] == str(shown)
