"""How scripts are set: where lines may break, how Arabic letters join, and which way a line runs."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping

_RIGHT = ("R", "AL")
"""Directions of letters that run from right to left."""
_WIDE = "\u2e80-\ua4cf\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_WIDE}]+|[^{_WIDE}]+")
_FROM_RIGHT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_LEFT_RUN = re.compile(rf"([^\W{_FROM_RIGHT}_](?:[^{_FROM_RIGHT}]*[^\W{_FROM_RIGHT}_])?)")
"""A part that runs from left to right: from a letter or a digit to the last one before a letter of the other way."""
_FORMS = ("<isolated>", "<final>", "<initial>", "<medial>")


def pieces(text: str) -> list[str]:
    """The parts between which a line may break: words with the space after them, and the phrases of Japanese."""
    out: list[str] = []
    for run in _RUN.findall(" ".join(text.split())):
        if unicodedata.east_asian_width(run[0]) in "WF":
            out += _phrases(run)
        else:
            out += re.findall(r"\S+\s*|\s+", run)
    return out


class _Phrases:
    """BudouX's model of Japanese. It is only read, so that every thread may have it."""

    def __init__(self) -> None:
        import budoux

        self._parser = budoux.load_default_japanese_parser()

    def of(self, text: str) -> list[str]:
        """The phrases of a text."""
        return list(self._parser.parse(text))


@functools.cache
def _japanese() -> _Phrases:
    return _Phrases()


def _phrases(run: str) -> list[str]:
    """Japanese by phrases; ideographs alone, as in Chinese, one by one."""
    kana = any("\u3041" <= char <= "\u30ff" for char in run)
    return _japanese().of(run) if kana else list(run)


@functools.cache
def _arabic() -> Mapping[str, Mapping[str, str]]:
    """The forms of each Arabic letter: alone, at the end, at the beginning and in the middle of a word."""
    found: dict[str, dict[str, str]] = {}
    for code in (*range(0xFB50, 0xFC00), *range(0xFE70, 0xFEFD)):
        form, *letters = unicodedata.decomposition(chr(code)).split()[:2] or [""]
        whole = unicodedata.normalize("NFKD", chr(code))
        if form in _FORMS and letters and len(whole) == 1:
            found.setdefault(whole, {})[form] = chr(code)
        elif form in _FORMS and (composed := unicodedata.normalize("NFC", whole)) and len(composed) == 1:
            found.setdefault(composed, {})[form] = chr(code)
    return found


def letter_like(char: str) -> str:
    """A letter that the same font has: of a form of an Arabic letter this letter, of a mark the first letter of its script."""
    if "\ufb50" <= char <= "\ufbff" or "\ufe70" <= char <= "\ufefc":
        return unicodedata.normalize("NFKD", char)[0]
    if unicodedata.category(char) != "Mn":
        return char
    block = range(ord(char) & ~0x7F, (ord(char) & ~0x7F) + 0x80)
    return next((chr(code) for code in block if unicodedata.category(chr(code)) == "Lo"), char)


def joined(text: str) -> str:
    """The text with its Arabic letters in the forms that they have beside each other."""
    if not any("\u0600" <= char <= "\u06ff" for char in text):
        return text
    table, out = _arabic(), []
    letters = [char for char in text if unicodedata.category(char) != "Mn"]
    for number, char in enumerate(letters):
        forms = table.get(char)
        if not forms:
            out.append(char)
            continue
        before = "<initial>" in table.get(letters[number - 1] if number else "", {})
        after = "<initial>" in forms and "<final>" in table.get(letters[number + 1] if number + 1 < len(letters) else "", {})
        out.append(forms.get(_FORMS[before + 2 * after], char))
    return "".join(out)


def in_order(text: str) -> str:
    """The letters of a line from left to right, as they are seen: parts that run from right to left turned about, and the
    whole line where it begins so."""
    ways = [unicodedata.bidirectional(char) for char in text]
    if not any(way in _RIGHT for way in ways):
        return text
    back = next(way for way in ways if way in (*_RIGHT, "L")) in _RIGHT
    runs = [run for run in _LEFT_RUN.split(text) if run]
    turned = [run if _LEFT_RUN.fullmatch(run) or not (back or _runs_right(run)) else run[::-1] for run in runs]
    return "".join(turned[::-1] if back else turned)


def _runs_right(run: str) -> bool:
    return any(unicodedata.bidirectional(char) in _RIGHT for char in run)
