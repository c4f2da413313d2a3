"""Japanese scripts: ○ headings, 「」 dialogue, a cast list; and Fountain with Japanese words."""

from __future__ import annotations

import pytest

from storyboards_made import made_of

SAKURA = """\
『桜の約束』
作　山田太郎

登場人物
　太郎（20）大学生、青いコート
　花子……画家

○　公園（昼）
　　　満開の桜。太郎、ベンチに座っている。
　　　花子が歩いてくる。
太郎「遅いな」
花子の声「ごめんごめん。
　電車が止まってて」
花子「（笑って）待った？」
　　　太郎は「いいよ」と言って立ち上がる。
　　　Ｏ・Ｌ

○　同・ベンチ（夕）
太郎（Ｎ）「あの日のことを覚えている」
"""


def test_title_and_cast_stand_before_the_first_scene() -> None:
    board = made_of(SAKURA)
    assert (board.title, board.language) == ("桜の約束", "ja")
    assert board.characters["太郎"].description == "20歳、大学生、青いコート"
    assert "# before the first scene: 作 山田太郎" in board.text


def test_headings_give_place_and_time() -> None:
    board = made_of(SAKURA)
    assert [(scene.heading, scene.scene) for scene in board.scenes] == [
        ("公園（昼）", "公園、昼"),
        ("同・ベンチ（夕）", "公園、ベンチ、夕"),  # 同 is the place of the scene before
    ]


def test_each_stage_direction_is_a_shot_and_brackets_are_dialogue() -> None:
    first, second, third = made_of(SAKURA).scenes[0].shots
    assert first.action == "満開の桜。太郎、ベンチに座っている。"
    assert [(line.who, line.line, line.delivery) for line in second.dialogue or ()] == [
        ("太郎", "遅いな", None),
        ("花子", "ごめんごめん。電車が止まってて", "off screen"),
        ("花子", "待った？", "笑って"),
    ]
    assert third.action == "太郎は「いいよ」と言って立ち上がる。"  # told, not spoken


def test_o_l_is_a_dissolve_into_the_next_shot() -> None:
    shot = made_of(SAKURA).scenes[1].shots[0]
    assert shot.transition and shot.transition.type == "dissolve"
    assert [line.delivery for line in shot.dialogue or ()] == ["voice-over"]


@pytest.mark.parametrize(
    "heading", ["○公園（夜）", "〇 公園・夜", "◯　公園　夜", ".公園 - 夜", "S#12 公園（夜）", "１２　公園（夜）"]
)
def test_ways_to_write_a_heading(heading: str) -> None:
    (scene,) = made_of(f"{heading}\n\n雨が降っている。\n").scenes
    assert scene.scene == "公園、夜"


def test_fountain_with_japanese_words() -> None:
    (shot,) = made_of("Title: 雨\n\nINT. 台所 - 夜\n\n太郎が茶を飲む。\n\n@太郎\n（小声で）\nうまい。\n").scenes[0].shots
    assert [(line.who, line.line, line.delivery) for line in shot.dialogue or ()] == [("太郎", "うまい。", "小声で")]


def test_the_language_is_that_of_the_letters() -> None:
    assert made_of("두 사람이 걷는다.\n").language == "ko"
    assert made_of("两个人走在街上。" * 10).language == "zh"
    assert made_of("静止画\n").language == "ja"
    assert made_of("Two people walk.\n").language == "en"


def test_a_name_may_stand_above_what_is_said() -> None:
    (shot,) = made_of("雨が降る。\n\n健一\n「もう遅い」\n\n由美　「そうね」\n").shots
    assert [(line.who, line.line) for line in shot.dialogue or ()] == [("健一", "もう遅い"), ("由美", "そうね")]


def test_the_same_time_is_that_of_the_scene_before() -> None:
    board = made_of("○海岸（夜）\n波。\n\n○車内（同時刻）\n二人。\n")
    assert [scene.scene for scene in board.scenes] == ["海岸、夜", "車内、夜"]
