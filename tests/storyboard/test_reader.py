"""Strict YAML: what is written is what is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidgen.errors import InputError, StoryboardError
from vidgen.storyboard.reader import parse_document, read_document


def value_of(text: str) -> object:
    return parse_document(f"key: {text}".encode(), "film.yaml").value["key"]


def problems_of(text: str) -> list[str]:
    """What is wrong with a file, whether or not the rest of it could be read."""
    try:
        return [problem.text("film.yaml") for problem in parse_document(text.encode(), "film.yaml").problems]
    except StoryboardError as error:
        return str(error).splitlines()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("16:9", "16:9"),
        ("1:30", "1:30"),
        ("yes", "yes"),
        ("no", "no"),
        ("off", "off"),
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("007", "007"),
        ("7", 7),
        ("-3", -3),
        ("0.5", 0.5),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        ("0777", "0777"),
        ("2026-11-22", "2026-11-22"),
        ("'7'", "7"),
        ("null", None),
        ("~", None),
        ("", None),
        ("4s", "4s"),
        ("+7", 7),
        ("-.5e-3", -0.0005),
        ("e5", "e5"),
        ("1.", "1."),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        (".inf", ".inf"),
        ("99999999999999999999", "99999999999999999999"),
        ("12:30:00", "12:30:00"),
        ("# only a comment", None),
    ],
)
def test_only_true_and_false_are_booleans_and_numbers_look_like_numbers(written: str, read: object) -> None:
    found = value_of(written)
    assert found == read and isinstance(found, type(read)) and isinstance(found, bool) == isinstance(read, bool)


def test_a_number_remembers_how_it_was_written() -> None:
    assert str(value_of("1.50")) == "1.50"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: !!python/object/apply:os.system [ls]", "1:4: a: tags (tag:yaml.org,2002:python/object/apply:os.system) are not"),
        ("a: &x 1", "1:4: a: anchors and aliases (& and *) are not used in storyboards; use defaults:"),
        ("a: 1\nb: *x", "2:4: b: anchors and aliases"),
        (
            "s: {a: x, no y}",
            '1:11: s.no y: a key without a value; inside { } text with a comma must be in quotes: a: "x, no y"',
        ),
        ("{a: 1, b}", "1:8: b: a key without a value; inside { } text with a comma must be in quotes"),
        ("a: 1\n---\nb: 2", "2:1: a storyboard is one document; --- starts another"),
        ("a: 1\nb: 2\na: 3", "3:1: a: duplicate key"),
        ("? [a]\n: 1", "1:3: a key must be plain text"),
        ("a: " + "[" * 60 + "]" * 60, "1:43: nested more than 40 deep"),
        ("a: \x07", "1:4: the character U+0007 is not allowed in YAML"),
    ],
)
def test_what_a_storyboard_never_needs_is_refused_with_its_place(text: str, said: str) -> None:
    (found,) = problems_of(text)
    assert found.startswith(f"film.yaml:{said}")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("title: Kyoto: autumn", "1:13: not valid YAML: a colon inside plain text"),
        ("a:\n\tb: 1", "2:1: not valid YAML: a tab in the indentation"),
        ('a: "x', "1:6: not valid YAML: a quote is opened and never closed"),
        ("a: [1, 2\nb: 3\n", "a list in [ ] is not closed, or a comma is missing (it began in line 1)"),
        ("a: @home", "text that begins with @ must be in quotes"),
        ("a: *", "text that begins with * or & must be in quotes"),
        ('a: "\\k"', "a backslash"),
        ("a: 1\nb\nc: 2", "a key without a colon"),
        ("a:\n  - b\n c: 1", "not indented"),
    ],
)
def test_common_slips_of_the_pen_are_explained(text: str, remedy: str) -> None:
    (found,) = problems_of(text)
    assert remedy in found


def test_what_stands_before_a_syntax_error_is_still_reported() -> None:
    assert len(problems_of("a: 1\na: 2\nb: [")) == 2


def test_20000_brackets_are_refused_quickly() -> None:
    with pytest.raises(StoryboardError, match="nested"):
        parse_document(b"[" * 20_000, "film.yaml")


def test_an_oversize_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "film.yaml"
    file.write_bytes(b"#" * 8_100_000)
    with pytest.raises(StoryboardError, match="over 8 MB"):
        read_document(file)


def test_a_file_that_is_not_utf8_is_named_with_its_line() -> None:
    with pytest.raises(StoryboardError, match=r"film.yaml:2:4: the file is not UTF-8"):
        parse_document(b"a: 1\nb: \xff\n", "film.yaml")


def test_an_endless_file_is_not_read_to_its_end() -> None:
    with pytest.raises(StoryboardError, match="over 8 MB"):
        read_document(Path("/dev/zero"))


def test_a_folder_is_not_a_storyboard(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_document(tmp_path)


def test_a_byte_order_mark_is_tolerated() -> None:
    assert parse_document("\ufefftitle: 京都".encode(), "film.yaml").value == {"title": "京都"}


def test_every_value_has_its_span_in_the_text() -> None:
    document = parse_document("title: 京都\nshots:\n  - {scene: 紅葉, n: '1'}\n".encode(), "film.yaml")
    spans = {path: document.text[start:end] for path, (start, end) in document.spans.items()}
    assert spans["title",] == "京都"
    assert spans["shots", 0, "scene"] == "紅葉" and spans["shots", 0, "n"] == "'1'"
    assert spans["shots", 0] == "{scene: 紅葉, n: '1'}"


def test_every_key_has_its_place() -> None:
    document = parse_document(b"vidgen: 1\nshots:\n  - scene: a\n    camera: {move: b}\n", "film.yaml")
    assert document.places[("shots", 0, "camera", "move")] == (4, 14)
    assert document.place(("shots", 0, "camera", "speed")) == (4, 5)
