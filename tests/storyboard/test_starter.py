"""What ``vidgen new`` writes is a good storyboard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidgen.storyboard.lint import lint_board
from vidgen.storyboard.loader import parse_storyboard
from vidgen.storyboard.starter import LANGUAGES, starter_text


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_has_four_shots_and_nothing_to_complain_of(language: str) -> None:
    loaded = parse_storyboard(starter_text(language, "Dawn"))
    assert loaded.board.language == language and len(loaded.board.scenes[0].shots) == 4
    assert lint_board(loaded) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_names_its_own_file_and_has_a_comment_for_a_start(language: str) -> None:
    text = starter_text(language, "Dawn", "dawn.yaml")
    assert text.startswith("# ") and "vidgen render dawn.yaml" in text


@given(title=st.text(min_size=1, max_size=200), file=st.text(max_size=20))
def test_any_title_comes_back_as_it_was_given(title: str, file: str) -> None:
    loaded = parse_storyboard(starter_text("en", title, file))
    assert loaded.board.title == title
    assert loaded.board.scenes[0].shots[0].text[0].text == title  # type: ignore[index]
