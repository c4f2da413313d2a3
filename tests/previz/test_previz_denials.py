"""What the words deny is not drawn, and what they count is drawn so often."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.previz.shots import shot

from vidgen.engines.previz.places import build
from vidgen.engines.previz.scene import Scene
from vidgen.engines.previz.spec import SceneSpec, read_request


def spec_of(scene: str, negative: str = "", **changes: object) -> SceneSpec:
    return read_request(replace(shot(scene, **changes), negative=negative))


def layers_of(scene: str, negative: str = "", move: str = "static", **changes: object) -> list[str]:
    """The names of what is drawn, without their numbers."""
    request = replace(shot(scene, move=move, **changes), negative=negative)
    return [layer.name.rstrip("0123456789.") for layer in build(read_request(request), 1, 1.78, request.camera).layers]


@pytest.mark.parametrize(
    ("scene", "people"),
    [
        ("no people on the beach", 0),
        ("a beach without anyone", 0),
        ("empty street in a city", 0),
        ("a deserted village", 0),
        ("not a soul on the road", 0),
        ("a city with no cars, dogs or people", 0),
        ("a man-made lake", 0),
        ("no one but a monk at the temple", 1),
        ("a two-year-old boy on the beach", 1),
        ("a woman detective in the city", 1),
        ("a young couple on the beach", 2),
        ("two tired detectives on a road", 2),
        ("a mother with two children at a lake", 3),
        ("five hikers in the mountains", 5),
        ("2 boys and 3 girls in a field", 5),
        ("a dozen monks at a temple", 9),
        ("a crowd in the city", 9),
        ("人はいない海辺", 0),
        ("無人の街", 0),
        ("誰もいない海", 0),
        ("人影もない道", 0),
        ("人も車もない道", 0),
        ("人里離れた山", 0),
        ("ひとりの少女、草原", 1),
        ("二人の刑事が街を歩く", 2),
        ("三人の僧侶、寺", 3),
        ("大人二人と子供三人が海辺にいる", 5),
        ("大勢の人が街を歩く", 9),
    ],
)
def test_as_many_people_are_drawn_as_the_words_say(scene: str, people: int) -> None:
    assert spec_of(scene).people == people
    assert layers_of(scene).count("person") == people


def test_scene_subject_and_action_speak_of_the_same_people() -> None:
    spec = spec_of("two detectives in the city", subject="two detectives", action="the detectives walk on")
    assert spec.people == 2


@pytest.mark.parametrize(
    ("scene", "thing", "is_drawn"),
    [
        ("five birds over a lake", "birds", True),
        ("a lake without birds", "birds", False),
        ("鳥は一羽もいない湖", "birds", False),
        ("an open sea with a boat", "boat", True),
        ("an open sea without boats", "boat", False),
        ("a harbour with no ship in sight", "boat", False),
        ("船のない海", "boat", False),
        ("heavy rain over the city", "rain", True),
        ("the city after the rain", "rain", False),
        ("雨上がりの街", "rain", False),
        ("a village, snow falling", "snow", True),
        ("a village with no snow falling", "snow", False),
        ("a lone tree in a field", "lone-tree", True),
        ("a treeless field", "lone-tree", False),
        ("木のない草原", "lone-tree", False),
        ("a forest in mist", "mist", True),
        ("a mist-free forest", "mist", False),
        ("霧のない森", "mist", False),
        ("clouds over the desert", "cirrus", True),
        ("cloudless desert", "cirrus", False),
        ("雲ひとつない砂漠", "cirrus", False),
        ("old town of Kyoto, no pagoda", "pagoda", False),
    ],
)
def test_what_the_words_deny_is_not_drawn(scene: str, thing: str, is_drawn: bool) -> None:
    assert (thing in layers_of(scene)) is is_drawn


@pytest.mark.parametrize(
    ("scene", "without"),
    [
        ("moonless night over the sea", {"moon"}),
        ("月と星のない夜の海", {"moon", "stars"}),
        ("sea at night without moon or stars", {"moon", "stars"}),
        ("the moon is not visible over the night sea", {"moon"}),
        ("no moon and stars everywhere over the desert", {"moon"}),
        ("no people, snow falling in the forest", {"people"}),
        ("人はいないが雪の降る森", {"people"}),
        ("a sea with no clouds in the sky and a full moon", {"clouds"}),
        ("not only snow but a full moon over the mountains", set()),
        ("nothing but snow in the mountains", set()),
        ("海しかない", set()),
    ],
)
def test_a_denial_reaches_what_it_lists_and_no_further(scene: str, without: set[str]) -> None:
    assert set(spec_of(scene).without) == without


def test_a_night_without_moon_and_stars_is_dark() -> None:
    def brightest(scene: str) -> int:
        request = shot(scene)
        drawn = Scene(request, read_request(request), 1)
        drawn.prepare()
        return int(np.max(drawn.frame(0)[:40].min(axis=2)))

    assert brightest("sea at night") > 200 > 120 > brightest("sea at night, no moon, no stars")


def test_winter_without_snow_is_bare() -> None:
    assert spec_of("mountains in winter").season == "winter"
    assert spec_of("mountains in winter, no snow").season == spec_of("雪のない冬の山").season == "bare"
    assert spec_of("a snowy village, no snow falling").season == "winter"


def test_no_hill_is_white_without_snow() -> None:
    def light_of_the_land(scene: str) -> float:
        drawn = Scene(shot(scene), read_request(shot(scene)), 4)
        drawn.prepare()
        return float(drawn.frame(0)[70:].mean())

    assert light_of_the_land("mountains in winter") > light_of_the_land("mountains in winter, no snow") + 30


def test_the_negative_denies_too_but_not_what_it_says_of_quality() -> None:
    assert spec_of("a street in the city", "people", motion="people").people == 0
    assert "person" not in layers_of("an empty beach", move="tracking")
    assert spec_of("a woman on a beach", "extra people, deformed hands, crowd").people == 1
    assert {"moon", "stars", "birds"} <= set(spec_of("night sea", "moon, no stars; 鳥").without)
    assert spec_of("open sea", "waves, text").place == "sea"


@pytest.mark.parametrize(
    ("scene", "counts"),
    [
        ("three horses in a field", {"horse": 3}),
        ("三頭の馬、草原", {"horse": 3}),
        ("two birds over a lake", {"birds": 2}),
        ("birds over a lake", {}),
        ("two boats on a lake", {"boat": 2}),
        ("湖に船が三隻", {"boat": 3}),
        ("three bottles on a table", {"bottle": 3}),
    ],
)
def test_animals_boats_and_things_are_counted(scene: str, counts: dict[str, int]) -> None:
    assert spec_of(scene).counts == counts
