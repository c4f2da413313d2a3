"""What the documents say is what the program does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support import Vidgen

README = Path(__file__).parents[1] / "README.md"


def test_the_readme_compares_engines_as_the_data_does(vidgen: Vidgen) -> None:
    text = README.read_text(encoding="utf-8")
    shown = text.split("<!-- engines: made by vidgen engines --markdown -->")[1].split("<!-- /engines -->")[0]
    assert shown.strip() == vidgen("engines", "--markdown").out.strip()


def test_the_models_page_shows_the_shapes_that_a_run_has(vidgen: Vidgen) -> None:
    pytest.importorskip("diffusers")
    text = (README.parent / "docs" / "models.md").read_text(encoding="utf-8")
    shown = text.split("<!-- trace: made by vidgen doctor --trace wan-t2v -->")[1].split("<!-- /trace -->")[0].strip()
    stages = json.loads(vidgen("doctor", "--trace", "wan-t2v", "--json").out.splitlines()[-1])["data"]["stages"]
    assert shown == trace_lines(stages)


def trace_lines(stages: list[dict[str, Any]]) -> str:
    """The stages as a table of Markdown."""

    def shapes(entry: list[list[int]]) -> str:
        return "; ".join(" x ".join(map(str, shape)) for shape in entry)

    rows = [f"| {one['stage']} | {one['does']} | {shapes(one['in'])} | {shapes(one['out'])} |" for one in stages]
    return "\n".join(["| stage | what happens | in | out |", "|---|---|---|---|", *rows])
