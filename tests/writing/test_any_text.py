"""Whatever a script or shot list holds: its words come out as they are, and the storyboard is always valid."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyboards_made import made_of, made_of_list
from vidgen.errors import InputError
from vidgen.storyboard.writing import read_draft

MARKS = ["\n", "\n\n", "INT. A - DAY", "BOB", "BOB (V.O.) ^", "(low)", "[[", "]]", "/*", "*/", "> ", " <", "CUT TO:", "."]
MARKS += [
    "@",
    "!",
    "~",
    "#",
    "=",
    "===",
    "○公園（夜）",
    "太郎「",
    "」",
    "　",
    "Title:",
    "**",
    "_",
    "\\",
    "登場人物",
    "× × ×",
    " (40s)",
]
CELLS = ["shot", "scene", "size", "尺", "セリフ", "description", "sound", "notes", "cast", "1", "1A", "8", "3+12", "pan"]
CELLS += ["A: b", "太郎「い」", ",", ",", "\n", "\n", '"']
HOSTILE = ["\u2028", "\x85", "\x1b[2J", "\ufeff", "\uffff", "\u202e", "\x00", "---", "...", "- a: b", "{", "}", "&a", "*a"]
HOSTILE += ["!!python/object/apply:os.system [id]", "%TAG", "#", ": ", "'", '"', "=1+1", "@SUM(1)", "<<<<<<< ", "/etc/passwd"]


def mixed(words: list[str]) -> st.SearchStrategy[str]:
    """Texts of marks, hostile words and anything else."""
    return st.lists(st.sampled_from([*words, *HOSTILE]) | st.text(max_size=8), max_size=40).map("".join)


@settings(max_examples=150)
@given(mixed(MARKS))
def test_any_text_is_a_screenplay(script: str) -> None:
    made_of(f"Once.\n\n{script}")  # loads, or this fails


@settings(max_examples=150)
@given(mixed(CELLS), st.sampled_from(["", "shot,size,duration,description,dialogue,sound,who\n"]))
def test_any_text_is_a_shot_list_or_refused_in_words(table: str, header: str) -> None:
    try:
        made_of_list(header + table)
    except ValueError as error:
        assert type(error) is ValueError and str(error)


@settings(max_examples=60)
@given(st.binary(max_size=60), st.sampled_from([".fountain", ".txt", ".csv", ".tsv"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes, suffix: str) -> None:
    file = tmp_path_factory.mktemp("any") / f"x{suffix}"
    file.write_bytes(raw)
    try:
        read_draft(file)
    except InputError as error:
        assert error.code == "new.unreadable"


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_are_shown_literally(words: str) -> None:
    literal = words.replace("\x00", "")
    (shot,) = made_of(f"INT. A - DAY\n\nHe says x{words}y. [[see x{words}y]]\n").shots
    assert shot.action == f"He says {' '.join(f'x{literal}y.'.split())}"  # other line ends are spaces
    cell = '"' + f"x{words}y".replace('"', '""') + '"'
    (shot,) = made_of_list(f"shot,description,props\n1,{cell},{cell}\n").shots
    assert shot.action == f"x{literal}y"


def test_many_marks_that_are_never_closed_take_no_time() -> None:
    for mark in ("[[", "/*", "*a", "(", "太郎「あ\n", "× "):
        made_of(f"Once.\n\n{mark * 3000}")
