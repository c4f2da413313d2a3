from __future__ import annotations

import unicodedata
from collections.abc import Callable

import numpy as np
import pytest
from tests.previz.shots import Clip

from vidgen.engines.previz import glyphs, scripts
from vidgen.engines.previz.moves import moves

RED = (200, 62, 40)


def red_centre(frame: np.ndarray) -> tuple[float, float] | None:
    """Where the arrow's red lies, as shares of the frame; None where there is none."""
    rows, columns = np.nonzero(np.abs(frame.astype(int) - RED).max(axis=2) < 45)
    return (float(columns.mean()) / frame.shape[1], float(rows.mean()) / frame.shape[0]) if len(rows) > 20 else None


def test_words_out_of_reach_become_a_card_that_says_so(draw: Callable[..., Clip]) -> None:
    made, frames = draw("A clause in the contract", frames=2, width=480, height=270)
    assert made.manifest["drawn"] == "card" and made.manifest["scene"] is None
    assert made.notices[0][0] == "engine.wish_approximated"
    assert not draw("A chef in a kitchen", frames=2, width=480, height=270)[0].notices, "people are a picture"
    assert (frames[0].min(axis=2) > 190).mean() > 0.5  # paper


@pytest.mark.parametrize("words", ["A chef in a kitchen", "会議室で話し合う社員たち"])
def test_the_words_are_written_under_the_panel(draw: Callable[..., Clip], words: str) -> None:
    below = [draw(text, frames=2, width=480, height=270)[1][0][200:245] for text in (words, "会議")]
    ink = [int((part.max(axis=2) < 110).sum()) for part in below]
    assert ink[0] > ink[1] + 40 > 40


@pytest.mark.parametrize(
    ("move", "axis", "sign"), [("pan_left", 0, -1), ("pan_right", 0, 1), ("tilt_up", 1, -1), ("tilt_down", 1, 1)]
)
def test_the_arrow_points_where_the_camera_turns(draw: Callable[..., Clip], move: str, axis: int, sign: int) -> None:
    centre = red_centre(draw("quarterly results", move=move, frames=2, width=480, height=270)[1][0])
    assert centre is not None
    assert (centre[axis] - (0.5, 0.40)[axis]) * sign > 0.04


def test_every_move_but_static_has_its_sign() -> None:
    from vidgen.engines.previz.arrows import _SIGNS

    assert {str(row.get("arrow")) for name, row in moves().items() if name != "static"} <= set(_SIGNS)


def test_the_sketch_in_the_panel_moves_too(draw: Callable[..., Clip]) -> None:
    _, frames = draw("quarterly results", move="truck_right", frames=12, width=320, height=180)
    panel = slice(20, 120), slice(90, 230)
    assert np.abs(frames[0][panel].astype(int) - frames[-1][panel].astype(int)).mean() > 1


def test_japanese_and_english_lines_keep_within_their_width() -> None:
    for text in (
        "古都の秋、寺へつづく石段を、ひとりの僧侶がゆっくりと登ってゆく。",
        "An old monk climbs the long stone steps to the temple.",
    ):
        lines = glyphs.wrap(text, 20, 200)
        assert len(lines) > 1
        assert all(glyphs.width(line, 20) <= 222 for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert not any(line[0] in "、。" for line in lines)


def test_letters_have_holes_and_a_letter_that_no_font_has_is_left_out() -> None:
    letter = glyphs.mask("O", 60)
    middle = letter[letter.shape[0] // 2, letter.shape[1] // 2]
    assert letter.max() == 255 and middle == 0
    assert glyphs.mask("\ue000", 60).max() == 0
    assert glyphs.width("a\ue000\ufe0fb", 60) == glyphs.width("ab", 60)


def test_a_card_says_which_letters_it_leaves_out(draw: Callable[..., Clip]) -> None:
    notices = [text for _, text in draw("A chef \ue000 in a kitchen", frames=2)[0].notices]
    assert any("\ue000" in text and "leaves it out" in text for text in notices)


def test_a_word_that_is_wider_than_a_line_goes_on_in_the_next() -> None:
    lines = glyphs.wrap("Donaudampfschifffahrtsgesellschaftskapitaen wartet", 20, 200)
    assert len(lines) > 2 and all(glyphs.width(line, 20) <= 200 for line in lines)


def test_japanese_breaks_between_phrases_and_not_in_a_word() -> None:
    for limit in range(120, 300, 20):
        lines = glyphs.wrap("カメラはフルショットで社員たちを見せる", 20, limit)
        assert not any(line.endswith(("フ", "フル", "フルショッ", "社", "カメ")) for line in lines)


def test_what_runs_from_right_to_left_is_turned_about_and_arabic_letters_join() -> None:
    assert scripts.in_order("שלום, abc 12") == "abc 12 ,םולש"
    assert scripts.in_order("abc") == "abc"
    joined = scripts.joined("بيت")
    assert [unicodedata.decomposition(char).split()[0] for char in joined] == ["<initial>", "<medial>", "<final>"]
