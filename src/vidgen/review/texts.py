"""The page's words in both of its languages, and its own files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from vidgen.media.tables import read_table
from vidgen.review.html import Element, element

Words = Mapping[str, Mapping[str, str]]
"""Key -> language -> words."""


@cache
def words() -> Words:
    """All words of the page."""
    table: Words = read_table("vidgen.review", "words.yaml", as_written=True)
    return table


def page_language(language: str) -> str:
    """The language of the page for a storyboard's."""
    return "ja" if language.lower().partition("-")[0] == "ja" else "en"


def word(key: str, language: str, tag: str = "span") -> Element:
    """An element with those words, which the page can show in its other language too. What is no key is shown as it is."""
    if key not in words():
        return element(tag, key.replace("_", " "))
    return element(tag, words()[key][language], data_t=key)


PROGRAM = ("basics", "clips", "deck", "choosing", "asking", "server", "notes", "trim", "cutting", "deciding", "start")
"""The parts of the page's program, in the order in which they are joined."""


@cache
def style() -> str:
    """The page's style."""
    return _own_file("page.css")


@cache
def program() -> str:
    """The page's program: one module, as a page on disk can load no other."""
    return "\n".join(_own_file("program", f"{part}.js") for part in PROGRAM)


def _own_file(*names: str) -> str:
    return files("vidgen.review").joinpath(*names).read_text(encoding="utf-8")
