"""``vidgen engines`` and ``engines recommend`` in terminals of both widths: nothing is cut off, nothing is wider."""

from __future__ import annotations

from unicodedata import east_asian_width

import pytest

from support import Vidgen
from vidgen.catalog.engines import engine_table, use_cases


def columns(line: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in line)


@pytest.mark.parametrize("width", [80, 140])
def test_the_comparison_fits_and_names_every_model(vidgen: Vidgen, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr("vidgen.cli.screen.PIPE_WIDTH", width)
    shown = vidgen("engines").out
    assert max(map(columns, shown.splitlines())) <= width
    assert "…" not in shown
    for engine, models in engine_table().items():
        assert engine in shown and all(able.model in shown for able in models if able.model)
    assert any("veo-3.1-generate-001" in line and "0.40-0.60" in line for line in shown.splitlines())
    assert any("pika-v2.5" in line and " ? " in f"{line} " for line in shown.splitlines())
    assert "set GEMINI_API_KEY" in shown and "retired 2026-09-24; use runway" in " ".join(shown.split())


@pytest.mark.parametrize("width", [80, 140])
def test_the_recommendations_fit_and_give_prices(vidgen: Vidgen, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr("vidgen.cli.screen.PIPE_WIDTH", width)
    shown = vidgen("engines", "recommend").out
    assert max(map(columns, shown.splitlines())) <= width and "…" not in shown
    assert all(case.name in shown and case.preset in shown for case in use_cases())
    assert all(case.ja in shown for case in use_cases()) is (width == 140)
    assert "previz (free)" in shown and "pika (0.04)" in shown
