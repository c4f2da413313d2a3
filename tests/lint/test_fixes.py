"""``lint --fix`` mends what is safe to mend and touches nothing else."""

from __future__ import annotations

import pytest

from vidgen.storyboard.lint import apply_fixes, lint_board
from vidgen.storyboard.loader import parse_storyboard


def fixed(text: str) -> str:
    once = apply_fixes(text, lint_board(parse_storyboard(text)))
    assert apply_fixes(once, lint_board(parse_storyboard(once))) == once, "a second run must change nothing"
    return once


HEAD = "vidgen: 1\nseed: 1   # keep\nshots:\n"


def test_quoted_words_become_a_title_and_comments_stay() -> None:
    before = (
        HEAD
        + '  - id: s01   # opening\n    scene: a shop with a neon sign that says "OPEN" at night   # neon\n    duration: 4\n'
    )
    after = (
        HEAD + "  - id: s01   # opening\n    scene: a shop with a neon sign at night   # neon\n"
        '    text: [{text: "OPEN"}]\n    duration: 4\n'
    )
    assert fixed(before) == after


def test_japanese_signs_are_cleared_too_also_in_braces() -> None:
    before = HEAD + "  - {scene: 雨の夜、「営業中」と書かれた看板が光る商店街, duration: 4}\n"
    after = HEAD + '  - {scene: 雨の夜、看板が光る商店街, text: [{text: "営業中"}], duration: 4}\n'
    assert fixed(before) == after


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("Please make a video of a quiet lake at dawn", "A quiet lake at dawn"),
        ("Can you show me a cat on a windowsill", "A cat on a windowsill"),
        ("A quiet beach at dawn, please", "A quiet beach at dawn"),
        ("霧の森の動画を作ってください", "霧の森"),
        ("'Generate a 5 second clip of waves at night'", "'Waves at night'"),
    ],
)
def test_requests_become_descriptions(asked: str, said: str) -> None:
    assert fixed(f"{HEAD}  - scene: {asked}\n") == f"{HEAD}  - scene: {said}\n"


@pytest.mark.parametrize(
    "scene",
    [
        'a sign that says "OPEN" and another that says "CLOSED"',
        'The word "HOPE" written in the sand',
        ">-\n      please make a video\n      of a lake",
        '"please make a video of a \\u006cake"',
        "I want something nice",
    ],
)
def test_what_is_not_surely_right_is_left_alone(scene: str) -> None:
    text = f"{HEAD}  - scene: {scene}\n"
    assert fixed(text) == text


def test_a_verbatim_prompt_and_titles_that_are_there_are_not_touched() -> None:
    for shot in (
        "{prompt: 'a neon sign \"OPEN\" in a long street'}",
        "{scene: 'a neon sign \"OPEN\" in rain', text: [{text: x}]}",
    ):
        text = f"{HEAD}  - {shot}\n"
        assert fixed(text) == text


def test_windows_line_ends_and_other_shots_stay_as_they_are() -> None:
    text = (HEAD + "  - scene: Please make a video of a quiet lake\n  - {scene: 'sea: a view'}\n").replace("\n", "\r\n")
    assert fixed(text) == text.replace("Please make a video of a quiet", "A quiet")


def test_a_json_storyboard_with_emoji_is_mended_too() -> None:
    """JSON writes letters beyond U+FFFF as two halves, which YAML does not know."""
    shots = '[{"scene": "A quiet beach, please"}, {"scene": "\\ud83d\\udc69, please"}]'
    before = f'{{"vidgen": 1, "seed": 1, "title": "\\ud83c\\udf41", "shots": {shots}}}'
    assert fixed(before) == before.replace("beach, please", "beach")
