"""Columns for long lists: aligned by the cells of a terminal, with one column that goes on in further lines."""

from __future__ import annotations

from rich.cells import cell_len

from vidgen.cli.columns import Column, column_lines

SHOTS = (Column("shot"), Column("frames", right=True), Column("prompt", folds=True), Column("cost", right=True))


def test_columns_are_as_wide_as_what_is_in_them() -> None:
    assert list(column_lines(SHOTS, [("s1", "96", "a calm sea", "free"), ("s02", "120", "dawn", "$0.48")], 80)) == [
        "shot  frames  prompt       cost",
        "───────────────────────────────",
        "s1        96  a calm sea   free",
        "s02      120  dawn        $0.48",
    ]


def test_a_long_text_goes_on_below_and_nothing_is_lost() -> None:
    words = "a very calm sea at dawn under a sky of small clouds"
    _, _, *lines = column_lines(SHOTS, [("s1", "96", words, "free")], 48)
    assert len(lines) > 1 and max(map(cell_len, lines)) <= 48
    assert " ".join(" ".join(lines).replace("s1", "").replace("96", "").replace("free", "").split()) == words


def test_kanji_take_two_cells_and_are_broken_anywhere() -> None:
    words = "夜明けの山の湖、水面に霧が立ちこめて小舟がゆっくりと進む"
    _, _, *lines = column_lines(SHOTS, [("s1", "96", words, "free")], 48)
    assert max(map(cell_len, lines)) <= 48
    assert "".join("".join(lines).replace("s1", "").replace("96", "").replace("free", "").split()) == words


def test_a_row_stays_one_row_whatever_is_in_it() -> None:
    _, _, line = column_lines(SHOTS, [("s1", "96", "a\nb\x1b[31m", "free")], 80)
    assert "\x1b" not in line and "a b" in line
