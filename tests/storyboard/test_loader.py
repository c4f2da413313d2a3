"""Storyboards into types: every problem in one pass, in its place, with what was perhaps meant."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from vidgen.errors import InputError, StoryboardError
from vidgen.storyboard.loader import LoadedBoard, load_storyboard, parse_storyboard
from vidgen.storyboard.merge import merged_shot
from vidgen.storyboard.starter import starter_text
from vidgen.storyboard.values import Duration, frame_size


def problems(text: str) -> list[str]:
    with pytest.raises(StoryboardError) as caught:
        parse_storyboard(text, Path("film.yaml"))
    return str(caught.value).splitlines()


def board(shots: str, top: str = "") -> LoadedBoard:
    return parse_storyboard(f"vidgen: 1\n{top}shots:\n{shots}")


def test_everything_wrong_is_said_at_once_each_in_its_place() -> None:
    said = problems(
        "vidgen: 1\n"
        "titel: Kyoto\n"
        "fps: 0\n"
        "shots:\n"
        "  - id: s 1\n"
        "    camera: doly_in\n"
        "    duration: 4x\n"
        "  - camera: {move: ドリイン, strength: 3}\n"
        "    continue_from: s09\n"
        "    start_frame: nowhere.png\n"
        "    text: [{text: hi, in: 3, out: 2}]\n"
        "    post: {upscale: {scale: 5}}\n"
        "    camera: pan_left\n"
    )
    assert said == [
        "film.yaml:2:1: titel: unknown key (did you mean title?)",
        "film.yaml:3:1: fps: a frame rate is above 0 and at most 1000, not 0",
        "film.yaml:5:5: shots[0].id: an id is letters, digits, _ and -, begins with a letter or digit, and has at most 32",
        "film.yaml:6:5: shots[0].camera: 'doly_in' is not a camera move (did you mean dolly_in?)",
        "film.yaml:7:5: shots[0].duration: '4x' is not a time: write 4, 4s or 96f",
        "film.yaml:8:14: shots[1].camera.move: 'ドリイン' is not a camera move (did you mean ドリーイン?)",
        "film.yaml:8:26: shots[1].camera.strength: must be at most 1",
        "film.yaml:9:5: shots[1].continue_from: there is no shot s09",
        "film.yaml:10:5: shots[1].start_frame: there is no file nowhere.png beside the storyboard",
        "film.yaml:11:30: shots[1].text[0].out: out (2s) must be after in (3s)",
        "film.yaml:12:22: shots[1].post.upscale.scale: 5 is not one of 2, 3 or 4",
        "film.yaml:13:5: shots[1].camera: this key is there twice",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shots: [{scene: a}]", "the key vidgen is missing"),
        ("vidgen: 2\nshots: [{scene: a}]", "version 2 is not known"),
        ("vidgen: 1", "here is neither"),
        ("vidgen: 1\nshots: []", "at least one"),
        ("vidgen: 1\nshots: [{scene: a}]\nscenes: [{scene: b}]", "not both"),
        ("vidgen: 1\nshots: [a]", "each of shots is a mapping"),
        ("vidgen: 1\nscenes: [{id: x}]", "a scene has shots:, or scene: text"),
        ("vidgen: 1\nshots: [{id: a}, {id: A}]", "already that of"),
        ("vidgen: 1\nshots: [{id: a, continue_from: a}]", "cannot continue itself"),
        ("vidgen: 1\nshots: [{id: a, continue_from: b}, {id: b}]", "comes later"),
        ("vidgen: 1\nshots: [{characters: [aki]}]\ncharacters: {akii: {}}", r"aki is not declared .*\(did you mean akii\?\)"),
        ("vidgen: 1\nshots: [{pick: 3, candidates: 2}]", "only 2 candidates"),
        ("vidgen: 1\nshots: [{scene: a}]\npost: {interpolate: {fps: 60, factor: 2}}", "either fps or factor"),
        ("vidgen: 1\nshots: [{clip: 'https://example.org/a.mp4'}]", "is an address"),
        ("vidgen: 1\nshots: [{camera: [pan_left, dolly_in]}]", "one camera move a shot"),
        ("vidgen: 1\nshots: [{voiceover: {voice: x}}]", "say text or file"),
        ("vidgen: 1\naspect: 16x9\nshots: [{scene: a}]", "is not an aspect ratio"),
        ("vidgen: 1\nresolution: 9p\nshots: [{scene: a}]", "from 16 to 8640"),
        ("vidgen: 1\nshots: [{seed: 1.5}]", "whole number"),
        ("vidgen: 1\naudio: {loudness: loud}\nshots: [{scene: a}]", "is not one of web"),
        ("- 1", "is a mapping"),
        ("", "is a mapping"),
    ],
)
def test_each_mistake_has_its_own_words(text: str, message: str) -> None:
    import re

    assert re.search(message, "\n".join(problems(text)))


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


def test_shots_without_an_id_get_one_that_is_free() -> None:
    loaded = board("  - {scene: a}\n  - {id: s01, scene: b}\n  - {scene: c}\n")
    assert [shot.id for shot in loaded.board.scenes[0].shots] == ["s02", "s01", "s03"]


def test_rates_and_times_are_exact() -> None:
    loaded = board("  - {duration: 96f}\n  - {duration: 0.1}\n", "fps: 23.976\n")
    assert loaded.board.fps == Fraction(24000, 1001)
    first, second = loaded.board.scenes[0].shots
    assert first.duration == Duration(frames_=96)
    assert second.duration == Duration(seconds=Fraction(1, 10))


def test_a_shot_wins_over_defaults_and_those_over_scene_and_board() -> None:
    loaded = parse_storyboard(
        "vidgen: 1\nstyle: film\npost: {upscale: {scale: 2}}\n"
        "defaults: {camera: {move: pan_left, speed: fast}, duration: 3}\n"
        "scenes:\n  - scene: a lake\n    shots:\n      - {camera: {move: tilt_up}, post: {grain: 5}}\n      - {scene: a hill}\n"
    )
    scene = loaded.board.scenes[0]
    first, second = (merged_shot(loaded.board, scene, shot) for shot in scene.shots)
    assert first.camera and (first.camera.move, first.camera.speed) == ("tilt_up", "fast")
    assert first.scene == "a lake" and second.scene == "a hill" and first.style == "film"
    assert first.post and first.post.grain and first.post.upscale and first.post.upscale.scale == 2


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


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_starter_is_a_good_storyboard(language: str) -> None:
    loaded = parse_storyboard(starter_text(language, 'A "quoted": title'))
    assert loaded.board.title == 'A "quoted": title' and len(loaded.board.scenes[0].shots) == 4
