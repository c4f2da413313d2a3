"""The tables of words: one meaning each, and only names that the storyboard knows."""

from __future__ import annotations

from collections import Counter

import pytest

from vidgen.storyboard.vocabulary import known_name, names
from vidgen.storyboard.writing.looks import KEYS, camera_of, transition_of
from vidgen.storyboard.writing.words import plain, table


@pytest.mark.parametrize("name", ["columns", "camera", "guesses", "transitions", "off", "title_page"])
def test_a_spelling_has_one_meaning(name: str) -> None:
    spellings = [form for key, more in table(name).items() for form in {plain(key), *map(plain, more)}]
    assert [spelling for spelling, times in Counter(spellings).items() if times > 1] == []


def test_spellings_stand_for_names_of_the_storyboard_and_do_not_overrule_them() -> None:
    for target, spellings in table("camera").items():
        kind, _, name = target.partition("/")
        assert known_name(kind, name) == name
        for spelling in spellings:
            assert all(known_name(other, spelling) in (None, name) for other in KEYS if other == kind), spelling
    assert all(known_name("transition", name) for name in table("transitions"))


@pytest.mark.parametrize("kind", KEYS)
def test_every_name_of_the_storyboard_is_understood_in_its_own_column(kind: str) -> None:
    for name in names(kind):
        for spelling in name.spellings:
            camera, doubts = camera_of([("column", KEYS[kind], spelling)])
            assert (camera, doubts) == ({KEYS[kind]: name.canonical}, []), spelling


@pytest.mark.parametrize(
    ("cell", "camera"),
    [
        ("CU", {"size": "cu"}),
        ("M.C.U.", {"size": "mcu"}),
        ("Low angle close-up", {"size": "cu", "angle": "low"}),
        ("Wide Shot (WS)", {"size": "ws"}),
        ("slow dolly in, 35mm, eye level", {"speed": "slow", "move": "dolly_in", "lens": 35.0, "angle": "eye_level"}),
        ("ロング・俯瞰", {"size": "ls", "angle": "birds_eye"}),
        ("PAN→", {"move": "pan_right"}),
        ("Handheld / OTS", {"move": "handheld", "size": "ots"}),
    ],
)
def test_several_words_in_a_cell(cell: str, camera: dict[str, object]) -> None:
    assert camera_of([("Camera", "move", cell)]) == (camera, [])


@pytest.mark.parametrize("cell", ["パン", "wibble", "dolly", "CU CU ECU", "??", "🎥", "x" * 300, "カメラはゆっくりと動く"])
def test_what_is_not_known_is_told(cell: str) -> None:
    _, doubts = camera_of([("Camera", "move", cell)])
    assert doubts and doubts[0].startswith('Camera: "')


@pytest.mark.parametrize(
    ("words", "name"),
    [
        *(("CUT TO:", "cut"), ("DISSOLVE TO:", "dissolve"), ("FADE TO BLACK.", "fade_black"), ("FADE IN:", "fade_black")),
        *(("MATCH CUT TO:", "match_cut"), ("WIPE TO:", "wipe_left"), ("Ｏ・Ｌ", "dissolve"), ("（Ｆ・Ｏ）", "fade_black")),
        *(("SMASH CUT TO:", "cut"), ("暗転", "fade_black"), ("SPLORCH TO:", None)),
    ],
)
def test_transitions_of_scripts(words: str, name: str | None) -> None:
    found, doubt = transition_of(words)
    assert found == name and (found or doubt)
