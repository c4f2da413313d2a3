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


def test_where_no_table_fits_each_row_is_a_paragraph() -> None:
    columns = (Column("shot"), Column("length", right=True), Column("prompt", folds=20), Column("cost", right=True))
    rows = [("opening-titles", "4.00 s", "夜明けの湖 at dawn, very calm", "free"), ("s02", "5.00 s", "", "$0.48")]
    assert list(column_lines(columns, rows, 32)) == [
        "opening-titles",
        "  length 4.00 s, cost free",
        "  prompt: 夜明けの湖 at dawn,",
        "    very calm",
        "s02",
        "  length 5.00 s, cost $0.48",
    ]


def test_a_column_that_can_be_spared_goes_first() -> None:
    columns = (Column("shot"), Column("frames", spare=True), Column("prompt", folds=10))
    assert next(column_lines(columns, [("s1", "96", "a calm sea at dawn")], 20)).split() == ["shot", "prompt"]


def test_headings_stand_between_rows() -> None:
    assert list(column_lines((Column("model"), Column("size")), ["luma", (" ray-3", "1080p")], 40))[2:] == [
        "luma",
        " ray-3  1080p",
    ]
