"""People and places stay the same from shot to shot, or it is found; what was meant to change is not punished."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from benchmarks.drawn_film import RATE, View, portrait, shot

from vidgen.media.frames import FrameWriter
from vidgen.scoring.continuity import ContinuityBank, Shown, place_of, says_turn
from vidgen.scoring.looks import Look, look_at, look_of, small
from vidgen.scoring.scorer import Clip
from vidgen.storyboard.model import Camera, Shot

MIA = frozenset({"Mia"})
FIRST = Shown("a", MIA, "harbour", end_s=4)
SECOND = Shown("b", MIA, "harbour", start_s=4, end_s=8)
HERE = View(person=3, place=4)
LATER = replace(HERE, zoom=1.5, left=0.6, size=0.5, start=0.5, speed=0.2, noise=3.0, seed=9)


@cache
def look(view: View) -> Look:
    return look_at([small(picture) for picture in shot(view)], Fraction(RATE))


def compared(second: View, shown: Shown = SECOND, first: View = HERE, before: Shown = FIRST):  # type: ignore[no-untyped-def]
    bank = ContinuityBank()
    bank.add(before, look(first))
    return bank.compare(shown, look(second))


def test_the_same_person_in_the_same_place_is_no_fault() -> None:
    found = compared(LATER)
    assert found.values["identity"] < 1 and found.values["place"] < 1 and found.swapped == ()


@pytest.mark.parametrize("person", [11, 12])
def test_a_swapped_person_is_found(person: int) -> None:
    found = compared(replace(LATER, person=person))
    assert found.values["identity"] > 1 > found.values["place"]
    assert any("Mia looks unlike a" in text for text in found.swapped)


@pytest.mark.parametrize("place", [11, 12])
def test_a_swapped_place_is_found(place: int) -> None:
    found = compared(replace(LATER, place=place))
    assert found.values["place"] > 1
    assert any("the place looks unlike a" in text for text in found.swapped)


def test_another_place_that_was_asked_for_is_not_compared() -> None:
    found = compared(replace(LATER, place=11), replace(SECOND, place="forest"))
    assert "place" not in found.values and "exposure" not in found.values and found.swapped == ()


def test_night_that_was_asked_for_is_no_swap_and_no_fault_of_exposure() -> None:
    found = compared(LATER.night(), replace(SECOND, light=frozenset({"night"})))
    assert found.swapped == () and "exposure" not in found.values
    assert "ask for another light" in found.why["exposure"]


def test_night_that_nobody_asked_for_is_a_fault_of_exposure() -> None:
    assert compared(LATER.night()).values["exposure"] > 1.5 > compared(LATER).values["exposure"]


def test_light_from_the_other_side_is_measured() -> None:
    left, right = replace(LATER, slope=-2.0), replace(LATER, slope=2.0)
    assert (
        compared(right, first=replace(HERE, slope=2.0)).values["light"]
        < compared(left, first=replace(HERE, slope=2.0)).values["light"]
    )


def test_a_subject_that_heads_the_other_way_at_a_cut_is_found_unless_the_words_ask_for_it() -> None:
    back = replace(LATER, start=0.8, speed=-0.2)
    assert (compared(LATER).values["direction"], compared(back).values["direction"]) == (0.0, 1.0)
    assert "direction" not in compared(back, replace(SECOND, turns=True)).values
    assert "direction" not in compared(back, replace(SECOND, start_s=9, end_s=12)).values


def test_another_cast_or_several_people_are_not_compared_with_one() -> None:
    assert "identity" not in compared(LATER, replace(SECOND, cast=frozenset({"Tom"}))).values
    assert "identity" not in compared(LATER, replace(SECOND, cast=frozenset({"Mia", "Tom"}))).values


def test_an_audience_forgets_but_a_reference_picture_does_not() -> None:
    late = replace(SECOND, start_s=200, end_s=204)
    soon, later = compared(LATER).values["identity"], compared(LATER, late).values["identity"]
    assert later == pytest.approx(soon / 2, rel=1e-3)
    bank = ContinuityBank()
    bank.add(Shown("her portrait", MIA), look_at([small(portrait(3))], Fraction(1)), "reference")
    assert bank.compare(late, look(LATER)).values == {
        "identity": pytest.approx(bank.compare(SECOND, look(LATER)).values["identity"])
    }


def test_a_reference_picture_tells_who_it_is() -> None:
    bank = ContinuityBank()
    bank.add(Shown("her portrait", MIA), look_at([small(portrait(3))], Fraction(1)), "reference")
    assert bank.compare(SECOND, look(LATER)).swapped == ()
    assert bank.compare(SECOND, look(replace(LATER, person=11))).swapped


def test_in_a_doubted_look_nobody_is_recognised() -> None:
    bank = ContinuityBank()
    bank.add(FIRST, look(HERE))
    bank.add(SECOND, look(replace(LATER, person=11)), "doubted")
    assert bank.compare(replace(SECOND, start_s=8, end_s=12), look(replace(LATER, person=11, seed=2))).swapped


def test_a_flat_picture_has_no_subject_and_noise_decides_nothing() -> None:
    flat = [np.full((90, 160, 3), 90, np.uint8)] * 8
    noisy = [
        np.clip(picture + np.random.default_rng(1).normal(size=picture.shape) * 0.6, 0, 255).astype(np.uint8)
        for picture in flat
    ]
    bank = ContinuityBank()
    bank.add(FIRST, look_at(flat, Fraction(24)))
    found = bank.compare(SECOND, look_at(noisy, Fraction(24)))
    assert found.swapped == () and not {"identity", "direction"} & set(found.values)


def test_encoding_again_changes_less_than_the_noise(tmp_path: Path) -> None:
    file = tmp_path / "again.mp4"
    pictures = shot(LATER)
    with FrameWriter(file, 320, 180, RATE, frames=len(pictures)) as writer:
        for picture in pictures:
            writer.write(picture)
    bank = ContinuityBank()
    bank.add(FIRST, look(HERE))
    there, again = bank.compare(SECOND, look(LATER)), bank.compare(SECOND, look_of(Clip(file, "x"), tmp_path))
    for name in ("identity", "place", "exposure"):
        assert abs(there.values[name] - again.values[name]) < 0.1
    assert look_of(Clip(file, "x"), tmp_path) == look_of(Clip(file, "x"))  # what is kept is what was found


@pytest.mark.parametrize(
    ("scene", "place", "light"),
    [
        ("the harbour at dawn", "harbour", {"dawn"}),
        ("Harbour by night, in the rain", "harbour", {"night", "rain"}),
        ("夜の港", "の港", {"night"}),
        ("a forest", "forest", set()),
    ],
)
def test_a_place_is_what_is_left_without_time_and_weather(scene: str, place: str, light: set[str]) -> None:
    assert place_of(scene) == (place, frozenset(light))


def test_what_a_shot_is_meant_to_show() -> None:
    storyboard = Shot(
        id="s1", scene="harbour at dusk", characters=("Mia",), camera=Camera(size="close_up"), action="she turns round"
    )
    shown = Shown.of(storyboard, "s1", 0, 4)
    assert (shown.cast, shown.place, shown.light, shown.framing, shown.turns) == (MIA, "harbour", {"dusk"}, "cu", True)
    assert not shown.same_place(replace(shown, framing="")) and says_turn("彼女は振り返る") and not says_turn("she waits")
