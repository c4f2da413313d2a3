from __future__ import annotations

import pytest
from tests.previz.shots import shot

from vidgen.engines.previz.spec import SceneSpec, read_request


@pytest.mark.parametrize(
    ("scene", "lighting", "place", "time", "season"),
    [
        ("Ancient temple in Kyoto surrounded by maple trees", "morning light", "temple", "morning", "autumn"),
        ("紅葉の山々と朝霧", "", "mountains", "morning", "autumn"),
        ("赤い鳥居と紅葉の森、池に映る空", "golden hour", "torii", "golden", "autumn"),
        ("夕暮れの京都の町、五重塔の影", "", "oldtown", "dusk", "summer"),
        ("Old town of Kyoto at night, lanterns and a full moon", "", "oldtown", "night", "summer"),
        ("city skyline at blue hour with lit windows", "", "city", "blue_hour", "summer"),
        ("calm lake between mountains at dawn, mist over the water", "", "lake", "dawn", "summer"),
        ("desert dunes under a huge moon at night", "", "desert", "night", "summer"),
        ("glass bottle on a wooden table, soft window light", "", "tabletop", "noon", "summer"),
        ("abstract light streaks", "", "abstract", "noon", "summer"),
        ("雪の降る森", "夜", "forest", "night", "winter"),
        ("harbour town in spring", "", "harbour", "noon", "spring"),
        ("a snowy village", "", "town", "noon", "winter"),
        ("桜並木の川", "", "river", "noon", "spring"),
    ],
)
def test_words_of_both_languages_choose_place_time_and_season(
    scene: str, lighting: str, place: str, time: str, season: str
) -> None:
    spec = read_request(shot(scene, lighting=lighting))
    assert (spec.place, spec.time, spec.season) == (place, time, season)


@pytest.mark.parametrize(
    "scene",
    [
        "A chef plating dessert in a busy kitchen",
        "会議室でプレゼンする社員",
        "two robots fighting in a city",
        "quarterly results",
        "宇宙船の中の宇宙飛行士",
    ],
)
def test_what_previz_would_have_to_fake_becomes_a_card(scene: str) -> None:
    assert read_request(shot(scene)).place == "card"


def test_weather_and_life_are_read_too() -> None:
    spec = read_request(shot("misty forest in heavy rain", subject="two women with a dog"))
    assert {"rain", "mist"} <= set(spec.weather)
    assert (spec.people, spec.animal) == (2, "dog")


def test_a_time_lapse_starts_at_the_time_that_is_said_first() -> None:
    spec = read_request(shot("mountain road, day turning to night in timelapse", motion="timelapse"))
    assert (spec.time, spec.later) == ("noon", "night")


def test_the_style_does_not_choose_the_place() -> None:
    assert read_request(shot("quarterly results", style="like a walk on the beach")).place == "card"


def test_a_spec_survives_json() -> None:
    spec = read_request(shot("Kyoto in the rain at night", subject="a monk"))
    assert SceneSpec.from_dict(spec.as_dict()) == spec
