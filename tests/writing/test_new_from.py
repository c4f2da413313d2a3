"""``vidgen new FILE --from SCRIPT``: what it writes, what it tells, what it refuses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support import Vidgen
from vidgen.storyboard.loader import load_storyboard

SCRIPT = "Title: The lake\n\nEXT. LAKE - DAWN\n\nMist over the water.\n\nINT. CABIN - DAY\n\nA kettle steams on the stove.\n"
LIST = "カット,サイズ,内容\n1,ロング,静かな海\n2,アップ,波に光る石\n"


def test_a_plain_script_makes_a_storyboard_that_lints_clean(vidgen: Vidgen, tmp_path: Path) -> None:
    (tmp_path / "lake.fountain").write_text(SCRIPT, encoding="utf-8")
    ran = vidgen("new", "film.yaml", "--from", "lake.fountain", "--json")
    assert (ran.code, ran.envelope["warnings"]) == (0, [])
    assert ran.data == {
        "file": "film.yaml",
        "source": "lake.fountain",
        "scenes": 2,
        "shots": 2,
        "characters": [],
        "duration_s": 6.0,
        "decide": [],
    }
    assert vidgen("lint", "film.yaml", "--strict").code == 0
    assert load_storyboard(tmp_path / "film.yaml").board.title == "The lake"


def test_what_is_to_decide_is_a_warning_with_its_place_and_a_comment(vidgen: Vidgen, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("shot,camera,description\n7,wobble,calm sea\n", encoding="utf-8")
    ran = vidgen("new", "film.yaml", "--from", "list.csv", "--json")
    assert ran.code == 0
    (warning,) = ran.envelope["warnings"]
    assert (warning["code"], warning["shot"]) == ("new.decide", "7")
    assert warning["message"].startswith('list.csv:2: camera: "wobble" is not known')
    assert '# decide: camera: "wobble" is not known' in (tmp_path / "film.yaml").read_text(encoding="utf-8")


def test_lint_is_told_by_rule(vidgen: Vidgen, tmp_path: Path) -> None:
    (tmp_path / "a.fountain").write_text("Two people dance a tango.\n\nANN\nNow!\n", encoding="utf-8")
    ran = vidgen("new", "film.yaml", "--from", "a.fountain", "--json")
    told = [warning["message"] for warning in ran.envelope["warnings"] if warning["code"] == "new.lint"]
    assert any(message.startswith("V202") and "s01" in message for message in told)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp932"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(vidgen: Vidgen, tmp_path: Path, encoding: str, newline: str) -> None:
    (tmp_path / "list.csv").write_bytes(LIST.replace("\n", newline).encode(encoding))
    ran = vidgen("new", "film.yaml", "--from", "list.csv", "--json")
    assert ran.code == 0
    assert [warning["code"] for warning in ran.envelope["warnings"]] == (["new.kept"] if encoding == "cp932" else [])
    board = load_storyboard(tmp_path / "film.yaml").board
    assert [shot.action for shot in board.scenes[0].shots] == ["静かな海", "波に光る石"]


def test_a_list_of_a_western_office_program(vidgen: Vidgen, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes("shot;description\n1;café à la nuit\n".encode("cp1252"))
    assert vidgen("new", "film.yaml", "--from", "list.csv").code == 0
    assert load_storyboard(tmp_path / "film.yaml").board.scenes[0].shots[0].action == "café à la nuit"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.fdx", b"<FinalDraft/>", "new.unreadable"),
        ("a.xlsx", b"PK", "new.unreadable"),
        ("a", b"x", "new.unreadable"),
        ("a.csv", b"one,two\n1,2\n", "new.unreadable"),
        ("a.csv", b"", "new.unreadable"),
        ("a.fountain", b" \n\n", "new.unreadable"),
        ("a.fountain", b"\x81\x8d\xff", "new.unreadable"),
        ("a.fountain", b"a\0b", "new.unreadable"),
        ("a.fountain", b"Act.\n\n" * 5001, "new.unreadable"),
        ("a.fountain", b"x" * 2_000_001, "new.unreadable"),
        ("a.fountain", None, "media.not_found"),
    ],
)
def test_what_cannot_be_read_is_refused_and_nothing_is_written(
    vidgen: Vidgen, tmp_path: Path, name: str, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    ran = vidgen("new", "film.yaml", "--from", name, "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, code)
    assert not (tmp_path / "film.yaml").exists()


def test_folders_and_pipes_are_not_read(vidgen: Vidgen, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("folder.csv", "pipe.csv"):
        assert vidgen("new", "film.yaml", "--from", name).code == 2


def test_nothing_is_overwritten(vidgen: Vidgen, tmp_path: Path) -> None:
    (tmp_path / "a.fountain").write_text(SCRIPT, encoding="utf-8")
    for name in ("film.yaml", "a.fountain"):
        (tmp_path / name).write_text(SCRIPT, encoding="utf-8")
        assert "new.exists" in vidgen("new", name, "--from", "a.fountain", "--json").out
        assert (tmp_path / name).read_text(encoding="utf-8") == SCRIPT


def test_title_and_language_may_be_given(vidgen: Vidgen, tmp_path: Path) -> None:
    (tmp_path / "a.fountain").write_text(SCRIPT, encoding="utf-8")
    assert vidgen("new", "film.yaml", "--from", "a.fountain", "--title", "Other", "--language", "ja").code == 0
    board = load_storyboard(tmp_path / "film.yaml").board
    assert (board.title, board.language) == ("Other", "ja")


def test_a_file_that_a_cell_names_is_not_opened(vidgen: Vidgen, tmp_path: Path) -> None:
    """A pipe would wait for its writer."""
    os.mkfifo(tmp_path / "sea.wav")
    (tmp_path / "list.csv").write_text("shot,description,sound,image\n1,calm sea,sea.wav,sea.wav\n", encoding="utf-8")
    assert vidgen("new", "film.yaml", "--from", "list.csv").code == 0
    assert "# sound: sea.wav" in (tmp_path / "film.yaml").read_text(encoding="utf-8")
