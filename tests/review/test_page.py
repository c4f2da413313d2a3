"""``vidgen review``: the page on disk, as a program reads it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from conftest import SMALL
from support import Film, Vidgen
from vidgen.app.render import RenderOptions, render_film
from vidgen.review.writing import write_review

SEA = "{id: sea, scene: calm sea, camera: dolly_in, candidates: 2, duration: 12f, text: [{text: Dawn}]}"
HILL = "{id: hill, scene: green hill, duration: 12f, notes: mind the sky, transition: {type: dissolve, duration: 4f}}"


class Page(HTMLParser):
    """Elements in order: tag, attributes, the text directly in them, and the elements that they are in."""

    EMPTY = frozenset({"meta", "img", "link", "br", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[dict[str, Any]] = []
        self._open: list[dict[str, Any]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = {"tag": tag, "text": "", "in": list(self._open), **dict(attrs)}
        self.elements.append(made)
        if tag not in self.EMPTY:
            self._open.append(made)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()["tag"] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for one in self._open:
            one["text"] += data

    def find(self, within: dict[str, Any] | None = None, **wanted: str | None) -> list[dict[str, Any]]:
        names = {name.rstrip("_").replace("_", "-"): value for name, value in wanted.items()}
        return [
            one
            for one in self.elements
            if all(name in one and value in (None, one[name]) for name, value in names.items())
            and (within is None or within in one["in"])
        ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the page of a rendered film of two shots is."""
    board = tmp_path_factory.mktemp("film") / "film.yaml"
    board.write_text(f"{SMALL}budget: 3\nshots:\n  - {SEA}\n  - {HILL}\n")
    render_film(board, RenderOptions(output=board.with_suffix(".mp4")))
    return write_review(board).output.parent


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    """That page."""
    return Page((folder / "index.html").read_text())


def test_each_shot_and_each_take_is_an_element_with_its_facts(page: Page) -> None:
    assert [one["data-shot"] for one in page.find(data_shot=None)] == ["sea", "hill"]
    sea = page.find(data_shot="sea")[0]
    takes = page.find(sea, data_take=None)
    assert [one["data-take"] for one in takes] == ["1", "2"]
    assert sorted(one["data-picked"] for one in takes) == ["false", "true"]
    for take in takes:
        assert "data-vetoes" in take
        assert len(page.find(take, tag="video")) == len(page.find(take, data_action="pick")) == 1
        assert "calm sea" in take["text"] and "previz" in take["text"] and "Seed" in take["text"]
    assert "Dawn" in sea["text"] and "mind the sky" in page.find(data_shot="hill")[0]["text"]


def test_the_page_needs_nothing_but_the_files_beside_it(page: Page, folder: Path) -> None:
    named = [one[name] for one in page.elements for name in ("src", "data-src", "data-poster") if name in one]
    assert len(named) > 6
    for name in named:
        assert re.fullmatch(r"media/[0-9a-f]{24}\.(mp4|jpg)", name) and (folder / name).stat().st_size
    assert {one["href"] for one in page.find(tag="link")} == {"data:,"}
    assert not [one for one in page.elements if one["tag"] in ("iframe", "object", "base", "embed")]
    assert {video["preload"] for video in page.find(tag="video")} == {"none"}


def test_buttons_are_named_and_pictures_described(page: Page) -> None:
    for button in page.find(tag="button"):
        assert button["text"].strip() and button["type"] == "button"
    assert all(picture["alt"] for picture in page.find(tag="img"))
    assert "Spent 0.00 USD" in page.find(id="facts")[0]["text"] and "3.00 USD" in page.find(id="facts")[0]["text"]


def test_pages_on_disk_only_show_what_works_on_disk(page: Page) -> None:
    assert not page.find(data_action="reject") and not page.find(data_action="more")


def test_small_copies_are_made_once_and_old_ones_removed(vidgen: Vidgen, film: Film) -> None:
    board = film(SEA)
    vidgen("render", board)
    vidgen("review", board)
    media = board.parent / ".vidgen/film/review/media"
    before = {file.name: file.stat().st_mtime_ns for file in media.iterdir()}
    (media / "mine.txt").write_text("kept")
    (media / f"{'0' * 24}.mp4").write_text("of a take that is gone")
    vidgen("review", board)
    after = {file.name: file.stat().st_mtime_ns for file in media.iterdir()}
    assert after.pop("mine.txt") and after == before


