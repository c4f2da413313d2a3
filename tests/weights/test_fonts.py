"""Titles need two fonts; they come from an installed package, are checked, and never need a network."""

from __future__ import annotations

import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from vidgen.errors import MissingError
from vidgen.weights import fonts
from vidgen.weights.fonts import family, font_file, fonts_dir, missing_glyphs


def test_the_folder_holds_both_fonts_and_nothing_else(home: Path) -> None:
    assert fonts_dir() == home / "fonts"
    assert sorted(file.name for file in fonts_dir().iterdir()) == ["NotoSansJP-Regular.otf", "NotoSerifJP-Regular.otf"]
    assert font_file("sans").parent == font_file("serif").parent == fonts_dir()


def test_the_family_is_the_one_inside_the_file() -> None:
    from fontTools.ttLib import TTFont

    for kind in ("sans", "serif"):
        with TTFont(font_file(kind), lazy=True) as font:  # type: ignore[arg-type]
            assert font["name"].getDebugName(1) == family(kind)  # type: ignore[arg-type]


def test_what_cannot_be_written_is_named_once_in_order() -> None:
    assert missing_glyphs("Hello, 世界! 100 % – é\n\t\u200b", "sans") == ""
    assert missing_glyphs("שלום ש 😀 ok", "sans") == "שלום😀"
    assert missing_glyphs("e\u0301", "serif") == ""


def test_a_damaged_font_is_replaced(home: Path) -> None:
    file = font_file("sans")
    file.write_bytes(b"x" + file.read_bytes()[1:])
    fonts._checked.cache_clear()
    assert font_file("sans").read_bytes()[:1] != b"x"


def test_a_missing_package_is_exit_3_with_the_remedy_and_no_download(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", gone)
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: pytest.fail("started a program"))
    with pytest.raises(MissingError) as caught:
        font_file("serif")
    assert caught.value.exit_code == 3 and caught.value.code == "models.missing"
    assert "pip install --no-deps pylopdf-fonts-jp==0.1.1" in caught.value.hint
