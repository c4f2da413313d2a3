"""Brackets in titles of two directions: both of a pair have one direction, as rule N0 of UAX 9 says."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.cut.clips import MakeShot

from vidgen.cut import titles
from vidgen.cut.assembly import assemble
from vidgen.cut.brackets import bracket_marks
from vidgen.cut.timeline import Cue, TextLook, Timeline
from vidgen.media.frames import read_frames


def shown(text: str, *, rtl: bool) -> str:
    """The text with < and > for the marks."""
    names = {"\u200e": ">", "\u200f": "<"}
    marks = bracket_marks(text, rtl=rtl)
    return "".join(f"{names[marks[at]]}{char}{names[marks[at]]}" if at in marks else char for at, char in enumerate(text))


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("שלום (abc) 123", "שלום <(<abc<)< 123"),
        ("שלום [עולם] (12)", "שלום [עולם] (12)"),
        ("abc (שלום) (def) x", "abc <(<שלום<)< <(<def<)< x"),
        ("(abc (שלום) def) x", "<(<abc <(<שלום<)< def<)< x"),
        ("שלום (", "שלום ("),
        ("שלום )abc(", "שלום )abc("),
        ("שלום () abc", "שלום () abc"),
        ("شركة（abc）", "شركة<（<abc<）<"),
    ],
)
def test_in_a_line_from_right_to_left(text: str, marked: str) -> None:
    assert shown(text, rtl=True) == marked


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("abc (שלום) def", "abc >(>שלום>)> def"),
        ("smith (fabrikam שלום) עולם", "smith >(>fabrikam שלום>)> עולם"),
        ("abc שלום (עולם) def", "abc שלום <(<עולם<)< def"),
        ("plain (text) 12", "plain (text) 12"),
        ("京都（秋）", "京都（秋）"),
    ],
)
def test_in_a_line_from_left_to_right(text: str, marked: str) -> None:
    assert shown(text, rtl=False) == marked


def test_the_marks_are_seen_in_the_picture_and_take_no_place(
    tmp_path: Path, make_shot: MakeShot, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = (320, 180)

    def drawn(name: str, text: str) -> tuple[np.ndarray, int]:
        shot = make_shot(name, 40, 2, step=0, size=size, rate=Fraction(24), cues=(Cue(text, 0, 2, style=TextLook(fade=0)),))
        assemble(Timeline(Fraction(24), *size, (shot,)), tmp_path / name, tmp_path / f"{name}.mp4")
        picture = next(iter(read_frames(tmp_path / f"{name}.mp4"))).mean(axis=2)
        columns = np.nonzero((picture > 150).any(axis=0))[0]
        return picture, int(columns.max() - columns.min())

    marked, wide = drawn("marked", "שלום (ab) 12")
    monkeypatch.setattr(titles, "bracket_marks", lambda text, *, rtl: {})
    bare, as_wide = drawn("bare", "שלום (ab) 12")
    assert not np.array_equal(marked, bare) and abs(wide - as_wide) <= 4