def test_the_command_that_a_pick_copies_can_be_typed(page: Page, vidgen: Vidgen) -> None:
    other = page.find(data_picked="false")[0]
    command = other["data-command"].split(" ")
    assert command[0] == "vidgen" and vidgen(*command[1:]).code == 0


def test_nothing_is_needed_for_a_film_that_is_not_rendered(vidgen: Vidgen, film: Film) -> None:
    board = film(SEA)
    ran = vidgen("review", board, "-o", "out", "--json")
    assert ran.code == 0 and ran.data["missing"] == ["sea"] and ran.data["output"] == "out/index.html"
    assert "no take yet" in (board.parent / "out/index.html").read_text()


def test_a_page_of_somebody_else_is_not_replaced(vidgen: Vidgen, film: Film) -> None:
    board = film(SEA)
    (board.parent / "index.html").write_text("<h1>My own</h1>")
    ran = vidgen("review", board, "-o", ".", "--json")
    assert ran.code == 2 and ran.envelope["error"]["code"] == "output.bad_name"
    assert (board.parent / "index.html").read_text() == "<h1>My own</h1>"


def test_a_take_that_cannot_be_shown_is_told_and_does_not_hide_the_others(vidgen: Vidgen, film: Film) -> None:
    own = "{id: own, clip: own.mp4, duration: 12f}"
    board = film(SEA)
    vidgen("render", board)
    clip = next((board.parent / ".vidgen/film/takes").glob("*/*.mp4"))
    board = film(SEA, own)
    (board.parent / "own.mp4").write_bytes(clip.read_bytes())
    assert vidgen("review", board).code == 0
    page = Page((board.parent / ".vidgen/film/review/index.html").read_text())
    shot = page.find(data_shot="own")[0]
    assert page.find(shot, tag="video") and not page.find(shot, data_take=None)
    clip.write_bytes(clip.read_bytes()[:500])
    ran = vidgen("review", board, "--json")
    assert ran.code == 0 and ran.envelope["warnings"]


def test_the_page_speaks_the_storyboards_language_and_the_other(vidgen: Vidgen, film: Film) -> None:
    board = film(SEA, top="language: ja\n")
    vidgen("review", board)
    text = (board.parent / ".vidgen/film/review/index.html").read_text()
    assert '<html lang="ja">' in text and "コンタクトシート" in text
    words = json.loads(next(one["text"] for one in Page(text).find(id="words")))
    assert all(set(row) == {"en", "ja"} and all(row.values()) for row in words.values())


HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "-->",
    "]]>",
    "<![CDATA[x",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)',
    "</title><script>alert(1)</script>",
    "</style><style>*{display:none}</style>",
    "</textarea><script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href='javascript:alert(1)'>x</a>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<form action=https://evil.example><button>pick</button></form>",
    "<video src=x onerror=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&",
    "&amp;amp;",
    "${alert(1)}",
    "{{constructor.constructor('alert(1)')()}}",
    "`;alert(1);//",
    "\\u003cscript\\u003ealert(1)",
    "<scr\u200bipt>alert(1)</scr\u200bipt>",
    "＜script＞alert(1)＜/script＞",
    "\u202etxt.exe\u202c",
    "<div data-shot='other' data-take='9' data-picked='true'>",
    "</article></main></body></html><script>alert(1)</script>",
    "<xmp><script>alert(1)</script>",
]


def test_hostile_words_stay_words(vidgen: Vidgen, film: Film) -> None:
    """Every text of a storyboard is one of these somewhere; the page has the same elements as with harmless words."""

    def elements(texts: list[str]) -> list[tuple[str, tuple[str, ...]]]:
        shots = [
            json.dumps(
                {"id": f"s{n}", "prompt": text, "negative": text, "notes": text, "text": [{"text": text}], "duration": 1}
            )
            for n, text in enumerate(texts)
        ]
        board = film(*shots, top=f"style: {json.dumps(texts[0])}\n")
        board.write_text(board.read_text().replace("title: Small", f"title: {json.dumps(texts[1])}"))
        ran = vidgen("review", board, "--json")
        assert ran.code == 0, ran.out
        page = Page((board.parent / ".vidgen/film/review/index.html").read_text())
        for number, text in enumerate(texts):
            shot = page.find(data_shot=f"s{number}")
            assert len(shot) == 1 and text.replace("\u202e", "").split("\u202c")[0][:8] in shot[0]["text"].replace(
                "\\u202e", ""
            )
        return [(one["tag"], tuple(sorted(name for name in one if name not in ("in", "text")))) for one in page.elements]

    assert elements(HOSTILE) == elements([f"plain word {n}" for n in range(len(HOSTILE))])
