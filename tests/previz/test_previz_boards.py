"""Boards as a director writes them: who and what is in them is within the frame, as many as said, and looks as said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.previz.shots import shot

from vidgen.engines.previz.card import Card
from vidgen.engines.previz.layers import Layer, Moment
from vidgen.engines.previz.people import animals, forms
from vidgen.engines.previz.people.company import staging
from vidgen.engines.previz.people.looks import colours, look_of, table
from vidgen.engines.previz.people.onstage import Actor, Animal, Thing, Vehicle
from vidgen.engines.previz.people.things import things
from vidgen.engines.previz.spec import SceneSpec, read_request
from vidgen.storyboard.model import Camera

SHAPES = {"wide": (382, 160), "usual": (320, 180), "tall": (180, 320)}


def card_of(scene: str, size: str = "", angle: str = "", shape: str = "usual") -> Card:
    width, height = SHAPES[shape]
    camera = {key: value for key, value in (("size", size), ("angle", angle)) if value}
    request = replace(shot(scene, width=width, height=height), camera=Camera.model_validate(camera))
    card = Card(request, read_request(request), 1)
    card.prepare()
    return card


def spec_of(scene: str, *characters: str) -> SceneSpec:
    request = shot(scene)
    return read_request(replace(request, words=replace(request.words, characters=characters)))


def of(card: Card, *kinds: type[Layer]) -> list[Layer]:
    return [layer for layer in card._layers if isinstance(layer, kinds)]


def drawn(card: Card, layer: Layer, time: float = 0.0) -> np.ndarray:
    """[h, w] bool: where in the panel a layer draws."""
    canvas = np.full((card._view.height, card._view.width, 3), 255, np.uint8)
    layer.draw(canvas, card._view, Moment(card._view.states[0], time))
    return np.asarray(canvas.min(axis=2) < 250)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("scene", "size"),
    [
        ("a farmer with a horse", "ls"),
        ("a farmer with a cow and a dog", "fs"),
        ("a girl feeds an elephant", "ms"),
        ("a knight rides a horse", "ms"),
        ("a man on a motorcycle", "fs"),
        ("an elephant and a giraffe", "ls"),
        ("a giraffe", "ms"),
        ("a man and his dog", "ms"),
        ("馬と少年", "ms"),
    ],
)
def test_people_and_animals_share_the_frame_and_no_head_is_cut_off(scene: str, size: str, shape: str) -> None:
    card = card_of(scene, size, shape=shape)
    alive = of(card, Actor, Animal)
    assert alive
    for layer in alive:
        where = drawn(card, layer)
        assert not where[0].any() and where.mean() > 0.002
    whole = np.any([drawn(card, layer) for layer in alive], axis=0)
    assert not (whole[:, 0].any() and whole[:, -1].any()), "it does not overfill the frame"


@pytest.mark.parametrize("scene", ["a policeman chases a thief", "警官が泥棒を追いかける"])
def test_who_is_chased_runs_ahead_and_stays_in_the_frame_with_the_other(scene: str) -> None:
    card = card_of(scene, "ls")
    for time in (0.0, 0.5, 1.0):
        policeman, thief = sorted(of(card, Actor), key=lambda one: one.spot.number)  # type: ignore[attr-defined]
        at = [float(np.nonzero(drawn(card, one, time))[1].mean()) for one in (policeman, thief)]
        assert (at[1] - at[0]) * policeman.spot.way > 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("scene", ["a meeting room with six people around a table", "会議室で話す三人"])
@pytest.mark.parametrize("size", ["ms", "ls"])
def test_a_table_crosses_no_face(scene: str, size: str) -> None:
    card = card_of(scene, size)
    (top,) = [drawn(card, layer).any(axis=1).nonzero()[0][0] for layer in of(card, Thing) if "table" in layer.name]
    for layer in of(card, Actor):
        rows = drawn(card, layer).any(axis=1).nonzero()[0]
        head = 0.133 * layer.spot.size * card._view.height  # type: ignore[attr-defined]
        assert rows[0] + head < top


@pytest.mark.parametrize(
    ("scene", "people"),
    [
        ("a cashier and a queue of four customers", 5),
        ("社長と七人の社員", 8),
        ("女の子二人と男の子一人", 3),
        ("新郎新婦と神父", 3),
        ("眠るサラリーマン", 1),
        ("two teams of football players", 9),
        ("a team of five doctors", 5),
        ("six friends around a table", 6),
        ("a tall man and a short man", 2),
        ("the bride's father", 1),
        ("a pitcher throws a baseball", 1),
        ("a pitcher of water", 0),
        ("a German shepherd dog", 0),
        ("夜の交差点を渡る人々", 3),
    ],
)
@pytest.mark.parametrize("shape", ["usual", "tall"])
def test_all_who_are_counted_are_drawn_in_a_medium_shot_too(scene: str, people: int, shape: str) -> None:
    card = card_of(scene, "ms", shape=shape)
    assert card.spec.people == people
    assert sum(drawn(card, layer).mean() > 0.001 for layer in of(card, Actor)) == people


@pytest.mark.parametrize(
    ("said", "look"),
    [
        ("a woman in a red dress", {"top": "red", "bottom": "red"}),
        ("赤いドレスの女", {"top": "red", "bottom": "red"}),
        ("a man in a long black leather coat", {"top": "black"}),
        ("a woman in white", {"top": "white"}),
        ("黒ずくめの男", {"top": "black"}),
        ("a bald man with glasses and a beard", {"hair": "bald", "glasses": "clear", "beard": "full"}),
        ("白髪の老人、眼鏡", {"hair_tone": "grey", "glasses": "clear"}),
        ("金髪の少女", {"hair_tone": "#d8b563"}),
        ("坊主の少年", {"hair": "bald"}),
        ("a woman with long blonde hair and a green hat", {"hair": "long", "hat_tone": "green", "hat": "brim"}),
        ("two glasses of wine and a man", {"glasses": ""}),
        ("a man in the red light of a bar", {"top": ""}),
    ],
)
def test_clothes_and_hair_are_as_the_words_say_whoever_says_it(said: str, look: dict[str, str]) -> None:
    for spec in (spec_of(said), spec_of("the quay", f"Mia, {said}")):
        seen = look_of(spec.cast[0].partition("/")[0])
        for field, value in look.items():
            tone = colours()[value]["tone"] if value in colours() and field != "hair_tone" else value
            assert getattr(seen, field) == tone


def test_of_two_each_wears_what_is_said_of_that_one() -> None:
    for scene in ("a woman in a red dress and a man in a blue suit", "赤いドレスの女と青いスーツの男"):
        tops = [look_of(one.partition("/")[0]).top for one in spec_of(scene).cast]
        assert tops == [colours()[name]["tone"] for name in ("red", "blue")]


@pytest.mark.parametrize(
    ("scene", "place", "also"),
    [
        ("道場で空手の稽古", "dojo", ""),
        ("surgeons in an operating theatre", "surgery", ""),
        ("学校の屋上で話す二人", "", "rooftop"),
        ("人々が交差点を渡る", "", "crossing"),
        ("a highway at night", "", "highway"),
        ("a girl looks out of the window of a train", "carriage", ""),
        ("a footballer in a stadium", "", "stadium"),
        ("soldiers in a trench", "", "trench"),
        ("土俵の力士", "dohyo", ""),
        ("two women on a tennis court", "", "court"),
        ("a man at a bar", "bar", ""),
        ("a boy in a swimming pool", "pool", ""),
    ],
)
def test_places_are_read_for_what_they_are(scene: str, place: str, also: str) -> None:
    spec = spec_of(scene)
    assert (spec.place, spec.room) == ("card", place)
    assert not also or spec.outdoors == also


@pytest.mark.parametrize(
    ("scene", "kinds"),
    [
        ("a dog and a cat", ["dog", "cat"]),
        ("犬と猫", ["dog", "cat"]),
        ("a car chases a motorcycle", ["car", "motorcycle"]),
        ("a tank and two trucks", ["tank", "truck", "truck"]),
        ("白い馬と黒い馬", ["horse", "horse"]),
    ],
)
def test_every_kind_of_animal_and_vehicle_is_drawn(scene: str, kinds: list[str]) -> None:
    card = card_of(scene, "ls")
    layers = of(card, Animal, Vehicle)
    assert sorted(layer.kind for layer in layers) == sorted(kinds)  # type: ignore[attr-defined]
    assert all(drawn(card, layer).any() for layer in layers)


def test_vehicles_and_animals_have_the_colours_that_words_say() -> None:
    assert spec_of("a red motorcycle").colours == {"motorcycle": "red"}
    assert spec_of("黒い猫と白馬").colours == {"cat": "black", "horse": "white"}


def test_an_animal_may_be_a_character() -> None:
    spec = spec_of("they walk in the park", "Rex, a black German shepherd", "Tom, a boy in a yellow coat")
    assert (spec.people, spec.animal, spec.colours) == (1, "dog", {"dog": "black"})


def test_a_baby_is_held_in_the_arms_of_who_sings_to_it() -> None:
    card = card_of("a mother sings to her baby", "ms")
    mother, baby = of(card, Actor)
    body, child = (np.nonzero(drawn(card, one)) for one in (mother, baby))
    assert body[0].min() < child[0].min() and child[0].max() < body[0].max()
    assert baby.posture == "lie"  # type: ignore[attr-defined]


def test_the_shot_size_says_how_large_a_thing_is() -> None:
    shares = []
    for size in ("ws", "ms", "cu", "ecu"):
        card = card_of("a pot", size)
        shares.append(next(drawn(card, layer).mean() for layer in of(card, Thing) if layer.name == "thing"))
    assert shares == sorted(shares) and shares[0] < 0.05 < 0.25 < shares[-1]


def test_an_insert_shows_the_thing_and_not_who_is_in_the_room() -> None:
    card = card_of("a pen on the desk of a clerk", "insert")
    assert card.spec.thing == "pen" and not of(card, Actor)


def test_an_empty_room_is_seen_closer_farther_and_from_above() -> None:
    frames = [
        card_of("an empty kitchen", size, angle).frame(0).astype(int)
        for size, angle in (("ws", ""), ("cu", ""), ("", "overhead"))
    ]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(frames[one] - frames[other]).mean() > 2


def test_everything_that_words_name_has_a_form() -> None:
    tones = {*forms.table()["tones"], "paint"}
    for name in things():
        assert {part.tone for part in forms.form("things", name)} <= tones
    for name in staging()["vehicles"]:
        assert {part.tone for part in forms.vehicle(name, 0.3, ridden=True)} <= tones | {"tyre", "metal"}
    for name in staging()["more_animals"]:
        assert animals.reach_of(name).top > 0
    for row in table()["said_of_looks"]:
        assert row in table()["traits"]
