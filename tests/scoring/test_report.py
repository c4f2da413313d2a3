"""``vidgen score --report``: a page of evidence that stands alone."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.scoring.faulty_clips import frozen, scene

from support import Vidgen

Clip = Callable[..., Path]
HOSTILE = "<img src=x onerror=alert(1)>&'\"{}.mp4"


class Page(HTMLParser):
    """Every tag with its attributes, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_page_shows_ranking_faults_curves_and_what_was_not_measured(vidgen: Vidgen, clip: Clip, tmp_path: Path) -> None:
    clips = [clip("good", scene()), clip("stuck", frozen(scene(), 14))]
    assert vidgen("score", *clips, "--camera", "truck_left", "--report", "page.html", "--json").data["report"] == "page.html"
    page = Page((tmp_path / "page.html").read_text())
    assert "Best clip: good.mp4" in page.text and "camera: truck_left" in page.text
    assert "Ruled out: the picture stands still" in page.text and re.search(r"\(at 0\.\d\d s\)", page.text)
    assert "no model that judges physics is configured" in page.text
    assert len(page.of("svg")) == 6 and len(page.of("line")) == 3, "a mark in every curve of the clip that stands still"
    assert any("freeze" in (image["alt"] or "") or image["src"] for image in page.of("img"))


def test_the_page_loads_nothing_and_runs_nothing(vidgen: Vidgen, clip: Clip, tmp_path: Path) -> None:
    hostile = tmp_path / HOSTILE
    shutil.copy(clip("plain", scene()), hostile)
    assert vidgen("score", hostile, "--prompt", "</style><script>alert(2)</script>", "--report", "page.html").code == 0
    page = Page((tmp_path / "page.html").read_text())
    assert HOSTILE in page.text and "<script>" in page.text
    assert not page.of("script") and not page.of("link")
    assert all((image["src"] or "").startswith("data:image/jpeg;base64,") for image in page.of("img"))
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert not re.search(r"https?://", (tmp_path / "page.html").read_text())


@pytest.mark.parametrize("name", ["page.txt", "good.mp4", "."])
def test_a_page_is_never_written_over_a_clip(name: str, vidgen: Vidgen, clip: Clip, tmp_path: Path) -> None:
    file = clip("good", scene())
    before = file.read_bytes()
    assert vidgen("score", file, "--report", name).code == 2
    assert file.read_bytes() == before
