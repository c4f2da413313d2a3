"""A storyboard in another form than vidgen writes: read rightly, or refused with the place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidgen.errors import StoryboardError
from vidgen.storyboard.loader import LoadedBoard, parse_storyboard

BOARD = "vidgen: 1\ntitle: 京都 🍁\nshots:\n  - {id: s01, scene: leaves, duration: 1}\n"
VALUE = {
    "vidgen": 1,
    "title": "京都 🍁",
    "characters": {"😀": {"description": "a face"}},
    "shots": [{"id": "s01", "scene": "maple 🍁 \\ud83c / ½ \ue03c\ue741", "duration": 1}],
}


def read(raw: bytes) -> LoadedBoard:
    return parse_storyboard(raw, Path("film.yaml"))


@pytest.mark.parametrize("indent", [None, 2, "\t"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_is_read_as_programs_write_it(ascii_only: bool, indent: int | str | None) -> None:
    board = read(json.dumps(VALUE, ensure_ascii=ascii_only, indent=indent).encode()).board
    assert board.title == VALUE["title"] and list(board.characters) == ["😀"]
    assert board.scenes[0].shots[0].scene == VALUE["shots"][0]["scene"]


def test_escapes_of_json_move_no_place_in_the_file() -> None:
    text = '{"vidgen": 1, "title": "\\ud83c\\udf41", "shots": [{"id": "s01", "scene": "x", "duration": "long"}]}'
    with pytest.raises(StoryboardError) as error:
        read(text.encode())
    assert error.value.problems[0].column == text.index('"duration"') + 1


def test_escapes_of_json_are_read_in_yaml_too() -> None:
    quoted = BOARD.replace("{id: s01, scene: leaves,", '{id: s01, scene: "red \\ud83c\\udf41\n     leaves",')
    assert read(quoted.encode()).board.scenes[0].shots[0].scene == "red 🍁 leaves"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x85", "\u2028"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_lines_may_end_as_any_editor_ends_them(end: str, mark: bytes) -> None:
    assert read(mark + BOARD.replace("\n", end).encode()).board.title == "京都 🍁"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (BOARD.encode("utf-16"), "film.yaml:1:1: the file is UTF-16 text; save it as UTF-8"),
        (BOARD.replace("京都 🍁", "Café").encode("latin-1"), "film.yaml:2:11: the file is not UTF-8 text; save it as UTF-8"),
        (BOARD.replace("京都 🍁", "Café").replace("\n", "\r").encode("latin-1"), "film.yaml:2:11: the file is not UTF-8"),
        (BOARD.encode() + b"\0", "film.yaml:5:1: the character U+0000 is not allowed"),
        ((BOARD.replace("\n", "\r") + "\0").encode(), "film.yaml:5:1: the character U+0000 is not allowed"),
        (f"{BOARD}<<<<<<< mine\nfps: 24\n=======\n".encode(), "film.yaml:5:1: unresolved merge conflict; keep one version"),
        (rb'{"vidgen": 1, "title": "\ud83c!"}', "film.yaml:1:27: not valid YAML: an escape that is no character"),
        (b"", "film.yaml:1:1: a storyboard is a mapping"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(raw: bytes, said: str) -> None:
    with pytest.raises(StoryboardError) as error:
        read(raw)
    assert said in str(error.value)


def test_a_file_of_the_same_letters_is_found_and_one_in_other_case_is_offered(tmp_path: Path) -> None:
    (tmp_path / "cafe\u0301.png").write_bytes(b"")
    (tmp_path / "Hero.PNG").write_bytes(b"")
    board = BOARD.replace("scene: leaves", "scene: leaves, start_frame: caf\u00e9.png")
    assert parse_storyboard(board, tmp_path / "film.yaml")
    with pytest.raises(StoryboardError, match="did you mean Hero.PNG"):
        parse_storyboard(board.replace("caf\u00e9.png", "hero.png"), tmp_path / "film.yaml")
