"""What previz reads of words that are easily misread: places from outside, pronouns, covered hair, people who lie."""

from __future__ import annotations

import numpy as np
import pytest
from tests.previz.test_previz_people import actors, asked, card_of, drawn, spec_of

from vidgen.engines.previz.people import acting
from vidgen.engines.previz.people.body import Body, Face
from vidgen.engines.previz.people.looks import look_of
from vidgen.engines.previz.people.marker import Part
from vidgen.engines.previz.people.onstage import Actor, Vehicle
from vidgen.engines.previz.people.rig import joints


@pytest.mark.parametrize(
    "scene", ["a baby sleeps in a cradle", "赤ちゃんが眠る", "a man lies in bed", "two people sleep side by side"]
)
@pytest.mark.parametrize("size", ["cu", "ecu"])
def test_who_lies_has_the_head_in_the_middle_of_a_close_up(scene: str, size: str) -> None:
    card = card_of(asked(scene, size))
    for actor in actors(card):
        seen = drawn(actor, card)
        head = seen[:, : seen.shape[1] // 2]  # the body goes on to the right
        assert head.mean() > 0.08
        assert 0.15 < float(np.nonzero(head)[0].mean()) / seen.shape[0] < 0.85


def test_several_who_lie_are_whole_and_beside_each_other() -> None:
    card = card_of(asked("two children sleep in a tent", "mcu"))
    far, near = sorted(actors(card), key=lambda one: -one.z)
    assert far.spot.foot < near.spot.foot
    assert not any(drawn(one, card)[:, [0, -1]].any() for one in (far, near))


@pytest.mark.parametrize(
    ("scene", "hat"),
    [
        ("a woman in a hijab", "hijab"),
        ("ヒジャブの女性", "hijab"),
        ("a girl in a red headscarf", "hijab"),
        ("a doctor in a veil", "hijab"),
        ("a man in a turban", "turban"),
        ("a woman in a niqab", "niqab"),
        ("a nun prays", "wimple"),
        ("a bride in a white veil", "veil"),
        ("a woman in a red scarf", ""),
    ],
)
def test_what_covers_the_hair_is_drawn(scene: str, hat: str) -> None:
    (one,) = spec_of(scene).cast
    assert look_of(one.partition("/")[0]).hat == hat


def test_no_hair_is_seen_under_a_hijab() -> None:
    (actor,) = actors(card_of(asked("a woman in a hijab", "cu")))
    tones = {part.tone for part in _parts(actor)}
    assert "hair" not in tones and "hat" in tones


def _parts(actor: Actor) -> list[Part]:
    look = actor.spot.look
    pose = acting.pose_at("stand", [], 0.0)
    return Body(joints(pose, look.bones, look.height), look, 20.0, Face()).parts()


@pytest.mark.parametrize(
    ("scene", "room", "outdoors"),
    [
        ("outside a bakery, a man waits", "", "street"),
        ("病院の前で男が待つ", "", "street"),
        ("a chef smokes outside his restaurant", "", "street"),
        ("a helicopter lands on a hospital roof", "", "rooftop"),
        ("病院の屋上で医者が待つ", "", "rooftop"),
        ("an astronaut floats outside the space station", "", "space"),
        ("a woman waits outside the operating room", "corridor", ""),
        ("two women talk in a cafe, snow falls outside the cafe window", "cafe", "snow"),
        ("店の外を眺める女", "shop", ""),
        ("a teacher in front of the blackboard", "classroom", ""),
        ("a baker in a bakery", "kitchen", ""),
    ],
)
def test_a_building_seen_from_outside_is_no_room(scene: str, room: str, outdoors: str) -> None:
    spec = spec_of(scene)
    assert (spec.place, spec.room, spec.outdoors) == ("card", room, outdoors)


@pytest.mark.parametrize(("scene", "place"), [("the rooftops at dawn", "city"), ("親子三人が川の字で寝ている", "card")])
def test_words_that_hold_a_place_s(scene: str, place: str) -> None:
    assert spec_of(scene).place == place


@pytest.mark.parametrize(
    ("scene", "people"),
    [
        ("生徒が七人、教室で勉強している", 7),
        ("侍が三騎、駆ける", 3),
        ("a surgeon and four assistants", 5),
        ("one man against seven", 8),
        ("a samurai faces five opponents", 6),
        ("She slaps him", 2),
        ("a woman slaps him", 2),
        ("彼女は彼を見つめる", 2),
        ("彼は振り向いた", 1),
        ("she opens her door", 1),
        ("he raises his hand", 1),
        ("彼女の家", 0),
        ("they kiss", 2),
        ("シスターが祈る", 1),
    ],
)
def test_people_who_are_named_by_no_noun(scene: str, people: int) -> None:
    assert len(spec_of(scene).cast) == people


@pytest.mark.parametrize("scene", ["two bicycles lean against a wall, nobody there", "a parked motorcycle"])
def test_nobody_rides_where_nobody_is(scene: str) -> None:
    vehicles = [layer for layer in card_of(asked(scene))._layers if isinstance(layer, Vehicle)]
    assert vehicles and not any(one.ridden or one.speed for one in vehicles)


@pytest.mark.parametrize(
    ("scene", "size", "thing"),
    [("電話が鳴る", "insert", "phone"), ("the eye of a woman", "ecu", "eye"), ("a face with blue eyes", "cu", "")],
)
def test_what_fills_an_insert(scene: str, size: str, thing: str) -> None:
    spec = spec_of(scene, size=size)
    assert (spec.thing if spec.cast or thing else "") == thing


@pytest.mark.parametrize(("scene", "tone"), [("赤い髪の女", "#a4552f"), ("a woman with black curly hair", "#2b292c")])
def test_colours_of_hair(scene: str, tone: str) -> None:
    (one,) = spec_of(scene).cast
    assert look_of(one.partition("/")[0]).hair_tone == tone


def test_who_is_said_to_look_the_same_does() -> None:
    first, second = spec_of("identical twins in identical blue pyjamas").cast
    assert first == second
    assert "whole=blue" in first


def test_an_ambulance_and_a_cat_that_walks_are_drawn() -> None:
    assert spec_of("救急車が走る").vehicle == spec_of("an ambulance races by").vehicle == "ambulance"
    assert spec_of("a cat walks over the roof").animal == "cat"
