"""A shot list as a storyboard: columns as film people name them, their words for camera and size, their ways to write time."""

from __future__ import annotations

import pytest

from storyboards_made import made_of_list
from vidgen.storyboard.writing.timing import pairs_have_frames, written_length

ENGLISH = """\
Shot list,My film,,,,,,,,
Scene,Shot #,Shot Size,Camera Movement,Lens (mm),Duration,Description,Dialogue,Sound,Notes,Props
INT. HOUSE - DAY,1,Wide,Slow push in,35,4,"A man sits, waiting","STEEL: Beer's ready!",rain,"check
light",beer
,1A,CU / low angle,"pan left, tilt up",,3+12,He looks up,,,,
EXT. STREET - NIGHT,2,Wibble,Pan,anamorphic,soon,Rain,,,,
"""
JAPANESE = """\
シーン;カット番号;サイズ;カメラワーク;尺;内容;セリフ;音;備考
1 公園（昼）;C-001;ロング;フィックス;3+12;桜の並木;;鳥の声;
;C-002;ＷＳ;Ｔ.Ｕ;4秒;太郎が座っている;太郎「遅いな」;;手持ちでも可
;C-003;バスト・俯瞰;PAN→;96コマ;花子が来る;花子「ごめん」太郎「いいよ」;;
"""


def test_rows_become_shots_in_the_scenes_that_the_list_names() -> None:
    board = made_of_list(ENGLISH)
    assert [(scene.heading, scene.scene, [shot.id for shot in scene.shots]) for scene in board.scenes] == [
        ("INT. HOUSE - DAY", "house, interior, day", ["1", "1A"]),
        ("EXT. STREET - NIGHT", "street, exterior, night", ["2"]),
    ]
    first = board.shots[0]
    assert (first.action, first.notes) == ("A man sits, waiting", "check\nlight")
    assert [(line.who, line.line) for line in first.dialogue or ()] == [("STEEL", "Beer's ready!")]


def test_words_of_the_set_become_names_of_the_storyboard() -> None:
    first, second, _ = made_of_list(ENGLISH).shots
    assert first.camera and (first.camera.size, first.camera.move, first.camera.lens) == ("ws", "dolly_in", 35)
    assert second.camera and (second.camera.size, second.camera.angle, second.camera.move) == ("cu", "low", "pan_left")


def test_japanese_columns_and_words() -> None:
    board = made_of_list(JAPANESE)
    assert [shot.id for shot in board.shots] == ["C-001", "C-002", "C-003"]
    cameras = [shot.camera for shot in board.shots]
    assert [camera and (camera.size, camera.move, camera.angle) for camera in cameras] == [
        ("ls", "static", None),
        ("ws", "dolly_in", None),
        ("mcu", "pan_right", "birds_eye"),
    ]
    assert [str(shot.duration) for shot in board.shots] == ["84f", "4s", "96f"]
    assert [line.who for line in board.shots[2].dialogue or ()] == ["花子", "太郎"]
    assert any("waist shot" in words for words in board.decide)  # WS is both in Japan


def test_words_that_are_not_known_are_told_with_a_guess() -> None:
    told = " ".join(made_of_list(ENGLISH).decide)
    assert 'Size: "Wibble" is not known' in told
    assert '"Pan" is not known (did you mean pan_left or pan_right?)' in told
    assert '"tilt up" beside pan_left: one move a shot' in told
    assert 'Duration: "soon" is not a duration' in told


