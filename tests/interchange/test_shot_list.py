"""The shot list, as a spreadsheet reads it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from fractions import Fraction

import pytest
from tests.interchange.cuts import cut, shot

from vidgen.interchange.cut import Cut
from vidgen.interchange.shot_list import COLUMNS, shot_list
from vidgen.interchange.time_code import time_code


def rows(made: Cut) -> list[dict[str, str]]:
    text = shot_list(made)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_each_shot_has_a_row_with_its_place_in_the_film() -> None:
    first, second = rows(cut(shot("a", 48), shot("b", 60, overlap=12), rate=Fraction(24)))
    assert tuple(first) == COLUMNS
    assert (first["shot"], first["duration"], first["in"], first["out"]) == ("a", "2", "00:00:00:00", "00:00:02:00")
    assert (second["shot"], second["duration"], second["in"], second["out"]) == ("b", "2.5", "00:00:01:12", "00:00:04:00")
    assert (first["prompt"], first["engine"], first["cost"]) == ("the prompt of a", "scripted", "")


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\n=1", "＝1", "＋1", "－1", "＠x", '=HYPERLINK("http://127.0.0.1")'],
)
def test_no_cell_is_a_formula(text: str) -> None:
    (row,) = rows(cut(replace(shot("a"), row={"prompt": text})))
    assert row["prompt"] == f"'{text}"


@pytest.mark.parametrize("text", ["海, 夜", 'say "no"', "two\nlines", "a=b", "5-6", "；|"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    (row,) = rows(cut(replace(shot("a"), row={"prompt": text})))
    assert row["prompt"] == text


@pytest.mark.parametrize(
    "rate", [Fraction(30_000, 1001), Fraction(60_000, 1001), Fraction(24_000, 1001), Fraction(25)], ids=str
)
def test_time_codes_are_those_of_opentimelineio(rate: Fraction) -> None:
    time = pytest.importorskip("opentimelineio").opentime
    for frame in [*range(1790, 1810), *range(3590, 3610), *range(17_970, 17_990), *range(35_955, 35_975), 107_891, 215_784]:
        assert time_code(frame, rate) == time.to_timecode(time.RationalTime(frame, float(rate)), float(rate))
