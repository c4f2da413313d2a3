"""What the documents say is what the program does."""

from __future__ import annotations

from pathlib import Path

from support import Vidgen

README = Path(__file__).parents[1] / "README.md"


def test_the_readme_compares_engines_as_the_data_does(vidgen: Vidgen) -> None:
    text = README.read_text(encoding="utf-8")
    shown = text.split("<!-- engines: made by vidgen engines --markdown -->")[1].split("<!-- /engines -->")[0]
    assert shown.strip() == vidgen("engines", "--markdown").out.strip()
