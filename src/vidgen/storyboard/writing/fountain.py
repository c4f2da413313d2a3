"""Read a screenplay as a stream of elements: Fountain (https://fountain.io/syntax), and Japanese scripts (○ headings, 「」).

Every text is a screenplay: what is nothing else is action.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from vidgen.storyboard.writing.markup import Row, rows_and_notes, without_emphasis
from vidgen.storyboard.writing.words import half_width, index, joined, plain

Kind = Literal[
    "title", "heading", "action", "speech", "transition", "centred", "super", "section", "synopsis", "note", "person"
]


@dataclass(frozen=True)
class Element:
    """One part of a screenplay.

    Attributes:
        line: where it begins, from 1.
        name: of a heading its scene number, of a speech the cue (who, with extensions), of the title page the key, of a person
            in the cast list the name.
        delivery: of a speech, how it is said (its parenthetical).
        dual: of a speech, whether it is said at the same time as the one before.
    """

    kind: Kind
    text: str
    line: int
    name: str = ""
    delivery: str = ""
    dual: bool = False


_HEADING = re.compile(r"(?i)(int\.?/ext|ext\.?/int|i/e|int|ext|est)(\.|\s)\s*\S")
_NUMBER = re.compile(r"\s*#([^#\n]{1,32})#\s*$")
_JA_HEADING = re.compile(r"\s*[○〇◯◎]\s*(?=\S)")
_JA_NUMBERED = re.compile(r"\s*(?:S[#＃]|Ｓ[#＃]|シーン)\s*([0-9０-９]{1,4}[A-Za-z]?)[\s　.．:：]*(?=\S)")
_JA_PLACE = re.compile(r"([0-9０-９]{1,3})[\s　.．、]+([^。「」]{1,40}[（(][^（）()]{1,20}[）)])[\s　]*")
"""A numbered heading without ○: ``１２　海岸（夜）``."""
_JA_SPEECH = re.compile(r"\s*([^\s　「」『』、。，．！？!?\"][^「」『』、。，！？!?\"]{0,29}?)[\s　]*[「『]")
_NARRATED = re.compile(r"[はがもをへ]$|^(?:[・*＊-]|第)")
"""Ends of what is not a name before 「: the text tells what someone says."""
_TIME_PASSES = re.compile(r"[\s　]*(?:[×✕xX＊*][\s　]+){2,}[×✕xX＊*][\s　]*")
_OVER = re.compile(
    r"(?:SUPER(?:IMPOSE)?|TITLE(?: CARD| OVER)?|CHYRON|CAPTION|テロップ|字幕|スーパー|タイトル|[TＴ])"
    r"\s*[:：–—-]?\s*[\"“「『]([^\"”」』]+)[\"”」』]\.?"
)
"""A title over the picture: ``SUPER: "LAGOS, 1996"``, ``テロップ「三日前」``."""
_CLOSES = re.compile(r"[」』][\s　]*(?:[（(][^（）()]{0,60}[）)][\s　]*)?$")
_PARENTHETICAL = re.compile(r"[(（](.*)[)）]")
_MOST_SPEECH_LINES = 200
_LONGEST_NAME = 20


def elements(text: str) -> list[Element]:
    """The elements of a screenplay, in order."""
    rows, notes = rows_and_notes(text)
    reader = _Reader(rows)
    found = [element for element in reader.read() if element.text.strip() or element.kind == "person"]
    found += [Element("note", note.text, note.number) for note in notes if note.text]
    return sorted(found, key=lambda element: (element.line, element.kind == "note"))


class _Reader:
    def __init__(self, rows: list[Row]) -> None:
        self.rows, self.at = rows, 0

    def read(self) -> Iterator[Element]:
        while self.at < len(self.rows) and self.rows[self.at].blank:
            self.at += 1
        titled = False
        for element in self._title_page():
            titled = True
            yield element
        yield from self._front(titled)
        while self.at < len(self.rows):
            if self.rows[self.at].blank:
                self.at += 1
            else:
                yield from self._element()

    # The beginning

    def _title_page(self) -> Iterator[Element]:
        """``Key: value`` lines at the very beginning, up to an empty line; values may go on in indented lines."""
        key, values, line = "", [""], 0
        if self.at >= len(self.rows) or not _title_key(self.rows[self.at].text):
            return
        while self.at < len(self.rows) and not self.rows[self.at].blank:
            row = self.rows[self.at]
            begins = row.text[:1] not in (" ", "　") and re.fullmatch(r"([^:：]{1,40})[:：](.*)", row.text)
            if begins:
                yield _title(key, values, line)
                key, values, line = begins[1].strip(), [begins[2]], row.number
            else:
                values.append(row.text)
            self.at += 1
        yield _title(key, values, line)

    def _front(self, titled: bool) -> Iterator[Element]:
        """What stands before the first ○ heading of a Japanese script: the title, who wrote it, the cast list."""
        end = next((place for place, row in enumerate(self.rows) if place >= self.at and _JA_HEADING.match(row.text)), 0)
        before = self.rows[self.at : end]
        if not end or any(_opens(row.text) for row in before):
            return
        self.at = end
        in_cast = False
        for row in before:
            words = row.text.strip().strip("■◆●【】[]［］＜＞<>")
            if plain(words) in index("cast_list"):
                in_cast = True
            elif row.blank:
                continue
            elif in_cast:
                yield _person(row)
            elif not titled:
                titled = True
                yield Element("title", words.strip("「」『』"), row.number, "title")
            else:
                yield Element("title", words, row.number, "before the first scene")

    # One element

    def _element(self) -> Iterator[Element]:
        row = self.rows[self.at]
        text = row.text.strip()
        if text.startswith("!"):
            yield self._action(row, text)
        elif (one := _one_line(row, text)) is not None:
            self.at += 1
            yield from one
        elif over := _OVER.fullmatch(text):
            self.at += 1
            yield Element("super", without_emphasis(over[1]), row.number)
        elif text == text.upper() and plain(text) in index("markers"):
            self.at += 1
            yield Element("section", text, row.number)
        elif (match := _japanese_speech(row.text)) or (match := self._name_above()):
            yield self._quoted(match)
        elif self._blank(self.at - 1) and (found := _JA_PLACE.fullmatch(row.text)):
            self.at += 1
            yield Element("heading", found[2].strip(), row.number, half_width(found[1]))
        elif self._is_heading(text):
            self.at += 1
            yield _heading(row, text)
        elif self._is_transition(text):
            self.at += 1
            yield Element("transition", text, row.number)
        elif self._is_cue(text):
            yield from self._dialogue(row, text)
        else:
            yield self._action(row, text)

    def _blank(self, place: int) -> bool:
        return not 0 <= place < len(self.rows) or self.rows[place].blank

    def _name_above(self) -> re.Match[str] | None:
        """A name on a line of its own before a line in 「」: both become one line."""
        here, following = self.rows[self.at], self.rows[self.at + 1 : self.at + 2]
        if not following or following[0].text.lstrip()[:1] not in ("「", "『") or not self._blank(self.at - 1):
            return None
        whole = here.text.strip() + following[0].text.strip()
        match = _japanese_speech(whole) if len(here.text.strip()) <= _LONGEST_NAME else None
        if match:
            self.at += 1
            self.rows[self.at] = Row(here.number, whole)
        return match

    def _is_heading(self, text: str) -> bool:
        return self._blank(self.at - 1) and _HEADING.match(text) is not None

    def _is_transition(self, text: str) -> bool:
        indented = self.rows[self.at].text.startswith("　")
        if not (indented or self._blank(self.at - 1)) or text != text.upper():
            return False
        return plain(text) in index("transitions") or (text.endswith(" TO:") and self._blank(self.at + 1))

    def _is_cue(self, text: str) -> bool:
        if self._blank(self.at + 1):
            return False
        if text.startswith("@"):
            return len(text.lstrip("@ ")) > 0
        name = re.sub(r"\s*[(（][^()（）]*[)）]", "", text).rstrip("^ ")
        return self._blank(self.at - 1) and name == name.upper() and any(letter.isupper() for letter in name)

    def _dialogue(self, row: Row, text: str) -> Iterator[Element]:
        """A cue and what is said; a parenthetical in between begins another line of the same speaker."""
        dual = text.endswith("^")
        name = text.removeprefix("@").rstrip("^ ").strip()
        self.at += 1
        block: list[Row] = []
        while self.at < len(self.rows) and self.rows[self.at].text != "" and len(block) < _MOST_SPEECH_LINES:
            if self.rows[self.at].blank and len(self.rows[self.at].text) < 2:
                break
            block.append(self.rows[self.at])
            self.at += 1
        speech = Element("speech", "", row.number, name, dual=dual)
        lines: list[str] = []
        for spoken in block:
            inner = _PARENTHETICAL.fullmatch(spoken.text.strip())
            if inner is None:
                lines.append(without_emphasis(spoken.text.strip().removeprefix("~")))
                continue
            if lines:
                yield replace(speech, text=joined(lines))
                speech, lines = replace(speech, line=spoken.number, delivery="", dual=False), []
            speech = replace(speech, delivery=", ".join(filter(None, (speech.delivery, inner[1].strip()))))
        yield replace(speech, text=joined(lines))
        if not lines and speech.delivery:  # nothing is said after it
            yield Element("note", f"{speech.name}: ({speech.delivery})", block[-1].number)

    def _quoted(self, match: re.Match[str]) -> Element:
        """``太郎「はい」``; the words may go on in further lines up to the closing bracket."""
        row = self.rows[self.at]
        name = half_width(match[1])
        lines = [row.text[match.end() :]]
        self.at += 1
        closed = _CLOSES.search(lines[0])
        while not closed and not self._blank(self.at) and not _opens(self.rows[self.at].text):
            lines.append(self.rows[self.at].text)
            closed = _CLOSES.search(lines[-1])
            self.at += 1
        said = joined(lines)
        said = _CLOSES.sub("", said) if closed else said
        delivery = re.match(r"[(（]([^()（）]{1,60})[)）]\s*", said)
        if delivery:
            return Element("speech", said[delivery.end() :], row.number, name, delivery[1])
        return Element("speech", said, row.number, name)

    def _action(self, row: Row, text: str) -> Element:
        """A paragraph. An indented line begins another one in Japanese; so does whatever is something else."""
        lines = [text[1:] if text.startswith("!") else text]
        self.at += 1
        while not self._blank(self.at):
            following = self.rows[self.at].text
            if following.startswith("　") or _opens(following) or following.lstrip().startswith(("!", "@")):
                break
            lines.append(following)
            self.at += 1
        return Element("action", without_emphasis(joined(lines)), row.number)


def _title_key(text: str) -> bool:
    key = re.match(r"([^:：]{1,40})[:：]", text)
    return key is not None and plain(key[1]) in index("title_page")


def _title(key: str, values: list[str], line: int) -> Element:
    words = without_emphasis(joined(value for value in values if value.strip()))
    return Element("title", words, line, index("title_page").get(plain(key), key.lower()))


def _person(row: Row) -> Element:
    """``太郎（20）会社員`` of a cast list."""
    found = re.match(r"[\s　・*]*([^\s　（(:：・…‥]{1,30})[\s　・…‥:：]*(.*)", row.text)
    name, rest = (half_width(found[1]), found[2]) if found else (row.text.strip(), "")
    parts = [part.strip("・…‥:：") for part in re.split(r"[（()）\s　]+", half_width(rest))]
    description = "、".join(f"{part}歳" if part.isdigit() else part for part in parts if part)
    return Element("person", description, row.number, name)


def _heading(row: Row, text: str) -> Element:
    number = _NUMBER.search(text)
    words = text[: number.start()] if number else text
    return Element("heading", without_emphasis(words.strip()), row.number, number[1].strip() if number else "")


def _one_line(row: Row, text: str) -> list[Element] | None:
    """The element of a line that needs no other line to be told; empty if it says nothing; None if it is not one."""
    at = row.number
    if re.fullmatch(r"={3,}", text):
        return []
    if _TIME_PASSES.fullmatch(text):
        return [Element("section", "time passes", at)]
    if found := _JA_HEADING.match(text):
        return [_heading(row, text[found.end() :])]
    if found := _JA_NUMBERED.match(text):
        return [replace(_heading(row, text[found.end() :]), name=half_width(found[1]))]
    if re.match(r"\.\w", text):
        return [_heading(row, text[1:])]
    if text.startswith(">"):
        inner = text[1:].removesuffix("<").strip()
        kind: Kind = "centred" if text.endswith("<") and len(text) > 1 else "transition"
        return [Element(kind, without_emphasis(inner), at)]
    if text.startswith("~"):
        return [Element("speech", without_emphasis(text[1:].strip()), at, delivery="sung")]
    if text.startswith("#"):
        return [Element("section", text.strip("# "), at)]
    if text.startswith("="):
        return [Element("synopsis", text[1:].strip(), at)]
    return None


def _japanese_speech(text: str) -> re.Match[str] | None:
    match = _JA_SPEECH.match(text)
    if match is None or _NARRATED.search(match[1]):
        return None
    rest = text[match.end() :]
    told = "」" in rest or "』" in rest
    return match if not told or _CLOSES.search(rest) else None


def _opens(text: str) -> bool:
    """Whether a line begins something else than action, wherever it stands."""
    return _one_line(Row(0, text), text.strip()) is not None or _japanese_speech(text) is not None
