"""Storyboards into types: short forms, ids, exact values."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

import pytest

from vidgen.errors import InputError
from vidgen.storyboard.loader import LoadedBoard, load_storyboard, parse_storyboard
from vidgen.storyboard.values import Duration, frame_size


def board(shots: str, top: str = "") -> LoadedBoard:
    return parse_storyboard(f"vidgen: 1\n{top}shots:\n{shots}")


def test_a_missing_file_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist") as caught:
        load_storyboard(tmp_path / "film.yaml")
    assert "vidgen new" in caught.value.hint


def test_short_forms_mean_the_long_ones() -> None:
    loaded = board(
        "  - {camera: ドリーイン, motion: 自然, transition: dissolve, text: Hello, voiceover: It begins., characters: aki}\n",
        "characters: {aki: a woman in a kimono}\nbudget: 5\n",
    )
    shot = loaded.board.scenes[0].shots[0]
    assert shot.camera and shot.camera.move == "dolly_in"
    assert shot.motion and shot.motion.type == "natural"
    assert shot.transition and shot.transition.type == "dissolve"
    assert shot.text and shot.text[0].text == "Hello"
    assert shot.voiceover and shot.voiceover.text == "It begins."
    assert loaded.board.characters["aki"].description == "a woman in a kimono"
    assert loaded.board.budget and loaded.board.budget.max_cost == 5


def test_numbers_may_stand_for_short_forms_too() -> None:
    loaded = board(
        "  - {text: 1.50, post: {upscale: 2, grain: 5, interpolate: 60}}\n  - {post: {upscale: 2160}}\n", "budget: 2.50\n"
    )
    first, second = loaded.board.scenes[0].shots
    assert first.text and first.text[0].text == "1.50"
    assert first.post and first.post.upscale and first.post.upscale.scale == 2
    assert first.post.interpolate and first.post.interpolate.fps == 60
    assert second.post and second.post.upscale and second.post.upscale.height == 2160


def test_text_stays_as_it_is_written() -> None:
    loaded = board("  - {scene: 007, notes: no, params: {cfg: 7.50, steps: 30}}\n", "title: 2026\naspect: 9:16\n")
    shot = loaded.board.scenes[0].shots[0]
    assert (loaded.board.title, loaded.board.aspect, shot.scene, shot.notes) == ("2026", "9:16", "007", "no")
    assert shot.params == {"cfg": 7.5, "steps": 30} and type(shot.params["cfg"]) is float


@pytest.mark.parametrize(("written", "frames"), [("4", 96), ("4s", 96), ("96f", 96), ("４秒", 96), ("96コマ", 96), ("0.5", 12)])
def test_a_duration_is_seconds_or_frames(written: str, frames: int) -> None:
    duration = board(f"  - {{duration: {written}}}\n").board.scenes[0].shots[0].duration
    assert duration.frames(Fraction(24)) == frames


def test_names_and_values_may_be_japanese_and_full_width() -> None:
    loaded = board(
        "  - {camera: {move: ﾊﾟﾝ左, size: バストショット, focus: 浅い}, duration: 自動, transition: ディゾルブ}\n",
        "aspect: １６：９\nbudget: {max_cost: 1, mode: 警告}\n"
        "score: {weights: {動き: 2}, veto: フリーズ}\naudio: {loudness: 配信}\n",
    )
    shot, top = loaded.board.scenes[0].shots[0], loaded.board
    assert shot.camera and (shot.camera.move, shot.camera.size, shot.camera.focus) == ("pan_left", "mcu", "shallow")
    assert shot.duration == "auto" and top.aspect == "16:9" and top.budget and top.budget.mode == "warn"
    assert top.score and top.score.weights == {"motion": 2} and top.score.veto == ("freeze",)
    assert top.audio and top.audio.loudness == "web"


def test_a_look_may_be_named_for_a_role_in_japanese() -> None:
    loaded = board("  - {text: [{text: a, style: 字幕}, {text: b, style: 大}]}\n", "text: {字幕: {size: 5}, 大: {size: 9}}\n")
    assert set(loaded.board.text) == {"subtitle", "大"}
    assert [text.style for text in loaded.board.scenes[0].shots[0].text or ()] == ["subtitle", "大"]


def test_a_scene_without_shots_is_one_shot() -> None:
    loaded = parse_storyboard("vidgen: 1\nscenes:\n  - {id: lake, scene: a lake, duration: 8}\n  - {scene: a hill}\n")
    lake, hill = (scene.shots for scene in loaded.board.scenes)
    assert [(shot.id, shot.duration) for shot in (*lake, *hill)] == [("lake", Duration(seconds=Fraction(8))), ("sc02", None)]
    assert loaded.place(loaded.shot_path(0, 0)) == (3, 5)


def test_shots_without_an_id_get_one_that_is_free() -> None:
    loaded = board("  - {scene: a}\n  - {id: s01, scene: b}\n  - {scene: c}\n")
    assert [shot.id for shot in loaded.board.scenes[0].shots] == ["s02", "s01", "s03"]


def test_rates_and_times_are_exact() -> None:
    loaded = board("  - {duration: 96f}\n  - {duration: 0.1}\n", "fps: 23.976\n")
    assert loaded.board.fps == Fraction(24000, 1001)
    first, second = loaded.board.scenes[0].shots
    assert first.duration == Duration(frames_=96)
    assert second.duration == Duration(seconds=Fraction(1, 10))


@pytest.mark.parametrize(
    ("resolution", "aspect", "size"),
    [
        ("1080p", "16:9", (1920, 1080)),
        ("1080p", "9:16", (1080, 1920)),
        ("720p", "1:1", (720, 720)),
        ("4k", "16:9", (3840, 2160)),
        ("540p", "2.39:1", (1290, 540)),
        ("96x64", "16:9", (96, 64)),
        ("64p", "16:9", (114, 64)),
    ],
)
def test_a_resolution_names_the_short_side(resolution: str, aspect: str, size: tuple[int, int]) -> None:
    assert frame_size(resolution, aspect) == size


def test_files_may_lie_outside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "wind.wav").write_bytes(b"")
    (tmp_path / "film").mkdir()
    loaded = parse_storyboard("vidgen: 1\nshots: [{sfx: ../wind.wav}]", tmp_path / "film" / "film.yaml")
    (effect,) = loaded.board.scenes[0].shots[0].sfx or ()
    assert effect.file == "../wind.wav"


def test_a_thousand_shots_load_in_a_moment() -> None:
    row = "  - {{id: a{0}, scene: temple {0}, motion: {{type: 自然}}, camera: {{move: ドリーイン, size: mcu}}, text: 秋}}\n"
    text = "vidgen: 1\nshots:\n" + "".join(row.format(number) for number in range(1000))
    begin = time.process_time()
    assert len(parse_storyboard(text).board.scenes[0].shots) == 1000
    assert time.process_time() - begin < 1.5
