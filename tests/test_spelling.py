"""What was perhaps meant by a name: one answer for engines, models, keys, presets and files."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidgen.spelling import MOST_OPTIONS, did_you_mean, nearest

SOURCE = Path(__file__).parents[1] / "src" / "vidgen"


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("prviz", "previz"),
        ("PREVIZ ", "previz"),
        ("open sora", "open-sora"),
        ("ｒｕｎｗａｙ", "runway"),
        ("zebra", None),
        ("", None),
    ],
)
def test_the_nearest_name_is_told_whatever_its_case_width_or_hyphens(word: str, near: str | None) -> None:
    assert nearest(word, ["runway", "previz", "open-sora"]) == near


def test_the_words_fit_behind_a_message_and_are_empty_where_nothing_is_near() -> None:
    assert did_you_mean("rif", ("rife", "blend")) == " (did you mean rife?)"
    assert did_you_mean("rif", ()) == did_you_mean("x" * 10_000, ("rife",)) == ""


def test_so_many_options_that_comparing_takes_long_get_no_guess() -> None:
    options = [f"style_{number}" for number in range(MOST_OPTIONS + 1)]
    assert nearest("style_7", options) is None and nearest("style_7", options, most=len(options)) == "style_7"


def test_names_are_compared_in_one_place() -> None:
    users = [file.relative_to(SOURCE).as_posix() for file in SOURCE.rglob("*.py") if "difflib" in file.read_text("utf-8")]
    assert users == ["spelling.py"]
