"""Strict YAML: what is written is what is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidgen.errors import StoryboardError
from vidgen.storyboard.loader import parse_storyboard
from vidgen.storyboard.reader import parse_document, read_document


def value_of(text: str) -> object:
    return parse_document(f"key: {text}".encode(), "film.yaml").value["key"]


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
    ],
)
def test_only_true_and_false_are_booleans_and_numbers_look_like_numbers(written: str, read: object) -> None:
    found = value_of(written)
    assert found == read and type(found) is type(read)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: !!python/object/apply:os.system [ls]", "tags"),
        ("a: &x 1\nb: *x", "anchors"),
        ("a: 1\n---\nb: 2", "one document"),
        ("a: " + "[" * 60 + "]" * 60, "deep"),
        ("a: [1, 2", "not valid YAML"),
        ("a: \x00", "not valid YAML|does not allow"),
    ],
)
def test_what_a_storyboard_never_needs_is_refused_with_its_place(text: str, why: str) -> None:
    with pytest.raises(StoryboardError, match=why) as caught:
        parse_document(text.encode(), "film.yaml")
    assert str(caught.value).startswith("film.yaml:")


def test_20000_brackets_are_refused_quickly() -> None:
    with pytest.raises(StoryboardError, match="nested"):
        parse_document(b"[" * 20_000, "film.yaml")


def test_an_oversize_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "film.yaml"
    file.write_bytes(b"#" * 2_100_000)
    with pytest.raises(StoryboardError, match="over 2 MB"):
        read_document(file)


def test_a_file_that_is_not_utf8_is_named_with_its_line() -> None:
    with pytest.raises(StoryboardError, match=r"film.yaml:2:1: the file is not UTF-8"):
        parse_document(b"a: 1\nb: \xff\n", "film.yaml")


def test_every_key_has_its_place() -> None:
    document = parse_document(b"vidgen: 1\nshots:\n  - scene: a\n    camera: {move: b}\n", "film.yaml")
    assert document.places[("shots", 0, "camera", "move")] == (4, 14)
    assert document.place(("shots", 0, "camera", "speed")) == (4, 5)


@given(st.binary(max_size=300))
def test_whatever_is_in_the_file_only_a_storyboard_error_comes_out(raw: bytes) -> None:
    with pytest.raises(StoryboardError):
        parse_storyboard(raw)


@given(st.text(alphabet="vidgen:1 \nshots-[]{}a,'\"&*!|>#%@é京", max_size=120))
def test_neither_does_odd_text_raise_anything_else(text: str) -> None:
    with pytest.raises(StoryboardError):
        parse_storyboard("vidgen: 1\n" + text)
