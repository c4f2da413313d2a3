"""People on cards and in scenes: as many as the words say, as large as the shot size says, doing what is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.previz.shots import shot

from vidgen.engines.previz import Previz
from vidgen.engines.previz.card import Card, _camera_words
from vidgen.engines.previz.layers import Moment
from vidgen.engines.previz.people import acting
from vidgen.engines.previz.people.blocking import Ground, spots
from vidgen.engines.previz.people.body import Body, Face
from vidgen.engines.previz.people.company import staging
from vidgen.engines.previz.people.looks import look_of, table
from vidgen.engines.previz.people.marker import Part, Style, draw
from vidgen.engines.previz.people.onstage import Actor
from vidgen.engines.previz.people.rig import GROWN_UP, joints, travelled
from vidgen.engines.previz.people.rooms import room_row
from vidgen.engines.previz.spec import SceneSpec, read_request
from vidgen.storyboard.model import Camera
from vidgen.takes.keys import request_key
from vidgen.takes.request import ShotRequest

WIDTH, HEIGHT = 320, 180


def asked(scene: str, size: str = "", characters: tuple[str, ...] = (), speakers: tuple[str, ...] = ()) -> ShotRequest:
    request = shot(scene, width=WIDTH, height=HEIGHT)
    words = replace(request.words, characters=characters, speakers=speakers)
    return replace(request, words=words, camera=Camera.model_validate({"size": size} if size else {}))


def spec_of(scene: str, **changes: object) -> SceneSpec:
    return read_request(asked(scene, **changes))  # type: ignore[arg-type]


def card_of(request: ShotRequest) -> Card:
    card = Card(request, read_request(request), 1)
    card.prepare()
    return card


def actors(card: Card) -> list[Actor]:
    """Its people, from left to right."""
    return sorted((layer for layer in card._layers if isinstance(layer, Actor)), key=lambda one: one.spot.u)


def drawn(actor: Actor, card: Card, time: float = 0.0) -> np.ndarray:
    """[h, w] bool: where in the panel somebody is drawn."""
    canvas = np.full((card._view.height, card._view.width, 3), 255, np.uint8)
    actor.draw(canvas, card._view, Moment(card._view.states[0], time))
    return np.asarray(canvas.min(axis=2) < 250)


@pytest.mark.parametrize(
    ("scene", "people"),
    [
        ("two women talk", 2),
        ("a couple in a kitchen", 2),
        ("two old men play chess", 2),
        ("a crowd at a concert", 9),
        ("男女が喫茶店で話す", 2),
        ("子ども三人と老人", 4),
        ("a wedding in a church", 2),
        ("肩越しの会話", 2),
        ("an empty church after the wedding", 0),
        ("the Mann Theatre at night", 0),
        ("a carpet in the hallway", 0),
        ("人形のある部屋", 0),
        ("a mannequin in a shop window", 0),
    ],
)
def test_as_many_people_are_on_a_card_as_its_words_say(scene: str, people: int) -> None:
    assert spec_of(scene).people == people
    assert len(actors(card_of(asked(scene)))) == people


def test_children_at_a_table_are_seen_over_it() -> None:
    card = card_of(asked("a family eats dinner in a kitchen", "ms"))
    heads = [drawn(actor, card).any(axis=1).nonzero()[0][0] for actor in actors(card)]
    assert len(heads) == 4 and max(heads) - min(heads) < 0.15 * card._view.height


def test_a_crowd_has_rows_of_many_behind_it_and_nine_people_have_not() -> None:
    names = {
        scene: [layer.name for layer in card_of(asked(scene))._layers] for scene in ("a crowd at a concert", "nine singers")
    }
    assert "crowd" in names["a crowd at a concert"]
    assert "crowd" not in names["nine singers"] and len(actors(card_of(asked("nine singers")))) == 9


def test_a_character_looks_the_same_whatever_is_said_of_what_they_do() -> None:
    mia = "a woman in a long dark coat"
    looks = {spec_of(scene, characters=(mia,)).cast[0] for scene in ("the quay", "she cries on the quay", "the woman laughs")}
    assert len(looks) == 1


def test_over_the_shoulder_the_face_is_that_of_who_speaks() -> None:
    anna, ben = "a woman in a red coat", "an old man"
    spec = spec_of("the office", size="over_the_shoulder", characters=(anna, ben), speakers=(ben,))
    (face,) = [spot for spot in spots(spec, Ground(0, 0.4, 0.8, 1.78, 1, "full")) if not spot.near]
    assert face.kind == spec.cast[1].partition("/")[0]


def test_characters_and_those_who_speak_are_people_too() -> None:
    mia, tom = "a woman in a long coat", "an old sailor"
    assert spec_of("the quay", characters=(mia, tom)).people == 2
    assert spec_of("the quay", speakers=(mia, tom)).people == 2
    assert spec_of("the quay", characters=(mia,), speakers=(mia, tom)).people == 2
    assert spec_of("a woman on the quay", characters=(mia,), speakers=(mia,)).people == 1
    assert spec_of("the quay", characters=("a black dog",)).people == 0


def test_a_close_up_shows_one_face_though_another_speaks() -> None:
    assert spec_of("the quay", size="cu", characters=("Mia",), speakers=("Mia", "Tom")).people == 1


def test_the_same_character_looks_the_same_in_every_shot() -> None:
    cast = [spec_of(scene, characters=("a woman in a long coat",)).cast for scene in ("the quay", "a kitchen, rain outside")]
    assert cast[0] == cast[1]
    assert cast[0][0].startswith("woman+coat/")


@pytest.mark.parametrize(
    ("scene", "posture", "gesture"),
    [
        ("a man walks down the street", "walk", ""),
        ("a girl runs and laughs", "run", "laugh"),
        ("an old man sits on a bench and reads", "sit", "read"),
        ("two boxers fight", "fight", ""),
        ("a couple dances", "dance", ""),
        ("autumn leaves on stone steps", "", ""),
        ("two women talk", "", "talk"),
        ("ダンス教室で踊る二人", "dance", ""),
        ("老人がベンチに座って新聞を読む", "sit", "read"),
        ("夜道を走る少年", "run", ""),
        ("満員電車の中の会社員", "stand", ""),
    ],
)
def test_words_say_what_people_do(scene: str, posture: str, gesture: str) -> None:
    spec = spec_of(scene)
    assert (spec.posture, spec.gesture) == (posture, gesture)


def test_every_posture_and_gesture_that_words_name_can_be_drawn() -> None:
    for kind in ("postures", "gestures"):
        for name in staging()[kind]:
            one = acting.act(kind, name)
            first, last = acting.angles(one, 0.0), acting.angles(one, one.cycle)
            assert first == pytest.approx(last)  # it goes round without a jump


def test_every_room_and_kind_that_words_name_can_be_drawn() -> None:
    for room in staging()["rooms"]:
        assert room_row(SceneSpec("card", "noon", "summer", room=room))["back"] is not None
    for outdoors in staging()["outdoors"]:
        assert room_row(SceneSpec("card", "noon", "summer", outdoors=outdoors))["open"]
    for group in ("who", "wears"):
        for name in table()[group]:
            assert name in table()["bodies"] or name in table()["clothes"] or name in table()["mixed"]


@pytest.mark.parametrize(
    ("size", "least", "most"),
    [("ews", 0.001, 0.02), ("ws", 0.02, 0.08), ("fs", 0.08, 0.2), ("ms", 0.2, 0.45), ("cu", 0.35, 0.7)],
)
def test_the_shot_size_says_how_large_somebody_is(size: str, least: float, most: float) -> None:
    card = card_of(asked("a woman waits", size))
    assert least < drawn(actors(card)[0], card).mean() < most


def test_a_close_up_is_head_and_shoulders_and_a_full_shot_the_whole_body() -> None:
    for size, whole in (("cu", False), ("fs", True)):
        card = card_of(asked("a man waits", size))
        rows = drawn(actors(card)[0], card).any(axis=1)
        assert rows[: len(rows) // 3].any() and not rows[0]  # the head is in the picture
        assert bool(rows[-1]) is not whole  # the feet are, or the body goes on below the frame


@pytest.mark.parametrize("angle", ["eye_level", "low", "worms_eye", "high", "overhead"])
@pytest.mark.parametrize("size", ["ms", "fs", "ws"])
def test_no_camera_angle_cuts_a_head_off(size: str, angle: str) -> None:
    request = asked("a man waits")
    card = card_of(replace(request, camera=Camera.model_validate({"size": size, "angle": angle})))
    assert not drawn(actors(card)[0], card)[0].any()


def test_two_who_talk_face_each_other_and_two_who_wait_do_not() -> None:
    talk = [actor.spot.yaw for actor in actors(card_of(asked("two women talk", "ms")))]
    wait = [actor.spot.yaw for actor in actors(card_of(asked("two women wait", "ms")))]
    assert talk[0] > 45 and talk[1] == -talk[0]
    assert abs(wait[0]) < 30 and abs(wait[1]) < 30


def test_over_the_shoulder_a_dark_back_stands_before_a_face() -> None:
    card = card_of(asked("a man and a woman talk", "ots"))
    layers = [layer for layer in card._layers if isinstance(layer, Actor)]
    partner, near = layers
    assert near.spot.near and not partner.spot.near
    assert abs(near.spot.yaw) > 120 and abs(partner.spot.yaw) < 60
    assert drawn(near, card).any(axis=0)[[0, -1]].sum() == 1  # it is cut by one edge of the frame


def test_the_one_who_speaks_moves_the_mouth_and_the_other_listens() -> None:
    card = card_of(asked("the quay", "ms", speakers=("Mia", "Tom")))
    first, second = actors(card)
    assert [dict(one._gestures(1.0)[0]).get("talk") for one in (first, second)] == [1.0, 0.0]
    assert [dict(one._gestures(3.6)[0]).get("talk") for one in (first, second)] == [0.0, 1.0]


def test_only_those_speak_who_have_lines() -> None:
    card = card_of(asked("the quay", "ms", characters=("Mia", "Tom"), speakers=("Tom",)))
    mia, tom = actors(card)
    assert all(dict(mia._gestures(time)[0]).get("talk") == 0.0 for time in (1.0, 3.6, 6.2))
    assert dict(tom._gestures(1.0)[0])["talk"] == 1.0


def test_people_move_all_the_time_and_go_on_where_the_part_before_ended() -> None:
    request = asked("two women talk in a cafe", "ms")
    card = card_of(request)
    assert (card.frame(0) != card.frame(8)).any()
    end = card.ending()
    after = Card(request, read_request(request), 7, end)
    after.prepare()
    longer = card_of(replace(request, frames=24))
    difference = np.abs(after.frame(0).astype(int) - longer.frame(12)).mean()
    assert difference < 0.5


def test_feet_that_walk_do_not_slide() -> None:
    """Over a round the lower foot stays where it is, but for the moment in which the weight goes to the other."""
    cycle, slides = acting.act("postures", "walk").cycle, []
    moments = [cycle * step / 48 for step in range(49)]
    feet = [joints(acting.pose_at("walk", (), time), GROWN_UP, 1.0).ankle for time in moments]
    places = [travelled("walk", GROWN_UP, time) for time in moments]
    for number in range(48):
        side = min((0, 1), key=lambda side: feet[number][side][1] + feet[number + 1][side][1])
        moved = [places[at] + feet[at][side][0] for at in (number, number + 1)]
        slides.append(abs(moved[1] - moved[0]))
    assert places[-1] > 0.6
    assert max(slides) < 0.04 and float(np.mean(slides)) < 0.004


def test_children_are_five_heads_high_and_grown_ups_seven_and_a_half() -> None:
    for kind, heads in (("man", 7.5), ("boy", 5.2)):
        look = look_of(kind)
        body = joints(acting.pose_at("stand", (), 0.0), look.bones, 1.0)
        tall = body.head[1] + 0.5 * look.bones.head
        assert tall / look.bones.head == pytest.approx(heads, abs=0.6)


def test_a_face_looks_at_the_camera_and_a_back_has_none() -> None:
    look, pose = look_of("woman"), joints(acting.pose_at("stand", (), 0.0), GROWN_UP, 1.0)
    marks = {yaw: [part.tone for part in Body(pose, look, yaw, Face()).parts()].count("mark") for yaw in (0.0, 180.0)}
    assert marks[0.0] >= 4 and marks[180.0] == 0


def test_a_drawing_hides_what_is_farther_and_has_an_ink_line() -> None:
    tones = {name: (paint, paint) for name, paint in (("near", (250.0, 0.0, 0.0, 255.0)), ("far", (0.0, 250.0, 0.0, 255.0)))}
    picture = np.full((480, 480, 3), 255, np.uint8)
    parts = [Part("near", [[(0.0, 0.0, 0.2)]], 1.0), Part("far", [[(0.0, 0.0, 0.4)]], 0.0)]
    draw(picture, parts, np.array([[400.0, 0, 240], [0, -400.0, 240]]), Style(tones, (0.0, 0.0, 0.0, 255.0), 0.04))
    assert picture[240, 240].tolist() == [250, 0, 0] and picture[240, 360].tolist() == [0, 250, 0]
    assert (picture.max(axis=2) == 0).any() and picture[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize(
    ("scene", "room"),
    [
        ("a kitchen at night", "kitchen"),
        ("喫茶店の中、窓から海が見える", "cafe"),
        ("会議室", "office"),
        ("a train carriage", "carriage"),
        ("満員電車の中", "carriage"),
        ("the office tower by the sea", ""),
        ("a river bed in autumn", ""),
    ],
)
def test_rooms_are_drawn_where_the_words_are_in_one(scene: str, room: str) -> None:
    assert spec_of(scene, characters=("Mia",)).room == room


@pytest.mark.parametrize(
    ("scene", "vehicle", "count"),
    [
        ("street race, two cars", "car", 2),
        ("a boxer trains in a gym", "", 1),
        ("a red carpet", "", 1),
        ("電車が走る", "train", 1),
        ("a spaceship over a planet", "spaceship", 1),
        ("象徴的な風景", "", 1),
    ],
)
def test_vehicles_are_no_part_of_other_words(scene: str, vehicle: str, count: int) -> None:
    spec = spec_of(scene)
    assert (spec.vehicle, spec.counts.get(vehicle, 1)) == (vehicle, count)


def test_takes_of_another_revision_of_the_drawing_are_not_these() -> None:
    request = asked("mountains at dawn")
    now = request_key(request, draws_words=True, reading=Previz().reading(request))
    assert now != request_key(request, draws_words=True, reading="drawing 2")


@pytest.mark.parametrize(("language", "words"), [("ja", "ミディアム"), ("en", "ms")])
def test_the_notes_on_a_card_are_in_the_films_language(language: str, words: str) -> None:
    camera = Camera.model_validate({"size": "ms", "move": "dolly_in"})
    assert _camera_words(camera, language)[0] == words
