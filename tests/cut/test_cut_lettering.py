from __future__ import annotations

import pytest

from vidgen.cut.lettering import NOT_AT_END, NOT_AT_START, lettering, wrap


def cells(text: str) -> float:
    """Width as on squared paper: one a letter."""
    return float(len(text))


def test_english_breaks_at_spaces_into_even_lines() -> None:
    assert wrap("the quick brown fox jumps over the lazy dog", 30, cells) == ["the quick brown fox", "jumps over the lazy dog"]


def test_a_short_text_stays_on_one_line() -> None:
    assert wrap("Kyoto", 30, cells) == ["Kyoto"]


def test_newlines_stay() -> None:
    assert wrap("京都の秋\nAutumn", 30, cells) == ["京都の秋", "Autumn"]


def test_japanese_breaks_between_letters() -> None:
    lines = wrap("静かな石の道を歩く人", 5, cells)
    assert lines == ["静かな石の", "道を歩く人"]


@pytest.mark.parametrize("limit", range(4, 14))
def test_no_line_starts_or_ends_with_what_may_not(limit: int) -> None:
    text = "「京都」、秋。きっと、ずっと（また）来ます！？あなたの「声」がきこえる…ファーストショット。"
    lines = wrap(text, limit, cells)
    assert "".join(lines) == text
    assert all(line[0] not in NOT_AT_START for line in lines)
    assert all(line[-1] not in NOT_AT_END for line in lines)
    assert max(map(len, lines)) <= limit


def test_latin_words_in_japanese_stay_whole() -> None:
    assert wrap("今日はvidgenで映画を作る", 8, cells) == ["今日は", "vidgenで", "映画を作る"]


def test_korean_breaks_at_spaces() -> None:
    assert wrap("교토의 가을이 왔습니다", 8, cells) == ["교토의 가을이", "왔습니다"]


def test_a_word_wider_than_a_line_is_broken_between_letters() -> None:
    assert wrap("Donaudampfschifffahrt", 10, cells) == ["Donauda", "mpfschi", "fffahrt"]


def test_marks_stay_with_their_letter() -> None:
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
    assert all(line.count("\u0301") == line.count("e") for line in wrap("e\u0301" * 20, 7, cells))
    assert wrap(family * 2, 5, cells) == [family, family]


def test_real_fonts_measure_japanese_as_full_width() -> None:
    face = lettering("sans")
    assert face.width("京都") == 2.0
    assert 0.2 < face.width("i") < face.width("W") < 1.1
    assert face.width("e\u0301") == face.width("e")


def test_japanese_breaks_between_phrases() -> None:
    text = "京都の秋は美しいので一度は訪れてみたい場所です"
    assert wrap(text, 14, cells) == ["京都の秋は美しいので一度は", "訪れてみたい場所です"]


def test_a_phrase_wider_than_a_line_is_broken_between_its_letters() -> None:
    assert wrap("ファーストショット。", 5, cells) == ["ファースト", "ショット。"]


def test_chinese_and_thai_break_between_words() -> None:
    assert wrap("今天是晴天。我们去公园散步", 7, cells, "zh-CN") == ["今天是晴天。", "我们去公园散步"]
    assert wrap("วันนี้อากาศดีมาก", 12, cells) == ["วันนี้", "อากาศดีมาก"]


def test_arabic_is_measured_as_it_is_joined() -> None:
    face = lettering("sans")
    assert face.width("السلام") < sum(face.width(letter) for letter in "السلام")
    assert face.width("京都 abc") == sum(face.width(letter) for letter in "京都 abc")
