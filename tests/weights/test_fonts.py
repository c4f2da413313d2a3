"""Titles need two fonts; they come from an installed package, are checked, and never need a network."""

from __future__ import annotations

import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from vidgen.errors import MissingError
from vidgen.weights import fonts
from vidgen.weights.fonts import face, font_file


def test_the_folder_holds_both_fonts_and_nothing_else(home: Path) -> None:
    assert font_file("sans").parent == font_file("serif").parent == home / "fonts"
    assert sorted(file.name for file in (home / "fonts").iterdir()) == ["NotoSansJP-Regular.otf", "NotoSerifJP-Regular.otf"]


def test_a_font_tells_its_family_and_what_it_has() -> None:
    sans, serif = face(font_file("sans")), face(font_file("serif"))
    assert (sans.family, serif.family) == ("Noto Sans JP", "Noto Serif JP")
    assert sans.has("世界 é\u0301") and not sans.has("ש")
    assert sans.advances[ord("世")] == 1.0 and 0 < sans.ascent < sans.line


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