def test_columns_without_a_key_stand_in_comments_and_are_told() -> None:
    board = made_of_list(ENGLISH)
    for words in ("# Shot list My film", "# Sound: rain", "# Props: beer"):
        assert words in board.text
    assert [words.split('"')[1] for words in board.kept] == ["Sound", "Props"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("first", ["", "sep=%\n", "\n\n"])
def test_delimiters(delimiter: str, first: str) -> None:
    rows = ("shot%size%description", '1%CU%"a face; calm, and\tstill"')
    table = first.replace("%", delimiter) + "\n".join(row.replace("%", delimiter) for row in rows)
    (shot,) = made_of_list(table).shots
    assert shot.action == "a face; calm, and\tstill" and shot.camera and shot.camera.size == "cu"


@pytest.mark.parametrize(
    ("cell", "length"),
    [
        *(("4", "4s"), ("2.5", "2.5s"), ("2,5", "2.5s"), ("4 sec", "4s"), ("４秒", "4s"), ("96f", "96f"), ("96コマ", "96f")),
        *(
            ("3+12", "84f"),
            ("(3+12)", "84f"),
            ("3秒12コマ", "84f"),
            ("0+18", "18f"),
            ("00:00:03:12", "84f"),
            ("00:00:03;12", "84f"),
        ),
        *(
            ("0:04", "4s"),
            ("00:01:05", "65s"),
            ("1m30s", "90s"),
            ("00:00:04.500", "4.5s"),
            ("~4s", "4s"),
        ),
        *((word, None) for word in ("soon", "", "-3", "0", "1e9", "4-5", "99:99:99:99", "9999999", "3.5f", "nan", "٣x")),
    ],
)
def test_ways_to_write_a_duration(cell: str, length: str | None) -> None:
    assert written_length(cell) == length


def test_three_twelve_is_frames_where_no_cell_speaks_for_minutes() -> None:
    assert pairs_have_frames(["3:12", "4:00"]) and written_length("3:12", pairs_have_frames=True) == "84f"
    assert not pairs_have_frames(["0:04", "1:05"]) and written_length("1:05") == "65s"


def test_a_column_of_frames_counts_frames() -> None:
    assert [str(shot.duration) for shot in made_of_list("cut,Duration (frames)\n1,96\n2,48\n").shots] == ["96f", "48f"]


def test_numbers_that_begin_anew_in_each_scene_get_the_scene_before_them() -> None:
    board = made_of_list("scene,shot,description\n1,1,a\n1,2,b\n2,1,c\n2,2,d\n")
    assert [shot.id for shot in board.shots] == ["sc1-1", "sc1-2", "sc2-1", "sc2-2"]


def test_ids_keep_clear_of_the_parts_of_long_shots() -> None:
    """Shot 1 of 8 s is split into 1a and 1b."""
    board = made_of_list("shot,duration,description\n1,8,a\n1A,4,b\n")
    assert [shot.id for shot in board.shots] == ["1", "1-A"]
    assert "# 1A in the list" in board.text


@pytest.mark.parametrize("table", ["", "a,b\n1,2\n", "just words\n", 'shot,size\n1,"open\n', 'shot,size\n1,"a" b\n'])
def test_what_is_no_shot_list_is_refused_in_words(table: str) -> None:
    with pytest.raises(ValueError, match="columns|quote|line"):
        made_of_list(table)


def test_an_apostrophe_before_a_formula_is_not_part_of_the_words() -> None:
    first, second = made_of_list("shot,description\n1,'=SUM(A1)\n2,'tis a calm sea\n").shots
    assert (first.action, second.action) == ("=SUM(A1)", "'tis a calm sea")


def test_place_time_and_side_may_have_columns_of_their_own() -> None:
    board = made_of_list(
        "#,Scene #,INT/EXT,Location,Time of Day,Shot Type\n1,1,INT,Kitchen,Night,CU\n2,1,,,,WS\n3,2,EXT,Park,Day,WS\n"
    )
    assert [(scene.id, scene.scene, len(scene.shots)) for scene in board.scenes] == [
        ("sc1", "Kitchen, interior, Night", 2),
        ("sc2", "Park, exterior, Day", 1),
    ]


def test_narration_is_a_voice_over() -> None:
    first, second = made_of_list("shot,description,VO\n1,Sea,Long ago.\n2,Sky,BOB: I was there.\n").shots
    assert first.voiceover and first.voiceover.text == "Long ago."
    assert [(line.who, line.delivery) for line in second.dialogue or ()] == [("BOB", "voice-over")]
    assert second.characters is None  # heard, not seen
