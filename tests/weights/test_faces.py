"""Each letter is drawn with the font that has it: the title's own, then those of other scripts. What none has is named."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from vidgen.weights.faces import Faces, font_path, lacking
from vidgen.weights.registry import model


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch, home: Path):
    """``without("package")``: as if that package were not installed, with an empty home."""

    def gone(*packages: str) -> None:
        real = metadata.distribution

        def distribution(name: str) -> metadata.Distribution:
            if name in packages:
                raise metadata.PackageNotFoundError(name)
            return real(name)

        monkeypatch.setattr(metadata, "distribution", distribution)

    return gone


@pytest.mark.parametrize(
    ("letters", "family"),
    [("京", "Noto Sans JP"), ("ł", "Noto Sans"), ("م", "Noto Sans Arabic"), ("ש", "Noto Sans Hebrew Light")]
    + [("ส", "Noto Sans Thai"), ("น", "Noto Sans Thai"), ("न", "Noto Sans Devanagari"), ("🎬", "Noto Emoji")]
    + [("\U0001f469\u200d\U0001f467", "Noto Emoji"), ("A", "Noto Sans JP")],
)
def test_a_letter_is_drawn_with_the_font_of_its_script(letters: str, family: str) -> None:
    found = Faces("sans").of(letters)
    assert found is not None and found.family == family
    assert font_path(found.file.name) == found.file


def test_letters_that_no_font_has_are_named_once() -> None:
    assert lacking("Hello, 世界! 100 % é\n\t\u200b שלום 😀 Łódź", "serif") == []
    [one] = lacking("\U00013000 a \U00013000\u0f40", "sans")
    assert (one.letters, one.row) == ("\U00013000\u0f40", None)


def test_letters_of_a_font_that_is_not_here_name_it(without) -> None:
    without("pylopdf-fonts-ko", "pylopdf-fonts-zh-cn", "pylopdf-fonts-zh-tw")
    found = lacking("한국어 我们", "sans")
    assert [(one.letters, one.row and one.row.name) for one in found] == [
        ("한국어", "noto-korean"),
        ("们", "noto-chinese-simplified"),
    ]


def test_a_chinese_film_asks_for_the_chinese_font_even_of_letters_that_the_japanese_one_has(without) -> None:
    without("pylopdf-fonts-zh-cn", "pylopdf-fonts-zh-tw")
    assert [one.row and one.row.name for one in lacking("天", "sans", "zh-CN")] == ["noto-chinese-simplified"]
    assert [one.row and one.row.name for one in lacking("天", "sans", "zh-Hant")] == ["noto-chinese-traditional"]
    assert lacking("天", "sans", "ja") == []


def test_without_the_package_of_other_scripts_japanese_and_english_go_on(without) -> None:
    without("manimgx-fonts")
    assert lacking("京都 Kyoto", "sans") == []
    [one] = lacking("שלום", "sans")
    assert one.row == model("noto-scripts")
