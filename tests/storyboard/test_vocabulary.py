"""Names in English and Japanese; spelling is forgiving where it cannot mislead."""

from __future__ import annotations

import pytest

from vidgen.catalog.transitions import known
from vidgen.scoring.types import ALL_FAMILIES, VETOES
from vidgen.storyboard.vocabulary import canonical_name, kinds, names, phrase

SOURCE_MOVES = {
    "固定": "static shot, locked camera",
    "パン左": "slow pan left, horizontal camera movement",
    "パン右": "slow pan right, horizontal camera movement",
    "ティルトアップ": "tilt up, camera looking upward",
    "ドリーイン": "slow dolly forward, approaching subject",
    "ドリーアウト": "slow dolly backward, pulling away",
    "空撮": "aerial drone shot, bird's eye view, flying over",
    "軌道": "orbiting shot, rotating around subject",
    "ステディカム": "steadicam tracking shot, smooth movement",
    "ズームイン": "slow zoom in, focusing on subject",
}
SOURCE_MOTIONS = {
    "自然": "natural movement, wind, water flow, clouds",
    "人物": "person walking, human motion, gesture",
    "動物": "animal movement, natural behavior",
    "抽象": "abstract motion, particle flow, morphing",
    "タイムラプス": "timelapse, accelerated time, day to night",
}


@pytest.mark.parametrize(
    "spelling", ["pan_left", "pan-left", "pan left", "Pan Left", "PAN_LEFT", "ｐａｎ　ｌｅｆｔ", "pan–left", "パン左", "ﾊﾟﾝ左"]
)
def test_one_move_many_spellings(spelling: str) -> None:
    assert canonical_name("camera_move", spelling) == "pan_left"


@pytest.mark.parametrize(("ja", "words"), SOURCE_MOVES.items())
def test_the_ten_classic_moves_keep_their_phrases(ja: str, words: str) -> None:
    assert phrase("camera_move", canonical_name("camera_move", ja)) == words


@pytest.mark.parametrize(("ja", "words"), SOURCE_MOTIONS.items())
def test_the_five_motion_types_keep_their_phrases(ja: str, words: str) -> None:
    assert phrase("motion_type", canonical_name("motion_type", ja)) == words


@pytest.mark.parametrize(("wrong", "meant"), [("doly_in", "dolly_in"), ("ドリイン", "ドリーイン"), ("zoomin_g", "zoom_in")])
def test_a_near_miss_is_asked_after(wrong: str, meant: str) -> None:
    with pytest.raises(ValueError, match=rf"\(did you mean {meant}\?\)"):
        canonical_name("camera_move", wrong)


def test_no_spelling_means_two_things() -> None:
    for kind in kinds():
        for name in names(kind):
            for spelling in name.spellings:
                assert canonical_name(kind, spelling) == name.canonical, f"{kind}: {spelling}"


@pytest.mark.parametrize("kind", kinds())
def test_every_name_has_an_english_and_a_japanese_form(kind: str) -> None:
    for name in names(kind):
        assert name.canonical.isascii() and name.ja


def test_moves_and_motions_have_words_for_prompts_in_both_languages() -> None:
    for kind in ("camera_move", "motion_type"):
        for name in names(kind):
            assert name.phrase_en and phrase(kind, name.canonical, "ja") == name.phrase_ja != name.ja


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [("close-up", "but a shot size: camera: {size: cu}"), ("ローアングル", "but a camera angle: camera: {angle: low}")],
)
def test_a_size_or_angle_in_the_place_of_a_move_is_told_where_it_belongs(wrong: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        canonical_name("camera_move", wrong)


def test_a_short_vocabulary_is_listed_where_nothing_is_near() -> None:
    with pytest.raises(ValueError, match="known: web, podcast, ebu, atsc"):
        canonical_name("loudness", "xyz")


def test_the_cut_can_draw_every_transition() -> None:
    assert [name.canonical for name in names("transition") if not known(name.canonical)] == []


def test_the_judge_knows_every_family_and_veto() -> None:
    assert {name.canonical for name in names("score_family")} == set(ALL_FAMILIES)
    assert {name.canonical for name in names("veto")} == set(VETOES)
